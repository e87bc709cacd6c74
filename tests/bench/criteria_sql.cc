#include "bench/criteria_sql.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "management/groups/computer_facts.h"

namespace wardbridge::bench {
namespace {

using criteria::FactDefinition;
using criteria::FactType;
using criteria::Operator;
using inventory::Section;

std::string quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

// Versions of at most three numbers as one that sorts as they do.
std::int64_t rank_of(std::string_view version) {
  constexpr std::int64_t kMost = 100'000;
  std::int64_t rank = 0;
  auto parts = text::split(version, '.');
  CHECK(parts.size() <= 3, "too long a version for these measurements: " + std::string(version));
  for (std::size_t i = 0; i < 3; ++i) {
    auto number = i < parts.size() ? text::parse_integer(parts[i]) : 0;
    CHECK(number && *number >= 0 && *number < kMost, "not a plain version: " + std::string(version));
    rank = rank * kMost + *number;
  }
  return rank;
}

std::string joined_ids(const std::vector<std::int64_t>& ids) {
  std::string list;
  for (std::int64_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  return list.empty() ? "-1" : list;
}

std::string milliseconds(Time time) { return std::to_string(to_unix_milliseconds(time)); }

bool is_negative(Operator op) {
  return op == Operator::is_not || op == Operator::not_like || op == Operator::does_not_have ||
         op == Operator::does_not_match_regex || op == Operator::not_member_of;
}

const char* order_sign(Operator op) {
  switch (op) {
    case Operator::greater_than:
    case Operator::more_than:
      return ">";
    case Operator::greater_than_or_equal:
      return ">=";
    case Operator::less_than:
      return "<";
    case Operator::less_than_or_equal:
      return "<=";
    default:
      return nullptr;
  }
}

Operator operator_of(const criteria::Criterion& criterion) {
  auto op = criteria::operator_from_name(criterion.search_type);
  CHECK(op.has_value(), criterion.search_type);
  return *op;
}

}  // namespace

bool CriteriaSql::is_about_applications(const FactDefinition& definition) {
  return groups::section_of(definition.id) == Section::applications;
}

CriteriaSql::CriteriaSql(std::vector<groups::SmartComputerGroup> groups,
                         const std::vector<groups::ExtensionAttribute>& attributes)
    : groups_(std::move(groups)), vocabulary_(groups::vocabulary_with(attributes)) {
  for (const auto& group : groups_) {
    for (const auto& criterion : group.criteria) {
      auto definition = vocabulary_.find(criterion.name);
      CHECK(definition != nullptr, criterion.name);
      if (definition->type == FactType::computer_group || is_about_applications(*definition)) continue;
      columns_.try_emplace(definition->id, Column{*definition, "f" + std::to_string(definition->id)});
    }
  }
}

const CriteriaSql::Column& CriteriaSql::column_of(const FactDefinition& definition) const {
  return columns_.at(definition.id);
}

std::size_t CriteriaSql::computer_columns() const {
  std::size_t count = 2;
  for (const auto& [fact, column] : columns_) count += column.definition.type == FactType::version ? 2 : 1;
  return count;
}

std::vector<std::string> CriteriaSql::schema() const {
  std::string computer = "CREATE TABLE computer (id BIGINT PRIMARY KEY, managed BIGINT NOT NULL";
  for (const auto& [fact, column] : columns_) {
    bool number = column.definition.type == FactType::integer || column.definition.type == FactType::time;
    computer += ", " + column.name + (number ? " BIGINT" : " TEXT NOT NULL");
    if (column.definition.type == FactType::version) computer += ", " + column.name + "_rank BIGINT NOT NULL";
  }
  return {
      computer + ")",
      "CREATE TABLE application (computer_id BIGINT NOT NULL, title_id BIGINT NOT NULL, version_id BIGINT NOT NULL, "
      "version_rank BIGINT NOT NULL)",
      "CREATE TABLE membership (group_id BIGINT NOT NULL, computer_id BIGINT NOT NULL)"};
}

std::vector<std::string> CriteriaSql::indexes() const {
  return {"CREATE INDEX application_of ON application (computer_id, title_id, version_rank, version_id)",
          "CREATE INDEX application_by_title ON application (title_id, computer_id)",
          "CREATE INDEX application_by_version ON application (version_id, computer_id)"};
}

void CriteriaSql::add(const inventory::Computer& computer, const Sink& sink) {
  groups::ComputerFacts facts(computer, [](std::string_view) { return criteria::Membership{}; });
  std::vector<store::Value> row = {computer.id.value, computer.managed};
  for (const auto& [fact, column] : columns_) {
    switch (column.definition.type) {
      case FactType::integer:
        row.emplace_back(facts.integer(fact));
        break;
      case FactType::time:
        row.emplace_back(facts.time(fact));
        break;
      default: {
        std::string text;
        if (column.definition.type == FactType::texts) {
          int count = 0;
          facts.any_of(fact, [&](std::string_view item) {
            text = item;
            CHECK(++count == 1, "a list with several items has no column: " + column.definition.name);
            return false;
          });
        } else {
          text = facts.text(fact).value_or("");
        }
        if (text.empty()) text = column.definition.when_absent;
        row.emplace_back(text::lower(text));
        if (column.definition.type == FactType::version) row.emplace_back(text.empty() ? -1 : rank_of(text));
      }
    }
  }
  sink.computer(row);
  const json::Value* applications = computer.section(Section::applications);
  if (applications == nullptr) return;
  for (const json::Value& item : applications->as_array()) {
    const json::Object& application = item.as_object();
    std::string title(json::text_at(application, "name").value_or(""));
    std::string bundle(json::text_at(application, "bundleId").value_or(""));
    std::string version(json::text_at(application, "version").value_or(""));
    std::int64_t title_id = titles_.id_of(text::lower(title));
    CHECK(bundles_.id_of(text::lower(bundle)) == title_id, "a title has a bundle of its own, and the other way round");
    store::Value values[kApplicationColumns] = {computer.id.value, title_id, versions_.id_of(text::lower(version)),
                                                rank_of(version)};
    sink.application(values);
  }
}

std::string CriteriaSql::text_truth(const std::string& column, const FactDefinition& definition, Operator op,
                                    const std::string& value, Engine engine) const {
  if (const char* sign = order_sign(op))
    return "(" + column + "_rank >= 0 AND " + column + "_rank " + sign + " " + std::to_string(rank_of(value)) + ")";
  std::string lowered = text::lower(value);
  std::string negation = is_negative(op) ? " NOT" : "";
  switch (op) {
    case Operator::like:
    case Operator::not_like:
      CHECK(lowered.find_first_of("%_") == std::string::npos, "a value that LIKE would read otherwise");
      return column + negation + " LIKE " + quoted("%" + lowered + "%");
    case Operator::matches_regex:
    case Operator::does_not_match_regex: {
      CHECK(lowered.find('\\') == std::string::npos, "a pattern that must not be lowered");
      std::string test = engine == Engine::sqlite       ? column + " REGEXP " + quoted(lowered)
                         : engine == Engine::postgresql ? column + " ~ " + quoted(lowered)
                                                        : "regexp_matches(" + column + ", " + quoted(lowered) + ")";
      return "(" + negation + " " + test + ")";
    }
    default:
      break;
  }
  // All spellings of a choice are the same value.
  std::set<std::string> spellings = {lowered};
  for (const criteria::Choice& choice : definition.choices) {
    std::set<std::string> known = {text::lower(choice.display)};
    for (const std::string& synonym : choice.synonyms) known.insert(text::lower(synonym));
    if (known.contains(lowered)) spellings = std::move(known);
  }
  std::string list;
  for (const std::string& spelling : spellings) list += (list.empty() ? "" : ", ") + quoted(spelling);
  return column + negation + " IN (" + list + ")";
}

std::string CriteriaSql::time_truth(const std::string& column, Operator op, const std::string& value, Time now) const {
  auto span = [&] { return days{text::parse_integer(value).value()}; };
  auto compare = [&](const char* sign, Time time) { return column + " " + sign + " " + milliseconds(time); };
  std::string test;
  switch (op) {
    case Operator::before:
      test = compare("<", parse_date(value).value());
      break;
    case Operator::after:
      test = compare(">=", parse_date(value).value() + days{1});
      break;
    case Operator::more_than_x_days_ago:
      test = compare("<", now - span());
      break;
    case Operator::less_than_x_days_ago:
      test = compare(">", now - span());
      break;
    case Operator::in_more_than_x_days:
      test = compare(">", now + span());
      break;
    case Operator::in_less_than_x_days:
      test = compare(">=", now) + " AND " + compare("<", now + span());
      break;
    default:
      CHECK(false, "an operator that times don't have");
  }
  return "(" + column + " IS NOT NULL AND " + test + ")";
}

std::string CriteriaSql::application_truth(const std::string& fact, Operator op, const std::string& value,
                                           const Asking& asking) const {
  const Texts& texts = fact == "Application Version" ? versions_ : fact == "Application Bundle ID" ? bundles_ : titles_;
  std::string test;
  const char* sign = order_sign(op);
  if (sign != nullptr) {
    test = std::string("a.version_rank ") + sign + " " + std::to_string(rank_of(value));
  } else {
    std::string lowered = text::lower(value);
    bool like = op == Operator::like || op == Operator::not_like;
    std::vector<std::int64_t> ids;
    for (const auto& [text, id] : texts.ids)
      if (like ? text.find(lowered) != std::string::npos : text == lowered) ids.push_back(id);
    std::ranges::sort(ids);
    const char* column = &texts == &versions_ ? "a.version_id" : "a.title_id";
    test = std::string(column) + (ids.size() == 1 ? " = " + std::to_string(ids[0]) : " IN (" + joined_ids(ids) + ")");
  }
  std::string negation = is_negative(op) ? "NOT " : "";
  // Of one computer a look at its rows; of all a list of computers, unless nearly all are on it.
  if (asking.scope == Scope::one || (sign != nullptr && asking.engine == Engine::sqlite))
    return negation + "EXISTS (SELECT 1 FROM application a WHERE a.computer_id = c.id AND " + test + ")";
  return "c.id " + negation + "IN (SELECT a.computer_id FROM application a WHERE " + test + ")";
}

std::string CriteriaSql::truth(const criteria::Criterion& criterion, const Asking& asking) const {
  auto definition = vocabulary_.find(criterion.name);
  Operator op = operator_of(criterion);
  if (definition->type == FactType::computer_group) {
    auto named = std::ranges::find(groups_, criterion.value, &groups::SmartComputerGroup::name);
    CHECK(named != groups_.end(), criterion.value);
    std::string inner = group_truth(static_cast<std::size_t>(named - groups_.begin()), asking);
    return (is_negative(op) ? "NOT " : "") + inner;
  }
  if (is_about_applications(*definition)) return application_truth(definition->name, op, criterion.value, asking);
  std::string column = "c." + column_of(*definition).name;
  switch (definition->type) {
    case FactType::integer: {
      auto number = text::parse_integer(criterion.value);
      CHECK(number.has_value(), criterion.value);
      const char* sign = order_sign(op);
      std::string test = "(" + column + " IS NOT NULL AND " + column + " " + (sign != nullptr ? sign : "=") + " " +
                         std::to_string(*number) + ")";
      return (is_negative(op) ? "NOT " : "") + test;
    }
    case FactType::time:
      return time_truth(column, op, criterion.value, asking.now);
    default:
      return text_truth(column, *definition, op, criterion.value, asking.engine);
  }
}

// AND binds before OR, as in a list of criteria.
std::string CriteriaSql::group_truth(std::size_t group, const Asking& asking) const {
  std::string sql = "(";
  for (const auto& criterion : groups_[group].criteria) {
    if (criterion.priority > 0) sql += criterion.and_or == "or" ? " OR " : " AND ";
    sql += criterion.opening_paren ? "(" : "";
    sql += truth(criterion, asking);
    sql += criterion.closing_paren ? ")" : "";
  }
  return sql + ")";
}

std::string CriteriaSql::membership_of(std::size_t group, Engine engine, Time now) const {
  return "INSERT INTO membership (group_id, computer_id) SELECT " + std::to_string(groups_[group].id.value) +
         ", c.id FROM computer c WHERE c.managed = 1 AND " + group_truth(group, {engine, Scope::fleet, now});
}

std::string CriteriaSql::one_computer(Engine engine, Time now) const {
  std::string sql = "SELECT ";
  for (std::size_t group = 0; group < groups_.size(); ++group) {
    sql += (group > 0 ? ", " : "") + group_truth(group, {engine, Scope::one, now});
  }
  return sql + " FROM computer c WHERE c.managed = 1 AND c.id = " + (engine == Engine::sqlite ? "?" : "$1");
}

std::int64_t CriteriaSql::pair_sum(std::int64_t group, std::int64_t computer) {
  return (group * 7919 + computer) * 31337 % 1000003;
}

std::string CriteriaSql::tally() {
  return "SELECT group_id, COUNT(*), CAST(SUM((group_id * 7919 + computer_id) * 31337 % 1000003) AS BIGINT) FROM "
         "membership GROUP BY group_id ORDER BY group_id";
}

}  // namespace wardbridge::bench
