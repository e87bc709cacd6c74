#include "app/management_part.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "app/change_log_file.h"
#include "app/outgoing_mail.h"
#include "base/text.h"
#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"
#include "connector/ledger/ledger_actor.h"
#include "management/accounts/accounts.h"
#include "management/enrollment/enrollment.h"
#include "management/groups/regroup.h"
#include "management/jamf_api/jamf_api.h"
#include "management/notices/connection_notices.h"
#include "management/notices/mail_carrier.h"
#include "management/self_service/self_service.h"
#include "management/webhooks/webhook_carrier.h"
#include "platform/log/log.h"
#include "platform/time_zone/time_zone.h"

namespace wardbridge::app {
namespace {

// Two workers a connection: one may wait for an answer while the other sends.
constexpr int kWorkersPerConnection = 2;
// A receiver that hangs holds one of these for some seconds, and then backs off.
constexpr int kWebhookWorkers = 4;
// What a webhook's receiver answers is not used, so little of it is read.
constexpr std::size_t kWebhookAnswerBytes = 64 * 1024;

const store::Schema* const kManagementSchemas[] = {
    &audit::kSchema,        &inventory::kSchema, &groups::kSchema,  &enrollment::kSchema,
    &compliance::kSchema,   &accounts::kSchema,  &ledger::kSchema,  &device_compliance::kSchema,
    &outbox::kSchema,       &webhooks::kSchema,  &notices::kSchema, &cloud_connection::kSchema,
    &self_service::kSchema,
};

Result<criteria::Options> criteria_options(const ManagementConfig& config) {
  criteria::Options options;
  if (config.mixed_and_or == "left_fold") options.precedence = criteria::Precedence::left_fold;
  if (config.time_zone != "UTC") options.time_zone = TRY(load_time_zone(config.time_zone));
  return options;
}

// One connection's road with everyone who works on it.
struct Road {
  Road(store::Store& store, http::Transport& transport, const World& world, ledger::ConnectionId id)
      : link(store, transport, world.entropy, world.sealer, id), keeper(store, link, id, world.clock, world.entropy) {
    for (int worker = 1; worker <= kWorkersPerConnection; ++worker) {
      workers.push_back(std::make_unique<ledger::LedgerActor>(store, link, id, world.clock, world.entropy,
                                                              ledger::LedgerActorOptions{.worker = worker}));
    }
  }

  device_compliance::Link link;
  device_compliance::Keeper keeper;
  std::vector<std::unique_ptr<ledger::LedgerActor>> workers;
};

// The same through a Cloud Connector.
struct CloudRoad {
  CloudRoad(store::Store& store, http::Transport& transport, const World& world, ledger::ConnectionId id)
      : link({store, transport, world.sealer, world.entropy}, id),
        keeper({store, transport, world.sealer, world.entropy}, link, id, world.clock) {
    for (int worker = 1; worker <= kWorkersPerConnection; ++worker) {
      workers.push_back(std::make_unique<ledger::LedgerActor>(store, link, id, world.clock, world.entropy,
                                                              ledger::LedgerActorOptions{.worker = worker}));
    }
  }

  cloud_connection::Link link;
  cloud_connection::Keeper keeper;
  std::vector<std::unique_ptr<ledger::LedgerActor>> workers;
};

http::ClientOptions webhook_client(const OutboundConfig& config, const World& world) {
  http::ClientOptions options{.ca_file = world.ca_file};
  options.allow_plain_http = config.plain_http;
  options.response_bytes = kWebhookAnswerBytes;
  options.allow = [allow = config.allow](const http::Destination& destination) { return allow.allows(destination); };
  return options;
}

// Whatever address an administrator types, and whatever address its services say they have, passes the allow-list; the
// tenant and the connector that this very process plays are no strangers.
class TenantAddresses {
 public:
  TenantAddresses(http::AllowList allow, const std::vector<std::string>& own_services) : allow_(std::move(allow)) {
    for (const std::string& service : own_services) {
      if (auto url = http::parse_url(service); url.ok()) own_.push_back(*url);
    }
  }
  bool allows(const http::Destination& destination) const {
    return is_own(destination.host, destination.port) || allow_.allows(destination);
  }
  bool surely_refuses(const std::string& host, int port) const {
    return !is_own(host, port) && allow_.surely_refuses(host, port);
  }

 private:
  bool is_own(const std::string& host, int port) const {
    return std::ranges::any_of(own_, [&](const http::Url& url) { return url.host == host && url.port == port; });
  }

  http::AllowList allow_;
  std::vector<http::Url> own_;
};

http::ClientOptions tenant_client(const TenantAddresses& addresses, const World& world) {
  http::ClientOptions options{.ca_file = world.ca_file};
  options.allow = [addresses](const http::Destination& destination) { return addresses.allows(destination); };
  return options;
}

}  // namespace

// Starts the actors of connections as these appear in the store, whoever made them: this node's API or another's.
class ManagementPart::ConnectionWatch final : public Actor {
 public:
  ConnectionWatch(store::Store& store, http::Transport& transport, const World& world, Stage& stage)
      : store_(store), transport_(transport), world_(world), stage_(stage) {}

  std::string name() const override { return "connections"; }

  Time run_once(Time now) override {
    struct Known {
      std::vector<device_compliance::Connection> direct;
      std::vector<cloud_connection::Connection> cloud;
    };
    auto known = store_.read([](store::Transaction& tx) -> Result<Known> {
      return Known{.direct = device_compliance::list(tx), .cloud = cloud_connection::list(tx)};
    });
    if (!known.ok()) {
      log::warning("connections_unknown", {{"reason", known.failure().reason}});
      return now + seconds{1};
    }
    std::lock_guard lock(mutex_);
    for (const auto& connection : known->direct) begin(roads_[connection.id], connection.id);
    for (const auto& connection : known->cloud) begin(cloud_roads_[connection.id], connection.id);
    return now + seconds{5};
  }

  void wake_workers() {
    std::lock_guard lock(mutex_);
    for_every_road([&](auto& road) {
      for (auto& worker : road.workers) stage_.wake(*worker);
    });
  }

  void connections_changed() {
    stage_.wake(*this);
    std::lock_guard lock(mutex_);
    for_every_road([&](auto& road) {
      road.link.reload();
      stage_.wake(road.keeper);
    });
  }

 private:
  template <class AnyRoad>
  void begin(std::unique_ptr<AnyRoad>& road, ledger::ConnectionId id) {
    if (road) return;
    road = std::make_unique<AnyRoad>(store_, transport_, world_, id);
    stage_.add(road->keeper);
    for (auto& worker : road->workers) stage_.add(*worker);
  }
  template <class Visit>
  void for_every_road(const Visit& visit) {
    for (auto& [id, road] : roads_) visit(*road);
    for (auto& [id, road] : cloud_roads_) visit(*road);
  }

  store::Store& store_;
  http::Transport& transport_;
  const World& world_;
  Stage& stage_;
  std::mutex mutex_;
  std::map<ledger::ConnectionId, std::unique_ptr<Road>> roads_;
  std::map<ledger::ConnectionId, std::unique_ptr<CloudRoad>> cloud_roads_;
};

struct ManagementPart::State {
  State(const ManagementConfig& management, const World& the_world, std::unique_ptr<store::Store> opened,
        std::unique_ptr<mail::SmtpTransport> smtp, criteria::Options criteria,
        const std::vector<std::string>& own_services)
      : config(management),
        world(the_world),
        store(std::move(opened)),
        tenant_addresses(config.outbound.allow, own_services),
        transport(tenant_client(tenant_addresses, world)),
        book(std::move(criteria)),
        pipeline(
            *store, book, [this] { watch.wake_workers(); },
            store->kind() == "sqlite" ? pipeline::Nodes::one : pipeline::Nodes::several),
        webhook_transport(webhook_client(config.outbound, world)),
        webhook_carrier(*store, webhook_transport, world.sealer),
        mail_out(std::move(smtp)),
        mail_carrier(*store, mail_out.get(), {.from = config.mail.from, .to = config.mail.to}),
        mail_worker(*store, mail_carrier, world.clock, world.entropy),
        notice_actor(*store, mail_out && !config.mail.to.empty() ? notices::Mail::yes : notices::Mail::no),
        stage(world.clock),
        watch(*store, transport, world, stage) {
    for (int worker = 1; worker <= kWebhookWorkers; ++worker) {
      webhook_workers.push_back(std::make_unique<outbox::OutboxActor>(
          *store, webhook_carrier, world.clock, world.entropy, outbox::OutboxActorOptions{.worker = worker}));
    }
  }

  ManagementConfig config;
  const World& world;
  std::unique_ptr<store::Store> store;
  TenantAddresses tenant_addresses;
  http::CurlTransport transport;
  groups::GroupBook book;
  pipeline::Pipeline pipeline;
  http::Router router;
  http::CurlTransport webhook_transport;
  webhooks::WebhookCarrier webhook_carrier;
  std::unique_ptr<mail::SmtpTransport> mail_out;  // nothing: no mail server is configured
  notices::MailCarrier mail_carrier;
  outbox::OutboxActor mail_worker;
  notices::NoticeActor notice_actor;
  std::unique_ptr<ChangeLogFile> change_log;  // nothing: none is written
  std::vector<std::unique_ptr<outbox::OutboxActor>> webhook_workers;
  Stage stage;
  ConnectionWatch watch;
  std::unique_ptr<http::Server> server;
};

ManagementPart::ManagementPart(std::unique_ptr<State> state) : state_(std::move(state)) {}
ManagementPart::~ManagementPart() { stop(); }

Result<std::unique_ptr<ManagementPart>> ManagementPart::open(const ManagementConfig& config, const World& world,
                                                             const std::vector<std::string>& own_services) {
  auto store = TRY(open_store(config.store, world.data, "management"));
  std::vector<store::Schema> schemas;
  for (const store::Schema* schema : kManagementSchemas) schemas.push_back(*schema);
  TRY(store->migrate(schemas));
  auto smtp = TRY(open_mail(config.mail, world));
  criteria::Options criteria = TRY(criteria_options(config));
  auto part = std::unique_ptr<ManagementPart>(new ManagementPart(
      std::make_unique<State>(config, world, std::move(store), std::move(smtp), std::move(criteria), own_services)));
  State& state = *part->state_;
  if (state.store->kind() == "sqlite") {
    // Nobody else can have this file open, so leases in it are those of a process that is gone.
    Time now = world.clock.now();
    TRY(state.store->write([&](store::Transaction& tx) -> Result<std::int64_t> {
      return ledger::abandon_leases(tx, now) + outbox::abandon_leases(tx, now);
    }));
  }
  TRY(state.store->write([&](store::Transaction& tx) -> Status {
    groups::follow_program(tx, state.book);
    return done();
  }));
  jamf_api::register_routes(
      state.router, {.store = *state.store,
                     .entropy = world.entropy,
                     .pipeline = state.pipeline,
                     .sealer = world.sealer,
                     .connections_changed = [&state] { state.watch.connections_changed(); },
                     .outbound = config.outbound.allow,
                     .outbound_plain_http = config.outbound.plain_http,
                     .mail_configured = state.mail_out != nullptr,
                     .connections = &state.transport,
                     .refuses_tenant = [&state](const std::string& host,
                                                int port) { return state.tenant_addresses.surely_refuses(host, port); },
                     .clouds = config.clouds,
                     .public_url = [&part = *part] { return part.url(); }});
  register_operation_routes(state.router, *state.store);
  return part;
}

Status ManagementPart::start() {
  const Listen& listen = state_->config.listen;
  state_->server = std::make_unique<http::Server>(http::ServerOptions{.name = "management",
                                                                      .address = listen.address,
                                                                      .port = listen.port,
                                                                      .tls = state_->world.identity,
                                                                      .body_bytes = limits::kImportBodyBytes},
                                                  state_->router, state_->world.clock, state_->world.entropy);
  TRY(state_->server->start());
  state_->stage.add(state_->pipeline);
  state_->stage.add(state_->watch);
  for (auto& worker : state_->webhook_workers) state_->stage.add(*worker);
  state_->stage.add(state_->mail_worker);
  state_->stage.add(state_->notice_actor);
  if (!state_->config.change_log.empty()) {
    state_->change_log = std::make_unique<ChangeLogFile>(*state_->store, state_->config.change_log);
    state_->stage.add(*state_->change_log);
  }
  return done();
}

void ManagementPart::stop() {
  if (state_->server) state_->server->stop();
  state_->stage.stop();
}

std::string ManagementPart::url() const {
  if (!state_->config.public_url.empty()) return state_->config.public_url;
  return "https://" + state_->config.listen.address + ":" + std::to_string(state_->server->port());
}

Result<std::string> ManagementPart::first_administrator(const std::string& username) {
  std::string password = state_->world.entropy.token(15);
  std::string hash = crypto::hash_password(password, state_->world.entropy);
  Time now = state_->world.clock.now();
  return state_->store->write([&](store::Transaction& tx) -> Result<std::string> {
    if (accounts::has_accounts(tx)) return std::string();
    accounts::Account account{
        .username = username, .real_name = "Administrator", .privilege_set = accounts::PrivilegeSet::administrator};
    TRY(accounts::create_account(tx, account, hash, {.name = "first start"}, now));
    return password;
  });
}

store::Store& ManagementPart::store() { return *state_->store; }

}  // namespace wardbridge::app
