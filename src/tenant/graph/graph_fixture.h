// A small tenant behind the Graph face, and how tests ask it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/empty_store.h"
#include "tenant/graph/graph.h"
#include "tenant/intune/intune.h"
#include "tenant/policies/policies.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::graph {

inline const directory::TenantId kTenant{"11111111-1111-1111-1111-111111111111"};
inline const directory::TenantId kOther{"22222222-2222-2222-2222-222222222222"};
inline const std::string kAnn = "aaaaaaaa-0000-0000-0000-000000000001";
inline const std::string kGroup = "bbbbbbbb-0000-0000-0000-000000000001";
inline const std::string kDevice = "dddddddd-0000-0000-0000-000000000001";
inline const std::string kDeviceObject = "eeeeeeee-0000-0000-0000-000000000001";
inline const std::string kPrincipal = "ffffffff-0000-0000-0000-000000000001";
inline const Time kNow = from_unix_seconds(1'800'000'000);
inline const audit::Actor kAdmin{audit::Actor::Kind::user, "admin", "admin@example.org", ""};

// The bearer token of these tests is `<tenant id>~<permission>~<permission>...`; with `person` among them it is a
// person's, and the permissions are scopes.
inline Result<tokens::Caller> caller_of(const http::Request& request) {
  const auto token = request.bearer_token();
  if (!token) return Failure{Code::unauthenticated, "no_token", "Access token is empty."};
  const auto words = text::split(*token, '~');
  if (!text::is_guid(words[0])) return Failure{Code::unauthenticated, "bad_token", "Access token validation failure."};
  tokens::Caller caller;
  caller.tenant = {std::string(words[0])};
  caller.client = {"cccccccc-0000-0000-0000-000000000001"};
  caller.subject = {"cccccccc-0000-0000-0000-000000000002"};
  caller.is_application = true;
  caller.name = "Test client";
  for (std::size_t i = 1; i < words.size(); ++i) {
    caller.roles.emplace_back(words[i]);
    caller.scopes.emplace_back(words[i]);
  }
  if (caller.may("User.Read") || caller.may("person")) {
    caller.is_application = false;
    caller.subject = {kAnn};
  }
  return caller;
}

class Graph : public testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema, policies::kSchema, sign_ins::kSchema,
                                     intune::kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    const Status filled = store_->write([](store::Transaction& tx) { return fill(tx); });
    ASSERT_TRUE(filled.ok()) << filled.failure().message;
    register_routes(router_, {.store = *store_,
                              .entropy = entropy_,
                              .base_url = "https://graph.test",
                              .authenticate = caller_of,
                              .throttle = {.enabled = false}});
    router_.set_fallback(fallback);
  }

  static Status fill(store::Transaction& tx) {
    TRY(directory::create_tenant(tx, {kTenant, "Example", {"example.org"}, kNow}));
    TRY(directory::create_tenant(tx, {kOther, "Other", {"other.org"}, kNow}));
    TRY(directory::create_user(
        tx, kTenant,
        {.id = {kAnn}, .user_principal_name = "Ann@example.org", .display_name = "Ann", .password_hash = "hidden-hash"},
        kAdmin, kNow));
    TRY(directory::create_group(tx, kTenant, {.id = {kGroup}, .display_name = "Staff"}, kAdmin, kNow));
    for (int number = 1; number <= 5; ++number) {
      const std::string digit = std::to_string(number);
      directory::Device device;
      device.id = {kDeviceObject.substr(0, 35) + digit};
      device.device_id = {kDevice.substr(0, 35) + digit};
      device.display_name = "Mac " + digit;
      device.operating_system = "macOS";
      device.registered_owner = {kAnn};
      TRY(directory::create_device(tx, kTenant, device, kAdmin, kNow));
    }
    TRY(directory::set_compliance(tx, kTenant, {kDevice},
                                  {.is_compliant = true,
                                   .is_managed = true,
                                   .expiration = kNow + hours{1},
                                   .mdm_app_id = directory::kIntuneAppId.value,
                                   .partner_id = "p",
                                   .epoch = 1,
                                   .sequence = 1},
                                  kAdmin, kNow));
    TRY(directory::add_member(tx, kTenant, {kGroup}, {kAnn}, kAdmin, kNow));
    TRY(directory::add_member(tx, kTenant, {kGroup}, {kDeviceObject}, kAdmin, kNow));
    TRY(directory::create_application(
        tx, kTenant, {.id = {"app-object"}, .app_id = directory::kIntuneAppId, .display_name = "Intune"}, kAdmin,
        kNow));
    TRY(directory::create_service_principal(tx, kTenant, {{kPrincipal}, directory::kIntuneAppId, "Intune", true},
                                            kAdmin, kNow));
    directory::set_endpoints(tx, kTenant, directory::kIntuneAppId,
                             {{"e1", "sync", "p1", "PartnerTenantDataSyncService", "r1", "https://a"},
                              {"e2", "data", "p2", "PartnerDeviceDataSyncService", "r2", "https://b"}});
    for (int number = 0; number < 3; ++number) {
      sign_ins::SignInRecord record;
      record.id = "sign-in-" + std::to_string(number);
      record.user_principal_name = number == 1 ? "bob@example.org" : "ann@example.org";
      record.error_code = number == 2 ? 53000 : 0;
      record.failure_reason = number == 2 ? "FileVault is off" : "";
      sign_ins::record(tx, kTenant, record, kNow + minutes{number});
    }
    return done();
  }

  http::Response send(std::string method, std::string path, const std::string& permissions, text::Form query = {},
                      std::string body = "", Time at = kNow, const directory::TenantId& tenant = kTenant) {
    http::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = text::to_form(query);
    request.body = std::move(body);
    request.received = at;
    request.id = "request-1";
    request.headers.set("Authorization", "Bearer " + tenant.value + "~" + text::replace_all(permissions, " ", "~"));
    request.headers.set("ConsistencyLevel", "eventual");
    return router_.handle(request);
  }
  json::Object get(const std::string& path, const text::Form& query = {}, Time at = kNow) {
    const http::Response response = send("GET", path, kEverything, query, "", at);
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    auto parsed = json::parse(response.body);
    return parsed.ok() && parsed->is_object() ? parsed->as_object() : json::Object{};
  }
  std::vector<std::string> names(const json::Object& body, std::string_view member = "displayName") {
    std::vector<std::string> found;
    for (const json::Value& item : body.at("value").as_array())
      found.emplace_back(json::text_at(item.as_object(), member).value_or("(null)"));
    return found;
  }
  static std::string error_code(const http::Response& response) {
    const auto parsed = json::parse(response.body);
    CHECK(parsed.ok(), response.body);
    return std::string(parsed->at("error").at("code").as_string());
  }

  inline static const std::string kEverything =
      "Directory.Read.All Directory.ReadWrite.All Application.ReadWrite.All AppRoleAssignment.ReadWrite.All "
      "DelegatedPermissionGrant.ReadWrite.All RoleManagement.ReadWrite.Directory Policy.ReadWrite.ConditionalAccess "
      "AuditLog.Read.All";

  std::unique_ptr<store::Store> store_;
  SeededEntropy entropy_{1};
  http::Router router_{http::Router::Case::insensitive};
};

}  // namespace wardbridge::graph
