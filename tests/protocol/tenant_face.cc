#include "protocol/tenant_face.h"

#include "tenant/directory/consent.h"
#include "tenant/oauth/operator_routes.h"
#include "support/empty_store.h"
#include "tenant/policies/policies.h"
#include "tenant/registration/registration.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::protocol {

TenantFace::TenantFace(const Clock& clock)
    : clock_(clock),
      store_(test_support::empty_store()),
      authority_(*store_, sealer_, entropy_, kFace),
      certificates_(*store_, sealer_, entropy_) {
  const store::Schema schemas[] = {audit::kSchema,  directory::kSchema,    policies::kSchema, sign_ins::kSchema,
                                   tokens::kSchema, registration::kSchema, oauth::kSchema,    intune::kSchema};
  EXPECT_TRUE(store_->migrate(schemas).ok());
  Status filled = store_->write([&](store::Transaction& tx) { return fill(tx); });
  EXPECT_TRUE(filled.ok()) << (filled.ok() ? "" : filled.failure().message);
  oauth::register_routes(
      router_,
      {.store = *store_, .tokens = authority_, .certificates = certificates_, .entropy = entropy_, .sealer = sealer_});
  graph::register_routes(
      router_,
      {.store = *store_, .entropy = entropy_, .base_url = kFace, .authenticate = [this](const http::Request& request) {
         return authority_.authenticate(request, directory::kGraphAppId);
       }});
  intune::register_routes(router_, {.store = *store_, .authority = authority_, .entropy = entropy_});
  registration::register_routes(
      router_, {.store = *store_, .tokens = authority_, .certificates = certificates_, .entropy = entropy_});
  oauth::register_operator_routes(router_, *store_, authority_);
}

Status TenantFace::fill(store::Transaction& tx) {
  Time now = clock_.now();
  TRY(directory::create_tenant(tx, {kTenant, "Contoso", {"contoso.example"}, now}));
  TRY(tokens::bootstrap_first_party(tx, kTenant, kFace, entropy_, {}, now));
  intune::publish_endpoints(tx, kTenant, kFace, intune::Options{}.base_path, entropy_);
  for (const directory::AppId& app : {kPartnerApp, kRivalApp})
    TRY(add_application(tx, app, {"update_device_attributes", "manage_partner_compliance_policy"}));
  TRY(add_application(tx, kPowerlessApp, {}));
  TRY(add_application(tx, kManualApp, {"update_device_attributes"}));
  TRY(add_application(tx, kConsoleApp, {}));
  for (const char* role : {"DeviceManagementServiceConfig.ReadWrite.All",
                           "DeviceManagementManagedDevices.ReadWrite.All", "Group.Read.All", "AuditLog.Read.All"}) {
    TRY(directory::grant_app_role(tx, kTenant, kConsoleApp, directory::kGraphAppId,
                                  tokens::first_party_role(directory::kGraphAppId, role).value(), {}, now));
  }
  TRY(add_application(tx, kVerdictsOnlyApp, {"update_device_attributes"}));
  TRY(directory::create_group(tx, kTenant, {.id = {kGroup}, .display_name = "Mac users"}, {}, now));
  TRY(directory::create_user(
      tx, kTenant, {.id = {kUser}, .user_principal_name = "ada@contoso.example", .display_name = "Ada"}, {}, now));
  TRY(directory::add_member(tx, kTenant, {kGroup}, {kUser}, {}, now));
  for (const std::string& id : {kDevice, kOtherDevice}) {
    TRY(directory::create_device(tx, kTenant, new_device(id, kUser), {}, now));
  }
  return done();
}

directory::Device TenantFace::new_device(const std::string& id, const std::string& owner) {
  directory::Device device;
  device.id = {entropy_.guid()};
  device.device_id = {id};
  device.display_name = "unnamed";
  device.operating_system = "macOS";
  device.registered_owner = {owner};
  return device;
}

json::Value TenantFace::administrate(const std::string& method, const std::string& path, const json::Value& body,
                                     int expected_status) {
  auto& [token, fetched] = tokens_[kConsoleApp];
  if (token.empty() || clock_.now() > fetched + minutes{30} || clock_.now() < fetched) {
    token = token_of(kConsoleApp, "https://graph.microsoft.com/.default");
    fetched = clock_.now();
  }
  http::Response response =
      send({.method = method,
            .url = kFace + "/v1.0" + path,
            .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
            .body = body.is_null() ? "" : json::to_text(body)},
           seconds{10})
          .value();
  EXPECT_EQ(response.status, expected_status) << method << " " << path << ": " << response.body;
  return json::parse(response.body).value_or(nullptr);
}

json::Object TenantFace::device_partner() {
  return administrate("GET", "/deviceManagement/deviceManagementPartners").at("value").at(0).as_object();
}

void TenantFace::save_device_partner(const json::Object& patch, int expected_status) {
  std::string id(device_partner().at("id").as_string());
  administrate("PATCH", "/deviceManagement/deviceManagementPartners/" + id, patch, expected_status);
}

void TenantFace::grant(const directory::AppId& app, const directory::AppId& resource, const char* role) {
  Status granted = store_->write([&](store::Transaction& tx) {
    return directory::grant_app_role(tx, kTenant, app, resource, tokens::first_party_role(resource, role).value(), {},
                                     clock_.now());
  });
  EXPECT_TRUE(granted.ok());
}

void TenantFace::add_manual_application(const directory::AppId& app, Time secret_end) {
  Status added = store_->write(
      [&](store::Transaction& tx) { return add_application(tx, app, {"update_device_attributes"}, secret_end); });
  EXPECT_TRUE(added.ok());
}

void TenantFace::add_secret(const directory::AppId& app, const std::string& secret, Time end) {
  Status added = store_->write([&](store::Transaction& tx) {
    return directory::add_credential(tx, kTenant, app,
                                     {.key_id = entropy_.guid(),
                                      .display_name = "secret",
                                      .secret_hash = crypto::hash_token(secret),
                                      .start = clock_.now() - days{1},
                                      .end = end},
                                     {}, clock_.now());
  });
  EXPECT_TRUE(added.ok());
}

void TenantFace::add_device(const std::string& id, const std::string& owner) {
  Status added = store_->write([&](store::Transaction& tx) {
    return directory::create_device(tx, kTenant, new_device(id, owner), {}, clock_.now());
  });
  EXPECT_TRUE(added.ok());
}

std::string TenantFace::add_person(const std::string& user_principal_name, const std::string& password) {
  directory::User user{.id = {entropy_.guid()},
                       .user_principal_name = user_principal_name,
                       .display_name = user_principal_name,
                       .password_hash = crypto::hash_password(password, entropy_, {.memory_kib = 1024, .passes = 1})};
  Status added = store_->write(
      [&](store::Transaction& tx) { return directory::create_user(tx, kTenant, user, {}, clock_.now()); });
  EXPECT_TRUE(added.ok());
  return user.id.value;
}

void TenantFace::add_public_application(const std::string& app, const std::string& redirect_uri,
                                        const std::string& identifier_uri) {
  Status added = store_->write([&](store::Transaction& tx) -> Status {
    directory::Application application{.id = {entropy_.guid()}, .app_id = {app}, .display_name = "Application " + app};
    application.is_public_client = true;
    application.public_client_redirect_uris = {redirect_uri};
    if (!identifier_uri.empty()) {
      application.identifier_uris = {identifier_uri};
      application.scopes = {{entropy_.guid(), "user_impersonation"}};
    }
    TRY(directory::create_application(tx, kTenant, application, {}, clock_.now()));
    return directory::create_service_principal(
        tx, kTenant, {{entropy_.guid()}, application.app_id, application.display_name, true}, {}, clock_.now());
  });
  EXPECT_TRUE(added.ok());
}

void TenantFace::consent(const std::string& app, Consent kind, const std::string& user) {
  if (kind == Consent::none) return;
  Status given = store_->write([&](store::Transaction& tx) {
    return kind == Consent::administrators
               ? directory::grant_scopes(tx, kTenant, {app}, directory::kGraphAppId, "User.Read", {}, clock_.now())
               : directory::grant_user_scopes(tx, kTenant, {app}, directory::kGraphAppId, {user}, "User.Read", {},
                                              clock_.now());
  });
  EXPECT_TRUE(given.ok());
}

void TenantFace::add_to_group(const std::string& group, const std::string& member) {
  Status added = store_->write(
      [&](store::Transaction& tx) { return directory::add_member(tx, kTenant, {group}, {member}, {}, clock_.now()); });
  EXPECT_TRUE(added.ok());
}

std::string TenantFace::add_group(const std::string& name) {
  directory::Group group{.id = {entropy_.guid()}, .display_name = name};
  Status added = store_->write(
      [&](store::Transaction& tx) { return directory::create_group(tx, kTenant, group, {}, clock_.now()); });
  EXPECT_TRUE(added.ok());
  return group.id.value;
}

std::vector<directory::Device> TenantFace::devices_of(const std::string& user) {
  return store_
      ->read([&](store::Transaction& tx) -> Result<std::vector<directory::Device>> {
        return directory::devices_of_user(tx, kTenant, {user});
      })
      .value();
}

void TenantFace::remove_application(const std::string& app) {
  Status removed = store_->write([&](store::Transaction& tx) -> Status {
    TRY(directory::delete_service_principal(tx, kTenant, {app}, {}, clock_.now()));
    return directory::delete_application(tx, kTenant, {app}, {}, clock_.now());
  });
  EXPECT_TRUE(removed.ok());
}

void TenantFace::remove_service_principal(const directory::AppId& app) {
  Status removed = store_->write(
      [&](store::Transaction& tx) { return directory::delete_service_principal(tx, kTenant, app, {}, clock_.now()); });
  EXPECT_TRUE(removed.ok());
}

std::string TenantFace::require_compliant_macs(const std::string& app, const std::vector<std::string>& except) {
  if (!may_write_policies_) {
    for (const char* role : {"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"})
      grant(kConsoleApp, directory::kGraphAppId, role);
    tokens_.erase(kConsoleApp);
    may_write_policies_ = true;
  }
  json::Value made = administrate(
      "POST", "/identity/conditionalAccess/policies",
      json::Object{
          {"displayName", except.empty() ? "Only compliant Macs" : "Only compliant Macs, but to register"},
          {"state", "enabled"},
          {"conditions",
           json::Object{{"users", json::Object{{"includeUsers", json::Array{"All"}}}},
                        {"applications", json::Object{{"includeApplications", json::Array{json::Value(app)}},
                                                      {"excludeApplications", json::to_array(except)}}},
                        {"clientAppTypes", json::Array{"all"}}}},
          {"grantControls", json::Object{{"operator", "OR"}, {"builtInControls", json::Array{"compliantDevice"}}}}},
      201);
  return std::string(made.at("id").as_string());
}

std::string TenantFace::duplicate_devices() {
  grant(kConsoleApp, directory::kGraphAppId, "Device.Read.All");
  std::string token = token_of(kConsoleApp, "https://graph.microsoft.com/.default");
  http::Response response = send({.url = kFace + "/" + kTenant.value + "/wardbridge/duplicateDevices",
                                  .headers = {{"Authorization", "Bearer " + token}}},
                                 seconds{10})
                                .value();
  EXPECT_EQ(response.status, 200) << response.body;
  return response.body;
}

std::int64_t TenantFace::remove_due_devices(int most) {
  return store_
      ->write([&](store::Transaction& tx) -> Result<std::int64_t> {
        return intune::remove_due_devices(tx, kTenant, most, clock_.now());
      })
      .value();
}

Status TenantFace::add_application(store::Transaction& tx, const directory::AppId& app,
                                   const std::vector<const char*>& intune_roles, Time secret_end) {
  Time now = clock_.now();
  TRY(directory::create_application(
      tx, kTenant, {.id = {entropy_.guid()}, .app_id = app, .display_name = "Partner " + app.value}, {}, now));
  TRY(directory::create_service_principal(tx, kTenant, {{entropy_.guid()}, app, "Partner " + app.value, true}, {},
                                          now));
  TRY(directory::add_credential(tx, kTenant, app,
                                {.key_id = entropy_.guid(),
                                 .display_name = "secret",
                                 .secret_hash = crypto::hash_token(kSecret),
                                 .start = now - days{1},
                                 .end = secret_end},
                                {}, now));
  auto grant = [&](const directory::AppId& resource, const char* role) {
    return directory::grant_app_role(tx, kTenant, app, resource, tokens::first_party_role(resource, role).value(), {},
                                     now);
  };
  TRY(grant(directory::kGraphAppId, "Application.Read.All"));
  for (const char* role : intune_roles) TRY(grant(directory::kIntuneApiAppId, role));
  return done();
}

Result<http::Response> TenantFace::send(const http::OutboundRequest& request, Duration) {
  http::Url url = TRY(http::parse_url(request.url));
  http::Request inbound;
  inbound.method = request.method;
  inbound.path = url.path;
  inbound.query = url.query;
  inbound.headers = request.headers;
  inbound.body = request.body;
  inbound.id = "77777777-7777-4777-8777-777777777777";
  inbound.received = clock_.now();
  return router_.handle(std::move(inbound));
}

std::string TenantFace::token_of(const directory::AppId& app, const std::string& scope) {
  auto response = send({.method = "POST",
                        .url = kFace + "/" + kTenant.value + "/oauth2/v2.0/token",
                        .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                        .body = text::to_form({{"client_id", app.value},
                                               {"scope", scope},
                                               {"client_secret", kSecret},
                                               {"grant_type", "client_credentials"}})},
                       seconds{10});
  EXPECT_TRUE(response.ok() && response->status == 200) << (response.ok() ? response->body : "");
  auto body = json::parse(response->body);
  return body.ok() && body->is_object() ? std::string(json::text_at(body->get_object(), "access_token").value_or(""))
                                        : "";
}

http::Response TenantFace::call(const std::string& method, const std::string& path, const std::string& body,
                                const directory::AppId& app) {
  // Signing takes most of the time of a test: a token is used for half its life.
  auto& [token, fetched] = tokens_[app];
  if (token.empty() || clock_.now() > fetched + minutes{30} || clock_.now() < fetched) {
    token = token_of(app, "https://api.manage.microsoft.com//.default");
    fetched = clock_.now();
  }
  return send({.method = method,
               .url = kFace + path,
               .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
               .body = body},
              seconds{10})
      .value();
}

std::optional<directory::Device> TenantFace::device(const std::string& id) {
  return store_
      ->read([&](store::Transaction& tx) -> Result<std::optional<directory::Device>> {
        return directory::find_device(tx, kTenant, {id});
      })
      .value();
}

std::vector<intune::Policy> TenantFace::policies(const directory::AppId& app) {
  return store_
      ->read([&](store::Transaction& tx) -> Result<std::vector<intune::Policy>> {
        return intune::policies(tx, kTenant, app);
      })
      .value();
}

intune::PartnerState TenantFace::partner_state() {
  auto partner = store_
                     ->read([&](store::Transaction& tx) -> Result<std::optional<intune::Partner>> {
                       return intune::find_partner(tx, kTenant, kPartnerApp);
                     })
                     .value();
  if (!partner) return intune::PartnerState::unknown;
  return intune::state_at(*partner, clock_.now(), intune::Options{}.unresponsive_after);
}

}  // namespace wardbridge::protocol
