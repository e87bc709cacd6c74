// Instances, the Cloud Connector and tenants together: how they come to each other, and what holds afterwards.
#include <gmock/gmock.h>

#include "connector/connector_world.h"
#include "support/empty_store.h"
#include "support/postgres_cluster.h"

namespace wardbridge::connector_tests {
namespace {

using ::testing::HasSubstr;

const std::string kMac = "22222222-0000-4000-8000-000000000001";
const std::string kOtherMac = "22222222-0000-4000-8000-000000000002";

class CloudConnector : public ConnectorWorld {
 protected:
  // What becomes of a report about kMac that an instance sends right now: the reason; empty: the tenant has it.
  std::string report_as(const std::string& instance) {
    ledger::DeviceReport report{.device_id = kMac, .os = "macOS", .last_check_in = clock_.now()};
    report.management = ledger::DeviceReport::Management::managed;
    report.valid_until = clock_.now() + hours{1};
    relay::ReportMessage message{.version = {1, ++reported_}, .report = report};
    http::Response answer = call("PUT", "/api/v1/tenants/" + kContoso.value + "/devices/" + kMac,
                                 json::to_text(relay::to_json(message)), credentials_[instance]);
    return std::string(object_of(answer).at("reason").as_string());
  }
  std::int64_t reported_ = 0;
  // Another process begins at that very moment.
  void restart_at(Time time) {
    restart_connector();
    clock_.set(time);
  }
  bool is_compliant(const directory::TenantId& tenant, const std::string& device) {
    auto compliance = tenants_.device(tenant, device).compliance;
    return compliance && compliance->is_compliant && compliance->expiration > clock_.now();
  }
};

TEST_F(CloudConnector, AVerdictOfAnInstanceIsSeenInTheTenant) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  EXPECT_EQ(tenants_.partner_state(kContoso), "enabled");
  berlin.wish(id, kMac, true);
  run(seconds{3});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by berlin");
  berlin.wish(id, kMac, false);
  run(seconds{3});
  EXPECT_FALSE(is_compliant(kContoso, kMac));
}

TEST_F(CloudConnector, PartnerDeviceManagementTakesInventoryWithTheVerdictOnceTheApplicationIdIsEntered) {
  options_.clouds[0].protocol = partner::Protocol::device_partner;
  restart_connector();
  tenants_.add_device(kContoso, kMac);
  tenants_.add_device(kContoso, kOtherMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = berlin.add_connection(kContoso, credentials_["berlin"]);
  consent_to(cloud_connection::connect(berlin.world(), id, {}, clock_.now()).value(), kContoso);
  auto too_early = cloud_connection::confirm(berlin.world(), id, {}, clock_.now()).value();
  EXPECT_FALSE(too_early.works);
  EXPECT_THAT(too_early.steps.back().message, HasSubstr("Partner device management"));
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "unknown");

  tenants_.enter_application(kContoso);
  EXPECT_TRUE(cloud_connection::confirm(berlin.world(), id, {}, clock_.now()).value().works);
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "enabled");
  EXPECT_EQ(berlin.connection(id).attachment.protocol, partner::Protocol::device_partner);
  berlin.wish(id, kMac, true, true, {{"SerialNumber", "C02XK0AAJGH5"}});
  run(seconds{3});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  EXPECT_EQ(json::text_at(tenants_.listed_inventory(kContoso, kMac).value(), "SerialNumber"), "C02XK0AAJGH5");

  // Another server comes beside the first, as the documents allow for this kind of connection only.
  Instance& paris = add_instance("paris");
  ledger::ConnectionId second = paris.add_connection(kContoso, credentials_["paris"]);
  auto connecting = cloud_connection::connect(paris.world(), second, {}, clock_.now()).value();
  consent_to(connecting, kContoso);
  call("POST", "/api/v1/attachments/" + connecting.attachment.id + "/approve");
  EXPECT_TRUE(cloud_connection::confirm(paris.world(), second, {}, clock_.now()).value().works);
  paris.wish(second, kOtherMac, true);
  run(seconds{3});
  EXPECT_TRUE(is_compliant(kContoso, kOtherMac));

  ASSERT_TRUE(
      berlin.change([&](store::Transaction& tx) { return cloud_connection::disable(tx, id, {}, clock_.now()); }).ok());
  run(minutes{1});
  EXPECT_EQ(berlin.connection(id).state, cloud_connection::State::terminated);
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "enabled") << "the other one is still there";
  EXPECT_FALSE(is_compliant(kContoso, kMac));
  ASSERT_TRUE(
      paris.change([&](store::Transaction& tx) { return cloud_connection::disable(tx, second, {}, clock_.now()); })
          .ok());
  run(minutes{1});
  EXPECT_EQ(tenants_.device_partner_state(kContoso), "terminated")
      << json::to_text(object_of(call("GET", "/api/v1/tenants"))) << paris.connection(second).error_message;
}

// --- Consent

TEST_F(CloudConnector, AConsentIsGoodOnceForItsTenantAndForAWhile) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = berlin.add_connection(kContoso, credentials_["berlin"]);
  auto connection = cloud_connection::connect(berlin.world(), id, {}, clock_.now()).value();
  std::string back = tenants_.consent(connection.attachment.consent_url, kContoso);

  std::string elsewhere = text::replace_all(back, kContoso.value, kFabrikam.value);
  http::Response wrong = browse(elsewhere);
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("another tenant"));
  EXPECT_THAT(browse(back).body, HasSubstr("answered already"));  // used up by the wrong answer

  connection = cloud_connection::connect(berlin.world(), id, {}, clock_.now()).value();
  back = tenants_.consent(connection.attachment.consent_url, kContoso);
  clock_.advance(hours{1});
  EXPECT_THAT(browse(back).body, HasSubstr("the time to consent is over"));
  EXPECT_EQ(browse(kConnectorUrl + "/consent/callback?state=made-up&tenant=x&admin_consent=True").status, 400);
}

TEST_F(CloudConnector, AConsentMayComeUntilTheLastSecondOfItsHour) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = berlin.add_connection(kContoso, credentials_["berlin"]);
  for (const auto& [after_end, is_taken] :
       {std::pair<Duration, bool>{-seconds{1}, true}, {seconds{0}, false}, {seconds{1}, false}}) {
    clock_.advance(minutes{1});  // the budget of a new process fills
    auto connection = cloud_connection::connect(berlin.world(), id, {}, clock_.now()).value();
    const Time end = clock_.now() + options_.consent_life;
    std::string back = tenants_.consent(connection.attachment.consent_url, kContoso);
    clock_.set(end + after_end);
    restart_at(clock_.now());
    http::Response page = browse(back);
    EXPECT_EQ(page.status, is_taken ? 303 : 400) << after_end.count() << page.body;
  }
}

TEST_F(CloudConnector, ADeniedConsentIsToldOnBothSidesAndEscaped) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = berlin.add_connection(kContoso, credentials_["berlin"]);
  auto connection = cloud_connection::connect(berlin.world(), id, {}, clock_.now()).value();
  http::Url url = http::parse_url(connection.attachment.consent_url).value();
  std::string state(*text::form_value(text::parse_form(url.query).value(), "state"));
  http::Response page = browse(
      kConnectorUrl + "/consent/callback?" +
      text::to_form(
          {{"state", state}, {"error", "permission_denied"}, {"error_description", "<script>not today</script>"}}));
  EXPECT_EQ(page.status, 403);
  EXPECT_THAT(page.body, HasSubstr("&lt;script&gt;not today"));
  run(seconds{6});
  EXPECT_EQ(berlin.connection(id).error_reason, "consent_denied");
  EXPECT_EQ(cloud_connection::confirm(berlin.world(), id, {}, clock_.now()).failure().reason, "not_consented");
}

TEST_F(CloudConnector, ACallbackAloneDoesNotAttachAnInstanceToATenantThatConsentedForAnother) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  connect(berlin, kContoso);
  Instance& intruder = add_instance("intruder");
  ledger::ConnectionId id = intruder.add_connection(kContoso, credentials_["intruder"]);
  auto connection = cloud_connection::connect(intruder.world(), id, {}, clock_.now()).value();
  // Nobody is asked: the answers of consent are made up.
  auto answer = [&](const std::string& consent_url) {
    text::Form query = text::parse_form(http::parse_url(consent_url).value().query).value();
    return browse(kConnectorUrl + "/consent/callback?" +
                  text::to_form({{"tenant", kContoso.value},
                                 {"state", std::string(*text::form_value(query, "state"))},
                                 {"admin_consent", "True"}}));
  };
  http::Response second = answer(std::string(*answer(connection.attachment.consent_url).headers.get("Location")));
  EXPECT_THAT(second.body, HasSubstr("Waiting for approval"));
  EXPECT_EQ(cloud_connection::confirm(intruder.world(), id, {}, clock_.now()).failure().reason, "not_consented");
  intruder.wish(id, kMac, true);
  run(seconds{10});
  EXPECT_FALSE(tenants_.device(kContoso, kMac).compliance.has_value());
  EXPECT_EQ(intruder.delivery(id, kMac).failure_reason, "not_attached");
}

TEST_F(CloudConnector, TwoThatAskForOneTenantAtTheSameTimeBothWaitForApproval) {
  Instance& berlin = add_instance("berlin");
  Instance& intruder = add_instance("intruder");
  ledger::ConnectionId id = berlin.add_connection(kContoso, credentials_["berlin"]);
  ledger::ConnectionId other = intruder.add_connection(kContoso, credentials_["intruder"]);
  ASSERT_TRUE(cloud_connection::connect(intruder.world(), other, {}, clock_.now()).ok());
  auto connection = cloud_connection::connect(berlin.world(), id, {}, clock_.now()).value();
  EXPECT_THAT(consent_to(connection, kContoso).body, HasSubstr("Waiting for approval"));
  EXPECT_EQ(call("POST", "/api/v1/attachments/" + connection.attachment.id + "/approve").status, 204);
  EXPECT_TRUE(cloud_connection::confirm(berlin.world(), id, {}, clock_.now()).value().works);
}

TEST_F(CloudConnector, ATenantThatIsNotThereIsToldBeforeAnybodyConsents) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = berlin.add_connection({"nowhere.example"}, credentials_["berlin"]);
  EXPECT_EQ(cloud_connection::connect(berlin.world(), id, {}, clock_.now()).failure().reason, "tenant_unknown");
  ledger::ConnectionId by_domain = berlin.add_connection({"contoso.example"}, credentials_["berlin"]);
  EXPECT_EQ(cloud_connection::connect(berlin.world(), by_domain, {}, clock_.now()).value().attachment.tenant_id,
            kContoso.value);
}

// --- Who may do what

TEST_F(CloudConnector, EveryRouteRefusesStrangersAndOthersThings) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  add_instance("paris");
  std::string attachment = berlin.connection(id).attachment.id;
  std::string device = "/api/v1/tenants/" + kContoso.value + "/devices/" + kMac;
  for (const auto& [method, pattern] : broker_router_->routes()) {
    if (pattern == "/consent/callback") continue;
    std::string path = pattern;
    for (const char* name : {"{id}", "{tenant}", "{device}", "{name}"})
      path = text::replace_all(path, name, attachment);
    EXPECT_EQ(call(method, path, "{}", "").status, 401) << method << " " << pattern;
    EXPECT_EQ(call(method, path, "{}", "wbc_" + text::to_base64url("not sealed here")).status, 401) << pattern;
    EXPECT_EQ(call(method, path, "{}", std::string(9000, 'x')).status, 401) << pattern;
  }
  const std::string& paris = credentials_["paris"];
  EXPECT_EQ(call("GET", "/api/v1/instances", "", paris).status, 401);  // the operator's
  EXPECT_EQ(call("GET", "/api/v1/instance", "", kOperatorToken).status, 401);
  EXPECT_EQ(call("GET", "/api/v1/attachments/" + attachment, "", paris).status, 404);
  EXPECT_EQ(call("POST", "/api/v1/attachments/" + attachment + "/confirm", "", paris).status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/attachments/" + attachment, "", paris).status, 404);
  // A ticket is good for the instance that it was issued to.
  json::Object own = object_of(call("GET", "/api/v1/attachments/" + attachment, "", credentials_["berlin"]));
  std::string body = json::to_text(json::Object{{"ticket", own.at("ticket")},
                                                {"enrollmentUrl", "https://paris.example/"},
                                                {"remediationUrl", "https://paris.example/"}});
  EXPECT_EQ(call("POST", "/api/v1/attachments/reattach", body, paris).status, 403);
  EXPECT_EQ(call("POST", "/api/v1/attachments/reattach", body, credentials_["berlin"]).status, 200);
  // What is not attached gets nothing through, and the operator's list shows no ticket.
  ledger::DeviceReport report{.device_id = kMac};
  std::string message = json::to_text(relay::to_json(relay::ReportMessage{.version = {1, 1}, .report = report}));
  json::Object refused = object_of(call("PUT", device, message, paris));
  EXPECT_EQ(refused.at("reason"), "not_attached");
  EXPECT_THAT(call("GET", "/api/v1/attachments").body, ::testing::Not(HasSubstr("ticket")));
}

TEST_F(CloudConnector, BadRequestsAreNamed) {
  Instance& berlin = add_instance("berlin");
  connect(berlin, kContoso);
  const std::string& credential = credentials_["berlin"];
  std::string device = "/api/v1/tenants/" + kContoso.value + "/devices/" + kMac;
  auto reason = [&](const http::Response& response) {
    json::Object body = object_of(response);
    const json::Object* error = json::object_at(body, "error");
    return std::to_string(response.status) + " " +
           std::string(error ? json::text_at(*error, "reason").value_or("") : "");
  };
  EXPECT_EQ(reason(call("PUT", device, "not json", credential)), "400 bad_json");
  EXPECT_EQ(reason(call("PUT", device, "{}", credential)), "400 missing_field");
  ledger::DeviceReport other{.device_id = kOtherMac};
  EXPECT_EQ(
      reason(call("PUT", device,
                  json::to_text(relay::to_json(relay::ReportMessage{.version = {1, 1}, .report = other})), credential)),
      "400 wrong_device");
  EXPECT_EQ(reason(call("GET", device, "", credential)), "400 bad_version");
  EXPECT_EQ(reason(call("POST", "/api/v1/instances", R"({"name":" "})")), "400 bad_name");
  EXPECT_EQ(reason(call("POST", "/api/v1/instances", R"({"name":"berlin"})")), "409 already_exists");
  EXPECT_EQ(reason(call("GET", "/api/v1/routes?limit=0")), "400 bad_limit");
  EXPECT_EQ(reason(call("PUT", "/api/v1/clouds/moon/secret", R"({"clientSecret":"x"})")), "404 no_cloud");
  EXPECT_EQ(reason(call("POST", "/api/v1/attachments/" + kMac + "/approve")), "404 no_attachment");
  EXPECT_EQ(reason(call("GET", "/nowhere")), "404 no_route");
}

TEST_F(CloudConnector, ARenewedCredentialReplacesTheOneBefore) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  json::Object listed = object_of(call("GET", "/api/v1/instances"));
  std::string instance(listed.at("results").at(0).at("id").as_string());
  json::Object renewed = object_of(call("POST", "/api/v1/instances/" + instance + "/credential"));
  EXPECT_EQ(call("GET", "/api/v1/instance", "", credentials_["berlin"]).status, 401);
  run(seconds{20});
  EXPECT_EQ(berlin.connection(id).error_reason, "bad_credential");
  ASSERT_TRUE(berlin
                  .change([&](store::Transaction& tx) {
                    cloud_connection::World world = berlin.world();
                    return cloud_connection::update(tx, id, cloud_connection::find(tx, id)->settings,
                                                    std::string(renewed.at("credential").as_string()), world.sealer,
                                                    world.entropy, {}, clock_.now());
                  })
                  .ok());
  run(seconds{20});
  EXPECT_EQ(berlin.connection(id).error_reason, "");
}

// --- Whose device

TEST_F(CloudConnector, ASharedMacStaysWithTheFirstUntilThatReleasesIt) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  run(seconds{3});
  int before = tenant_network_.requests;
  paris.wish(second, kMac, false);
  run(seconds{3});
  EXPECT_EQ(tenant_network_.requests, before);  // nobody is asked about what is not theirs
  EXPECT_EQ(paris.delivery(second, kMac).state, ledger::State::parked);
  EXPECT_EQ(paris.delivery(second, kMac).failure_reason, "device_of_other_instance");
  EXPECT_THAT(paris.delivery(second, kMac).failure_message, HasSubstr("`berlin`"));
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  json::Object routes = object_of(call("GET", "/api/v1/routes"));
  ASSERT_EQ(routes.at("results").as_array().size(), 1u);
  EXPECT_EQ(routes.at("results").at(0).at("instance"), "berlin");
  EXPECT_EQ(routes.at("results").at(0).at("contenders").at(0), "paris");

  // Without a claim there is no conflict, and the owner's word stands.
  paris.wish(second, kMac, false, /*managed=*/false);
  run(seconds{3});
  EXPECT_EQ(paris.delivery(second, kMac).state, ledger::State::delivered);
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  EXPECT_TRUE(object_of(call("GET", "/api/v1/routes")).at("results").at(0).at("contenders").as_array().empty());
  paris.wish(second, kMac, false);
  run(seconds{3});

  berlin.wish(first, kMac, false, /*managed=*/false);
  run(seconds{25});  // until paris asks how things are
  EXPECT_EQ(paris.delivery(second, kMac).state, ledger::State::delivered);
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by paris");
  // Now it is the other way round.
  berlin.wish(first, kMac, true);
  run(seconds{3});
  EXPECT_EQ(berlin.delivery(first, kMac).failure_reason, "device_of_other_instance");
}

TEST_F(CloudConnector, ASilentInstanceLosesItsMacsToOneThatReportsThem) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  run(seconds{3});
  // Berlin's building is gone: it is never run again.
  std::unique_ptr<Instance> gone = std::move(instances_.front());
  instances_.erase(instances_.begin());
  paris.wish(second, kMac, true);
  run(seconds{3});
  EXPECT_EQ(paris.delivery(second, kMac).state, ledger::State::parked);
  clock_.advance(options_.route_silence - minutes{5});
  run(seconds{20});
  EXPECT_EQ(paris.delivery(second, kMac).state, ledger::State::parked);
  clock_.advance(minutes{5});
  run(seconds{40});
  EXPECT_EQ(paris.delivery(second, kMac).state, ledger::State::delivered);
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by paris");
}

TEST_F(CloudConnector, ASilentInstanceKeepsItsMacsForADayAndNotASecondLonger) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso);
  connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  run(minutes{2});
  json::Object listed = object_of(call("GET", "/api/v1/instances"));
  ASSERT_EQ(listed.at("results").at(0).at("name"), "berlin");
  const Time seen = parse_iso8601(std::string(listed.at("results").at(0).at("lastSeen").as_string())).value();
  auto claim = [&] { return report_as("paris"); };
  clock_.set(seen + hours{24} - seconds{1});
  EXPECT_EQ(claim(), "device_of_other_instance");
  clock_.set(seen + hours{24} + hours{1});
  restart_at(clock_.now());
  EXPECT_EQ(claim(), "device_of_other_instance") << "while the connector was away nobody could be heard";
  clock_.advance(hours{24} - seconds{1});
  EXPECT_EQ(claim(), "device_of_other_instance");
  clock_.advance(seconds{1});
  EXPECT_EQ(claim(), "");
}

TEST_F(CloudConnector, ADeviceThatTheTenantDoesNotHaveIsNobodys) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{3});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::parked);
  EXPECT_EQ(berlin.delivery(id, kMac).failure_reason, "device_not_found");
  EXPECT_TRUE(object_of(call("GET", "/api/v1/routes")).at("results").as_array().empty());
}

// --- The compliance policy, and what else an instance wishes for

TEST_F(CloudConnector, ThePolicyForMacsIsMadeAndAssignedToTheGroupsOfAllInstances) {
  const std::string sales = "55555555-0000-4000-8000-000000000001", makers = "55555555-0000-4000-8000-000000000002";
  for (const std::string& group : {sales, makers}) tenants_.add_group(kContoso, group);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso);
  clock_.advance(seconds{1});  // the pages are those of the one that came first
  ledger::ConnectionId second = connect(paris, kContoso);
  auto policy = [&] { return object_of(call("GET", "/api/v1/tenants")).at("results").at(0).at("policy"); };
  auto wish_for = [&](Instance& instance, ledger::ConnectionId id, std::vector<std::string> groups,
                      const char* page = "https://jamf.example/enroll") {
    ASSERT_TRUE(instance
                    .change([&](store::Transaction& tx) {
                      cloud_connection::World world = instance.world();
                      auto settings = cloud_connection::find(tx, id)->settings;
                      settings.group_ids = std::move(groups);
                      settings.enrollment_url = page;
                      return cloud_connection::update(tx, id, settings, {}, world.sealer, world.entropy, {},
                                                      clock_.now());
                    })
                    .ok());
    run(seconds{40});
  };
  run(minutes{16});
  EXPECT_EQ(policy().at("state"), "notPermitted") << "and nothing else stops because of that";
  tenants_.grant(kContoso, "manage_partner_compliance_policy");
  clock_.advance(hours{2});
  run(minutes{1});
  EXPECT_EQ(policy().at("state"), "created") << policy();
  EXPECT_NE(policy().at("id"), "");
  wish_for(berlin, first, {makers});
  EXPECT_EQ(policy().at("state"), "assigned") << policy();
  wish_for(paris, second, {sales, makers});
  EXPECT_EQ(policy().at("assignedGroupIds"), (json::Array{sales, makers}));
  wish_for(berlin, first, {});
  wish_for(paris, second, {sales});
  EXPECT_EQ(policy().at("assignedGroupIds"), json::Array{sales});
  wish_for(paris, second, {});
  EXPECT_EQ(policy().at("state"), "created") << "what was assigned by us is taken back";
  // No more is asked while nothing changes.
  int before = tenant_network_.requests;
  run(minutes{10});
  EXPECT_EQ(tenant_network_.requests, before);
  // Pages are told again, too.
  std::vector<std::string> provisioned;
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    if (request.url.find("PartnerTenants(") != std::string::npos) provisioned.push_back(request.body);
    return {};
  };
  wish_for(berlin, first, {}, "https://jamf.example/moved");
  ASSERT_EQ(provisioned.size(), 1u);
  EXPECT_THAT(provisioned[0], HasSubstr("https://jamf.example/moved"));
}

TEST_F(CloudConnector, WhatAnInstanceWishesForIsChecked) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  std::string path = "/api/v1/attachments/" + berlin.connection(id).attachment.id;
  auto status = [&](const std::string& body) { return call("PUT", path, body, credentials_["berlin"]).status; };
  EXPECT_EQ(status(R"({"enrollmentUrl":"https://a.example","remediationUrl":"https://a.example"})"), 200);
  EXPECT_EQ(status(R"({"enrollmentUrl":"http://a.example","remediationUrl":"https://a.example"})"), 400);
  EXPECT_EQ(status(R"({"enrollmentUrl":"https://a.example"})"), 400);
  EXPECT_EQ(status(R"({"enrollmentUrl":"https://a.example","remediationUrl":"https://a.example","groupIds":["x"]})"),
            400);
  std::string many = R"("55555555-0000-4000-8000-000000000001")";
  for (int i = 0; i < 100; ++i) many += R"(,"55555555-0000-4000-8000-000000000001")";
  EXPECT_EQ(
      status(R"({"enrollmentUrl":"https://a.example","remediationUrl":"https://a.example","groupIds":[)" + many + "]}"),
      400);
}

// --- Trouble

TEST_F(CloudConnector, AReportWhoseAnswerWasLostIsAppliedOnce) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  // The tenant takes the upload; nobody hears of it. Twice.
  int lose = 2;
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    if (request.method != "PUT" || request.url.find("DataUploadMessages") == std::string::npos || lose == 0) return {};
    --lose;
    (void)to_tenants_.send(request, seconds{10});
    return http::text_response(504, "gateway");
  };
  berlin.wish(id, kMac, true);
  run(minutes{1});
  EXPECT_EQ(lose, 0);
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_EQ(tenants_.applied(kContoso, kMac).size(), 1u);
}

TEST_F(CloudConnector, ARetractionWhoseAnswerWasLostIsAppliedOnce) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{3});
  bool has_lost = false;
  berlin.network.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    if (request.method != "PUT" || has_lost) return {};
    has_lost = true;
    (void)to_connector_.send(request, seconds{10});
    return http::text_response(504, "a proxy gave up");
  };
  berlin.wish(id, kMac, false, /*managed=*/false);
  run(seconds{30});
  EXPECT_TRUE(has_lost);
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_EQ(tenants_.applied(kContoso, kMac).size(), 2u);
}

TEST_F(CloudConnector, ThrottlingIsObeyedWithAndWithoutRetryAfter) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId id = connect(berlin, kContoso);
  ledger::ConnectionId other = connect(paris, kContoso);
  std::optional<int> retry_after = 120;
  std::vector<Time> uploads;
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    if (request.url.find("DataUploadMessages") == std::string::npos) return {};
    uploads.push_back(clock_.now());
    if (uploads.size() > 1) return {};
    http::Response response = http::text_response(429, "");
    if (retry_after) response.headers.set("Retry-After", std::to_string(*retry_after));
    return response;
  };
  berlin.wish(id, kMac, true);
  paris.wish(other, kOtherMac, true);  // the tenant is one: it waits as well
  run(seconds{10});
  // Not even a person who presses Confirm is a reason to ask sooner.
  int before = tenant_network_.requests;
  EXPECT_FALSE(cloud_connection::confirm(berlin.world(), id, {}, clock_.now()).value().works);
  EXPECT_EQ(tenant_network_.requests, before);
  run(minutes{4});
  ASSERT_GE(uploads.size(), 2u);
  EXPECT_GE(uploads[1] - uploads[0], seconds{120});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);

  retry_after.reset();
  uploads.clear();
  berlin.wish(id, kMac, false);
  run(minutes{4});
  ASSERT_GE(uploads.size(), 2u);
  EXPECT_GE(uploads[1] - uploads[0], seconds{1});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
}

TEST_F(CloudConnector, AWithdrawnPermissionIsNamedAsTheCause) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  tenants_.withdraw(kContoso, "update_device_attributes");
  clock_.advance(hours{2});  // the old token is gone
  berlin.wish(id, kMac, true);
  run(minutes{2});
  EXPECT_NE(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_EQ(berlin.connection(id).error_reason, "permission_missing");
  EXPECT_THAT(berlin.connection(id).error_message, HasSubstr("update_device_attributes"));
  json::Object tenants = object_of(call("GET", "/api/v1/tenants"));
  EXPECT_EQ(tenants.at("results").at(0).at("state"), "permission");
  EXPECT_EQ(tenants.at("results").at(0).at("errorReason"), "permission_missing");

  tenants_.grant(kContoso, "update_device_attributes");
  run(minutes{3});
  EXPECT_EQ(berlin.connection(id).error_reason, "");
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);

  tenants_.grant(kContoso, "get_data_warehouse");
  clock_.advance(hours{2});
  run(minutes{1});
  EXPECT_EQ(berlin.connection(id).error_reason, "permission_extra");
  EXPECT_THAT(berlin.connection(id).error_message, HasSubstr("get_data_warehouse"));
  berlin.wish(id, kMac, false);
  run(seconds{5});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);  // it works all the same
}

TEST_F(CloudConnector, TheNextSecretTakesOverWhenTheFirstExpires) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  tenants_.add_secret(kSecondSecret, clock_.now(), kNever);
  EXPECT_EQ(
      call("PUT", "/api/v1/clouds/global/secret", json::to_text(json::Object{{"clientSecret", kSecondSecret}})).status,
      204);
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    bool is_first = request.body.find(text::percent_encode(kFirstSecret)) != std::string::npos;
    if (!is_first) return {};
    return http::json_response(
        401, json::Object{{"error", "invalid_client"}, {"error_description", "AADSTS7000222: the secret has expired"}});
  };
  clock_.advance(hours{2});
  berlin.wish(id, kMac, true);
  run(seconds{30});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  // And it stays the one, also for the next process.
  restart_connector();
  clock_.advance(hours{2});
  berlin.wish(id, kMac, false);
  run(seconds{30});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_FALSE(is_compliant(kContoso, kMac));
}

TEST_F(CloudConnector, ATenantThatHangsHoldsUpNoOther) {
  tenants_.add_device(kContoso, kMac);
  tenants_.add_device(kFabrikam, kOtherMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId hanging = connect(berlin, kContoso), good = connect(berlin, kFabrikam);
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    if (request.body.find(kContoso.value) == std::string::npos) return {};
    return http::text_response(503, "down");
  };
  berlin.wish(hanging, kMac, true);
  berlin.wish(good, kOtherMac, true);
  run(seconds{20});
  EXPECT_TRUE(is_compliant(kFabrikam, kOtherMac));
  EXPECT_EQ(berlin.connection(hanging).error_reason, "service_unavailable");
  EXPECT_EQ(berlin.connection(good).error_reason, "");
  tenant_network_.meddle = nullptr;
  run(minutes{3});
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  EXPECT_EQ(berlin.connection(hanging).error_reason, "");
}

TEST_F(CloudConnector, AResyncThatTheTenantAsksForSendsEverythingAgain) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{5});
  ledger::Version before = berlin.delivery(id, kMac).desired;
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    if (request.url.find("PartnerTenantHeartbeat") == std::string::npos) return {};
    return http::json_response(200, json::Object{{"ResyncTimestamp", "2027-01-15T09:00:00Z"}});
  };
  run(minutes{16});
  ledger::Delivery after = berlin.delivery(id, kMac);
  EXPECT_GT(after.desired, before);
  EXPECT_EQ(after.state, ledger::State::delivered);
  EXPECT_EQ(tenants_.applied(kContoso, kMac).size(), 2u);  // obeyed once
  run(minutes{20});
  EXPECT_EQ(tenants_.applied(kContoso, kMac).size(), 2u);
}

// --- Disaster recovery

TEST_F(CloudConnector, InstancesComeBackByThemselvesAfterItsDatabaseWasLost) {
  for (const std::string& mac : {kMac, kOtherMac}) tenants_.add_device(kContoso, mac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  paris.wish(second, kOtherMac, true);
  run(seconds{5});
  paris.wish(second, kMac, false);  // berlin's
  run(seconds{20});
  std::size_t applied = tenants_.applied(kContoso, kOtherMac).size();

  std::reverse(instances_.begin(), instances_.end());  // paris speaks first
  restart_connector(Database::lost);
  berlin.wish(first, kMac, false);
  run(minutes{2});
  EXPECT_EQ(tenants_.partner_state(kContoso), "enabled");
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by berlin");
  EXPECT_FALSE(is_compliant(kContoso, kMac));
  EXPECT_EQ(berlin.delivery(first, kMac).state, ledger::State::delivered);
  EXPECT_EQ(tenants_.applied(kContoso, kOtherMac).size(), applied + 1);  // everything was sent again
  EXPECT_EQ(paris.delivery(second, kMac).failure_reason, "device_of_other_instance");
  json::Object routes = object_of(call("GET", "/api/v1/routes"));
  EXPECT_EQ(routes.at("totalCount"), 2);
  json::Object instances = object_of(call("GET", "/api/v1/instances"));
  EXPECT_EQ(instances.at("results").at(0).at("name"), "berlin");  // also their names were sealed
}

TEST_F(CloudConnector, ARevokedInstanceStaysOutAfterTheDatabaseWasLost) {
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  json::Object listed = object_of(call("GET", "/api/v1/instances"));
  options_.revoked_instances = {std::string(listed.at("results").at(0).at("id").as_string())};
  restart_connector(Database::lost);
  run(seconds{20});
  EXPECT_EQ(berlin.connection(id).error_reason, "bad_credential");
  EXPECT_EQ(object_of(call("GET", "/api/v1/instances")).at("totalCount"), 0);
}

TEST_F(CloudConnector, ARestartForgetsNothing) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{5});
  stop_connector();
  berlin.wish(id, kMac, false);
  run(minutes{1});
  EXPECT_NE(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_EQ(berlin.connection(id).error_reason, "connect");
  restart_connector();
  run(minutes{1});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_EQ(berlin.connection(id).error_reason, "");
  EXPECT_EQ(tenants_.applied(kContoso, kMac).size(), 2u);  // nothing was sent again
}

// --- Leaving

TEST_F(CloudConnector, LeavingRetractsOnesOwnDevicesAndOnlyTheLastOneTerminates) {
  for (const std::string& mac : {kMac, kOtherMac}) tenants_.add_device(kContoso, mac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  paris.wish(second, kOtherMac, true);
  run(seconds{5});
  // It may not leave while the tenant still believes it.
  std::string path = "/api/v1/attachments/" + berlin.connection(first).attachment.id;
  EXPECT_EQ(call("DELETE", path, "", credentials_["berlin"]).status, 409);

  auto disable = [&](Instance& instance, ledger::ConnectionId id) {
    ASSERT_TRUE(
        instance.change([&](store::Transaction& tx) { return cloud_connection::disable(tx, id, {}, clock_.now()); })
            .ok());
    run(seconds{15});
    EXPECT_EQ(instance.connection(id).state, cloud_connection::State::terminated);
    EXPECT_TRUE(instance.deliveries(id).empty());
  };
  disable(berlin, first);
  EXPECT_FALSE(tenants_.device(kContoso, kMac).compliance->is_managed);
  EXPECT_TRUE(is_compliant(kContoso, kOtherMac));
  EXPECT_EQ(tenants_.partner_state(kContoso), "enabled");
  disable(paris, second);
  EXPECT_FALSE(is_compliant(kContoso, kOtherMac));
  EXPECT_EQ(tenants_.partner_state(kContoso), "terminated");

  // Back again, without consent.
  ASSERT_TRUE(
      berlin.change([&](store::Transaction& tx) { return cloud_connection::enable(tx, first, {}, clock_.now()); })
          .ok());
  berlin.wish(first, kMac, true);
  run(minutes{2});
  EXPECT_EQ(tenants_.partner_state(kContoso), "enabled");
  EXPECT_TRUE(is_compliant(kContoso, kMac));
}

TEST_F(CloudConnector, LeavingGoesThroughALostDatabase) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{20});
  restart_connector(Database::lost);
  ASSERT_TRUE(
      berlin.change([&](store::Transaction& tx) { return cloud_connection::disable(tx, id, {}, clock_.now()); }).ok());
  run(minutes{2});
  EXPECT_EQ(berlin.connection(id).state, cloud_connection::State::terminated);
  EXPECT_FALSE(is_compliant(kContoso, kMac));
  EXPECT_EQ(tenants_.partner_state(kContoso), "terminated");
}

TEST_F(CloudConnector, TheOperatorRemovesAnInstanceThatIsGone) {
  for (const std::string& mac : {kMac, kOtherMac}) tenants_.add_device(kContoso, mac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  paris.wish(second, kOtherMac, true);
  run(seconds{5});
  json::Object listed = object_of(call("GET", "/api/v1/instances"));
  ASSERT_EQ(listed.at("results").at(0).at("name"), "berlin");
  std::string id(listed.at("results").at(0).at("id").as_string());
  EXPECT_EQ(call("DELETE", "/api/v1/instances/" + id).status, 202);
  EXPECT_EQ(call("GET", "/api/v1/instance", "", credentials_["berlin"]).status, 401);
  run(seconds{20});
  EXPECT_FALSE(is_compliant(kContoso, kMac));
  EXPECT_FALSE(tenants_.device(kContoso, kMac).compliance->is_managed);
  EXPECT_TRUE(is_compliant(kContoso, kOtherMac));
  listed = object_of(call("GET", "/api/v1/instances"));
  EXPECT_EQ(listed.at("results").at(0).at("state"), "removed");
}

TEST_F(CloudConnector, ARemovalThatATenantRefusesIsExplainedAndHoldsUpNoOtherTenant) {
  // More devices than are retracted at a time, in the tenant that comes first.
  std::vector<std::string> macs;
  for (int i = 0; i < 25; ++i) macs.push_back("22222222-0000-4000-8000-0000000010" + std::to_string(10 + i));
  for (const std::string& mac : macs) tenants_.add_device(kContoso, mac);
  tenants_.add_device(kFabrikam, kOtherMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId refusing = connect(berlin, kContoso), good = connect(berlin, kFabrikam);
  for (const std::string& mac : macs) berlin.wish(refusing, mac, true);
  berlin.wish(good, kOtherMac, true);
  run(seconds{20});
  ASSERT_TRUE(is_compliant(kContoso, macs.front()));
  tenants_.withdraw(kContoso, "update_device_attributes");
  clock_.advance(hours{2});
  run(seconds{30});
  auto removal_of = [&] {
    json::Object listed = object_of(call("GET", "/api/v1/instances"));
    return listed.at("results").at(0);
  };
  std::string path = "/api/v1/instances/" + std::string(removal_of().at("id").as_string());
  EXPECT_EQ(call("DELETE", path + "?force=true").status, 409) << "it may well be retracted";
  EXPECT_EQ(call("DELETE", path).status, 202);
  run(seconds{30});
  EXPECT_FALSE(is_compliant(kFabrikam, kOtherMac));
  json::Value shown = removal_of();
  EXPECT_EQ(shown.at("state"), "retiring");
  EXPECT_EQ(shown.at("removal").at("devicesLeft"), 25);
  EXPECT_EQ(shown.at("removal").at("reason"), "permission_missing");
  EXPECT_THAT(std::string(shown.at("removal").at("remedy").as_string()), HasSubstr("admin consent"));

  // Nobody repairs it: the attempts have an end, and the reason stays.
  for (int i = 0; i < 200; ++i) {
    clock_.advance(minutes{15});
    broker_keeper_->run_once(clock_.now());
  }
  EXPECT_TRUE(removal_of().at("removal").at("nextAttempt").is_null());
  std::int64_t failures = removal_of().at("removal").at("failures").as_int64();
  clock_.advance(days{1});
  run(seconds{10});
  EXPECT_EQ(removal_of().at("removal").at("failures"), failures);

  // Repaired, it goes on by itself.
  tenants_.grant(kContoso, "update_device_attributes");
  run(minutes{3});
  EXPECT_EQ(removal_of().at("state"), "removed");
  for (const std::string& mac : macs) EXPECT_FALSE(tenants_.device(kContoso, mac).compliance->is_managed);
  EXPECT_EQ(call("DELETE", path + "?force=true").status, 409);
}

TEST_F(CloudConnector, TheOperatorMayForceARemovalAndThatIsKept) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  run(seconds{5});
  tenants_.withdraw(kContoso, "update_device_attributes");
  clock_.advance(hours{2});
  json::Object listed = object_of(call("GET", "/api/v1/instances"));
  ASSERT_EQ(listed.at("results").at(0).at("name"), "berlin");
  std::string path = "/api/v1/instances/" + std::string(listed.at("results").at(0).at("id").as_string());
  run(seconds{30});
  EXPECT_EQ(call("DELETE", path).status, 202);
  run(seconds{5});
  EXPECT_EQ(call("DELETE", path + "?force=true").status, 204);
  listed = object_of(call("GET", "/api/v1/instances"));
  EXPECT_EQ(listed.at("results").at(0).at("state"), "removed");
  EXPECT_EQ(object_of(call("GET", "/api/v1/routes")).at("totalCount"), 0);
  auto details = broker_store_->read([](store::Transaction& tx) -> Result<std::string> {
    return tx.query_one("SELECT details FROM audit_entry WHERE action = 'delete' AND object_type = 'Instance'")
        ->text(0);
  });
  ASSERT_TRUE(details.ok());
  EXPECT_THAT(*details, HasSubstr("\"forced\":true"));
  EXPECT_THAT(*details, HasSubstr("\"devicesNotRetracted\":1"));
  // Whoever manages the Mac now may speak for it.
  tenants_.grant(kContoso, "update_device_attributes");
  paris.wish(second, kMac, false);
  run(minutes{2});
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by paris");
}

// --- One process on a store

TEST_F(CloudConnector, ACrashedProcessLeavesAFileToTheNextAtOnce) {
  if (test_support::is_on_postgres()) GTEST_SKIP() << "about files";
  auto second = open_broker(*broker_store_);  // the first was not stopped
  EXPECT_TRUE(second.ok());
}

TEST_F(CloudConnector, ASecondProcessOnOneDatabaseIsRefusedUntilTheFirstIsSilent) {
  auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
  if (!cluster.ok()) GTEST_SKIP() << cluster.failure().message;
  empty_store_ = [&] { return store::open_postgres((*cluster)->fresh_store()).value(); };
  restart_connector(Database::lost);
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  run(minutes{2});
  auto second = open_broker(*broker_store_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.failure().reason, "store_in_use");
  EXPECT_THAT(second.failure().message, HasSubstr("one process serves one store"));
  clock_.advance(seconds{31});
  second = open_broker(*broker_store_);
  ASSERT_TRUE(second.ok()) << second.failure().message;
  // The first was but slow. It must not send any more, and says why.
  int before = tenant_network_.requests;
  berlin.wish(id, kMac, true);
  run(seconds{20});
  EXPECT_EQ(tenant_network_.requests, before);
  EXPECT_EQ(berlin.delivery(id, kMac).failure_reason, "store_in_use");
  // What gives it back can be had at once.
  second->reset();
  run(seconds{60});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
}

TEST_F(CloudConnector, ARestartSpendsNoBudgetTwice) {
  options_.requests_per_second = 1;
  options_.request_burst = 40;
  restart_connector(Database::lost);
  tenants_.add_device(kContoso, kMac);
  connect(add_instance("berlin"), kContoso);
  std::string reason;
  for (int i = 0; i < 40 && reason.empty(); ++i) reason = report_as("berlin");
  EXPECT_EQ(reason, "request_budget");
  restart_connector();  // which takes ten seconds, and a call may need fourteen requests
  EXPECT_EQ(report_as("berlin"), "request_budget");
  clock_.advance(seconds{20});
  EXPECT_EQ(report_as("berlin"), "");
}

// --- A certificate in the place of a secret

TEST_F(CloudConnector, ACertificateIsACredentialForTenantsThatTakeTheirIssuerOnly) {
  tenants_.add_device(kContoso, kMac);
  options_.clouds[0].client_secret = tenants_.add_certificate(clock_.now() - days{1}, clock_.now() + days{90});
  restart_connector(Database::lost);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{3});
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  // The next one can be one, too.
  std::string next = tenants_.add_certificate(clock_.now() - days{1}, clock_.now() + days{200});
  json::Object half{{"clientSecret", next.substr(0, next.find("-----BEGIN CERTIFICATE"))}};
  EXPECT_EQ(call("PUT", "/api/v1/clouds/global/secret", json::to_text(half)).status, 400);
  EXPECT_EQ(call("PUT", "/api/v1/clouds/global/secret", json::to_text(json::Object{{"clientSecret", next}})).status,
            204);
  clock_.advance(days{91});
  berlin.wish(id, kMac, true);
  run(minutes{2});
  EXPECT_TRUE(is_compliant(kContoso, kMac));
}

// --- The other store

TEST_F(CloudConnector, DoesTheSameOnPostgres) {
  auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
  if (!cluster.ok()) GTEST_SKIP() << cluster.failure().message;
  empty_store_ = [&] { return store::open_postgres((*cluster)->fresh_store()).value(); };
  restart_connector(Database::lost);
  for (const std::string& mac : {kMac, kOtherMac}) tenants_.add_device(kContoso, mac);
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  ledger::ConnectionId first = connect(berlin, kContoso), second = connect(paris, kContoso);
  berlin.wish(first, kMac, true);
  paris.wish(second, kOtherMac, true);
  run(seconds{3});
  paris.wish(second, kMac, true);
  run(seconds{3});
  EXPECT_EQ(paris.delivery(second, kMac).failure_reason, "device_of_other_instance");
  EXPECT_EQ(object_of(call("GET", "/api/v1/routes?tenant=" + kContoso.value + "&after=x/y")).at("totalCount"), 0);
  EXPECT_EQ(object_of(call("GET", "/api/v1/routes")).at("totalCount"), 2);
  restart_connector();
  berlin.wish(first, kMac, false, /*managed=*/false);
  run(seconds{25});
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by paris");
  restart_connector(Database::lost);
  run(seconds{40});
  EXPECT_EQ(paris.counts(second).delivered, 2);
  EXPECT_EQ(call("PUT", "/api/v1/clouds/global/secret", R"({"clientSecret":"another"})").status, 204);
  json::Object listed = object_of(call("GET", "/api/v1/instances"));
  std::string id(listed.at("results").at(1).at("id").as_string());
  EXPECT_EQ(call("DELETE", "/api/v1/instances/" + id).status, 202);
  run(seconds{20});
  EXPECT_FALSE(is_compliant(kContoso, kMac));
  EXPECT_FALSE(is_compliant(kContoso, kOtherMac));
}

// --- Cost

TEST_F(CloudConnector, AVerdictCostsTheTenantAtMostThreeCallsAndSilenceCostsNone) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  berlin.wish(id, kMac, true);
  run(seconds{5});
  std::map<std::string, int> calls;
  tenant_network_.meddle = [&](const http::OutboundRequest& request) -> std::optional<http::Response> {
    bool is_heartbeat = request.url.find("PartnerTenantHeartbeat") != std::string::npos;
    ++calls[is_heartbeat ? "heartbeat" : "other"];
    return {};
  };
  constexpr int kChanges = 20;
  for (int change = 0; change < kChanges; ++change) {
    berlin.wish(id, kMac, change % 2 == 1);
    run(seconds{5});
  }
  EXPECT_EQ(berlin.counts(id).pending, 0);
  EXPECT_LE(calls["other"], 3 * kChanges);
  calls.clear();
  // Up to the hour at which tokens end anyhow.
  run(minutes{45});
  EXPECT_EQ(calls["other"], 0);
  EXPECT_LE(calls["heartbeat"], 4);
}

}  // namespace
}  // namespace wardbridge::connector_tests
