#include "tenant/sign_ins/sign_ins.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "tenant/sign_ins/document.h"

namespace wardbridge::sign_ins {

SignInRecord from_decision(const access::SignIn& sign_in, const access::Decision& decision) {
  SignInRecord record;
  record.user_id = sign_in.user_id;
  record.app_id = sign_in.client_app_id;
  record.resource_id = sign_in.resource_app_id;
  record.client_app_used = sign_in.client_app_type;
  record.operating_system = sign_in.platform;
  record.error_code = decision.error_code;
  record.failure_reason = decision.reason;
  record.policies = decision.policies;
  if (sign_in.device) {
    const access::SignIn::DeviceClaim& device = *sign_in.device;
    record.device = SignInRecord::DeviceDetail{
        .device_id = device.device_id,
        .display_name = device.display_name,
        .is_compliant = device.is_compliant,
        .is_managed = device.is_managed,
    };
  }
  return record;
}

void record(store::Transaction& tx, const directory::TenantId& tenant, SignInRecord record, Time now) {
  record.created = now;
  tx.post("INSERT INTO sign_in (tenant_id, sequence, id, created, document) VALUES (?, ?, ?, ?, ?)",
          {tenant.value, store::NextId{"sign_in"}, record.id, now, json::to_text(to_document(record))});
}

std::optional<SignInRecord> find(store::Transaction& tx, const directory::TenantId& tenant, const std::string& id) {
  auto row = tx.query_one("SELECT document FROM sign_in WHERE tenant_id = ? AND id = ?", {tenant.value, id});
  if (!row) return std::nullopt;
  return from_document(row->text(0));
}

std::vector<NumberedRecord> list_numbered(store::Transaction& tx, const directory::TenantId& tenant, int limit,
                                          std::optional<std::int64_t> cursor) {
  CHECK(limit > 0);
  std::vector<NumberedRecord> found;
  for (const store::Row& row : tx.query(
           "SELECT sequence, document FROM sign_in WHERE tenant_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?",
           {tenant.value, cursor.value_or(std::numeric_limits<std::int64_t>::max()), limit}))
    found.push_back({row.integer(0), from_document(row.text(1))});
  return found;
}

Page list(store::Transaction& tx, const directory::TenantId& tenant, int limit, std::optional<std::int64_t> cursor) {
  // One more than asked for tells whether there is another page.
  std::vector<NumberedRecord> found = list_numbered(tx, tenant, limit + 1, cursor);
  Page page;
  if (found.size() > static_cast<std::size_t>(limit)) {
    found.pop_back();
    page.cursor = found.back().sequence;
  }
  for (NumberedRecord& one : found) page.records.push_back(std::move(one.record));
  return page;
}

}  // namespace wardbridge::sign_ins
