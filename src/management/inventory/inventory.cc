#include "management/inventory/inventory.h"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>

#include "base/text.h"
#include "management/inventory/fields.h"
#include "management/inventory/rows.h"
#include "management/inventory/sections.h"

namespace wardbridge::inventory {

const std::array<Section, kSectionCount> kAllSections = [] {
  std::array<Section, kSectionCount> all{};
  for (std::size_t i = 0; i < kSectionCount; ++i) all[i] = static_cast<Section>(i);
  return all;
}();

Computer computer_from(const store::Row& row) {
  Computer computer;
  computer.id = {row.integer(0)};
  computer.udid = row.maybe_text(1).value_or("");
  computer.serial_number = row.text(2);
  computer.name = row.text(3);
  computer.management_id = row.text(4);
  computer.managed = row.flag(5);
  computer.last_check_in = row.time(6);
  computer.last_inventory_update = row.time(7);
  computer.last_enrolled = row.time(8);
  computer.created = row.time(9);
  computer.reassess_at = row.time(10);
  computer.revision = row.integer(11);
  computer.assessments = row.integer(12);
  return computer;
}

json::Value document_from(std::string_view text) {
  // One arena a document: a thousand small values are allocated and freed as one.
  auto document =
      json::parse(text, boost::json::make_shared_resource<boost::json::monotonic_resource>(text.size() * 2));
  CHECK(document.ok(), document.failure().message);
  return std::move(*document);
}

json::Object* find_attribute(json::Array& attributes, std::string_view definition_id) {
  for (json::Value& item : attributes) {
    auto* attribute = item.if_object();
    if (attribute && json::text_at(*attribute, "definitionId") == definition_id) return attribute;
  }
  return nullptr;
}

Failure no_computer(ComputerId id) {
  return not_found("no_computer", "no computer has the id `" + std::to_string(id.value) + "`");
}

namespace {

store::Value null_when_empty(const std::string& text) { return text.empty() ? store::Value() : store::Value(text); }

}  // namespace

std::optional<Computer> hold(store::Transaction& tx, ComputerId id) {
  std::string sql = "SELECT " + std::string(kComputerColumns) + " FROM computer c WHERE c.id = ?";
  sql += tx.lock_rows();
  auto row = tx.query_one(sql, {id.value});
  if (!row) return std::nullopt;
  return computer_from(*row);
}

void save(store::Transaction& tx, const Computer& computer) {
  tx.post(
      "UPDATE computer SET udid = ?, serial_number = ?, name = ?, management_id = ?, managed = ?, last_check_in = ?, "
      "last_inventory_update = ?, last_enrolled = ?, created = ?, reassess_at = ?, revision = ?, assessments = ? WHERE "
      "id = ?",
      {null_when_empty(computer.udid), computer.serial_number, computer.name, computer.management_id, computer.managed,
       computer.last_check_in, computer.last_inventory_update, computer.last_enrolled, computer.created,
       computer.reassess_at, computer.revision, computer.assessments, computer.id.value});
}

Failure duplicate_udid(const std::string& udid, ComputerId owner) {
  return conflict("duplicate_udid",
                  "the computer with the id `" + std::to_string(owner.value) + "` already has the UDID `" + udid + "`");
}

audit::Entry audit_entry(const Computer& computer, Time now, const audit::Actor& actor, std::string action) {
  return {.time = now,
          .actor = actor,
          .action = std::move(action),
          .object_type = "Computer",
          .object_id = std::to_string(computer.id.value),
          .object_name = computer.name,
          .details = {}};
}

namespace {

std::string serial_number_in(const Sections& sections) {
  auto hardware = sections.find(Section::hardware);
  if (hardware == sections.end() || !hardware->second.is_object()) return "";
  return std::string(json::text_at(hardware->second.get_object(), "serialNumber").value_or(""));
}

void take(const Facts& facts, Computer& computer) {
  if (facts.name) computer.name = *facts.name;
  if (facts.management_id) computer.management_id = *facts.management_id;
  if (facts.managed) computer.managed = *facts.managed;
  if (facts.last_check_in) computer.last_check_in = *facts.last_check_in;
  if (facts.last_inventory_update) computer.last_inventory_update = *facts.last_inventory_update;
  if (facts.last_enrolled) computer.last_enrolled = *facts.last_enrolled;
  if (facts.created) computer.created = *facts.created;
}

// The facts of the server in `general`, which is left without them.
Facts take_facts_from(Sections& sections) {
  auto general = sections.find(Section::general);
  if (general == sections.end() || !general->second.is_object()) return {};
  return take_facts(general->second.get_object());
}

json::Object naming(const std::vector<Section>& sections) {
  json::Array names;
  for (Section section : sections) names.emplace_back(member_name(section));
  return json::Object{{"sections", std::move(names)}};
}

void put_all(StoredSections& stored, const Sections& sections) {
  for (const auto& [section, value] : sections) stored.put(section, value);
}

// Attributes of the report replace those of the same definition; the others, say those that people fill in, stay.
json::Value merged_attributes(json::Value stored, const json::Value& reported) {
  auto& attributes = stored.get_array();
  for (const json::Value& item : reported.get_array()) {
    const json::Object& attribute = item.get_object();
    json::Object* same = find_attribute(attributes, json::text_at(attribute, "definitionId").value_or(""));
    if (same) {
      for (const auto& member : attribute) (*same)[member.key()] = member.value();
    } else {
      attributes.push_back(item);
    }
  }
  return stored;
}

json::Value merged_general(json::Value stored, const json::Object& reported) {
  for (const auto& member : reported) stored.get_object()[member.key()] = member.value();
  return stored;
}

json::Value merged(const StoredSections& stored, Section section, const json::Value& reported) {
  if (!is_shared(section) || reported.is_null()) return reported;
  json::Value before = stored.shared(section);
  if (section == Section::extension_attributes) return merged_attributes(std::move(before), reported);
  if (section == Section::general) return merged_general(std::move(before), reported.get_object());
  json::Value after = reported;
  const auto* attributes = before.get_object().if_contains("extensionAttributes");
  if (attributes && !after.get_object().contains("extensionAttributes")) {
    after.get_object()["extensionAttributes"] = *attributes;
  }
  return after;
}

}  // namespace

Result<ComputerId> create_computer(store::Transaction& tx, const NewComputer& wanted, Time now,
                                   const audit::Actor& actor) {
  Sections sections = wanted.sections;
  Computer computer;
  computer.udid = wanted.udid;
  computer.serial_number = serial_number_in(sections);
  computer.management_id = wanted.management_id;
  computer.created = now;
  computer.reassess_at = now;  // whoever creates it may judge it at once; if not, the heartbeat does
  computer.revision = 1;
  take(take_facts_from(sections), computer);
  if (computer.udid.empty() && computer.serial_number.empty() && computer.name.empty()) {
    return invalid("missing_field", "a computer needs a `udid`, a `hardware.serialNumber` or a `general.name`",
                   "general.name");
  }
  if (auto owner = find_by_udid(tx, computer.udid)) return duplicate_udid(computer.udid, *owner);
  computer.id = {tx.next_id("computer")};
  tx.post(
      "INSERT INTO computer (id, udid, serial_number, name, management_id, managed, last_check_in, "
      "last_inventory_update, last_enrolled, created, reassess_at, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
      "?)",
      {computer.id.value, null_when_empty(computer.udid), computer.serial_number, computer.name, computer.management_id,
       computer.managed, computer.last_check_in, computer.last_inventory_update, computer.last_enrolled,
       computer.created, computer.reassess_at, computer.revision});
  StoredSections stored(tx, computer);
  put_all(stored, sections);
  // INVARIANT: law 9
  audit::Entry entry = audit_entry(computer, now, actor, "create");
  entry.details = naming(stored.changed());
  audit::record(tx, entry);
  return computer.id;
}

Result<Applied> apply_report(store::Transaction& tx, ComputerId id, const InventoryReport& report, Time now) {
  auto computer = hold(tx, id);
  if (!computer) return no_computer(id);
  Applied applied{take_report(tx, *computer, report, now, nullptr), computer->revision};
  save(tx, *computer);
  return applied;
}

Status note_check_in(store::Transaction& tx, ComputerId id, const std::string& ip_address, Time now) {
  TRY(apply_report(tx, id, {.report_id = "", .sections = {}, .ip_address = ip_address}, now));
  return done();
}

std::vector<Section> take_report(store::Transaction& tx, Computer& computer, const InventoryReport& report, Time now,
                                 RecentSections* recent) {
  // Only `general` changes on its way in, so only it is copied: a report's applications are a thousand values.
  json::Value general;
  if (auto reported = report.sections.find(Section::general); reported != report.sections.end())
    general = reported->second;
  // The Mac names itself; whatever else the server knows better was refused by check_record and is not taken here.
  Facts facts = general.is_object() ? take_facts(general.get_object()) : Facts{};
  if (facts.name) computer.name = *facts.name;
  if (std::string serial_number = serial_number_in(report.sections); !serial_number.empty()) {
    computer.serial_number = serial_number;
  }
  if (!report.ip_address.empty()) {
    if (!general.is_object()) general = json::Object();
    general.get_object()["lastIpAddress"] = report.ip_address;
  }
  StoredSections stored(tx, computer, recent);
  auto put_merged = [&](Section section, const json::Value& reported) {
    json::Value value = merged(stored, section, reported);
    if (stored.put(section, value)) computer.sections.insert_or_assign(section, std::move(value));
  };
  put_merged(Section::general, general);
  for (const auto& [section, value] : report.sections) {
    if (section == Section::general) continue;
    if (is_shared(section)) {
      put_merged(section, value);
    } else if (auto document = report.documents.find(section); document != report.documents.end()) {
      stored.put(section, document->second);
    } else {
      stored.put(section, value);
    }
  }
  computer.held_elsewhere = &report.sections;
  computer.last_check_in = std::max(computer.last_check_in, now);
  if (!report.sections.empty()) computer.last_inventory_update = std::max(computer.last_inventory_update, now);
  ++computer.revision;
  if (recent != nullptr) stored.remember(*recent, computer.revision);
  return stored.changed();
}

const json::Value* Computer::section(Section wanted) const {
  if (auto found = sections.find(wanted); found != sections.end()) return &found->second;
  if (held_elsewhere == nullptr) return nullptr;
  auto found = held_elsewhere->find(wanted);
  return found == held_elsewhere->end() ? nullptr : &found->second;
}

Status note_enrollment(store::Transaction& tx, ComputerId id, const std::string& name, Time now,
                       const audit::Actor& actor) {
  auto computer = hold(tx, id);
  if (!computer) return no_computer(id);
  json::Object details;
  auto note = [&](const char* property, json::Value before, json::Value after) {
    if (before != after) details[property] = json::Object{{"old", std::move(before)}, {"new", std::move(after)}};
  };
  note("general.lastEnrolledDate", json::Value(to_iso8601(computer->last_enrolled)), json::Value(to_iso8601(now)));
  note("general.managed", json::Value(computer->managed), json::Value(true));
  if (!name.empty()) note("general.name", json::Value(computer->name), json::Value(name));
  computer->last_enrolled = now;
  computer->managed = true;
  if (!name.empty()) computer->name = name;
  computer->reassess_at = std::min(computer->reassess_at, now);
  ++computer->revision;
  save(tx, *computer);
  audit::Entry entry = audit_entry(*computer, now, actor, "update");
  entry.details = std::move(details);
  audit::record(tx, entry);  // INVARIANT: law 9
  return done();
}

namespace {

std::optional<ComputerId> find_known(store::Transaction& tx, const NewComputer& computer) {
  if (auto id = find_by_udid(tx, computer.udid)) return id;
  return find_by_serial_number(tx, serial_number_in(computer.sections));
}

bool same_facts(const Computer& a, const Computer& b) {
  return a.udid == b.udid && a.serial_number == b.serial_number && a.name == b.name &&
         a.management_id == b.management_id && a.managed == b.managed && a.last_check_in == b.last_check_in &&
         a.last_inventory_update == b.last_inventory_update && a.last_enrolled == b.last_enrolled &&
         a.created == b.created;
}

}  // namespace

Result<Recorded> record_computer(store::Transaction& tx, const NewComputer& wanted, Time now,
                                 const audit::Actor& actor) {
  if (wanted.udid.empty() && serial_number_in(wanted.sections).empty()) {
    return invalid("missing_field", "the record has neither a UDID nor a serial number to know the Mac by", "udid");
  }
  auto id = find_known(tx, wanted);
  if (!id) {
    ComputerId created = TRY(create_computer(tx, wanted, now, actor));
    std::vector<Section> all;
    for (const auto& [section, value] : wanted.sections) all.push_back(section);
    return Recorded{Recorded::Effect::created, created, std::move(all)};
  }
  Computer before = *hold(tx, *id);
  Computer after = before;
  Sections sections = wanted.sections;
  Facts facts = take_facts_from(sections);
  // A verdict must not rest on what was true before the Mac's own later word.
  if (facts.last_inventory_update && *facts.last_inventory_update < before.last_inventory_update) {
    return conflict("older_than_known", "the record is of " + to_iso8601(*facts.last_inventory_update) +
                                            ", and the Mac's inventory of " + to_iso8601(before.last_inventory_update) +
                                            " is already known");
  }
  if (facts.last_check_in) facts.last_check_in = std::max(*facts.last_check_in, before.last_check_in);
  take(facts, after);
  if (!wanted.udid.empty()) after.udid = wanted.udid;
  if (std::string serial_number = serial_number_in(sections); !serial_number.empty()) {
    after.serial_number = serial_number;
  }
  StoredSections stored(tx, before);
  put_all(stored, sections);
  if (stored.changed().empty() && same_facts(before, after)) return Recorded{Recorded::Effect::unchanged, *id, {}};
  ++after.revision;
  after.reassess_at = std::min(after.reassess_at, now);
  save(tx, after);
  audit::Entry entry = audit_entry(after, now, actor, "update");
  entry.details = naming(stored.changed());
  audit::record(tx, entry);  // INVARIANT: law 9
  return Recorded{Recorded::Effect::changed, *id, stored.changed()};
}

Status remove(store::Transaction& tx, ComputerId id, Time now, const audit::Actor& actor) {
  auto computer = hold(tx, id);
  if (!computer) return no_computer(id);
  tx.post("DELETE FROM computer_section WHERE computer_id = ?", {id.value});
  tx.post("DELETE FROM computer_report WHERE computer_id = ?", {id.value});
  tx.post("DELETE FROM computer WHERE id = ?", {id.value});
  audit::Entry entry = audit_entry(*computer, now, actor, "delete");
  entry.details = json::Object{{"udid", computer->udid}, {"serialNumber", computer->serial_number}};
  audit::record(tx, entry);  // INVARIANT: law 9
  return done();
}

}  // namespace wardbridge::inventory
