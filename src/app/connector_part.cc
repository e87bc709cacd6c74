#include "app/connector_part.h"

#include <algorithm>

#include "app/local_authority.h"
#include "base/text.h"
#include "connector/cloud_connector/cloud_connector.h"
#include "platform/actor/actor.h"
#include "platform/http/client.h"

namespace wardbridge::app {
namespace {

// Tenants are kept by several, so that one that hangs holds up few others' heartbeats.
constexpr int kKeepers = 4;
// A relayed report waits for its tenant; so many may wait at a time.
constexpr int kHandlers = 32;

const store::Schema* const kConnectorSchemas[] = {&audit::kSchema, &cloud_connector::kSchema};

// The token of whoever operates the connector: made once, kept in a file that its owner alone can read.
Result<std::string> operator_token(const std::string& path, Entropy& entropy) {
  auto content = read_file(path);
  if (content.ok()) return std::string(text::trim(*content));
  if (content.failure().reason != "no_file") return content.failure();
  std::string token = entropy.token();
  TRY(write_file(path, token + "\n", 0600));
  return token;
}

Result<cloud_connector::Options> broker_options(const ConnectorConfig& config, const std::string& url) {
  using FurtherInstances = cloud_connector::Options::FurtherInstances;
  cloud_connector::Options options{.public_url = url};
  options.further_instances =
      config.further_instances == "trusted" ? FurtherInstances::trusted : FurtherInstances::approved;
  options.revoked_instances = config.revoked_instances;
  options.heartbeat_interval = minutes{config.heartbeat_minutes};
  options.route_silence = config.route_silence;
  options.requests_per_second = config.requests_per_second;
  options.request_burst = config.request_burst;
  for (const CloudConfig& cloud : config.clouds) {
    std::string secret = cloud.client_secret;
    if (!cloud.client_secret_file.empty()) {
      auto content = read_file(cloud.client_secret_file);
      // The file is needed once: afterwards the secret is in the store, sealed.
      if (!content.ok() && content.failure().reason != "no_file") return content.failure();
      if (content.ok()) secret = text::trim(*content);
    }
    options.clouds.push_back(
        {.name = cloud.name,
         .endpoints = {.login_base = cloud.login_url, .graph_base = cloud.graph_url, .audience = cloud.audience},
         .client_id = cloud.client_id,
         .user_registration_client_id = cloud.user_registration_client_id,
         .client_secret = secret,
         .protocol = cloud.integration == "conditional_access" ? partner::Protocol::device_partner
                                                               : partner::Protocol::compliance_partner});
  }
  return options;
}

// The configured hosts, and what the allow-list adds: the partner services are where a tenant says that they are.
http::ClientOptions outbound_client(const ConnectorConfig& config, const World& world) {
  std::vector<std::string> authorities;
  for (const CloudConfig& cloud : config.clouds) {
    for (const std::string& text : {cloud.login_url, cloud.graph_url}) {
      if (auto url = http::parse_url(text); url.ok())
        authorities.push_back(url->host + ":" + std::to_string(url->port));
    }
  }
  http::ClientOptions options{.ca_file = world.ca_file};
  options.allow = [allow = config.outbound.allow, authorities](const http::Destination& destination) {
    std::string authority = destination.host + ":" + std::to_string(destination.port);
    return std::ranges::count(authorities, authority) > 0 || allow.allows(destination);
  };
  return options;
}

}  // namespace

struct ConnectorPart::State {
  State(const ConnectorConfig& connector, const World& the_world, std::unique_ptr<store::Store> opened)
      : config(connector),
        world(the_world),
        store(std::move(opened)),
        transport(outbound_client(connector, the_world)),
        stage(world.clock) {}

  ConnectorConfig config;
  const World& world;
  std::unique_ptr<store::Store> store;
  http::CurlTransport transport;
  std::string url;
  std::string token_file;
  std::unique_ptr<cloud_connector::Broker> broker;
  http::Router router;
  std::vector<std::unique_ptr<cloud_connector::Keeper>> keepers;
  Stage stage;
  std::unique_ptr<http::Server> server;
};

ConnectorPart::ConnectorPart(std::unique_ptr<State> state) : state_(std::move(state)) {}
ConnectorPart::~ConnectorPart() { stop(); }

Result<std::unique_ptr<ConnectorPart>> ConnectorPart::open(const ConnectorConfig& config, const World& world) {
  auto store = TRY(open_store(config.store, world.data, "connector"));
  std::vector<store::Schema> schemas;
  for (const store::Schema* schema : kConnectorSchemas) schemas.push_back(*schema);
  TRY(store->migrate(schemas));
  auto part =
      std::unique_ptr<ConnectorPart>(new ConnectorPart(std::make_unique<State>(config, world, std::move(store))));
  State& state = *part->state_;

  // Administrators' browsers come back to our address from consent, so it must be known first.
  state.server = std::make_unique<http::Server>(http::ServerOptions{.name = "connector",
                                                                    .address = config.listen.address,
                                                                    .port = config.listen.port,
                                                                    .tls = world.identity,
                                                                    .handler_threads = kHandlers},
                                                state.router, world.clock, world.entropy);
  TRY(state.server->bind());
  state.url = config.public_url.empty()
                  ? "https://" + config.listen.address + ":" + std::to_string(state.server->port())
                  : config.public_url;
  cloud_connector::Options options = TRY(broker_options(config, state.url));
  state.broker = TRY(cloud_connector::Broker::open(
      {.store = *state.store, .transport = state.transport, .entropy = world.entropy, .sealer = world.sealer},
      std::move(options), world.clock.now()));
  state.token_file = world.data + "/connector-operator.token";
  std::string token = TRY(operator_token(state.token_file, world.entropy));
  cloud_connector::register_routes(state.router, *state.broker, crypto::hash_token(token));
  register_operation_routes(state.router, *state.store);
  for (int shard = 0; shard < kKeepers; ++shard) {
    state.keepers.push_back(std::make_unique<cloud_connector::Keeper>(
        *state.broker, cloud_connector::Broker::Shard{.shard = shard, .shards = kKeepers}));
  }
  return part;
}

Status ConnectorPart::start() {
  TRY(state_->server->start());
  for (auto& keeper : state_->keepers) state_->stage.add(*keeper);
  return done();
}

void ConnectorPart::stop() {
  if (state_->server) state_->server->stop();
  state_->stage.stop();
}

const std::string& ConnectorPart::url() const { return state_->url; }
const std::string& ConnectorPart::operator_token_file() const { return state_->token_file; }

}  // namespace wardbridge::app
