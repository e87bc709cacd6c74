// Self Service over both of its faces: the administrator's, and the Mac's.
#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

const std::string kSelfServicePath = "/api/v1/wardbridge/self-service";

class SelfServiceRoutes : public Face {
 protected:
  std::string create(const std::string& kind, const std::string& body) {
    Answer made = post(kSelfServicePath + "/" + kind, body);
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  static std::string policy(const std::string& more = R"("scope":{"allComputers":true})") {
    return R"({"name":"Register with Azure AD","registerWithAzureActiveDirectory":true,"selfService":{"enabled":true,
        "buttonName":"Register"},)" +
           more + "}";
  }
  Answer start(const std::string& credential, const std::string& id, const std::string& kind = "POLICY") {
    return send_as(credential, "POST", kSelfServicePath + "/runs",
                   R"({"kind":")" + kind + R"(","id":")" + id + R"(","username":"ann"})");
  }
  Answer finish(const std::string& credential, const std::string& run, const std::string& body) {
    return send_as(credential, "POST", kSelfServicePath + "/runs/" + run + "/outcome", body);
  }
};

TEST_F(SelfServiceRoutes, APolicyIsReadBackAsItWasWritten) {
  std::string group = create_group("Applicable");
  std::string category = create("categories", R"({"name":"Device Compliance"})");
  std::string id = create("policies", R"({"name":"Register","enabled":false,"frequency":"Ongoing",
      "registerWithAzureActiveDirectory":true,"scope":{"groupIds":[")" +
                                          group + R"("]},"selfService":{"enabled":true,"displayName":"Register me",
      "description":"Please","forceUsersToViewDescription":true,"buttonName":"Go","reinstallButtonName":"Again",
      "categoryId":")" + category + R"(","featureOnMainPage":true}})");
  Answer shown = get(kSelfServicePath + "/policies/" + id);
  EXPECT_EQ(shown.at("enabled"), "false");
  EXPECT_EQ(shown.at("frequency"), "Ongoing");
  EXPECT_EQ(shown.at("scope.groupIds"), "[\"" + group + "\"]");
  EXPECT_EQ(shown.at("selfService.forceUsersToViewDescription"), "true");
  EXPECT_EQ(shown.at("selfService.categoryId"), category);
  EXPECT_EQ(shown.at("selfService.reinstallButtonName"), "Again");
  // A write is a full replace.
  Answer replaced =
      put(kSelfServicePath + "/policies/" + id, R"({"name":"Register","registerWithAzureActiveDirectory":true})");
  EXPECT_EQ(replaced.status, 200) << replaced.text;
  EXPECT_EQ(replaced.at("enabled"), "true");
  EXPECT_EQ(replaced.at("frequency"), "Once per computer");
  EXPECT_EQ(replaced.at("scope.groupIds"), "[]");
  EXPECT_EQ(get(kSelfServicePath + "/policies").at("totalCount"), "1");
  EXPECT_EQ(get(kSelfServicePath + "/mac-applications/" + id).status, 404) << "of the other kind";
  EXPECT_EQ(remove(kSelfServicePath + "/policies/" + id).status, 204);
  EXPECT_EQ(get(kSelfServicePath + "/policies/" + id).status, 404);
}

TEST_F(SelfServiceRoutes, TheApplicationThatMacsSignInWithCanBeChosen) {
  std::string credential = enroll();
  auto told = [&] {
    return send_as(credential, "GET", kSelfServicePath).at("integration.microsoftCANativeClientAppId");
  };
  EXPECT_EQ(told(), "b03c10a8-71c7-45f9-b44a-3335ab76e970") << "the vendor's";
  EXPECT_EQ(get(kSelfServicePath + "/settings").at("microsoftCANativeClientAppId"), "null");
  const std::string chosen = R"({"microsoftCANativeClientAppId":")" + text::upper(kDevice) + R"("})";
  EXPECT_EQ(put(kSelfServicePath + "/settings", chosen).at("microsoftCANativeClientAppId"), kDevice);
  EXPECT_EQ(told(), kDevice);
  expect_error(put(kSelfServicePath + "/settings", R"({"microsoftCANativeClientAppId":"x"})"), 400, "INVALID_FIELD",
               "microsoftCANativeClientAppId");
  EXPECT_EQ(put(kSelfServicePath + "/settings", R"({"microsoftCANativeClientAppId":null})").status, 200);
  EXPECT_EQ(told(), "b03c10a8-71c7-45f9-b44a-3335ab76e970");
}

TEST_F(SelfServiceRoutes, BadInputIsNamed) {
  auto expect_bad = [&](const std::string& body, const std::string& field) {
    expect_error(post(kSelfServicePath + "/policies", body), 400, "INVALID_FIELD", field);
  };
  expect_bad(policy(R"("frequency":"Twice")"), "frequency");
  expect_bad(policy(R"("scope":{"groupIds":["77"]})"), "groupIds");
  expect_error(post(kSelfServicePath + "/policies", policy(R"("scope":{"groupIds":["x"]})")), 400, "INVALID_ID",
               "groupIds");
  expect_bad(R"({"name":"Nothing"})", "registerWithAzureActiveDirectory");
  expect_error(post(kSelfServicePath + "/mac-applications", R"({"name":"Portal","bundleId":"x"})"), 400,
               "INVALID_FIELD", "version");
  create("policies", policy());
  expect_error(post(kSelfServicePath + "/policies", policy()), 409, "DUPLICATE_FIELD");
}

TEST_F(SelfServiceRoutes, AGroupThatAPolicyIsScopedToStays) {
  std::string group = create_group("Applicable");
  create("policies", policy(R"("scope":{"groupIds":[")" + group + R"("]})"));
  Answer refused = remove("/api/v3/computer-groups/smart-groups/" + group);
  EXPECT_EQ(refused.status, 422) << refused.text;
  EXPECT_NE(refused.text.find("Register with Azure AD"), std::string::npos) << refused.text;
}

TEST_F(SelfServiceRoutes, ARunIsStartedAndFinishedByTheMacThatItBelongsTo) {
  std::string id = create("policies", policy());
  std::string ann = enroll();
  std::string ann_id = computer_;
  std::string bob = enroll(kOtherUdid, "C02OTHER");
  expect_unauthenticated(send("POST", kSelfServicePath + "/runs", "{}"));
  expect_unauthenticated(start("guess", id));
  expect_error(start(ann, id, "SCRIPT"), 400, "INVALID_FIELD", "kind");
  expect_error(start(ann, "4711"), 404, "INVALID_ID");
  Answer run = start(ann, id);
  ASSERT_EQ(run.status, 201) << run.text;
  expect_error(finish(ann, run.at("runId"), R"({"status":"Perhaps"})"), 400, "INVALID_FIELD", "status");
  EXPECT_EQ(finish(bob, run.at("runId"), R"({"status":"Completed"})").status, 404);
  EXPECT_EQ(finish(ann, run.at("runId"), R"({"status":"Completed","message":"AAD ID acquired"})").status, 204);
  expect_error(start(ann, id), 409, "ALREADY_COMPLETED");
  EXPECT_EQ(send_as(ann, "GET", kSelfServicePath).at("items"), "[]");
  Answer log = get("/api/v1/wardbridge/computers/" + ann_id + "/policy-logs");
  EXPECT_EQ(log.at("results.0.status"), "Completed");
  EXPECT_EQ(log.at("results.0.computerName"), "Ann's Mac");
  EXPECT_EQ(get("/api/v1/wardbridge/computers/" + ann_id + "/self-service").at("notShown.0.why"), "COMPLETED");
  std::string flusher = client("flusher", {"Flush Policy Logs"});
  EXPECT_EQ(send_as(flusher, "DELETE", kSelfServicePath + "/policies/" + id + "/logs").at("flushed"), "1");
  EXPECT_EQ(send_as(ann, "GET", kSelfServicePath).at("items.0.buttonName"), "Register");
  EXPECT_EQ(remove("/api/v4/computers-inventory/" + ann_id).status, 204);
  expect_unauthenticated(send_as(ann, "GET", kSelfServicePath));
}

TEST_F(SelfServiceRoutes, WhatAMacTellsOfAnAccountIsSeenByTheHelpDesk) {
  std::string credential = enroll();
  auto tell = [&](const std::string& state, const std::string& device) {
    return send_as(credential, "POST", "/api/v1/wardbridge/registrations/state",
                   json::to_text(json::Object{{"username", "ann"},
                                              {"registrationState", state},
                                              {"deviceId", device},
                                              {"problem", "the prompt was denied"}}));
  };
  const std::string chain = "/api/v1/wardbridge/computers/" + computer_ + "/chain";
  expect_error(tell("Half Registered", ""), 400, "INVALID_FIELD", "registrationState");
  expect_error(tell("Not Registered", "x"), 400, "INVALID_FIELD", "deviceId");
  for (const char* state : {"WPJ Key Present. AAD ID not acquired", "WPJ Key present, JamfAAD PLIST missing",
                            "WPJ Key is in Secure Enclave, but AAD ID not acquired"}) {
    EXPECT_EQ(tell(state, kDevice).status, 204);
    Answer shown = get(chain);
    EXPECT_EQ(shown.at("accounts.0.registrationState"), state);
    EXPECT_NE(shown.at("nextStep").find("gatherAADInfo"), std::string::npos) << shown.text;
    EXPECT_NE(shown.at("nextStep").find(kDevice), std::string::npos) << shown.text;
    EXPECT_NE(shown.at("nextStep").find("the prompt was denied"), std::string::npos) << shown.text;
  }
  // Who takes himself for registered, without ids that ever arrived, is not.
  EXPECT_EQ(tell("Registered", kDevice).status, 204);
  EXPECT_EQ(get(chain).at("accounts.0.registrationState"), "WPJ Key Present. AAD ID not acquired");
  now_ += minutes{1};
  send_as(credential, "POST", "/api/v1/wardbridge/registrations",
          json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  EXPECT_EQ(get(chain).at("accounts.0.registrationState"), "Registered");
  now_ += minutes{1};
  EXPECT_EQ(tell("Not Registered", "").status, 204);
  EXPECT_EQ(get(chain).at("accounts.0.registrationState"), "Not Registered") << "its newer word is believed";
  EXPECT_NE(get(chain).at("accounts.0.nextStep").find("Self Service"), std::string::npos);
}

TEST_F(SelfServiceRoutes, TheChainShowsANetworkAccountAndAnOldSystem) {
  std::string credential = enroll();
  auto submit = [&] {
    return send_as(credential, "POST", "/api/v1/wardbridge/registrations",
                   json::to_text(json::Object{{"username", "ann"}, {"deviceId", kDevice}, {"userId", kUser}}));
  };
  auto report = [&](const std::string& version, const std::string& account) {
    Answer told = send_as(credential, "POST", "/api/v1/wardbridge/check-ins",
                          R"({"sections":{"operatingSystem":{"version":")" + version +
                              R"("},"localUserAccounts":[{"username":")" + account + R"("}]}})");
    EXPECT_EQ(told.status, 200) << told.text;
  };
  report("14.5", "root");
  expect_error(submit(), 409, "NETWORK_ACCOUNT");
  report("10.10.5", "ann");
  Answer refused = submit();
  expect_error(refused, 409, "SYSTEM_TOO_OLD");
  EXPECT_NE(refused.text.find("Remedy: update macOS"), std::string::npos);
  report("10.11", "Ann");
  EXPECT_EQ(submit().status, 200) << "names of accounts don't differ by case";
}

}  // namespace
}  // namespace wardbridge::jamf_api
