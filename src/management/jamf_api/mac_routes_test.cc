// What Macs say, and what another server's records say.
#include <fstream>
#include <sstream>

#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class MacRoutes : public Face {
 protected:
  Answer check_in(const std::string& credential, const std::string& body) {
    return send_as(credential, "POST", "/api/v1/wardbridge/check-ins", body);
  }
  Answer record() { return get("/api/v4/computers-inventory-detail/" + computer_); }
};

TEST_F(MacRoutes, EnrollingMakesAManagedComputer) {
  enroll();
  Answer mac = record();
  EXPECT_EQ(mac.at("udid"), kUdid);
  EXPECT_EQ(mac.at("general.name"), "Ann's Mac");
  EXPECT_EQ(mac.at("general.remoteManagement.managed"), "true");
  EXPECT_EQ(mac.at("general.lastEnrolledDate"), "2026-11-23T18:00:00.000Z");
  EXPECT_EQ(mac.at("hardware.serialNumber"), "C02XK1ABJGH5");
}

TEST_F(MacRoutes, EnrollingNeedsAnInvitation) {
  const std::string path = "/api/v1/wardbridge/enrollments";
  std::string unknown = std::string(R"({"invitation":"guess","udid":")") + kUdid + R"(","serialNumber":"S1"})";
  expect_unauthenticated(send("POST", path, unknown));
  expect_error(send("POST", path, R"({"invitation":"guess","udid":"1","serialNumber":"S1"})"), 400, "INVALID_FIELD",
               "udid");
  expect_error(send("POST", path, std::string(R"({"invitation":"guess","udid":")") + kUdid + R"("})"), 400,
               "INVALID_FIELD", "serialNumber");
  expect_error(send("POST", path, "{}"), 400, "INVALID_FIELD", "invitation");
  Answer once = post("/api/v1/wardbridge/enrollment-invitations", R"({"uses":1,"expires":"2026-11-23T19:00:00Z"})");
  ASSERT_EQ(once.status, 201) << once.text;
  now_ += hours{1};
  expect_unauthenticated(send("POST", path, text::replace_all(unknown, "guess", once.at("invitation"))));
  expect_error(post("/api/v1/wardbridge/enrollment-invitations", R"({"uses":0})"), 400, "INVALID_FIELD", "uses");
  EXPECT_EQ(post("/api/v1/wardbridge/enrollment-invitations", R"({"expires":"soon"})").status, 400);
  EXPECT_EQ(get("/api/v4/computers-inventory").at("totalCount"), "0");
}

TEST_F(MacRoutes, OnlyTheMacsOwnCredentialChecksIn) {
  std::string first = enroll();
  expect_unauthenticated(send("POST", "/api/v1/wardbridge/check-ins", "{}"));
  expect_unauthenticated(check_in("guess", "{}"));
  expect_unauthenticated(check_in(almighty(), "{}"));  // an administrator's tool is not a Mac
  EXPECT_EQ(check_in(first, "{}").status, 200);
  std::string second = enroll();
  expect_unauthenticated(check_in(first, "{}"));
  EXPECT_EQ(check_in(second, "{}").status, 200);
  // And a Mac is not an API client.
  expect_unauthenticated(send_as(second, "GET", "/api/v4/computers-inventory"));
}

TEST_F(MacRoutes, APartialReportLeavesTheOtherSectionsAlone) {
  std::string credential = enroll();
  now_ += minutes{1};
  Answer whole = check_in(credential, R"({"reportId":"1","sections":{"general":{"name":"Renamed"},
      "security":{"sipStatus":"ENABLED","firewallEnabled":true},"operatingSystem":{"version":"14.6.1"}}})");
  ASSERT_EQ(whole.status, 200) << whole.text;
  EXPECT_EQ(whole.at("id"), computer_);
  EXPECT_EQ(whole.at("repeated"), "false");
  Answer partial = check_in(credential, R"({"reportId":"2","sections":{"security":{"sipStatus":"DISABLED"}}})");
  EXPECT_EQ(partial.at("changedSections"), R"(["SECURITY"])");

  Answer mac = record();
  EXPECT_EQ(mac.at("general.name"), "Renamed");
  EXPECT_EQ(mac.at("general.reportDate"), "2026-11-23T18:01:00.000Z");
  EXPECT_EQ(mac.at("operatingSystem.version"), "14.6.1");
  EXPECT_EQ(mac.at("security.sipStatus"), "DISABLED");
  EXPECT_EQ(mac.at("security.firewallEnabled"), "null") << "a section is replaced whole";
}

TEST_F(MacRoutes, ASignOfLifeIsNoInventory) {
  std::string credential = enroll();
  now_ += minutes{15};
  EXPECT_EQ(check_in(credential, R"({"ipAddress":"10.1.2.3"})").status, 200);
  EXPECT_EQ(record().at("general.lastCheckIn"), "2026-11-23T18:15:00.000Z");
  EXPECT_EQ(record().at("general.lastIpAddress"), "10.1.2.3");
  EXPECT_EQ(record().at("general.reportDate"), "null");
}

TEST_F(MacRoutes, ARepeatedReportIsAppliedOnce) {
  std::string credential = enroll();
  std::string report = R"({"reportId":"r-1","sections":{"security":{"sipStatus":"ENABLED"}}})";
  Answer first = check_in(credential, report);
  ASSERT_EQ(first.status, 200) << first.text;
  ASSERT_EQ(check_in(credential, R"({"reportId":"r-2","sections":{"security":{"sipStatus":"DISABLED"}}})").status, 200);
  std::string before = record().text;
  now_ += minutes{1};
  Answer again = check_in(credential, report);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.at("repeated"), "true");
  EXPECT_EQ(again.at("revision"), first.at("revision"));
  EXPECT_EQ(again.at("changedSections"), first.at("changedSections"));
  EXPECT_EQ(record().text, before) << "the late copy of an old report changes nothing";

  Answer reused = check_in(credential, R"({"reportId":"r-1","sections":{"security":{"sipStatus":"DISABLED"}}})");
  EXPECT_EQ(reused.status, 409) << reused.text;
  EXPECT_EQ(record().text, before);
}

TEST_F(MacRoutes, AReportIsTakenWholeOrNotAtAll) {
  std::string credential = enroll();
  std::string before = record().text;
  expect_error(check_in(credential, R"({"sections":{"general":{"name":"x"},"security":{"sipStatus":"MAYBE"}}})"), 400,
               "INVALID_FIELD", "security.sipStatus");
  expect_error(check_in(credential, R"({"sections":{"general":{"name":"x"},"hardware":{"coreCount":"8"}}})"), 400,
               "INVALID_FIELD", "hardware.coreCount");
  expect_error(check_in(credential, R"({"sections":[]})"), 400, "INVALID_JSON");
  expect_error(check_in(credential, R"({"reportId":")" + std::string(65, 'r') + R"("})"), 400, "INVALID_FIELD",
               "reportId");
  EXPECT_EQ(record().text, before);
}

TEST_F(MacRoutes, AMacDoesNotManageItself) {
  std::string credential = enroll();
  EXPECT_EQ(patch("/api/v4/computers-inventory-detail/" + computer_, R"({"general":{"managed":false}})").status, 204);
  Answer told =
      check_in(credential, R"({"sections":{"general":{"remoteManagement":{"managed":true},"colour":"red"}}})");
  EXPECT_EQ(told.status, 200) << told.text;
  EXPECT_NE(told.at("withoutPlace").find("general.colour"), std::string::npos) << told.text;
  EXPECT_NE(told.at("withoutPlace").find("general.remoteManagement"), std::string::npos) << told.text;
  EXPECT_EQ(record().at("general.remoteManagement.managed"), "false");
}

TEST_F(MacRoutes, ARegistrationNamesADeviceAndAUser) {
  std::string credential = enroll();
  auto register_as = [&](const std::string& token, const std::string& device, const std::string& user) {
    return send_as(token, "POST", "/api/v1/wardbridge/registrations",
                   json::to_text(json::Object{{"username", "ann"}, {"deviceId", device}, {"userId", user}}));
  };
  expect_unauthenticated(register_as("guess", kDevice, kUser));
  expect_unauthenticated(send("POST", "/api/v1/wardbridge/registrations", "{}"));
  expect_error(register_as(credential, "not-a-guid", kUser), 400, "INVALID_FIELD", "deviceId");
  expect_error(register_as(credential, kDevice, "ann"), 400, "INVALID_FIELD", "userId");
  Answer first = register_as(credential, kDevice, kUser);
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(register_as(credential, kDevice, kUser).at("id"), first.at("id")) << "said again";
  std::string other = enroll(kOtherUdid, "C02OTHER");
  EXPECT_EQ(register_as(other, kDevice, kUser).status, 409) << "a device belongs to one Mac";
}

TEST_F(MacRoutes, ADeletedComputersCredentialIsDead) {
  std::string credential = enroll();
  EXPECT_EQ(remove("/api/v4/computers-inventory/" + computer_).status, 204);
  expect_unauthenticated(check_in(credential, "{}"));
}

TEST_F(MacRoutes, RecordsOfAnotherServerAreImported) {
  std::ifstream file("../shared/samples/jamf-classic-computer-10.40.json", std::ios::binary);
  if (!file) GTEST_SKIP() << "../shared/samples/jamf-classic-computer-10.40.json is not here";
  std::ostringstream sample;
  sample << file.rdbuf();
  const std::string path = "/api/v1/wardbridge/imports/computers";
  Answer first = post(path, sample.str());
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_EQ(first.at("new"), "1");
  EXPECT_EQ(first.at("refused"), "[]");
  Answer again = post(path, sample.str());
  EXPECT_EQ(again.at("new"), "0");
  EXPECT_EQ(again.at("unchanged"), "1") << again.text;
  EXPECT_EQ(again.at("withoutPlace"), first.at("withoutPlace"));

  auto classic = json::parse(sample.str());
  ASSERT_TRUE(classic.ok());
  Answer list = get("/api/v4/computers-inventory?section=GENERAL,HARDWARE");
  EXPECT_EQ(list.at("totalCount"), "1");
  EXPECT_EQ(list.at("results.0.general.name"), shown(*classic, "computer.general.name"));
  EXPECT_EQ(list.at("results.0.udid"), text::upper(shown(*classic, "computer.general.udid")));
  EXPECT_EQ(list.at("results.0.hardware.serialNumber"), shown(*classic, "computer.general.serial_number"));
}

TEST_F(MacRoutes, AnImportRefusesRecordsOneByOne) {
  const std::string path = "/api/v1/wardbridge/imports/computers";
  Answer mixed = post(path, std::string(R"([{"udid":")") + kUdid +
                                R"(","general":{"name":"good"},"extensionAttributes":[{"definitionId":"77",
                                "name":"Owner","values":["ann"]}]},{"general":{"name":"nobody's"}}])");
  ASSERT_EQ(mixed.status, 200) << mixed.text;
  EXPECT_EQ(mixed.at("new"), "1");
  EXPECT_EQ(mixed.at("refused.0.reason"), "missing_field") << mixed.text;
  EXPECT_EQ(mixed.at("refused.1"), "(absent)");
  // The attribute that came along is known here now, by an id of this server.
  const std::string id = get("/api/v4/computers-inventory?section=EXTENSION_ATTRIBUTES")
                             .at("results.0.extensionAttributes.0.definitionId");
  EXPECT_EQ(get("/api/v1/computer-extension-attributes/" + id).at("name"), "Owner");
  EXPECT_NE(id, "77");
  EXPECT_EQ(post(path, "hello").status, 400);
  std::string only_creates = client("half", {"Create Computers"});
  expect_error(send_as(only_creates, "POST", path, "[]"), 403, "INVALID_PRIVILEGE");
}

}  // namespace
}  // namespace wardbridge::jamf_api
