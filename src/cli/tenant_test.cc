#include "cli/tenant.h"

#include <gmock/gmock.h>

#include "cli/scripted_transport_testing.h"

namespace wardbridge::cli {
namespace {

using ::testing::HasSubstr;

class TenantVerbTest : public ::testing::Test {
 protected:
  using Run = VerbRun;
  template <class Verb>
  Run run(Verb verb) {
    return run_verb(verb);
  }
  std::string asked(std::size_t index) {
    const http::OutboundRequest& request = transport_.asked.at(index);
    return request.method + " " + request.url + " " + request.body;
  }

  ScriptedTransport transport_;
  ApiClient client_{transport_, "https://login.example"};
  TenantDesk desk_{client_, "contoso.example"};
};

constexpr const char* kKeys =
    R"({"value":[{"kid":"next","algorithm":"ES256","state":"published","activeFromDateTime":"2027-01-16T08:00:00Z",
        "retiringDateTime":null,"isRetained":false}]})";

TEST_F(TenantVerbTest, KeysAreListedRotatedAndWithdrawn) {
  transport_.answer(200, kKeys);
  Run listed = run([&] { return list_keys(desk_); });
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_THAT(listed.out, HasSubstr("next  ES256      published  2027-01-16T08:00:00Z  -"));
  EXPECT_EQ(asked(0), "GET https://login.example/contoso.example/wardbridge/signingKeys ");
  transport_.answer(200, kKeys);
  EXPECT_EQ(run([&] { return rotate_key(desk_, {.lead_hours = 0, .algorithm = "ES256"}); }).exit_code, 0);
  EXPECT_EQ(asked(1),
            "POST https://login.example/contoso.example/wardbridge/signingKeys/rotate "
            R"({"leadHours":0,"algorithm":"ES256"})");
  transport_.answer(200, kKeys);
  desk_.json = true;
  EXPECT_THAT(run([&] { return withdraw_keys(desk_, ""); }).out, HasSubstr(R"("kid": "next")"));
  EXPECT_THAT(asked(2), HasSubstr(R"(rotate {"withdrawsOld":true})"));
}

TEST_F(TenantVerbTest, AKeyIsRetainedAndReleasedByItsId) {
  transport_.answer(204, "");
  EXPECT_EQ(run([&] { return change_retention(desk_, "a/b", Retention::retain); }).exit_code, 0);
  EXPECT_EQ(asked(0),
            R"(PATCH https://login.example/contoso.example/wardbridge/signingKeys/a%2Fb {"isRetained":true})");
  transport_.answer(404, R"({"error":"not_found","error_description":"the tenant has no signing key `x`"})");
  Run unknown = run([&] { return change_retention(desk_, "x", Retention::release); });
  EXPECT_EQ(unknown.exit_code, 3);
  EXPECT_THAT(unknown.error, HasSubstr("no signing key `x`"));
}

TEST_F(TenantVerbTest, ASecretThatIsOverFailsTheCommand) {
  transport_.answer(
      200, R"({"value":[{"appDisplayName":"Connector","endDateTime":"2027-02-01T00:00:00Z","isExpired":false}]})");
  Run soon = run([&] { return list_expiring_secrets(desk_, 30); });
  EXPECT_EQ(soon.exit_code, 0);
  EXPECT_THAT(soon.out, HasSubstr("Connector"));
  EXPECT_THAT(asked(0), HasSubstr("expiringCredentials?days=30 "));
  transport_.answer(200, R"({"value":[{"appDisplayName":"Connector","isExpired":true}]})");
  EXPECT_EQ(run([&] { return list_expiring_secrets(desk_, 30); }).exit_code, 1);
  transport_.answer(200, R"({"value":[]})");
  EXPECT_THAT(run([&] { return list_expiring_secrets(desk_, 30); }).out, HasSubstr("no secret"));
}

TEST_F(TenantVerbTest, DuplicatesAreShownMacByMac) {
  transport_.answer(200, R"({"value":[{"physicalId":"[SerialNumber]:C02","devices":[
      {"deviceId":"d-2","displayName":"Ada\u001b[2J","isCompliant":true},{"deviceId":"d-1","isCompliant":false}]}]})");
  Run shown = run([&] { return list_duplicate_devices(desk_); });
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(shown.out, HasSubstr("[SerialNumber]:C02"));
  EXPECT_THAT(shown.out, HasSubstr("d-1"));
  EXPECT_THAT(shown.out, HasSubstr("Ada?[2J"));
  transport_.answer(200, R"({"value":[]})");
  EXPECT_THAT(run([&] { return list_duplicate_devices(desk_); }).out, HasSubstr("once"));
}

TEST_F(TenantVerbTest, ASecondFactorIsResetByName) {
  transport_.answer(204, "");
  EXPECT_EQ(run([&] { return reset_second_factor(desk_, "ada@contoso.example"); }).exit_code, 0);
  EXPECT_EQ(asked(0),
            "DELETE https://login.example/contoso.example/wardbridge/users/ada%40contoso.example/secondFactor ");
  transport_.answer(403, R"({"error":"insufficient_scope","error_description":"this needs the permission `x`"})");
  EXPECT_EQ(run([&] { return reset_second_factor(desk_, "ada"); }).exit_code, 1);
}

}  // namespace
}  // namespace wardbridge::cli
