// Every route against every kind of token, compared with a table that is written out by hand: a route that opens to
// more than its line says is a hole, one that opens to less a broken client.
#include <map>
#include <set>

#include "tenant/directory/roles.h"
#include "tenant/graph/graph_fixture.h"
#include "tenant/graph/routes.h"

namespace wardbridge::graph {
namespace {

// Alternatives are joined by `|`; a line that needs two permissions at a time joins them by `+`.
const std::map<std::string, std::string> kSets{
    {"user read", "User.Read.All|User.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"},
    {"user write", "User.ReadWrite.All|Directory.ReadWrite.All"},
    {"me", "User.Read|User.Read.All|User.ReadWrite.All|Directory.Read.All"},
    {"group read",
     "Group.Read.All|Group.ReadWrite.All|GroupMember.Read.All|GroupMember.ReadWrite.All|Directory.Read.All|"
     "Directory.ReadWrite.All"},
    {"group create", "Group.Create|Group.ReadWrite.All|Directory.ReadWrite.All"},
    {"group write", "Group.ReadWrite.All|Directory.ReadWrite.All"},
    {"member write", "GroupMember.ReadWrite.All|Group.ReadWrite.All|Directory.ReadWrite.All"},
    {"device read", "Device.Read.All|Device.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"},
    {"device write", "Device.ReadWrite.All|Directory.ReadWrite.All"},
    {"app read", "Application.Read.All|Application.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"},
    {"app write", "Application.ReadWrite.All|Directory.ReadWrite.All"},
    {"assign", "AppRoleAssignment.ReadWrite.All"},
    {"grant read", "DelegatedPermissionGrant.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"},
    {"grant write", "DelegatedPermissionGrant.ReadWrite.All"},
    {"organization read",
     "Organization.Read.All|Organization.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"},
    {"domain read", "Domain.Read.All|Domain.ReadWrite.All|Directory.Read.All|Directory.ReadWrite.All"},
    {"role read",
     "RoleManagement.Read.Directory|RoleManagement.ReadWrite.Directory|Directory.Read.All|Directory.ReadWrite.All"},
    {"role write", "RoleManagement.ReadWrite.Directory"},
    {"object read", "Directory.Read.All|Directory.ReadWrite.All"},
    {"policy read", "Policy.Read.All|Policy.Read.ConditionalAccess|Policy.ReadWrite.ConditionalAccess"},
    {"policy write", "Policy.ReadWrite.ConditionalAccess"},
    {"intune read",
     "DeviceManagementServiceConfig.Read.All|DeviceManagementServiceConfig.ReadWrite.All|"
     "DeviceManagementConfiguration.Read.All|DeviceManagementConfiguration.ReadWrite.All"},
    {"intune write", "DeviceManagementServiceConfig.ReadWrite.All|DeviceManagementConfiguration.ReadWrite.All"},
    {"managed device read", "DeviceManagementManagedDevices.Read.All|DeviceManagementManagedDevices.ReadWrite.All"},
    {"managed device write", "DeviceManagementManagedDevices.ReadWrite.All"},
    {"audit read", "AuditLog.Read.All"},
    {"sign-in read", "AuditLog.Read.All+Directory.Read.All|AuditLog.Read.All+Directory.ReadWrite.All"},
};

struct Line {
  std::string_view set;
  std::vector<std::string_view> routes;
};
const std::vector<Line> kMatrix{
    {"me",
     {"GET /me", "GET /me/manager", "GET /me/ownedDevices", "GET /me/registeredDevices", "GET /me/memberOf",
      "GET /me/memberOf/microsoft.graph.{type}", "GET /me/transitiveMemberOf",
      "GET /me/transitiveMemberOf/microsoft.graph.{type}", "POST /me/getMemberGroups", "POST /me/getMemberObjects",
      "POST /me/checkMemberGroups"}},
    {"user read",
     {"GET /users", "GET /users/$count", "GET /users/{id}", "GET /users/{id}/manager", "GET /users/{id}/directReports",
      "GET /users/{id}/memberOf", "GET /users/{id}/memberOf/microsoft.graph.{type}",
      "GET /users/{id}/transitiveMemberOf", "GET /users/{id}/transitiveMemberOf/microsoft.graph.{type}",
      "POST /users/{id}/getMemberGroups", "POST /users/{id}/getMemberObjects", "POST /users/{id}/checkMemberGroups",
      "GET /users/delta", "GET /users/delta()"}},
    {"user write",
     {"POST /users", "PATCH /users/{id}", "DELETE /users/{id}", "PUT /users/{id}/manager/$ref",
      "DELETE /users/{id}/manager/$ref"}},
    {"group read",
     {"GET /groups", "GET /groups/$count", "GET /groups/{id}", "GET /groups/{id}/members",
      "GET /groups/{id}/members/$count", "GET /groups/{id}/members/microsoft.graph.{type}",
      "GET /groups/{id}/transitiveMembers", "GET /groups/{id}/transitiveMembers/microsoft.graph.{type}",
      "GET /groups/{id}/memberOf", "GET /groups/{id}/memberOf/microsoft.graph.{type}",
      "GET /groups/{id}/transitiveMemberOf", "GET /groups/{id}/transitiveMemberOf/microsoft.graph.{type}",
      "POST /groups/{id}/getMemberGroups", "POST /groups/{id}/getMemberObjects", "POST /groups/{id}/checkMemberGroups",
      "POST /groups/evaluateDynamicMembership", "POST /groups/{id}/evaluateDynamicMembership", "GET /groups/delta",
      "GET /groups/delta()"}},
    {"group create", {"POST /groups"}},
    {"group write", {"PATCH /groups/{id}", "DELETE /groups/{id}"}},
    {"member write", {"POST /groups/{id}/members/$ref", "DELETE /groups/{id}/members/{memberId}/$ref"}},
    {"device read",
     {"GET /devices", "GET /devices/$count", "GET /devices/{id}", "GET /devices(deviceId='{deviceId}')",
      "GET /devices/{id}/registeredOwners", "GET /devices/{id}/registeredUsers", "GET /devices/{id}/memberOf",
      "GET /devices/{id}/memberOf/microsoft.graph.{type}", "GET /devices/{id}/transitiveMemberOf",
      "GET /devices/{id}/transitiveMemberOf/microsoft.graph.{type}", "POST /devices/{id}/getMemberGroups",
      "POST /devices/{id}/getMemberObjects", "POST /devices/{id}/checkMemberGroups", "GET /devices/delta",
      "GET /devices/delta()", "GET /users/{id}/ownedDevices", "GET /users/{id}/registeredDevices"}},
    {"device write",
     {"PATCH /devices/{id}", "PATCH /devices(deviceId='{deviceId}')", "DELETE /devices/{id}",
      "DELETE /devices(deviceId='{deviceId}')"}},
    {"app read",
     {"GET /applications",
      "GET /applications/{id}",
      "GET /applications(appId='{appId}')",
      "GET /servicePrincipals",
      "GET /servicePrincipals/{id}",
      "GET /servicePrincipals/appId={appId}",
      "GET /servicePrincipals(appId='{appId}')",
      "GET /servicePrincipals/{id}/endpoints",
      "GET /servicePrincipals/appId={appId}/endpoints",
      "GET /servicePrincipals(appId='{appId}')/endpoints",
      "GET /servicePrincipals/{id}/memberOf",
      "GET /servicePrincipals/{id}/memberOf/microsoft.graph.{type}",
      "GET /servicePrincipals/{id}/transitiveMemberOf",
      "GET /servicePrincipals/{id}/transitiveMemberOf/microsoft.graph.{type}",
      "POST /servicePrincipals/{id}/getMemberGroups",
      "POST /servicePrincipals/{id}/getMemberObjects",
      "POST /servicePrincipals/{id}/checkMemberGroups",
      "GET /servicePrincipals/{id}/appRoleAssignments",
      "GET /servicePrincipals/{id}/appRoleAssignments/{assignmentId}",
      "GET /servicePrincipals/{id}/appRoleAssignedTo",
      "GET /servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}"}},
    {"app write",
     {"POST /applications", "PATCH /applications/{id}", "PATCH /applications(appId='{appId}')",
      "DELETE /applications/{id}", "DELETE /applications(appId='{appId}')", "POST /servicePrincipals",
      "PATCH /servicePrincipals/{id}", "DELETE /servicePrincipals/{id}", "POST /applications/{id}/addPassword",
      "POST /applications/{id}/removePassword", "POST /applications/{id}/addKey", "POST /applications/{id}/removeKey",
      "POST /applications(appId='{appId}')/addPassword", "POST /applications(appId='{appId}')/removePassword",
      "POST /applications(appId='{appId}')/addKey", "POST /applications(appId='{appId}')/removeKey"}},
    {"assign",
     {"POST /servicePrincipals/{id}/appRoleAssignments",
      "DELETE /servicePrincipals/{id}/appRoleAssignments/{assignmentId}",
      "POST /servicePrincipals/{id}/appRoleAssignedTo",
      "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignmentId}"}},
    {"grant read",
     {"GET /servicePrincipals/{id}/oauth2PermissionGrants", "GET /oauth2PermissionGrants",
      "GET /oauth2PermissionGrants/{id}"}},
    {"grant write",
     {"POST /oauth2PermissionGrants", "PATCH /oauth2PermissionGrants/{id}", "DELETE /oauth2PermissionGrants/{id}"}},
    {"organization read", {"GET /organization", "GET /organization/{id}"}},
    {"domain read", {"GET /domains", "GET /domains/{id}"}},
    {"role read",
     {"GET /directoryRoles", "GET /directoryRoles/{id}", "GET /directoryRoles(roleTemplateId='{id}')",
      "GET /directoryRoles/{id}/members"}},
    {"role write", {"POST /directoryRoles/{id}/members/$ref", "DELETE /directoryRoles/{id}/members/{memberId}/$ref"}},
    {"object read", {"GET /directoryObjects/{id}", "POST /directoryObjects/getByIds"}},
    {"policy read", {"GET /identity/conditionalAccess/policies", "GET /identity/conditionalAccess/policies/{id}"}},
    {"policy write",
     {"POST /identity/conditionalAccess/policies", "PATCH /identity/conditionalAccess/policies/{id}",
      "DELETE /identity/conditionalAccess/policies/{id}"}},
    {"intune read",
     {"GET /deviceManagement/deviceManagementPartners", "GET /deviceManagement/deviceManagementPartners/{id}",
      "POST /deviceManagement/deviceManagementPartners/{id}/wardbridgeEvaluate",
      "GET /deviceManagement/complianceManagementPartners", "GET /deviceManagement/complianceManagementPartners/{id}"}},
    {"intune write",
     {"PATCH /deviceManagement/deviceManagementPartners/{id}",
      "POST /deviceManagement/deviceManagementPartners/{id}/terminate",
      "POST /deviceManagement/complianceManagementPartners",
      "PATCH /deviceManagement/complianceManagementPartners/{id}",
      "DELETE /deviceManagement/complianceManagementPartners/{id}"}},
    {"managed device read", {"GET /deviceManagement/managedDevices", "GET /deviceManagement/managedDevices/{id}"}},
    {"managed device write", {"DELETE /deviceManagement/managedDevices/{id}"}},
    {"audit read", {"GET /auditLogs/directoryAudits", "GET /auditLogs/directoryAudits/{id}"}},
    {"sign-in read", {"GET /auditLogs/signIns", "GET /auditLogs/signIns/{id}"}},
};

// What POST answers without changing anything, so that people need no directory role for it.
bool only_reads(std::string_view route) {
  for (const char* action : {"/getMemberGroups", "/getMemberObjects", "/checkMemberGroups", "/getByIds",
                             "/evaluateDynamicMembership", "/wardbridgeEvaluate"})
    if (route.ends_with(action)) return true;
  return route.starts_with("GET ");
}

class RouteMatrix : public Graph {
 protected:
  static std::map<std::string, std::vector<std::string>> expected() {
    std::map<std::string, std::vector<std::string>> routes;
    for (const Line& line : kMatrix)
      for (const std::string_view route : line.routes)
        for (std::string_view set : text::split(kSets.at(std::string(line.set)), '|'))
          routes[std::string(route)].push_back(text::replace_all(set, "+", " "));
    return routes;
  }
  static std::set<std::string> all_sets() {
    std::set<std::string> sets;
    for (const auto& [name, alternatives] : kSets)
      for (std::string_view set : text::split(alternatives, '|')) sets.insert(text::replace_all(set, "+", " "));
    return sets;
  }
  // An id that nothing has: a permitted request is answered with 404 or 400 instead of 403 and changes nothing.
  static std::string path_of(const Route& route) {
    std::string path(route.pattern);
    for (const char* parameter : {"{id}", "{appId}", "{deviceId}", "{assignmentId}", "{memberId}"})
      path = text::replace_all(path, parameter, "00000000-0000-0000-0000-00000000dead");
    return text::replace_all(path, "{type}", "user");
  }
  static std::string name_of(const Route& route) {
    return std::string(route.method) + " " + std::string(route.pattern);
  }
  static std::vector<std::string> versions_of(const Route& route) {
    if (route.versions == Versions::beta) return {"/beta"};
    return {"/v1.0", "/beta"};
  }
  static bool covers(const std::vector<std::string>& sets, const std::string& permissions) {
    const auto held = text::split(permissions, ' ');
    return std::any_of(sets.begin(), sets.end(), [&](const std::string& set) {
      const auto needed = text::split(set, ' ');
      return std::all_of(needed.begin(), needed.end(),
                         [&](std::string_view one) { return std::find(held.begin(), held.end(), one) != held.end(); });
    });
  }
};

TEST_F(RouteMatrix, EveryRouteHasItsLineAndEveryLineItsRoute) {
  std::set<std::string> lines, routes;
  for (const auto& [route, sets] : expected()) lines.insert(route);
  for (const Route& route : all_routes()) EXPECT_TRUE(routes.insert(name_of(route)).second) << name_of(route);
  EXPECT_EQ(routes, lines);
}

TEST_F(RouteMatrix, AnApplicationEntersByItsRolesAlone) {
  const auto lines = expected();
  const auto sets = all_sets();
  for (const Route& route : all_routes()) {
    for (const std::string& permissions : sets) {
      if (permissions == "User.Read") continue;  // no application can have it
      for (const std::string& version : versions_of(route)) {
        const http::Response response = send(std::string(route.method), version + path_of(route), permissions);
        const bool opens = covers(lines.at(name_of(route)), permissions);
        EXPECT_EQ(response.status != 403, opens) << name_of(route) << " with " << permissions << ": " << response.body;
        if (!opens) {
          EXPECT_EQ(error_code(response), "Authorization_RequestDenied");
        }
      }
    }
  }
}

TEST_F(RouteMatrix, APersonNeedsTheScopeAndForChangesARole) {
  const auto lines = expected();
  const auto sets = all_sets();
  for (const bool is_administrator : {false, true}) {
    if (is_administrator) {
      ASSERT_TRUE(store_
                      ->write([](store::Transaction& tx) {
                        return directory::assign_role(
                            tx, kTenant, *directory::find_directory_role("Global Administrator"), {kAnn}, kAdmin, kNow);
                      })
                      .ok());
    }
    for (const Route& route : all_routes()) {
      for (const std::string& permissions : sets) {
        const http::Response response =
            send(std::string(route.method), versions_of(route).front() + path_of(route), "person " + permissions);
        const bool opens =
            covers(lines.at(name_of(route)), permissions) && (is_administrator || only_reads(name_of(route)));
        EXPECT_EQ(response.status != 403, opens) << name_of(route) << " with " << permissions << ": " << response.body;
      }
    }
  }
}

TEST_F(RouteMatrix, AReaderOfEverythingChangesNothing) {
  ASSERT_TRUE(store_
                  ->write([](store::Transaction& tx) {
                    return directory::assign_role(tx, kTenant, *directory::find_directory_role("Global Reader"), {kAnn},
                                                  kAdmin, kNow);
                  })
                  .ok());
  EXPECT_EQ(send("PATCH", "/v1.0/users/" + kAnn, "person User.ReadWrite.All", {}, R"({"city": "x"})").status, 403);
}

// Each role changes its own area, and only the highest what others may do.
TEST_F(RouteMatrix, ARoleChangesItsOwnAreaAlone) {
  const std::map<std::string, std::set<std::string>> areas{
      {"Global Administrator", {"user", "group", "member", "device", "app", "policy", "assign", "grant", "role"}},
      {"User Administrator", {"user", "group", "member"}},
      {"Application Administrator", {"app"}},
      {"Intune Administrator", {"group", "member", "device"}},
      {"Conditional Access Administrator", {"policy"}},
      {"Global Reader", {}}};
  for (const auto& [name, may] : areas) {
    const directory::DirectoryRole& role = *directory::find_directory_role(name);
    const auto set_role = [&](auto change) {
      ASSERT_TRUE(store_
                      ->write([&](store::Transaction& tx) {
                        return change(tx, kTenant, role, directory::ObjectId{kAnn}, kAdmin, kNow);
                      })
                      .ok());
    };
    set_role(directory::assign_role);
    for (const Line& line : kMatrix) {
      for (const std::string_view route : line.routes) {
        if (only_reads(route)) continue;
        const std::string method(route.substr(0, route.find(' ')));
        const Route named{method, route.substr(route.find(' ') + 1), {}, nullptr};
        const http::Response response = send(method, "/v1.0" + path_of(named), "person " + kEverything);
        const bool opens = may.contains(std::string(line.set.substr(0, line.set.find(' '))));
        EXPECT_EQ(response.status != 403, opens) << name << ": " << route << response.body;
      }
    }
    set_role(directory::withdraw_role);
  }
}

TEST_F(RouteMatrix, AnAdministratorsAccountIsChangedByAdministratorsAlone) {
  const std::string bob = "aaaaaaaa-0000-0000-0000-00000000000b";
  ASSERT_TRUE(store_
                  ->write([&](store::Transaction& tx) -> Status {
                    TRY(directory::create_user(
                        tx, kTenant, {.id = {bob}, .user_principal_name = "bob@example.org", .display_name = "Bob"},
                        kAdmin, kNow));
                    TRY(directory::assign_role(tx, kTenant, *directory::find_directory_role("Global Administrator"),
                                               {bob}, kAdmin, kNow));
                    return directory::assign_role(tx, kTenant, *directory::find_directory_role("User Administrator"),
                                                  {kAnn}, kAdmin, kNow);
                  })
                  .ok());
  const auto change = [&](const std::string& who, const std::string& body) {
    return send("PATCH", "/v1.0/users/" + bob, who + kEverything, {}, body).status;
  };
  for (const std::string who : {"", "person "}) {
    for (const char* body :
         {R"({"passwordProfile": {"password": "Sufficient1!"}})", R"({"accountEnabled": false})",
          R"({"userPrincipalName": "eve@example.org"})", R"({"mobilePhone": "+47"})", R"({"otherMails": ["e@x.y"]})"})
      EXPECT_EQ(change(who, body), 403) << who << body;
    EXPECT_EQ(change(who, R"({"city": "Oslo"})"), 204) << who;
    EXPECT_EQ(send("DELETE", "/v1.0/users/" + bob, who + kEverything).status, 403) << who;
  }
  ASSERT_TRUE(store_
                  ->write([&](store::Transaction& tx) {
                    return directory::assign_role(tx, kTenant, *directory::find_directory_role("Global Administrator"),
                                                  {kAnn}, kAdmin, kNow);
                  })
                  .ok());
  EXPECT_EQ(change("person ", R"({"accountEnabled": false})"), 204);
  EXPECT_EQ(send("DELETE", "/v1.0/users/" + bob, "person " + kEverything).status, 204);
}

TEST_F(RouteMatrix, WithoutABelievableTokenNothingOpens) {
  for (const Route& route : all_routes()) {
    for (const char* token : {"", "expired", "wrong-audience"}) {
      http::Request request;
      request.method = route.method;
      request.path = versions_of(route).front() + path_of(route);
      request.received = kNow;
      if (*token) request.headers.set("Authorization", std::string("Bearer ") + token);
      const http::Response response = router_.handle(request);
      EXPECT_EQ(response.status, 401) << name_of(route);
      EXPECT_EQ(error_code(response), "InvalidAuthenticationToken");
    }
  }
}

TEST_F(RouteMatrix, ABetaRouteIsNotThereInV1) {
  EXPECT_EQ(send("POST", "/v1.0/groups/evaluateDynamicMembership", kEverything, {}, "{}").status, 405);
  EXPECT_EQ(send("POST", "/beta/groups/evaluateDynamicMembership", kEverything, {}, "{}").status, 400);
}

}  // namespace
}  // namespace wardbridge::graph
