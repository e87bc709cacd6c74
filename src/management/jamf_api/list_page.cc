#include "management/jamf_api/list_page.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "management/inventory/rsql.h"
#include "management/jamf_api/api.h"

namespace wardbridge::jamf_api {
namespace {

namespace rsql = inventory::rsql;
using Kind = ListColumn::Kind;
using Columns = std::span<const ListColumn>;

// What a row says in a column, or what a filter compares it with.
struct Cell {
  std::string text;  // in lower case: text compares without case
  std::int64_t number = 0;
};

int compare(Kind kind, const Cell& a, const Cell& b) {
  if (kind == Kind::text) return a.text.compare(b.text);
  return a.number == b.number ? 0 : a.number < b.number ? -1 : 1;
}

Cell cell_of(const ListColumn& column, const json::Value& row) {
  const json::Value& value = row.get_object().at(column.member);
  if (value.is_bool()) return {.text = {}, .number = value.get_bool() ? 1 : 0};
  if (value.is_int64()) return {.text = {}, .number = value.get_int64()};
  std::string_view words = value.get_string();
  if (column.kind == Kind::number) return {.text = {}, .number = text::parse_integer(words).value_or(0)};
  return {.text = text::lower(words)};
}

Result<const ListColumn*> column_named(Columns columns, std::string_view name, const char* where) {
  bool filter = std::string_view(where) == "filter";
  auto found = std::ranges::find_if(
      columns, [&](const ListColumn& column) { return column.name == name && (column.filterable || !filter); });
  if (found == columns.end()) {
    return invalid(
        "invalid_field",
        "`" + std::string(name.substr(0, 80)) + "` is not a field to " + (filter ? "filter" : "sort") + " by", where);
  }
  return &*found;
}

struct ListOrder {
  const ListColumn* column = nullptr;
  bool descending = false;
};

// JAMF: `property:direction`, repeated or separated by commas; any direction but `desc` is ascending.
Result<std::vector<ListOrder>> orders_of(Columns columns, const http::Request& request) {
  std::vector<ListOrder> orders;
  for (const std::string& part : request.query_list("sort")) {
    std::string_view words = text::trim(part);
    auto colon = words.find(':');
    std::string_view direction = colon == std::string_view::npos ? "" : words.substr(colon + 1);
    orders.push_back({TRY(column_named(columns, text::trim(words.substr(0, colon)), "sort")),
                      text::equal_ignoring_case(text::trim(direction), "desc")});
  }
  return orders;
}

// A node of the filter whose names are columns and whose arguments are cells.
struct Condition {
  rsql::Node::Kind kind = rsql::Node::Kind::all;
  std::vector<Condition> children;
  const ListColumn* column = nullptr;
  rsql::Operator comparison = rsql::Operator::equal;
  std::vector<Cell> arguments;

  bool holds_for(const json::Value& row) const;
  bool equals(const Cell& cell, const Cell& argument) const;
};

bool Condition::equals(const Cell& cell, const Cell& argument) const {
  bool pattern = column->kind == Kind::text && argument.text.find('*') != std::string::npos;
  return pattern ? rsql::matches_pattern(argument.text, cell.text) : compare(column->kind, cell, argument) == 0;
}

bool Condition::holds_for(const json::Value& row) const {
  using rsql::Operator;
  auto holds = [&](const Condition& child) { return child.holds_for(row); };
  if (kind == rsql::Node::Kind::all) return std::ranges::all_of(children, holds);
  if (kind == rsql::Node::Kind::any) return std::ranges::any_of(children, holds);
  Cell cell = cell_of(*column, row);
  int order = compare(column->kind, cell, arguments.front());
  auto same = [&](const Cell& argument) { return compare(column->kind, cell, argument) == 0; };
  switch (comparison) {
    case Operator::equal:
      return equals(cell, arguments.front());
    case Operator::not_equal:
      return !equals(cell, arguments.front());
    case Operator::less:
      return order < 0;
    case Operator::less_or_equal:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    case Operator::greater_or_equal:
      return order >= 0;
    case Operator::in:
      return std::ranges::any_of(arguments, same);
    case Operator::out:
      return std::ranges::none_of(arguments, same);
  }
  CHECK(false);
}

Failure bad_argument(const ListColumn& column, const std::string& argument, const char* wanted) {
  return invalid(
      "bad_filter_value",
      "`" + argument.substr(0, 80) + "` can't be compared with `" + std::string(column.name) + "`, which is " + wanted,
      "filter");
}

Result<Cell> argument_cell(const ListColumn& column, const std::string& argument) {
  if (column.kind == Kind::text) return Cell{.text = text::lower(argument)};
  if (column.kind == Kind::number) {
    auto number = text::parse_integer(argument);
    if (!number) return bad_argument(column, argument, "a whole number");
    return Cell{.text = {}, .number = *number};
  }
  bool yes = text::equal_ignoring_case(argument, "true");
  if (!yes && !text::equal_ignoring_case(argument, "false")) return bad_argument(column, argument, "true or false");
  return Cell{.text = {}, .number = yes ? 1 : 0};
}

Result<Condition> condition_of(Columns columns, const rsql::Node& node) {
  using rsql::Operator;
  Condition condition{.kind = node.kind, .children = {}, .comparison = node.comparison, .arguments = {}};
  for (const rsql::Node& child : node.children) condition.children.push_back(TRY(condition_of(columns, child)));
  if (node.kind != rsql::Node::Kind::comparison) return condition;
  condition.column = TRY(column_named(columns, node.selector, "filter"));
  for (const std::string& argument : node.arguments) {
    condition.arguments.push_back(TRY(argument_cell(*condition.column, argument)));
  }
  constexpr Operator kUnordered[] = {Operator::equal, Operator::not_equal, Operator::in, Operator::out};
  if (condition.column->kind == Kind::flag && std::ranges::find(kUnordered, node.comparison) == std::end(kUnordered)) {
    return bad_argument(*condition.column, node.arguments.front(), "true or false and has no order");
  }
  return condition;
}

}  // namespace

Result<json::Object> page_of(Columns columns, json::Array rows, const http::Request& request) {
  std::vector<ListOrder> orders = TRY(orders_of(columns, request));
  Condition condition;  // of no children: everything
  if (std::string filter = request.query_parameter("filter").value_or(""); !text::trim(filter).empty()) {
    condition = TRY(condition_of(columns, TRY(rsql::parse(filter))));
  }
  std::vector<const json::Value*> matches;
  for (const json::Value& row : rows) {
    if (condition.holds_for(row)) matches.push_back(&row);
  }
  std::ranges::stable_sort(matches, [&](const json::Value* a, const json::Value* b) {
    for (const ListOrder& order : orders) {
      int difference = compare(order.column->kind, cell_of(*order.column, *a), cell_of(*order.column, *b));
      if (difference != 0) return order.descending ? difference > 0 : difference < 0;
    }
    return false;
  });
  Paging paging = paging_of(request);
  auto size = static_cast<std::size_t>(paging.page_size);
  auto first = static_cast<std::size_t>(paging.page) * size;
  json::Array results;
  for (std::size_t i = first; i < matches.size() && i < first + size; ++i) results.push_back(*matches[i]);
  return json::Object{{"totalCount", matches.size()}, {"results", std::move(results)}};
}

}  // namespace wardbridge::jamf_api
