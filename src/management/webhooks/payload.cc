// The vendor's payloads: {"webhook":{..},"event":{..}} as JSON, and the same tree as XML under `JSSEvent`.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/extension_attributes.h"
#include "management/webhooks/rows.h"

namespace wardbridge::webhooks {
namespace {

using inventory::Section;

constexpr std::array kObjectSections = {Section::general, Section::hardware, Section::operating_system,
                                        Section::user_and_location};
constexpr const char* kDefaultDisplayFields[] = {"Computer Name", "Serial Number", "UDID",
                                                 "Model",         "Username",      "Last Inventory Update"};

// A member of a section as text; empty when it is not there.
std::string section_text(const inventory::Computer& computer, Section section, const char* member) {
  auto found = computer.sections.find(section);
  if (found == computer.sections.end() || !found->second.is_object()) return {};
  return std::string(json::text_at(found->second.get_object(), member).value_or(""));
}

// A criterion's value as one text, as people read it.
std::string shown_fact(const criteria::FactDefinition& fact, const criteria::Facts& facts) {
  switch (fact.type) {
    case criteria::FactType::integer: {
      auto number = facts.integer(fact.id);
      return number ? std::to_string(*number) : "";
    }
    case criteria::FactType::time: {
      auto time = facts.time(fact.id);
      return time ? to_iso8601(*time) : "";
    }
    case criteria::FactType::texts:
    case criteria::FactType::integers:
    case criteria::FactType::times:
    case criteria::FactType::versions: {
      std::vector<std::string> items;
      facts.any_of(fact.id, [&](std::string_view item) {
        items.emplace_back(item);
        return items.size() >= 100;
      });
      return text::join(items, ", ");
    }
    case criteria::FactType::computer_group:
      return {};
    case criteria::FactType::text:
    case criteria::FactType::version:
    case criteria::FactType::choice:
      return std::string(facts.text(fact.id).value_or(""));
  }
  CHECK(false);
}

// The fields that a webhook shows of each computer, resolved once a payload.
class DisplayFields {
 public:
  DisplayFields(store::Transaction& tx, const Webhook& webhook) : tx_(tx) {
    if (!webhook.display_fields_enabled) return;
    criteria::Vocabulary vocabulary = groups::vocabulary_with(groups::list_attributes(tx));
    std::vector<std::string> names = webhook.display_fields;
    if (names.empty()) names.assign(std::begin(kDefaultDisplayFields), std::end(kDefaultDisplayFields));
    for (const std::string& name : names) {
      auto fact = vocabulary.find(name);
      if (!fact) continue;  // a name that this server does not know shows nothing
      facts_.push_back(fact);
      auto section = groups::section_of(fact->id);
      if (section && std::find(sections_.begin(), sections_.end(), *section) == sections_.end()) {
        sections_.push_back(*section);
      }
    }
  }

  bool any() const { return !facts_.empty(); }

  // Empty for a computer that is gone.
  json::Object of(std::int64_t id) const {
    json::Object shown;
    auto computer = inventory::load(tx_, inventory::ComputerId{id}, sections_);
    if (!computer) return shown;
    groups::ComputerFacts facts(*computer, [](std::string_view) { return criteria::Membership{}; });
    for (const auto& fact : facts_) shown[fact->name] = shown_fact(*fact, facts);
    return shown;
  }

 private:
  store::Transaction& tx_;
  std::vector<std::shared_ptr<const criteria::FactDefinition>> facts_;
  std::vector<Section> sections_;
};

// JAMF: `jssid` here, `jssID` everywhere else.
json::Object group_event(store::Transaction& tx, const Webhook& webhook, const json::Object& body,
                         const std::vector<outbox::Change>& changes) {
  DisplayFields fields(tx, webhook);
  json::Array added, added_ids, removed, removed_ids;
  for (const outbox::Change& change : changes) {
    (change.added ? added_ids : removed_ids).emplace_back(change.item);
    if (fields.any()) (change.added ? added : removed).emplace_back(fields.of(change.item));
  }
  return {{"computer", true},
          {"groupAddedDevices", std::move(added)},
          {"groupAddedDevicesIds", std::move(added_ids)},
          {"groupRemovedDevices", std::move(removed)},
          {"groupRemovedDevicesIds", std::move(removed_ids)},
          {"jssid", body.at("groupId")},
          {"name", body.at("groupName")},
          {"smartGroup", true}};
}

void write_xml(std::string& out, std::string_view name, const json::Value& value);

// DEVIATION: how the vendor spells lists in XML is not public; here `groupAddedDevicesIds` holds `id` elements and
// `groupAddedDevices` holds `device` elements of `display_field`s.
void write_xml_list(std::string& out, std::string_view list, const json::Array& items) {
  for (const json::Value& item : items) {
    if (!item.is_object()) {
      write_xml(out, list.ends_with("Ids") ? "id" : "item", item);
      continue;
    }
    out += "<device>";
    for (const auto& field : item.get_object()) {
      out += "<display_field>";
      write_xml(out, "name", json::Value(field.key()));
      write_xml(out, "value", field.value());
      out += "</display_field>";
    }
    out += "</device>";
  }
}

// XML 1.0 has no place for most control characters, not even escaped.
std::string xml_text(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') c = ' ';
  }
  return text::escape_markup(clean);
}

void write_xml(std::string& out, std::string_view name, const json::Value& value) {
  out.append("<").append(name).append(">");
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) write_xml(out, std::string_view(member.key()), member.value());
  } else if (const auto* array = value.if_array()) {
    write_xml_list(out, name, *array);
  } else {
    out += value.is_string() ? xml_text(std::string_view(value.get_string())) : json::to_text(value);
  }
  out.append("</").append(name).append(">");
}

}  // namespace

std::optional<json::Object> computer_object(store::Transaction& tx, inventory::ComputerId id) {
  auto computer = inventory::load(tx, id, kObjectSections);
  if (!computer) return std::nullopt;
  auto of = [&](Section section, const char* member) { return section_text(*computer, section, member); };
  // DEVIATION: buildings and departments by id, there are no names yet.
  return json::Object{{"alternateMacAddress", of(Section::hardware, "altMacAddress")},
                      {"building", of(Section::user_and_location, "buildingId")},
                      {"department", of(Section::user_and_location, "departmentId")},
                      {"deviceName", computer->name},
                      {"emailAddress", of(Section::user_and_location, "email")},
                      {"ipAddress", of(Section::general, "lastIpAddress")},
                      {"jssID", id.value},
                      {"macAddress", of(Section::hardware, "macAddress")},
                      {"managementId", computer->management_id},
                      {"model", of(Section::hardware, "model")},
                      {"osBuild", of(Section::operating_system, "build")},
                      {"osVersion", of(Section::operating_system, "version")},
                      {"phone", of(Section::user_and_location, "phone")},
                      {"position", of(Section::user_and_location, "position")},
                      {"realName", of(Section::user_and_location, "realname")},
                      {"reportedIpAddress", of(Section::general, "lastReportedIpV4")},
                      {"room", of(Section::user_and_location, "room")},
                      {"serialNumber", computer->serial_number},
                      {"udid", computer->udid},
                      {"userDirectoryID", "-1"},
                      {"username", of(Section::user_and_location, "username")}};
}

json::Object computer_body(Event event, json::Object object, Time now) {
  if (event == Event::computer_check_in) {
    std::string username(json::text_at(object, "username").value_or(""));
    // JAMF: a check-in wraps the computer, and says what brought it about.
    object = {{"computer", std::move(object)}, {"trigger", "CLIENT_CHECKIN"}, {"username", username}};
  }
  return {{"event", wire_name(event)}, {"time", to_unix_milliseconds(now)}, {"object", std::move(object)}};
}

json::Object group_body(groups::GroupId group, const std::string& name, Time now) {
  return {{"event", wire_name(Event::group_membership_change)},
          {"time", to_unix_milliseconds(now)},
          {"groupId", group.value},
          {"groupName", name}};
}

std::string payload(store::Transaction& tx, const Webhook& webhook, const outbox::Message& message) {
  json::Value stored = *json::parse(message.body);
  const json::Object& body = stored.get_object();
  json::Object event =
      body.contains("groupId") ? group_event(tx, webhook, body, message.changes) : body.at("object").get_object();
  json::Object whole{{"event", std::move(event)},
                     {"webhook", json::Object{{"eventTimestamp", body.at("time")},
                                              {"id", webhook.id.value},
                                              {"name", webhook.name},
                                              {"webhookEvent", body.at("event")}}}};
  if (webhook.content_type == ContentType::json) return json::to_text(whole);
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
  write_xml(xml, "JSSEvent", whole);
  return xml;
}

}  // namespace wardbridge::webhooks
