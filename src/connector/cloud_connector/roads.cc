#include "connector/cloud_connector/roads.h"

#include <algorithm>
#include <cmath>

#include "connector/cloud_connector/rows.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::cloud_connector {
namespace {

// How long a secret that was set through another node may go unnoticed.
constexpr Duration kLookAgainAtSecrets = seconds{5};
// After a refusal: time enough for a person, and one question instead of one from every instance.
constexpr Duration kRefusedPause = seconds{30};
// ENTRA: throttling often comes without `Retry-After`; then waits grow to this.
constexpr Duration kThrottledPauseCap = minutes{15};

std::string secret_context(const std::string& cloud, const char* which) {
  return "cloud_application|" + cloud + "|" + which;
}

}  // namespace

Duration Budget::wait_for(int count, Time now) {
  if (now < filled_) filled_ = now;
  left_ = std::min(burst_, left_ + rate_ * static_cast<double>((now - filled_).count()) / 1000.0);
  filled_ = now;
  if (left_ >= count) return Duration{0};
  return Duration{static_cast<std::int64_t>(std::ceil((count - left_) / rate_ * 1000.0))};
}

void store_secret(store::Transaction& tx, const std::string& cloud, const std::string& secret,
                  const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now) {
  auto known = read_secrets(tx, cloud, sealer);
  // What can't be unsealed (another key file) is as good as nothing, and is replaced.
  bool is_first = !known.ok() || known->current.empty();
  if (!is_first && (known->current == secret || known->next == secret)) return;
  std::string sealed = sealer.seal(secret, secret_context(cloud, is_first ? "current" : "next"), entropy);
  if (is_first) {
    tx.execute(
        "INSERT INTO cloud_application (cloud, sealed_secret, sealed_next_secret, revision) VALUES (?, ?, '', 1)"
        " ON CONFLICT (cloud) DO UPDATE SET sealed_secret = excluded.sealed_secret, sealed_next_secret = '',"
        " revision = cloud_application.revision + 1",
        {cloud, sealed});
  } else {
    tx.execute("UPDATE cloud_application SET sealed_next_secret = ?, revision = revision + 1 WHERE cloud = ?",
               {sealed, cloud});
  }
  audit_change(tx, "update", "CloudApplication", cloud, cloud, {{"clientSecret", is_first ? "set" : "next one set"}},
               by, now);
}

Result<Secrets> read_secrets(store::Transaction& tx, const std::string& cloud, const crypto::Sealer& sealer) {
  auto row = tx.query_one("SELECT sealed_secret, sealed_next_secret, revision FROM cloud_application WHERE cloud = ?",
                          {cloud});
  if (!row) return Secrets{};
  Secrets secrets;
  secrets.revision = row->integer(2);
  secrets.current = TRY(sealer.open(row->text(0), secret_context(cloud, "current")));
  if (!row->text(1).empty()) secrets.next = TRY(sealer.open(row->text(1), secret_context(cloud, "next")));
  return secrets;
}

Road::Road(const Broker::Dependencies& dependencies, const Options& options, const Process& process, Cloud cloud,
           std::string tenant_id)
    : deps_(dependencies),
      options_(options),
      lease_(process.lease),
      cloud_(std::move(cloud)),
      tenant_id_(std::move(tenant_id)),
      budget_(options.requests_per_second, options.request_burst, process.quiet_since) {}

Result<http::Response> Road::Gate::send(const http::OutboundRequest& request, Duration deadline) {
  {
    std::lock_guard lock(road_.mutex_);
    road_.budget_.take();
  }
  metrics::counter("wardbridge_connector_tenant_requests_total", "requests of the Cloud Connector to tenants").add();
  Result<http::Response> response = road_.deps_.transport.send(request, deadline);
  bool is_intune_token = request.url.ends_with("/oauth2/v2.0/token") &&
                         request.body.find(text::percent_encode(road_.cloud_.endpoints.audience)) != std::string::npos;
  if (!is_intune_token || !response.ok() || response->status != 200) return response;
  auto body = json::parse(response->body);
  const json::Object* object = body.ok() ? body->if_object() : nullptr;
  auto jws = crypto::peek_jws(object ? json::text_at(*object, "access_token").value_or("") : "");
  if (!jws.ok()) return response;
  auto roles = json::optional_texts(jws->claims, "roles");
  std::lock_guard lock(road_.mutex_);
  if (roles.ok()) road_.roles_ = std::move(*roles);
  return response;
}

std::shared_ptr<partner::Client> Road::make_client(const std::string& secret) {
  return std::make_shared<partner::Client>(
      gate_, deps_.entropy,
      partner::Account{.endpoints = cloud_.endpoints,
                       .tenant = tenant_id_,
                       .client_id = cloud_.client_id,
                       .client_secret = secret,
                       .protocol = cloud_.protocol,
                       // To a tenant all our instances are one server, wherever their people are sent.
                       .instance_id = "cloud-connector"});
}

partner::Answer<std::shared_ptr<partner::Client>> Road::enter(Time now) {
  // INVARIANT: budgets are in memory, so nobody calls a tenant who might not be the only one.
  if (Status held = lease_.hold(now); !held.ok()) {
    return partner::Problem{.kind = partner::Problem::Kind::retry_later,
                            .reason = held.failure().reason,
                            .message = held.failure().message,
                            .after = seconds{5}};
  }
  std::lock_guard lock(mutex_);
  if (now < paused_until_) {
    partner::Problem problem = pause_;
    problem.after = paused_until_ - now;
    return problem;
  }
  if (under_way_ >= options_.calls_at_a_time) {
    return partner::Problem{.kind = partner::Problem::Kind::retry_later,
                            .reason = "tenant_busy",
                            .message = "too many calls to this tenant are under way",
                            .after = seconds{1}};
  }
  // INVARIANT: what is under way may use all that it could need, so the budget is never exceeded.
  if (Duration wait = budget_.wait_for(kRequestsOfACall * (under_way_ + 1), now); wait > Duration{0}) {
    return partner::Problem{.kind = partner::Problem::Kind::unreachable,
                            .reason = "request_budget",
                            .message = "this tenant's budget of requests is used up for the moment",
                            .after = wait};
  }
  if (!client_ || now >= look_again_at_) {
    Result<Secrets> secrets = deps_.store.read(
        [&](store::Transaction& tx) -> Result<Secrets> { return read_secrets(tx, cloud_.name, deps_.sealer); });
    if (!secrets.ok()) {
      return partner::Problem{.kind = partner::Problem::Kind::retry_later,
                              .reason = secrets.failure().reason,
                              .message = "the Cloud Connector can't read its own credential"};
    }
    if (!client_ || secrets->revision != secrets_.revision) client_ = make_client(secrets->current);
    secrets_ = std::move(*secrets);
    look_again_at_ = now + kLookAgainAtSecrets;
  }
  ++under_way_;
  return client_;
}

void Road::leave(const partner::Problem* problem, Time now) {
  using Kind = partner::Problem::Kind;
  std::lock_guard lock(mutex_);
  --under_way_;
  bool stops = problem && (problem->kind == Kind::unreachable || problem->kind == Kind::credentials ||
                           problem->kind == Kind::permission);
  if (!stops) {
    failures_ = 0;
    return;
  }
  ++failures_;
  Duration wait = problem->kind != Kind::unreachable ? kRefusedPause : ledger::backoff(failures_, deps_.entropy);
  if (problem->reason == "throttled") {
    Duration longest = std::min<Duration>(kThrottledPauseCap, seconds{1} * (1 << std::min(failures_, 10)));
    wait = longest / 2 + Duration{deps_.entropy.below(static_cast<std::uint64_t>(longest.count() / 2 + 1))};
  }
  if (problem->after) wait = ledger::clamp_wait(*problem->after);
  pause_ = *problem;
  is_pause_asked_for_ = problem->after.has_value() || problem->reason == "throttled";
  paused_until_ = std::max(paused_until_, now + wait);
}

std::shared_ptr<partner::Client> Road::client_of_next_secret(Time) {
  std::lock_guard lock(mutex_);
  return secrets_.next.empty() ? nullptr : make_client(secrets_.next);
}

void Road::promote_next_secret(const std::shared_ptr<partner::Client>& client, Time now) {
  Secrets seen;
  {
    std::lock_guard lock(mutex_);
    seen = secrets_;
    client_ = client;
  }
  Status kept = deps_.store.write([&](store::Transaction& tx) -> Status {
    auto current = read_secrets(tx, cloud_.name, deps_.sealer);
    if (!current.ok() || current->next != seen.next) return done();  // somebody was faster
    tx.execute(
        "UPDATE cloud_application SET sealed_secret = ?, sealed_next_secret = '', revision = revision + 1"
        " WHERE cloud = ?",
        {deps_.sealer.seal(seen.next, secret_context(cloud_.name, "current"), deps_.entropy), cloud_.name});
    audit_change(tx, "update", "CloudApplication", cloud_.name, cloud_.name,
                 {{"clientSecret", "the next one took over"}}, {}, now);
    return done();
  });
  if (!kept.ok()) log::error("next_secret_not_kept", {{"cloud", cloud_.name}, {"reason", kept.failure().reason}});
  std::lock_guard lock(mutex_);
  secrets_ = {.current = seen.next, .next = "", .revision = seen.revision + 1};
}

void Road::start_afresh() {
  std::lock_guard lock(mutex_);
  client_.reset();
  roles_.reset();
  if (is_pause_asked_for_) return;
  paused_until_ = kEpoch;
  failures_ = 0;
}

std::optional<std::vector<std::string>> Road::roles() {
  std::lock_guard lock(mutex_);
  return roles_;
}

Road& Roads::to(const Cloud& cloud, const std::string& tenant_id) {
  std::lock_guard lock(mutex_);
  auto& road = roads_[{cloud.name, tenant_id}];
  if (!road) road = std::make_unique<Road>(deps_, options_, process_, cloud, tenant_id);
  return *road;
}

}  // namespace wardbridge::cloud_connector
