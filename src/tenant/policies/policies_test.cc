#include "tenant/policies/policies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/empty_store.h"

namespace wardbridge::policies {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const directory::TenantId kTenant{"11111111-1111-1111-1111-111111111111"};
const directory::TenantId kOther{"22222222-2222-2222-2222-222222222222"};
const audit::Actor kAdmin{audit::Actor::Kind::user, "admin", "Admin", ""};
const Time kNow = from_unix_seconds(1'800'000'000);
const std::string kId = "99999999-0000-0000-0000-000000000001";

json::Object object_from(std::string_view text) {
  auto parsed = json::parse(text);
  CHECK(parsed.ok(), parsed.failure().message);
  return parsed->as_object();
}

// A valid policy with `changes` (a JSON merge) on top; a null removes nothing, it is the value null.
json::Object policy_with(std::string_view conditions = "{}", std::string_view others = "{}") {
  json::Object policy = object_from(R"({
    "displayName": "Require a compliant Mac", "state": "enabled",
    "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]},
                   "clientAppTypes": ["all"]},
    "grantControls": {"operator": "OR", "builtInControls": ["compliantDevice"]}})");
  for (const auto& member : object_from(conditions)) policy["conditions"].as_object()[member.key()] = member.value();
  for (const auto& member : object_from(others)) policy[member.key()] = member.value();
  return policy;
}

class Policies : public testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema, kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
  }
  Result<StoredPolicy> add(const json::Object& body, const std::string& id = kId) {
    return store_->write([&](store::Transaction& tx) { return create(tx, kTenant, id, body, kAdmin, kNow); });
  }
  Result<StoredPolicy> change(std::string_view patch) {
    return store_->write(
        [&](store::Transaction& tx) { return update(tx, kTenant, kId, object_from(patch), kAdmin, kNow + hours{1}); });
  }
  std::optional<StoredPolicy> stored(const directory::TenantId& tenant = kTenant) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::optional<StoredPolicy>> { return find(tx, tenant, kId); })
        .value();
  }
  std::vector<std::string> activities() {
    std::vector<std::string> words;
    const auto rows = store_->read([](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
      return directory::audit_rows(tx, kTenant, 100);
    });
    for (const auto& row : *rows) words.push_back(row.entry.action);
    return words;
  }
  std::unique_ptr<store::Store> store_;
};

TEST_F(Policies, ComesBackWithEverythingThatWasWritten) {
  const json::Object body = policy_with(
      R"({"locations": {"includeLocations": ["AllTrusted"], "excludeLocations": []},
          "devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -ne True"}}})",
      R"({"id": "made-up", "createdDateTime": "2000-01-01T00:00:00Z",
          "sessionControls": {"signInFrequency": {"isEnabled": true, "value": 4, "type": "hours"}}})");
  ASSERT_TRUE(add(body).ok());
  const json::Object shown = to_graph_json(*stored());
  for (const char* key : {"displayName", "state", "conditions", "grantControls", "sessionControls"})
    EXPECT_EQ(shown.at(key), body.at(key)) << key;
  EXPECT_EQ(shown.at("id").as_string(), kId);
  EXPECT_EQ(shown.at("createdDateTime").as_string(), to_iso8601(kNow, false));
  EXPECT_TRUE(shown.at("modifiedDateTime").is_null());
  EXPECT_FALSE(stored(kOther));
}

TEST_F(Policies, EveryConditionThatCanBeJudgedReachesTheEngine) {
  const access::Policy policy = to_policy(kId, policy_with(R"({
    "users": {"includeUsers": ["All"], "excludeUsers": ["GuestsOrExternalUsers"],
              "includeGroups": ["aaaaaaaa-0000-0000-0000-000000000001"],
              "excludeGroups": ["aaaaaaaa-0000-0000-0000-000000000002"], "includeRoles": []},
    "applications": {"includeApplications": ["All"], "excludeApplications": ["aaaaaaaa-0000-0000-0000-000000000003"],
                     "includeUserActions": ["urn:user:registersecurityinfo"], "applicationFilter": null},
    "clientAppTypes": ["browser"], "platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]},
    "locations": {"includeLocations": ["All"], "excludeLocations": []},
    "devices": {"deviceFilter": null}, "authenticationFlows": {"transferMethods": "none"}, "signInRiskLevels": []})",
                                                           R"({"grantControls": {"operator": "AND",
    "builtInControls": ["mfa", "compliantDevice"], "termsOfUse": [], "authenticationStrength": null}})"));
  EXPECT_EQ(policy.id, kId);
  EXPECT_EQ(policy.display_name, "Require a compliant Mac");
  EXPECT_EQ(policy.state, access::PolicyState::enabled);
  EXPECT_THAT(policy.include_users, ElementsAre("All"));
  EXPECT_THAT(policy.exclude_users, ElementsAre("GuestsOrExternalUsers"));
  EXPECT_THAT(policy.include_groups, ElementsAre("aaaaaaaa-0000-0000-0000-000000000001"));
  EXPECT_THAT(policy.exclude_groups, ElementsAre("aaaaaaaa-0000-0000-0000-000000000002"));
  EXPECT_THAT(policy.include_applications, ElementsAre("All"));
  EXPECT_THAT(policy.exclude_applications, ElementsAre("aaaaaaaa-0000-0000-0000-000000000003"));
  EXPECT_THAT(policy.include_user_actions, ElementsAre("urn:user:registersecurityinfo"));
  EXPECT_THAT(policy.client_app_types, ElementsAre("browser"));
  EXPECT_THAT(policy.include_platforms, ElementsAre("all"));
  EXPECT_THAT(policy.exclude_platforms, ElementsAre("iOS"));
  EXPECT_THAT(policy.unsupported_conditions, IsEmpty());
  EXPECT_THAT(policy.unsupported_grants, IsEmpty());
  EXPECT_EQ(policy.grant_operator, access::GrantOperator::all_of);
  EXPECT_THAT(policy.grant_controls, ElementsAre(access::Control::mfa, access::Control::compliant_device));
}

TEST_F(Policies, EveryConditionThatCannotBeJudgedIsSaidToBeSo) {
  const std::pair<const char*, const char*> conditions[] = {
      {R"({"locations": {"includeLocations": ["AllTrusted"]}})", "locations"},
      {R"({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}})", "locations"},
      {R"({"signInRiskLevels": ["high"]})", "signInRiskLevels"},
      {R"({"userRiskLevels": ["high"]})", "userRiskLevels"},
      {R"({"servicePrincipalRiskLevels": ["high"]})", "servicePrincipalRiskLevels"},
      {R"({"insiderRiskLevels": "minor,elevated"})", "insiderRiskLevels"},
      {R"({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}})", "authenticationFlows"},
      {R"({"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}})",
       "clientApplications"},
      {R"({"users": {"includeUsers": ["None"], "includeRoles": ["aaaaaaaa-0000-0000-0000-000000000001"]}})",
       "users.includeRoles"},
      {R"({"users": {"includeUsers": ["All"], "excludeRoles": ["aaaaaaaa-0000-0000-0000-000000000001"]}})",
       "users.excludeRoles"},
      {R"({"users": {"includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "internalGuest"}}})",
       "users.includeGuestsOrExternalUsers"},
      {R"({"applications": {"includeApplications": ["Office365"]}})", "applications.includeApplications.Office365"},
      {R"({"applications": {"applicationFilter": {"mode": "include", "rule": "x"}}})",
       "applications.applicationFilter"},
  };
  for (const auto& [json, path] : conditions) {
    const json::Object document = policy_with(json);
    EXPECT_TRUE(validate(document).ok()) << json << ": " << validate(document).failure().message;
    EXPECT_THAT(to_policy(kId, document).unsupported_conditions, ElementsAre(path)) << json;
  }
  const auto grants = to_policy(kId, policy_with("{}", R"({"grantControls": {"operator": "OR",
      "builtInControls": ["riskRemediation"], "termsOfUse": ["t"], "authenticationStrength": {"id": "s"}}})"));
  EXPECT_THAT(grants.unsupported_grants, ElementsAre("riskRemediation", "termsOfUse", "authenticationStrength"));
}

TEST_F(Policies, AFilterForDevicesIsReadAndABadOneIsRefused) {
  const auto filtered = [](const std::string& mode, const std::string& rule) {
    return policy_with(json::to_text(
        json::Object{{"devices", json::Object{{"deviceFilter", json::Object{{"mode", mode}, {"rule", rule}}}}}}));
  };
  const json::Object document =
      filtered("exclude", "device.trustType -eq \"Workplace\" -and device.isCompliant -ne True");
  EXPECT_TRUE(validate(document).ok()) << validate(document).failure().message;
  const access::Policy policy = to_policy(kId, document);
  ASSERT_TRUE(policy.device_filter.has_value());
  EXPECT_EQ(policy.device_filter->mode, access::DeviceFilter::Mode::exclude);
  EXPECT_THAT(policy.unsupported_conditions, IsEmpty());
  for (const char* rule : {"x", "device.deviceOSType -eq \"macOS\"", "device.model -match \"Mac\"",
                           "user.department -eq \"Sales\"", "device.model -eq"}) {
    EXPECT_EQ(validate(filtered("include", rule)).failure().reason, "bad_device_filter") << rule;
    EXPECT_THAT(to_policy(kId, filtered("include", rule)).unsupported_conditions, testing::Contains("devices")) << rule;
  }
  EXPECT_THAT(validate(filtered("include", "device.model -eq 7 -or -and")).failure().message,
              testing::HasSubstr("character"));
}

TEST_F(Policies, ADocumentThatIsNoLongerValidRefusesRatherThanLetsThrough) {
  json::Object document = policy_with();
  document["conditions"].as_object()["users"] = json::Object{{"includeWhom", "everybody"}};
  const access::Policy policy = to_policy(kId, document);
  const access::SignIn sign_in{.user_id = "u", .resource_app_id = "a"};
  EXPECT_EQ(access::decide(sign_in, {policy}).outcome, access::Outcome::block);
}

TEST_F(Policies, RefusesWhatGraphWouldRefuseAndNamesTheProperty) {
  struct Refused {
    json::Object document;
    const char* reason;
    const char* where;
  };
  const Refused cases[] = {
      {policy_with("{}", R"({"displayName": " "})"), "missing_property", "displayName"},
      {policy_with("{}", R"({"displayName": 3})"), "bad_property_type", "displayName"},
      {policy_with("{}", R"({"state": null})"), "missing_property", "state"},
      {policy_with("{}", R"({"state": "on"})"), "bad_property_value", "state"},
      {policy_with("{}", R"({"conditions": null})"), "missing_property", "conditions"},
      {policy_with("{}", R"({"conditions": []})"), "bad_property_type", "conditions"},
      {policy_with("{}", R"({"colour": "red"})"), "unknown_property", "colour"},
      {policy_with(R"({"weather": "rain"})"), "unknown_property", "conditions.weather"},
      {policy_with(R"({"users": {"includeUsers": []}})"), "no_users", "conditions.users"},
      {policy_with(R"({"users": {"includeUsers": "All"}})"), "bad_property_type", "conditions.users.includeUsers"},
      {policy_with(R"({"users": {"includeUsers": [1]}})"), "bad_property_type", "conditions.users.includeUsers"},
      {policy_with(R"({"users": {"includeUsers": ["ann"]}})"), "bad_id", "conditions.users.includeUsers"},
      {policy_with(R"({"users": {"includeGroups": ["All"]}})"), "bad_id", "conditions.users.includeGroups"},
      {policy_with(R"({"applications": {}})"), "no_applications", "conditions.applications"},
      {policy_with(R"({"clientAppTypes": ["fax"]})"), "bad_property_value", "conditions.clientAppTypes"},
      {policy_with(R"({"platforms": {"includePlatforms": ["macos"]}})"), "bad_property_value",
       "conditions.platforms.includePlatforms"},
      {policy_with("{}", R"({"grantControls": null})"), "no_controls", "grantControls"},
      {policy_with("{}", R"({"grantControls": {"builtInControls": ["mfa"]}})"), "no_operator",
       "grantControls.operator"},
      {policy_with("{}", R"({"grantControls": {"operator": "OR", "builtInControls": ["block", "mfa"]}})"),
       "block_is_alone", "grantControls.builtInControls"},
      {policy_with("{}", R"({"grantControls": {"operator": "OR", "builtInControls": ["hope"]}})"), "bad_property_value",
       "grantControls.builtInControls"},
      {policy_with(R"({"applications": {"includeUserActions": ["urn:user:registerdevice"]}})"), "not_for_user_actions",
       "grantControls.builtInControls"},
      {policy_with(R"({"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}})",
                   R"({"state": "enabledForReportingButNotEnforced"})"),
       "not_for_user_actions", "state"},
  };
  for (const Refused& one : cases) {
    const auto refused = add(one.document);
    ASSERT_FALSE(refused.ok()) << one.where;
    EXPECT_EQ(refused.failure().reason, one.reason) << refused.failure().message;
    EXPECT_EQ(refused.failure().where, one.where) << refused.failure().message;
  }
  EXPECT_FALSE(stored());
  EXPECT_THAT(activities(), IsEmpty());
}

TEST_F(Policies, APatchChangesOnlyWhatItNames) {
  ASSERT_TRUE(add(policy_with()).ok());
  const auto changed = change(
      R"({"state": "disabled", "conditions": {"users": {"excludeUsers": ["aaaaaaaa-0000-0000-0000-000000000001"]}}})");
  ASSERT_TRUE(changed.ok()) << changed.failure().message;
  const access::Policy policy = to_policy(kId, stored()->document);
  EXPECT_EQ(policy.state, access::PolicyState::disabled);
  EXPECT_THAT(policy.include_users, ElementsAre("All"));
  EXPECT_THAT(policy.exclude_users, ElementsAre("aaaaaaaa-0000-0000-0000-000000000001"));
  EXPECT_THAT(policy.grant_controls, ElementsAre(access::Control::compliant_device));
  EXPECT_EQ(stored()->created, kNow);
  EXPECT_EQ(stored()->modified, kNow + hours{1});
}

TEST_F(Policies, APatchThatLeavesNoValidPolicyChangesNothing) {
  ASSERT_TRUE(add(policy_with()).ok());
  const auto refused = change(R"({"grantControls": null})");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "no_controls");
  EXPECT_EQ(stored()->document, policy_with());
  EXPECT_THAT(activities(), ElementsAre("Add conditional access policy"));
}

TEST_F(Policies, LivesAndDiesWithAuditRows) {
  EXPECT_EQ(change("{}").failure().reason, "no_policy");
  ASSERT_TRUE(add(policy_with()).ok());
  EXPECT_EQ(add(policy_with()).failure().reason, "already_exists");
  ASSERT_TRUE(change(R"({"displayName": "Renamed"})").ok());
  const auto drop = [&](const directory::TenantId& tenant) {
    return store_->write([&](store::Transaction& tx) { return remove(tx, tenant, kId, kAdmin, kNow); });
  };
  EXPECT_EQ(drop(kOther).failure().reason, "no_policy");
  ASSERT_TRUE(drop(kTenant).ok());
  EXPECT_FALSE(stored());
  EXPECT_THAT(activities(), ElementsAre("Delete conditional access policy", "Update conditional access policy",
                                        "Add conditional access policy"));
}

TEST_F(Policies, AreLoadedForTheEngineOldestFirst) {
  ASSERT_TRUE(add(policy_with("{}", R"({"displayName": "B"})"), "b").ok());
  ASSERT_TRUE(add(policy_with("{}", R"({"displayName": "A"})"), "c").ok());
  const auto loaded =
      store_->read([](store::Transaction& tx) -> Result<std::vector<access::Policy>> { return load_all(tx, kTenant); });
  ASSERT_EQ(loaded->size(), 2U);
  EXPECT_EQ((*loaded)[0].display_name, "B");
  EXPECT_EQ((*loaded)[1].display_name, "A");
}

}  // namespace
}  // namespace wardbridge::policies
