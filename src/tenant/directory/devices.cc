#include <algorithm>
#include <map>
#include <set>

#include "tenant/directory/after_change.h"
#include "tenant/directory/directory.h"
#include "tenant/directory/documents.h"
#include "tenant/directory/rows.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

#define DEVICE_COLUMNS                                                                                           \
  "device_id, id, display_name, operating_system, operating_system_version, manufacturer, model, trust_type, "   \
  "profile_type, account_enabled, registered_owner, certificate_sha1_thumbprint, public_key_pem, registration, " \
  "approximate_last_sign_in, details"
#define COMPLIANCE_COLUMNS                                                                                           \
  "is_compliant, is_managed, compliance_expiration, mdm_app_id, partner_id, compliance_epoch, compliance_sequence, " \
  "compliance_reason, compliance_reported"
#define SELECT_DEVICE "SELECT " DEVICE_COLUMNS ", " COMPLIANCE_COLUMNS " FROM directory_device WHERE tenant_id = ?"

json::Object details_of(const Device& device) {
  json::Object document;
  keep(document, "deviceOwnership", device.device_ownership);
  keep(document, "deviceCategory", device.device_category);
  keep(document, "enrollmentProfileName", device.enrollment_profile_name);
  keep(document, "physicalIds", device.physical_ids);
  keep(document, "systemLabels", device.system_labels);
  keep(document, "isRooted", device.is_rooted);
  keep(document, "extensionAttributes", device.extension_attributes);
  return document;
}

void take_details(Device& device, const std::string& text) {
  if (text == "{}") return;
  const json::Object document = stored_document(text);
  device.device_ownership = kept_text(document, "deviceOwnership");
  device.device_category = kept_text(document, "deviceCategory");
  device.enrollment_profile_name = kept_text(document, "enrollmentProfileName");
  device.physical_ids = kept_texts(document, "physicalIds");
  device.system_labels = kept_texts(document, "systemLabels");
  device.is_rooted = kept_flag(document, "isRooted");
  device.extension_attributes = kept_attributes(document, "extensionAttributes");
}

Device device_from(const store::Row& row) {
  Device device{.id = {row.text(1)},
                .device_id = {row.text(0)},
                .display_name = row.text(2),
                .operating_system = row.text(3),
                .operating_system_version = row.text(4),
                .manufacturer = row.text(5),
                .model = row.text(6),
                .trust_type = row.text(7),
                .profile_type = row.text(8),
                .account_enabled = row.flag(9),
                .registered_owner = {row.text(10)},
                .certificate_sha1_thumbprint = row.text(11),
                .public_key_pem = row.text(12),
                .registration = row.time(13),
                .approximate_last_sign_in = row.time(14),
                .device_ownership = {},
                .device_category = {},
                .enrollment_profile_name = {},
                .physical_ids = {},
                .system_labels = {},
                .is_rooted = std::nullopt,
                .extension_attributes = {},
                .compliance = std::nullopt};
  take_details(device, row.text(15));
  if (!row.is_null(16)) {
    device.compliance = Device::Compliance{.is_compliant = row.flag(16),
                                           .is_managed = row.flag(17),
                                           .expiration = row.time(18),
                                           .mdm_app_id = row.text(19),
                                           .partner_id = row.text(20),
                                           .epoch = row.integer(21),
                                           .sequence = row.integer(22),
                                           .reason = row.text(23),
                                           .reported = row.time(24)};
  }
  return device;
}

std::vector<Device> devices_from(const std::vector<store::Row>& rows) {
  std::vector<Device> found;
  found.reserve(rows.size());
  for (const store::Row& row : rows) found.push_back(device_from(row));
  return found;
}

std::optional<Device> find_for_change(store::Transaction& tx, const TenantId& tenant, const DeviceId& id) {
  auto row =
      tx.query_one(SELECT_DEVICE " AND device_id = ?" + std::string(tx.lock_rows()), {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return device_from(*row);
}

Failure no_device(const DeviceId& id) { return not_found("no_device", "no device has the id `" + id.value + "`"); }

Change change_of(const char* activity, const Device& device, json::Object properties) {
  return {.activity = activity,
          .object_type = "Device",
          .object_id = device.id.value,
          .object_name = device.display_name,
          .properties = std::move(properties)};
}

json::Object differences(const Device& before, const Device& after) {
  json::Object properties;
  note(properties, "DisplayName", before.display_name, after.display_name);
  note(properties, "DeviceOSType", before.operating_system, after.operating_system);
  note(properties, "DeviceOSVersion", before.operating_system_version, after.operating_system_version);
  note(properties, "DeviceManufacturer", before.manufacturer, after.manufacturer);
  note(properties, "DeviceModel", before.model, after.model);
  note(properties, "DeviceTrustType", before.trust_type, after.trust_type);
  note(properties, "ProfileType", before.profile_type, after.profile_type);
  note(properties, "AccountEnabled", before.account_enabled, after.account_enabled);
  note(properties, "RegisteredOwner", before.registered_owner.value, after.registered_owner.value);
  note(properties, "CertificateThumbprint", before.certificate_sha1_thumbprint, after.certificate_sha1_thumbprint);
  note_differences(properties, details_of(before), details_of(after));
  if (before.public_key_pem != after.public_key_pem) properties["DeviceKey"] = json::Object{{"new", "replaced"}};
  return properties;
}

json::Object compliance_differences(const Device::Compliance& before, const Device::Compliance& after) {
  json::Object properties;
  note(properties, "IsCompliant", before.is_compliant, after.is_compliant);
  note(properties, "IsManaged", before.is_managed, after.is_managed);
  note(properties, "ComplianceExpiryTime", to_iso8601(before.expiration), to_iso8601(after.expiration));
  note(properties, "DeviceManagementAppId", before.mdm_app_id, after.mdm_app_id);
  note(properties, "CompliancePartner", before.partner_id, after.partner_id);
  note(properties, "ComplianceReason", before.reason, after.reason);
  properties["ComplianceVersion"] = json::Object{{"old", json::Array{before.epoch, before.sequence}},
                                                 {"new", json::Array{after.epoch, after.sequence}}};
  return properties;
}

void write_fields(store::Transaction& tx, const TenantId& tenant, const Device& device) {
  tx.post(
      "UPDATE directory_device SET display_name = ?, operating_system = ?, operating_system_version = ?,"
      " manufacturer = ?, model = ?, trust_type = ?, profile_type = ?, account_enabled = ?, registered_owner = ?,"
      " certificate_sha1_thumbprint = ?, public_key_pem = ?, registration = ?, approximate_last_sign_in = ?,"
      " details = ?, display_name_key = ?, operating_system_key = ? WHERE tenant_id = ? AND device_id = ?",
      {device.display_name, device.operating_system, device.operating_system_version, device.manufacturer, device.model,
       device.trust_type, device.profile_type, device.account_enabled, id_key(device.registered_owner.value),
       device.certificate_sha1_thumbprint, device.public_key_pem, device.registration, device.approximate_last_sign_in,
       json::to_text(details_of(device)), search_key(device.display_name), search_key(device.operating_system),
       tenant.value, id_key(device.device_id.value)});
}

}  // namespace

Status create_device(store::Transaction& tx, const TenantId& tenant, const Device& device, const audit::Actor& by,
                     Time now) {
  CHECK(!device.compliance, "a device is created without a verdict: only set_compliance() writes one");
  if (tx.execute("INSERT INTO directory_device (tenant_id, display_name_key, operating_system_key, " DEVICE_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, search_key(device.display_name), search_key(device.operating_system),
                  id_key(device.device_id.value), id_key(device.id.value), device.display_name, device.operating_system,
                  device.operating_system_version, device.manufacturer, device.model, device.trust_type,
                  device.profile_type, device.account_enabled, id_key(device.registered_owner.value),
                  device.certificate_sha1_thumbprint, device.public_key_pem, device.registration,
                  device.approximate_last_sign_in, json::to_text(details_of(device))}) == 0)
    return conflict("already_exists", "a device with the id `" + device.device_id.value + "` already exists");
  record_change(tx, tenant, change_of("Add device", device, differences(Device{.account_enabled = false}, device)), by,
                now);
  after_change(tx, tenant, ObjectKind::device, device.id, now);
  return done();
}

std::optional<Device> find_device(store::Transaction& tx, const TenantId& tenant, const DeviceId& id) {
  auto row = tx.query_one(SELECT_DEVICE " AND device_id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return device_from(*row);
}

std::optional<Device> find_device_by_object_id(store::Transaction& tx, const TenantId& tenant, const ObjectId& id) {
  auto row = tx.query_one(SELECT_DEVICE " AND id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return device_from(*row);
}

std::vector<Device> devices(store::Transaction& tx, const TenantId& tenant) {
  return devices_from(tx.query(SELECT_DEVICE " ORDER BY display_name, device_id", {tenant.value}));
}

std::vector<Device> devices_with_ids(store::Transaction& tx, const TenantId& tenant, const std::vector<ObjectId>& ids) {
  return in_order_of(ids, rows_with_ids(tx, SELECT_DEVICE, tenant, ids), device_from);
}

std::vector<Device> devices_of_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& user) {
  if (!user) return {};
  return devices_from(tx.query(SELECT_DEVICE " AND registered_owner = ? ORDER BY display_name, device_id",
                               {tenant.value, id_key(user.value)}));
}

Status update_device(store::Transaction& tx, const TenantId& tenant, const Device& device, const audit::Actor& by,
                     Time now) {
  const auto before = find_for_change(tx, tenant, device.device_id);
  if (!before) return no_device(device.device_id);
  Device after = device;
  after.id = before->id;
  json::Object properties = differences(*before, after);
  write_fields(tx, tenant, after);
  if (properties.empty()) return done();
  record_change(tx, tenant, change_of("Update device", after, std::move(properties)), by, now);
  after_change(tx, tenant, ObjectKind::device, after.id, now);
  return done();
}

Status delete_device(store::Transaction& tx, const TenantId& tenant, const DeviceId& id, const audit::Actor& by,
                     Time now) {
  const auto device = find_for_change(tx, tenant, id);
  if (!device) return no_device(id);
  end_memberships(tx, tenant, device->id, now);
  tx.post("DELETE FROM directory_device WHERE tenant_id = ? AND device_id = ?",
          {tenant.value, device->device_id.value});
  record_change(tx, tenant, change_of("Delete device", *device, {}), by, now);
  after_removal(tx, tenant, ObjectKind::device, device->id, now);
  return done();
}

void touch_device(store::Transaction& tx, const TenantId& tenant, const DeviceId& id, Time signed_in) {
  tx.post(
      "UPDATE directory_device SET approximate_last_sign_in = ?"
      " WHERE tenant_id = ? AND device_id = ? AND approximate_last_sign_in < ?",
      {signed_in, tenant.value, id_key(id.value), signed_in});
}

Result<Applied> set_compliance(store::Transaction& tx, const TenantId& tenant, const DeviceId& id,
                               const Device::Compliance& compliance, const audit::Actor& by, Time now,
                               const ReportedDetails& reported, Owner owner) {
  const auto before = find_for_change(tx, tenant, id);
  if (!before) return no_device(id);
  const Device::Compliance old = before->compliance.value_or(Device::Compliance{});
  if (before->compliance) {
    // INVARIANT: law 7: one partner owns the device; nobody else speaks for it.
    const bool changes_hands = old.partner_id != compliance.partner_id;
    if (changes_hands && owner == Owner::stays)
      return Failure{Code::forbidden, "other_partner",
                     "the device `" + before->device_id.value + "` belongs to another compliance partner"};
    // INVARIANT: law 6: only forward, whatever order the network delivers.
    const bool is_newer = changes_hands
                              ? compliance.sequence > old.sequence
                              : std::pair(compliance.epoch, compliance.sequence) > std::pair(old.epoch, old.sequence);
    if (!is_newer) return Applied::stale;
  }

  Device::Compliance verdict = compliance;
  verdict.is_compliant = compliance.is_compliant && compliance.is_managed;  // INVARIANT: law 4: unmanaged overrides
  verdict.reported = now;

  Device after = *before;
  if (!reported.display_name.empty()) after.display_name = reported.display_name;
  if (!reported.operating_system.empty()) after.operating_system = reported.operating_system;
  if (!reported.operating_system_version.empty()) after.operating_system_version = reported.operating_system_version;
  if (!reported.physical_ids.empty()) after.physical_ids = reported.physical_ids;

  tx.post(
      "UPDATE directory_device SET is_compliant = ?, is_managed = ?, compliance_expiration = ?, mdm_app_id = ?,"
      " partner_id = ?, compliance_epoch = ?, compliance_sequence = ?, compliance_reason = ?, compliance_reported = ?,"
      " display_name = ?, operating_system = ?, operating_system_version = ?, display_name_key = ?,"
      " operating_system_key = ?, details = ? WHERE tenant_id = ? AND device_id = ?",
      {verdict.is_compliant, verdict.is_managed, verdict.expiration, verdict.mdm_app_id, verdict.partner_id,
       verdict.epoch, verdict.sequence, verdict.reason, verdict.reported, after.display_name, after.operating_system,
       after.operating_system_version, search_key(after.display_name), search_key(after.operating_system),
       json::to_text(details_of(after)), tenant.value, before->device_id.value});

  json::Object properties = differences(*before, after);
  // What a membership rule can read of a device; a renewed verdict is nothing to it.
  const bool concerns_rules =
      !properties.empty() || old.is_managed != verdict.is_managed || old.mdm_app_id != verdict.mdm_app_id;
  for (auto& change : compliance_differences(old, verdict)) properties[change.key()] = change.value();
  record_change(tx, tenant, change_of("Update device", after, std::move(properties)), by, now);
  if (concerns_rules) {
    after_change(tx, tenant, ObjectKind::device, after.id, now);
  } else {
    note_change(tx, tenant, ObjectKind::device, after.id, false, now);
  }
  return Applied::applied;
}

std::string physical_id(std::string_view kind, std::string_view value) {
  return value.empty() ? std::string() : "[" + std::string(kind) + "]:" + std::string(value);
}

std::vector<Duplicates> duplicate_devices(store::Transaction& tx, const TenantId& tenant) {
  // Row by row, of which only names are kept: whole are only the devices that are told.
  std::map<std::pair<std::string, std::string>, std::set<DeviceId>> found;  // by physical id and owner
  tx.for_each("SELECT device_id, registered_owner, details FROM directory_device WHERE tenant_id = ?", {tenant.value},
              [&](const store::Row& row) {
                if (row.text(2) == "{}") return true;
                for (std::string& id : kept_texts(stored_document(row.text(2)), "physicalIds"))
                  found[{std::move(id), row.text(1)}].insert(DeviceId{row.text(0)});
                return true;
              });
  std::vector<Duplicates> duplicates;
  std::set<std::set<DeviceId>> told;  // a serial number and a UDID say the same twice
  for (const auto& [key, ids] : found) {
    if (ids.size() < 2 || !told.insert(ids).second) continue;
    std::vector<Device> same;
    for (const DeviceId& id : ids)
      if (auto device = find_device(tx, tenant, id)) same.push_back(*std::move(device));
    std::ranges::sort(same, std::greater{}, &Device::registration);
    duplicates.push_back({key.first, std::move(same)});
  }
  return duplicates;
}

}  // namespace wardbridge::directory
