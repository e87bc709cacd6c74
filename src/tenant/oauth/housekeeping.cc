#include "tenant/oauth/housekeeping.h"

#include <algorithm>
#include <array>

#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "tenant/directory/credentials.h"

namespace wardbridge::oauth {
namespace {

constexpr Duration kRound = hours{1};

Result<std::vector<directory::Tenant>> all_tenants(store::Store& store) {
  return store.read(
      [](store::Transaction& tx) -> Result<std::vector<directory::Tenant>> { return directory::tenants(tx); });
}

// The smallest threshold that has come, or nothing.
std::optional<int> threshold_of(Time end, Time now) {
  std::optional<int> reached;
  for (int days_before : kWarningDays)
    if (end - now <= days{days_before}) reached = days_before;
  return reached;
}

void warn(const directory::Tenant& tenant, const directory::ExpiringCredential& expiring, Time now) {
  const directory::Credential& credential = expiring.credential;
  log::warning(credential.end <= now ? "credential_expired" : "credential_expires",
               {{"tenant", tenant.id.value},
                {"application", expiring.app.value},
                {"application_name", expiring.app_display_name},
                {"credential", credential.key_id},
                {"kind", credential.kind == directory::Credential::Kind::secret ? "secret" : "certificate"},
                {"ends", to_iso8601(credential.end, false)}});
}

void count_expiring(const std::vector<Time>& ends, Time now) {
  for (int within : kWarningDays) {
    const auto count = std::ranges::count_if(ends, [&](Time end) { return end > now && end - now <= days{within}; });
    metrics::gauge("wardbridge_credentials_expiring", "client secrets and certificates that end within so many days",
                   {{"within_days", std::to_string(within)}})
        .set(count);
  }
  metrics::gauge("wardbridge_credentials_expired", "client secrets and certificates that ended in the last 30 days")
      .set(std::ranges::count_if(ends, [&](Time end) { return end <= now; }));
}

}  // namespace

Time KeyRotation::run_once(Time now) {
  auto tenants = all_tenants(store_);
  if (!tenants.ok()) return now + kRound;
  for (const directory::Tenant& tenant : *tenants) {
    auto rotated = authority_.rotate_key_when_due(tenant.id, period_, now);
    if (!rotated.ok())
      log::error("signing_key_stays", {{"tenant", tenant.id.value}, {"reason", rotated.failure().reason}});
    if (rotated.ok() && *rotated) log::info("signing_key_published", {{"tenant", tenant.id.value}});
  }
  return now + kRound;
}

Time CredentialWatch::run_once(Time now) {
  auto tenants = all_tenants(store_);
  if (!tenants.ok()) return now + kRound;
  std::vector<Time> ends;
  for (const directory::Tenant& tenant : *tenants) {
    using Expiring = std::vector<directory::ExpiringCredential>;
    auto found = store_.read([&](store::Transaction& tx) -> Result<Expiring> {
      return directory::expiring_credentials(tx, tenant.id, now + days{kWarningDays[0]}, now);
    });
    if (!found.ok()) continue;
    for (const directory::ExpiringCredential& expiring : *found) {
      ends.push_back(expiring.credential.end);
      // Zero days: it is over.
      const int threshold = expiring.credential.end <= now ? 0 : threshold_of(expiring.credential.end, now).value_or(0);
      if (threshold >= expiring.warned_days) continue;
      warn(tenant, expiring, now);
      Status remembered = store_.write([&](store::Transaction& tx) -> Status {
        return directory::remember_warning(tx, tenant.id, expiring, threshold), done();
      });
      if (!remembered.ok()) log::error("warning_not_remembered", {{"reason", remembered.failure().reason}});
    }
  }
  count_expiring(ends, now);
  return now + kRound;
}

}  // namespace wardbridge::oauth
