#include "protocol/migration_world.h"

#include "management/accounts/accounts.h"
#include "management/notices/notices.h"
#include "management/webhooks/webhooks.h"

namespace wardbridge::protocol {

using connector_tests::kConnectorUrl;
using connector_tests::kContoso;
using connector_tests::kFaceUrl;
using connector_tests::kFirstSecret;

namespace {
constexpr const char* kManagementUrl = "https://jamf.example";
const std::string kOfMacs = "/api/v1/wardbridge";
}  // namespace

class MigrationWorld::ByHost final : public http::Transport {
 public:
  ByHost(http::Transport& connector, http::Transport& tenants) : connector_(connector), tenants_(tenants) {}
  Result<http::Response> send(const http::OutboundRequest& request, Duration deadline) override {
    return (request.url.starts_with(kConnectorUrl) ? connector_ : tenants_).send(request, deadline);
  }

 private:
  http::Transport& connector_;
  http::Transport& tenants_;
};

struct MigrationWorld::Road {
  Road(MigrationWorld& world, ledger::ConnectionId id)
      : link(*world.management_store_, *world.network_, world.management_entropy_, world.management_sealer_, id),
        keeper(*world.management_store_, link, id, world.clock_, world.management_entropy_),
        worker(*world.management_store_, link, id, world.clock_, world.management_entropy_, {.batch = 64}) {}
  device_compliance::Link link;
  device_compliance::Keeper keeper;
  ledger::LedgerActor worker;
};

struct MigrationWorld::CloudRoad {
  CloudRoad(MigrationWorld& world, ledger::ConnectionId id)
      : link({*world.management_store_, *world.network_, world.management_sealer_, world.management_entropy_}, id),
        keeper({*world.management_store_, *world.network_, world.management_sealer_, world.management_entropy_}, link,
               id, world.clock_),
        worker(*world.management_store_, link, id, world.clock_, world.management_entropy_, {.batch = 64}) {}
  cloud_connection::Link link;
  cloud_connection::Keeper keeper;
  ledger::LedgerActor worker;
  Time next_look = kEpoch;
};

struct MigrationWorld::Process {
  explicit Process(MigrationWorld& world) : pipeline(*world.management_store_, book, nullptr) {
    jamf_api::register_routes(router, {.store = *world.management_store_,
                                       .entropy = world.management_entropy_,
                                       .pipeline = pipeline,
                                       .sealer = world.management_sealer_,
                                       .connections_changed =
                                           [this] {
                                             for (auto& [id, road] : roads) road->link.reload();
                                             for (auto& [id, road] : cloud_roads)
                                               road->link.reload(), road->next_look = kEpoch;
                                           },
                                       .connections = world.network_.get(),
                                       .public_url = [] { return std::string(kManagementUrl); }});
  }
  groups::GroupBook book;
  pipeline::Pipeline pipeline;
  http::Router router;
  std::map<ledger::ConnectionId, std::unique_ptr<Road>> roads;
  std::map<ledger::ConnectionId, std::unique_ptr<CloudRoad>> cloud_roads;
};

MigrationWorld::MigrationWorld(std::unique_ptr<store::Store> management_store) {
  tenant_road_ = std::make_unique<connector_tests::Network>(to_tenants_, management_entropy_);
  network_ = std::make_unique<ByHost>(to_connector_, *tenant_road_);
  management_store_ = std::move(management_store);
  if (!management_store_) management_store_ = store::open_sqlite({.path = ":memory:"}).value();
  const store::Schema schemas[] = {audit::kSchema,      inventory::kSchema,         groups::kSchema,
                                   enrollment::kSchema, compliance::kSchema,        accounts::kSchema,
                                   ledger::kSchema,     device_compliance::kSchema, cloud_connection::kSchema,
                                   outbox::kSchema,     webhooks::kSchema,          notices::kSchema};
  EXPECT_TRUE(management_store_->migrate(schemas).ok());
  restart_management();
  tenants_.add_partner_application(kContoso, kManualPartner, {"update_device_attributes"});
  tenants_.add_partner_application(kContoso, kCompliancePartner,
                                   {"update_device_attributes", "manage_partner_compliance_policy"});
}
MigrationWorld::~MigrationWorld() = default;

void MigrationWorld::restart_management() {
  process_.reset();
  process_ = std::make_unique<Process>(*this);
}

std::string MigrationWorld::Answer::at(std::string_view path) const {
  const json::Value* here = &body;
  for (std::string_view step : text::split(path, '.')) {
    if (const auto* object = here->if_object()) {
      here = object->if_contains({step.data(), step.size()});
    } else if (const auto* array = here->if_array()) {
      here = array->if_contains(static_cast<std::size_t>(text::parse_integer(step).value_or(-1)));
    } else {
      here = nullptr;
    }
    if (here == nullptr) return "(absent)";
  }
  return here->is_string() ? std::string(std::string_view(here->get_string())) : json::to_text(*here);
}

std::string MigrationWorld::almighty() {
  if (clock_.now() < token_until_ && clock_.now() > token_until_ - minutes{20}) return token_;
  auto credentials = management_store_->write([&](store::Transaction& tx) -> Result<accounts::ClientCredentials> {
    std::string name = "almighty " + management_entropy_.guid();
    auto role = TRY(accounts::create_role(tx, {.display_name = name, .privileges = accounts::known_privileges()}, {},
                                          clock_.now()));
    auto id = TRY(accounts::create_integration(tx, {.display_name = name, .roles = {role}}, {}, clock_.now()));
    return accounts::make_credentials(tx, id, management_entropy_, {}, clock_.now());
  });
  EXPECT_TRUE(credentials.ok());
  token_ = accounts::log_in_client(*management_store_, management_entropy_, credentials->client_id,
                                   credentials->client_secret, clock_.now())
               .value()
               .text;
  token_until_ = clock_.now() + minutes{20};
  return token_;
}

MigrationWorld::Answer MigrationWorld::api(const std::string& method, const std::string& path, const json::Value& body,
                                           const std::string& token) {
  auto question = path.find('?');
  http::Request request{.method = method,
                        .path = path.substr(0, question),
                        .query = question == std::string::npos ? "" : path.substr(question + 1),
                        .body = body.is_null() ? "" : json::to_text(body),
                        .peer = {.address = "192.0.2.9"},
                        .id = "3f0e7c1a-0000-4000-8000-0000000000aa",
                        .received = clock_.now()};
  request.headers.set("Host", "jamf.example");
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Authorization", "Bearer " + (token.empty() ? almighty() : token));
  http::Response response = process_->router.handle(std::move(request));
  return {response.status, response.body, json::parse(response.body).value_or(nullptr)};
}

std::string MigrationWorld::create_group(const std::string& name,
                                         const std::vector<std::pair<std::string, std::string>>& criteria) {
  json::Array list;
  for (const auto& [criterion, value] : criteria) {
    bool is_name = criterion == "Computer Name";
    list.push_back(json::Object{{"name", criterion},
                                {"priority", list.size()},
                                {"andOr", "and"},
                                {"searchType", is_name ? "like" : "is"},
                                {"value", value}});
  }
  Answer made = api("POST", "/api/v3/computer-groups/smart-groups", json::Object{{"name", name}, {"criteria", list}});
  EXPECT_EQ(made.status, 201) << made.text;
  return made.at("id");
}

std::string MigrationWorld::connect_manually() {
  tenants_.enter_application(kContoso, kManualPartner);
  Answer saved = api("PUT", "/api/v1/wardbridge/conditional-access",
                     json::Object{{"sovereignCloud", "custom"},
                                  {"loginUrl", kFaceUrl},
                                  {"graphUrl", kFaceUrl},
                                  {"tenantName", kContoso.value},
                                  {"applicationId", kManualPartner.value},
                                  {"clientSecret", kFirstSecret}});
  EXPECT_EQ(saved.status, 200) << saved.text;
  settle();
  return saved.at("connectionId");
}

std::string MigrationWorld::connect_with_own_partner() {
  Answer made = api("POST", "/api/v1/wardbridge/connections",
                    json::Object{{"name", "Device Compliance"},
                                 {"tenant", kContoso.value},
                                 {"clientId", kCompliancePartner.value},
                                 {"clientSecret", kFirstSecret},
                                 {"loginUrl", kFaceUrl},
                                 {"graphUrl", kFaceUrl},
                                 {"enrollmentUrl", "https://jamf.example/enroll"},
                                 {"remediationUrl", "https://jamf.example/fix"}});
  EXPECT_EQ(made.status, 201) << made.text;
  settle();
  return made.at("id");
}

std::string MigrationWorld::connect_by_cloud_connector(Until until) {
  json::Object issued =
      object_of(call("POST", "/api/v1/instances", json::to_text(json::Object{{"name", "the migrating one"}})));
  Answer made = api("POST", "/api/v1/wardbridge/cloud-connections",
                    json::Object{{"name", "By the Cloud Connector"},
                                 {"connectorUrl", kConnectorUrl},
                                 {"credential", issued.at("credential")},
                                 {"tenant", kContoso.value},
                                 {"enrollmentUrl", "https://jamf.example/enroll"},
                                 {"remediationUrl", "https://jamf.example/fix"}});
  EXPECT_EQ(made.status, 201) << made.text;
  const std::string path = "/api/v1/wardbridge/cloud-connections/" + made.at("id");
  Answer connecting = api("POST", path + "/connect");
  EXPECT_EQ(connecting.status, 200) << connecting.text;
  http::Response first = browse(tenants_.consent(connecting.at("consentUrl"), kContoso));
  EXPECT_EQ(first.status, 303) << first.body;
  EXPECT_EQ(browse(tenants_.consent(std::string(first.headers.get("Location").value_or("")), kContoso)).status, 200);
  // Beside other instances it waits for the operator's word.
  const json::Object attachments = object_of(call("GET", "/api/v1/attachments"));
  for (const json::Value& waiting : attachments.at("results").as_array()) {
    if (waiting.at("progress") != "approval") continue;
    call("POST", "/api/v1/attachments/" + std::string(waiting.at("id").as_string()) + "/approve");
  }
  if (until == Until::active) confirm(made.at("id"));
  settle();
  return made.at("id");
}

void MigrationWorld::confirm(const std::string& cloud_connection) {
  Answer confirmed = api("POST", "/api/v1/wardbridge/cloud-connections/" + cloud_connection + "/confirm");
  EXPECT_EQ(confirmed.at("connection.state"), "active") << confirmed.text;
}

void MigrationWorld::tell_by(const std::string& connection) {
  std::string everyone = create_group("Everyone", {{"Computer Name", "Mac"}});
  std::string encrypted = create_group("Encrypted", {{"FileVault 2 Status", "All Partitions Encrypted"}});
  Answer set = api("PUT", "/api/v1/wardbridge/device-compliance",
                   json::Object{{"enabled", true},
                                {"complianceGroupId", encrypted},
                                {"applicableGroupId", everyone},
                                {"connectionId", connection}});
  EXPECT_EQ(set.status, 200) << set.text;
  settle();
}

std::string MigrationWorld::add_mac(const std::string& name, bool encrypted) {
  char tail[16];
  std::snprintf(tail, sizeof tail, "%012d", ++macs_);
  std::string device = std::string("22222222-0000-4000-8000-") + tail;
  Answer invited = api("POST", kOfMacs + "/enrollment-invitations", json::Object{{"description", "test"}});
  Answer made = api("POST", kOfMacs + "/enrollments",
                    json::Object{{"invitation", invited.at("invitation")},
                                 {"udid", std::string("4C4C4544-0000-4000-8000-") + tail},
                                 {"serialNumber", "C02" + std::string(tail).substr(3)},
                                 {"name", "Mac " + name}});
  EXPECT_EQ(made.status, 201) << made.text;
  check_in_tokens_[device] = made.at("checkInToken");
  computers_[device] = made.at("id");
  tenants_.add_device(kContoso, device);
  check_in(device, encrypted);
  Answer registered = api("POST", kOfMacs + "/registrations",
                          json::Object{{"username", "ann"},
                                       {"deviceId", device},
                                       {"userId", "44444444-0000-4000-8000-000000000004"},
                                       {"userPrincipalName", "ann@contoso.example"}},
                          check_in_tokens_[device]);
  EXPECT_EQ(registered.status, 200) << registered.text;
  return device;
}

void MigrationWorld::check_in(const std::string& device, bool encrypted) {
  const char* status = encrypted ? "ALL_ENCRYPTED" : "NOT_ENCRYPTED";
  Answer told =
      api("POST", kOfMacs + "/check-ins",
          json::Object{{"sections", json::Object{{"operatingSystem", json::Object{{"fileVault2Status", status}}}}}},
          check_in_tokens_.at(device));
  EXPECT_EQ(told.status, 200) << told.text;
}

void MigrationWorld::open_roads() {
  Status opened = management_store_->read([&](store::Transaction& tx) -> Status {
    for (const auto& connection : device_compliance::list(tx)) {
      auto& road = process_->roads[connection.id];
      if (!road) road = std::make_unique<Road>(*this, connection.id);
    }
    for (const auto& connection : cloud_connection::list(tx)) {
      auto& road = process_->cloud_roads[connection.id];
      if (!road) road = std::make_unique<CloudRoad>(*this, connection.id);
    }
    return done();
  });
  EXPECT_TRUE(opened.ok());
}

void MigrationWorld::pass(Duration span, Duration step) {
  for (Time end = clock_.now() + span; clock_.now() < end;) {
    clock_.advance(step);
    open_roads();
    if (broker_keeper_) broker_keeper_->run_once(clock_.now());
    while (process_->pipeline.run_once(clock_.now()) <= clock_.now()) {
    }
    for (auto& [id, road] : process_->roads) {
      road->keeper.run_once(clock_.now());
      road->worker.run_once(clock_.now());
    }
    for (auto& [id, road] : process_->cloud_roads) {
      if (clock_.now() >= road->next_look) road->next_look = road->keeper.run_once(clock_.now());
      road->worker.run_once(clock_.now());
    }
    for (const std::string& device : trusted_) {
      ASSERT_TRUE(is_trusted(device)) << device << " has a gap at " << to_iso8601(clock_.now()) << ", in " << phase();
    }
    for (const std::string& device : untrusted_) {
      ASSERT_FALSE(is_trusted(device)) << device << " is trusted at " << to_iso8601(clock_.now()) << ", in " << phase();
    }
  }
}

bool MigrationWorld::is_trusted(const std::string& device) {
  return tenants_.device(kContoso, device).is_compliant_at(clock_.now());
}

std::string MigrationWorld::owner(const std::string& device) {
  auto compliance = tenants_.device(kContoso, device).compliance;
  return compliance ? compliance->partner_id : "nobody";
}

std::string MigrationWorld::state_of(const std::string& device) {
  return api("GET", "/api/v1/conditional-access/device-compliance-information/computer/" + computers_.at(device))
      .at("0.complianceState");
}

std::string MigrationWorld::lane_of(const std::string& connection) {
  return management_store_
      ->read([&](store::Transaction& tx) -> Result<std::string> {
        return std::string(ledger::name_of(ledger::lane(tx, {*text::parse_integer(connection)}).purpose));
      })
      .value();
}

}  // namespace wardbridge::protocol
