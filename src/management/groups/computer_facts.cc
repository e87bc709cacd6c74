#include "management/groups/computer_facts.h"

#include <charconv>

#include "base/text.h"
#include "management/groups/criteria_table.h"

namespace wardbridge::groups {
namespace {

using criteria::FactType;
using inventory::Computer;
using inventory::Section;
using table::Source;

// Extension attributes count from here, by the id of their definition.
constexpr criteria::FactId kFirstAttribute = 1'000'000;

const Source* source_of(criteria::FactId fact) {
  return fact < table::lines().size() ? &table::lines()[fact].source : nullptr;
}

const json::Value* value_at(const Computer& computer, Section section, std::string_view path) {
  return table::value_at(computer.section(section), path);
}

std::optional<std::string_view> text_in(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string_view(*text);
  if (const bool* flag = value->if_bool()) return *flag ? "true" : "false";
  return std::nullopt;
}

std::optional<std::int64_t> integer_in(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64()) return *number;
  if (const auto* number = value->if_uint64()) return static_cast<std::int64_t>(*number);
  if (auto text = text_in(value)) return text::parse_integer(text::trim(*text));
  return std::nullopt;
}

// A day (`2026-11-23`, its midnight) and a moment without a zone (`2026-11-23 18:32:55`, as extension attributes write
// it) are what the server's wall clock shows.
std::optional<Time> time_in(const json::Value* value, const TimeZone* zone) {
  auto text = text_in(value);
  if (!text || text->empty()) return std::nullopt;
  std::string written(*text);
  bool wall = written.size() == 10 || (written.size() == 19 && (written[10] == ' ' || written[10] == 'T'));
  if (wall && written.size() == 19) written += 'Z';
  auto time = parse_iso8601(written);
  if (!time.ok()) return std::nullopt;
  return wall ? moment_of(*time, zone) : *time;
}

// The values of an extension attribute; nullptr when the computer has none.
const json::Array* attribute_values(const Computer& computer, criteria::FactId fact) {
  const json::Value* section = computer.section(Section::extension_attributes);
  const json::Array* attributes = section == nullptr ? nullptr : section->if_array();
  if (attributes == nullptr) return nullptr;
  for (const json::Value& value : *attributes) {
    const json::Object* attribute = value.if_object();
    if (attribute == nullptr) continue;
    auto id = integer_in(json::find(*attribute, "definitionId"));
    if (id && *id == static_cast<std::int64_t>(fact - kFirstAttribute)) return json::array_at(*attribute, "values");
  }
  return nullptr;
}

// The first value of an extension attribute that has one type of value.
const json::Value* attribute_value(const Computer& computer, criteria::FactId fact) {
  const json::Array* values = attribute_values(computer, fact);
  return values == nullptr || values->empty() ? nullptr : &values->front();
}

// All values at a path, in which each list stands for its items.
bool any_along(const json::Value& value, std::string_view path, const std::function<bool(std::string_view)>& accept) {
  if (const auto* items = value.if_array()) {
    for (const json::Value& item : *items) {
      if (any_along(item, path, accept)) return true;
    }
    return false;
  }
  if (path.empty()) {
    if (auto text = text_in(&value)) return accept(*text);
    auto number = integer_in(&value);
    if (!number) return false;
    char digits[24];
    auto end = std::to_chars(std::begin(digits), std::end(digits), *number).ptr;
    return accept(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  auto dot = path.find('.');
  const json::Value* next = table::value_at(&value, path.substr(0, dot));
  return next != nullptr && any_along(*next, dot == std::string_view::npos ? "" : path.substr(dot + 1), accept);
}

FactType type_of(ExtensionAttribute::DataType type) {
  switch (type) {
    case ExtensionAttribute::DataType::integer:
      return FactType::integer;
    case ExtensionAttribute::DataType::date:
      return FactType::time;
    case ExtensionAttribute::DataType::string:
      break;
  }
  return FactType::texts;  // an attribute may have several values
}

}  // namespace

std::vector<criteria::FactDefinition> built_in_criteria() {
  std::vector<criteria::FactDefinition> definitions;
  for (const table::Line& line : table::lines()) {
    auto id = static_cast<criteria::FactId>(definitions.size());
    definitions.push_back({line.name, id, line.type, {}, line.choices, line.when_absent});
  }
  return definitions;
}

criteria::Vocabulary vocabulary_with(const std::vector<ExtensionAttribute>& attributes) {
  criteria::Vocabulary vocabulary;
  for (auto& definition : built_in_criteria())
    CHECK(vocabulary.add(std::move(definition)), "a criterion is listed twice");
  for (const ExtensionAttribute& attribute : attributes) {
    auto id = kFirstAttribute + static_cast<criteria::FactId>(attribute.id.value);
    // A name that a later version of the program claims for itself stays with the program.
    // JAMF: `has` and `does not have` on an extension attribute are refused by the Jamf Pro API alone.
    vocabulary.add({.name = attribute.name,
                    .id = id,
                    .type = type_of(attribute.data_type),
                    .refused_over_api = {criteria::Operator::has, criteria::Operator::does_not_have}});
  }
  for (const auto& [name, why] : table::missing()) vocabulary.explain_missing(name, why);
  return vocabulary;
}

std::optional<Section> section_of(criteria::FactId fact) {
  if (fact >= kFirstAttribute) return Section::extension_attributes;
  const Source* source = source_of(fact);
  if (source == nullptr) return std::nullopt;
  return std::visit(
      [](const auto& from) -> std::optional<Section> {
        if constexpr (requires { from.section; }) return from.section;
        return std::nullopt;
      },
      *source);
}

std::optional<std::string_view> ComputerFacts::text(criteria::FactId fact) const {
  const Source* source = source_of(fact);
  if (source == nullptr) return text_in(attribute_value(computer_, fact));
  if (const auto* named = std::get_if<table::Named>(source)) return computer_.*named->member;
  if (const auto* field = std::get_if<table::Field>(source)) {
    return text_in(value_at(computer_, field->section, field->path));
  }
  if (std::holds_alternative<table::ManagedFlag>(*source)) return computer_.managed ? "true" : "false";
  if (const auto* derived = std::get_if<table::Derived>(source)) {
    const json::Value* section = computer_.section(derived->section);
    auto text = section == nullptr ? std::nullopt : derived->text(*section);
    if (!text) return std::nullopt;
    composed_ = *std::move(text);
    return composed_;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ComputerFacts::integer(criteria::FactId fact) const {
  const Source* source = source_of(fact);
  if (source == nullptr) return integer_in(attribute_value(computer_, fact));
  if (const auto* field = std::get_if<table::Field>(source)) {
    return integer_in(value_at(computer_, field->section, field->path));
  }
  if (std::holds_alternative<table::Number>(*source)) return computer_.id.value;
  if (const auto* count = std::get_if<table::Count>(source)) {
    const json::Value* section = computer_.section(count->section);
    const json::Array* items = section == nullptr ? nullptr : section->if_array();
    if (items != nullptr) return static_cast<std::int64_t>(items->size());
  }
  if (const auto* derived = std::get_if<table::DerivedNumber>(source)) {
    const json::Value* section = computer_.section(derived->section);
    if (section != nullptr) return derived->number(*section);
  }
  return std::nullopt;
}

std::optional<Time> ComputerFacts::time(criteria::FactId fact) const {
  const Source* source = source_of(fact);
  if (source == nullptr) return time_in(attribute_value(computer_, fact), zone_);
  if (const auto* field = std::get_if<table::Field>(source)) {
    return time_in(value_at(computer_, field->section, field->path), zone_);
  }
  if (const auto* moment = std::get_if<table::Moment>(source)) {
    Time time = computer_.*moment->member;
    if (time != kEpoch) return time;
  }
  return std::nullopt;
}

bool ComputerFacts::any_of(criteria::FactId fact, const std::function<bool(std::string_view)>& accept) const {
  const Source* source = source_of(fact);
  if (source == nullptr) {
    const json::Array* values = attribute_values(computer_, fact);
    if (values == nullptr) return false;
    for (const json::Value& value : *values) {
      if (any_along(value, "", accept)) return true;
    }
    return false;
  }
  const auto* items = std::get_if<table::Items>(source);
  const json::Value* section = items == nullptr ? nullptr : computer_.section(items->section);
  if (section == nullptr) return false;
  return any_along(*section, items->path, accept) ||
         (items->also != nullptr && any_along(*section, items->also, accept));
}

}  // namespace wardbridge::groups
