// Verdicts, the settings that they follow from, and the connections that carry them.
#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class ComplianceRoutes : public Face {
 protected:
  static constexpr const char* kConnections = "/api/v1/wardbridge/connections";
  static constexpr const char* kSettings = "/api/v1/wardbridge/device-compliance";
  static constexpr const char* kSecret = "a-secret-nobody-may-see";

  static json::Object connection_body() {
    return {{"name", "Contoso"},
            {"tenant", "contoso.example"},
            {"clientId", "0b9c6f1a-2f4d-4a0c-8f55-7a6f2b1c9d77"},
            {"clientSecret", kSecret},
            {"enrollmentUrl", "https://jamf.example/enroll"},
            {"remediationUrl", "https://jamf.example/fix"}};
  }
  std::string create_connection() {
    Answer made = post(kConnections, json::to_text(connection_body()));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  // Everyone is judged; whoever has FileVault on is compliant.
  void switch_on() {
    std::string everyone = create_group("Everyone", "[" + criterion("Computer Name", "is not", "") + "]");
    std::string encrypted =
        create_group("Encrypted", "[" + criterion("FileVault 2 Status", "is", "All Partitions Encrypted") + "]");
    Answer set = put(kSettings, json::to_text(json::Object{{"enabled", true},
                                                           {"complianceGroupId", encrypted},
                                                           {"applicableGroupId", everyone},
                                                           {"connectionId", create_connection()}}));
    EXPECT_EQ(set.status, 200) << set.text;
  }
  void report_filevault(const std::string& credential, const std::string& status) {
    Answer told = send_as(credential, "POST", "/api/v1/wardbridge/check-ins",
                          R"({"sections":{"operatingSystem":{"fileVault2Status":")" + status + R"("}}})");
    EXPECT_EQ(told.status, 200) << told.text;
  }
  Answer information() { return get("/api/v1/conditional-access/device-compliance-information/computer/" + computer_); }
};

TEST_F(ComplianceRoutes, WithoutARegistrationThereIsNothingToTell) {
  computer_ = "4711";
  EXPECT_EQ(information().status, 200);
  EXPECT_EQ(information().text, "[]");
  enroll();
  EXPECT_EQ(information().text, "[]");
  computer_ = "x";
  expect_error(information(), 400, "INVALID_ID", "id");
}

TEST_F(ComplianceRoutes, AVerdictFollowsTheGroups) {
  switch_on();
  std::string credential = enroll();
  report_filevault(credential, "NOT_ENCRYPTED");
  Answer registered =
      send_as(credential, "POST", "/api/v1/wardbridge/registrations",
              json::to_text(json::Object{{"username", "ann"}, {"deviceId", text::upper(kDevice)}, {"userId", kUser}}));
  ASSERT_EQ(registered.status, 200) << registered.text;

  Answer closed = information();
  EXPECT_EQ(closed.at("0.deviceId"), computer_);
  EXPECT_EQ(closed.at("0.applicable"), "true");
  EXPECT_EQ(closed.at("0.complianceState"), "NON_COMPLIANT") << closed.text;
  EXPECT_EQ(closed.at("0.complianceVendor"), "Intune");
  EXPECT_EQ(closed.at("0.complianceVendorDeviceInformation.deviceIds"), "[\"" + std::string(kDevice) + "\"]");
  EXPECT_NE(closed.at("0.wardbridge.accounts.0.reason").find("FileVault 2 Status"), std::string::npos) << closed.text;

  report_filevault(credential, "ALL_ENCRYPTED");
  Answer open = information();
  EXPECT_EQ(open.at("0.complianceState"), "COMPLIANT") << open.text;
  EXPECT_EQ(open.at("0.wardbridge.accounts.0.validUntil"), "2026-11-24T18:00:00.000Z");
  Answer deliveries = get(std::string("/api/v1/wardbridge/deliveries/") + kDevice);
  EXPECT_EQ(deliveries.at("totalCount"), "1") << deliveries.text;
  EXPECT_EQ(deliveries.at("results.0.compliant"), "true");

  now_ += hours{24};
  EXPECT_EQ(information().at("0.complianceState"), "NON_COMPLIANT") << "an expired verdict, though nothing ran";
}

TEST_F(ComplianceRoutes, AnUnmanagedMacIsNotCompliant) {
  switch_on();
  std::string credential = enroll();
  report_filevault(credential, "ALL_ENCRYPTED");
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  ASSERT_EQ(information().at("0.complianceState"), "COMPLIANT");
  EXPECT_EQ(patch("/api/v4/computers-inventory-detail/" + computer_, R"({"general":{"managed":false}})").status, 204);
  EXPECT_EQ(information().at("0.complianceState"), "NON_COMPLIANT");
}

TEST_F(ComplianceRoutes, SettingsKeepWhatIsNotSaid) {
  Answer untouched = get(kSettings);
  EXPECT_EQ(untouched.at("enabled"), "false");
  EXPECT_EQ(untouched.at("validityHours"), "24");
  EXPECT_EQ(put(kSettings, R"({"validityHours":48})").status, 200);
  switch_on();
  Answer settings = get(kSettings);
  EXPECT_EQ(settings.at("enabled"), "true");
  EXPECT_EQ(settings.at("validityHours"), "48");
  EXPECT_EQ(settings.at("platform"), "macOS");
  expect_error(remove("/api/v3/computer-groups/smart-groups/" + settings.at("complianceGroupId")), 422,
               "HAS_DEPENDENCIES", "id");
  EXPECT_EQ(get("/api/v1/conditional-access/device-compliance/feature-toggle").at("sharedDeviceFeatureEnabled"),
            "false");
}

TEST_F(ComplianceRoutes, TurningItOffSaysWhatTheDirectoryStillBelieves) {
  switch_on();
  EXPECT_EQ(get(kSettings).at("stillTrusted"), "null") << "it is on";
  std::string credential = enroll();
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  report_filevault(credential, "NOT_ENCRYPTED");
  EXPECT_EQ(put(kSettings, R"({"enabled":false})").at("stillTrusted"), "null") << "nobody is compliant";
  ASSERT_EQ(put(kSettings, R"({"enabled":true})").status, 200);
  report_filevault(credential, "ALL_ENCRYPTED");

  Answer off = put(kSettings, R"({"enabled":false})");
  EXPECT_EQ(off.at("enabled"), "false");
  EXPECT_EQ(off.at("stillTrusted.devices"), "1");
  EXPECT_EQ(off.at("stillTrusted.until"), "null") << "this directory never said that it heeds a verdict's end";
  std::string disable = std::string(kConnections) + "/" + off.at("connectionId") + "/disable";
  EXPECT_NE(off.at("stillTrusted.message").find("POST " + disable), std::string::npos) << off.text;
  now_ += hours{24};
  EXPECT_EQ(get(kSettings).at("stillTrusted.devices"), "1") << "and goes on saying so";
  now_ -= hours{24};

  ASSERT_TRUE(store_
                  ->write([&](store::Transaction& tx) -> Status {
                    tx.execute("UPDATE connection SET extensions = 'complianceValidUntil '", {});
                    return done();
                  })
                  .ok());
  EXPECT_EQ(get(kSettings).at("stillTrusted.until"), "2026-11-24T18:00:00.000Z");
  EXPECT_EQ(post(disable, "").status, 204);
  EXPECT_EQ(get(kSettings).at("stillTrusted"), "null") << "it is being retracted";
  EXPECT_EQ(post(std::string(kConnections) + "/" + off.at("connectionId") + "/enable", "").status, 204);
  now_ += hours{24};
  EXPECT_EQ(get(kSettings).at("stillTrusted"), "null") << "the verdict has ended";
}

TEST_F(ComplianceRoutes, AConnectionShowsItsPolicy) {
  json::Object body = connection_body();
  body["groupIds"] = json::Array{"55555555-0000-4000-8000-000000000005"};
  Answer made = post(kConnections, json::to_text(body));
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.at("groupIds.0"), "55555555-0000-4000-8000-000000000005");
  EXPECT_EQ(made.at("policy.state"), "pending");
  std::string one = std::string(kConnections) + "/" + made.at("id");
  EXPECT_EQ(patch(one, R"({"name":"Renamed"})").at("groupIds.0"), "55555555-0000-4000-8000-000000000005");
  EXPECT_EQ(patch(one, R"({"groupIds":[]})").at("groupIds"), "[]");
  expect_error(patch(one, R"({"groupIds":["Mac users"]})"), 400, "INVALID_FIELD", "groupIds");
}

TEST_F(ComplianceRoutes, SettingsThatCannotWorkAreRefused) {
  std::string group = create_group("Everyone");
  expect_error(put(kSettings, R"({"enabled":true})"), 400, "INVALID_FIELD", "complianceGroupId");
  expect_error(put(kSettings, R"({"enabled":true,"complianceGroupId":")" + group + R"(","applicableGroupId":"99"})"),
               400, "INVALID_FIELD", "applicableGroupId");
  expect_error(put(kSettings,
                   R"({"enabled":true,"complianceGroupId":")" + group + R"(","applicableGroupId":")" + group + R"("})"),
               400, "INVALID_FIELD", "connectionId");
  std::string nobody_works_on_it = R"({"enabled":true,"complianceGroupId":")" + group + R"(","applicableGroupId":")" +
                                   group + R"(","connectionId":"99"})";
  expect_error(put(kSettings, nobody_works_on_it), 400, "INVALID_FIELD", "connectionId");
  expect_error(put(kSettings, R"({"validityHours":0})"), 400, "INVALID_FIELD", "validityHours");
  expect_error(put(kSettings, R"({"complianceGroupId":"x"})"), 400, "INVALID_ID", "complianceGroupId");
  expect_error(put(kSettings, R"({"enabled":"yes"})"), 400, "INVALID_FIELD", "enabled");
  EXPECT_EQ(get(kSettings).at("enabled"), "false");
}

TEST_F(ComplianceRoutes, AConnectionsSecretNeverComesBack) {
  Answer made = post(kConnections, json::to_text(connection_body()));
  ASSERT_EQ(made.status, 201) << made.text;
  std::string one = std::string(kConnections) + "/" + made.at("id");
  Answer renamed = patch(one, R"({"name":"Renamed"})");
  EXPECT_EQ(renamed.at("name"), "Renamed");
  EXPECT_EQ(renamed.at("tenant"), "contoso.example");
  Answer rotated = patch(one, R"({"clientSecret":"another-secret-nobody-may-see"})");
  EXPECT_EQ(rotated.status, 200) << rotated.text;
  Answer refused = patch(one, R"({"clientSecret":"third-secret-nobody-may-see","tenant":"a/b"})");
  expect_error(refused, 400, "INVALID_FIELD", "tenant");
  for (const Answer& answer : {made, renamed, rotated, refused, get(one), get(kConnections), get(kSettings)}) {
    EXPECT_EQ(answer.text.find("nobody-may-see"), std::string::npos) << answer.text;
    EXPECT_EQ(answer.text.find("ecret"), std::string::npos) << answer.text;
  }
  EXPECT_EQ(connection_changes_, 3) << "after each change that was stored, and no other";
}

TEST_F(ComplianceRoutes, AConnectionIsCheckedBeforeItIsMade) {
  json::Object without_secret = connection_body();
  without_secret.erase("clientSecret");
  expect_error(post(kConnections, json::to_text(without_secret)), 400, "INVALID_FIELD", "clientSecret");
  for (auto [member, value] : {std::pair{"tenant", "a b"},
                               {"clientId", "my-app"},
                               {"name", " "},
                               {"enrollmentUrl", "http://jamf.example"},
                               {"remediationUrl", "nowhere"},
                               {"loginUrl", "http://login.example"},
                               {"graphUrl", "graph"}}) {
    json::Object body = connection_body();
    body[member] = value;
    expect_error(post(kConnections, json::to_text(body)), 400, "INVALID_FIELD", member);
  }
  json::Object never_beats = connection_body();
  never_beats["heartbeatMinutes"] = 0;
  expect_error(post(kConnections, json::to_text(never_beats)), 400, "INVALID_FIELD", "heartbeatMinutes");
  EXPECT_EQ(get(kConnections).at("totalCount"), "0");
  EXPECT_EQ(connection_changes_, 0);
}

TEST_F(ComplianceRoutes, AConnectionIsDisabledBeforeItIsRemoved) {
  std::string one = std::string(kConnections) + "/" + create_connection();
  EXPECT_EQ(get(one).at("state"), "new");
  EXPECT_EQ(remove(one).status, 409);
  EXPECT_EQ(post(one + "/disable", "").status, 204);
  EXPECT_EQ(get(one).at("state"), "terminating");
  EXPECT_EQ(remove(one).status, 409) << "the directory is told first";
  for (const char* change : {"/enable", "/disable"}) {
    expect_error(post(std::string(kConnections) + "/99" + change, ""), 404, "INVALID_ID");
  }
  expect_error(get(std::string(kConnections) + "/99"), 404, "INVALID_ID");
  expect_error(remove(std::string(kConnections) + "/99"), 404, "INVALID_ID");
}

// --- From the check-in to the directory

TEST_F(ComplianceRoutes, TheChainNamesTheOneNextStepFromTheMacOutwards) {
  const std::string chain = "/api/v1/wardbridge/computers/C02XK1ABJGH5/chain";
  EXPECT_EQ(get("/api/v1/wardbridge/computers/nobody/chain").status, 404);
  switch_on();
  std::string credential = enroll();
  report_filevault(credential, "NOT_ENCRYPTED");
  EXPECT_NE(get(chain).at("nextStep").find("Self Service"), std::string::npos) << get(chain).text;
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  Answer shown = get(chain);
  EXPECT_EQ(shown.at("registrations.0.deviceId"), kDevice);
  EXPECT_EQ(shown.at("registrations.0.delivery.state"), "pending");
  EXPECT_NE(shown.at("registrations.0.delivery.verdict"), "null");
  EXPECT_EQ(shown.at("registrations.0.delivery.sent"), "null");
  EXPECT_NE(shown.at("nextStep").find("Repair the connection `Contoso` (new)"), std::string::npos) << shown.text;
  ASSERT_TRUE(store_
                  ->write([&](store::Transaction& tx) -> Status {
                    tx.execute("UPDATE connection SET state = 'active'");
                    return done();
                  })
                  .ok());
  EXPECT_NE(get(chain).at("nextStep").find("Make the Mac compliant"), std::string::npos);
  report_filevault(credential, "ALL_ENCRYPTED");
  EXPECT_EQ(get(chain).at("nextStep"), "Wait: the verdict is on its way.");
  now_ += hours{24};
  EXPECT_NE(get(chain).at("nextStep").find("Have the Mac check in"), std::string::npos);
}

TEST_F(ComplianceRoutes, AManualConnectionCarriesInventoryAndOthersDoNot) {
  switch_on();
  std::string credential = enroll();
  auto report = [&](const std::string& battery, const std::string& model) {
    send_as(credential, "POST", "/api/v1/wardbridge/check-ins",
            R"({"sections":{"hardware":{"model":")" + model + R"(","batteryCapacityPercent":)" + battery +
                R"(},"operatingSystem":{"fileVault2Status":"ALL_ENCRYPTED","version":"14.5"},)"
                R"("localUserAccounts":[{"username":"ann","passwordMinLength":12,"passwordRequireAlphanumeric":true}],)"
                R"("security":{"sipStatus":"ENABLED","gatekeeperStatus":"APP_STORE"}}})");
  };
  auto told = [&] {
    return store_
        ->read(
            [&](store::Transaction& tx) -> Result<ledger::Delivery> { return ledger::of_device(tx, kDevice).back(); })
        .value();
  };
  report("80", "MacBook Pro");
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  EXPECT_TRUE(told().report.inventory.empty());

  tenants_.detach("https://login.microsoftonline.com:443");
  Answer saved = put("/api/v1/wardbridge/conditional-access",
                     R"({"tenantName":"contoso.example","applicationId":"0b9c6f1a-2f4d-4a0c-8f55-7a6f2b1c9d77",)"
                     R"("clientSecret":"s"})");
  ASSERT_EQ(saved.status, 200) << saved.text;
  ASSERT_EQ(put(kSettings, R"({"connectionId":")" + saved.at("connectionId") + R"("})").status, 200);
  report("80", "MacBook Pro");
  json::Object inventory = told().report.inventory;
  EXPECT_EQ(inventory.at("SerialNumber"), "C02XK1ABJGH5");
  EXPECT_EQ(inventory.at("Model"), "MacBook Pro");
  EXPECT_EQ(inventory.at("BatteryCapacity"), "80%");
  EXPECT_EQ(inventory.at("ADDomainJoined"), "FALSE");
  json::Object security = told().report.security;
  EXPECT_EQ(security.at("Encrypted"), true);
  EXPECT_EQ(security.at("PasscodeLength"), "12");
  EXPECT_EQ(security.at("PasswordType"), "alphanumeric");
  EXPECT_EQ(security.at("SIP"), "ENABLED");

  auto sequence = told().desired.sequence;
  report("79", "MacBook Pro");
  EXPECT_EQ(told().desired.sequence, sequence) << "a battery alone is not worth a message";
  report("79", "MacBook Air");
  EXPECT_GT(told().desired.sequence, sequence);
}

// --- Conditional Access inventory state

TEST_F(ComplianceRoutes, TheInventoryStateOfAnAccountFollowsItsCheckInsAndItsToken) {
  switch_on();
  std::string credential = enroll();
  auto check_in = [&] {
    send_as(credential, "POST", "/api/v1/wardbridge/check-ins",
            R"({"sections":{"operatingSystem":{"fileVault2Status":"ALL_ENCRYPTED"},)"
            R"("localUserAccounts":[{"username":"ann"},{"username":"bob"}]}})");
  };
  auto tell = [&](const char* outcome) {
    return send_as(credential, "POST", "/api/v1/wardbridge/registrations/token",
                   R"({"username":"ann","outcome":")" + std::string(outcome) + R"("})")
        .status;
  };
  auto state = [&] {
    return get("/api/v1/computers-inventory/" + computer_ + "?section=LOCAL_USER_ACCOUNTS")
        .at("localUserAccounts.0.azureActiveDirectoryId");
  };
  check_in();
  EXPECT_EQ(tell("failed"), 404) << "not registered yet";
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  const Time start = now_;
  EXPECT_EQ(state(), "ACTIVATED");
  EXPECT_EQ(get("/api/v1/computers-inventory/" + computer_ + "?section=LOCAL_USER_ACCOUNTS")
                .at("localUserAccounts.0.computerAzureActiveDirectoryId"),
            kDevice);
  now_ = start + hours{23} + minutes{59} + seconds{59};
  EXPECT_EQ(state(), "ACTIVATED");
  now_ = start + hours{24};
  EXPECT_EQ(state(), "UNRESPONSIVE");
  now_ = start + hours{24} + seconds{1};
  EXPECT_EQ(state(), "UNRESPONSIVE");
  EXPECT_NE(get("/api/v1/wardbridge/computers/" + computer_ + "/chain").at("nextStep").find("Have the Mac check in"),
            std::string::npos);
  check_in();
  EXPECT_EQ(state(), "ACTIVATED");

  const Time failing = now_;
  EXPECT_EQ(tell("failed"), 204);
  for (now_ = failing + hours{1}; now_ < failing + hours{24}; now_ += hours{1}) {
    check_in();
    EXPECT_EQ(tell("failed"), 204);
  }
  now_ = failing + hours{23} + minutes{59} + seconds{59};
  EXPECT_EQ(state(), "ACTIVATED");
  now_ = failing + hours{24};
  EXPECT_EQ(state(), "UNRESPONSIVE") << "though it checks in";
  check_in();
  std::string next_step = get("/api/v1/wardbridge/computers/" + computer_ + "/chain").at("nextStep");
  EXPECT_NE(next_step.find("token of `ann` could not be refreshed since"), std::string::npos) << next_step;
  EXPECT_NE(next_step.find("gatherAADInfo` and sign in"), std::string::npos) << next_step;
  EXPECT_EQ(tell("refreshed"), 204);
  EXPECT_EQ(state(), "ACTIVATED");
  check_in();
  EXPECT_EQ(information().at("0.complianceState"), "COMPLIANT");

  EXPECT_EQ(tell("signInFailed"), 204);
  EXPECT_EQ(state(), "DEACTIVATED");
  EXPECT_EQ(information().at("0.complianceState"), "NON_COMPLIANT");
  EXPECT_NE(information().at("0.wardbridge.accounts.0.reason").find("gatherAADInfo"), std::string::npos);
  check_in();
  EXPECT_EQ(state(), "DEACTIVATED") << "only a sign-in brings it back";
  EXPECT_EQ(tell("refreshed"), 204);
  EXPECT_EQ(information().at("0.complianceState"), "COMPLIANT");
  EXPECT_EQ(tell("maybe"), 400);
}

TEST_F(ComplianceRoutes, WhatWasSentIsListedPerUsername) {
  switch_on();
  std::string credential = enroll();
  report_filevault(credential, "NOT_ENCRYPTED");
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  report_filevault(credential, "ALL_ENCRYPTED");
  Answer listed = get("/api/v1/wardbridge/computers/" + computer_ + "/sent-inventory?username=ann");
  EXPECT_EQ(listed.at("totalCount"), "1") << listed.text;
  EXPECT_EQ(listed.at("results.0.result"), "superseded");
  EXPECT_EQ(listed.at("results.0.sent.verdict"), "notCompliant");
  EXPECT_EQ(get("/api/v1/wardbridge/computers/" + computer_ + "/sent-inventory?username=bob").at("totalCount"), "0");
}

// --- Changes of configuration that move many verdicts

class MassChange : public ComplianceRoutes {
 protected:
  // So many compliant Macs, each told to the directory and believed there.
  void enroll_fleet(int macs) {
    switch_on();
    for (int i = 0; i < macs; ++i) {
      std::string number = std::to_string(100000000000 + i);
      std::string credential = enroll("4C4C4544-0000-4000-8000-" + number, "C0" + number);
      report_filevault(credential, "ALL_ENCRYPTED");
      send_as(credential, "POST", "/api/v1/wardbridge/registrations",
              json::to_text(json::Object{
                  {"username", "ann"}, {"deviceId", "7d3f1f0e-55a1-4b6a-9a52-" + number}, {"userId", kUser}}));
    }
    settle();
    ASSERT_TRUE(store_
                    ->write([&](store::Transaction& tx) -> Status {
                      tx.execute("UPDATE delivery SET state = 'delivered', next_attempt_at = ?", {kNever});
                      return done();
                    })
                    .ok());
  }
  void settle() {
    for (int i = 0; i < 20; ++i) pipeline_->run_once(now_);
  }
  std::int64_t count(const std::string& state) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::int64_t> {
          return tx.query_one("SELECT COUNT(*) FROM delivery WHERE state = ?", {state})->integer(0);
        })
        .value();
  }
  // The compliance group becomes one that nobody is in.
  Answer choose_an_empty_group() {
    std::string nobody = create_group("Nobody " + std::to_string(++groups_),
                                      "[" + criterion("Computer Name", "is", "no such name") + "]");
    return put(kSettings, R"({"complianceGroupId":")" + nobody + R"("})");
  }
  int groups_ = 0;
};

TEST_F(MassChange, AFewVerdictsGoByThemselves) {
  enroll_fleet(10);
  ASSERT_EQ(choose_an_empty_group().status, 200);
  settle();
  EXPECT_EQ(count("held"), 0);
  EXPECT_EQ(count("pending"), 10);
}

TEST_F(MassChange, ManyWaitForSomebodysWord) {
  enroll_fleet(12);
  std::string before = get(kSettings).at("complianceGroupId");
  ASSERT_EQ(choose_an_empty_group().status, 200);
  settle();
  EXPECT_EQ(count("held"), 12);
  EXPECT_EQ(get(kSettings).at("held.devices"), "12");
  EXPECT_EQ(get(kSettings).at("held.of"), "12");
  EXPECT_NE(get("/api/v1/wardbridge/computers/" + computer_ + "/chain").at("nextStep").size(), 0u);
  ASSERT_EQ(post(std::string(kSettings) + "/held/confirm", "{}").status, 204);
  EXPECT_EQ(count("held"), 0);
  EXPECT_EQ(count("pending"), 12);
  EXPECT_EQ(post(std::string(kSettings) + "/held/confirm", "{}").status, 409);
  EXPECT_EQ(put(kSettings, R"({"complianceGroupId":")" + before + R"("})").status, 200);
}

TEST_F(MassChange, ChangedBackNothingIsHeld) {
  enroll_fleet(12);
  std::string before = get(kSettings).at("complianceGroupId");
  ASSERT_EQ(choose_an_empty_group().status, 200);
  settle();
  ASSERT_EQ(count("held"), 12);
  ASSERT_EQ(put(kSettings, R"({"complianceGroupId":")" + before + R"("})").status, 200);
  settle();
  EXPECT_EQ(count("held"), 0);
  EXPECT_EQ(get(kSettings).at("held"), "null");
}

TEST_F(MassChange, AnEditedGroupIsHeldAsWell) {
  enroll_fleet(12);
  std::string group = get(kSettings).at("complianceGroupId");
  ASSERT_EQ(put("/api/v3/computer-groups/smart-groups/" + group,
                R"({"name":"Encrypted","criteria":[)" + criterion("Computer Name", "is", "no such name") + "]}")
                .status,
            202);
  settle();
  EXPECT_EQ(count("held"), 12);
}

TEST_F(MassChange, WhatAMacItselfChangesNeverWaits) {
  enroll_fleet(12);
  std::string credential = enroll("4C4C4544-0000-4000-8000-100000000000", "C0100000000000");
  report_filevault(credential, "NOT_ENCRYPTED");
  settle();
  EXPECT_EQ(count("held"), 0);
  EXPECT_EQ(count("pending"), 1);
}

TEST_F(MassChange, TheShareCanBeChosen) {
  enroll_fleet(12);
  ASSERT_EQ(put(kSettings, R"({"holdPercent":100})").status, 200);
  EXPECT_EQ(get(kSettings).at("holdPercent"), "100");
  ASSERT_EQ(choose_an_empty_group().status, 200);
  settle();
  EXPECT_EQ(count("held"), 0);
  expect_error(put(kSettings, R"({"holdPercent":0})"), 400, "INVALID_FIELD", "holdPercent");
}

}  // namespace
}  // namespace wardbridge::jamf_api
