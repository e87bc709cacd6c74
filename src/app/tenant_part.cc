#include "app/tenant_part.h"

#include "app/outgoing_mail.h"
#include "app/tenant_setup.h"
#include "platform/actor/actor.h"
#include "platform/log/log.h"
#include "tenant/directory/delta.h"
#include "tenant/directory/memberships.h"
#include "tenant/graph/graph.h"
#include "tenant/intune/intune.h"
#include "tenant/oauth/housekeeping.h"
#include "tenant/oauth/oauth.h"
#include "tenant/oauth/operator_routes.h"
#include "tenant/policies/policies.h"
#include "tenant/registration/owner_mail.h"
#include "tenant/registration/registration.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::app {
namespace {

const store::Schema* const kTenantSchemas[] = {
    &audit::kSchema,    &directory::kSchema, &tokens::kSchema,       &policies::kSchema,
    &sign_ins::kSchema, &intune::kSchema,    &registration::kSchema, &oauth::kSchema,
};

// ENTRA: an unknown or unmanaged device is sent to the partner's enrolment page, a non-compliant one to its
// remediation.
std::optional<std::string> partner_page(store::Store& store, const directory::TenantId& tenant, int error_code) {
  auto found = store.read([&](store::Transaction& tx) -> Result<std::vector<intune::Partner>> {
    auto partners = intune::partners(tx, tenant);
    intune::DevicePartner manual = intune::device_partner(tx, tenant);
    partners.insert(partners.begin(), {.provisioned = manual.provisioned,
                                       .enrollment_url = manual.enrollment_url,
                                       .remediation_url = manual.remediation_url});
    return partners;
  });
  if (!found.ok()) return std::nullopt;
  for (const intune::Partner& partner : *found) {
    const std::string& page = error_code == 53000 ? partner.remediation_url : partner.enrollment_url;
    if (partner.provisioned == intune::Partner::Provisioned::yes && !page.empty()) return page;
  }
  return std::nullopt;
}

// Drops what no partner asks about any more, and the devices of partners that left three months ago.
class Janitor final : public Actor {
 public:
  explicit Janitor(store::Store& store) : store_(store) {}
  std::string name() const override { return "tenant_janitor"; }
  Time run_once(Time now) override {
    Status status = store_.write([&](store::Transaction& tx) -> Status {
      for (const auto& tenant : directory::tenants(tx)) {
        intune::trim_messages(tx, tenant.id, now - kMessageLife);
        directory::trim_changes(tx, tenant.id, now);
      }
      return done();
    });
    if (!status.ok()) log::warning("old_messages_stay", {{"reason", status.failure().reason}});
    Result<bool> more = remove_devices(now);
    if (!more.ok()) log::warning("departed_devices_stay", {{"reason", more.failure().reason}});
    return now + (more.value_or(false) ? seconds{1} : kRound);
  }

 private:
  // A batch for each tenant, each in a transaction of its own, so that sign-ins need not wait and a stop loses nothing.
  // Whether there is more to do.
  Result<bool> remove_devices(Time now) {
    auto all = TRY(store_.read(
        [](store::Transaction& tx) -> Result<std::vector<directory::Tenant>> { return directory::tenants(tx); }));
    bool more = false;
    for (const directory::Tenant& tenant : all) {
      std::int64_t removed = TRY(store_.write([&](store::Transaction& tx) -> Result<std::int64_t> {
        return intune::remove_due_devices(tx, tenant.id, kBatch, now);
      }));
      if (removed > 0) log::info("departed_devices_removed", {{"tenant", tenant.id.value}, {"devices", removed}});
      more = more || removed == kBatch;
    }
    return more;
  }

  static constexpr Duration kRound = minutes{10};
  static constexpr int kBatch = 100;
  static constexpr Duration kMessageLife = days{30};
  store::Store& store_;
};

// Keeps groups with dynamic membership up to date with changed rules and with time.
class MembershipProcessing final : public Actor {
 public:
  explicit MembershipProcessing(store::Store& store) : store_(store) {}
  std::string name() const override { return "dynamic_membership"; }
  Time run_once(Time now) override {
    constexpr std::size_t kObjectsAtATime = 200;
    Time next = now + seconds{2};  // rules change through any server
    for (const directory::TenantId& tenant : tenants()) {
      const auto before = work_of(tenant, now);
      if (!before.ok()) continue;
      if (before->is_done) {
        next = std::min(next, before->next_due);
        continue;
      }
      // One short transaction for each tenant in turn: nobody waits long for another's new rule.
      const Status processed = store_.write([&](store::Transaction& tx) -> Status {
        directory::process_memberships(tx, tenant, now, kObjectsAtATime);
        return done();
      });
      if (processed.ok())
        next = now;
      else
        log::warning("memberships_wait", {{"reason", processed.failure().reason}});
    }
    return next;
  }

 private:
  Result<directory::MembershipWork> work_of(const directory::TenantId& tenant, Time now) const {
    return store_.read([&](store::Transaction& tx) -> Result<directory::MembershipWork> {
      return directory::membership_work(tx, tenant, now);
    });
  }
  std::vector<directory::TenantId> tenants() const {
    const auto found = store_.read([](store::Transaction& tx) -> Result<std::vector<directory::TenantId>> {
      std::vector<directory::TenantId> ids;
      for (const auto& tenant : directory::tenants(tx)) ids.push_back(tenant.id);
      return ids;
    });
    return found.ok() ? *found : std::vector<directory::TenantId>{};
  }
  store::Store& store_;
};

}  // namespace

struct TenantPart::State {
  State(const TenantFaceConfig& tenant, const World& the_world, std::unique_ptr<store::Store> opened)
      : config(tenant),
        world(the_world),
        store(std::move(opened)),
        certificates(*store, world.sealer, world.entropy),
        janitor(*store),
        credential_watch(*store),
        memberships(*store),
        stage(world.clock) {}

  TenantFaceConfig config;
  const World& world;
  std::unique_ptr<store::Store> store;
  registration::DeviceCertificates certificates;
  std::string url;
  std::unique_ptr<tokens::Authority> authority;
  http::Router router{http::Router::Case::insensitive};
  std::unique_ptr<http::Server> server;
  Janitor janitor;
  std::unique_ptr<oauth::KeyRotation> key_rotation;
  oauth::CredentialWatch credential_watch;
  std::unique_ptr<mail::SmtpTransport> mail;  // none: nobody is mailed
  std::unique_ptr<registration::OwnerMail> owner_mail;
  MembershipProcessing memberships;
  Stage stage;
};

TenantPart::TenantPart(std::unique_ptr<State> state) : state_(std::move(state)) {}
TenantPart::~TenantPart() { stop(); }

Result<std::unique_ptr<TenantPart>> TenantPart::open(const TenantFaceConfig& config, const World& world) {
  auto store = TRY(open_store(config.store, world.data, "tenant"));
  std::vector<store::Schema> schemas;
  for (const store::Schema* schema : kTenantSchemas) schemas.push_back(*schema);
  TRY(store->migrate(schemas));
  auto part = std::unique_ptr<TenantPart>(new TenantPart(std::make_unique<State>(config, world, std::move(store))));
  State& state = *part->state_;

  // The issuer of every token is our address, so it must be known before anything else is made.
  http::ServerOptions listening{.name = "tenant",
                                .address = config.listen.address,
                                .port = config.listen.port,
                                .tls = world.identity,
                                .ask_for_client_certificate = true,
                                .client_authorities = {registration::authority_name()}};
  state.server = std::make_unique<http::Server>(std::move(listening), state.router, world.clock, world.entropy);
  TRY(state.server->bind());
  state.url = config.public_url.empty()
                  ? "https://" + config.listen.address + ":" + std::to_string(state.server->port())
                  : config.public_url;
  for (const TenantConfig& tenant : config.tenants) TRY(set_up_tenant(*state.store, tenant, state.url, world));

  state.authority = std::make_unique<tokens::Authority>(*state.store, world.sealer, world.entropy, state.url);
  state.key_rotation =
      std::make_unique<oauth::KeyRotation>(*state.store, *state.authority, days{config.signing_key_days});
  oauth::register_operator_routes(state.router, *state.store, *state.authority);
  oauth::register_routes(state.router, {.store = *state.store,
                                        .tokens = *state.authority,
                                        .certificates = state.certificates,
                                        .entropy = world.entropy,
                                        .sealer = world.sealer,
                                        .help_link = [&state](const directory::TenantId& tenant, int error_code) {
                                          return partner_page(*state.store, tenant, error_code);
                                        }});
  registration::Dependencies registering{.store = *state.store,
                                         .tokens = *state.authority,
                                         .certificates = state.certificates,
                                         .entropy = world.entropy,
                                         .devices_per_user = static_cast<std::size_t>(config.devices_per_user)};
  state.mail = TRY(open_mail(config.mail, world));
  if (state.mail) {
    state.owner_mail = std::make_unique<registration::OwnerMail>(*state.store, *state.mail, config.mail.from);
    registering.owner_mail_waits = [&state] { state.stage.wake(*state.owner_mail); };
  }
  registration::register_routes(state.router, registering);
  intune::register_routes(state.router, {.store = *state.store,
                                         .authority = *state.authority,
                                         .entropy = world.entropy,
                                         .options = {.validity = config.compliance_validity}});
  graph::register_routes(state.router, {.store = *state.store,
                                        .entropy = world.entropy,
                                        .base_url = state.url,
                                        .authenticate = [&state](const http::Request& request) {
                                          return state.authority->authenticate(request, directory::kGraphAppId);
                                        }});
  state.router.set_fallback([](const http::Request& request, int status, std::string_view message) {
    if (graph::is_graph_path(request.path)) return graph::fallback(request, status, message);
    return http::text_response(status, std::string(message) + "\n");
  });
  register_operation_routes(state.router, *state.store);
  return part;
}

Status TenantPart::start() {
  TRY(state_->server->start());
  state_->stage.add(state_->janitor);
  state_->stage.add(*state_->key_rotation);
  state_->stage.add(state_->credential_watch);
  if (state_->owner_mail) state_->stage.add(*state_->owner_mail);
  state_->stage.add(state_->memberships);
  return done();
}

void TenantPart::stop() {
  if (state_->server) state_->server->stop();
  state_->stage.stop();
}

const std::string& TenantPart::url() const { return state_->url; }
store::Store& TenantPart::store() { return *state_->store; }

}  // namespace wardbridge::app
