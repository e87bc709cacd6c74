#include "management/groups/fact_reader.h"

#include <algorithm>

#include "base/text.h"
#include "management/groups/group_book.h"

namespace wardbridge::groups {
namespace {

using criteria::FactChange;
using criteria::FactCode;
using criteria::FactDefinition;
using criteria::FactId;
using criteria::FactTable;
using criteria::FactType;
using criteria::Place;
using inventory::Section;

// The long lists, whose items carry several facts: kept as one list of items, since the same few thousand titles in the
// same versions are on every Mac.
struct TupleList {
  Section section;
  std::vector<std::pair<std::string_view, const char*>> facts;  // criterion name, member of the record
};
const std::vector<TupleList>& tuple_lists() {
  static const std::vector<TupleList> lists = {
      {Section::applications,
       {{"Application Title", "name"}, {"Application Bundle ID", "bundleId"}, {"Application Version", "version"}}},
      {Section::fonts, {{"Font Title", "name"}, {"Font Version", "version"}}},
      {Section::plugins, {{"Plug-in Title", "name"}, {"Plug-in Version", "version"}}},
  };
  return lists;
}

std::vector<std::vector<FactId>> list_layout(const std::vector<FactDefinition>& definitions) {
  std::vector<std::vector<FactId>> layout;
  for (const TupleList& list : tuple_lists()) {
    std::vector<FactId>& members = layout.emplace_back();
    for (const auto& [name, member] : list.facts) {
      auto found = std::ranges::find(definitions, name, &FactDefinition::name);
      CHECK(found != definitions.end(), std::string(name));
      members.push_back(found->id);
    }
  }
  return layout;
}

std::size_t index_of(Section section) { return static_cast<std::size_t>(section); }

}  // namespace

std::vector<FactDefinition> definitions_with(const std::vector<ExtensionAttribute>& attributes) {
  criteria::Vocabulary vocabulary = vocabulary_with(attributes);
  std::vector<FactDefinition> definitions = built_in_criteria();
  for (const ExtensionAttribute& attribute : attributes) {
    auto definition = vocabulary.find(attribute.name);
    bool is_new = definition && std::ranges::none_of(definitions, [&](const FactDefinition& known) {
                    return known.id == definition->id;
                  });
    if (is_new) definitions.push_back(*definition);
  }
  return definitions;
}

std::vector<Section> sections_of_facts() {
  std::vector<Section> sections = {Section::extension_attributes};
  for (const FactDefinition& definition : built_in_criteria()) {
    auto section = section_of(definition.id);
    if (section && std::ranges::find(sections, *section) == sections.end()) sections.push_back(*section);
  }
  return sections;
}

FactReader::FactReader(const std::vector<FactDefinition>& definitions, std::shared_ptr<const TimeZone> zone)
    : table_(definitions, list_layout(definitions)), zone_(std::move(zone)) {
  for (const TupleList& list : tuple_lists()) {
    Tuple& tuple = tuples_[index_of(list.section)];
    tuple.exists = true;
    for (std::size_t i = 0; i < list.facts.size(); ++i) tuple.members[i] = list.facts[i].second;
    auto found = std::ranges::find(definitions, list.facts.front().first, &FactDefinition::name);
    tuple.column = table_.place(found->id)->column;
  }
  for (const FactDefinition& definition : definitions) {
    auto place = table_.place(definition.id);
    if (!place) continue;
    auto section = section_of(definition.id);
    if (section && place->kind == Place::Kind::list) {
      const Tuple& tuple = tuples_[index_of(*section)];
      if (tuple.exists && tuple.column == place->column) continue;
    }
    (section ? by_section_[index_of(*section)] : own_).push_back({definition.id, definition.type, *place});
  }
}

FactChange FactReader::read_step(const Step& step, const ComputerFacts& facts) {
  FactChange change{.kind = step.place.kind, .column = step.place.column};
  switch (step.place.kind) {
    case Place::Kind::text:
      change.code = table_.dictionary(step.place.column).intern(facts.text(step.fact).value_or(std::string_view{}));
      break;
    case Place::Kind::number:
      if (step.type == FactType::integer) {
        change.number = facts.integer(step.fact).value_or(criteria::kNoNumber);
      } else if (auto time = facts.time(step.fact)) {
        change.number = to_unix_milliseconds(*time);
      }
      break;
    case Place::Kind::list: {
      criteria::Dictionary& dictionary = table_.dictionary(step.place.column, step.place.member);
      criteria::ItemDictionary& items = table_.item_dictionary(step.place.column);
      facts.any_of(step.fact, [&](std::string_view item) {
        change.items.push_back(items.intern({dictionary.intern(item)}));
        return false;
      });
      break;
    }
  }
  return change;
}

FactChange FactReader::read_tuple(const Tuple& tuple, const inventory::Computer& computer, Section section) {
  FactChange change{.kind = Place::Kind::list, .column = tuple.column};
  const json::Value* list = computer.section(section);
  const json::Array* array = list == nullptr ? nullptr : list->if_array();
  if (array == nullptr) return change;
  change.items.reserve(array->size());
  for (const json::Value& value : *array) {
    const json::Object* object = value.if_object();
    if (object == nullptr) continue;
    FactTable::ItemTexts texts;
    for (std::size_t i = 0; i < texts.size() && tuple.members[i] != nullptr; ++i) {
      texts[i] = json::text_at(*object, tuple.members[i]).value_or(std::string_view{});
    }
    change.items.push_back(table_.intern_item(tuple.column, texts));
  }
  return change;
}

std::vector<FactChange> FactReader::read(const inventory::Computer& computer, std::span<const Section> sections) {
  ComputerFacts facts(
      computer, [](std::string_view) { return criteria::Membership{}; }, zone_.get());
  std::vector<FactChange> changes;
  auto keep = [&](FactChange change) {
    if (change.kind == Place::Kind::list) {
      std::ranges::sort(change.items);
      auto rest = std::ranges::unique(change.items);
      change.items.erase(rest.begin(), rest.end());
    }
    changes.push_back(std::move(change));
  };
  for (const Step& step : own_) keep(read_step(step, facts));
  for (Section section : sections) {
    const Tuple& tuple = tuples_[index_of(section)];
    if (tuple.exists) keep(read_tuple(tuple, computer, section));
    for (const Step& step : by_section_[index_of(section)]) keep(read_step(step, facts));
  }
  return changes;
}

}  // namespace wardbridge::groups
