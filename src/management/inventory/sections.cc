#include "management/inventory/sections.h"

#include <list>
#include <mutex>
#include <unordered_map>

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

StoredSections::StoredSections(store::Transaction& tx, const Computer& computer, RecentSections* recent)
    : tx_(tx), id_(computer.id) {
  if (recent != nullptr) known_ = recent->find(computer.id, computer.revision);
  if (known_) return;
  auto rows = tx_.query(
      "SELECT section, hash, CASE WHEN section IN ('GENERAL', 'PURCHASING', 'USER_AND_LOCATION', 'HARDWARE', "
      "'OPERATING_SYSTEM', 'EXTENSION_ATTRIBUTES') THEN document ELSE '' END "
      "FROM computer_section WHERE computer_id = ?",
      {id_.value});
  auto stored = std::make_shared<RecentSections::ByName>();
  for (const store::Row& row : rows) {
    auto section = section_from_wire_name(row.text(0));
    CHECK(section.has_value(), row.text(0));
    (*stored)[*section] = {row.text(1), row.text(2)};
  }
  known_ = std::move(stored);
}

json::Value StoredSections::shared(Section section) const {
  CHECK(is_shared(section));
  const RecentSections::ByName& stored = mine_ ? *mine_ : *known_;
  auto found = stored.find(section);
  if (found != stored.end()) return document_from(found->second.document);
  if (field_of(section).kind == Kind::objects) return json::Array();
  return json::Object();
}

Document document_of(const json::Value& value) {
  Document document{.text = json::to_text(value), .hash = {}};
  document.hash = text::to_hex(crypto::sha256(document.text));
  return document;
}

bool StoredSections::put(Section section, const json::Value& value) {
  return !value.is_null() && put(section, document_of(value));
}

bool StoredSections::put(Section section, const Document& document) {
  const RecentSections::ByName& stored = mine_ ? *mine_ : *known_;
  if (auto found = stored.find(section); found != stored.end() && found->second.hash == document.hash) return false;
  tx_.post(
      "INSERT INTO computer_section (computer_id, section, hash, document) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (computer_id, section) DO UPDATE SET hash = excluded.hash, document = excluded.document",
      {id_.value, wire_name(section), document.hash, document.text});
  if (!mine_) mine_ = std::make_shared<RecentSections::ByName>(*known_);
  (*mine_)[section] = {document.hash, is_shared(section) ? document.text : std::string()};
  changed_.push_back(section);
  return true;
}

void StoredSections::remember(RecentSections& recent, std::int64_t revision) const {
  tx_.after_commit(
      [&recent, id = id_, revision, stored = mine_ ? std::shared_ptr<const RecentSections::ByName>(mine_) : known_] {
        recent.keep(id, revision, stored);
      });
}

void write_out(InventoryReport& report) {
  for (const auto& [section, value] : report.sections) {
    if (!is_shared(section) && !value.is_null()) report.documents.insert_or_assign(section, document_of(value));
  }
}

// A list in the order of use, and where each computer stands in it.
struct RecentSections::State {
  // Some 5 KB each.
  static constexpr std::size_t kComputers = 16'384;

  struct Entry {
    ComputerId id;
    std::int64_t revision = 0;
    std::shared_ptr<const ByName> stored;
  };
  std::mutex mutex;
  std::list<Entry> entries;  // last used first
  std::unordered_map<ComputerId, std::list<Entry>::iterator> places;
};

RecentSections::RecentSections() : state_(std::make_unique<State>()) {}
RecentSections::~RecentSections() = default;

std::shared_ptr<const RecentSections::ByName> RecentSections::find(ComputerId id, std::int64_t revision) {
  std::lock_guard lock(state_->mutex);
  auto place = state_->places.find(id);
  if (place == state_->places.end() || place->second->revision != revision) return nullptr;
  state_->entries.splice(state_->entries.begin(), state_->entries, place->second);
  return place->second->stored;
}

void RecentSections::keep(ComputerId id, std::int64_t revision, std::shared_ptr<const ByName> stored) {
  std::lock_guard lock(state_->mutex);
  auto [place, is_new] = state_->places.try_emplace(id);
  if (is_new) {
    state_->entries.push_front({.id = id});
    place->second = state_->entries.begin();
  }
  if (place->second->revision < revision) *place->second = {id, revision, std::move(stored)};
  if (state_->entries.size() > State::kComputers) {
    state_->places.erase(state_->entries.back().id);
    state_->entries.pop_back();
  }
}

}  // namespace wardbridge::inventory
