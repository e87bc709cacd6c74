#include "management/groups/extension_attributes.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/rows.h"

namespace wardbridge::groups {
namespace {

using DataType = ExtensionAttribute::DataType;

constexpr const char* kAttributeType = "Computer Extension Attribute";
constexpr std::array kDataTypeNames = {"STRING", "INTEGER", "DATE"};  // in the order of DataType
// JAMF: the values of inventoryDisplayType and inputType.
constexpr std::array kDisplayTypes = {"GENERAL",           "HARDWARE",   "OPERATING_SYSTEM",
                                      "USER_AND_LOCATION", "PURCHASING", "EXTENSION_ATTRIBUTES"};
constexpr std::array kInputTypes = {"SCRIPT", "TEXT", "POPUP", "DIRECTORY_SERVICE_ATTRIBUTE_MAPPING"};

constexpr const char* kAttributeColumns =
    "SELECT id, name, description, data_type, enabled, inventory_display_type, input_type, popup_choices "
    "FROM computer_extension_attribute";

ExtensionAttribute attribute_from(const store::Row& row) {
  ExtensionAttribute attribute{.id = AttributeId{row.integer(0)},
                               .name = row.text(1),
                               .description = row.text(2),
                               .data_type = data_type_from_wire_name(row.text(3)).value(),
                               .enabled = row.flag(4),
                               .inventory_display_type = row.text(5),
                               .input_type = row.text(6)};
  auto choices = json::parse(row.text(7));
  CHECK(choices.ok() && choices->is_array(), "stored popup choices are not a list");
  for (const json::Value& choice : choices->get_array()) attribute.popup_choices.emplace_back(choice.get_string());
  return attribute;
}

template <std::size_t size>
Status check_word(const std::string& word, const std::array<const char*, size>& known, const char* reason,
                  const char* field) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return done();
  std::vector<std::string> names(known.begin(), known.end());
  return invalid(reason, "`" + word + "` is not one of " + text::join(names, ", "), field);
}

Status check(store::Transaction& tx, const ExtensionAttribute& attribute) {
  TRY(check_name(attribute.name));
  TRY(check_word(attribute.inventory_display_type, kDisplayTypes, "invalid_display_type", "inventoryDisplayType"));
  TRY(check_word(attribute.input_type, kInputTypes, "invalid_input_type", "inputType"));
  if ((attribute.input_type == "POPUP") == attribute.popup_choices.empty()) {
    return invalid("invalid_popup_choices", "choices belong to the input type `POPUP`, which needs at least one",
                   "popupMenuChoices");
  }
  if (vocabulary_with({}).find(attribute.name) != nullptr) {
    return Failure{Code::conflict, "already_exists", "`" + attribute.name + "` is a built-in criterion", "name"};
  }
  if (auto same = find_attribute_by_name(tx, attribute.name); same && same->id != attribute.id) {
    return Failure{Code::conflict, "already_exists", "an extension attribute is called `" + same->name + "` already",
                   "name"};
  }
  return done();
}

bool asks(const criteria::Criterion& criterion, const ExtensionAttribute& attribute) {
  return text::equal_ignoring_case(criterion.name, attribute.name);
}

std::vector<SmartComputerGroup> groups_that_ask(store::Transaction& tx, const ExtensionAttribute& attribute) {
  std::vector<SmartComputerGroup> groups = list(tx);
  std::erase_if(groups, [&](const SmartComputerGroup& group) {
    return std::none_of(group.criteria.begin(), group.criteria.end(),
                        [&](const auto& criterion) { return asks(criterion, attribute); });
  });
  return groups;
}

void record_edit(store::Transaction& tx, const ExtensionAttribute& before, const ExtensionAttribute& after,
                 const char* action, Time now, const audit::Actor& actor) {
  const ExtensionAttribute& named = after.id ? after : before;
  json::Object details;
  note_difference(details, "name", before.name.c_str(), after.name.c_str());
  note_difference(details, "description", before.description.c_str(), after.description.c_str());
  note_difference(details, "dataType", wire_name(before.data_type), wire_name(after.data_type));
  note_difference(details, "enabled", before.enabled, after.enabled);
  note_difference(details, "inventoryDisplayType", before.inventory_display_type.c_str(),
                  after.inventory_display_type.c_str());
  note_difference(details, "inputType", before.input_type.c_str(), after.input_type.c_str());
  note_difference(details, "popupMenuChoices", json::to_array(before.popup_choices),
                  json::to_array(after.popup_choices));
  publish_edit(tx, action + std::to_string(named.id.value) + json::to_text(details), now);
  audit::record(tx, {.time = now,
                     .actor = actor,
                     .action = action,
                     .object_type = kAttributeType,
                     .object_id = std::to_string(named.id.value),
                     .object_name = named.name,
                     .details = std::move(details)});
}

void write_row(store::Transaction& tx, const ExtensionAttribute& attribute) {
  tx.execute(
      "INSERT INTO computer_extension_attribute (id, name, name_key, description, data_type, enabled, "
      "inventory_display_type, input_type, popup_choices) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, "
      "description = excluded.description, data_type = excluded.data_type, enabled = excluded.enabled, "
      "inventory_display_type = excluded.inventory_display_type, input_type = excluded.input_type, "
      "popup_choices = excluded.popup_choices",
      {attribute.id.value, attribute.name, text::lower(attribute.name), attribute.description,
       wire_name(attribute.data_type), attribute.enabled, attribute.inventory_display_type, attribute.input_type,
       json::to_text(json::to_array(attribute.popup_choices))});
}

}  // namespace

const char* wire_name(DataType type) { return kDataTypeNames[static_cast<std::size_t>(type)]; }

std::optional<DataType> data_type_from_wire_name(std::string_view name) {
  for (std::size_t i = 0; i < kDataTypeNames.size(); ++i) {
    if (name == kDataTypeNames[i]) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

Result<AttributeId> create_attribute(store::Transaction& tx, ExtensionAttribute attribute, Time now,
                                     const audit::Actor& actor) {
  lock_edits(tx);
  attribute.id = AttributeId{};
  TRY(check(tx, attribute));
  attribute.id = AttributeId{tx.next_id("computer_extension_attribute")};
  write_row(tx, attribute);
  record_edit(tx, {}, attribute, "create", now, actor);
  request_regrouping_of_all(tx);  // criteria of its name read it, or no longer do
  return attribute.id;
}

Status replace_attribute(store::Transaction& tx, const ExtensionAttribute& attribute, Time now,
                         const audit::Actor& actor) {
  lock_edits(tx);
  auto before = find_attribute(tx, attribute.id);
  if (!before) {
    return not_found("no_extension_attribute",
                     "no extension attribute has the id " + std::to_string(attribute.id.value));
  }
  TRY(check(tx, attribute));
  std::vector<ExtensionAttribute> attributes = list_attributes(tx);
  std::replace_if(
      attributes.begin(), attributes.end(), [&](const auto& one) { return one.id == attribute.id; }, attribute);
  criteria::Vocabulary vocabulary = vocabulary_with(attributes);

  std::vector<SmartComputerGroup> groups = groups_that_ask(tx, *before);
  for (SmartComputerGroup& group : groups) {
    for (auto& criterion : group.criteria) {
      if (asks(criterion, *before)) criterion.name = attribute.name;
    }
    auto program = criteria::compile(group.criteria, vocabulary);
    if (!program.ok()) {
      return conflict("has_dependencies",
                      "the group `" + group.name + "` could not be judged any more: " + program.failure().message);
    }
  }
  write_row(tx, attribute);
  GroupNames names = stored_names(tx);
  for (const SmartComputerGroup& group : groups) {
    write_criteria(tx, group.id, group.criteria, TRY(resolve_groups(group.criteria, names)));
  }
  record_edit(tx, *before, attribute, "update", now, actor);
  request_regrouping_of_all(tx);  // criteria of its name read it, or no longer do
  return done();
}

Status remove_attribute(store::Transaction& tx, AttributeId id, Time now, const audit::Actor& actor) {
  lock_edits(tx);
  auto before = find_attribute(tx, id);
  if (!before) {
    return not_found("no_extension_attribute", "no extension attribute has the id " + std::to_string(id.value));
  }
  std::vector<std::string> users;
  for (const SmartComputerGroup& group : groups_that_ask(tx, *before)) users.push_back("`" + group.name + "`");
  if (!users.empty()) {
    return conflict("has_dependencies",
                    "the extension attribute `" + before->name + "` is used by " + text::join(users, ", "));
  }
  tx.execute("DELETE FROM computer_extension_attribute WHERE id = ?", {id.value});
  record_edit(tx, *before, {}, "delete", now, actor);
  request_regrouping_of_all(tx);  // criteria of its name read it, or no longer do
  return done();
}

std::optional<ExtensionAttribute> find_attribute(store::Transaction& tx, AttributeId id) {
  auto row = tx.query_one(std::string(kAttributeColumns) + " WHERE id = ?", {id.value});
  return row ? std::optional(attribute_from(*row)) : std::nullopt;
}

std::optional<ExtensionAttribute> find_attribute_by_name(store::Transaction& tx, std::string_view name) {
  auto row = tx.query_one(std::string(kAttributeColumns) + " WHERE name_key = ?", {text::lower(name)});
  return row ? std::optional(attribute_from(*row)) : std::nullopt;
}

std::vector<ExtensionAttribute> list_attributes(store::Transaction& tx) {
  std::vector<ExtensionAttribute> attributes;
  for (const store::Row& row : tx.query(std::string(kAttributeColumns) + " ORDER BY id")) {
    attributes.push_back(attribute_from(row));
  }
  return attributes;
}

}  // namespace wardbridge::groups
