#include "tenant/graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tenant/graph/routes.h"
#include "tenant/policies/policies.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::graph {
namespace {

using testing::HasSubstr;

const directory::TenantId kTenant{"11111111-1111-1111-1111-111111111111"};
const directory::TenantId kOther{"22222222-2222-2222-2222-222222222222"};
const std::string kAnn = "aaaaaaaa-0000-0000-0000-000000000001";
const std::string kGroup = "bbbbbbbb-0000-0000-0000-000000000001";
const std::string kDevice = "dddddddd-0000-0000-0000-000000000001";
const std::string kDeviceObject = "eeeeeeee-0000-0000-0000-000000000001";
const std::string kPrincipal = "ffffffff-0000-0000-0000-000000000001";
const Time kNow = from_unix_seconds(1'800'000'000);
const audit::Actor kAdmin{audit::Actor::Kind::user, "admin", "admin@example.org", ""};

// The bearer token of these tests is `<tenant id>~<permission>~<permission>...`.
Result<tokens::Caller> caller_of(const http::Request& request) {
  const auto token = request.bearer_token();
  if (!token) return Failure{Code::unauthenticated, "no_token", "Access token is empty."};
  const auto words = text::split(*token, '~');
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
  if (caller.may("User.Read")) {  // a person's token
    caller.is_application = false;
    caller.subject = {kAnn};
  }
  return caller;
}

class Graph : public testing::Test {
 protected:
  void SetUp() override {
    store_ = store::open_sqlite({.path = ":memory:"}).value();
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema, policies::kSchema, sign_ins::kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    const Status filled = store_->write([](store::Transaction& tx) { return fill(tx); });
    ASSERT_TRUE(filled.ok()) << filled.failure().message;
    register_routes(
        router_, {.store = *store_, .entropy = entropy_, .base_url = "https://graph.test", .authenticate = caller_of});
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
      "Directory.Read.All Directory.ReadWrite.All Policy.ReadWrite.ConditionalAccess AuditLog.Read.All";

  std::unique_ptr<store::Store> store_;
  SeededEntropy entropy_{1};
  http::Router router_{http::Router::Case::insensitive};
};

// --- Who may ask

// Every route with the permissions that open it, each set on its own, written out once more by hand.
TEST_F(Graph, EveryRouteOpensToItsPermissionsAndToNothingElse) {
  const std::string user_read = "User.Read.All|User.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All";
  const std::string group_read =
      "Group.Read.All|Group.ReadWrite.All|GroupMember.Read.All|Directory.Read.All|Directory.ReadWrite.All";
  const std::string app_read =
      "Application.Read.All|Application.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All";
  const std::string app_write = "Application.ReadWrite.All|Directory.ReadWrite.All";
  const std::string device_read = "Device.Read.All|Device.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All";
  const std::string device_write = "Device.ReadWrite.All|Directory.ReadWrite.All";
  const std::string policy_read = "Policy.Read.All|Policy.Read.ConditionalAccess|Policy.ReadWrite.ConditionalAccess";
  const std::string policy_write = "Policy.ReadWrite.ConditionalAccess";
  const std::string both_logs = "AuditLog.Read.All Directory.Read.All|AuditLog.Read.All Directory.ReadWrite.All";
  const std::map<std::string, std::string> matrix{
      {"GET /me", "User.Read|User.Read.All|User.ReadWrite.All|Directory.Read.All"},
      {"GET /users", user_read},
      {"GET /users/{id}", user_read},
      {"GET /groups", group_read},
      {"GET /groups/{id}", group_read},
      {"GET /groups/{id}/members", group_read},
      {"GET /applications", app_read},
      {"GET /applications/{id}", app_read},
      {"GET /applications(appId='{appId}')", app_read},
      {"POST /applications/{id}/addPassword", app_write},
      {"POST /applications/{id}/removePassword", app_write},
      {"POST /applications/{id}/addKey", app_write},
      {"POST /applications/{id}/removeKey", app_write},
      {"POST /applications(appId='{appId}')/addPassword", app_write},
      {"POST /applications(appId='{appId}')/removePassword", app_write},
      {"POST /applications(appId='{appId}')/addKey", app_write},
      {"POST /applications(appId='{appId}')/removeKey", app_write},
      {"GET /servicePrincipals", app_read},
      {"GET /servicePrincipals/{id}", app_read},
      {"GET /servicePrincipals/appId={appId}", app_read},
      {"GET /servicePrincipals(appId='{appId}')", app_read},
      {"GET /servicePrincipals/{id}/endpoints", app_read},
      {"GET /servicePrincipals/appId={appId}/endpoints", app_read},
      {"GET /servicePrincipals(appId='{appId}')/endpoints", app_read},
      {"GET /organization", "Organization.Read.All|Directory.Read.All|Directory.ReadWrite.All"},
      {"GET /devices", device_read},
      {"GET /devices/{id}", device_read},
      {"GET /devices(deviceId='{deviceId}')", device_read},
      {"GET /users/{id}/registeredDevices", device_read},
      {"PATCH /devices/{id}", device_write},
      {"PATCH /devices(deviceId='{deviceId}')", device_write},
      {"DELETE /devices/{id}", device_write},
      {"DELETE /devices(deviceId='{deviceId}')", device_write},
      {"GET /identity/conditionalAccess/policies", policy_read},
      {"POST /identity/conditionalAccess/policies", policy_write},
      {"GET /identity/conditionalAccess/policies/{id}", policy_read},
      {"PATCH /identity/conditionalAccess/policies/{id}", policy_write},
      {"DELETE /identity/conditionalAccess/policies/{id}", policy_write},
      {"GET /auditLogs/signIns", both_logs},
      {"GET /auditLogs/signIns/{id}", both_logs},
      {"GET /auditLogs/directoryAudits", "AuditLog.Read.All"},
  };
  std::set<std::string> all_permissions;
  for (const auto& [route, sets] : matrix)
    for (std::string_view set : text::split(sets, '|')) all_permissions.emplace(set);

  std::set<std::string> seen;
  for (const Route& route : all_routes()) {
    const std::string name = std::string(route.method) + " " + std::string(route.pattern);
    ASSERT_TRUE(matrix.contains(name)) << name << " is not in the matrix";
    seen.insert(name);
    const auto opening = text::split(matrix.at(name), '|');
    const std::set<std::string> opens(opening.begin(), opening.end());
    // An id that nothing has: a permitted request is answered with 404 or 400 instead of 403 and changes nothing.
    std::string path = std::string(route.pattern);
    for (const char* parameter : {"{id}", "{appId}", "{deviceId}"})
      path = text::replace_all(path, parameter, "00000000-0000-0000-0000-00000000dead");
    for (const std::string& permissions : all_permissions) {
      bool covers = false;
      for (const std::string& set : opens) {
        const auto needed = text::split(set, ' ');
        const auto held = text::split(permissions, ' ');
        covers = covers || std::all_of(needed.begin(), needed.end(), [&](std::string_view one) {
                   return std::find(held.begin(), held.end(), one) != held.end();
                 });
      }
      for (const char* version : {"/v1.0", "/beta"}) {
        const http::Response response = send(std::string(route.method), version + path, permissions);
        EXPECT_EQ(response.status != 403, covers) << name << " with " << permissions << ": " << response.body;
        if (!covers) {
          EXPECT_EQ(error_code(response), "Authorization_RequestDenied");
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), matrix.size());
}

TEST_F(Graph, WithoutATokenNobodyIsAnswered) {
  http::Request request;
  request.method = "GET";
  request.path = "/v1.0/devices";
  request.id = "request-1";
  request.received = kNow;
  request.headers.set("client-request-id", "mine");
  const http::Response response = router_.handle(request);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(error_code(response), "InvalidAuthenticationToken");
  EXPECT_TRUE(response.headers.get("WWW-Authenticate"));
  const auto parsed = json::parse(response.body).value();
  const json::Value& inner = parsed.at("error").at("innerError");
  EXPECT_EQ(inner.at("request-id").as_string(), "request-1");
  EXPECT_EQ(inner.at("client-request-id").as_string(), "mine");
  EXPECT_EQ(inner.at("date").as_string(), "2027-01-15T08:00:00");
  EXPECT_EQ(response.headers.get("request-id"), "request-1");
}

TEST_F(Graph, OneTenantNeverSeesAnothers) {
  for (const char* path :
       {"/v1.0/users", "/v1.0/groups", "/v1.0/devices", "/v1.0/applications", "/v1.0/servicePrincipals",
        "/v1.0/auditLogs/signIns", "/v1.0/identity/conditionalAccess/policies"}) {
    const http::Response response = send("GET", path, kEverything, {}, "", kNow, kOther);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_TRUE(json::parse(response.body)->at("value").as_array().empty()) << path << response.body;
  }
  for (const std::string& path : {"/v1.0/users/" + kAnn, "/v1.0/devices/" + kDeviceObject, "/v1.0/groups/" + kGroup})
    EXPECT_EQ(send("GET", path, kEverything, {}, "", kNow, kOther).status, 404) << path;
}

// --- Directory

TEST_F(Graph, UsersAreFoundByIdAndByName) {
  for (const std::string& path :
       {"/v1.0/users/" + kAnn, std::string("/v1.0/users/ann@EXAMPLE.org"), "/beta/Users/" + text::upper(kAnn)}) {
    const json::Object user = get(path);
    EXPECT_EQ(user.at("displayName").as_string(), "Ann");
    EXPECT_FALSE(user.contains("department"));  // only on request
  }
  EXPECT_THAT(json::to_text(get("/v1.0/users")), testing::Not(HasSubstr("hidden-hash")));
  EXPECT_TRUE(get("/v1.0/users/" + kAnn, {{"$select", "department,accountEnabled"}}).contains("accountEnabled"));
  EXPECT_EQ(error_code(send("GET", "/v1.0/users/nobody@example.org", kEverything)), "Request_ResourceNotFound");
}

TEST_F(Graph, MeIsThePersonOfTheToken) {
  const http::Response mine = send("GET", "/v1.0/me", "User.Read");
  EXPECT_EQ(json::parse(mine.body)->at("userPrincipalName").as_string(), "Ann@example.org");
  EXPECT_EQ(send("GET", "/v1.0/me", "Directory.Read.All").status, 400);
}

TEST_F(Graph, MembersSayWhatTheyAre) {
  const json::Object members = get("/v1.0/groups/" + kGroup + "/members");
  EXPECT_THAT(names(members, "@odata.type"), testing::ElementsAre("#microsoft.graph.user", "#microsoft.graph.device"));
  EXPECT_EQ(send("GET", "/v1.0/groups/" + kAnn + "/members", kEverything).status, 404);
}

TEST_F(Graph, ADeviceIsFoundEveryWayAndItsVerdictExpires) {
  for (const std::string& path : {"/v1.0/devices/" + kDeviceObject, "/v1.0/devices(deviceId='" + kDevice + "')",
                                  "/v1.0/devices(deviceId=%27" + kDevice + "%27)"}) {
    const json::Object device = get(path);
    EXPECT_EQ(device.at("deviceId").as_string(), kDevice);
    EXPECT_TRUE(device.at("isCompliant").as_bool());
    EXPECT_TRUE(device.at("isManaged").as_bool());
    EXPECT_EQ(device.at("mdmAppId").as_string(), directory::kIntuneAppId.value);
    EXPECT_FALSE(get(path, {}, kNow + hours{1}).at("isCompliant").as_bool());
  }
  const json::Object unheard = get("/v1.0/devices/" + kDeviceObject.substr(0, 35) + "2");
  EXPECT_TRUE(unheard.at("isCompliant").is_null());
}

TEST_F(Graph, DevicesAreFilteredPagedAndCounted) {
  EXPECT_THAT(names(get("/v1.0/devices", {{"$filter", "deviceId eq '" + kDevice + "'"}})),
              testing::ElementsAre("Mac 1"));
  EXPECT_THAT(names(get("/v1.0/devices", {{"$filter", "id eq '" + kDeviceObject + "' and isCompliant eq false"}})),
              testing::ElementsAre());
  EXPECT_THAT(names(get("/v1.0/devices", {{"$filter", "isCompliant eq true"}})), testing::ElementsAre("Mac 1"));
  EXPECT_THAT(names(get("/v1.0/devices", {{"$filter", "isCompliant ne true"}, {"$count", "true"}, {"$top", "1"}})),
              testing::ElementsAre("Mac 2"));
  EXPECT_EQ(names(get("/v1.0/users/ann@example.org/registeredDevices")).size(), 5U);

  std::vector<std::string> seen;
  text::Form query{{"$top", "2"}, {"$orderby", "displayName desc"}, {"$select", "displayName"}};
  for (int page = 0; page < 3; ++page) {
    const json::Object body = get("/v1.0/devices", query);
    for (const std::string& name : names(body)) seen.push_back(name);
    const auto link = json::text_at(body, "@odata.nextLink");
    ASSERT_EQ(link.has_value(), page < 2);
    if (!link) break;
    ASSERT_TRUE(link->starts_with("https://graph.test/v1.0/devices?")) << *link;
    query = *text::parse_form(link->substr(link->find('?') + 1));
  }
  EXPECT_THAT(seen, testing::ElementsAre("Mac 5", "Mac 4", "Mac 3", "Mac 2", "Mac 1"));
}

TEST_F(Graph, ComplianceCannotBeWrittenHere) {
  const std::string path = "/v1.0/devices/" + kDeviceObject;
  for (const char* body : {R"({"isCompliant": false})", R"({"isManaged": false})", R"({"mdmAppId": "x"})",
                           R"({"complianceExpirationDateTime": "2099-01-01T00:00:00Z"})",
                           R"({"displayName": "x", "isCompliant": true})"}) {
    const http::Response response = send("PATCH", path, kEverything, {}, body);
    EXPECT_EQ(response.status, 403) << body << response.body;
    EXPECT_TRUE(get(path).at("isCompliant").as_bool());
    EXPECT_EQ(get(path).at("displayName").as_string(), "Mac 1");
  }
  EXPECT_EQ(send("PATCH", path, kEverything, {}, R"({"deviceId": "x"})").status, 400);
  EXPECT_EQ(send("PATCH", path, kEverything, {}, R"({"colour": "x"})").status, 400);
  EXPECT_EQ(send("PATCH", path, kEverything, {}, R"({"accountEnabled": "no"})").status, 400);
  EXPECT_EQ(send("PATCH", path, kEverything, {}, "[]").status, 400);
  EXPECT_EQ(send("PATCH", path, kEverything, {}, "{").status, 400);
}

TEST_F(Graph, ADeviceCanBeDisabledAndDeleted) {
  const std::string path = "/v1.0/devices/" + kDeviceObject;
  EXPECT_EQ(send("PATCH", path, kEverything, {}, R"({"accountEnabled": false})").status, 204);
  EXPECT_FALSE(get(path).at("accountEnabled").as_bool());
  EXPECT_FALSE(get(path).at("isCompliant").as_bool());
  EXPECT_EQ(send("DELETE", path, kEverything).status, 204);
  EXPECT_EQ(send("GET", path, kEverything).status, 404);
  EXPECT_EQ(send("DELETE", path, kEverything).status, 404);
}

TEST_F(Graph, ServiceDiscoveryWorksInEveryForm) {
  const json::Object found =
      get("/v1.0/servicePrincipals", {{"$filter", "appId eq '" + directory::kIntuneAppId.value + "'"}});
  ASSERT_EQ(names(found, "id"), std::vector<std::string>{kPrincipal});
  for (const std::string& path :
       {"/v1.0/servicePrincipals/" + kPrincipal + "/endpoints", "/v1.0/servicePrincipals/" + kPrincipal + "/endPoints",
        "/v1.0/servicePrincipals/appId=" + directory::kIntuneAppId.value + "/endpoints",
        "/v1.0/servicePrincipals(appId='" + directory::kIntuneAppId.value + "')/endpoints"})
    EXPECT_THAT(names(get(path), "providerName"),
                testing::UnorderedElementsAre("PartnerTenantDataSyncService", "PartnerDeviceDataSyncService"))
        << path;
  EXPECT_EQ(get("/v1.0/servicePrincipals/" + kPrincipal).at("appId").as_string(), directory::kIntuneAppId.value);
  EXPECT_EQ(send("GET", "/v1.0/servicePrincipals/" + kAnn + "/endpoints", kEverything).status, 404);
}

TEST_F(Graph, ApplicationsAndOrganization) {
  EXPECT_THAT(names(get("/v1.0/applications")), testing::ElementsAre("Intune"));
  EXPECT_EQ(get("/v1.0/applications(appId='" + directory::kIntuneAppId.value + "')").at("id").as_string(),
            "app-object");
  EXPECT_EQ(get("/v1.0/applications/app-object").at("displayName").as_string(), "Intune");
  EXPECT_THAT(names(get("/v1.0/organization"), "id"), testing::ElementsAre(kTenant.value));
}

TEST_F(Graph, BadQueriesAreRefusedByName) {
  const auto refused = [&](const text::Form& query) {
    const http::Response response = send("GET", "/v1.0/devices", kEverything, query);
    EXPECT_EQ(response.status, 400) << text::to_form(query);
    return response.body;
  };
  EXPECT_THAT(refused({{"$filter", "colour eq 'red'"}}), HasSubstr("`colour`"));
  EXPECT_THAT(refused({{"$select", "colour"}}), HasSubstr("microsoft.graph.device"));
  EXPECT_THAT(refused({{"$top", "1000"}}), HasSubstr("between 1 and 999"));
  EXPECT_THAT(refused({{"$expand", "registeredOwners"}}), HasSubstr("$expand"));
  EXPECT_THAT(refused({{"$filter", "physicalIds/any(p:p eq 'x')"}}), HasSubstr("any"));
  EXPECT_EQ(send("GET", "/v1.0/devices/" + kDeviceObject, kEverything, {{"$filter", "x"}}).status, 400);
}

TEST_F(Graph, UnknownPathsAndMethodsHaveGraphsErrors) {
  EXPECT_EQ(error_code(send("GET", "/v1.0/spaceships", kEverything)), "Request_ResourceNotFound");
  EXPECT_EQ(send("POST", "/v1.0/devices", kEverything).status, 405);
  EXPECT_TRUE(is_graph_path("/V1.0/users"));
  EXPECT_TRUE(is_graph_path("/beta"));
  EXPECT_FALSE(is_graph_path("/v1.01/users"));
  EXPECT_FALSE(is_graph_path("/betatest"));
  EXPECT_FALSE(is_graph_path("/"));
}

// --- Policies

constexpr const char* kPolicy = R"({"displayName": "Require a compliant Mac", "state": "enabled",
  "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                 "clientAppTypes": ["all"], "locations": {"includeLocations": ["AllTrusted"]}},
  "grantControls": {"operator": "OR", "builtInControls": ["compliantDevice"]}})";

TEST_F(Graph, APolicyLivesItsLife) {
  const std::string path = "/v1.0/identity/conditionalAccess/policies";
  const http::Response created = send("POST", path, kEverything, {}, kPolicy);
  ASSERT_EQ(created.status, 201) << created.body;
  const json::Value policy = json::parse(created.body).value();
  const std::string id(policy.at("id").as_string());
  EXPECT_EQ(policy.at("conditions").at("locations").at("includeLocations").at(0).as_string(), "AllTrusted");
  EXPECT_EQ(created.headers.get("Location"), "https://graph.test" + path + "/" + id);

  EXPECT_THAT(names(get(path)), testing::ElementsAre("Require a compliant Mac"));
  EXPECT_THAT(names(get(path, {{"$filter", "state eq 'disabled'"}})), testing::ElementsAre());
  EXPECT_EQ(send("PATCH", path + "/" + id, kEverything, {}, R"({"state": "disabled"})").status, 204);
  EXPECT_EQ(get(path + "/" + id).at("state").as_string(), "disabled");
  EXPECT_EQ(send("DELETE", path + "/" + id, kEverything).status, 204);
  for (const char* method : {"GET", "PATCH", "DELETE"})
    EXPECT_EQ(send(method, path + "/" + id, kEverything, {}, "{}").status, 404) << method;

  const json::Object audits = get("/v1.0/auditLogs/directoryAudits", {{"$filter", "category eq 'Policy'"}});
  EXPECT_THAT(names(audits, "activityDisplayName"),
              testing::ElementsAre("Delete conditional access policy", "Update conditional access policy",
                                   "Add conditional access policy"));
  EXPECT_EQ(audits.at("value").at(0).at("initiatedBy").at("app").at("displayName").as_string(), "Test client");
}

TEST_F(Graph, ABadPolicyChangesNothingAndIsToldWhy) {
  const std::string path = "/v1.0/identity/conditionalAccess/policies";
  const std::pair<std::string, const char*> bad[] = {
      {"", "line 1"},
      {"{", "line 1"},
      {"[]", "object"},
      {"{}", "displayName"},
      {text::replace_all(kPolicy, "compliantDevice", "hope"), "`hope`"},
      {text::replace_all(kPolicy, "includeUsers", "includeUser"), "`includeUser`"},
  };
  for (const auto& [body, said] : bad) {
    const http::Response response = send("POST", path, kEverything, {}, body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_FALSE(error_code(response).empty());
    EXPECT_THAT(response.body, HasSubstr(said));
  }
  EXPECT_TRUE(names(get(path)).empty());
}

// --- Logs

TEST_F(Graph, SignInsComeNewestFirstAndCanBeFiltered) {
  const std::string path = "/v1.0/auditLogs/signIns";
  EXPECT_THAT(names(get(path), "id"), testing::ElementsAre("sign-in-2", "sign-in-1", "sign-in-0"));
  EXPECT_THAT(names(get(path, {{"$filter", "userPrincipalName eq 'ann@example.org'"}}), "id"),
              testing::ElementsAre("sign-in-2", "sign-in-0"));
  EXPECT_THAT(names(get(path, {{"$filter", "status/errorCode ne 0"}}), "id"), testing::ElementsAre("sign-in-2"));
  EXPECT_THAT(names(get(path, {{"$filter", "createdDateTime ge " + to_iso8601(kNow + minutes{1}, false)}}), "id"),
              testing::ElementsAre("sign-in-2", "sign-in-1"));
  EXPECT_EQ(get(path + "/sign-in-2").at("status").at("failureReason").as_string(), "FileVault is off");
  EXPECT_EQ(send("GET", path + "/none", kEverything).status, 404);
  EXPECT_EQ(send("GET", path, kEverything, {{"$top", "1001"}}).status, 400);
  EXPECT_EQ(send("GET", path, kEverything, {{"$skiptoken", "x"}}).status, 400);
}

TEST_F(Graph, LogsArePagedAlsoWhenFiltered) {
  for (const text::Form& filter : {text::Form{}, text::Form{{"$filter", "startswith(userPrincipalName,'a')"}}}) {
    text::Form query = filter;
    query.emplace_back("$top", "1");
    std::vector<std::string> seen;
    while (true) {
      const json::Object body = get("/v1.0/auditLogs/signIns", query);
      for (const std::string& id : names(body, "id")) seen.push_back(id);
      const auto link = json::text_at(body, "@odata.nextLink");
      if (!link || seen.size() > 5) break;
      query = *text::parse_form(link->substr(link->find('?') + 1));
    }
    const std::vector<std::string> expected = filter.empty()
                                                  ? std::vector<std::string>{"sign-in-2", "sign-in-1", "sign-in-0"}
                                                  : std::vector<std::string>{"sign-in-2", "sign-in-0"};
    EXPECT_EQ(seen, expected);
  }
}

TEST_F(Graph, AuditsTellWhoChangedWhat) {
  const json::Object audits =
      get("/v1.0/auditLogs/directoryAudits", {{"$filter", "activityDisplayName eq 'Update device'"}});
  ASSERT_EQ(audits.at("value").as_array().size(), 1U);
  const json::Value& row = audits.at("value").at(0);
  EXPECT_EQ(row.at("initiatedBy").at("user").at("userPrincipalName").as_string(), "admin@example.org");
  const json::Value& target = row.at("targetResources").at(0);
  EXPECT_EQ(target.at("id").as_string(), kDeviceObject);
  EXPECT_THAT(json::to_text(target.at("modifiedProperties")), HasSubstr("IsCompliant"));
  EXPECT_EQ(row.at("operationType").as_string(), "Update");
}

}  // namespace
}  // namespace wardbridge::graph
