// The service's end: given the requests of the transcript, it gives the answers of the transcript; and what it refuses.
#include <gmock/gmock.h>

#include <algorithm>

#include "protocol/tenant_face.h"
#include "protocol/transcript.h"

namespace wardbridge::protocol {
namespace {

using ::testing::HasSubstr;

class PartnerService : public ::testing::Test {
 protected:
  static constexpr const char* kTenantService = "/fef/PartnerTenantDataSyncService";
  static constexpr const char* kDeviceService = "/fef/PartnerDeviceDataSyncService";

  std::string tenant_key() const { return "(guid'" + kTenant.value + "')?api-version=1.6"; }
  http::Response provision(int provisioned, const directory::AppId& app = kPartnerApp) {
    return face_.call(
        "PUT", kTenantService + std::string("/PartnerTenants") + tenant_key(),
        R"({"Provisioned":)" + std::to_string(provisioned) +
            R"(,"PartnerEnrollmentUrl":"https://mdm.example/e","PartnerRemediationUrl":"https://mdm.example/r"})",
        app);
  }
  http::Response heartbeat() {
    return face_.call("PUT", kTenantService + std::string("/PartnerTenantHeartbeat") + tenant_key(),
                      R"({"Timestamp":")" + to_iso8601(clock_.now()) + R"("})");
  }
  std::string new_id() {
    std::string id = std::to_string(++messages_);
    return "99999999-0000-4000-8000-" + std::string(12 - id.size(), '0') + id;
  }
  // The entities of one device; `extra` goes into the compliance entity.
  std::string content(const std::string& device, bool managed, bool compliant, Time stamp,
                      const std::string& extra = "") {
    std::string common = R"("TenantId":")" + kTenant.value + R"(","DeviceId":")" + device + R"(","UserId":")" + kUser +
                         R"(","LastUpdateTime":")" + to_iso8601(stamp) + "\"";
    return R"([{"EntityType":1,)" + common + R"(,"DeviceManagementState":")" + (managed ? "managed" : "notManaged") +
           R"(","DeviceName":"Ada's Mac","LastCheckInTime":")" + to_iso8601(stamp) +
           R"(","Os":"macOS","OsVersion":"14.5","EasIds":[],"State":0},{"EntityType":4,)" + common +
           R"(,"complianceStatus":")" + (compliant ? "compliant" : "notCompliant") + "\"" + extra + "}]";
  }
  std::string envelope(const std::string& inner) {
    return json::to_text(
        json::Object{{"TenantId", kTenant.value}, {"UploadTime", to_iso8601(clock_.now())}, {"Content", inner}});
  }
  http::Response put(const std::string& id, const std::string& body, const directory::AppId& app = kPartnerApp) {
    return face_.call("PUT", kDeviceService + std::string("/DataUploadMessages(guid'") + id + "')?api-version=1.2",
                      body, app);
  }
  // Uploads, and returns what the poll says.
  json::Object outcome(const std::string& inner, const directory::AppId& app = kPartnerApp) {
    std::string id = new_id();
    http::Response taken = put(id, envelope(inner), app);
    EXPECT_EQ(taken.status, 200) << taken.body;
    EXPECT_THAT(taken.body, HasSubstr(R"("ErrorCode":202)"));
    auto polled = face_.call(
        "GET", kDeviceService + std::string("/DataUploadMessages(guid'") + id + "')?api-version=1.2", "", app);
    EXPECT_EQ(polled.status, 200) << polled.body;
    return json::parse(polled.body).value().as_object();
  }
  bool is_compliant() { return face_.device(kDevice)->is_compliant_at(clock_.now()); }

  ManualClock clock_{from_unix_milliseconds(1'800'000'000'000)};
  TenantFace face_{clock_};
  int messages_ = 0;
};

TEST_F(PartnerService, AnswersTheTranscript) {
  auto exchanges = read_transcript("tests/protocol/partner.http");
  ASSERT_TRUE(exchanges.ok()) << exchanges.failure().message;
  ASSERT_FALSE(exchanges->empty());
  Time now = clock_.now();
  Variables variables{{"graph", kFace},
                      {"base", kFace + "/fef"},
                      {"tenant", kTenant.value},
                      {"graph_token", face_.token_of(kPartnerApp, "https://graph.microsoft.com/.default")},
                      {"token", face_.token_of(kPartnerApp, "https://api.manage.microsoft.com//.default")},
                      {"beat", to_iso8601(now)},
                      {"message_1", new_id()},
                      {"message_2", new_id()},
                      {"group", kGroup},
                      {"device", kDevice},
                      {"stranger", "33333333-0000-4000-8000-000000000003"},
                      {"user", kUser},
                      {"check_in", to_iso8601(now - minutes{1})},
                      {"stamp_1", to_iso8601(now)},
                      {"uploaded_1", to_iso8601(now)},
                      {"valid_until", to_iso8601(now + hours{8})}};
  for (const Exchange& exchange : *exchanges) {
    http::OutboundRequest request{.method = exchange.method, .url = filled(exchange.url, variables).value()};
    for (const auto& [name, value] : exchange.request_headers) {
      request.headers.set(name, filled(value, variables).value());
    }
    request.body = filled(exchange.request_body, variables).value();
    http::Response response = face_.send(request, seconds{10}).value();
    EXPECT_EQ(response.status, exchange.status) << exchange.name << response.body;
    auto why = json_difference(exchange.response_body, response.body, variables);
    EXPECT_FALSE(why) << exchange.name << ": " << *why;
    if (exchange.name == "poll: completed") {
      auto device = face_.device(kDevice);
      ASSERT_TRUE(device->compliance);
      EXPECT_TRUE(is_compliant());
      EXPECT_EQ(device->compliance->reason, "all is well");
      EXPECT_EQ(device->compliance->expiration, now + hours{8});
      EXPECT_EQ(device->display_name, "Ada's Mac");
      EXPECT_EQ(device->compliance->mdm_app_id, directory::kIntuneAppId.value);
    }
  }
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::terminated);
}

TEST_F(PartnerService, APartnerGoesFromPendingToActiveToUnresponsiveToTerminated) {
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::unknown);
  EXPECT_EQ(heartbeat().status, 200);
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::unavailable);
  EXPECT_EQ(provision(1).status, 200);
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::enabled);
  clock_.advance(hours{2});
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::unresponsive);
  EXPECT_EQ(heartbeat().status, 200);
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::enabled);
  EXPECT_EQ(provision(2).status, 200);
  EXPECT_EQ(face_.partner_state(), intune::PartnerState::terminated);
}

TEST_F(PartnerService, OnlyAProvisionedPartnerIsHeard) {
  EXPECT_EQ(put(new_id(), envelope(content(kDevice, true, true, clock_.now()))).status, 403);
  provision(1);
  EXPECT_EQ(outcome(content(kDevice, true, true, clock_.now())).at("Status"), "Completed");
  provision(2);
  EXPECT_EQ(put(new_id(), envelope(content(kDevice, true, true, clock_.now()))).status, 403);
}

TEST_F(PartnerService, NobodyElseMaySpeak) {
  provision(1);
  std::string body = envelope(content(kDevice, true, true, clock_.now()));
  EXPECT_EQ(put(new_id(), body, kPowerlessApp).status, 403);
  std::string path = kFace + kDeviceService + "/DataUploadMessages(guid'" + new_id() + "')?api-version=1.2";
  auto without = face_.send({.method = "PUT", .url = path, .body = body}, seconds{1}).value();
  EXPECT_EQ(without.status, 401);
  EXPECT_TRUE(without.headers.get("WWW-Authenticate"));
  std::string graph_token = face_.token_of(kPartnerApp, "https://graph.microsoft.com/.default");
  auto wrong_audience =
      face_
          .send({.method = "PUT", .url = path, .headers = {{"Authorization", "Bearer " + graph_token}}, .body = body},
                seconds{1})
          .value();
  EXPECT_EQ(wrong_audience.status, 401);
  EXPECT_FALSE(face_.device(kDevice)->compliance);
}

TEST_F(PartnerService, ADeviceBelongsToThePartnerThatSpokeFirst) {
  provision(1);
  provision(1, kRivalApp);
  EXPECT_EQ(outcome(content(kDevice, true, false, clock_.now())).at("Status"), "Completed");
  clock_.advance(seconds{1});
  json::Object rival = outcome(content(kDevice, true, true, clock_.now()), kRivalApp);
  EXPECT_EQ(rival.at("Status"), "Failed");
  EXPECT_EQ(rival.at("ErrorCode"), 403);
  EXPECT_FALSE(is_compliant());
}

// --- From one partner to another

TEST_F(PartnerService, ADeviceGoesOverOnceItsPartnerHasGoneAndLateMessagesChangeNothing) {
  provision(1);
  provision(1, kRivalApp);
  // The one before had been restored from a backup: its epoch is higher, and another partner can't know of that.
  outcome(content(kDevice, true, true, clock_.now(), R"(,"WardbridgeEpoch":3,"WardbridgeSequence":1800000000000)"));
  clock_.advance(seconds{1});
  Time before = clock_.now();
  clock_.advance(seconds{1});
  EXPECT_EQ(outcome(content(kDevice, true, true, clock_.now()), kRivalApp).at("ErrorCode"), 403);
  provision(2);
  EXPECT_TRUE(is_compliant()) << "a verdict ends by itself";
  clock_.advance(seconds{1});
  EXPECT_EQ(
      outcome(content(kDevice, true, false, from_unix_milliseconds(1'700'000'000'000)), kRivalApp).at("ErrorCode"), 409)
      << "only forward";
  EXPECT_EQ(face_.device(kDevice)->compliance->partner_id, kPartnerApp.value);
  EXPECT_EQ(outcome(content(kDevice, true, false, clock_.now()), kRivalApp).at("Status"), "Completed");
  EXPECT_FALSE(is_compliant());
  EXPECT_EQ(face_.device(kDevice)->compliance->partner_id, kRivalApp.value);
  // It comes back, with what it had not got rid of and with something new: the device is not its own any more.
  provision(1);
  for (Time stamp : {before, clock_.now() + minutes{1}}) {
    EXPECT_EQ(
        outcome(content(kDevice, true, true, stamp,
                        R"(,"WardbridgeEpoch":3,"WardbridgeSequence":)" + std::to_string(to_unix_milliseconds(stamp))))
            .at("ErrorCode"),
        403);
  }
  EXPECT_FALSE(is_compliant());
}

TEST_F(PartnerService, APartnerThatIsPutFirstTakesDevicesOverAndKeepsThem) {
  provision(1);
  provision(1, kRivalApp);
  outcome(content(kDevice, true, true, clock_.now()));
  auto next = [&] { return clock_.advance(seconds{1}), clock_.now(); };
  json::Array partners =
      face_.administrate("GET", "/deviceManagement/complianceManagementPartners").at("value").as_array();
  auto prioritise = [&](const directory::AppId& app, const json::Value& priority, int status = 200) {
    for (const json::Value& partner : partners) {
      if (partner.at("wardbridgeAppId") != json::Value(app.value)) continue;
      return face_.administrate(
          "PATCH", "/deviceManagement/complianceManagementPartners/" + std::string(partner.at("id").as_string()),
          json::Object{{"wardbridgeMacOsPriority", priority}}, status);
    }
    return json::Value();
  };
  EXPECT_TRUE(partners[0].at("wardbridgeMacOsPriority").is_null());
  EXPECT_EQ(prioritise(kPartnerApp, 2).at("wardbridgeMacOsPriority"), 2);
  EXPECT_EQ(outcome(content(kDevice, true, false, next()), kRivalApp).at("ErrorCode"), 403) << "in no order: after it";
  prioritise(kRivalApp, 2, 409);
  prioritise(kRivalApp, 0, 400);
  prioritise(kRivalApp, "first", 400);
  prioritise(kRivalApp, 3);
  EXPECT_EQ(outcome(content(kDevice, true, false, next()), kRivalApp).at("ErrorCode"), 403);
  prioritise(kRivalApp, 1);
  EXPECT_EQ(outcome(content(kDevice, true, false, next()), kRivalApp).at("Status"), "Completed");
  EXPECT_FALSE(is_compliant());
  EXPECT_EQ(outcome(content(kDevice, true, true, next())).at("ErrorCode"), 403);
  prioritise(kRivalApp, nullptr);
  EXPECT_EQ(outcome(content(kDevice, true, true, next())).at("Status"), "Completed");
}

TEST_F(PartnerService, OnlyPartnersThatAreInAnOrderShareAPlatform) {
  provision(1);
  provision(1, kRivalApp);
  auto make_policy = [&](const directory::AppId& app) {
    return face_
        .call("POST", kTenantService + std::string("/PartnerCompliancePolicies?api-version=1.6"),
              R"({"DisplayName":"Macs","Description":"","Platform":"macOS","PartnerManagedCompliance":true})", app)
        .status;
  };
  EXPECT_EQ(make_policy(kPartnerApp), 201);
  EXPECT_EQ(make_policy(kRivalApp), 403);
  std::map<std::string, std::string> ids;
  json::Value partners = face_.administrate("GET", "/deviceManagement/complianceManagementPartners");
  for (const json::Value& partner : partners.at("value").as_array()) {
    ids[std::string(partner.at("wardbridgeAppId").as_string())] = std::string(partner.at("id").as_string());
  }
  const std::string path = "/deviceManagement/complianceManagementPartners/";
  json::Object target{{"@odata.type", "#microsoft.graph.groupAssignmentTarget"}, {"groupId", kGroup}};
  json::Object assigned{{"macOsEnrollmentAssignments", json::Array{json::Object{{"target", target}}}}};
  face_.administrate("PATCH", path + ids[kRivalApp.value], assigned, 409);
  face_.administrate("PATCH", path + ids[kPartnerApp.value], json::Object{{"wardbridgeMacOsPriority", 1}});
  face_.administrate("PATCH", path + ids[kRivalApp.value], json::Object{{"wardbridgeMacOsPriority", 2}});
  EXPECT_EQ(make_policy(kRivalApp), 201);
}

TEST_F(PartnerService, UnmanagedOverridesCompliant) {
  provision(1);
  outcome(content(kDevice, false, true, clock_.now()));
  EXPECT_FALSE(face_.device(kDevice)->compliance->is_managed);
  EXPECT_FALSE(face_.device(kDevice)->compliance->is_compliant);
}

TEST_F(PartnerService, AVerdictLivesNoLongerThanTheTenantAllows) {
  provision(1);
  outcome(content(kDevice, true, true, clock_.now(), R"(,"WardbridgeValidUntil":"2099-01-01T00:00:00Z")"));
  clock_.advance(hours{24} - seconds{1});
  EXPECT_TRUE(is_compliant());
  clock_.advance(seconds{1});
  EXPECT_FALSE(is_compliant());
}

TEST_F(PartnerService, MessagesInEveryOrderLeaveTheNewest) {
  provision(1);
  std::vector<int> order{1, 2, 3, 4};
  Time start = clock_.now();
  do {
    start += minutes{1};
    clock_.set(start);
    for (int i : order) {
      Time stamp = start + seconds{i};
      json::Object answer = outcome(content(kDevice, true, i % 2 == 0, stamp));
      bool is_newest = face_.device(kDevice)->compliance->sequence == to_unix_milliseconds(stamp);
      EXPECT_EQ(answer.at("Status"), is_newest ? "Completed" : "Failed");
      EXPECT_EQ(answer.at("ErrorCode"), is_newest ? 0 : 409);
    }
    ASSERT_TRUE(is_compliant());
    ASSERT_EQ(face_.device(kDevice)->compliance->sequence, to_unix_milliseconds(start + seconds{4}));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(PartnerService, AnEpochRanksAboveAnyStamp) {
  provision(1);
  outcome(content(kDevice, true, true, clock_.now() + hours{5}));
  json::Object newer =
      outcome(content(kDevice, true, false, clock_.now(), R"(,"WardbridgeEpoch":1,"WardbridgeSequence":7)"));
  EXPECT_EQ(newer.at("Status"), "Completed");
  EXPECT_FALSE(is_compliant());
  EXPECT_EQ(outcome(content(kDevice, true, true, clock_.now() + days{1})).at("ErrorCode"), 409);
}

TEST_F(PartnerService, TheSameVersionAgainIsHarmless) {
  provision(1);
  std::string same = content(kDevice, true, true, clock_.now());
  EXPECT_EQ(outcome(same).at("Status"), "Completed");
  EXPECT_EQ(outcome(same).at("Status"), "Completed");
}

TEST_F(PartnerService, AMessageIdStandsForOneMessage) {
  provision(1);
  std::string id = new_id();
  std::string body = envelope(content(kDevice, true, true, clock_.now()));
  http::Response first = put(id, body);
  http::Response again = put(id, body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(put(id, envelope(content(kDevice, true, false, clock_.now() + seconds{1}))).status, 409);
  EXPECT_TRUE(is_compliant());
  // Another partner neither sees the message nor may take its id.
  provision(1, kRivalApp);
  std::string path = kDeviceService + std::string("/DataUploadMessages(guid'") + id + "')?api-version=1.2";
  EXPECT_EQ(face_.call("GET", path, "", kRivalApp).status, 404);
  EXPECT_EQ(put(id, body, kRivalApp).status, 409);
}

TEST_F(PartnerService, AMessageMayHoldAnArrayAndSeveralDevices) {
  provision(1);
  std::string both = content(kDevice, true, true, clock_.now());
  both.pop_back();
  both += "," + content(kOtherDevice, true, true, clock_.now()).substr(1);
  std::string body =
      R"({"TenantId":")" + kTenant.value + R"(","UploadTime":"2027-01-15T08:00:00Z","Content":)" + both + "}";
  EXPECT_EQ(put(new_id(), body).status, 200);
  EXPECT_TRUE(is_compliant());
  EXPECT_TRUE(face_.device(kOtherDevice)->is_compliant_at(clock_.now()));
}

TEST_F(PartnerService, ADeviceWithoutAComplianceEntityIsNotCompliant) {
  provision(1);
  outcome(content(kDevice, true, true, clock_.now()));
  ASSERT_TRUE(is_compliant());
  json::Value entities = json::parse(content(kDevice, true, true, clock_.now() + seconds{1})).value();
  entities.as_array().pop_back();
  EXPECT_EQ(outcome(json::to_text(entities)).at("Status"), "Completed");
  EXPECT_FALSE(is_compliant());
}

TEST_F(PartnerService, BadInputIsNamedAndChangesNothing) {
  provision(1);
  std::string good = content(kDevice, true, true, clock_.now());
  struct Case {
    std::string body;
    int status;
    const char* says;
  };
  auto entity = [&](const char* from, const char* to) { return envelope(text::replace_all(good, from, to)); };
  for (const Case& c : {
           Case{"{", 400, "line 1"},
           Case{"[]", 400, "object"},
           Case{R"({"TenantId":1})", 400, "TenantId"},
           Case{text::replace_all(envelope(good), kTenant.value, "0f7c6f1a-0000-4c1e-9c5f-2f9a0c1d2e3f"), 403,
                "tenant"},
           Case{envelope("{}"), 400, "array"},
           Case{envelope("["), 400, "Content"},
           Case{envelope("[]"), 200, "no entity"},
           Case{entity("\"EntityType\":4", "\"EntityType\":2"), 200, "EntityType"},
           Case{entity("\"compliant\"", "true"), 200, "complianceStatus"},
           Case{entity("\"compliant\"", "\"perhaps\""), 200, "perhaps"},
           Case{entity(kDevice.c_str(), "my-mac"), 200, "my-mac"},
           Case{entity("\"EasIds\":[],", ""), 200, "EasIds"},
           Case{entity("LastUpdateTime", "LastUpdate"), 200, "LastUpdateTime"},
           Case{envelope(content(kDevice, true, true, clock_.now(), R"(,"WardbridgeEpoch":1)")), 200,
                "WardbridgeSequence"},
       }) {
    http::Response response = put(new_id(), c.body);
    EXPECT_EQ(response.status, c.status) << c.body;
    EXPECT_THAT(response.body, HasSubstr(c.says)) << c.body;
    if (c.status == 200) {
      EXPECT_THAT(response.body, HasSubstr(R"("ErrorCode":400)"));
    }
  }
  EXPECT_EQ(put("not-a-guid", envelope(good)).status, 400);
  EXPECT_FALSE(face_.device(kDevice)->compliance);
  auto path = kTenantService + std::string("/PartnerTenants(guid'") + kTenant.value + "')";
  EXPECT_EQ(face_.call("PUT", path, "{}").status, 400) << "no api-version";
  EXPECT_EQ(
      face_.call("PUT", path + "?api-version=1.6", R"({"Provisioned":3,"PartnerEnrollmentUrl":"https://a.example"})")
          .status,
      400);
  EXPECT_EQ(
      face_.call("PUT", path + "?api-version=1.6", R"({"Provisioned":1,"PartnerEnrollmentUrl":"javascript:1"})").status,
      400);
  auto foreign =
      kTenantService + std::string("/PartnerTenants(guid'0f7c6f1a-0000-4c1e-9c5f-2f9a0c1d2e3f')?api-version=1.6");
  EXPECT_EQ(face_.call("PUT", foreign, R"({"Provisioned":1,"PartnerEnrollmentUrl":"https://a.example"})").status, 403);
}

TEST_F(PartnerService, APolicyIsMadeOnceAndAssigned) {
  std::string path = kTenantService + std::string("/PartnerCompliancePolicies");
  std::string body = R"({"DisplayName":"Macs","Description":"","Platform":"macOS","PartnerManagedCompliance":true})";
  http::Response made = face_.call("POST", path + "?api-version=1.6", body);
  ASSERT_EQ(made.status, 201) << made.body;
  std::string id(json::parse(made.body)->at("Id").as_string());
  EXPECT_EQ(face_.call("POST", path + "?api-version=1.6", body).status, 409);
  auto listed = json::parse(face_.call("GET", path + "?api-version=1.6", "").body).value();
  ASSERT_EQ(listed.at("value").as_array().size(), 1u);
  auto assign = [&](const std::string& policy, const std::string& group) {
    return face_.call("POST", path + "(guid'" + policy + "')/Assign?api-version=1.6",
                      R"({"assignments":[")" + group + R"("]})");
  };
  http::Response assigned = assign(id, kGroup);
  ASSERT_EQ(assigned.status, 200) << assigned.body;
  json::Value answer = json::parse(assigned.body).value();
  EXPECT_EQ(json::parse(answer.at("value").as_string())->at("assignments").at(0), json::Value(kGroup));
  EXPECT_EQ(assign(id, kUser).status, 400);
  EXPECT_EQ(assign(kUser, kGroup).status, 404);
}

}  // namespace
}  // namespace wardbridge::protocol
