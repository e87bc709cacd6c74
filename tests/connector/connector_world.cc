#include "connector/connector_world.h"

#include <array>

#include "support/empty_store.h"
#include "tenant/directory/consent.h"
#include "tenant/graph/graph.h"
#include "tenant/intune/intune.h"
#include "tenant/oauth/oauth.h"
#include "tenant/policies/policies.h"
#include "tenant/registration/registration.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::connector_tests {

Result<http::Response> ToRouter::send(const http::OutboundRequest& request, Duration) {
  if (router_ == nullptr) return unavailable("connect", "nobody listens");
  http::Url url = TRY(http::parse_url(request.url));
  http::Request inbound;
  inbound.method = request.method;
  inbound.path = url.path;
  inbound.query = url.query;
  inbound.headers = request.headers;
  if (!inbound.headers.get("Host")) inbound.headers.add("Host", url.authority());
  inbound.body = request.body;
  inbound.id = "77777777-7777-4777-8777-777777777777";
  inbound.received = clock_.now();
  return router_->handle(std::move(inbound));
}

Result<http::Response> Network::send(const http::OutboundRequest& request, Duration deadline) {
  ++requests;
  if (meddle) {
    if (auto answer = meddle(request)) return std::move(*answer);
  }
  Result<http::Response> response = peer_.send(request, deadline);
  if (lost_replies_percent > 0 && entropy_.below(100) < lost_replies_percent) {
    ++lost;
    return Failure{.code = Code::timeout, .reason = "timeout", .message = "the answer was lost"};
  }
  return response;
}

// --- Tenants

namespace {
const std::string kAdminPassword = "the-administrator's-password";
std::string domain_of(const directory::TenantId& tenant) {
  return tenant == kHome ? "vendor.example" : tenant == kContoso ? "contoso.example" : "fabrikam.example";
}
}  // namespace

struct Tenants::State {
  explicit State(const Clock& the_clock)
      : clock(the_clock),
        store(test_support::empty_store()),
        authority(*store, sealer, entropy, kFaceUrl),
        certificates(*store, sealer, entropy) {}

  Status fill(store::Transaction& tx);
  Status add_application(store::Transaction& tx, const directory::AppId& app, const char* name,
                         const std::vector<std::pair<directory::AppId, const char*>>& roles);

  const Clock& clock;
  SeededEntropy entropy{11};
  crypto::Sealer sealer{std::string(32, 't')};
  std::unique_ptr<store::Store> store;
  tokens::Authority authority;
  registration::DeviceCertificates certificates;
  http::Router router{http::Router::Case::insensitive};
};

Status Tenants::State::add_application(store::Transaction& tx, const directory::AppId& app, const char* name,
                                       const std::vector<std::pair<directory::AppId, const char*>>& roles) {
  directory::Application application{.id = {entropy.guid()}, .app_id = app, .display_name = name};
  application.sign_in_audience = "AzureADMultipleOrgs";
  application.web_redirect_uris = {kConnectorUrl + "/consent/callback"};
  for (const auto& [resource, role] : roles) {
    application.required.push_back(
        {.resource = resource, .permission_id = tokens::first_party_role(resource, role).value(), .is_role = true});
  }
  // ENTRA: `User.Read`, sign in and read user profile; of both applications.
  application.required.push_back({directory::kGraphAppId, "e1fe6dd8-ba31-4d61-89e7-88639da4683d", false});
  return directory::create_application(tx, kHome, application, {}, clock.now());
}

Status Tenants::State::fill(store::Transaction& tx) {
  const crypto::PasswordCost cheap{.memory_kib = 64, .passes = 1};
  const std::string password_hash = crypto::hash_password(kAdminPassword, entropy, cheap);
  for (const directory::TenantId& id : {kHome, kContoso, kFabrikam}) {
    const std::string domain = domain_of(id);
    TRY(directory::create_tenant(tx, {id, domain, {domain}, clock.now()}));
    directory::User admin{.id = {entropy.guid()},
                          .user_principal_name = "admin@" + domain,
                          .display_name = "Admin",
                          .password_hash = password_hash,
                          .created = clock.now()};
    TRY(directory::create_user(tx, id, admin, {}, clock.now()));
    TRY(directory::add_administrator(tx, id, admin.id, {}, clock.now()));
    TRY(tokens::bootstrap_first_party(tx, id, kFaceUrl, entropy, {}, clock.now()));
    intune::publish_endpoints(tx, id, kFaceUrl, intune::Options{}.base_path, entropy);
  }
  TRY(add_application(
      tx, kConnectorApp, "Cloud Connector",
      {{directory::kGraphAppId, "Directory.Read.All"}, {directory::kIntuneApiAppId, "update_device_attributes"}}));
  return add_application(tx, kUserApp, "Cloud Connector user registration app", {});
}

Tenants::Tenants(const Clock& clock) : state_(std::make_unique<State>(clock)) {
  State& state = *state_;
  const store::Schema schemas[] = {audit::kSchema,  directory::kSchema,    policies::kSchema, sign_ins::kSchema,
                                   tokens::kSchema, registration::kSchema, oauth::kSchema,    intune::kSchema};
  EXPECT_TRUE(state.store->migrate(schemas).ok());
  Status filled = state.store->write([&](store::Transaction& tx) { return state.fill(tx); });
  EXPECT_TRUE(filled.ok()) << (filled.ok() ? "" : filled.failure().message);
  add_secret(kFirstSecret, clock.now() - days{1}, kNever);
  oauth::register_routes(state.router, {.store = *state.store,
                                        .tokens = state.authority,
                                        .certificates = state.certificates,
                                        .entropy = state.entropy,
                                        .sealer = state.sealer});
  graph::register_routes(state.router, {.store = *state.store,
                                        .entropy = state.entropy,
                                        .base_url = kFaceUrl,
                                        .authenticate = [&state](const http::Request& request) {
                                          return state.authority.authenticate(request, directory::kGraphAppId);
                                        }});
  intune::register_routes(state.router,
                          {.store = *state.store, .authority = state.authority, .entropy = state.entropy});
}
Tenants::~Tenants() = default;

const http::Router* Tenants::router() const { return &state_->router; }

namespace {
std::string attribute_of(const std::string& html, const std::string& before) {
  const auto start = html.find(before);
  if (start == std::string::npos) return {};
  return html.substr(start + before.size(), html.find('"', start + before.size()) - start - before.size());
}
}  // namespace

std::string Tenants::consent(const std::string& url, const directory::TenantId& tenant) {
  const http::Router* router = &state_->router;
  ToRouter browser(router, state_->clock);
  std::map<std::string, std::string> cookies;
  auto go = [&](const std::string& method, const std::string& target, const text::Form& form) {
    http::OutboundRequest request{.method = method, .url = target.starts_with("/") ? kFaceUrl + target : target};
    std::string all;
    for (const auto& [name, value] : cookies) all += (all.empty() ? "" : "; ") + name + "=" + value;
    if (!all.empty()) request.headers.set("Cookie", all);
    if (method == "POST") request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    if (method == "POST") request.body = text::to_form(form);
    http::Response response = browser.send(request, seconds{10}).value();
    for (const auto& [name, value] : response.headers.all()) {
      if (name != "Set-Cookie") continue;
      auto equals = value.find('=');
      cookies[value.substr(0, equals)] = value.substr(equals + 1, value.find(';') - equals - 1);
    }
    return response;
  };
  auto answer = [&](const http::Response& page, text::Form fields) {
    fields.emplace_back("ctx", attribute_of(page.body, "name=\"ctx\" value=\""));
    return go("POST", attribute_of(page.body, "action=\""), fields);
  };
  http::Response page = go("GET", url, {});
  page = answer(page, {{"login", "admin@" + domain_of(tenant)}, {"passwd", kAdminPassword}});
  EXPECT_NE(page.body.find("Consent for your organization"), std::string::npos) << page.status << page.body;
  http::Response redirect = answer(page, {{"choice", "accept"}});
  EXPECT_EQ(redirect.status, 303) << redirect.body;
  return std::string(redirect.headers.get("Location").value_or(""));
}

void Tenants::withdraw(const directory::TenantId& tenant, const std::string& role) {
  Status status = state_->store->write([&](store::Transaction& tx) {
    return directory::withdraw_app_role(tx, tenant, kConnectorApp, directory::kIntuneApiAppId,
                                        tokens::first_party_role(directory::kIntuneApiAppId, role).value(), {},
                                        state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

void Tenants::grant(const directory::TenantId& tenant, const std::string& role) {
  Status status = state_->store->write([&](store::Transaction& tx) {
    return directory::grant_app_role(tx, tenant, kConnectorApp, directory::kIntuneApiAppId,
                                     tokens::first_party_role(directory::kIntuneApiAppId, role).value(), {},
                                     state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

void Tenants::add_device(const directory::TenantId& tenant, const std::string& device_id) {
  Status status = state_->store->write([&](store::Transaction& tx) {
    directory::Device device;
    device.id = {state_->entropy.guid()};
    device.device_id = {device_id};
    device.display_name = "a Mac";
    return directory::create_device(tx, tenant, device, {}, state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

void Tenants::add_partner_application(const directory::TenantId& tenant, const directory::AppId& app,
                                      const std::vector<const char*>& roles) {
  Status status = state_->store->write([&](store::Transaction& tx) -> Status {
    Time now = state_->clock.now();
    TRY(directory::create_application(
        tx, tenant, {.id = {state_->entropy.guid()}, .app_id = app, .display_name = "Partner " + app.value}, {}, now));
    TRY(directory::create_service_principal(tx, tenant, {{state_->entropy.guid()}, app, "Partner " + app.value, true},
                                            {}, now));
    TRY(directory::add_credential(tx, tenant, app,
                                  {.key_id = state_->entropy.guid(),
                                   .display_name = "secret",
                                   .secret_hash = crypto::hash_token(kFirstSecret),
                                   .start = now - days{1},
                                   .end = kNever},
                                  {}, now));
    auto grant_role = [&](const directory::AppId& resource, const char* role) {
      return directory::grant_app_role(tx, tenant, app, resource, tokens::first_party_role(resource, role).value(), {},
                                       now);
    };
    TRY(grant_role(directory::kGraphAppId, "Application.Read.All"));
    for (const char* role : roles) TRY(grant_role(directory::kIntuneApiAppId, role));
    return done();
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

void Tenants::enter_application(const directory::TenantId& tenant, const directory::AppId& app) {
  Status status = state_->store->write(
      [&](store::Transaction& tx) { return intune::set_device_partner(tx, tenant, app, {}, {}, state_->clock.now()); });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

void Tenants::set_priority(const directory::TenantId& tenant, const directory::AppId& app,
                           std::optional<int> priority) {
  Status status = state_->store->write([&](store::Transaction& tx) {
    return intune::set_partner_priority(tx, tenant, app, "macOS", priority, {}, state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

std::int64_t Tenants::remove_due_devices(const directory::TenantId& tenant) {
  return state_->store
      ->write([&](store::Transaction& tx) -> Result<std::int64_t> {
        return intune::remove_due_devices(tx, tenant, 1000, state_->clock.now());
      })
      .value();
}

std::string Tenants::device_partner_state(const directory::TenantId& tenant) {
  return state_->store
      ->read([&](store::Transaction& tx) -> Result<std::string> {
        return std::string(intune::name_of(intune::state_at(intune::device_partner(tx, tenant), state_->clock.now(),
                                                            intune::Options{}.unresponsive_after)));
      })
      .value();
}

directory::Device Tenants::device(const directory::TenantId& tenant, const std::string& device_id) {
  return state_->store
      ->read([&](store::Transaction& tx) -> Result<directory::Device> {
        return directory::find_device(tx, tenant, {device_id}).value();
      })
      .value();
}

std::string Tenants::partner_state(const directory::TenantId& tenant, const directory::AppId& app) {
  return state_->store
      ->read([&](store::Transaction& tx) -> Result<std::string> {
        auto partner = intune::find_partner(tx, tenant, app);
        if (!partner) return std::string("none");
        return std::string(
            intune::name_of(intune::state_at(*partner, state_->clock.now(), intune::Options{}.unresponsive_after)));
      })
      .value();
}

std::optional<json::Object> Tenants::listed_inventory(const directory::TenantId& tenant, const std::string& device_id) {
  return state_->store
      ->read([&](store::Transaction& tx) -> Result<std::optional<json::Object>> {
        auto listed = intune::find_managed_device(tx, tenant, {device_id});
        return listed ? std::optional(listed->inventory) : std::nullopt;
      })
      .value();
}

std::vector<std::int64_t> Tenants::applied(const directory::TenantId& tenant, const std::string& device_id) {
  return state_->store
      ->read([&](store::Transaction& tx) -> Result<std::vector<std::int64_t>> {
        std::vector<std::int64_t> versions;
        std::string object_id = directory::find_device(tx, tenant, {device_id})->id.value;
        for (const auto& row : directory::audit_rows(tx, tenant, 100'000)) {
          const json::Object* version = json::object_at(row.entry.details, "ComplianceVersion");
          bool is_it = text::contains_ignoring_case(row.entry.object_id, object_id) ||
                       text::contains_ignoring_case(row.entry.object_id, device_id);
          if (!version || !is_it) continue;
          versions.push_back(version->at("new").as_array().at(1).as_int64());
        }
        return std::vector<std::int64_t>(versions.rbegin(), versions.rend());
      })
      .value();
}

void Tenants::add_group(const directory::TenantId& tenant, const std::string& group_id) {
  Status status = state_->store->write([&](store::Transaction& tx) {
    return directory::create_group(tx, tenant, {.id = {group_id}, .display_name = "Group " + group_id}, {},
                                   state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

void Tenants::add_secret(const std::string& secret, Time from, Time until) {
  Status status = state_->store->write([&](store::Transaction& tx) {
    return directory::add_credential(tx, kHome, kConnectorApp,
                                     {.key_id = state_->entropy.guid(),
                                      .display_name = "secret",
                                      .secret_hash = crypto::hash_token(secret),
                                      .start = from,
                                      .end = until},
                                     {}, state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
}

std::string Tenants::add_certificate(Time from, Time until) {
  crypto::Key key = crypto::Key::generate(crypto::Algorithm::RS256).value();
  auto made = crypto::CertificateAuthority::create({.common_name = "Cloud Connector",
                                                    .organizational_units = {},
                                                    .dns_names = {},
                                                    .ip_addresses = {},
                                                    .not_before = from,
                                                    .not_after = until,
                                                    .use = crypto::CertificateTemplate::Use::authority},
                                                   key, state_->entropy)
                  .value();
  Status status = state_->store->write([&](store::Transaction& tx) {
    return directory::add_credential(tx, kHome, kConnectorApp,
                                     {.key_id = state_->entropy.guid(),
                                      .display_name = "certificate",
                                      .kind = directory::Credential::Kind::certificate,
                                      .certificate_pem = made.certificate_pem(),
                                      .start = from,
                                      .end = until},
                                     {}, state_->clock.now());
  });
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.failure().message);
  return made.private_key_pem() + made.certificate_pem();
}

// --- Instances

struct Instance::Road {
  Road(const cloud_connection::World& world, ledger::ConnectionId id, const Clock& clock)
      : link(world, id), keeper(world, link, id, clock), worker(world.store, link, id, clock, world.entropy) {}
  cloud_connection::Link link;
  cloud_connection::Keeper keeper;
  ledger::LedgerActor worker;
  Time next_look = kEpoch;
};

Instance::Instance(std::string name, http::Transport& to_connector, const Clock& clock, std::uint64_t seed)
    : network(to_connector, entropy_),
      name_(std::move(name)),
      clock_(clock),
      entropy_(seed),
      store_(test_support::empty_store()) {
  std::array<store::Schema, 3> schemas{audit::kSchema, ledger::kSchema, cloud_connection::kSchema};
  EXPECT_TRUE(store_->migrate(schemas).ok());
}
Instance::~Instance() = default;

ledger::ConnectionId Instance::add_connection(const directory::TenantId& tenant, const std::string& credential) {
  auto id = store_->write([&](store::Transaction& tx) {
    return cloud_connection::create(tx,
                                    {.name = name_ + " to " + tenant.value,
                                     .connector_url = kConnectorUrl,
                                     .cloud = "global",
                                     .tenant = tenant.value,
                                     .enrollment_url = "https://" + name_ + ".example/enroll",
                                     .remediation_url = "https://" + name_ + ".example/fix"},
                                    credential, sealer_, entropy_, {}, clock_.now());
  });
  EXPECT_TRUE(id.ok()) << (id.ok() ? "" : id.failure().message);
  roads_[*id] = std::make_unique<Road>(world(), *id, clock_);
  return *id;
}

cloud_connection::Connection Instance::connection(ledger::ConnectionId id) {
  return store_
      ->read([&](store::Transaction& tx) -> Result<cloud_connection::Connection> {
        return cloud_connection::find(tx, id).value();
      })
      .value();
}

void Instance::wish(ledger::ConnectionId id, const std::string& device_id, bool compliant, bool managed,
                    const json::Object& inventory) {
  using Report = ledger::DeviceReport;
  Time now = clock_.now();
  Report report{.device_id = device_id,
                .user_id = "44444444-0000-4000-8000-000000000004",
                .device_name = "Mac of " + name_,
                .os = "macOS",
                .os_version = "14.5",
                .management = managed ? Report::Management::managed : Report::Management::not_managed,
                .verdict = compliant ? Report::Verdict::compliant : Report::Verdict::not_compliant,
                .last_check_in = now,
                .valid_until = now + hours{20},
                .reason = "said by " + name_,
                .inventory = inventory};
  Status status = store_->write([&](store::Transaction& tx) -> Status {
    ledger::desire(tx, {.connection_id = id, .subject = device_id, .report = report}, now);
    return done();
  });
  EXPECT_TRUE(status.ok());
}

ledger::Delivery Instance::delivery(ledger::ConnectionId id, const std::string& device_id) {
  return store_
      ->read(
          [&](store::Transaction& tx) -> Result<ledger::Delivery> { return ledger::find(tx, id, device_id).value(); })
      .value();
}

ledger::Counts Instance::counts(ledger::ConnectionId id) {
  return store_->read([&](store::Transaction& tx) -> Result<ledger::Counts> { return ledger::counts(tx, id); }).value();
}

std::vector<ledger::Delivery> Instance::deliveries(ledger::ConnectionId id) {
  return store_
      ->read([&](store::Transaction& tx) -> Result<std::vector<ledger::Delivery>> {
        return ledger::list(tx, id, "", 100'000);
      })
      .value();
}

void Instance::run_once() {
  for (auto& [id, road] : roads_) {
    if (clock_.now() >= road->next_look) road->next_look = road->keeper.run_once(clock_.now());
    road->worker.run_once(clock_.now());
  }
}

// --- The whole

namespace {
constexpr Duration kStartTime = seconds{10};
}  // namespace

ConnectorWorld::ConnectorWorld() {
  tenants_router_ = tenants_.router();
  empty_store_ = [] { return test_support::empty_store(); };
  options_ = {.public_url = kConnectorUrl,
              .clouds = {{.name = "global",
                          .endpoints = {.login_base = kFaceUrl, .graph_base = kFaceUrl},
                          .client_id = kConnectorApp.value,
                          .user_registration_client_id = kUserApp.value,
                          .client_secret = kFirstSecret}}};
  restart_connector(Database::lost);
}

void ConnectorWorld::stop_connector() {
  connector_router_ = nullptr;
  broker_keeper_.reset();
  broker_router_.reset();
  broker_.reset();
}

Result<std::unique_ptr<cloud_connector::Broker>> ConnectorWorld::open_broker(store::Store& store) {
  return cloud_connector::Broker::open(
      {.store = store, .transport = tenant_network_, .entropy = entropy_, .sealer = sealer_}, options_, clock_.now());
}

void ConnectorWorld::restart_connector(Database database) {
  stop_connector();
  if (database == Database::lost) {
    broker_store_ = empty_store_();
    std::array<store::Schema, 2> schemas{audit::kSchema, cloud_connector::kSchema};
    ASSERT_TRUE(broker_store_->migrate(schemas).ok());
  }
  auto broker = open_broker(*broker_store_);
  ASSERT_TRUE(broker.ok()) << broker.failure().message;
  broker_ = std::move(*broker);
  broker_router_ = std::make_unique<http::Router>();
  cloud_connector::register_routes(*broker_router_, *broker_, crypto::hash_token(kOperatorToken));
  connector_router_ = broker_router_.get();
  clock_.advance(kStartTime);  // budgets fill
  broker_keeper_ = std::make_unique<cloud_connector::Keeper>(*broker_, cloud_connector::Broker::Shard{});
}

json::Object ConnectorWorld::object_of(const http::Response& response) {
  auto value = json::parse(response.body);
  EXPECT_TRUE(value.ok() && value->is_object()) << response.status << " " << response.body;
  return value.ok() && value->is_object() ? value->as_object() : json::Object{};
}

http::Response ConnectorWorld::call(const std::string& method, const std::string& path, const std::string& body,
                                    const std::string& token) {
  return to_connector_
      .send({.method = method,
             .url = kConnectorUrl + path,
             .headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
             .body = body},
            seconds{10})
      .value();
}

http::Response ConnectorWorld::browse(const std::string& url) {
  return to_connector_.send({.url = url}, seconds{10}).value();
}

Instance& ConnectorWorld::add_instance(const std::string& name) {
  http::Response response = call("POST", "/api/v1/instances", json::to_text(json::Object{{"name", name}}));
  EXPECT_EQ(response.status, 201) << response.body;
  json::Object issued = object_of(response);
  credentials_[name] = json::text_at(issued, "credential").value_or("");
  instances_.push_back(std::make_unique<Instance>(name, to_connector_, clock_, 100 + instances_.size()));
  return *instances_.back();
}

http::Response ConnectorWorld::consent_to(const cloud_connection::Connection& connection,
                                          const directory::TenantId& tenant) {
  http::Response first = browse(tenants_.consent(connection.attachment.consent_url, tenant));
  EXPECT_EQ(first.status, 303) << first.body;
  std::string second(first.headers.get("Location").value_or(""));
  return browse(tenants_.consent(second, tenant));
}

ledger::ConnectionId ConnectorWorld::connect(Instance& instance, const directory::TenantId& tenant) {
  ledger::ConnectionId id = instance.add_connection(tenant, credentials_[instance.name()]);
  auto connecting = cloud_connection::connect(instance.world(), id, {}, clock_.now());
  EXPECT_TRUE(connecting.ok()) << connecting.failure().message;
  http::Response page = consent_to(*connecting, tenant);
  EXPECT_EQ(page.status, 200) << page.body;
  if (page.body.find("Waiting for approval") != std::string::npos) {
    EXPECT_EQ(call("POST", "/api/v1/attachments/" + connecting->attachment.id + "/approve").status, 204);
  }
  auto confirmed = cloud_connection::confirm(instance.world(), id, {}, clock_.now());
  EXPECT_TRUE(confirmed.ok()) << (confirmed.ok() ? "" : confirmed.failure().message);
  if (!confirmed.ok()) return id;
  for (const relay::Step& step : confirmed->steps) EXPECT_TRUE(step.works) << step.name << ": " << step.message;
  EXPECT_TRUE(confirmed->works);
  EXPECT_EQ(confirmed->connection.state, cloud_connection::State::active);
  return id;
}

void ConnectorWorld::run(Duration span) {
  for (Time end = clock_.now() + span; clock_.now() <= end; clock_.advance(seconds{1})) {
    if (broker_keeper_) broker_keeper_->run_once(clock_.now());
    for (auto& instance : instances_) instance->run_once();
  }
}

}  // namespace wardbridge::connector_tests
