// Lists: one pass over the rows and the few small documents that the filter and the sort ask for, then the sections of
// one page only. Whoever pages through a whole fleet by name or by id goes along an index instead.
#include <algorithm>

#include "base/text.h"
#include "management/inventory/inventory.h"
#include "management/inventory/listing.h"
#include "management/inventory/rows.h"

namespace wardbridge::inventory {
namespace {

struct SortKey {
  const ListField* field = nullptr;
  bool descending = false;
};

// JAMF: `property:direction`, several separated by commas; any direction but `desc` is ascending.
Result<std::vector<SortKey>> parse_sort(std::string_view sort, int api_version) {
  std::vector<SortKey> keys;
  if (text::trim(sort).empty()) sort = "general.name:asc";
  for (std::string_view part : text::split(sort, ',')) {
    part = text::trim(part);
    if (part.empty()) continue;
    auto colon = part.find(':');
    std::string_view direction = colon == std::string_view::npos ? "" : part.substr(colon + 1);
    keys.push_back({TRY(sort_field(text::trim(part.substr(0, colon)), api_version)),
                    text::equal_ignoring_case(text::trim(direction), "desc")});
  }
  return keys;
}

struct Match {
  ComputerId id;
  std::vector<FieldValue> keys;
};

bool comes_before(const std::vector<SortKey>& sort, const Match& a, const Match& b) {
  for (std::size_t i = 0; i < sort.size(); ++i) {
    int order = compare(sort[i].field->kind, a.keys[i], b.keys[i]);
    if (order != 0) return sort[i].descending ? order > 0 : order < 0;
  }
  return a.id < b.id;
}

struct Statement {
  std::string sql;
  std::vector<store::Value> parameters;
};

// One row per computer: its columns, then the document of each section in `sections`.
Statement statement_for(const std::set<Section>& sections, const std::optional<Filter::Pinned>& pinned) {
  Statement statement;
  std::string joins;
  statement.sql = "SELECT " + std::string(kComputerColumns);
  for (Section section : sections) {
    std::string alias = "s" + std::to_string(static_cast<int>(section));
    statement.sql += ", " + alias + ".document";
    joins +=
        " LEFT JOIN computer_section " + alias + " ON " + alias + ".computer_id = c.id AND " + alias + ".section = ?";
    statement.parameters.emplace_back(wire_name(section));
  }
  statement.sql += " FROM computer c" + joins;
  if (!pinned) return statement;
  using Column = Filter::Pinned::Column;
  switch (pinned->column) {
    case Column::id:
      statement.sql += " WHERE c.id = ?";
      statement.parameters.emplace_back(text::parse_integer(pinned->value).value_or(0));
      return statement;
    case Column::udid:
      statement.sql += " WHERE c.udid = ?";
      break;
    case Column::serial_number:
      statement.sql += " WHERE lower(c.serial_number) = ?";
      break;
  }
  statement.parameters.emplace_back(pinned->value);
  return statement;
}

std::vector<Match> all_matches(store::Transaction& tx, const Filter& filter, const std::vector<SortKey>& sort) {
  std::set<Section> sections = filter.sections();
  for (const SortKey& key : sort) {
    if (auto section = section_of(*key.field)) sections.insert(*section);
  }
  Statement statement = statement_for(sections, filter.pinned());
  std::vector<Match> matches;
  tx.for_each(statement.sql, store::Parameters(statement.parameters), [&](const store::Row& row) {
    Computer computer = computer_from(row);
    std::size_t column = kComputerColumnCount;
    for (Section section : sections) {
      if (auto document = row.maybe_text(column++))
        computer.sections.insert_or_assign(section, document_from(*document));
    }
    if (filter.matches(computer)) {
      Match match{computer.id, {}};
      for (const SortKey& key : sort) match.keys.push_back(value_of(*key.field, computer));
      matches.push_back(std::move(match));
    }
    return true;
  });
  std::ranges::sort(matches, [&](const Match& a, const Match& b) { return comes_before(sort, a, b); });
  return matches;
}

// The column that the store itself can sort by; nullptr: it must be done here.
const char* indexed_order(const std::vector<SortKey>& sort) {
  if (sort.size() != 1) return nullptr;
  if (sort.front().field->name == "id") return "id";
  return sort.front().field->name == "general.name" ? "lower(name)" : nullptr;
}

// The whole fleet, a page of it.
Page page_in_order(store::Transaction& tx, const Query& query, const char* order, bool descending, std::size_t first,
                   std::size_t size) {
  Page page{.total_count = count(tx)};
  std::string direction = descending ? " DESC" : "";
  for (const store::Row& row :
       tx.query("SELECT id FROM computer ORDER BY " + std::string(order) + direction + ", id LIMIT ? OFFSET ?",
                {static_cast<std::int64_t>(size), static_cast<std::int64_t>(first)})) {
    auto computer = load(tx, ComputerId{row.integer(0)}, query.sections);
    if (computer) page.computers.push_back(std::move(*computer));
  }
  return page;
}

}  // namespace

Result<Page> list(store::Transaction& tx, const Query& query) {
  std::vector<SortKey> sort = TRY(parse_sort(query.sort, query.api_version));
  Filter filter = TRY(Filter::compile(query.filter, query.api_version));
  auto size = static_cast<std::size_t>(std::clamp(query.page_size, 1, limits::kPageSizeLargest));
  auto first = static_cast<std::size_t>(std::max(query.page, 0)) * size;
  if (const char* order = indexed_order(sort); order != nullptr && filter.matches_everything())
    return page_in_order(tx, query, order, sort.front().descending, first, size);
  std::vector<Match> matches = all_matches(tx, filter, sort);
  Page page;
  page.total_count = static_cast<std::int64_t>(matches.size());
  for (std::size_t i = first; i < matches.size() && i < first + size; ++i) {
    auto computer = load(tx, matches[i].id, query.sections);
    if (computer) page.computers.push_back(std::move(*computer));
  }
  return page;
}

}  // namespace wardbridge::inventory
