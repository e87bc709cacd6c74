#include "tenant/directory/second_factors.h"

#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

void record_factor_change(store::Transaction& tx, const TenantId& tenant, const char* activity, const ObjectId& user,
                          json::Object properties, const audit::Actor& by, Time now) {
  const auto person = find_user(tx, tenant, user);
  record_change(tx, tenant,
                {.activity = activity,
                 .object_type = "User",
                 .object_id = id_key(user.value),
                 .object_name = person ? person->user_principal_name : "",
                 .properties = std::move(properties)},
                by, now);
}

void drop(store::Transaction& tx, const TenantId& tenant, const ObjectId& user) {
  tx.execute("DELETE FROM directory_second_factor WHERE tenant_id = ? AND user_id = ?",
             {tenant.value, id_key(user.value)});
  tx.execute("DELETE FROM directory_recovery_code WHERE tenant_id = ? AND user_id = ?",
             {tenant.value, id_key(user.value)});
}

}  // namespace

std::optional<SecondFactor> find_second_factor(store::Transaction& tx, const TenantId& tenant, const ObjectId& user) {
  auto row = tx.query_one(
      "SELECT sealed_secret, last_step, created FROM directory_second_factor WHERE tenant_id = ? AND user_id = ?",
      {tenant.value, id_key(user.value)});
  if (!row) return std::nullopt;
  return SecondFactor{row->text(0), row->integer(1), row->time(2)};
}

Status set_second_factor(store::Transaction& tx, const TenantId& tenant, const ObjectId& user,
                         const SecondFactor& factor, const std::vector<std::string>& recovery_code_hashes,
                         const audit::Actor& by, Time now) {
  const bool had_one = find_second_factor(tx, tenant, user).has_value();
  drop(tx, tenant, user);
  tx.execute(
      "INSERT INTO directory_second_factor (tenant_id, user_id, sealed_secret, last_step, created)"
      " VALUES (?, ?, ?, ?, ?)",
      {tenant.value, id_key(user.value), factor.sealed_secret, factor.last_step, now});
  for (const std::string& hash : recovery_code_hashes)
    tx.execute("INSERT INTO directory_recovery_code (tenant_id, user_id, code_hash) VALUES (?, ?, ?)",
               {tenant.value, id_key(user.value), hash});
  record_factor_change(tx, tenant, had_one ? "User changed default security info" : "User registered security info",
                       user, {{"Method", json::Object{{"new", "softwareOneTimePasscode"}}}}, by, now);
  return done();
}

Status remove_second_factor(store::Transaction& tx, const TenantId& tenant, const ObjectId& user,
                            const audit::Actor& by, Time now) {
  if (!find_second_factor(tx, tenant, user))
    return not_found("no_factor", "the user `" + user.value + "` has no second factor");
  drop(tx, tenant, user);
  record_factor_change(tx, tenant, "Admin deleted security info", user,
                       {{"Method", json::Object{{"old", "softwareOneTimePasscode"}}}}, by, now);
  return done();
}

bool use_step(store::Transaction& tx, const TenantId& tenant, const ObjectId& user, std::int64_t step) {
  // Of several at the same time, exactly one moves it forward.
  return tx.execute(
             "UPDATE directory_second_factor SET last_step = ? WHERE tenant_id = ? AND user_id = ? AND last_step < ?",
             {step, tenant.value, id_key(user.value), step}) == 1;
}

bool use_recovery_code(store::Transaction& tx, const TenantId& tenant, const ObjectId& user,
                       const std::string& code_hash, const audit::Actor& by, Time now) {
  if (tx.execute("DELETE FROM directory_recovery_code WHERE tenant_id = ? AND user_id = ? AND code_hash = ?",
                 {tenant.value, id_key(user.value), code_hash}) != 1)
    return false;
  record_factor_change(tx, tenant, "User used a recovery code", user, {}, by, now);
  return true;
}

}  // namespace wardbridge::directory
