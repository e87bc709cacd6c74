// The numbered procedures of the five documents, step by step, as administrators of both sides walk through them: with
// the program's own command line against a server of its own, a browser for consent, and Microsoft Graph where the
// documents go to the Azure portal. Names of tests are the documents' headings; every step is named where it is done.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <cstdio>
#include <thread>

#include "app/wiring.h"
#include "cli/api_client.h"
#include "mac/mac.h"
#include "platform/clock/clock.h"
#include "platform/http/client.h"
#include "support/administrators_browser.h"
#include "support/server_process.h"

namespace wardbridge {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr const char* kTenantId = "11111111-2222-4333-8444-000000000001";
constexpr const char* kToolsApp = "6d1f2a3b-0000-4000-8000-00000000000b";
constexpr const char* kConnectorApp = "6d1f2a3b-0000-4000-8000-00000000000c";
constexpr const char* kUserApp = "6d1f2a3b-0000-4000-8000-00000000000d";
// What Macs sign their people in with to submit their ids, for the manual connection and the others, and what Company
// Portal signs in to.
constexpr const char* kNativeConnector = "55d611b0-7d33-4d38-8df3-6041868930d7";
constexpr const char* kRegistrationApp = "b03c10a8-71c7-45f9-b44a-3335ab76e970";
constexpr const char* kRegistrationService = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9";
constexpr const char* kSecret = "a-client-secret-of-these-tests";
constexpr const char* kAdministrator = "admin@contoso.example";
constexpr const char* kPassword = "correct horse battery";
constexpr const char* kIntuneApiApp = "c161e42e-d4df-4a3d-9b42-e7a3c31f59d4";
constexpr const char* kGraphApp = "00000003-0000-0000-c000-000000000000";
constexpr const char* kManagementUrl = "https://jamf.example";

struct Said {
  int exit_code = 0;
  std::string text;  // what it prints, errors included
};

class Procedure : public ::testing::Test {
 protected:
  // Which of the two integrations the Cloud Connector serves; none: there is no connector.
  void serve(const std::string& integration = "") {
    secret_file_ = server_.write_file("secret.txt", kSecret);
    std::string password = server_.write_file("administrator.txt", kPassword);
    std::string mac_password = server_.write_file("mac.txt", profile_.password);
    std::string callback = server_.connector_url() + "/consent/callback";
    std::string vendor =
        "{name: Vendor, domains: [vendor.example], applications: ["
        "{name: Cloud Connector, multitenant: true, client_id: " +
        std::string(kConnectorApp) + ", client_secret_file: " + secret_file_ + ", redirect_uris: [\"" + callback +
        "\"], application_permissions: [Directory.Read.All, update_device_attributes], delegated_permissions: "
        "[User.Read]}, {name: Cloud Connector user registration app, multitenant: true, client_id: " +
        kUserApp + ", client_secret_file: " + secret_file_ + ", redirect_uris: [\"" + callback +
        "\"], delegated_permissions: [User.Read]}]}";
    std::string contoso =
        "{id: " + std::string(kTenantId) +
        ", name: Contoso, domains: [contoso.example], users: [{user_principal_name: " + kAdministrator +
        ", display_name: Admin, password_file: " + password +
        ", administrator: true}, {user_principal_name: " + profile_.user_principal_name + ", display_name: \"" +
        profile_.full_name + "\", password_file: " + mac_password + "}], groups: [{name: Sales, members: [" +
        profile_.user_principal_name +
        "]}, {name: Contractors, members: []}], applications: [{name: Tools, client_id: " + kToolsApp +
        ", client_secret_file: " + secret_file_ +
        ", application_permissions: [DeviceManagementServiceConfig.ReadWrite.All, Group.ReadWrite.All, "
        "Device.Read.All, "
        "DeviceManagementManagedDevices.Read.All, Application.ReadWrite.All, AppRoleAssignment.ReadWrite.All, "
        "Directory.Read.All, Policy.Read.All, Policy.ReadWrite.ConditionalAccess, User.Read.All]}, "
        "{name: Jamf Native macOS Connector, client_id: " +
        kNativeConnector +
        ", public_client: true, redirect_uris: [\"msauth.com.jamf.management.jamfAAD://auth\"], "
        "delegated_permissions: [User.Read]}, {name: User registration app for Device Compliance, client_id: " +
        kRegistrationApp +
        ", public_client: true, redirect_uris: [\"msauth.com.jamf.management.jamfAAD://auth\"], "
        "delegated_permissions: [User.Read]}]}";
    std::string connector;
    if (!integration.empty()) {
      connector = "clouds: [{name: here, integration: " + integration + ", login_url: \"" + server_.tenant_url() +
                  "\", graph_url: \"" + server_.tenant_url() + "\", client_id: " + kConnectorApp +
                  ", user_registration_client_id: " + kUserApp + ", client_secret_file: " + secret_file_ + "}]";
    }
    server_.replace_configuration("public_url: \"" + std::string(kManagementUrl) +
                                      "\", clouds: [{name: here, display_name: Here, login_url: \"" +
                                      server_.tenant_url() + "\", graph_url: \"" + server_.tenant_url() + "\"}]",
                                  "tenants: [" + vendor + ", " + contoso + "]", connector);
    Status started = server_.start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
    password_file_ = server_.write_file("password.txt", server_.admin_password());
    transport_ = std::make_unique<http::CurlTransport>(http::ClientOptions{.ca_file = server_.ca_file()});
    graph_ = std::make_unique<cli::ApiClient>(*transport_, server_.tenant_url());
    Status in = graph_->log_in_client(server_.tenant_url() + "/contoso.example/oauth2/v2.0/token", kToolsApp, kSecret,
                                      "https://graph.microsoft.com/.default");
    ASSERT_TRUE(in.ok()) << in.failure().message;
    management_ = std::make_unique<cli::ApiClient>(*transport_, server_.management_url());
    in = management_->log_in("admin", server_.admin_password());
    ASSERT_TRUE(in.ok()) << in.failure().message;
  }

  Said run(Words words) {
    std::string command = WARDBRIDGE_PROGRAM;
    for (const std::string& word : words) command += " '" + text::replace_all(word, "'", "'\\''") + "'";
    Said said;
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    char buffer[4096];
    while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) said.text.append(buffer, count);
    said.exit_code = WEXITSTATUS(::pclose(pipe));
    return said;
  }
  // A verb against the management side, the tenant, or the connector, which does what the named step of a document
  // says.
  Said on_management(const std::string& step, Words words, int exit_code = 0) {
    return take(step, std::move(words),
                {"--url", server_.management_url(), "--ca-file", server_.ca_file(), "--password-file", password_file_},
                exit_code);
  }
  Said on_tenant(const std::string& step, Words words, int exit_code = 0) {
    return take(step, std::move(words),
                {"--url", server_.tenant_url(), "--ca-file", server_.ca_file(), "--tenant", "contoso.example",
                 "--client-id", kToolsApp, "--client-secret-file", secret_file_},
                exit_code);
  }
  // Asks again until the answer has these words: what the documents call a refresh of the page.
  Said refresh_on_tenant(const std::string& step, const Words& words, const std::string& wanted) {
    return refresh(step, wanted, [&] { return on_tenant(step, words); });
  }
  Said refresh_on_management(const std::string& step, const Words& words, const std::string& wanted) {
    return refresh(step, wanted, [&] { return on_management(step, words); });
  }
  void wait_for(const std::string& what, const std::function<Result<bool>()>& is_so) {
    Status came = app::wait_for(what, seconds{30}, is_so);
    EXPECT_TRUE(came.ok()) << came.failure().message;
  }

  json::Object graph_get(const std::string& path) {
    auto answer = graph_->get("/v1.0" + path);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.failure().message);
    return answer.ok() ? *answer : json::Object{};
  }
  json::Object graph_post(const std::string& path, const json::Object& body) {
    auto answer = graph_->post("/v1.0" + path, body);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.failure().message);
    return answer.ok() ? *answer : json::Object{};
  }
  std::string text(const json::Object& object, std::string_view member) {
    return std::string(json::text_at(object, member).value_or(""));
  }

  // What the Azure portal calls *Grant admin consent* for one application permission.
  void grant(const std::string& principal, const std::string& resource_app, const std::string& permission) {
    json::Object found = graph_get("/servicePrincipals?$filter=appId%20eq%20'" + resource_app + "'");
    const json::Object& resource = found.at("value").at(0).as_object();
    for (const json::Value& role : *json::array_at(resource, "appRoles")) {
      if (text(role.as_object(), "value") != permission) continue;
      graph_post("/servicePrincipals/" + principal + "/appRoleAssignments",
                 {{"principalId", principal}, {"resourceId", resource.at("id")}, {"appRoleId", role.at("id")}});
      return;
    }
    ADD_FAILURE() << "no permission is called " << permission;
  }

  // "Create an application in Azure Active Directory" of the document Integrate Jamf Pro with Intune.
  std::string create_application(const std::string& name) {
    // Steps 1 to 4: register it, with the address of Jamf Pro, for any organizational directory; note its id.
    json::Object application =
        graph_post("/applications", {{"displayName", name},
                                     {"signInAudience", "AzureADMultipleOrgs"},
                                     {"web", json::Object{{"redirectUris", json::Array{kManagementUrl}}}}});
    // Step 5: a client secret, which is shown this once.
    json::Object secret = graph_post("/applications/" + text(application, "id") + "/addPassword",
                                     {{"passwordCredential", json::Object{{"displayName", "for Jamf Pro"}}}});
    application_secret_file_ = server_.write_file("application-secret.txt", text(secret, "secretText"));
    json::Object again = graph_get("/applications/" + text(application, "id"));
    EXPECT_THAT(json::to_text(again), Not(HasSubstr(text(secret, "secretText"))));
    // Steps 6 to 8: exactly one permission on Intune, with admin consent; and what finding the services needs.
    json::Object principal = graph_post("/servicePrincipals", {{"appId", application.at("appId")}});
    application_principal_ = text(principal, "id");
    grant(application_principal_, kIntuneApiApp, "update_device_attributes");
    grant(application_principal_, kGraphApp, "Application.Read.All");
    return text(application, "appId");
  }

  // The operator of the Cloud Connector registers this server; the file with its credential.
  std::string issue_credential() {
    Said issued = run({"connector", "add-instance", "Berlin", "--url", server_.connector_url(), "--ca-file",
                       server_.ca_file(), "--token-file", server_.operator_token_file()});
    return server_.write_file("credential.txt", std::string(text::split(issued.text, '\n').at(1)));
  }
  // An administrator of the tenant opens the address that *Connect* printed, and consents; where the browser ends.
  Result<http::Response> consent_to(const Said& connecting) {
    auto begin = connecting.text.find("open https://") + 5;
    testing::AdministratorsBrowser browser(*transport_, kAdministrator, kPassword);
    return browser.open(connecting.text.substr(begin, connecting.text.find('\n', begin) - begin));
  }

  std::string create_group(const std::string& name, json::Array criteria) {
    auto group = management_->post("/api/v3/computer-groups/smart-groups", {{"name", name}, {"criteria", criteria}});
    EXPECT_TRUE(group.ok()) << (group.ok() ? "" : group.failure().message);
    return group.ok() ? text(*group, "id") : "";
  }
  void create_group_of_all() {
    create_group(
        "All Macs",
        {json::Object{
            {"name", "Computer Name"}, {"priority", 0}, {"andOr", "and"}, {"searchType", "is not"}, {"value", ""}}});
  }
  // A Mac of Sales enrols, reports, and is registered by its person in Self Service.
  void bring_mac() {
    on_management("deploy Company Portal, and a policy registering user computers with Azure AD",
                  {"self-service", "offer-registration", "--group", "All Macs"});
    auto invitation = app::invite_macs(*management_);
    ASSERT_TRUE(invitation.ok()) << invitation.failure().message;
    mac_ = std::make_unique<mac::SimulatedMac>(profile_, *transport_, entropy_);
    ASSERT_TRUE(mac_->enroll(server_.management_url(), *invitation).ok());
    mac_->use_directory(server_.tenant_url(), "contoso.example");
    ASSERT_TRUE(mac_->check_in(clock_.now()).ok());
    auto registered = mac_->register_from_self_service(clock_.now());
    ASSERT_TRUE(registered.ok()) << registered.failure().message;
    ASSERT_TRUE(mac_->check_in(clock_.now()).ok());
  }
  void expect_compliant(bool compliant) {
    wait_for(compliant ? "a compliant Mac in the tenant" : "no compliant Mac in the tenant", [&]() -> Result<bool> {
      json::Object devices = TRY(graph_->get("/v1.0/devices"));
      for (const json::Value& device : *json::array_at(devices, "value")) {
        if (device.at("deviceId").as_string() == mac_->device_id())
          return (device.at("isCompliant") == true) == compliant;
      }
      return false;
    });
  }

  testing::ServerProcess server_{WARDBRIDGE_PROGRAM, {}};
  SystemClock clock_;
  SystemEntropy entropy_;
  mac::Profile profile_ = mac::make_profile(1, 0, "contoso.example");
  std::string secret_file_, password_file_, application_secret_file_, application_principal_;
  std::unique_ptr<http::CurlTransport> transport_;
  std::unique_ptr<cli::ApiClient> graph_, management_;
  std::unique_ptr<mac::SimulatedMac> mac_;

 private:
  Said refresh(const std::string& step, const std::string& wanted, const std::function<Said()>& ask) {
    Said said;
    for (Duration end = monotonic_now() + seconds{30}; monotonic_now() < end;) {
      said = ask();
      if (said.text.find(wanted) != std::string::npos) return said;
      std::this_thread::sleep_for(milliseconds{100});
    }
    ADD_FAILURE() << step << ": `" << wanted << "` did not come: " << said.text;
    return said;
  }
  Said take(const std::string& step, Words words, const Words& where, int exit_code) {
    words.insert(words.end(), where.begin(), where.end());
    Said said = run(std::move(words));
    EXPECT_EQ(said.exit_code, exit_code) << step << ": " << said.text;
    return said;
  }
};

// --- Document 003

TEST_F(Procedure, IntegrateJamfProWithIntuneForCompliance) {
  serve();
  std::string application = create_application("Jamf Conditional Access");

  on_tenant("Enable Intune to integrate, 1 to 4: paste the Application ID, save",
            {"partner", "save", "--application-id", application});
  Said page = on_tenant("the status", {"partner", "show"});
  EXPECT_THAT(page.text, HasSubstr("Pending activation"));

  Said saved =
      on_management("Configure, 1.1 to 1.4: enable, location, domain name, application id, client secret, save",
                    {"connect", "manual", "--cloud", "here", "--tenant", "contoso.example", "--application-id",
                     application, "--secret-file", application_secret_file_});
  EXPECT_THAT(saved.text, HasSubstr("The connection to Microsoft Intune works."));
  EXPECT_THAT(saved.text, HasSubstr("/DeviceRegistration.html"));
  on_management("whose verdicts", {"connect", "use", "Conditional Access", "--compliance-group", "All Macs"}, 3);
  create_group_of_all();
  on_management("whose verdicts", {"connect", "use", "Conditional Access", "--compliance-group", "All Macs",
                                   "--applicable-group", "All Macs"});
  bring_mac();
  expect_compliant(true);

  Said counted =
      on_tenant("Configure, 3: Evaluate", {"partner", "evaluate", "--include", "Sales", "--exclude", "Contractors"});
  EXPECT_THAT(counted.text, HasSubstr("answer for 1 registered Macs; 0 are excluded"));
  counted = on_tenant("Configure, 2: Exclude overrides Include",
                      {"partner", "evaluate", "--include", "Sales", "--exclude", "Sales"});
  EXPECT_THAT(counted.text, HasSubstr("answer for 0 registered Macs; 1 are excluded"));
  page = on_tenant("Configure, 4: Save", {"partner", "save", "--include", "Sales", "--exclude", "Contractors"});
  EXPECT_THAT(page.text, HasSubstr("Active"));
  EXPECT_THAT(page.text, HasSubstr("exclude         Contractors"));

  on_management("Disconnect, 1 to 3: clear Enable Intune Integration, save", {"connect", "disable"});
  page = refresh_on_tenant("Disconnect, 4 and 5: the status", {"partner", "show"}, "Terminated");
  EXPECT_THAT(page.text, HasSubstr("Macs removed on"));
  expect_compliant(false);
}

// --- Document 001

TEST_F(Procedure, ConfiguringTheIntegrationUsingAManualConnectionAndTestingIt) {
  serve();
  std::string application = create_application("Jamf");
  on_tenant("the Application ID", {"partner", "save", "--application-id", application});
  Said nothing = on_management("Configuring, 1 to 5: open the settings", {"connect", "show"});
  EXPECT_THAT(nothing.text, HasSubstr("notConfigured"));
  // Not yet right: saving says so, step by step, and keeps what was typed.
  Said saved = on_management("Configuring, 6 to 13",
                             {"connect", "manual", "--cloud", "here", "--tenant", "contoso.example", "--application-id",
                              application, "--secret-file", secret_file_, "--landing-page", "access-denied"},
                             1);
  EXPECT_THAT(saved.text, HasSubstr("FAIL token"));
  EXPECT_THAT(saved.text, HasSubstr("remedy:"));
  EXPECT_THAT(saved.text, HasSubstr("/AccessDenied.html"));
  saved = on_management("Configuring, 11 and 13: the right client secret",
                        {"connect", "manual", "--secret-file", application_secret_file_});
  EXPECT_THAT(saved.text, HasSubstr("The connection to Microsoft Intune works."));
  create_group_of_all();
  on_management("whose verdicts", {"connect", "use", "Conditional Access", "--compliance-group", "All Macs",
                                   "--applicable-group", "All Macs"});
  bring_mac();
  expect_compliant(true);

  auto record = management_->get("/api/v1/computers-inventory?section=LOCAL_USER_ACCOUNTS");
  ASSERT_TRUE(record.ok()) << record.failure().message;
  EXPECT_THAT(json::to_text(*record), HasSubstr("ACTIVATED")) << "Conditional Access Inventory State";

  Said tested = on_management("Testing, 1 to 5: Run Test", {"connect", "test"});
  EXPECT_THAT(tested.text, HasSubstr("ok   heartbeat"));
  Said updated = on_management("Sending an Inventory Update, 1 to 5: Send Update", {"connect", "send-update"});
  EXPECT_THAT(updated.text, HasSubstr("An update of 1 device is on its way"));
  wait_for("the update in the computer's history", [&]() -> Result<bool> {
    json::Object sent = TRY(management_->get("/api/v1/wardbridge/computers/" + std::to_string(mac_->computer_id()) +
                                             "/sent-inventory?username=" + mac_->profile().local_username));
    const json::Array* results = json::array_at(sent, "results");
    return results && results->size() >= 2;
  });
}

// --- Document 000, and its translation 004

TEST_F(Procedure, UseTheJamfCloudConnector) {
  serve("conditional_access");
  create_group_of_all();
  std::string manual = create_application("Jamf");
  on_tenant("as it was before", {"partner", "save", "--application-id", manual});
  on_management("as it was before", {"connect", "manual", "--cloud", "here", "--tenant", "contoso.example",
                                     "--application-id", manual, "--secret-file", application_secret_file_});
  on_management("as it was before", {"connect", "use", "Conditional Access", "--compliance-group", "All Macs",
                                     "--applicable-group", "All Macs"});
  bring_mac();
  expect_compliant(true);

  // Within 24 hours the connector takes the Macs over as they are.
  on_management("Remove, 1 to 4: clear Enable Intune Integration", {"connect", "disable", "--hand-over"});
  on_tenant("Remove, 5: delete the Application ID, save", {"partner", "save", "--application-id", ""});
  auto deleted = graph_->delete_at("/v1.0/servicePrincipals/" + application_principal_);
  EXPECT_TRUE(deleted.ok()) << "Remove, 6: delete the enterprise applications";
  refresh_on_tenant("Remove, 6: the status", {"partner", "show"}, "Terminated");
  EXPECT_THAT(on_management("the configuration is kept", {"connect", "show"}).text, HasSubstr(manual));

  std::string credential = issue_credential();
  Said connecting = on_management(
      "Create a new connection, 1 to 8: Cloud Connector, sovereign cloud, landing page, Connect",
      {"connect", "cloud-connector", "Contoso", "--connector-url", server_.connector_url(), "--credential-file",
       credential, "--cloud", "here", "--tenant", "contoso.example", "--landing-page", "registration"});
  auto page = consent_to(connecting);
  ASSERT_TRUE(page.ok()) << page.failure().message;
  EXPECT_THAT(page->body, HasSubstr(kConnectorApp)) << "8, 9: both consents, then the Application ID page";

  Said early = on_management("too early", {"connect", "confirm", "Contoso"}, 1);
  EXPECT_THAT(early.text, HasSubstr("FAIL provisioning"));
  on_tenant("Create a new connection, 10: paste the Application ID, save",
            {"partner", "save", "--application-id", kConnectorApp});
  Said confirmed = on_management("Create a new connection, 11 and 12: Confirm", {"connect", "confirm", "Contoso"});
  EXPECT_THAT(confirmed.text, HasSubstr("`Contoso` is active."));
  refresh_on_tenant("Create a new connection, 13: the status", {"partner", "show"}, "Active");

  // "You won't need to re-register devices."
  expect_compliant(true);
  on_management("whose verdicts", {"connect", "use", "Contoso"});
  refresh_on_management("which Macs", {"connect", "routes", "Contoso"}, mac_->device_id());
  refresh_on_management("they are told", {"connect", "show", "Contoso"}, "1 delivered, 0 pending, 0 parked");
  Said explained = on_management("what the help desk sees", {"explain", "device", profile_.serial_number});
  EXPECT_THAT(explained.text, HasSubstr("connection Contoso (cloudConnector): active, road healthy"));
  EXPECT_THAT(explained.text, HasSubstr("acknowledged"));
  expect_compliant(true);
  json::Object listed = graph_get("/deviceManagement/managedDevices");
  EXPECT_EQ(listed.at("value").at(0).at("serialNumber").as_string(), profile_.serial_number);
  on_management("Disconnect, 1 to 3", {"connect", "disable", "Contoso"});
  Said status = refresh_on_tenant("Disconnect, 4 and 5: the status", {"partner", "show"}, "Terminated");
  EXPECT_THAT(status.text, HasSubstr("Macs removed on"));
}

// --- Document 002

TEST_F(Procedure, IntegratingJamfProWithIntuneToReportDeviceCompliance) {
  serve("device_compliance");
  json::Object company_portal{{"name", "Application Title"},
                              {"priority", 0},
                              {"andOr", "and"},
                              {"searchType", "is"},
                              {"value", "CompanyPortal.app"}};
  // Jamf Pro administrative configurations.
  create_group("Jamf-Intune Applicable Group", {company_portal});
  create_group("Jamf-Intune Compliance Group", {json::Object{{"name", "Last Inventory Update"},
                                                             {"priority", 0},
                                                             {"andOr", "and"},
                                                             {"searchType", "less than x days ago"},
                                                             {"value", "2"}},
                                                json::Object{{"name", "Application Title"},
                                                             {"priority", 1},
                                                             {"andOr", "and"},
                                                             {"searchType", "is"},
                                                             {"value", "CompanyPortal.app"}},
                                                json::Object{{"name", "FileVault 2 Status"},
                                                             {"priority", 2},
                                                             {"andOr", "and"},
                                                             {"searchType", "is"},
                                                             {"value", "All Partitions Encrypted"}}});
  on_management("One computer policy, and one app under Mac Apps",
                {"self-service", "offer-registration", "--group", "Jamf-Intune Applicable Group"});
  Said offered = on_management("the policy and the app", {"self-service", "list"});
  EXPECT_THAT(offered.text, HasSubstr("Register with Azure AD"));
  EXPECT_THAT(offered.text, HasSubstr("Microsoft Intune Company Portal"));
  // Entra administrative configurations, 1 to 4: a dynamic group of who will register.
  json::Object people =
      graph_post("/groups", {{"displayName", "Mac users"},
                             {"mailEnabled", false},
                             {"mailNickname", "macusers"},
                             {"securityEnabled", true},
                             {"groupTypes", json::Array{"DynamicMembership"}},
                             {"membershipRule", "user.userPrincipalName -contains \"@contoso.example\""},
                             {"membershipRuleProcessingState", "On"}});
  wait_for("the members of the dynamic group", [&]() -> Result<bool> {
    json::Object members = TRY(graph_->get("/v1.0/groups/" + text(people, "id") + "/members"));
    return !json::array_at(members, "value")->empty();
  });

  std::string credential = issue_credential();
  Said connecting = on_management(
      "Connect, 1 to 6: Device Compliance, save",
      {"connect", "cloud-connector", "Contoso", "--connector-url", server_.connector_url(), "--credential-file",
       credential, "--cloud", "here", "--tenant", "contoso.example", "--landing-page", "registration"});
  auto page = consent_to(connecting);
  ASSERT_TRUE(page.ok()) << page.failure().message;
  EXPECT_EQ(page->status, 200) << "Connect, 7 and 8: two prompts, then the dialog";
  json::Object apps = graph_get("/servicePrincipals?$select=displayName");
  EXPECT_THAT(json::to_text(apps), HasSubstr("Cloud Connector user registration app"));

  Said added = on_tenant("Connect, 9 to 13: Add compliance partner, macOS, groups, Create",
                         {"partner", "compliance", "add", kConnectorApp, "--include", "Mac users"});
  EXPECT_THAT(added.text, HasSubstr("Pending activation"));
  on_management("Connect, 14 and 15: Confirm", {"connect", "confirm", "Contoso"});
  refresh_on_tenant("Connect, 16 and 17: refresh, Partner Status", {"partner", "compliance", "list"}, "Active");
  on_management("Connect, 4 and 5: the groups",
                {"connect", "use", "Contoso", "--compliance-group", "Jamf-Intune Compliance Group",
                 "--applicable-group", "Jamf-Intune Applicable Group"});

  // Final steps: the registration app is excluded from a policy that would keep people from registering.
  json::Object policy = graph_post(
      "/identity/conditionalAccess/policies",
      {{"displayName", "Compliant Macs only"},
       {"state", "enabled"},
       {"conditions",
        json::Object{
            {"users", json::Object{{"includeUsers", json::Array{"All"}}, {"excludeUsers", json::Array{}}}},
            {"applications", json::Object{{"includeApplications", json::Array{"All"}},
                                          {"excludeApplications", json::Array{kUserApp, kConnectorApp, kRegistrationApp,
                                                                              kRegistrationService}}}},
            {"clientAppTypes", json::Array{"all"}}}},
       {"grantControls", json::Object{{"operator", "OR"}, {"builtInControls", json::Array{"compliantDevice"}}}}});
  EXPECT_EQ(policy.at("conditions").at("applications").at("excludeApplications").as_array().size(), 4u);

  // End User Notifications: Self Service registers, Company Portal by hand does not.
  auto invitation = app::invite_macs(*management_);
  ASSERT_TRUE(invitation.ok()) << invitation.failure().message;
  std::erase_if(profile_.applications,
                [](const auto& application) { return application.bundle_id == mac::kCompanyPortalBundleId; });
  mac_ = std::make_unique<mac::SimulatedMac>(profile_, *transport_, entropy_);
  mac_->use_directory(server_.tenant_url(), "contoso.example");
  ASSERT_TRUE(mac_->enroll(server_.management_url(), *invitation).ok());
  EXPECT_EQ(mac_->install_applications().value_or(-1), 1) << "Company Portal comes by itself";
  ASSERT_TRUE(mac_->check_in(clock_.now()).ok());
  Status by_hand = mac_->open_company_portal(mac::PortalStart::by_hand);
  ASSERT_FALSE(by_hand.ok());
  EXPECT_THAT(by_hand.failure().message, HasSubstr("AccountNotOnboarded"));
  auto registered = mac_->register_from_self_service(clock_.now());
  ASSERT_TRUE(registered.ok()) << registered.failure().message;
  EXPECT_EQ(*registered, "AAD ID acquired for macOS user " + mac_->profile().local_username);
  expect_compliant(true);
  Said explained = on_management("what the help desk sees", {"explain", "device", mac_->profile().serial_number});
  EXPECT_THAT(explained.text, HasSubstr(": Registered, device " + mac_->device_id()));
  Said log = on_management("the policy's log", {"self-service", "log", "Register with Azure AD"});
  EXPECT_THAT(log.text, HasSubstr("Completed"));

  // Troubleshooting: did jamfAAD run successfully?
  auto gathered = mac_->gather_aad_info(clock_.now(), mac::Prompting::silent);
  EXPECT_TRUE(gathered.ok()) << gathered.failure().message;
}

}  // namespace
}  // namespace wardbridge
