#include <algorithm>

#include "base/text.h"
#include "management/inventory/listing.h"

namespace wardbridge::inventory {
namespace {

FieldValue of_text(std::string_view text) { return {.present = true, .text = std::string(text)}; }
FieldValue of_number(std::int64_t number) { return {.present = true, .text = {}, .number = number}; }
FieldValue of_time(Time time) { return time == kEpoch ? FieldValue{} : of_number(to_unix_milliseconds(time)); }

FieldValue id_of(const Computer& c) { return of_number(c.id.value); }
FieldValue udid_of(const Computer& c) { return of_text(c.udid); }
FieldValue name_of(const Computer& c) { return of_text(c.name); }
FieldValue serial_number_of(const Computer& c) { return of_text(c.serial_number); }
FieldValue management_id_of(const Computer& c) { return of_text(c.management_id); }
FieldValue managed_of(const Computer& c) { return of_number(c.managed ? 1 : 0); }
FieldValue report_date_of(const Computer& c) { return of_time(c.last_inventory_update); }
FieldValue check_in_of(const Computer& c) { return of_time(c.last_check_in); }
FieldValue enrolled_of(const Computer& c) { return of_time(c.last_enrolled); }
FieldValue contact_of(const Computer& c) {
  Time contact = c.last_check_in;
  auto general = c.sections.find(Section::general);
  if (general != c.sections.end()) {
    auto text = json::text_at(general->second.get_object(), "lastContact");
    auto time = text ? parse_iso8601(*text) : Result<Time>(kEpoch);
    contact = std::max(contact, time.value_or(kEpoch));
  }
  return of_time(contact);
}

constexpr ListField sortable(std::string_view name, ListKind kind = ListKind::text,
                             FieldValue (*column)(const Computer&) = nullptr) {
  return {.name = name, .kind = kind, .sortable = true, .column = column};
}
constexpr ListField filterable(std::string_view name, ListKind kind = ListKind::text,
                               FieldValue (*column)(const Computer&) = nullptr) {
  return {.name = name, .kind = kind, .sortable = false, .column = column};
}
constexpr ListField only_in(ListField field, int first_version, int last_version) {
  field.first_version = first_version;
  field.last_version = last_version;
  return field;
}
constexpr ListField stored_as(ListField field, std::string_view path) {
  field.path = path;
  return field;
}

using enum ListKind;

// JAMF: what can be sorted can be filtered too; groups, applications and extension attributes can be neither.
constexpr ListField kFields[] = {
    sortable("id", number, id_of),
    sortable("udid", text, udid_of),
    sortable("general.name", text, name_of),
    sortable("general.assetTag"),
    sortable("general.jamfBinaryVersion"),
    only_in(sortable("general.lastContactTime", time, check_in_of), 1, 3),
    only_in(sortable("general.lastCheckIn", time, check_in_of), 4, 4),
    only_in(sortable("general.lastContact", time, contact_of), 4, 4),
    sortable("general.lastEnrolledDate", time, enrolled_of),
    sortable("general.lastCloudBackupDate", time),
    sortable("general.reportDate", time, report_date_of),
    stored_as(sortable("general.mdmCertificateExpiration", time), "general.mdmProfileExpiration"),
    sortable("general.platform"),
    sortable("general.lastLoggedInUsernameSelfService"),
    sortable("general.lastLoggedInUsernameSelfServiceTimestamp", time),
    sortable("general.lastLoggedInUsernameBinary"),
    sortable("general.lastLoggedInUsernameBinaryTimestamp", time),
    sortable("general.lastLoggedInUsernameMdm"),
    sortable("general.lastLoggedInUsernameMdmTimestamp", time),
    sortable("hardware.make"),
    sortable("hardware.model"),
    sortable("operatingSystem.build"),
    sortable("operatingSystem.supplementalBuildVersion"),
    sortable("operatingSystem.rapidSecurityResponse"),
    sortable("operatingSystem.name"),
    sortable("operatingSystem.version", version),
    sortable("userAndLocation.realname"),
    sortable("purchasing.lifeExpectancy", number),
    sortable("purchasing.warrantyDate", time),
    filterable("general.barcode1"),
    filterable("general.barcode2"),
    filterable("general.enrolledViaAutomatedDeviceEnrollment", boolean),
    filterable("general.lastIpAddress"),
    filterable("general.itunesStoreAccountActive", boolean),
    only_in(filterable("general.lastReportedIp"), 1, 3),
    filterable("general.lastReportedIpV4"),
    filterable("general.lastReportedIpV6"),
    filterable("general.managementId", text, management_id_of),
    filterable("general.remoteManagement.managed", boolean, managed_of),
    filterable("general.mdmCapable.capable", boolean),
    filterable("general.supervised", boolean),
    filterable("general.userApprovedMdm", boolean),
    filterable("general.declarativeDeviceManagementEnabled", boolean),
    filterable("hardware.bleCapable", boolean),
    filterable("hardware.macAddress"),
    filterable("hardware.modelIdentifier"),
    filterable("hardware.serialNumber", text, serial_number_of),
    filterable("hardware.supportsIosAppInstalls", boolean),
    filterable("hardware.appleSilicon", boolean),
    filterable("operatingSystem.activeDirectoryStatus"),
    filterable("operatingSystem.fileVault2Status"),
    filterable("security.activationLockEnabled", boolean),
    filterable("security.recoveryLockEnabled", boolean),
    filterable("security.firewallEnabled", boolean),
    filterable("userAndLocation.buildingId"),
    filterable("userAndLocation.departmentId"),
    filterable("userAndLocation.email"),
    filterable("userAndLocation.phone"),
    filterable("userAndLocation.position"),
    filterable("userAndLocation.room"),
    filterable("userAndLocation.username"),
    filterable("diskEncryption.fileVault2Enabled", boolean),
    filterable("purchasing.appleCareId"),
    filterable("purchasing.purchased", boolean),
    filterable("purchasing.leased", boolean),
    filterable("purchasing.vendor"),
};

const ListField* find_field(std::string_view name, int api_version) {
  for (const ListField& field : kFields) {
    if (field.name == name && field.first_version <= api_version && api_version <= field.last_version) return &field;
  }
  return nullptr;
}

Failure invalid_field(std::string_view name, std::string_view what, std::string where) {
  return invalid("invalid_field", "`" + std::string(name.substr(0, 80)) + "` is not a field to " + std::string(what),
                 std::move(where));
}

std::string_view path_of(const ListField& field) { return field.path.empty() ? field.name : field.path; }

// Versions compare number by number: 14.10 is after 14.9.
int compare_versions(std::string_view a, std::string_view b) {
  auto parts_a = text::split(a, '.');
  auto parts_b = text::split(b, '.');
  for (std::size_t i = 0; i < std::max(parts_a.size(), parts_b.size()); ++i) {
    std::string_view part_a = i < parts_a.size() ? parts_a[i] : "0";
    std::string_view part_b = i < parts_b.size() ? parts_b[i] : "0";
    auto number_a = text::parse_integer(part_a);
    auto number_b = text::parse_integer(part_b);
    if (number_a && number_b) {
      if (*number_a != *number_b) return *number_a < *number_b ? -1 : 1;
    } else if (int order = part_a.compare(part_b); order != 0) {
      return order;
    }
  }
  return 0;
}

}  // namespace

Result<const ListField*> sort_field(std::string_view name, int api_version) {
  const ListField* field = find_field(name, api_version);
  if (!field || !field->sortable) return invalid_field(name, "sort by", "sort");
  return field;
}

Result<const ListField*> filter_field(std::string_view name, int api_version) {
  const ListField* field = find_field(name, api_version);
  if (!field) return invalid_field(name, "filter by", "filter");
  return field;
}

std::optional<Section> section_of(const ListField& field) {
  if (field.column && field.column != contact_of) return std::nullopt;
  std::string_view path = path_of(field);
  return section_from_member_name(path.substr(0, path.find('.')));
}

FieldValue value_of(const ListField& field, const Computer& computer) {
  if (field.column) return field.column(computer);
  FieldValue absent{.present = field.kind == text || field.kind == version};
  auto steps = text::split(path_of(field), '.');
  auto section = section_from_member_name(steps.front());
  CHECK(section.has_value(), field.name);
  auto document = computer.sections.find(*section);
  if (document == computer.sections.end()) return absent;
  const json::Value* value = &document->second;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const auto* object = value->if_object();
    value = object ? json::find(*object, steps[i]) : nullptr;
    if (!value) return absent;
  }
  if (value->is_bool()) return of_number(value->get_bool() ? 1 : 0);
  if (value->is_int64()) return of_number(value->get_int64());
  if (!value->is_string()) return absent;
  std::string_view words = value->get_string();
  if (field.kind != time) return of_text(words);
  auto moment = parse_iso8601(words);
  return moment.ok() ? of_time(*moment) : absent;
}

int compare(ListKind kind, const FieldValue& a, const FieldValue& b) {
  if (a.present != b.present) return a.present ? 1 : -1;
  if (kind == version) return compare_versions(a.text, b.text);
  if (kind == text) return text::lower(a.text).compare(text::lower(b.text));
  if (a.number == b.number) return 0;
  return a.number < b.number ? -1 : 1;
}

}  // namespace wardbridge::inventory
