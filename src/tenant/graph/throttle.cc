#include "tenant/graph/throttle.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace wardbridge::graph {
namespace {

constexpr Duration kUnitWindow = seconds{10};
constexpr Duration kWriteWindow = seconds{150};
constexpr Duration kReportWindow = seconds{10};
constexpr Duration kPolicyWindow = seconds{1};
constexpr std::size_t kPairsRemembered = 10'000;

int base_units(std::string_view method, std::string_view pattern) {
  if (pattern.ends_with("/getMemberGroups") || pattern.ends_with("/getMemberObjects")) return 2;
  if (pattern.ends_with("/checkMemberGroups")) return 4;
  if (method != "GET") return 1;
  if (pattern.find("/transitiveMembers") != std::string_view::npos) return 5;
  if (pattern.find("/members") != std::string_view::npos) return 3;
  for (const std::string_view two : {"/applications", "/users", "/oauth2PermissionGrants"})
    if (pattern.starts_with(two)) return 2;
  return pattern.find("/appRoleAssign") != std::string_view::npos ? 2 : 1;
}

bool is_report(std::string_view pattern) { return pattern.starts_with("/auditLogs/"); }
bool is_policy(std::string_view pattern) { return pattern.starts_with("/identity/"); }

}  // namespace

int resource_units(const http::Request& request, std::string_view pattern) {
  int units = base_units(request.method, pattern);
  for (const auto& [name, value] : request.query_parameters()) {
    if (name == "$select") --units;
    if (name == "$expand") ++units;
    if (name == "$top" && text::parse_integer(value).value_or(100) < 20) --units;
  }
  return std::max(units, 1);
}

Duration Bucket::take(double amount, Time now) {
  if (now > at_) {
    left_ = std::min(
        capacity_, left_ + capacity_ * static_cast<double>((now - at_).count()) / static_cast<double>(window_.count()));
    at_ = now;
  }
  // ENTRA: refused calls count, too; here they only find the bucket as empty as before.
  if (left_ >= amount) {
    left_ -= amount;
    return Duration{0};
  }
  return Duration{
      static_cast<std::int64_t>(std::ceil((amount - left_) / capacity_ * static_cast<double>(window_.count())))};
}

double Throttle::units_for(std::int64_t users) const {
  if (users < 50) return limits_.units_small;
  return users <= 500 ? limits_.units_medium : limits_.units_large;
}

void Throttle::forget_idle(Time now) {
  if (pairs_.size() < kPairsRemembered) return;
  std::erase_if(pairs_,
                [&](const auto& entry) { return entry.second.units.is_full(now) && entry.second.writes.is_full(now); });
}

ThrottleVerdict Throttle::take(const directory::TenantId& tenant, const directory::AppId& client,
                               std::string_view pattern, int units, bool is_write, Time now) {
  forget_idle(now);
  auto [found, is_new] = pairs_.try_emplace({tenant.value, client.value});
  Pair& pair = found->second;
  const double capacity = sizes_[tenant.value].units;
  if (is_new || pair.units.capacity() != capacity) pair.units = Bucket(capacity, kUnitWindow, now);
  if (is_new) {
    pair.writes = Bucket(limits_.writes, kWriteWindow, now);
    pair.reports = Bucket(std::max(limits_.reports, 1), kReportWindow, now);
  }
  ThrottleVerdict verdict;
  if (is_report(pattern) && limits_.reports > 0) {
    verdict.wait = pair.reports.take(1, now);
    verdict.information = "ResourceUnitLimitExceeded";
  } else if (is_policy(pattern) && limits_.policies > 0) {
    Bucket& bucket = policies_.try_emplace(tenant.value, limits_.policies, kPolicyWindow, now).first->second;
    verdict.wait = bucket.take(1, now);
    verdict.tells_when = false;
    verdict.information = "ResourceUnitLimitExceeded";
  }
  if (verdict.wait == Duration{0} && is_write) {
    verdict.wait = pair.writes.take(1, now);
    verdict.information = "WriteLimitExceeded";
  }
  if (verdict.wait == Duration{0}) {
    verdict.wait = pair.units.take(units, now);
    verdict.information = "ResourceUnitLimitExceeded";
  }
  verdict.used = std::max(pair.units.used(), pair.writes.used());
  return verdict;
}

}  // namespace wardbridge::graph
