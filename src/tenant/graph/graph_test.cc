#include "tenant/graph/graph.h"

#include "tenant/graph/graph_fixture.h"

namespace wardbridge::graph {
namespace {

using testing::HasSubstr;

// --- Who may ask

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
  EXPECT_THAT(refused({{"$expand", "owners"}}), HasSubstr("$expand"));
  EXPECT_THAT(refused({{"$filter", "physicalIds/all(p:p eq 'x')"}}), HasSubstr("all"));
  EXPECT_THAT(refused({{"$filter", "displayName eq 'x' or"}}), HasSubstr("character 22"));
  EXPECT_THAT(refused({{"$filter", std::string(100, '(')}}), HasSubstr("too many nested parentheses"));
  EXPECT_THAT(refused({{"$orderby", "model"}}), HasSubstr("model"));
  EXPECT_THAT(refused({{"$orderby", "displayName,id"}}), HasSubstr("one property"));
  EXPECT_THAT(refused({{"$search", "\"model:x\""}}), HasSubstr("can't be searched"));
  EXPECT_THAT(refused({{"$skiptoken", "x"}}), HasSubstr("$skiptoken"));
  EXPECT_THAT(refused({{"$skiptoken", text::to_base64url("[1,\"x\"]")}}), HasSubstr("$skiptoken"));
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
