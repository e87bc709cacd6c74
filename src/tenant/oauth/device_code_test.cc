#include "tenant/oauth/device_codes.h"
#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

const directory::AppId kTerminal{"aaaaaaaa-0000-4000-8000-000000000010"};

class DeviceCodeFlow : public OAuthTest {
 protected:
  DeviceCodeFlow() {
    Status added = store_->write([&](store::Transaction& tx) -> Status {
      TRY(add(tx,
              {.app_id = kTerminal, .display_name = "Terminal", .is_public_client = true, .allows_device_code = true}));
      return directory::grant_scopes(tx, kContoso, kTerminal, kPayroll, "Pay.Read", {}, kNow);
    });
    EXPECT_TRUE(added.ok());
  }

  http::Response begin_on_device(const directory::AppId& client = kTerminal,
                                 const std::string& scope = "api://payroll/Pay.Read openid offline_access") {
    address_ = "198.51.100.4";
    http::Response response = send("POST", "/contoso.example/oauth2/v2.0/devicecode", {},
                                   text::to_form({{"client_id", client.value}, {"scope", scope}}));
    address_ = "192.0.2.7";
    return response;
  }
  http::Response poll(const std::string& device_code) {
    return token({{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                  {"client_id", kTerminal.value},
                  {"device_code", device_code}});
  }
  std::string poll_error(const std::string& device_code) {
    return std::string(json::text_at(object_of(poll(device_code)), "error").value_or("none"));
  }
  http::Response type_code(const std::string& user_code) {
    jar_.clear();
    return send("POST", "/contoso.example/oauth2/deviceauth", {}, text::to_form({{"user_code", user_code}}));
  }
};

TEST_F(DeviceCodeFlow, APersonSignsADeviceInAfterSeeingWhatItIs) {
  const json::Object begun = object_of(begin_on_device());
  const std::string device_code(*json::text_at(begun, "device_code"));
  const std::string user_code(*json::text_at(begun, "user_code"));
  EXPECT_THAT(user_code, MatchesRegex("[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}"));
  EXPECT_EQ(json::integer_at(begun, "interval"), 5);
  EXPECT_EQ(json::integer_at(begun, "expires_in"), 900);
  EXPECT_FALSE(begun.contains("verification_uri_complete"));
  EXPECT_THAT(std::string(*json::text_at(begun, "message")), HasSubstr(user_code));
  EXPECT_EQ(send("GET", std::string(*json::text_at(begun, "verification_uri"))).status, 200);
  EXPECT_EQ(poll_error(device_code), "authorization_pending");

  http::Response page = type_code(text::lower(user_code));
  EXPECT_THAT(page.body, HasSubstr("Terminal"));
  page = log_in(page);
  EXPECT_THAT(page.body, HasSubstr("198.51.100.4"));
  EXPECT_THAT(page.body, HasSubstr("api://payroll/Pay.Read"));
  EXPECT_THAT(page.body, HasSubstr("to Terminal"));
  now_ = kNow + seconds{10};
  EXPECT_EQ(poll_error(device_code), "authorization_pending") << "the password alone approves nothing";
  EXPECT_THAT(answer_form(page, {{"choice", "accept"}}).body, HasSubstr("You are signed in"));
  now_ = kNow + seconds{20};
  http::Response response = poll(device_code);
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Object body = object_of(response);
  auto caller = tokens_.verify(kContoso, *json::text_at(body, "access_token"), kPayroll, now_);
  EXPECT_EQ(caller->subject, amina_.id);
  EXPECT_TRUE(body.contains("refresh_token"));
  EXPECT_TRUE(body.contains("id_token"));
  now_ = kNow + seconds{30};
  EXPECT_EQ(number_of(poll(device_code)), 70018) << "redeemed once";
  EXPECT_EQ(number_of(type_code(user_code)), 90119);
}

TEST_F(DeviceCodeFlow, PollingTooFastIsSlowedDown) {
  const std::string device_code(*json::text_at(object_of(begin_on_device()), "device_code"));
  EXPECT_EQ(poll_error(device_code), "authorization_pending");
  now_ = kNow + seconds{4};
  EXPECT_EQ(poll_error(device_code), "slow_down");
  now_ = kNow + seconds{13};
  EXPECT_EQ(poll_error(device_code), "slow_down") << "ten seconds now";
  now_ = kNow + seconds{28};
  EXPECT_EQ(poll_error(device_code), "authorization_pending");
}

TEST_F(DeviceCodeFlow, ACodeExpiresAndCanBeDeclined) {
  json::Object begun = object_of(begin_on_device());
  now_ = kNow + kDeviceCodeLifetime;
  EXPECT_EQ(poll_error(std::string(*json::text_at(begun, "device_code"))), "expired_token");
  EXPECT_EQ(number_of(type_code(std::string(*json::text_at(begun, "user_code")))), 90119);
  begun = object_of(begin_on_device());
  http::Response page = log_in(type_code(std::string(*json::text_at(begun, "user_code"))));
  answer_form(page, {{"choice", "cancel"}});
  EXPECT_EQ(poll_error(std::string(*json::text_at(begun, "device_code"))), "authorization_declined");
  EXPECT_EQ(poll_error("made-up"), "bad_verification_code");
}

TEST_F(DeviceCodeFlow, IsOffUnlessAllowedAndNeverForRegistrationOrAdministration) {
  EXPECT_EQ(json::text_at(object_of(begin_on_device(kPayrollMac)), "error"), "unauthorized_client");
  for (const char* scope : {"01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9/.default", "Directory.Read.All",
                            "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9/adrs_access"})
    EXPECT_NE(begin_on_device(kTerminal, scope).status, 200) << scope;
  EXPECT_EQ(json::text_at(object_of(begin_on_device(kTerminal, "Directory.Read.All")), "error"), "invalid_scope");
  EXPECT_EQ(begin_on_device(kTerminal, "User.Read openid").status, 200);
}

TEST_F(DeviceCodeFlow, ADeviceIsNeverProvedInIt) {
  require_compliant_devices();
  const json::Object begun = object_of(begin_on_device());
  http::Response page = type_code(std::string(*json::text_at(begun, "user_code")));
  // Also by a browser that could prove one.
  EXPECT_EQ(number_of(log_in(page, kPassword, prover())), 50097);
}

TEST_F(DeviceCodeFlow, UserCodesCannotBeGuessed) {
  for (int guess = 0; guess < 10; ++guess) EXPECT_EQ(number_of(type_code("BBBB-BBBB")), 90119);
  const std::string right(*json::text_at(object_of(begin_on_device()), "user_code"));
  EXPECT_EQ(number_of(type_code(right)), 50053);
  address_ = "192.0.2.8";
  EXPECT_EQ(type_code(right).status, 200) << "others are not held up";
}

TEST_F(DeviceCodeFlow, VersionOneHasItsOwnNames) {
  http::Response response = send("POST", "/contoso.example/oauth2/devicecode", {},
                                 text::to_form({{"client_id", kTerminal.value}, {"resource", "api://payroll"}}));
  const json::Object begun = object_of(response);
  EXPECT_EQ(json::text_at(begun, "interval"), "5");
  EXPECT_TRUE(begun.contains("verification_url"));
  http::Response page = log_in(type_code(std::string(*json::text_at(begun, "user_code"))));
  answer_form(page, {{"choice", "accept"}});
  response = token({{"grant_type", "device_code"},
                    {"client_id", kTerminal.value},
                    {"code", std::string(*json::text_at(begun, "device_code"))}},
                   {}, "/contoso.example/oauth2/token");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(json::text_at(object_of(response), "resource"), "api://payroll");
}

}  // namespace
}  // namespace wardbridge::oauth
