#include "tenant/directory/consent.h"

#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const directory::AppId kForeign{"aaaaaaaa-0000-4000-8000-000000000009"};  // registered in Fabrikam, for any tenant

class Consent : public OAuthTest {
 protected:
  Consent() {
    Status filled = store_->write([&](store::Transaction& tx) -> Status {
      directory::Application foreign{.id = {entropy_.guid()},
                                     .app_id = kForeign,
                                     .display_name = "Fleet tool",
                                     .sign_in_audience = "AzureADMultipleOrgs",
                                     .web_redirect_uris = {"https://fleet.example/consented"}};
      foreign.required = {{directory::kIntuneApiAppId,
                           *tokens::first_party_role(directory::kIntuneApiAppId, "update_device_attributes"), true},
                          {directory::kGraphAppId, "e1fe6dd8-ba31-4d61-89e7-88639da4683d", false}};
      TRY(directory::create_application(tx, kFabrikam, foreign, {}, kNow));
      return directory::add_credential(
          tx, kFabrikam, kForeign, {.key_id = entropy_.guid(), .secret_hash = crypto::hash_token(kSecret)}, {}, kNow);
    });
    EXPECT_TRUE(filled.ok()) << filled.failure().message;
  }
  void make_administrator() {
    Status made = store_->write(
        [&](store::Transaction& tx) { return directory::add_administrator(tx, kContoso, amina_.id, {}, kNow); });
    ASSERT_TRUE(made.ok());
  }
  std::vector<std::string> scopes_granted(const directory::AppId& client, const directory::AppId& resource) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
          return directory::scopes_for_user(tx, kContoso, client, resource, amina_.id);
        })
        .value();
  }
  std::string last_activity() {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::string> {
          return directory::audit_rows(tx, kContoso, 1).front().entry.action;
        })
        .value();
  }
  static text::Form wants_more() { return with(mac_asks(), "scope", "api://payroll/Pay.Write"); }

  http::Response ask_administrator(const text::Form& form, const std::string& path = "/contoso.example/adminconsent") {
    jar_.clear();
    return send("GET", path + "?" + text::to_form(form));
  }
  static text::Form fleet_asks() {
    return {{"client_id", kForeign.value}, {"redirect_uri", "https://fleet.example/consented"}, {"state", "12345"}};
  }
  text::Form fleet_credentials() {
    return {{"grant_type", "client_credentials"},
            {"client_id", kForeign.value},
            {"client_secret", kSecret},
            {"scope", "https://api.manage.microsoft.com//.default"}};
  }
};

TEST_F(Consent, APersonIsAskedOnceAndItShowsInTheAuditLog) {
  http::Response page = log_in(authorize(wants_more()));
  EXPECT_THAT(page.body, HasSubstr("Pay.Write of Payroll"));
  EXPECT_THAT(page.body, Not(HasSubstr("everyone")));
  http::Response redirect = answer_form(page, {{"choice", "accept"}});
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_EQ(last_activity(), "Consent to application");
  const json::Object body = object_of(token(redemption(answer_member(redirect, "code"))));
  EXPECT_THAT(tokens_.verify(kContoso, *json::text_at(body, "access_token"), kPayroll, kNow)->scopes,
              ElementsAre("Pay.Write"));
  EXPECT_EQ(authorize_again(wants_more()).status, 303);
  // Taken back, it is asked for again.
  Status revoked = store_->write([&](store::Transaction& tx) {
    return directory::withdraw_scopes(tx, kContoso, kPayrollMac, kPayroll, amina_.id, {}, kNow);
  });
  ASSERT_TRUE(revoked.ok());
  EXPECT_EQ(authorize_again(wants_more()).status, 200);
}

TEST_F(Consent, WhoDeclinesGoesBackWithAnError) {
  http::Response redirect = answer_form(log_in(authorize(wants_more())), {{"choice", "cancel"}});
  EXPECT_EQ(redirect.status, 303);
  EXPECT_EQ(answer_member(redirect, "error"), "access_denied");
  EXPECT_EQ(number_of(redirect), 65004);
  EXPECT_THAT(scopes_granted(kPayrollMac, kPayroll), ElementsAre("Pay.Read"));
}

TEST_F(Consent, OnlyAnAdministratorGrantsWhatReachesFurther) {
  const text::Form asks = with(mac_asks(), "scope", "Directory.Read.All");
  http::Response refused = log_in(authorize(asks));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(number_of(refused), 90094);
  EXPECT_THAT(refused.body, HasSubstr("Ask an administrator"));
  // The person can't reach it by answering a page that was for something else.
  http::Response page = log_in(authorize(wants_more()));
  EXPECT_EQ(number_of(answer_form(page, {{"choice", "all"}})), 90094);

  make_administrator();
  page = log_in(authorize(asks));
  EXPECT_THAT(page.body, HasSubstr("Accept for everyone"));
  EXPECT_EQ(answer_form(page, {{"choice", "all"}}).status, 303);
  EXPECT_THAT(scopes_granted(kPayrollMac, directory::kGraphAppId), ElementsAre("Directory.Read.All"));
}

TEST_F(Consent, PromptConsentAsksAgain) {
  http::Response page = log_in(authorize(with(mac_asks(), "prompt", "consent")));
  EXPECT_THAT(page.body, HasSubstr("Permissions requested"));
  EXPECT_EQ(answer_form(page, {{"choice", "accept"}}).status, 303);
}

TEST_F(Consent, AnAdministratorsConsentMakesTheEnterpriseApplicationWithItsPermissions) {
  EXPECT_EQ(number_of(token(fleet_credentials())), 700016);
  make_administrator();
  http::Response page = log_in(ask_administrator(fleet_asks()));
  EXPECT_THAT(page.body, HasSubstr("update_device_attributes of Microsoft Intune API, by itself"));
  EXPECT_THAT(page.body, HasSubstr("User.Read of Microsoft Graph"));
  EXPECT_EQ(number_of(token(fleet_credentials())), 700016) << "nothing before the answer";
  http::Response redirect = answer_form(page, {{"choice", "accept"}});
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_THAT(std::string(*redirect.headers.get("Location")), StartsWith("https://fleet.example/consented?"));
  EXPECT_EQ(answer_member(redirect, "admin_consent"), "True");
  EXPECT_EQ(answer_member(redirect, "tenant"), kContoso.value);
  EXPECT_EQ(answer_member(redirect, "state"), "12345");

  // Its credentials are those of its home.
  http::Response response = token(fleet_credentials());
  ASSERT_EQ(response.status, 200) << response.body;
  auto caller =
      tokens_.verify(kContoso, *json::text_at(object_of(response), "access_token"), directory::kIntuneApiAppId, kNow);
  EXPECT_THAT(caller->roles, ElementsAre("update_device_attributes"));
  EXPECT_THAT(scopes_granted(kForeign, directory::kGraphAppId), ElementsAre("User.Read"));

  // A permission that is taken back is not in the next token.
  Status revoked = store_->write([&](store::Transaction& tx) {
    return directory::withdraw_app_role(
        tx, kContoso, kForeign, directory::kIntuneApiAppId,
        *tokens::first_party_role(directory::kIntuneApiAppId, "update_device_attributes"), {}, kNow);
  });
  ASSERT_TRUE(revoked.ok());
  response = token(fleet_credentials());
  caller =
      tokens_.verify(kContoso, *json::text_at(object_of(response), "access_token"), directory::kIntuneApiAppId, kNow);
  EXPECT_TRUE(caller->roles.empty());
  EXPECT_EQ(last_activity(), "Remove app role assignment from service principal");
}

TEST_F(Consent, NobodyElseConsentsForEveryone) {
  http::Response refused = log_in(ask_administrator(fleet_asks()));
  EXPECT_EQ(refused.status, 303);
  EXPECT_EQ(answer_member(refused, "error"), "permission_denied");
  EXPECT_EQ(number_of(refused), 90093);
  make_administrator();
  refused = answer_form(log_in(ask_administrator(fleet_asks())), {{"choice", "cancel"}});
  EXPECT_EQ(answer_member(refused, "error"), "permission_denied");
  EXPECT_EQ(number_of(token(fleet_credentials())), 700016);
}

TEST_F(Consent, BadRequestsForConsentStayHere) {
  for (const auto& [name, value, number] : {std::tuple{"client_id", kContoso.value.c_str(), 700016},
                                            {"client_id", "", 900144},
                                            {"redirect_uri", "https://evil.example/", 50011},
                                            {"redirect_uri", "", 900144}}) {
    http::Response refused = ask_administrator(with(fleet_asks(), name, value));
    EXPECT_EQ(number_of(refused), number) << name;
    EXPECT_FALSE(refused.headers.get("Location"));
  }
  // An application that declares nothing has nothing to be granted.
  EXPECT_EQ(
      number_of(ask_administrator({{"client_id", kPortal.value}, {"redirect_uri", "https://portal.example/done?x=1"}})),
      65005);
  const text::Form scoped = with(fleet_asks(), "scope", "Made.Up");
  EXPECT_EQ(number_of(ask_administrator(scoped, "/contoso.example/v2.0/adminconsent")), 70011);
}

TEST_F(Consent, CommonIsForApplicationsOfSeveralTenants) {
  EXPECT_EQ(number_of(authorize(mac_asks(), "/common/oauth2/v2.0/authorize")), 50194);
  make_administrator();
  answer_form(log_in(ask_administrator(fleet_asks())), {{"choice", "accept"}});
  text::Form asks =
      with(with(mac_asks(), "client_id", kForeign.value), "redirect_uri", "https://fleet.example/consented");
  asks = with(asks, "scope", "User.Read");
  http::Response which = authorize(asks, "/common/oauth2/v2.0/authorize");
  EXPECT_THAT(which.body, HasSubstr("name=\"login_hint\""));
  http::Response page =
      authorize(with(asks, "login_hint", "amina@contoso.example"), "/organizations/oauth2/v2.0/authorize");
  http::Response redirect = log_in(page);
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_EQ(answer_member(redirect, "iss"), kBase + "/" + kContoso.value + "/v2.0");
  text::Form form = with(with(redemption(answer_member(redirect, "code")), "client_id", kForeign.value), "redirect_uri",
                         "https://fleet.example/consented");
  EXPECT_EQ(token(with(form, "client_secret", kSecret), {}, "/common/oauth2/v2.0/token").status, 200);
  EXPECT_EQ(number_of(authorize(with(asks, "domain_hint", "nobody.example"), "/common/oauth2/v2.0/authorize")), 90002);
}

}  // namespace
}  // namespace wardbridge::oauth
