// Showing: from a Computer to the record that one version of the Jamf Pro API answers with.
#include <algorithm>

#include "management/inventory/fields.h"
#include "management/inventory/inventory.h"

namespace wardbridge::inventory {
namespace {

boost::json::string_view key(std::string_view name) { return {name.data(), name.size()}; }

// Whether every version shows all of it, so that it can be copied as it is.
bool same_in_all_versions(const Field& field) {
  return field.first_version == 1 && field.last_version == 4 &&
         std::ranges::all_of(field.members, same_in_all_versions);
}

json::Value in_version(const Field& field, const json::Value& value, int version);

json::Object members_in_version(std::span<const Field> fields, const json::Object& object, int version) {
  json::Object shown;
  for (const Field& field : fields) {
    const json::Value* value = object.if_contains(key(field.name));
    if (value && field.shown_by(version)) shown.emplace(key(field.name), in_version(field, *value, version));
  }
  return shown;
}

json::Value in_version(const Field& field, const json::Value& value, int version) {
  if (same_in_all_versions(field)) return value;
  if (const auto* object = value.if_object()) return members_in_version(field.members, *object, version);
  if (const auto* array = value.if_array(); array && field.kind == Kind::objects) {
    json::Array shown;
    shown.reserve(array->size());
    for (const json::Value& item : *array)
      shown.push_back(members_in_version(field.members, item.get_object(), version));
    return shown;
  }
  return value;
}

bool is_list(const Field& field) { return field.kind == Kind::objects || field.kind == Kind::texts; }

// JAMF: a section that is asked for shows all its members, with null or an empty list for what is not known.
json::Value shown_section(const Computer& computer, Section section, int version) {
  const Field& field = field_of(section);
  auto stored = computer.sections.find(section);
  bool known = stored != computer.sections.end();
  if (field.kind == Kind::objects)
    return known ? in_version(field, stored->second, version) : json::Value(json::Array());
  json::Object shown;
  const json::Object* document = known ? stored->second.if_object() : nullptr;
  for (const Field& member : field.members) {
    if (!member.shown_by(version)) continue;
    const json::Value* value = document ? document->if_contains(key(member.name)) : nullptr;
    json::Value absent = is_list(member) ? json::Value(json::Array()) : json::Value();
    shown.emplace(key(member.name), value ? in_version(member, *value, version) : absent);
  }
  return shown;
}

json::Value shown_time(Time time) { return time == kEpoch ? json::Value() : json::Value(to_iso8601(time)); }

json::Value shown_general(const Computer& computer, int version) {
  json::Value shown = shown_section(computer, Section::general, version);
  json::Object& general = shown.get_object();
  general["name"] = computer.name;
  general["managementId"] = computer.management_id;
  const json::Object* remote_management = json::object_at(general, "remoteManagement");
  const json::Value* username = remote_management ? json::find(*remote_management, "managementUsername") : nullptr;
  json::Value shown_username = username ? *username : json::Value();
  general["remoteManagement"] =
      json::Object{{"managed", computer.managed}, {"managementUsername", std::move(shown_username)}};
  general["reportDate"] = shown_time(computer.last_inventory_update);
  general["lastEnrolledDate"] = shown_time(computer.last_enrolled);
  general["initialEntryDate"] = computer.created == kEpoch ? json::Value() : json::Value(to_date(computer.created));
  if (version <= 3) {
    general["lastContactTime"] = shown_time(computer.last_check_in);
  } else {
    general["lastCheckIn"] = shown_time(computer.last_check_in);
    auto contact = json::text_at(general, "lastContact");
    auto contact_time = contact ? parse_iso8601(*contact) : Result<Time>(kEpoch);
    if (contact_time.value_or(kEpoch) < computer.last_check_in) {
      general["lastContact"] = shown_time(computer.last_check_in);
    }
  }
  if (!json::object_at(general, "site")) general["site"] = site_with_id(json::Value());
  return shown;
}

}  // namespace

json::Object show(const Computer& computer, int api_version, std::span<const Section> requested) {
  json::Object record;
  record["id"] = std::to_string(computer.id.value);
  record["udid"] = computer.udid;
  for (Section section : kAllSections) {
    if (!has_section(api_version, section)) continue;
    json::Value& shown = record[member_name(section)];
    if (std::ranges::find(requested, section) == requested.end()) continue;
    shown = section == Section::general ? shown_general(computer, api_version)
                                        : shown_section(computer, section, api_version);
  }
  record["groupMemberships"] = nullptr;
  return record;
}

}  // namespace wardbridge::inventory
