#include "app/wiring.h"

#include <thread>

#include "cli/self_service.h"
#include "platform/clock/clock.h"

namespace wardbridge::app {
namespace {

json::Object criterion(int priority, const char* name, const char* search_type, const char* value) {
  return {{"name", name},   {"priority", priority},  {"andOr", "and"},       {"searchType", search_type},
          {"value", value}, {"openingParen", false}, {"closingParen", false}};
}

Result<std::string> create_group(cli::ApiClient& management, const char* name, const char* description,
                                 json::Array criteria) {
  json::Object group{{"name", name}, {"description", description}, {"criteria", std::move(criteria)}};
  return json::required_text(TRY(management.post("/api/v3/computer-groups/smart-groups", group)), "id");
}

}  // namespace

Status wait_for(const std::string& what, Duration patience, const std::function<Result<bool>()>& happened) {
  for (Duration end = monotonic_now() + patience; monotonic_now() < end;) {
    if (TRY(happened())) return done();
    std::this_thread::sleep_for(milliseconds{3});
  }
  return Failure{Code::timeout, "hop_missing", what + " did not happen within " + for_people(patience)};
}

Status connect_to_tenant(cli::ApiClient& management, const Wiring& wiring) {
  std::string applicable_id =
      TRY(create_group(management, "Wardbridge Applicable", "Macs that the integration is about",
                       {criterion(0, "Application Title", "is", "CompanyPortal.app")}));
  std::string compliant_id =
      TRY(create_group(management, "Wardbridge Compliant", "Macs that may open the company's applications",
                       {criterion(0, "Last Inventory Update", "less than x days ago", "2"),
                        criterion(1, "Application Title", "is", "CompanyPortal.app"),
                        criterion(2, "FileVault 2 Status", "is", "All Partitions Encrypted")}));
  json::Object connection{{"name", wiring.domain},
                          {"tenant", wiring.domain},
                          {"clientId", wiring.client_id},
                          {"clientSecret", wiring.client_secret},
                          {"loginUrl", wiring.tenant_url},
                          {"graphUrl", wiring.tenant_url},
                          {"enrollmentUrl", management.base_url() + "/enroll"},
                          {"remediationUrl", management.base_url() + "/remediate"}};
  std::string connection_id =
      TRY(json::required_text(TRY(management.post("/api/v1/wardbridge/connections", connection)), "id"));
  json::Object settings{{"enabled", true},
                        {"complianceGroupId", compliant_id},
                        {"applicableGroupId", applicable_id},
                        {"connectionId", connection_id}};
  TRY(management.put("/api/v1/wardbridge/device-compliance", settings));
  TRY(cli::offer_registration(management, {.group = applicable_id}));
  return wait_for("the connection to the tenant", seconds{15}, [&]() -> Result<bool> {
    json::Object found = TRY(management.get("/api/v1/wardbridge/connections/" + connection_id));
    std::string state = TRY(json::required_text(found, "state"));
    if (state == "credentials" || state == "permission") {
      return Failure{Code::forbidden, "connection_refused",
                     "the tenant refuses the connection: " + TRY(json::optional_text(found, "errorMessage"))};
    }
    return state == "active";
  });
}

ApplicationConfig user_registration_app() {
  return {.name = "User registration app for Device Compliance",
          .client_id = "b03c10a8-71c7-45f9-b44a-3335ab76e970",
          .redirect_uris = {"msauth.com.jamf.management.jamfAAD://auth"},
          .public_client = true,
          .delegated_permissions = {"User.Read"}};
}

Result<std::string> invite_macs(cli::ApiClient& management) {
  json::Object body{{"description", "every Mac"}};
  return json::required_text(TRY(management.post("/api/v1/wardbridge/enrollment-invitations", body)), "invitation");
}

Status require_compliant_macs(cli::ApiClient& graph, const std::string& application_client_id) {
  json::Object policy{
      {"displayName", "Payroll needs a compliant Mac"},
      {"state", "enabled"},
      {"conditions", json::Object{{"users", json::Object{{"includeUsers", json::Array{"All"}}}},
                                  {"applications", json::Object{{"includeApplications",
                                                                 json::Array{json::Value(application_client_id)}}}},
                                  {"clientAppTypes", json::Array{"all"}}}},
      {"grantControls", json::Object{{"operator", "OR"}, {"builtInControls", json::Array{"compliantDevice"}}}}};
  TRY(graph.post("/v1.0/identity/conditionalAccess/policies", policy));
  return done();
}

}  // namespace wardbridge::app
