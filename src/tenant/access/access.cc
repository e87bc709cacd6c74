#include "tenant/access/access.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "tenant/access/conditions.h"

namespace wardbridge::access {
namespace {

constexpr std::array<std::pair<Control, const char*>, 7> kControlNames{{
    {Control::block, "block"},
    {Control::mfa, "mfa"},
    {Control::compliant_device, "compliantDevice"},
    {Control::domain_joined_device, "domainJoinedDevice"},
    {Control::approved_application, "approvedApplication"},
    {Control::compliant_application, "compliantApplication"},
    {Control::password_change, "passwordChange"},
}};

// Why a demand is unmet. Lower ranks win when several policies refuse.
struct Refusal {
  int rank = 0;
  int error_code = 0;
  std::string finding;  // follows "The policy `x` "
};

// ENTRA: the codes of the sign-in service. It asks for MFA before the device.
// DEVIATION: the device comes first here, so that nobody is asked for a second factor only to be refused afterwards.
constexpr int kBlockRank = 0;
constexpr int kUnevaluableRank = 1;
constexpr int kDeviceRank = 2;
constexpr int kOtherRank = 3;  // plus the control's place
constexpr int kUnknownGrantRank = 100;

bool verdict_has_expired(const SignIn::DeviceClaim& device, Time now) {
  return device.compliance_expiration != kEpoch && device.compliance_expiration <= now;
}

// Nothing when the sign-in comes from a device that is enabled, managed and compliant right now.
std::optional<Refusal> device_refusal(const SignIn& sign_in) {
  const std::string demand = "requires a compliant device, ";
  if (!sign_in.device)
    return Refusal{kDeviceRank, 50097, demand + "and this sign-in did not prove which device it comes from"};
  const SignIn::DeviceClaim& device = *sign_in.device;
  const std::string name = "`" + (device.display_name.empty() ? device.device_id : device.display_name) + "`";
  if (!device.enabled) return Refusal{kDeviceRank, 53000, demand + "and " + name + " is disabled in the directory"};
  // INVARIANT: law 4: registration is not compliance, and an unmanaged device never is compliant.
  if (!device.is_managed)
    return Refusal{kDeviceRank, 530003, demand + "and " + name + " is registered but not managed"};
  // INVARIANT: law 3: an expired verdict counts as non-compliant here too, even if the directory was late to notice.
  if (verdict_has_expired(device, sign_in.now))
    return Refusal{kDeviceRank, 53000,
                   demand + "and the last report about " + name + " expired at " +
                       to_iso8601(device.compliance_expiration, false)};
  if (!device.is_compliant)
    return Refusal{kDeviceRank, 53000,
                   demand + "and " + name + " is not compliant" +
                       (device.compliance_reason.empty() ? "" : ": " + device.compliance_reason)};
  return std::nullopt;
}

std::optional<Refusal> refusal_of(Control control, const SignIn& sign_in) {
  const int rank = kOtherRank + static_cast<int>(control);
  switch (control) {
    case Control::block:
      return Refusal{kBlockRank, 53003, "blocks this sign-in"};
    case Control::compliant_device:
      return device_refusal(sign_in);
    case Control::mfa:
      if (sign_in.has_second_factor) return std::nullopt;
      return Refusal{rank, 50076, "requires multifactor authentication, which this sign-in did not bring"};
    case Control::domain_joined_device:
      return Refusal{rank, 53001, "requires a domain-joined device, which this sign-in did not prove"};
    case Control::approved_application:
      return Refusal{rank, 53002, "requires an approved client app, which this sign-in did not prove"};
    case Control::compliant_application:
      return Refusal{rank, 53009, "requires an app with a protection policy, which this sign-in did not prove"};
    case Control::password_change:
      return Refusal{rank, 50142, "requires a password change, which this tenant can't take"};
  }
  CHECK(false, "every control has its refusal");
}

struct Judged {
  AppliedPolicy policy;
  std::optional<Refusal> refusal;  // of an applicable policy, enforced or report-only
};

PolicyResult result_of(PolicyState state, bool satisfied) {
  if (state == PolicyState::report_only)
    return satisfied ? PolicyResult::report_only_success : PolicyResult::report_only_failure;
  return satisfied ? PolicyResult::success : PolicyResult::failure;
}

bool is_before(const Refusal& a, const Refusal& b) {
  return std::tie(a.rank, a.error_code, a.finding) < std::tie(b.rank, b.error_code, b.finding);
}

// The refusal of a policy that applies; fills in what it demands and what of that is unmet.
std::optional<Refusal> judge_controls(const Policy& policy, const SignIn& sign_in, AppliedPolicy& applied) {
  std::vector<Refusal> refusals;
  const bool demands_nothing = policy.grant_controls.empty() && policy.unsupported_grants.empty();
  applied.enforced_controls = policy.grant_controls;
  // INVARIANT: law 2: a policy that can't be evaluated can't be satisfied.
  if (!policy.unsupported_conditions.empty() && !demands_nothing) {
    applied.unsatisfied_controls = policy.grant_controls;
    if (std::find(policy.grant_controls.begin(), policy.grant_controls.end(), Control::block) !=
        policy.grant_controls.end())
      return refusal_of(Control::block, sign_in);
    return Refusal{kUnevaluableRank, 53003,
                   "can't be evaluated here because of its condition `" +
                       text::join(policy.unsupported_conditions, "`, `") + "`, so it refuses"};
  }
  bool any_met = false;
  for (Control control : policy.grant_controls) {
    if (auto refusal = refusal_of(control, sign_in)) {
      applied.unsatisfied_controls.push_back(control);
      refusals.push_back(std::move(*refusal));
    } else {
      any_met = true;
    }
  }
  for (const std::string& grant : policy.unsupported_grants)
    refusals.push_back({kUnknownGrantRank, 53003, "requires `" + grant + "`, which this tenant can't prove"});
  const auto first = std::min_element(refusals.begin(), refusals.end(), is_before);
  if (first == refusals.end()) return std::nullopt;
  // A block can't be bought off by another control.
  if (policy.grant_operator == GrantOperator::one_of && any_met && first->rank != kBlockRank) return std::nullopt;
  return std::move(*first);
}

Judged judge(const Policy& policy, const SignIn& sign_in) {
  Judged judged{.policy = {.id = policy.id,
                           .display_name = policy.display_name,
                           .result = PolicyResult::not_enabled,
                           .enforced_controls = {},
                           .unsatisfied_controls = {},
                           .reason = "the policy is disabled"},
                .refusal = std::nullopt};
  if (policy.state == PolicyState::disabled) return judged;
  if (auto why = left_out_because(policy, sign_in)) {
    judged.policy.result =
        policy.state == PolicyState::report_only ? PolicyResult::report_only_not_applied : PolicyResult::not_applied;
    judged.policy.reason = std::move(*why);
    return judged;
  }
  judged.refusal = judge_controls(policy, sign_in, judged.policy);
  judged.policy.result = result_of(policy.state, !judged.refusal);
  judged.policy.reason = judged.refusal                  ? "the policy " + judged.refusal->finding
                         : policy.grant_controls.empty() ? "the policy demands nothing"
                                                         : "what the policy demands is satisfied";
  return judged;
}

}  // namespace

const char* wire_name(PolicyResult result) {
  switch (result) {
    case PolicyResult::success:
      return "success";
    case PolicyResult::failure:
      return "failure";
    case PolicyResult::not_applied:
      return "notApplied";
    case PolicyResult::not_enabled:
      return "notEnabled";
    case PolicyResult::report_only_success:
      return "reportOnlySuccess";
    case PolicyResult::report_only_failure:
      return "reportOnlyFailure";
    case PolicyResult::report_only_not_applied:
      return "reportOnlyNotApplied";
  }
  CHECK(false, "every result has a name");
}

const char* wire_name(Control control) {
  for (const auto& [value, name] : kControlNames)
    if (value == control) return name;
  CHECK(false, "every control has a name");
}

std::optional<Control> control_from_wire_name(std::string_view name) {
  for (const auto& [value, wire] : kControlNames)
    if (name == wire) return value;
  return std::nullopt;
}

Decision decide(const SignIn& sign_in, const std::vector<Policy>& policies) {
  Decision decision;
  decision.outcome = Outcome::grant;
  const Policy* refusing = nullptr;
  std::optional<Refusal> worst;
  for (const Policy& policy : policies) {
    Judged judged = judge(policy, sign_in);
    decision.policies.push_back(std::move(judged.policy));
    if (policy.state != PolicyState::enabled || !judged.refusal) continue;
    const bool worse = !worst || std::tie(judged.refusal->rank, judged.refusal->error_code, policy.display_name,
                                          judged.refusal->finding) <
                                     std::tie(worst->rank, worst->error_code, refusing->display_name, worst->finding);
    if (!worse) continue;
    worst = std::move(judged.refusal);
    refusing = &policy;
  }
  if (!worst) return decision;
  decision.outcome = Outcome::block;
  decision.error_code = worst->error_code;
  decision.reason = "The policy `" + refusing->display_name + "` " + worst->finding + ".";
  return decision;
}

}  // namespace wardbridge::access
