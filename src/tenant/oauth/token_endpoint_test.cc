#include "tenant/directory/consent.h"
#include "tenant/directory/credentials.h"
#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class TokenEndpoint : public OAuthTest {
 protected:
  static text::Form connector_asks() {
    return {{"grant_type", "client_credentials"},
            {"client_id", kConnector.value},
            {"client_secret", kSecret},
            {"scope", "https://api.manage.microsoft.com//.default"}};
  }
};

TEST_F(TokenEndpoint, ClientCredentialsGiveATokenWithTheGrantedRoles) {
  http::Response response = token(connector_asks());
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.headers.get("Cache-Control"), "no-store");
  const json::Object body = object_of(response);
  EXPECT_EQ(json::text_at(body, "token_type"), "Bearer");
  EXPECT_EQ(body.at("expires_in"), 3599);
  EXPECT_FALSE(body.contains("refresh_token"));
  auto caller = tokens_.verify(kContoso, *json::text_at(body, "access_token"), directory::kIntuneApiAppId, kNow);
  ASSERT_TRUE(caller.ok()) << caller.failure().message;
  EXPECT_TRUE(caller->is_application);
  EXPECT_EQ(caller->client, kConnector);
  EXPECT_THAT(caller->roles, ElementsAre("update_device_attributes"));
}

TEST_F(TokenEndpoint, WhatIsKnownIsAnsweredAtOnceAndEveryChangeShowsInTheNextToken) {
  auto roles = [&] {
    http::Response response = token(connector_asks());
    EXPECT_EQ(response.status, 200) << response.body;
    return tokens_
        .verify(kContoso, *json::text_at(object_of(response), "access_token"), directory::kIntuneApiAppId, now_)
        ->roles;
  };
  roles();  // makes the signing key, which is a write
  roles();
  EXPECT_FALSE(was_prompt_);
  EXPECT_THAT(roles(), ElementsAre("update_device_attributes"));
  EXPECT_TRUE(was_prompt_);
  EXPECT_EQ(number_of(token(with(connector_asks(), "client_secret", "wrong"))), 7000215);
  EXPECT_TRUE(was_prompt_);
  EXPECT_EQ(number_of(token(with(connector_asks(), "client_id", "aaaaaaaa-0000-4000-8000-00000000ffff"))), 700016);
  EXPECT_TRUE(was_prompt_) << "an unknown client takes the same way as a wrong secret";

  auto change = [&](auto body) {
    Status status = store_->write(body);
    ASSERT_TRUE(status.ok()) << status.failure().message;
  };
  change([](store::Transaction& tx) {
    return directory::withdraw_app_role(
        tx, kContoso, kConnector, directory::kIntuneApiAppId,
        *tokens::first_party_role(directory::kIntuneApiAppId, "update_device_attributes"), {}, kNow);
  });
  EXPECT_THAT(roles(), ElementsAre());
  change([](store::Transaction& tx) {
    return directory::remove_credential(tx, kContoso, kConnector, "live", directory::Credential::Kind::secret, {},
                                        kNow);
  });
  EXPECT_EQ(number_of(token(connector_asks())), 7000215);
  change([](store::Transaction& tx) {
    return directory::enable_service_principal(tx, kContoso, kConnector, false, {}, kNow);
  });
  EXPECT_EQ(token(connector_asks()).status, 400);
  // A key that was rotated signs no more.
  ASSERT_TRUE(tokens_.rotate_key(kContoso, {}, now_, {.withdraws_old = true}).ok());
  token(with(connector_asks(), "client_id", kPortal.value));
  EXPECT_FALSE(was_prompt_);
}

TEST_F(TokenEndpoint, ASecretEndsWithItsTimeAlsoInMemory) {
  Status added = store_->write(
      [](store::Transaction& tx) { return add_secret(tx, kConnector, "short", "soon", kNow + seconds{2}); });
  ASSERT_TRUE(added.ok());
  const auto form = with(connector_asks(), "client_secret", "soon");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(token(form).status, 200);
  now_ = kNow + seconds{1};
  EXPECT_EQ(token(form).status, 200);
  EXPECT_TRUE(was_prompt_);
  now_ = kNow + seconds{2};
  EXPECT_EQ(number_of(token(form)), 7000222);
  EXPECT_TRUE(was_prompt_);
}

TEST_F(TokenEndpoint, VersionOneSpeaksInStringsAndNamesTheResource) {
  auto form = with(with(connector_asks(), "scope", ""), "resource", "https://api.manage.microsoft.com");
  http::Response response = token(form, {}, "/" + kContoso.value + "/oauth2/token");
  ASSERT_EQ(response.status, 200) << response.body;
  const json::Object body = object_of(response);
  EXPECT_EQ(json::text_at(body, "expires_in"), "3599");
  EXPECT_EQ(json::text_at(body, "not_before"), std::to_string(to_unix_seconds(kNow)));
  EXPECT_EQ(json::text_at(body, "resource"), "https://api.manage.microsoft.com/");
  auto claims = crypto::peek_jws(*json::text_at(body, "access_token"))->claims;
  EXPECT_EQ(json::text_at(claims, "aud"), "https://api.manage.microsoft.com/");
  EXPECT_TRUE(tokens_.verify(kContoso, *json::text_at(body, "access_token"), directory::kIntuneApiAppId, kNow).ok());
}

TEST_F(TokenEndpoint, TheSecretMayTravelAsBasicCredentials) {
  auto form = with(with(connector_asks(), "client_secret", ""), "client_id", "");
  auto basic = [&](const std::string& user, const std::string& password) {
    return http::Headers{{"Authorization", "Basic " + text::to_base64(user + ":" + password)}};
  };
  EXPECT_EQ(token(form, basic(kConnector.value, kSecret)).status, 200);
  EXPECT_EQ(number_of(token(form, basic(kConnector.value, "wrong"))), 7000215);
  EXPECT_EQ(number_of(token(connector_asks(), basic(kConnector.value, kSecret))), 9002313);
  EXPECT_EQ(number_of(token(with(form, "client_id", kPortal.value), basic(kConnector.value, kSecret))), 9002313);
}

TEST_F(TokenEndpoint, BadClientsAndRequestsGetTheirOwnNumbers) {
  struct Case {
    const char* name;
    const char* value;
    int status;
    std::int64_t number;
    const char* error;
  };
  for (const Case& c : {
           Case{"client_secret", "wrong", 401, 7000215, "invalid_client"},
           Case{"client_secret", "an-expired-secret", 401, 7000222, "invalid_client"},
           Case{"client_secret", "", 401, 7000218, "invalid_client"},
           Case{"client_id", "", 400, 900144, "invalid_request"},
           Case{"client_id", "aaaaaaaa-0000-4000-8000-00000000ffff", 400, 700016, "unauthorized_client"},
           Case{"client_id", "' OR 1=1", 400, 700016, "unauthorized_client"},
           Case{"grant_type", "", 400, 900144, "invalid_request"},
           Case{"grant_type", "password", 400, 70003, "unsupported_grant_type"},
           Case{"scope", "", 400, 900144, "invalid_request"},
           Case{"scope", "https://api.manage.microsoft.com//Device.Read", 400, 70011, "invalid_scope"},
           Case{"scope", "https://graph.microsoft.com/.default https://api.manage.microsoft.com//.default", 400, 70011,
                "invalid_scope"},
           Case{"scope", ".default", 400, 70011, "invalid_scope"},
           Case{"scope", "https://nothing.example/.default", 400, 500011, "invalid_resource"},
       }) {
    http::Response response = token(with(connector_asks(), c.name, c.value));
    const json::Object body = object_of(response);
    EXPECT_EQ(response.status, c.status) << c.name << "=" << c.value;
    EXPECT_EQ(number_of(response), c.number) << c.name << "=" << c.value;
    EXPECT_EQ(json::text_at(body, "error"), c.error) << c.name << "=" << c.value;
    EXPECT_EQ(body.at("error_codes"), json::Value(json::Array{c.number}));
  }
}

TEST_F(TokenEndpoint, ErrorBodiesTieTheAnswerToTheLogs) {
  const std::string correlation = "88888888-8888-4888-8888-888888888888";
  http::Response response =
      token(with(connector_asks(), "client_secret", "wrong"), {{"client-request-id", correlation}});
  const json::Object body = object_of(response);
  EXPECT_EQ(json::text_at(body, "timestamp"), "2026-11-23 12:00:00Z");
  EXPECT_EQ(json::text_at(body, "trace_id"), "77777777-7777-4777-8777-777777777777");
  EXPECT_EQ(json::text_at(body, "correlation_id"), correlation);
  EXPECT_THAT(std::string(*json::text_at(body, "error_description")),
              StartsWith("AADSTS7000215: Invalid client secret"));
  EXPECT_THAT(std::string(*json::text_at(body, "error_description")),
              HasSubstr("\r\nCorrelation ID: " + correlation + "\r\nTimestamp: 2026-11-23 12:00:00Z"));
  EXPECT_THAT(response.body, testing::Not(HasSubstr(kSecret)));
  // Only a GUID is echoed.
  response = token(with(connector_asks(), "scope", ""), {{"client-request-id", "<script>"}});
  EXPECT_TRUE(text::is_guid(*json::text_at(object_of(response), "correlation_id")));
}

TEST_F(TokenEndpoint, DuplicateParametersAndOtherBodiesAreRefused) {
  auto form = connector_asks();
  form.emplace_back("scope", "https://graph.microsoft.com/.default");
  EXPECT_EQ(number_of(token(form)), 9002313);
  EXPECT_EQ(number_of(send("POST", "/contoso.example/oauth2/v2.0/token", {{"Content-Type", "application/json"}}, "{}")),
            9002313);
  EXPECT_EQ(number_of(send("POST", "/contoso.example/oauth2/v2.0/token", {}, "grant_type=%zz")), 9002313);
}

TEST_F(TokenEndpoint, TenantsDoNotMix) {
  EXPECT_EQ(number_of(token(connector_asks(), {}, "/nobody.example/oauth2/v2.0/token")), 90002);
  EXPECT_EQ(number_of(token(connector_asks(), {}, "/common/oauth2/v2.0/token")), 50059);
  EXPECT_EQ(number_of(token(connector_asks(), {}, "/fabrikam.example/oauth2/v2.0/token")), 700016);
}

TEST_F(TokenEndpoint, ATokenIsIssuedWithoutRolesWhenNoneWereGranted) {
  http::Response response = token(with(connector_asks(), "scope", "https://graph.microsoft.com/.default"));
  ASSERT_EQ(response.status, 200);
  auto caller =
      tokens_.verify(kContoso, *json::text_at(object_of(response), "access_token"), directory::kGraphAppId, kNow);
  ASSERT_TRUE(caller.ok());
  EXPECT_FALSE(caller->may("Directory.Read.All"));
}

TEST_F(TokenEndpoint, MetadataLeadsToEverythingElse) {
  for (const char* path : {"/contoso.example/v2.0/.well-known/openid-configuration",
                           "/contoso.example/.well-known/openid-configuration"}) {
    const json::Object document = object_of(send("GET", path));
    const auto issued = object_of(token(connector_asks()));
    const std::string issuer(*json::text_at(document, "issuer"));
    EXPECT_THAT(issuer, StartsWith(kBase + "/" + kContoso.value + "/"));
    http::Response keys = send("GET", std::string(*json::text_at(document, "jwks_uri")));
    ASSERT_EQ(keys.status, 200);
    const json::Object set = object_of(keys);
    auto key = crypto::Key::from_jwk(set.at("keys").as_array().at(0).as_object(), crypto::Algorithm::RS256);
    EXPECT_TRUE(crypto::verify_jws(*json::text_at(issued, "access_token"), *key).ok());
    // The endpoints that it names exist: they answer about the request, not with 404.
    EXPECT_EQ(send("POST", std::string(*json::text_at(document, "token_endpoint"))).status, 400);
    EXPECT_EQ(send("GET", std::string(*json::text_at(document, "authorization_endpoint"))).status, 400);
    EXPECT_EQ(send("GET", std::string(*json::text_at(document, "end_session_endpoint"))).status, 200);
  }
  EXPECT_EQ(number_of(send("GET", "/nobody.example/v2.0/.well-known/openid-configuration")), 90002);
}

TEST_F(TokenEndpoint, InstanceDiscoveryKnowsOnlyThisHost) {
  auto ask = [&](const std::string& endpoint) {
    return send("GET",
                "/common/discovery/instance?api-version=1.1&authorization_endpoint=" + text::percent_encode(endpoint));
  };
  const json::Object known = object_of(ask(kBase + "/contoso.example/oauth2/v2.0/authorize"));
  EXPECT_EQ(json::text_at(known, "tenant_discovery_endpoint"),
            kBase + "/" + kContoso.value + "/v2.0/.well-known/openid-configuration");
  EXPECT_EQ(number_of(ask("https://login.evil.example/contoso.example/oauth2/v2.0/authorize")), 50049);
  EXPECT_EQ(number_of(ask(kBase + ".evil.example/contoso.example/oauth2/v2.0/authorize")), 50049);
}

}  // namespace
}  // namespace wardbridge::oauth
