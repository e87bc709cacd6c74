#include "tenant/access/access.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include "cases/access/access_cases.h"

namespace wardbridge::access {
namespace {

constexpr const char* kCases = "tests/cases/access";

TEST(AccessCases, AreDecidedAsWritten) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kCases)) {
    if (entry.path().extension() != ".case") continue;
    const auto file = access_cases::read_case_file(entry.path().string());
    ASSERT_TRUE(file.ok()) << entry.path() << ": " << file.failure().message;
    for (const access_cases::Case& one : file->cases) {
      SCOPED_TRACE(entry.path().string() + ":" + std::to_string(one.line) + ": " + one.name);
      const Decision decision = decide(one.sign_in, file->policies);
      EXPECT_EQ(decision.outcome == Outcome::grant, one.outcome == Outcome::grant) << decision.reason;
      EXPECT_EQ(decision.error_code, one.error_code) << decision.reason;
      EXPECT_EQ(decision.reason.empty(), one.outcome == Outcome::grant);
      for (const std::string& part : one.reason_parts)
        EXPECT_NE(decision.reason.find(part), std::string::npos) << decision.reason;
      for (const auto& [name, result] : one.results) {
        const auto found = std::find_if(decision.policies.begin(), decision.policies.end(),
                                        [&](const AppliedPolicy& policy) { return policy.display_name == name; });
        ASSERT_NE(found, decision.policies.end()) << "no policy `" << name << "`";
        EXPECT_EQ(wire_name(found->result), result) << name << ": " << found->reason;
      }
      ++count;
    }
  }
  EXPECT_GE(count, 35) << "cases are missing from " << kCases;
}

TEST(AccessCases, ReaderRefusesWhatItDoesNotKnow) {
  for (const char* bad : {"state: enabled", "policy: a\n  colour: red", "policy: a\n  controls: hope",
                          "case: c\n  then: maybe", "case: c\n  then: grant", "nonsense"}) {
    std::istringstream lines(bad);
    EXPECT_FALSE(access_cases::Reader().read(lines).ok()) << bad;
  }
}

TEST(Access, WithoutPoliciesGrants) {
  const Decision decision = decide({}, {});
  EXPECT_EQ(decision.outcome, Outcome::grant);
  EXPECT_EQ(decision.error_code, 0);
}

TEST(Access, ControlsHaveTheirWireNames) {
  for (Control control : {Control::block, Control::mfa, Control::compliant_device, Control::domain_joined_device,
                          Control::approved_application, Control::compliant_application, Control::password_change})
    EXPECT_EQ(control_from_wire_name(wire_name(control)), control);
  EXPECT_EQ(control_from_wire_name("CompliantDevice"), std::nullopt);
}

TEST(Access, NamesWhatWasDemandedAndWhatOfItIsMissing) {
  Policy policy;
  policy.include_users = {"All"};
  policy.include_applications = {"All"};
  policy.grant_controls = {Control::mfa, Control::compliant_device};
  SignIn sign_in{.user_id = "ann", .resource_app_id = "crm"};
  sign_in.device = SignIn::DeviceClaim{.device_id = "d", .enabled = true, .is_managed = true, .is_compliant = true};
  const Decision decision = decide(sign_in, {policy});
  ASSERT_EQ(decision.policies.size(), 1U);
  EXPECT_EQ(decision.policies[0].enforced_controls, policy.grant_controls);
  EXPECT_EQ(decision.policies[0].unsatisfied_controls, std::vector<Control>{Control::mfa});
}

// --- Properties over random policies and sign-ins, against an evaluator that shares no code with the engine: it thinks
// in sets of what is possible, not in steps.

using Rng = std::mt19937;

bool chance(Rng& rng, int percent) { return static_cast<int>(rng() % 100) < percent; }

std::vector<std::string> some_of(Rng& rng, const std::vector<std::string>& all, int percent) {
  std::vector<std::string> picked;
  for (const std::string& one : all)
    if (chance(rng, percent)) picked.push_back(one);
  return picked;
}

Policy random_policy(Rng& rng, int number) {
  const std::vector<std::string> users{"All", "None", "GuestsOrExternalUsers", "u1", "u2"};
  const std::vector<std::string> groups{"g1", "g2", "g3"};
  const std::vector<std::string> applications{"All", "None", "a1", "a2"};
  const std::vector<std::string> platforms{"all", "macOS", "windows"};
  Policy policy;
  policy.id = "id" + std::to_string(number);
  policy.display_name = "P" + std::to_string(number);
  policy.state = chance(rng, 70) ? PolicyState::enabled : static_cast<PolicyState>(rng() % 3);
  policy.include_users = some_of(rng, users, 60);
  policy.exclude_users = some_of(rng, {"GuestsOrExternalUsers", "u1", "u2"}, 15);
  policy.include_groups = some_of(rng, groups, 25);
  policy.exclude_groups = some_of(rng, groups, 10);
  policy.include_applications = some_of(rng, applications, 60);
  policy.exclude_applications = some_of(rng, {"a1", "a2"}, 15);
  policy.include_user_actions = some_of(rng, {"urn:user:registerdevice"}, 50);
  policy.client_app_types = some_of(rng, {"all", "browser", "mobileAppsAndDesktopClients"}, 40);
  policy.include_platforms = some_of(rng, platforms, 20);
  policy.exclude_platforms = some_of(rng, platforms, 4);
  policy.unsupported_conditions =
      some_of(rng, {"locations", "users.includeRoles", "users.excludeRoles", "applications.applicationFilter"}, 6);
  policy.grant_operator = chance(rng, 50) ? GrantOperator::all_of : GrantOperator::one_of;
  for (int control = 0; control < 7; ++control)
    if (chance(rng, control == static_cast<int>(Control::compliant_device) ? 60 : 8))
      policy.grant_controls.push_back(static_cast<Control>(control));
  policy.unsupported_grants = some_of(rng, {"termsOfUse"}, 6);
  return policy;
}

SignIn random_sign_in(Rng& rng) {
  SignIn sign_in;
  sign_in.now = from_unix_seconds(1000);
  sign_in.user_id = chance(rng, 50) ? "u1" : "u2";
  sign_in.is_guest = chance(rng, 20);
  sign_in.has_second_factor = chance(rng, 30);
  sign_in.group_ids = some_of(rng, {"g1", "g2", "g3"}, 40);
  if (chance(rng, 15))
    sign_in.user_action = "urn:user:registerdevice";
  else
    sign_in.resource_app_id = chance(rng, 50) ? "a1" : "a2";
  sign_in.client_app_type = chance(rng, 50) ? "browser" : "mobileAppsAndDesktopClients";
  sign_in.platform = std::vector<std::string>{"", "macOS", "windows"}[rng() % 3];
  if (chance(rng, 70)) {
    sign_in.device = SignIn::DeviceClaim{.device_id = "d1",
                                         .display_name = "Mac",
                                         .enabled = chance(rng, 85),
                                         .is_managed = chance(rng, 85),
                                         .is_compliant = chance(rng, 70),
                                         .compliance_expiration = from_unix_seconds(chance(rng, 80) ? 2000 : 1000),
                                         .compliance_reason = ""};
  }
  return sign_in;
}

bool meet(std::vector<std::string> a, std::vector<std::string> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<std::string> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return !both.empty();
}

bool reference_applies(const Policy& policy, const SignIn& sign_in) {
  const std::set<std::string> unknown(policy.unsupported_conditions.begin(), policy.unsupported_conditions.end());
  std::vector<std::string> who{"All", sign_in.user_id};
  if (sign_in.is_guest) who.emplace_back("GuestsOrExternalUsers");
  const bool in = meet(policy.include_users, who) || meet(policy.include_groups, sign_in.group_ids) ||
                  unknown.contains("users.includeRoles");
  const bool out = meet(policy.exclude_users, who) || meet(policy.exclude_groups, sign_in.group_ids);
  bool target = false;
  if (!sign_in.user_action.empty()) {
    target = meet(policy.include_user_actions, {sign_in.user_action});
  } else {
    const std::vector<std::string> what{"All", sign_in.resource_app_id};
    target = (meet(policy.include_applications, what) || unknown.contains("applications.applicationFilter")) &&
             !meet(policy.exclude_applications, what);
  }
  const bool client =
      policy.client_app_types.empty() || meet(policy.client_app_types, {"all", sign_in.client_app_type});
  std::vector<std::string> where{"all"};
  if (!sign_in.platform.empty()) where.push_back(sign_in.platform);
  const bool platform = (policy.include_platforms.empty() || meet(policy.include_platforms, where)) &&
                        !meet(policy.exclude_platforms, where);
  return in && !out && target && client && platform;
}

bool reference_satisfied(const Policy& policy, const SignIn& sign_in) {
  const std::size_t demands = policy.grant_controls.size() + policy.unsupported_grants.size();
  if (demands == 0) return true;
  if (!policy.unsupported_conditions.empty()) return false;
  std::size_t met = 0;
  for (Control control : policy.grant_controls) {
    if (control == Control::block) return false;
    met += control == Control::mfa && sign_in.has_second_factor;
    const auto& device = sign_in.device;
    met += control == Control::compliant_device && device && device->enabled && device->is_managed &&
           device->is_compliant && sign_in.now < device->compliance_expiration;
  }
  return policy.grant_operator == GrantOperator::all_of ? met == demands : met > 0;
}

std::vector<Policy> random_policies(Rng& rng) {
  std::vector<Policy> policies;
  const int count = static_cast<int>(rng() % 4);
  for (int number = 0; number < count; ++number) policies.push_back(random_policy(rng, number));
  return policies;
}

constexpr int kRounds = 20000;

TEST(AccessProperties, AgreesWithAnIndependentEvaluator) {
  Rng rng(20261123);
  int granted = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Policy> policies = random_policies(rng);
    const SignIn sign_in = random_sign_in(rng);
    const Decision decision = decide(sign_in, policies);
    ASSERT_EQ(decision.policies.size(), policies.size());
    bool expected_grant = true;
    for (std::size_t i = 0; i < policies.size(); ++i) {
      const bool applies = reference_applies(policies[i], sign_in);
      const bool satisfied = reference_satisfied(policies[i], sign_in);
      std::string expected;
      if (policies[i].state == PolicyState::disabled)
        expected = "notEnabled";
      else if (policies[i].state == PolicyState::enabled)
        expected = !applies ? "notApplied" : satisfied ? "success" : "failure";
      else
        expected = !applies ? "reportOnlyNotApplied" : satisfied ? "reportOnlySuccess" : "reportOnlyFailure";
      ASSERT_EQ(wire_name(decision.policies[i].result), expected) << "round " << round << ", policy " << i;
      ASSERT_FALSE(decision.policies[i].reason.empty());
      expected_grant = expected_grant && expected != "failure";
    }
    ASSERT_EQ(decision.outcome == Outcome::grant, expected_grant) << "round " << round;
    ASSERT_EQ(decision.error_code == 0, expected_grant);
    granted += expected_grant;
  }
  EXPECT_GT(granted, kRounds / 10);  // the dice must throw both sides
  EXPECT_LT(granted, kRounds * 9 / 10);
}

TEST(AccessProperties, OrderOfPoliciesChangesNothing) {
  Rng rng(7);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Policy> policies = random_policies(rng);
    const SignIn sign_in = random_sign_in(rng);
    const Decision before = decide(sign_in, policies);
    std::shuffle(policies.begin(), policies.end(), rng);
    const Decision after = decide(sign_in, policies);
    ASSERT_EQ(before.outcome, after.outcome);
    ASSERT_EQ(before.error_code, after.error_code);
    ASSERT_EQ(before.reason, after.reason);
  }
}

TEST(AccessProperties, ReportOnlyNeverChangesTheOutcome) {
  Rng rng(8);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Policy> policies = random_policies(rng);
    const SignIn sign_in = random_sign_in(rng);
    const Decision without = decide(sign_in, policies);
    policies.push_back(random_policy(rng, 99));
    policies.back().state = PolicyState::report_only;
    const Decision with = decide(sign_in, policies);
    ASSERT_EQ(without.outcome, with.outcome);
    ASSERT_EQ(without.error_code, with.error_code);
    ASSERT_EQ(without.reason, with.reason);
  }
}

TEST(AccessProperties, AddingAnUnknownConditionOrAPolicyNeverWidens) {
  Rng rng(9);
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Policy> policies = random_policies(rng);
    const SignIn sign_in = random_sign_in(rng);
    if (policies.empty() || decide(sign_in, policies).outcome == Outcome::grant) continue;
    ++refused;
    policies[rng() % policies.size()].unsupported_conditions.push_back(chance(rng, 50) ? "locations"
                                                                                       : "users.includeRoles");
    policies.push_back(random_policy(rng, 99));
    ASSERT_EQ(decide(sign_in, policies).outcome, Outcome::block) << "round " << round;
  }
  EXPECT_GT(refused, 1000);
}

TEST(AccessProperties, ExclusionBeatsInclusion) {
  Rng rng(10);
  for (int round = 0; round < kRounds; ++round) {
    Policy policy = random_policy(rng, 0);
    policy.state = PolicyState::enabled;
    const SignIn sign_in = random_sign_in(rng);
    if (chance(rng, 50) && !sign_in.group_ids.empty())
      policy.exclude_groups.push_back(sign_in.group_ids.front());
    else
      policy.exclude_users.push_back(sign_in.user_id);
    const Decision decision = decide(sign_in, {policy});
    ASSERT_EQ(decision.outcome, Outcome::grant);
    ASSERT_EQ(decision.policies[0].result, PolicyResult::not_applied);
  }
}

}  // namespace
}  // namespace wardbridge::access
