// Users, groups, devices, applications and their grants over the wire: made, changed, found, taken away.
#include <set>

#include "tenant/directory/consent.h"
#include "tenant/directory/memberships.h"
#include "tenant/graph/graph_fixture.h"

namespace wardbridge::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string kBob = "aaaaaaaa-0000-0000-0000-000000000002";
const std::string kNobody = "00000000-0000-0000-0000-00000000dead";

class GraphDirectory : public Graph {
 protected:
  http::Response ask(const std::string& method, const std::string& path, const std::string& body = "") {
    return send(method, path, kEverything, {}, body);
  }
  std::string message_of(const http::Response& response) {
    return std::string(json::parse(response.body)->at("error").at("message").as_string());
  }
  // Sends a body that must be refused, and gives the reason for people.
  std::string refused(const std::string& method, const std::string& path, const std::string& body, int status = 400) {
    const http::Response response = ask(method, path, body);
    EXPECT_EQ(response.status, status) << body << response.body;
    return response.status >= 400 ? message_of(response) : "";
  }
  json::Object made(const std::string& path, const std::string& body) {
    const http::Response response = ask("POST", path, body);
    EXPECT_EQ(response.status, 201) << path << body << response.body;
    auto parsed = json::parse(response.body);
    return parsed.ok() && parsed->is_object() ? parsed->as_object() : json::Object{};
  }
  static std::string id_in(const json::Object& object) { return std::string(object.at("id").as_string()); }
  static std::string reference(const std::string& id) {
    return R"({"@odata.id": "https://graph.test/v1.0/directoryObjects/)" + id + "\"}";
  }
  static std::string user_body(const std::string& name) {
    return R"({"accountEnabled": true, "displayName": ")" + name + R"(", "mailNickname": "x", "userPrincipalName": ")" +
           name + R"(@example.org", "passwordProfile": {"password": "Sufficient1!"}})";
  }
  std::vector<std::string> ids(const std::string& path, const text::Form& query = {}) {
    return names(get(path, query), "id");
  }
  // Every row of every table that a request of another tenant might have touched.
  std::string everything_stored() {
    std::string all;
    for (const char* path : {"/v1.0/users?$select=id,displayName,city,manager", "/v1.0/groups", "/v1.0/devices",
                             "/v1.0/applications", "/v1.0/servicePrincipals", "/v1.0/oauth2PermissionGrants"}) {
      http::Request request;
      request.method = "GET";
      const std::string_view url(path);
      request.path = std::string(url.substr(0, url.find('?')));
      request.received = kNow;
      request.headers.set("Authorization", "Bearer " + kTenant.value + "~" + text::replace_all(kEverything, " ", "~"));
      all += router_.handle(request).body;
    }
    all += json::to_text(get("/v1.0/groups/" + kGroup + "/members"));
    all += json::to_text(get("/v1.0/auditLogs/directoryAudits"));
    return all;
  }
  void process_memberships(Time at = kNow) {
    for (int round = 0; round < 100; ++round) {
      const auto work = store_->write([&](store::Transaction& tx) -> Result<directory::MembershipWork> {
        directory::process_memberships(tx, kTenant, at, 2);
        return directory::membership_work(tx, kTenant, at);
      });
      ASSERT_TRUE(work.ok());
      if (work->is_done) return;
    }
    FAIL() << "memberships never end";
  }
};

// --- Users

TEST_F(GraphDirectory, AUserLivesTheirLife) {
  const json::Object bob = made("/v1.0/users", R"({"accountEnabled": true, "displayName": "Bob", "mailNickname": "bob",
      "userPrincipalName": "Bob@Example.org", "passwordProfile": {"password": "Sufficient1!"}, "city": "Oslo",
      "businessPhones": ["+47 1"], "employeeHireDate": "2026-02-01T00:00:00Z",
      "onPremisesExtensionAttributes": {"extensionAttribute7": "seven"}})");
  const std::string path = "/v1.0/users/" + id_in(bob);
  EXPECT_FALSE(bob.contains("city"));  // only on request
  EXPECT_THAT(json::to_text(bob), Not(HasSubstr("assword")));
  const json::Object shown =
      get(path, {{"$select", "city,businessPhones,employeeHireDate,onPremisesExtensionAttributes"}});
  EXPECT_EQ(shown.at("city").as_string(), "Oslo");
  EXPECT_EQ(shown.at("businessPhones").at(0).as_string(), "+47 1");
  EXPECT_EQ(shown.at("employeeHireDate").as_string(), "2026-02-01T00:00:00Z");
  EXPECT_EQ(shown.at("onPremisesExtensionAttributes").at("extensionAttribute7").as_string(), "seven");

  EXPECT_EQ(ask("PATCH", path, R"({"city": null, "department": "Sales",
      "onPremisesExtensionAttributes": {"extensionAttribute1": "one"}})")
                .status,
            204);
  const json::Object changed = get(path, {{"$select", "city,department,onPremisesExtensionAttributes"}});
  EXPECT_TRUE(changed.at("city").is_null());
  EXPECT_EQ(changed.at("department").as_string(), "Sales");
  EXPECT_EQ(changed.at("onPremisesExtensionAttributes").at("extensionAttribute7").as_string(), "seven");
  EXPECT_EQ(ask("PATCH", "/v1.0/users/bob@example.org", R"({"userPrincipalName": "robert@example.org"})").status, 204);
  EXPECT_EQ(send("GET", "/v1.0/users/bob@example.org", kEverything).status, 404);

  EXPECT_EQ(ask("DELETE", "/v1.0/users/robert@example.org").status, 204);
  for (const char* method : {"GET", "PATCH", "DELETE"}) EXPECT_EQ(ask(method, path, "{}").status, 404) << method;
  const json::Object audits = get("/v1.0/auditLogs/directoryAudits", {{"$filter", "category eq 'UserManagement'"}});
  EXPECT_THAT(names(audits, "activityDisplayName"),
              ElementsAre("Delete user", "Update user", "Update user", "Add user", "Add user"));
  EXPECT_THAT(json::to_text(audits), Not(HasSubstr("Sufficient1")));
  EXPECT_THAT(json::to_text(audits), Not(HasSubstr("argon2")));
}

TEST_F(GraphDirectory, AUserThatCannotBeIsRefusedWithAReason) {
  EXPECT_THAT(refused("POST", "/v1.0/users", "{}"), HasSubstr("accountEnabled"));
  EXPECT_THAT(refused("POST", "/v1.0/users", text::replace_all(user_body("bob"), "example.org", "elsewhere.org")),
              HasSubstr("verified domain"));
  EXPECT_THAT(refused("POST", "/v1.0/users", user_body("ann")), HasSubstr("already exists"));
  EXPECT_THAT(refused("POST", "/v1.0/users", text::replace_all(user_body("bob"), "Sufficient1!", "weak")),
              HasSubstr("complexity"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"colour": "red"})"), HasSubstr("`colour`"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"id": "x"})"), HasSubstr("can't be written"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"accountEnabled": "yes"})"), HasSubstr("accountEnabled"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"businessPhones": "1"})"), HasSubstr("businessPhones"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"displayName": ""})"), HasSubstr("displayName"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"userType": "Robot"})"), HasSubstr("userType"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, R"({"employeeHireDate": "soon"})"),
              HasSubstr("employeeHireDate"));
  EXPECT_THAT(
      refused("PATCH", "/v1.0/users/" + kAnn, R"({"onPremisesExtensionAttributes": {"extensionAttribute16": "x"}})"),
      HasSubstr("extensionAttribute16"));
  EXPECT_THAT(refused("PATCH", "/v1.0/users/" + kAnn, "{\"city\": \"" + std::string(2000, 'x') + "\"}"),
              HasSubstr("longer"));
  EXPECT_EQ(get("/v1.0/users/" + kAnn).at("displayName").as_string(), "Ann");
}

TEST_F(GraphDirectory, ManagersAndReports) {
  const std::string bob = id_in(made("/v1.0/users", user_body("bob")));
  const std::string ann = "/v1.0/users/" + kAnn;
  EXPECT_EQ(ask("GET", ann + "/manager").status, 404);
  EXPECT_EQ(ask("PUT", ann + "/manager/$ref", reference(bob)).status, 204);
  EXPECT_EQ(get(ann + "/manager").at("displayName").as_string(), "bob");
  EXPECT_THAT(names(get("/v1.0/users/" + bob + "/directReports")), ElementsAre("Ann"));
  EXPECT_EQ(get(ann, {{"$expand", "manager"}}).at("manager").at("id").as_string(), bob);
  EXPECT_THAT(refused("PUT", ann + "/manager/$ref", reference(kAnn)), HasSubstr("own manager"));
  EXPECT_THAT(refused("PUT", ann + "/manager/$ref", reference(kNobody)), HasSubstr("no user"));
  EXPECT_THAT(refused("PUT", ann + "/manager/$ref", "{}"), HasSubstr("@odata.id"));
  EXPECT_EQ(ask("DELETE", "/v1.0/users/" + bob).status, 204);
  EXPECT_EQ(ask("GET", ann + "/manager").status, 404);
}

TEST_F(GraphDirectory, ADeletedUserLeavesNothingBehind) {
  EXPECT_EQ(ask("DELETE", "/v1.0/users/" + kAnn).status, 204);
  EXPECT_THAT(ids("/v1.0/groups/" + kGroup + "/members"), ElementsAre(kDeviceObject));
  EXPECT_THAT(ids("/v1.0/devices/" + kDeviceObject + "/registeredOwners"), IsEmpty());
}

// --- Finding

TEST_F(GraphDirectory, AdvancedQueriesAskForEventualConsistency) {
  const auto plain = [&](const std::string& path, const text::Form& query) {
    http::Request request;
    request.method = "GET";
    request.path = path;
    request.query = text::to_form(query);
    request.received = kNow;
    request.headers.set("Authorization", "Bearer " + kTenant.value + "~Directory.Read.All");
    return router_.handle(request);
  };
  for (const text::Form& query :
       {text::Form{{"$count", "true"}}, text::Form{{"$search", "\"displayName:ann\""}},
        text::Form{{"$filter", "displayName ne 'x'"}}, text::Form{{"$filter", "not startswith(displayName,'x')"}},
        text::Form{{"$filter", "endswith(userPrincipalName,'org')"}},
        text::Form{{"$filter", "displayName eq 'x'"}, {"$orderby", "displayName"}}}) {
    const http::Response response = plain("/v1.0/users", query);
    EXPECT_EQ(response.status, 400) << text::to_form(query);
    EXPECT_EQ(error_code(response), "Request_UnsupportedQuery");
  }
  EXPECT_EQ(plain("/v1.0/users/$count", {}).status, 400);
  EXPECT_EQ(plain("/v1.0/users", {{"$filter", "startswith(displayName,'A')"}}).status, 200);
  EXPECT_EQ(send("GET", "/v1.0/users/$count", kEverything).body, "1");
  EXPECT_EQ(send("GET", "/v1.0/groups/" + kGroup + "/members/$count", kEverything).body, "2");
  // The header alone is not enough, except for $search.
  EXPECT_EQ(send("GET", "/v1.0/users", kEverything, {{"$filter", "displayName ne 'x'"}}).status, 400);
}

TEST_F(GraphDirectory, SearchFindsTheStartsOfWords) {
  made("/v1.0/users", user_body("joanna"));
  const auto found = [&](const std::string& search) { return names(get("/v1.0/users", {{"$search", search}})); };
  EXPECT_THAT(found("\"displayName:ann\""), ElementsAre("Ann"));
  EXPECT_THAT(found("\"displayName:ann\" OR \"displayName:joa\""), ElementsAre("Ann", "joanna"));
  EXPECT_THAT(found("\"displayName:ann\" AND \"userPrincipalName:example\""), ElementsAre("Ann"));
  EXPECT_THAT(found("\"userPrincipalName:org\""), ElementsAre("Ann", "joanna"));
  for (const char* bad : {"ann", "\"ann\"", "\"displayName:ann", "\"displayName:ann\" ann", "\"city:x\""})
    EXPECT_EQ(send("GET", "/v1.0/users", kEverything, {{"$search", bad}}).status, 400) << bad;
}

TEST_F(GraphDirectory, CollectionsAndPathsOfPropertiesCanBeFiltered) {
  EXPECT_EQ(ask("PATCH", "/v1.0/users/" + kAnn,
                R"({"businessPhones": ["+47 1"], "onPremisesExtensionAttributes": {"extensionAttribute1": "one"}})")
                .status,
            204);
  const auto found = [&](const std::string& filter) {
    return names(get("/v1.0/users", {{"$filter", filter}, {"$count", "true"}}));
  };
  EXPECT_THAT(found("businessPhones/any(p:p eq '+47 1')"), ElementsAre("Ann"));
  EXPECT_THAT(found("businessPhones/any(p:startswith(p,'+46'))"), IsEmpty());
  EXPECT_THAT(found("onPremisesExtensionAttributes/extensionAttribute1 eq 'ONE'"), ElementsAre("Ann"));
  EXPECT_THAT(names(get("/v1.0/groups", {{"$filter", "groupTypes/any(c:c eq 'DynamicMembership')"}})), IsEmpty());
}

TEST_F(GraphDirectory, PagesOfManyUsersNeitherRepeatNorLeaveOut) {
  for (int number = 10; number < 33; ++number) made("/v1.0/users", user_body("user" + std::to_string(number)));
  for (const text::Form& options :
       {text::Form{{"$top", "5"}}, text::Form{{"$top", "5"}, {"$orderby", "userPrincipalName desc"}},
        text::Form{{"$top", "4"}, {"$filter", "startswith(displayName,'user')"}},
        text::Form{{"$top", "3"}, {"$filter", "city eq null and startswith(displayName,'user')"}},
        text::Form{{"$top", "7"}, {"$filter", "createdDateTime ge 2020-01-01T00:00:00Z"}}}) {
    std::vector<std::string> seen;
    text::Form query = options;
    for (int page = 0; page < 20; ++page) {
      const json::Object body = get("/v1.0/users", query);
      for (const std::string& name : names(body)) seen.push_back(name);
      const auto link = json::text_at(body, "@odata.nextLink");
      if (!link) break;
      query = *text::parse_form(link->substr(link->find('?') + 1));
    }
    const std::set<std::string> distinct(seen.begin(), seen.end());
    EXPECT_EQ(distinct.size(), seen.size()) << text::to_form(options);
    const bool all = !text::form_value(options, "$filter");
    EXPECT_EQ(seen.size(), all ? 24U : 23U) << text::to_form(options);
  }
}

TEST_F(GraphDirectory, RelationsAreExpanded) {
  const json::Object group = get("/v1.0/groups/" + kGroup, {{"$expand", "members"}});
  EXPECT_EQ(group.at("members").as_array().size(), 2U);
  const json::Object devices = get("/v1.0/devices", {{"$expand", "registeredOwners"}, {"$select", "displayName"}});
  const json::Value& first = devices.at("value").at(0);
  EXPECT_EQ(first.at("registeredOwners").at(0).at("id").as_string(), kAnn);
  EXPECT_FALSE(first.as_object().contains("id"));
  EXPECT_THAT(json::to_text(devices), Not(HasSubstr("onPremises")));
  EXPECT_EQ(get("/v1.0/users", {{"$expand", "memberOf"}}).at("value").at(0).at("memberOf").at(0).at("id").as_string(),
            kGroup);
}

// --- Groups

TEST_F(GraphDirectory, AGroupLivesItsLife) {
  const json::Object group = made(
      "/v1.0/groups",
      R"({"displayName": "Pilots", "description": "They try it first", "mailEnabled": false, "mailNickname": "pilots",
          "securityEnabled": true, "members@odata.bind": ["https://graph.test/v1.0/directoryObjects/)" +
          kAnn + "\"]}");
  const std::string path = "/v1.0/groups/" + id_in(group);
  EXPECT_THAT(ids(path + "/members"), ElementsAre(kAnn));
  EXPECT_EQ(ask("PATCH", path,
                R"({"description": "x", "members@odata.bind":
      ["https://graph.test/v1.0/directoryObjects/)" +
                    kDeviceObject + "\"]}")
                .status,
            204);
  EXPECT_THAT(ids(path + "/members"), ElementsAre(kAnn, kDeviceObject));
  EXPECT_THAT(ids(path + "/members/microsoft.graph.device"), ElementsAre(kDeviceObject));
  EXPECT_EQ(ask("POST", path + "/members/$ref", reference(kGroup)).status, 204);
  EXPECT_THAT(refused("POST", path + "/members/$ref", reference(kGroup)), HasSubstr("already exist"));
  EXPECT_EQ(ask("POST", path + "/members/$ref", reference(kNobody)).status, 404);
  EXPECT_THAT(refused("POST", path + "/members/$ref", R"({"@odata.id": "https://graph.test/v1.0/users/ann"})"),
              HasSubstr("directory object"));
  EXPECT_THAT(ids(path + "/transitiveMembers"), ElementsAre(kAnn, kGroup, kDeviceObject));
  EXPECT_THAT(ids("/v1.0/groups/" + kGroup + "/memberOf"), ElementsAre(id_in(group)));
  EXPECT_EQ(ask("DELETE", path + "/members/" + kAnn + "/$ref").status, 204);
  EXPECT_EQ(ask("DELETE", path + "/members/" + kAnn + "/$ref").status, 404);
  EXPECT_EQ(ask("DELETE", path).status, 204);
  EXPECT_EQ(ask("GET", path).status, 404);
  EXPECT_THAT(ids("/v1.0/groups/" + kGroup + "/memberOf"), IsEmpty());
}

TEST_F(GraphDirectory, AGroupThatCannotBeIsRefusedWithAReason) {
  const auto body = [](const std::string& more) {
    return R"({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true)" + more + "}";
  };
  EXPECT_THAT(refused("POST", "/v1.0/groups", "{}"), HasSubstr("displayName"));
  EXPECT_THAT(
      refused("POST", "/v1.0/groups", text::replace_all(body(""), R"("mailEnabled": false)", R"("mailEnabled": true)")),
      HasSubstr("mail"));
  EXPECT_THAT(refused("POST", "/v1.0/groups", body(R"(, "groupTypes": ["Unified"])")), HasSubstr("Unified"));
  EXPECT_THAT(refused("POST", "/v1.0/groups", body(R"(, "groupTypes": ["DynamicMembership"])")),
              HasSubstr("membershipRule"));
  EXPECT_THAT(refused("POST", "/v1.0/groups", body(R"(, "membershipRule": "user.city -eq \"Oslo\"")")),
              HasSubstr("DynamicMembership"));
  EXPECT_THAT(refused("POST", "/v1.0/groups",
                      body(R"(, "groupTypes": ["DynamicMembership"], "membershipRule": "user.city -is \"Oslo\"")")),
              HasSubstr("character 11"));
  EXPECT_THAT(refused("POST", "/v1.0/groups", body(R"(, "owners@odata.bind": [])")), HasSubstr("owners"));
  std::string many;
  for (int i = 0; i < 21; ++i) many += (i ? ", \"" : "\"") + ("https://x/" + kAnn) + "\"";
  EXPECT_THAT(refused("POST", "/v1.0/groups", body(R"(, "members@odata.bind": [)" + many + "]")), HasSubstr("20"));
  EXPECT_THAT(
      refused("POST", "/v1.0/groups",
              body(R"(, "members@odata.bind": ["https://x/)" + kAnn + R"(", "https://x/)" + kNobody + "\"]"), 404),
      HasSubstr(kNobody));
  EXPECT_THAT(names(get("/v1.0/groups")), ElementsAre("Staff"));  // nothing was left behind
}

TEST_F(GraphDirectory, MembershipsAreToldFromTheMembersSide) {
  const std::string outer =
      id_in(made("/v1.0/groups",
                 R"({"displayName": "Outer", "mailEnabled": false, "mailNickname": "o", "securityEnabled": false,
          "members@odata.bind": ["https://x/)" +
                     kGroup + "\"]}"));
  const std::string ann = "/v1.0/users/" + kAnn;
  EXPECT_THAT(ids(ann + "/memberOf"), ElementsAre(kGroup));
  EXPECT_THAT(ids(ann + "/transitiveMemberOf"), UnorderedElementsAre(kGroup, outer));
  EXPECT_THAT(ids("/v1.0/devices/" + kDeviceObject + "/transitiveMemberOf/microsoft.graph.group"),
              UnorderedElementsAre(kGroup, outer));
  const auto value = [&](const std::string& path, const std::string& body) {
    const http::Response response = ask("POST", path, body);
    EXPECT_EQ(response.status, 200) << response.body;
    std::vector<std::string> found;
    const json::Value answer = json::parse(response.body).value();
    for (const json::Value& one : answer.at("value").as_array()) found.emplace_back(one.as_string());
    return found;
  };
  EXPECT_THAT(value(ann + "/getMemberGroups", R"({"securityEnabledOnly": false})"),
              UnorderedElementsAre(kGroup, outer));
  EXPECT_THAT(value(ann + "/getMemberGroups", R"({"securityEnabledOnly": true})"), ElementsAre(kGroup));
  EXPECT_THAT(value(ann + "/checkMemberGroups", R"({"groupIds": [")" + outer + R"(", ")" + kNobody + R"("]})"),
              ElementsAre(outer));
  EXPECT_THAT(refused("POST", ann + "/checkMemberGroups", R"({"groupIds": []})"), HasSubstr("groupIds"));
  EXPECT_THAT(refused("POST", ann + "/getMemberGroups", "{}"), HasSubstr("securityEnabledOnly"));
}

// --- Dynamic membership

TEST_F(GraphDirectory, ADynamicGroupFollowsItsRule) {
  made("/v1.0/users",
       text::replace_all(user_body("bob"), "\"displayName\"", "\"department\": \"Sales\", \"displayName\""));
  made("/v1.0/users", user_body("cid"));
  const json::Object group = made(
      "/v1.0/groups", R"({"displayName": "Sales", "mailEnabled": false, "mailNickname": "s", "securityEnabled": true,
          "groupTypes": ["DynamicMembership"], "membershipRule": "user.department -eq \"Sales\"",
          "membershipRuleProcessingState": "On"})");
  const std::string path = "/v1.0/groups/" + id_in(group);
  const auto members = [&] { return names(get(path + "/members")); };
  const auto status = [&] {
    const json::Object shown = get(path, {{"$select", "membershipRuleProcessingStatus"}});
    return std::string(shown.at("membershipRuleProcessingStatus").at("status").as_string());
  };
  EXPECT_EQ(group.at("groupTypes").at(0).as_string(), "DynamicMembership");
  EXPECT_THAT(members(), IsEmpty());  // not before the directory has been gone through
  EXPECT_EQ(status(), "NotStarted");
  process_memberships();
  EXPECT_EQ(status(), "Succeeded");
  EXPECT_THAT(members(), ElementsAre("bob"));

  // A change of a user counts at once.
  EXPECT_EQ(ask("PATCH", "/v1.0/users/cid@example.org", R"({"department": "sales"})").status, 204);
  EXPECT_EQ(ask("PATCH", "/v1.0/users/bob@example.org", R"({"department": "Support"})").status, 204);
  EXPECT_THAT(members(), ElementsAre("cid"));
  made("/v1.0/users",
       text::replace_all(user_body("dan"), "\"displayName\"", "\"department\": \"Sales\", \"displayName\""));
  EXPECT_THAT(members(), UnorderedElementsAre("cid", "dan"));

  // Nobody edits the members by hand.
  EXPECT_THAT(refused("POST", path + "/members/$ref", reference(kAnn)), HasSubstr("membership rule"));
  EXPECT_EQ(ask("PATCH", path, R"({"members@odata.bind": ["https://x/)" + kAnn + "\"]}").status, 400);
  const std::string cid = ids("/v1.0/users", {{"$filter", "displayName eq 'cid'"}})[0];
  EXPECT_EQ(ask("DELETE", path + "/members/" + cid + "/$ref").status, 400);
  EXPECT_THAT(members(), UnorderedElementsAre("cid", "dan"));

  // Paused: members stay as they are.
  EXPECT_EQ(ask("PATCH", path, R"({"membershipRuleProcessingState": "Paused"})").status, 204);
  EXPECT_EQ(ask("PATCH", "/v1.0/users/cid@example.org", R"({"department": "Support"})").status, 204);
  EXPECT_THAT(members(), UnorderedElementsAre("cid", "dan"));
  EXPECT_EQ(ask("PATCH", path, R"({"membershipRuleProcessingState": "On"})").status, 204);
  process_memberships();
  EXPECT_THAT(members(), ElementsAre("dan"));

  // Another rule, about devices.
  EXPECT_EQ(ask("PATCH", path, R"({"membershipRule": "device.displayName -in [\"Mac 2\", \"Mac 4\"]"})").status, 204);
  process_memberships();
  EXPECT_THAT(members(), UnorderedElementsAre("Mac 2", "Mac 4"));
  EXPECT_EQ(ask("PATCH", "/v1.0/devices/" + kDeviceObject, R"({"displayName": "Mac 4"})").status, 204);
  EXPECT_EQ(members().size(), 3U);

  // Assigned again: the members stay.
  EXPECT_EQ(ask("PATCH", path, R"({"groupTypes": []})").status, 204);
  EXPECT_TRUE(get(path).at("membershipRule").is_null());
  EXPECT_EQ(ask("POST", path + "/members/$ref", reference(kAnn)).status, 204);
  EXPECT_EQ(members().size(), 4U);
  const json::Object audits =
      get("/v1.0/auditLogs/directoryAudits", {{"$filter", "activityDisplayName eq 'Remove member from group'"}});
  EXPECT_EQ(audits.at("value").as_array().size(), 3U);  // bob, cid, and dan, who is no device
}

TEST_F(GraphDirectory, TimeAloneMovesMembers) {
  EXPECT_EQ(
      ask("PATCH", "/v1.0/users/" + kAnn, "{\"employeeHireDate\": \"" + to_iso8601(kNow + days{10}, false) + "\"}")
          .status,
      204);
  const std::string path =
      "/v1.0/groups/" +
      id_in(made("/v1.0/groups",
                 R"({"displayName": "Starting", "mailEnabled": false, "mailNickname": "s", "securityEnabled": true,
          "groupTypes": ["DynamicMembership"], "membershipRule": "user.employeeHireDate -le system.now -plus P3D"})"));
  process_memberships();
  EXPECT_THAT(names(get(path + "/members")), IsEmpty());
  process_memberships(kNow + days{7} - Duration{1});
  EXPECT_THAT(names(get(path + "/members")), IsEmpty());
  process_memberships(kNow + days{7});
  EXPECT_THAT(names(get(path + "/members")), ElementsAre("Ann"));
}

TEST_F(GraphDirectory, RulesMayReadOtherGroupsAndManagers) {
  const auto rule_group = [&](const std::string& rule) {
    return "/v1.0/groups/" +
           id_in(made("/v1.0/groups",
                      R"({"displayName": "D", "mailEnabled": false, "mailNickname": "d", "securityEnabled": true,
                          "groupTypes": ["DynamicMembership"], "membershipRule": ")" +
                          rule + "\"}")) +
           "/members";
  };
  const std::string bob = id_in(made("/v1.0/users", user_body("bob")));
  const std::string staff = rule_group("user.memberOf -any (group.objectId -in ['" + kGroup + "'])");
  const std::string reports = rule_group("Direct Reports for \\\"" + bob + "\\\"");
  process_memberships();
  EXPECT_THAT(names(get(staff)), ElementsAre("Ann"));
  EXPECT_THAT(names(get(reports)), IsEmpty());
  EXPECT_EQ(ask("POST", "/v1.0/groups/" + kGroup + "/members/$ref", reference(bob)).status, 204);
  EXPECT_EQ(ask("DELETE", "/v1.0/groups/" + kGroup + "/members/" + kAnn + "/$ref").status, 204);
  EXPECT_EQ(ask("PUT", "/v1.0/users/" + kAnn + "/manager/$ref", reference(bob)).status, 204);
  EXPECT_THAT(names(get(staff)), ElementsAre("bob"));
  EXPECT_THAT(names(get(reports)), ElementsAre("Ann"));
  EXPECT_EQ(ask("DELETE", "/v1.0/groups/" + kGroup).status, 204);
  process_memberships();
  EXPECT_THAT(names(get(staff)), IsEmpty());
}

TEST_F(GraphDirectory, ARuleCanBeTriedOut) {
  const http::Response response =
      ask("POST", "/beta/groups/evaluateDynamicMembership",
          R"({"memberId": ")" + kAnn +
              R"(", "membershipRule": "user.displayName -eq \"Ann\" -and user.city -eq \"Oslo\""})");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Value body = json::parse(response.body).value();
  EXPECT_FALSE(body.at("membershipRuleEvaluationResult").as_bool());
  const json::Value& parts = body.at("membershipRuleEvaluationDetails").at("expressionEvaluationDetails");
  EXPECT_TRUE(parts.at(0).at("expressionResult").as_bool());
  EXPECT_EQ(parts.at(0).at("propertyToEvaluate").at("propertyName").as_string(), "user.displayName");
  EXPECT_EQ(parts.at(0).at("propertyToEvaluate").at("propertyValue").as_string(), "Ann");
  EXPECT_TRUE(parts.at(1).at("propertyToEvaluate").at("propertyValue").is_null());

  const std::string beta = "/beta/groups/evaluateDynamicMembership";
  EXPECT_THAT(refused("POST", beta, R"({"memberId": ")" + kAnn + R"(", "membershipRule": "x"})"),
              HasSubstr("character 1"));
  EXPECT_THAT(
      refused("POST", beta, R"({"memberId": ")" + kAnn + R"(", "membershipRule": "device.displayName -eq \"x\""})"),
      HasSubstr("devices"));
  EXPECT_EQ(ask("POST", beta, R"({"memberId": ")" + kNobody + R"(", "membershipRule": "user.city -eq \"x\""})").status,
            404);
  EXPECT_THAT(refused("POST", "/beta/groups/" + kGroup + "/evaluateDynamicMembership", R"({"memberId": "x"})"),
              HasSubstr("dynamic membership"));
}

// --- Devices

TEST_F(GraphDirectory, ExtensionAttributesOfADeviceAreWrittenOneByOne) {
  const std::string path = "/v1.0/devices/" + kDeviceObject;
  EXPECT_EQ(ask("PATCH", path, R"({"extensionAttributes": {"extensionAttribute1": "pilot"}})").status, 204);
  EXPECT_EQ(ask("PATCH", path, R"({"extensionAttributes": {"extensionAttribute2": "x"}})").status, 204);
  const json::Object device = get(path);
  EXPECT_EQ(device.at("extensionAttributes").at("extensionAttribute1").as_string(), "pilot");
  EXPECT_THAT(names(get("/v1.0/devices", {{"$filter", "extensionAttributes/extensionAttribute1 eq 'pilot'"}})),
              ElementsAre("Mac 1"));
  EXPECT_TRUE(device.at("isCompliant").as_bool());  // untouched
  EXPECT_THAT(names(get(path + "/registeredOwners")), ElementsAre("Ann"));
  EXPECT_THAT(names(get(path + "/registeredUsers")), ElementsAre("Ann"));
  EXPECT_EQ(ids("/v1.0/users/" + kAnn + "/ownedDevices").size(), 5U);
}

// INVARIANT: law 7, over every way in that Graph has.
TEST_F(GraphDirectory, NoCallWritesAVerdict) {
  const std::string path = "/v1.0/devices/" + kDeviceObject;
  const json::Object before = get(path);
  const std::vector<std::string> bodies{
      R"({"isCompliant": false})",    R"({"isManaged": false})",
      R"({"mdmAppId": "x"})",         R"({"complianceExpirationDateTime": "2099-01-01T00:00:00Z"})",
      R"({"managementType": "MDM"})", R"({"accountEnabled": true, "isCompliant": true})"};
  for (const std::string& body : bodies) {
    for (const std::string& way : {path, "/beta/devices/" + kDeviceObject, "/v1.0/devices(deviceId='" + kDevice + "')"})
      EXPECT_THAT(refused("PATCH", way, body, 403), HasSubstr("compliance partner"));
    EXPECT_EQ(ask("POST", "/v1.0/devices", body).status, 405);
    EXPECT_EQ(ask("PUT", path, body).status, 405);
    const http::Response batch =
        ask("POST", "/v1.0/$batch",
            R"({"requests": [{"id": "1", "method": "PATCH", "url": "/devices/)" + kDeviceObject +
                R"(", "headers": {"Content-Type": "application/json"}, "body": )" + body + "}]}");
    EXPECT_EQ(batch.status, 200);
    EXPECT_EQ(json::parse(batch.body)->at("responses").at(0).at("status").as_int64(), 403) << batch.body;
  }
  EXPECT_EQ(json::to_text(get(path)), json::to_text(before));
}

// --- Applications and grants

TEST_F(GraphDirectory, AnApplicationLivesItsLife) {
  const json::Object application = made("/v1.0/applications", R"({"displayName": "Payroll",
      "identifierUris": ["api://payroll"], "web": {"redirectUris": ["https://payroll.example.org/cb"]},
      "publicClient": {"redirectUris": ["http://localhost", "msauth.org.example.payroll://auth"]},
      "requiredResourceAccess": [{"resourceAppId": "00000003-0000-0000-c000-000000000000",
        "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}]}],
      "appRoles": [{"id": "99999999-0000-0000-0000-000000000001", "value": "Pay.Read", "displayName": "Read pay"}]})");
  const std::string app_id(application.at("appId").as_string());
  const std::string path = "/v1.0/applications/" + id_in(application);
  EXPECT_EQ(get("/v1.0/applications(appId='" + app_id + "')").at("id").as_string(), id_in(application));
  EXPECT_EQ(
      ask("PATCH", path, R"({"displayName": "Payroll 2", "tags": ["hr"], "identifierUris": ["api://pay"]})").status,
      204);
  EXPECT_EQ(get(path).at("tags").at(0).as_string(), "hr");
  EXPECT_EQ(get(path).at("web").at("redirectUris").at(0).as_string(), "https://payroll.example.org/cb");

  const json::Object principal = made("/v1.0/servicePrincipals", R"({"appId": ")" + app_id + "\"}");
  EXPECT_EQ(principal.at("displayName").as_string(), "Payroll 2");
  EXPECT_THAT(refused("POST", "/v1.0/servicePrincipals", R"({"appId": ")" + app_id + "\"}"),
              HasSubstr("already exists"));
  EXPECT_THAT(refused("POST", "/v1.0/servicePrincipals", R"({"appId": ")" + kNobody + "\"}"), HasSubstr(kNobody));
  EXPECT_EQ(ask("PATCH", "/v1.0/servicePrincipals/" + id_in(principal), R"({"accountEnabled": false})").status, 204);
  EXPECT_FALSE(get("/v1.0/servicePrincipals/" + id_in(principal)).at("accountEnabled").as_bool());

  const std::pair<const char*, const char*> refusals[] = {
      {R"({"web": {"redirectUris": ["http://example.org/cb"]}})", "http://example.org/cb"},
      {R"({"web": {"redirectUris": ["javascript:alert"]}})", "javascript"},
      {R"({"spa": {"redirectUris": ["https://example.org/#x"]}})", "#x"},
      {R"({"publicClient": {"redirectUris": ["javascript://x.y/%0aalert"]}})", "javascript"},
      {R"({"web": {"colour": "x"}})", "colour"},
      {R"({"passwordCredentials": []})", "can't be written"},
      {R"({"appId": "x"})", "can't be written"},
      {R"({"signInAudience": "Everybody"})", "Everybody"},
      {R"({"appRoles": [{"id": "x", "value": "y"}]})", "GUID"},
      {R"({"displayName": null})", "displayName"}};
  for (const auto& [body, said] : refusals) EXPECT_THAT(refused("PATCH", path, body), HasSubstr(said)) << body;

  EXPECT_EQ(ask("DELETE", path).status, 204);
  EXPECT_EQ(ask("GET", path).status, 404);
  EXPECT_EQ(ask("GET", "/v1.0/servicePrincipals/" + id_in(principal)).status, 404);
  const std::string intune = "/v1.0/applications(appId='" + directory::kIntuneAppId.value + "')";
  EXPECT_EQ(ask("DELETE", intune).status, 403);
  EXPECT_EQ(ask("PATCH", intune, R"({"displayName": "x"})").status, 403);
}

TEST_F(GraphDirectory, PermissionsAreGrantedShownAndWithdrawn) {
  const std::string role = "99999999-0000-0000-0000-000000000001";
  const directory::AppId api{std::string(made("/v1.0/applications", R"({"displayName": "Api",
      "appRoles": [{"id": "99999999-0000-0000-0000-000000000001", "value": "Pay.Read"}],
      "api": {"oauth2PermissionScopes": [{"id": "99999999-0000-0000-0000-000000000002", "value": "Pay.Mine"},
                                         {"id": "99999999-0000-0000-0000-000000000003", "value": "Pay.All"}]}})")
                                             .at("appId")
                                             .as_string())};
  const directory::AppId client{
      std::string(made("/v1.0/applications", R"({"displayName": "Client"})").at("appId").as_string())};
  const std::string api_principal = id_in(made("/v1.0/servicePrincipals", R"({"appId": ")" + api.value + "\"}"));
  const std::string client_principal = id_in(made("/v1.0/servicePrincipals", R"({"appId": ")" + client.value + "\"}"));
  const auto held = [&] {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
          std::vector<std::string> all = directory::app_roles_of(tx, kTenant, client, api);
          for (const std::string& scope : directory::scopes_of(tx, kTenant, client, api)) all.push_back(scope);
          return all;
        })
        .value();
  };

  const std::string assignments = "/v1.0/servicePrincipals/" + client_principal + "/appRoleAssignments";
  const std::string body = R"({"principalId": ")" + client_principal + R"(", "resourceId": ")" + api_principal +
                           R"(", "appRoleId": ")" + role + "\"}";
  const json::Object assignment = made(assignments, body);
  EXPECT_EQ(assignment.at("principalDisplayName").as_string(), "Client");
  EXPECT_EQ(assignment.at("resourceId").as_string(), api_principal);
  EXPECT_THAT(refused("POST", assignments, body), HasSubstr("already exists"));
  EXPECT_THAT(refused("POST", assignments, text::replace_all(body, role, kNobody)), HasSubstr("not found"));
  EXPECT_EQ(ask("POST", assignments, text::replace_all(body, api_principal, kNobody)).status, 404);
  EXPECT_THAT(refused("POST", "/v1.0/servicePrincipals/" + api_principal + "/appRoleAssignments", body),
              HasSubstr("another service principal"));
  EXPECT_THAT(ids(assignments), ElementsAre(id_in(assignment)));
  EXPECT_THAT(ids("/v1.0/servicePrincipals/" + api_principal + "/appRoleAssignedTo"), ElementsAre(id_in(assignment)));
  EXPECT_EQ(get(assignments + "/" + id_in(assignment)).at("appRoleId").as_string(), role);

  const json::Object grant = made("/v1.0/oauth2PermissionGrants", R"({"clientId": ")" + client_principal +
                                                                      R"(", "consentType": "AllPrincipals",
                                      "resourceId": ")" + api_principal +
                                                                      R"(", "scope": " Pay.Mine"})");
  EXPECT_EQ(grant.at("scope").as_string(), "Pay.Mine");
  EXPECT_THAT(held(), ElementsAre("Pay.Read", "Pay.Mine"));
  const std::string grant_path = "/v1.0/oauth2PermissionGrants/" + id_in(grant);
  EXPECT_THAT(refused("PATCH", grant_path, R"({"scope": "Pay.Everything"})"), HasSubstr("Pay.Everything"));
  EXPECT_EQ(ask("PATCH", grant_path, R"({"scope": "Pay.All"})").status, 204);
  EXPECT_THAT(held(), ElementsAre("Pay.Read", "Pay.All"));
  EXPECT_THAT(ids("/v1.0/oauth2PermissionGrants", {{"$filter", "clientId eq '" + client_principal + "'"}}),
              ElementsAre(id_in(grant)));
  EXPECT_THAT(ids("/v1.0/servicePrincipals/" + client_principal + "/oauth2PermissionGrants"),
              ElementsAre(id_in(grant)));

  // Consent of one person.
  const std::string personal = R"({"clientId": ")" + client_principal +
                               R"(", "consentType": "Principal", "principalId": ")" + kAnn + R"(", "resourceId": ")" +
                               api_principal + R"(", "scope": "Pay.Mine"})";
  const json::Object own = made("/v1.0/oauth2PermissionGrants", personal);
  EXPECT_EQ(own.at("principalId").as_string(), kAnn);
  EXPECT_EQ(ask("POST", "/v1.0/oauth2PermissionGrants", personal).status, 409);
  EXPECT_EQ(ask("POST", "/v1.0/oauth2PermissionGrants", text::replace_all(personal, kAnn, kNobody)).status, 404);
  EXPECT_THAT(refused("POST", "/v1.0/oauth2PermissionGrants",
                      text::replace_all(personal, "\"Principal\"", "\"AllPrincipals\"")),
              HasSubstr("principalId"));
  const auto anns = [&] {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
          return directory::scopes_for_user(tx, kTenant, client, api, {kAnn});
        })
        .value();
  };
  EXPECT_THAT(anns(), ElementsAre("Pay.All", "Pay.Mine"));
  EXPECT_EQ(ids("/v1.0/oauth2PermissionGrants").size(), 2U);
  EXPECT_EQ(ask("DELETE", "/v1.0/oauth2PermissionGrants/" + id_in(own)).status, 204);
  EXPECT_THAT(anns(), ElementsAre("Pay.All"));

  EXPECT_EQ(ask("DELETE", grant_path).status, 204);
  EXPECT_EQ(ask("DELETE", assignments + "/" + id_in(assignment)).status, 204);
  EXPECT_THAT(held(), IsEmpty());
  EXPECT_EQ(ask("DELETE", grant_path).status, 404);
  EXPECT_EQ(ask("DELETE", assignments + "/" + id_in(assignment)).status, 404);
  const std::string audits = json::to_text(get("/v1.0/auditLogs/directoryAudits"));
  for (const char* activity :
       {"Add app role assignment to service principal", "Consent to application", "Update delegated permission grant",
        "Remove delegated permission grant", "Remove app role assignment from service principal"})
    EXPECT_THAT(audits, HasSubstr(activity));

  made(assignments, body);
  EXPECT_EQ(ask("DELETE", "/v1.0/servicePrincipals/" + api_principal).status, 204);
  EXPECT_THAT(held(), IsEmpty());
}

// --- The tenant, roles, objects of any type

TEST_F(GraphDirectory, TheTenantAndItsRoles) {
  EXPECT_EQ(get("/v1.0/organization/" + kTenant.value).at("displayName").as_string(), "Example");
  EXPECT_EQ(ask("GET", "/v1.0/organization/" + kOther.value).status, 404);
  EXPECT_THAT(ids("/v1.0/domains"), ElementsAre("example.org"));
  EXPECT_TRUE(get("/v1.0/domains/EXAMPLE.org").at("isDefault").as_bool());
  EXPECT_EQ(ask("GET", "/v1.0/domains/other.org").status, 404);

  const std::string administrators = "/v1.0/directoryRoles/62e90394-69f5-4237-9190-012177145e10";
  EXPECT_EQ(get(administrators).at("displayName").as_string(), "Global Administrator");
  EXPECT_EQ(ask("POST", administrators + "/members/$ref", reference(kAnn)).status, 204);
  EXPECT_THAT(names(get(administrators + "/members")), ElementsAre("Ann"));
  EXPECT_EQ(ask("POST", administrators + "/members/$ref", reference(kAnn)).status, 400);
  EXPECT_EQ(ask("POST", administrators + "/members/$ref", reference(kGroup)).status, 404);
  EXPECT_EQ(ask("DELETE", administrators + "/members/" + kAnn + "/$ref").status, 204);
  EXPECT_EQ(ask("DELETE", administrators + "/members/" + kAnn + "/$ref").status, 404);
  EXPECT_EQ(ask("GET", "/v1.0/directoryRoles/" + kNobody).status, 404);
}

TEST_F(GraphDirectory, ObjectsAreFoundWithoutKnowingTheirType) {
  EXPECT_EQ(get("/v1.0/directoryObjects/" + kAnn).at("@odata.type").as_string(), "#microsoft.graph.user");
  EXPECT_EQ(get("/v1.0/directoryObjects/" + kPrincipal).at("@odata.type").as_string(),
            "#microsoft.graph.servicePrincipal");
  EXPECT_EQ(ask("GET", "/v1.0/directoryObjects/" + kNobody).status, 404);
  const auto found = [&](const std::string& more) {
    const http::Response response =
        ask("POST", "/v1.0/directoryObjects/getByIds",
            R"({"ids": [")" + kDeviceObject + R"(", ")" + kNobody + R"(", ")" + kAnn + "\"]" + more + "}");
    EXPECT_EQ(response.status, 200) << response.body;
    return names(json::parse(response.body)->as_object(), "id");
  };
  EXPECT_THAT(found(""), ElementsAre(kDeviceObject, kAnn));
  EXPECT_THAT(found(R"(, "types": ["user"])"), ElementsAre(kAnn));
  EXPECT_THAT(refused("POST", "/v1.0/directoryObjects/getByIds", R"({"ids": ["x"]})"), HasSubstr("GUID"));
  EXPECT_THAT(refused("POST", "/v1.0/directoryObjects/getByIds", "{}"), HasSubstr("ids"));
}

// --- Between tenants

TEST_F(GraphDirectory, AnotherTenantFindsNothingAndLeavesNoTrace) {
  const std::string before = everything_stored();
  const std::vector<std::pair<std::string, std::string>> requests{
      {"GET", "/users/" + kAnn},
      {"PATCH", "/users/" + kAnn},
      {"DELETE", "/users/" + kAnn},
      {"GET", "/users/ann@example.org"},
      {"GET", "/users/" + kAnn + "/memberOf"},
      {"POST", "/users/" + kAnn + "/getMemberObjects"},
      {"PUT", "/users/" + kAnn + "/manager/$ref"},
      {"PATCH", "/groups/" + kGroup},
      {"DELETE", "/groups/" + kGroup},
      {"GET", "/groups/" + kGroup + "/members"},
      {"POST", "/groups/" + kGroup + "/members/$ref"},
      {"DELETE", "/groups/" + kGroup + "/members/" + kAnn + "/$ref"},
      {"PATCH", "/devices/" + kDeviceObject},
      {"DELETE", "/devices/" + kDeviceObject},
      {"DELETE", "/devices(deviceId='" + kDevice + "')"},
      {"PATCH", "/applications/app-object"},
      {"DELETE", "/applications/app-object"},
      {"PATCH", "/servicePrincipals/" + kPrincipal},
      {"DELETE", "/servicePrincipals/" + kPrincipal},
      {"GET", "/directoryObjects/" + kAnn},
      {"POST", "/groups/" + kGroup + "/evaluateDynamicMembership"},
      {"DELETE", "/directoryRoles/62e90394-69f5-4237-9190-012177145e10/members/" + kAnn + "/$ref"}};
  const std::string body =
      R"({"displayName": "x", "accountEnabled": false, "securityEnabledOnly": false, "memberId": ")" + kAnn +
      R"(", "@odata.id": "https://x/)" + kAnn + "\"}";
  for (const auto& [method, path] : requests) {
    std::string sent = body;
    if (method == "PATCH")
      sent = path.starts_with("/users") || path.starts_with("/devices") || path.starts_with("/serv")
                 ? R"({"accountEnabled": false})"
                 : R"({"displayName": "x"})";
    const http::Response response = send(method, "/beta" + path, kEverything, {}, sent, kNow, kOther);
    EXPECT_EQ(response.status, 404) << method << " " << path << response.body;
  }
  EXPECT_EQ(everything_stored(), before);
}

TEST_F(GraphDirectory, BodiesThatAreNoneAreRefused) {
  for (const char* body : {"", "{", "[]", "null", "\"x\""})
    for (const char* path : {"/v1.0/users", "/v1.0/groups", "/v1.0/applications", "/v1.0/$batch"})
      EXPECT_EQ(ask("POST", path, body).status, 400) << path << body;
  const http::Response large = ask("POST", "/v1.0/users", std::string(1024 * 1024 + 1, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(error_code(large), "Request_EntityTooLarge");
}

}  // namespace
}  // namespace wardbridge::graph
