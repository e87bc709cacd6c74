#include <algorithm>
#include <functional>

#include "base/text.h"
#include "management/inventory/listing.h"
#include "management/inventory/rsql.h"

namespace wardbridge::inventory {

// An RSQL node whose names are fields and whose arguments are values of the field's kind.
struct Filter::Condition {
  rsql::Node::Kind kind = rsql::Node::Kind::comparison;
  std::vector<Condition> children;
  const ListField* field = nullptr;
  rsql::Operator comparison = rsql::Operator::equal;
  std::vector<FieldValue> arguments;

  bool holds_for(const Computer& computer) const;
};

namespace {

using rsql::Operator;

bool equals(const ListField& field, const FieldValue& value, const FieldValue& argument) {
  if (!value.present) return false;
  bool words = field.kind == ListKind::text || field.kind == ListKind::version;
  if (words && argument.text.find('*') != std::string::npos) {
    return rsql::matches_pattern(text::lower(argument.text), text::lower(value.text));
  }
  return compare(words ? ListKind::text : field.kind, value, argument) == 0;
}

bool is_one_of(const ListField& field, const FieldValue& value, const std::vector<FieldValue>& arguments) {
  return value.present && std::ranges::any_of(arguments, [&](const FieldValue& argument) {
           ListKind kind = field.kind == ListKind::version ? ListKind::text : field.kind;
           return compare(kind, value, argument) == 0;
         });
}

Failure bad_value(const ListField& field, std::string_view argument, std::string_view wanted) {
  return invalid("bad_filter_value",
                 "`" + std::string(argument.substr(0, 80)) + "` can't be compared with `" + std::string(field.name) +
                     "`, which is " + std::string(wanted),
                 "filter");
}

Result<FieldValue> argument_for(const ListField& field, const std::string& argument) {
  switch (field.kind) {
    case ListKind::text:
    case ListKind::version:
      return FieldValue{.present = true, .text = argument};
    case ListKind::number: {
      auto number = text::parse_integer(argument);
      if (!number) return bad_value(field, argument, "a whole number");
      return FieldValue{.present = true, .text = {}, .number = *number};
    }
    case ListKind::boolean: {
      bool yes = text::equal_ignoring_case(argument, "true");
      if (!yes && !text::equal_ignoring_case(argument, "false")) return bad_value(field, argument, "true or false");
      return FieldValue{.present = true, .text = {}, .number = yes ? 1 : 0};
    }
    case ListKind::time: {
      auto time = parse_iso8601(argument);
      if (!time.ok()) return bad_value(field, argument, "an ISO 8601 date and time");
      return FieldValue{.present = true, .text = {}, .number = to_unix_milliseconds(*time)};
    }
  }
  return bad_value(field, argument, "of an unknown kind");
}

bool is_ordering(Operator comparison) {
  return comparison == Operator::less || comparison == Operator::less_or_equal || comparison == Operator::greater ||
         comparison == Operator::greater_or_equal;
}

Result<Filter::Condition> compile_node(const rsql::Node& node, int api_version, std::set<Section>& sections) {
  Filter::Condition condition;
  condition.kind = node.kind;
  if (node.kind != rsql::Node::Kind::comparison) {
    for (const rsql::Node& child : node.children) {
      condition.children.push_back(TRY(compile_node(child, api_version, sections)));
    }
    return condition;
  }
  condition.field = TRY(filter_field(node.selector, api_version));
  condition.comparison = node.comparison;
  if (condition.field->kind == ListKind::boolean && is_ordering(node.comparison)) {
    return bad_value(*condition.field, node.arguments.front(), "true or false and has no order");
  }
  for (const std::string& argument : node.arguments) {
    condition.arguments.push_back(TRY(argument_for(*condition.field, argument)));
  }
  if (auto section = section_of(*condition.field)) sections.insert(*section);
  return condition;
}

// A comparison that must hold whatever else does, and that an index can answer.
std::optional<Filter::Pinned> pinned_by(const Filter::Condition& condition) {
  using Column = Filter::Pinned::Column;
  if (condition.kind == rsql::Node::Kind::all) {
    for (const auto& child : condition.children) {
      if (auto pinned = pinned_by(child)) return pinned;
    }
  }
  if (condition.kind != rsql::Node::Kind::comparison || condition.comparison != Operator::equal) return std::nullopt;
  const FieldValue& argument = condition.arguments.front();
  if (condition.field->name == "id") return Filter::Pinned{Column::id, std::to_string(argument.number)};
  if (argument.text.empty() || argument.text.find('*') != std::string::npos) return std::nullopt;
  // Only forms that are stored in one case can be looked up; matches() has the last word in any case.
  if (condition.field->name == "hardware.serialNumber") {
    return Filter::Pinned{Column::serial_number, text::lower(argument.text)};
  }
  if (!text::is_guid(argument.text)) return std::nullopt;
  if (condition.field->name == "udid") return Filter::Pinned{Column::udid, text::upper(argument.text)};
  return std::nullopt;
}

}  // namespace

bool Filter::Condition::holds_for(const Computer& computer) const {
  auto holds = [&](const Condition& child) { return child.holds_for(computer); };
  if (kind == rsql::Node::Kind::all) return std::ranges::all_of(children, holds);
  if (kind == rsql::Node::Kind::any) return std::ranges::any_of(children, holds);
  FieldValue value = value_of(*field, computer);
  switch (comparison) {
    case Operator::equal:
      return equals(*field, value, arguments.front());
    case Operator::not_equal:
      return !equals(*field, value, arguments.front());
    case Operator::in:
      return is_one_of(*field, value, arguments);
    case Operator::out:
      return !is_one_of(*field, value, arguments);
    default:
      break;
  }
  if (!value.present) return false;
  int order = compare(field->kind, value, arguments.front());
  switch (comparison) {
    case Operator::less:
      return order < 0;
    case Operator::less_or_equal:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

Result<Filter> Filter::compile(std::string_view expression, int api_version) {
  Filter filter;
  if (text::trim(expression).empty()) return filter;
  rsql::Node node = TRY(rsql::parse(expression));
  Condition root = TRY(compile_node(node, api_version, filter.sections_));
  filter.pinned_ = pinned_by(root);
  filter.root_ = std::make_shared<const Condition>(std::move(root));
  return filter;
}

bool Filter::matches(const Computer& computer) const { return !root_ || root_->holds_for(computer); }

}  // namespace wardbridge::inventory
