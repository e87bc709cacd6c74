#include "tenant/directory/credentials.h"

#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

constexpr Duration kRemembered = days{30};

}  // namespace

Status remove_credential(store::Transaction& tx, const TenantId& tenant, const AppId& app, const std::string& key_id,
                         Credential::Kind kind, const audit::Actor& by, Time now) {
  const auto application = find_application(tx, tenant, app);
  if (!application) return not_found("no_application", "no application has the app id `" + app.value + "`");
  const bool is_certificate = kind == Credential::Kind::certificate;
  if (tx.execute("DELETE FROM directory_application_credential WHERE tenant_id = ? AND app_id = ? AND key_id = ?"
                 " AND is_certificate = ?",
                 {tenant.value, application->app_id.value, id_key(key_id), is_certificate}) == 0)
    return not_found("no_credential", "the application has no credential `" + key_id.substr(0, 64) + "`");
  record_change(tx, tenant,
                {.activity = "Update application - Certificates and secrets management",
                 .object_type = "Application",
                 .object_id = application->id.value,
                 .object_name = application->display_name,
                 .properties = {{"KeyDescription",
                                 json::Object{{"old", json::Object{{"keyId", id_key(key_id)},
                                                                   {"type", is_certificate ? "X509" : "Password"}}}}}}},
                by, now);
  return done();
}

std::vector<ExpiringCredential> expiring_credentials(store::Transaction& tx, const TenantId& tenant, Time until,
                                                     Time now) {
  std::vector<ExpiringCredential> found;
  for (const store::Row& row :
       tx.query("SELECT credential.app_id, application.display_name, credential.key_id, credential.display_name,"
                " credential.is_certificate, credential.hint, credential.thumbprint, credential.valid_from,"
                " credential.valid_until, credential.warned_days FROM directory_application_credential credential"
                " JOIN directory_application application ON application.tenant_id = credential.tenant_id"
                " AND application.app_id = credential.app_id WHERE credential.tenant_id = ?"
                " AND credential.valid_until <= ? AND credential.valid_until > ?"
                " ORDER BY credential.valid_until, credential.app_id, credential.key_id",
                {tenant.value, until, Time{now - kRemembered}})) {
    found.push_back({.app = {row.text(0)},
                     .app_display_name = row.text(1),
                     .credential = {.key_id = row.text(2),
                                    .display_name = row.text(3),
                                    .kind = row.flag(4) ? Credential::Kind::certificate : Credential::Kind::secret,
                                    .hint = row.text(5),
                                    .thumbprint = row.text(6),
                                    .start = row.time(7),
                                    .end = row.time(8)},
                     .warned_days = static_cast<int>(row.integer(9))});
  }
  return found;
}

void remember_warning(store::Transaction& tx, const TenantId& tenant, const ExpiringCredential& credential,
                      int warned_days) {
  tx.execute(
      "UPDATE directory_application_credential SET warned_days = ? WHERE tenant_id = ? AND app_id = ? AND key_id = ?",
      {warned_days, tenant.value, credential.app.value, credential.credential.key_id});
}

}  // namespace wardbridge::directory
