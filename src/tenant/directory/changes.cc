#include "tenant/directory/directory.h"

namespace wardbridge::directory {
namespace {

// The audit table is shared by all tenants of a store; its rows say whose they are under this name.
constexpr std::string_view kTenantMember = "tenantId";
constexpr std::string_view kPropertiesMember = "properties";

// What application_book.h keeps in memory. Law 9 sees to it that nothing of this changes without coming through here.
bool concerns_applications(const Change& change) {
  return change.object_type == "Application" || change.object_type == "ServicePrincipal" ||
         change.object_type == "Directory";
}

void move_revision(store::Transaction& tx, const Change& change, Time now) {
  tx.post("UPDATE directory_application_revision SET number = number + 1, fingerprint = ? WHERE id = 1",
          {change.object_id + "|" + change.activity + "|" + std::to_string(to_unix_milliseconds(now))});
}

}  // namespace

void record_change(store::Transaction& tx, const TenantId& tenant, Change change, const audit::Actor& by, Time now) {
  if (concerns_applications(change)) move_revision(tx, change, now);
  json::Object details;
  details[kTenantMember] = tenant.value;
  details[kPropertiesMember] = std::move(change.properties);
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = std::move(change.activity),
                     .object_type = std::move(change.object_type),
                     .object_id = std::move(change.object_id),
                     .object_name = std::move(change.object_name),
                     .details = std::move(details)});
}

std::vector<audit::StoredEntry> audit_rows(store::Transaction& tx, const TenantId& tenant, int limit,
                                           std::optional<std::int64_t> before_sequence) {
  constexpr int kBatch = 500;
  std::vector<audit::StoredEntry> found;
  while (static_cast<int>(found.size()) < limit) {
    std::vector<audit::StoredEntry> batch = audit::list(tx, "", "", kBatch, before_sequence);
    for (audit::StoredEntry& row : batch) {
      if (static_cast<int>(found.size()) == limit) break;
      if (json::text_at(row.entry.details, kTenantMember) != tenant.value) continue;
      const json::Object* properties = json::object_at(row.entry.details, kPropertiesMember);
      json::Object details = properties ? *properties : json::Object{};
      row.entry.details = std::move(details);
      found.push_back(row);
    }
    if (batch.size() < static_cast<std::size_t>(kBatch)) break;
    before_sequence = batch.back().sequence;
  }
  return found;
}

}  // namespace wardbridge::directory
