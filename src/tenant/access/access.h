// Conditional Access as a pure decision: a sign-in and the policies in, a decision with every policy's result out. No
// clock, no store, no I/O: `now` is part of the sign-in. NIST SP 800-207 calls this the policy engine.
//
// Laws: absence never satisfies (an unknown device is not compliant; a policy that can't be evaluated blocks rather than
// lets through); exclusion beats inclusion; all applicable policies must be satisfied; a decision never travels without
// its policies and reasons.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "tenant/membership_rules/membership_rules.h"

namespace wardbridge::access {

// Microsoft Graph conditionalAccessPolicy. Values are kept as the wire spells them (`All`, GUIDs, `urn:user:...`).
enum class PolicyState { enabled, disabled, report_only };
enum class GrantOperator { all_of, one_of };  // AND, OR
// Built-in controls. Those that this tenant can't prove (domain join, approved or protected apps, ...) are
// understood and never satisfied.
enum class Control {
  block, mfa, compliant_device, domain_joined_device, approved_application, compliant_application, password_change,
};

// ENTRA: with `include` the policy is for the devices that the rule names, with `exclude` for all others.
struct DeviceFilter {
  enum class Mode { include, exclude } mode = Mode::include;
  membership_rules::Rule rule;  // about Subject::device_of_sign_in
};

struct Policy {
  std::string id;
  std::string display_name;
  PolicyState state = PolicyState::enabled;

  std::vector<std::string> include_users, exclude_users;      // `All`, `None`, `GuestsOrExternalUsers`, object ids
  std::vector<std::string> include_groups, exclude_groups;    // object ids
  std::vector<std::string> include_applications, exclude_applications;  // `All`, `None`, app ids
  std::vector<std::string> include_user_actions;              // `urn:user:registerdevice`
  std::vector<std::string> client_app_types;                  // `all`, `browser`, `mobileAppsAndDesktopClients`, ...
  std::vector<std::string> include_platforms, exclude_platforms;  // empty include: any; `all`, `macOS`, ...
  std::optional<DeviceFilter> device_filter;
  // Conditions that are stored but that this engine can't judge, as paths of the policy's JSON (`locations`,
  // `users.includeRoles`, `applications.applicationFilter`, ...). Not empty makes the policy unevaluable: it is treated
  // as applying, and what it requires as not satisfied - unless a condition that can be judged leaves the sign-in out.
  // One that might include more users or applications (`users.include...`, `applications.include...`,
  // `applications.applicationFilter`) can't be outweighed by the absence of an inclusion, only by an exclusion.
  std::vector<std::string> unsupported_conditions;

  GrantOperator grant_operator = GrantOperator::all_of;
  std::vector<Control> grant_controls;
  // Further demands that this engine has no name for (`termsOfUse`, `authenticationStrength`, ...): never satisfied.
  std::vector<std::string> unsupported_grants;
};

struct SignIn {
  Time now = kEpoch;
  std::string user_id;
  bool is_guest = false;
  std::vector<std::string> group_ids;  // transitive
  // Exactly one of these: the resource that a token is asked for, or a user action.
  std::string resource_app_id;
  std::string user_action;
  std::string client_app_id;
  bool asks_only_baseline_scopes = false;  // no more than who signed in: `openid`, `User.Read` and the like
  std::string client_app_type;  // `browser`, `mobileAppsAndDesktopClients`
  bool has_second_factor = false;  // the person proved a second factor in this sign-in or the session that it rests on
  std::string platform;         // `macOS`; empty: unknown, which matches only `all`

  // Present only when the device PROVED itself (key possession), not when it merely named itself.
  struct DeviceClaim {
    std::string device_id;
    std::string display_name;
    bool enabled = false;
    bool is_managed = false;
    bool is_compliant = false;  // at `now`: expiry already applied
    Time compliance_expiration = kEpoch;
    std::string compliance_reason;  // the management's words, for people
    // What a filter for devices may read besides: `manufacturer`, `extensionAttribute1`, ... What is not here the
    // device doesn't have.
    std::map<std::string, membership_rules::Fact, std::less<>> properties = {};
  };
  std::optional<DeviceClaim> device;
};

// Graph appliedConditionalAccessPolicyResult.
enum class PolicyResult {
  success, failure, not_applied, not_enabled, report_only_success, report_only_failure, report_only_not_applied,
};
const char* wire_name(PolicyResult result);
const char* wire_name(Control control);  // `compliantDevice`
std::optional<Control> control_from_wire_name(std::string_view name);

struct AppliedPolicy {
  std::string id;
  std::string display_name;
  PolicyResult result = PolicyResult::not_applied;
  std::vector<Control> enforced_controls;    // what it demands, when it applies
  std::vector<Control> unsatisfied_controls;  // of these, what the sign-in didn't bring
  // Why, in one sentence: which condition left it out, or what each unmet control found.
  std::string reason;
};

enum class Outcome { grant, block };

struct Decision {
  Outcome outcome = Outcome::block;
  // Microsoft's error number of a refusal (53003 blocked, 53000 device not compliant, 530003 device must be managed,
  // 50097 device authentication required, 50076 MFA, ...); 0 for a grant. Of several: blocks first, then what a device
  // lacks, then the other controls.
  int error_code = 0;
  std::string reason;                   // for the person who was refused; names the policy
  std::vector<AppliedPolicy> policies;  // every policy, in the order given
};

// Total and deterministic. Outcome, error code and reason don't depend on the order of the policies.
Decision decide(const SignIn& sign_in, const std::vector<Policy>& policies);

}  // namespace wardbridge::access
