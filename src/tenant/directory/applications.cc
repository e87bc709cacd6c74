// Application registrations and their credentials.
#include "tenant/directory/consent.h"
#include "tenant/directory/directory.h"
#include "tenant/directory/documents.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

// The lists of an application are kept as one document: they are read and written whole.
json::Object to_document(const Application& application) {
  json::Array roles;
  for (const AppRole& role : application.app_roles)
    roles.push_back(json::Object{{"id", role.id}, {"value", role.value}, {"displayName", role.display_name}});
  json::Array scopes;
  for (const PermissionScope& scope : application.scopes)
    scopes.push_back(json::Object{{"id", scope.id}, {"value", scope.value}});
  json::Array required;
  for (const RequiredPermission& permission : application.required)
    required.push_back(json::Object{
        {"resource", permission.resource.value}, {"id", permission.permission_id}, {"isRole", permission.is_role}});
  return {{"signInAudience", application.sign_in_audience},
          {"identifierUris", json::to_array(application.identifier_uris)},
          {"webRedirectUris", json::to_array(application.web_redirect_uris)},
          {"publicClientRedirectUris", json::to_array(application.public_client_redirect_uris)},
          {"spaRedirectUris", json::to_array(application.spa_redirect_uris)},
          {"isPublicClient", application.is_public_client},
          {"allowsDeviceCode", application.allows_device_code},
          {"acceptsTokenEndpointAudience", application.accepts_token_endpoint_audience},
          {"appRoles", std::move(roles)},
          {"scopes", std::move(scopes)},
          {"required", std::move(required)},
          {"description", application.description},
          {"notes", application.notes},
          {"homePageUrl", application.home_page_url},
          {"logoutUrl", application.logout_url},
          {"tags", json::to_array(application.tags)}};
}

std::string text_of(const json::Object& object, std::string_view key) {
  return std::string(json::text_at(object, key).value_or(""));
}

std::vector<std::string> texts_of(const json::Object& object, std::string_view key) {
  return json::optional_texts(object, key).value_or({});
}

template <class Take>
void for_each_object(const json::Object& document, std::string_view key, Take take) {
  const json::Array* items = json::array_at(document, key);
  if (!items) return;
  for (const json::Value& item : *items) take(item.as_object());
}

Application application_from(const store::Row& row) {
  auto parsed = json::parse(row.text(4));
  CHECK(parsed.ok(), "an application's document is written by this file alone");
  const json::Object& document = parsed->as_object();
  Application application{
      .id = {row.text(1)},
      .app_id = {row.text(0)},
      .display_name = row.text(2),
      .sign_in_audience = text_of(document, "signInAudience"),
      .identifier_uris = texts_of(document, "identifierUris"),
      .web_redirect_uris = texts_of(document, "webRedirectUris"),
      .public_client_redirect_uris = texts_of(document, "publicClientRedirectUris"),
      .spa_redirect_uris = texts_of(document, "spaRedirectUris"),
      .is_public_client = json::bool_at(document, "isPublicClient").value_or(false),
      .app_roles = {},
      .scopes = {},
      .required = {},
      .allows_device_code = json::bool_at(document, "allowsDeviceCode").value_or(false),
      .accepts_token_endpoint_audience = json::bool_at(document, "acceptsTokenEndpointAudience").value_or(false),
      .created = row.time(3),
      .description = text_of(document, "description"),
      .notes = text_of(document, "notes"),
      .home_page_url = text_of(document, "homePageUrl"),
      .logout_url = text_of(document, "logoutUrl"),
      .tags = texts_of(document, "tags")};
  for_each_object(document, "appRoles", [&](const json::Object& role) {
    application.app_roles.push_back({text_of(role, "id"), text_of(role, "value"), text_of(role, "displayName")});
  });
  for_each_object(document, "scopes", [&](const json::Object& scope) {
    application.scopes.push_back({text_of(scope, "id"), text_of(scope, "value")});
  });
  for_each_object(document, "required", [&](const json::Object& permission) {
    application.required.push_back({AppId{text_of(permission, "resource")}, text_of(permission, "id"),
                                    json::bool_at(permission, "isRole").value_or(false)});
  });
  return application;
}

#define SELECT_APPLICATION \
  "SELECT app_id, id, display_name, created, document FROM directory_application WHERE tenant_id = ?"

#define SELECT_CREDENTIAL                                                                                             \
  "SELECT app_id, key_id, display_name, is_certificate, secret_hash, hint, certificate_pem, thumbprint, valid_from, " \
  "valid_until FROM directory_application_credential WHERE tenant_id = ?"

Credential credential_from(const store::Row& row) {
  return {.key_id = row.text(1),
          .display_name = row.text(2),
          .kind = row.flag(3) ? Credential::Kind::certificate : Credential::Kind::secret,
          .secret_hash = row.text(4),
          .hint = row.text(5),
          .certificate_pem = row.text(6),
          .thumbprint = row.text(7),
          .start = row.time(8),
          .end = row.time(9)};
}

Failure no_application(const AppId& id) {
  return not_found("no_application", "no application has the app id `" + id.value + "`");
}

Status claim_uris(store::Transaction& tx, const TenantId& tenant, const Application& application) {
  for (const std::string& uri : application.identifier_uris) {
    if (tx.execute("INSERT INTO directory_application_uri (tenant_id, uri_key, app_id) VALUES (?, ?, ?)"
                   " ON CONFLICT DO NOTHING",
                   {tenant.value, uri_key(uri), id_key(application.app_id.value)}) == 0)
      return conflict("already_exists", "the identifier URI `" + uri + "` already belongs to an application");
  }
  return done();
}

}  // namespace

Status create_application(store::Transaction& tx, const TenantId& tenant, const Application& application,
                          const audit::Actor& by, Time now) {
  const std::string app_key = id_key(application.app_id.value);
  if (tx.execute("INSERT INTO directory_application (tenant_id, app_id, id, display_name, created, document)"
                 " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, app_key, id_key(application.id.value), application.display_name, application.created,
                  json::to_text(to_document(application))}) == 0)
    return conflict("already_exists", "an application with the app id `" + app_key + "` already exists");
  TRY(claim_uris(tx, tenant, application));
  record_change(
      tx, tenant,
      {.activity = "Add application",
       .object_type = "Application",
       .object_id = id_key(application.id.value),
       .object_name = application.display_name,
       .properties = {{"AppId", json::Object{{"new", app_key}}},
                      {"AppIdentifierUri", json::Object{{"new", json::to_array(application.identifier_uris)}}}}},
      by, now);
  return done();
}

std::optional<Application> find_application(store::Transaction& tx, const TenantId& tenant, const AppId& id) {
  auto row = tx.query_one(SELECT_APPLICATION " AND app_id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return application_from(*row);
}

std::optional<Application> find_application_by_object_id(store::Transaction& tx, const TenantId& tenant,
                                                         const ObjectId& id) {
  auto row = tx.query_one(SELECT_APPLICATION " AND id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return application_from(*row);
}

std::vector<Application> applications(store::Transaction& tx, const TenantId& tenant) {
  std::vector<Application> found;
  for (const store::Row& row : tx.query(SELECT_APPLICATION " ORDER BY display_name, app_id", {tenant.value}))
    found.push_back(application_from(row));
  return found;
}

Status update_application(store::Transaction& tx, const TenantId& tenant, const Application& application,
                          const audit::Actor& by, Time now) {
  const auto before = find_application(tx, tenant, application.app_id);
  if (!before) return no_application(application.app_id);
  json::Object old_document = to_document(*before);
  json::Object new_document = to_document(application);
  old_document["displayName"] = before->display_name;
  new_document["displayName"] = application.display_name;
  json::Object properties;
  note_differences(properties, old_document, new_document);
  if (properties.empty()) return done();
  new_document.erase("displayName");
  tx.post("UPDATE directory_application SET display_name = ?, document = ? WHERE tenant_id = ? AND app_id = ?",
          {application.display_name, json::to_text(new_document), tenant.value, before->app_id.value});
  tx.post("DELETE FROM directory_application_uri WHERE tenant_id = ? AND app_id = ?",
          {tenant.value, before->app_id.value});
  TRY(claim_uris(tx, tenant, application));
  record_change(tx, tenant,
                {.activity = "Update application",
                 .object_type = "Application",
                 .object_id = before->id.value,
                 .object_name = application.display_name,
                 .properties = std::move(properties)},
                by, now);
  return done();
}

Status delete_application(store::Transaction& tx, const TenantId& tenant, const AppId& id, const audit::Actor& by,
                          Time now) {
  const auto application = find_application(tx, tenant, id);
  if (!application) return no_application(id);
  if (find_service_principal(tx, tenant, id)) TRY(delete_service_principal(tx, tenant, id, by, now));
  for (const char* table : {"directory_application_credential", "directory_application_uri", "directory_application"})
    tx.post("DELETE FROM " + std::string(table) + " WHERE tenant_id = ? AND app_id = ?",
            {tenant.value, application->app_id.value});
  record_change(tx, tenant,
                {.activity = "Delete application",
                 .object_type = "Application",
                 .object_id = application->id.value,
                 .object_name = application->display_name,
                 .properties = {}},
                by, now);
  return done();
}

std::optional<Application> find_resource(store::Transaction& tx, const TenantId& tenant,
                                         std::string_view app_id_or_uri) {
  const std::string key = uri_key(app_id_or_uri);
  if (key.empty()) return std::nullopt;
  if (auto by_id = find_present_application(tx, tenant, AppId{key})) return by_id;
  std::vector<Application> foreign;
  for (const store::Row& row :
       tx.query("SELECT tenant_id, app_id FROM directory_application_uri WHERE uri_key = ?", {key})) {
    if (row.text(0) == tenant.value) return find_application(tx, tenant, AppId{row.text(1)});
    auto present = find_present_application(tx, tenant, AppId{row.text(1)});
    // An application of that id that is the tenant's own goes by its own names.
    if (present && !find_application(tx, tenant, present->app_id)) foreign.push_back(*std::move(present));
  }
  if (foreign.size() != 1) return std::nullopt;
  return std::move(foreign.front());
}

Status add_credential(store::Transaction& tx, const TenantId& tenant, const AppId& app, const Credential& credential,
                      const audit::Actor& by, Time now) {
  const auto application = find_application(tx, tenant, app);
  if (!application) return no_application(app);
  const bool is_certificate = credential.kind == Credential::Kind::certificate;
  if (tx.execute("INSERT INTO directory_application_credential (tenant_id, app_id, key_id, display_name,"
                 " is_certificate, secret_hash, hint, certificate_pem, thumbprint, valid_from, valid_until)"
                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 {tenant.value, application->app_id.value, id_key(credential.key_id), credential.display_name,
                  is_certificate, credential.secret_hash, credential.hint, credential.certificate_pem,
                  credential.thumbprint, credential.start, credential.end}) == 0)
    return conflict("already_exists", "the application already has a credential `" + credential.key_id + "`");
  record_change(tx, tenant,
                {.activity = "Update application - Certificates and secrets management",
                 .object_type = "Application",
                 .object_id = application->id.value,
                 .object_name = application->display_name,
                 .properties = {{"KeyDescription",
                                 json::Object{{"new", json::Object{{"keyId", id_key(credential.key_id)},
                                                                   {"type", is_certificate ? "X509" : "Password"},
                                                                   {"displayName", credential.display_name}}}}}}},
                by, now);
  return done();
}

std::vector<Credential> credentials(store::Transaction& tx, const TenantId& tenant, const AppId& app) {
  std::vector<Credential> found;
  for (const store::Row& row :
       tx.query(SELECT_CREDENTIAL " AND app_id = ? ORDER BY valid_from, key_id", {tenant.value, id_key(app.value)}))
    found.push_back(credential_from(row));
  return found;
}

std::vector<ApplicationCredential> credentials(store::Transaction& tx, const TenantId& tenant) {
  std::vector<ApplicationCredential> found;
  for (const store::Row& row : tx.query(SELECT_CREDENTIAL " ORDER BY app_id, valid_from, key_id", {tenant.value}))
    found.push_back({{row.text(0)}, credential_from(row)});
  return found;
}

}  // namespace wardbridge::directory
