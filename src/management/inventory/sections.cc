#include "management/inventory/sections.h"

#include "base/text.h"
#include "management/inventory/fields.h"
#include "management/inventory/rows.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::inventory {
namespace {

std::optional<std::string> take_text(json::Object& object, std::string_view name) {
  std::optional<std::string> taken;
  if (auto text = json::text_at(object, name)) taken = std::string(*text);
  object.erase({name.data(), name.size()});
  return taken;
}

std::optional<Time> take_time(json::Object& object, std::string_view name) {
  auto text = take_text(object, name);
  if (!text) return std::nullopt;
  auto time = parse_iso8601(*text);
  if (!time.ok()) return std::nullopt;
  return *time;
}

std::optional<bool> take_managed(json::Object& general) {
  auto* value = general.if_contains("remoteManagement");
  auto* remote_management = value ? value->if_object() : nullptr;
  if (!remote_management) return std::nullopt;
  auto managed = json::bool_at(*remote_management, "managed");
  remote_management->erase("managed");
  if (!json::find(*remote_management, "managementUsername")) general.erase("remoteManagement");
  return managed;
}

}  // namespace

Facts take_facts(json::Object& general) {
  Facts facts;
  facts.name = take_text(general, "name");
  facts.management_id = take_text(general, "managementId");
  facts.managed = take_managed(general);
  facts.last_inventory_update = take_time(general, "reportDate");
  facts.last_enrolled = take_time(general, "lastEnrolledDate");
  facts.created = take_time(general, "initialEntryDate");
  // JAMF: v4 split lastContactTime into lastCheckIn (the management framework) and lastContact (that or MDM). The
  // latter stays in the document, since an MDM contact is no check-in.
  auto last_contact_time = take_time(general, "lastContactTime");
  facts.last_check_in = take_time(general, "lastCheckIn");
  if (!facts.last_check_in) facts.last_check_in = last_contact_time;
  return facts;
}

bool is_shared(Section section) {
  switch (section) {
    case Section::general:
    case Section::purchasing:
    case Section::user_and_location:
    case Section::hardware:
    case Section::operating_system:
    case Section::extension_attributes:
      return true;
    default:
      return false;
  }
}

StoredSections::StoredSections(store::Transaction& tx, ComputerId id) : tx_(tx), id_(id) {
  auto rows = tx.query(
      "SELECT section, hash, CASE WHEN section IN ('GENERAL', 'PURCHASING', 'USER_AND_LOCATION', 'HARDWARE', "
      "'OPERATING_SYSTEM', 'EXTENSION_ATTRIBUTES') THEN document ELSE '' END "
      "FROM computer_section WHERE computer_id = ?",
      {id.value});
  for (const store::Row& row : rows) {
    auto section = section_from_wire_name(row.text(0));
    CHECK(section.has_value(), row.text(0));
    stored_[*section] = Stored{row.text(1), row.text(2)};
  }
}

json::Value StoredSections::shared(Section section) const {
  CHECK(is_shared(section));
  auto found = stored_.find(section);
  if (found != stored_.end()) return document_from(found->second.document);
  if (field_of(section).kind == Kind::objects) return json::Array();
  return json::Object();
}

void StoredSections::put(Section section, const json::Value& value) {
  if (value.is_null()) return;
  std::string document = json::to_text(value);
  std::string hash = text::to_hex(crypto::sha256(document));
  Stored& stored = stored_[section];
  if (stored.hash == hash) return;
  tx_.execute(
      "INSERT INTO computer_section (computer_id, section, hash, document) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (computer_id, section) DO UPDATE SET hash = excluded.hash, document = excluded.document",
      {id_.value, wire_name(section), hash, document});
  stored.hash = std::move(hash);
  if (is_shared(section)) stored.document = std::move(document);
  changed_.push_back(section);
}

}  // namespace wardbridge::inventory
