#include "tenant/tokens/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "support/empty_store.h"
#include "tenant/tokens/signing_keys.h"
#include "tenant/tokens/verified_tokens.h"

namespace wardbridge::tokens {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const Time kNow = parse_iso8601("2026-11-23T12:00:00Z").value();
const std::string kBase = "https://login.example:8443";
const directory::TenantId kContoso{"11111111-1111-4111-8111-111111111111"};
const directory::TenantId kFabrikam{"22222222-2222-4222-8222-222222222222"};

class TokensTest : public testing::Test {
 protected:
  TokensTest() : store_(test_support::empty_store()) {
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    Status filled = store_->write([&](store::Transaction& tx) -> Status {
      for (const auto& tenant : {kContoso, kFabrikam}) {
        TRY(directory::create_tenant(tx, {tenant, "Tenant", {tenant.value.substr(0, 4) + ".example"}, kNow}));
        TRY(bootstrap_first_party(tx, tenant, kBase, entropy_, {}, kNow));
      }
      return done();
    });
    EXPECT_TRUE(filled.ok()) << filled.failure().message;
  }

  static AccessToken application_token() {
    return {.audience = directory::kIntuneApiAppId.value,
            .client = {"b03c10a8-71c7-45f9-b44a-3335ab76e970"},
            .client_name = "Connector",
            .client_proof = ClientProof::secret,
            .service_principal = {"33333333-3333-4333-8333-333333333333"},
            .roles = {"update_device_attributes"}};
  }

  static directory::User amina() {
    return {.id = {"44444444-4444-4444-8444-444444444444"},
            .user_principal_name = "amina@contoso.example",
            .display_name = "Amina Diallo"};
  }

  std::string issued(const AccessToken& token, const directory::TenantId& tenant = kContoso) {
    auto issued = authority_.issue(tenant, token, kNow);
    EXPECT_TRUE(issued.ok());
    return issued.value_or("");
  }

  std::string refusal(std::string_view token, const directory::TenantId& tenant = kContoso, Time now = kNow,
                      const directory::AppId& audience = directory::kIntuneApiAppId) {
    auto caller = authority_.verify(tenant, token, audience, now);
    if (caller.ok()) return "believed";
    EXPECT_EQ(caller.failure().code, Code::unauthenticated);
    return caller.failure().reason;
  }

  // The token with other claims or another header, signed by the tenant's own key: what only a bug here could make.
  std::string altered(const std::string& token,
                      const std::function<void(json::Object& header, json::Object& claims)>& by) {
    auto parts = crypto::peek_jws(token).value();
    SigningKeys keys(*store_, sealer_, entropy_);
    auto key = keys.active(kContoso, kNow).value();
    by(parts.header, parts.claims);
    return crypto::sign_jws(parts.header, parts.claims, key.key);
  }

  SeededEntropy entropy_{7};
  crypto::Sealer sealer_{std::string(32, 'k')};
  std::unique_ptr<store::Store> store_;
  Authority authority_{*store_, sealer_, entropy_, kBase};
};

TEST_F(TokensTest, AnApplicationTokenCarriesMicrosoftsClaims) {
  auto parts = crypto::peek_jws(issued(application_token())).value();
  EXPECT_EQ(json::text_at(parts.header, "typ"), "JWT");
  EXPECT_EQ(json::text_at(parts.header, "alg"), "RS256");
  EXPECT_EQ(json::text_at(parts.claims, "iss"), kBase + "/" + kContoso.value + "/v2.0");
  EXPECT_EQ(json::text_at(parts.claims, "azp"), "b03c10a8-71c7-45f9-b44a-3335ab76e970");
  EXPECT_EQ(json::text_at(parts.claims, "azpacr"), "1");
  EXPECT_EQ(json::text_at(parts.claims, "ver"), "2.0");
  EXPECT_EQ(json::text_at(parts.claims, "oid"), json::text_at(parts.claims, "sub"));
  EXPECT_EQ(json::integer_at(parts.claims, "exp"), to_unix_seconds(kNow) + 3600);
  EXPECT_FALSE(parts.claims.contains("scp"));
  EXPECT_FALSE(parts.claims.contains("deviceid"));
}

TEST_F(TokensTest, VersionOneNamesTheClientAndTheAudienceInItsOwnWay) {
  AccessToken token = application_token();
  token.version = Version::v1;
  token.audience = "https://api.manage.microsoft.com/";
  const std::string text = issued(token);
  auto parts = crypto::peek_jws(text).value();
  EXPECT_EQ(json::text_at(parts.claims, "iss"), kBase + "/" + kContoso.value + "/");
  EXPECT_EQ(json::text_at(parts.claims, "appidacr"), "1");
  EXPECT_EQ(json::text_at(parts.header, "x5t"), json::text_at(parts.header, "kid"));
  EXPECT_EQ(refusal(text), "believed");
}

TEST_F(TokensTest, VerifyTellsWhoCalls) {
  Caller application =
      authority_.verify(kContoso, issued(application_token()), directory::kIntuneApiAppId, kNow).value();
  EXPECT_TRUE(application.is_application);
  EXPECT_EQ(application.name, "Connector");
  EXPECT_TRUE(application.may("update_device_attributes"));
  EXPECT_FALSE(application.may("get_device_compliance"));

  AccessToken token = application_token();
  token.user = amina();
  token.roles.clear();
  token.scopes = {"User.Read", "Device.Read.All"};
  token.device = directory::DeviceId{"55555555-5555-4555-8555-555555555555"};
  token.authenticated = kNow - minutes{2};
  Caller user = authority_.verify(kContoso, issued(token), directory::kIntuneApiAppId, kNow).value();
  EXPECT_FALSE(user.is_application);
  EXPECT_EQ(user.subject, amina().id);
  EXPECT_THAT(user.scopes, ElementsAre("User.Read", "Device.Read.All"));
  EXPECT_EQ(user.device, token.device);
  EXPECT_EQ(user.authenticated, kNow - minutes{2});
}

TEST_F(TokensTest, ExpiredAndFutureTokensAreRefusedAlsoFromMemory) {
  const std::string token = issued(application_token());
  EXPECT_EQ(refusal(token), "believed");
  EXPECT_EQ(refusal(token, kContoso, kNow + kTokenLifetime - seconds{1}), "believed");
  EXPECT_EQ(refusal(token, kContoso, kNow + kTokenLifetime), "token_expired");
  EXPECT_EQ(refusal(issued(application_token()), kContoso, kNow - minutes{6}), "token_not_yet_valid");
}

TEST_F(TokensTest, AnotherResourceOrTenantDoesNotBelieveIt) {
  const std::string token = issued(application_token());
  EXPECT_EQ(refusal(token), "believed");
  EXPECT_EQ(refusal(token, kContoso, kNow, directory::kGraphAppId), "wrong_audience");
  EXPECT_EQ(refusal(token, kFabrikam), "wrong_tenant");
}

TEST_F(TokensTest, AForeignTenantsKeyDoesNotSignForThisOne) {
  // Fabrikam's key is real and active, and the claims are Contoso's: only the lookup inside the tenant can tell.
  SigningKeys keys(*store_, sealer_, entropy_);
  auto foreign = keys.active(kFabrikam, kNow).value();
  auto claims = crypto::peek_jws(issued(application_token())).value().claims;
  EXPECT_EQ(refusal(crypto::sign_jws({{"typ", "JWT"}, {"kid", foreign.id}}, claims, foreign.key)), "unknown_key");

  auto own = keys.active(kContoso, kNow).value();
  EXPECT_EQ(refusal(crypto::sign_jws({{"typ", "JWT"}, {"kid", own.id}}, claims, foreign.key)), "bad_signature");
}

TEST_F(TokensTest, AlgorithmsAndHeadersCannotBeConfused) {
  const std::string token = issued(application_token());
  const auto parts = crypto::peek_jws(token).value();
  const std::string kid(*json::text_at(parts.header, "kid"));
  auto unsigned_part = [&](json::Object header) {
    header["kid"] = kid;
    header["typ"] = "JWT";
    return text::to_base64url(json::to_text(header)) + "." + text::to_base64url(json::to_text(parts.claims));
  };
  EXPECT_EQ(refusal(unsigned_part({{"alg", "none"}}) + "."), "bad_signature");

  // The classic: the public key, which anyone may have, as an HMAC secret.
  SigningKeys keys(*store_, sealer_, entropy_);
  const std::string pem = keys.active(kContoso, kNow).value().key.public_pem();
  const std::string input = unsigned_part({{"alg", "HS256"}});
  EXPECT_EQ(refusal(input + "." + text::to_base64url(crypto::hmac_sha256(pem, input))), "bad_signature");

  auto ec = crypto::Key::generate(crypto::Algorithm::ES256).value();
  EXPECT_EQ(refusal(crypto::sign_jws({{"typ", "JWT"}, {"kid", kid}}, parts.claims, ec)), "bad_signature");
  EXPECT_EQ(refusal(altered(token, [](json::Object& header, json::Object&) { header["crit"] = json::Array{"exp"}; })),
            "bad_signature");
  EXPECT_EQ(refusal(altered(token, [](json::Object& header, json::Object&) { header["kid"] = "../../etc/passwd"; })),
            "unknown_key");
  EXPECT_EQ(refusal("not a token"), "bad_token");
  EXPECT_EQ(refusal(""), "bad_token");
}

TEST_F(TokensTest, IssuerTenantAndAudienceAreComparedExactly) {
  const std::string token = issued(application_token());
  auto with = [&](const char* claim, const auto& value) {
    return refusal(altered(token, [&](json::Object&, json::Object& claims) { claims[claim] = value; }));
  };
  EXPECT_EQ(with("uti", "another"), "believed");
  EXPECT_EQ(with("iss", kBase + "/" + kContoso.value + "/v2.0/"), "wrong_issuer");
  EXPECT_EQ(with("iss", kBase + "/" + kFabrikam.value + "/v2.0"), "wrong_issuer");
  EXPECT_EQ(with("ver", "1.0"), "wrong_issuer");
  EXPECT_EQ(with("ver", "3.0"), "bad_token");
  EXPECT_EQ(with("tid", kFabrikam.value), "wrong_tenant");
  EXPECT_EQ(with("aud", text::upper(directory::kIntuneApiAppId.value)), "wrong_audience");
  EXPECT_EQ(with("aud", json::Array{directory::kIntuneApiAppId.value}), "wrong_audience");
  EXPECT_EQ(with("exp", nullptr), "bad_token");
  EXPECT_EQ(with("exp", "9999999999"), "bad_token");
  EXPECT_EQ(with("azp", nullptr), "bad_token");
  EXPECT_EQ(with("roles", "all of them"), "bad_token");
}

TEST_F(TokensTest, AnIdTokenIsNotAnAccessToken) {
  IdToken token{.client = directory::kIntuneApiAppId, .user = amina(), .nonce = "n-0S6", .authenticated = kNow};
  auto text = authority_.issue(kContoso, token, kNow).value();
  EXPECT_EQ(json::text_at(crypto::peek_jws(text)->claims, "nonce"), "n-0S6");
  EXPECT_EQ(refusal(text), "bad_token");
}

TEST_F(TokensTest, ARequestIsVerifiedInsideTheTenantThatItsTokenNames) {
  http::Request request{.received = kNow};
  EXPECT_EQ(authority_.authenticate(request, directory::kIntuneApiAppId).failure().reason, "no_token");
  request.headers.set("Authorization", "Bearer " + issued(application_token(), kFabrikam));
  EXPECT_EQ(authority_.authenticate(request, directory::kIntuneApiAppId).value().tenant, kFabrikam);
  request.headers.set("Authorization", "Bearer e30.e30.e30");
  EXPECT_EQ(authority_.authenticate(request, directory::kIntuneApiAppId).failure().reason, "bad_token");
}

TEST_F(TokensTest, ARevokedTokenIsRefusedAtOnce) {
  AccessToken token = application_token();
  token.id = authority_.new_token_id();
  const std::string text = issued(token);
  EXPECT_EQ(refusal(text), "believed");
  ASSERT_TRUE(authority_.revoke(kContoso, token.id, kNow + kTokenLifetime, kNow).ok());
  EXPECT_EQ(refusal(text), "token_revoked");
  EXPECT_EQ(refusal(issued(application_token())), "believed");
}

TEST_F(TokensTest, ARotatedKeyVerifiesUntilItIsRetired) {
  const std::string before = issued(application_token());
  ASSERT_TRUE(authority_.rotate_key(kContoso, {}, kNow + seconds{1}).ok());
  auto after = authority_.issue(kContoso, application_token(), kNow + seconds{2}).value();
  EXPECT_NE(json::text_at(crypto::peek_jws(before)->header, "kid"),
            json::text_at(crypto::peek_jws(after)->header, "kid"));
  EXPECT_EQ(refusal(before, kContoso, kNow + seconds{3}), "believed");

  auto keys_at = [&](Time now) { return authority_.key_set(kContoso, Version::v2, now)->at("keys").as_array(); };
  EXPECT_THAT(keys_at(kNow + hours{23}), SizeIs(2));
  EXPECT_THAT(keys_at(kNow + hours{26}), SizeIs(1));
  // Retired: even a token that would still hold finds no key any more.
  const std::string long_lived =
      altered(before, [](json::Object&, json::Object& claims) { claims["exp"] = to_unix_seconds(kNow + hours{48}); });
  EXPECT_EQ(refusal(long_lived, kContoso, kNow + hours{26}), "unknown_key");
}

TEST_F(TokensTest, TheNextKeyIsPublishedADayBeforeItSigns) {
  const std::string before = issued(application_token());
  auto key_at = [&](Time now) {
    auto token = authority_.issue(kContoso, application_token(), now);
    return std::string(*json::text_at(crypto::peek_jws(*token)->header, "kid"));
  };
  auto states_at = [&](Time now) {
    std::string states;
    const std::vector<KeyRecord> keys = authority_.keys(kContoso, now).value();
    for (const KeyRecord& key : keys) states += std::string(states.empty() ? "" : " ") + name_of(key.state);
    return states;
  };
  const std::string first = key_at(kNow);
  EXPECT_FALSE(*authority_.rotate_key_when_due(kContoso, days{90}, kNow + days{88}));
  EXPECT_TRUE(*authority_.rotate_key_when_due(kContoso, days{90}, kNow + days{89}));
  EXPECT_FALSE(*authority_.rotate_key_when_due(kContoso, days{90}, kNow + days{89} + hours{1})) << "twice";
  EXPECT_EQ(states_at(kNow + days{89}), "published active");
  EXPECT_EQ(key_at(kNow + days{89}), first);
  EXPECT_THAT(authority_.key_set(kContoso, Version::v2, kNow + days{89})->at("keys").as_array(), SizeIs(2));
  const Time takes_over = kNow + days{90};
  EXPECT_NE(key_at(takes_over), first);
  EXPECT_EQ(states_at(takes_over), "active retiring");
  EXPECT_EQ(states_at(takes_over + kTokenLifetime + hours{24} - seconds{1}), "active retiring");
  EXPECT_EQ(states_at(takes_over + kTokenLifetime + hours{24}), "active retired");
  EXPECT_THAT(authority_.key_set(kContoso, Version::v2, takes_over + days{2})->at("keys").as_array(), SizeIs(1));

  ASSERT_TRUE(authority_.retain_key(kContoso, first, true, {}, takes_over).ok());
  EXPECT_THAT(authority_.key_set(kContoso, Version::v2, takes_over + days{900})->at("keys").as_array(), SizeIs(2));
  EXPECT_EQ(authority_.retain_key(kFabrikam, first, true, {}, takes_over).failure().reason, "no_key");
}

TEST_F(TokensTest, WhatAWithdrawnKeySignedIsNotBelievedAnyMore) {
  const std::string before = issued(application_token());
  EXPECT_EQ(refusal(before), "believed");
  EXPECT_EQ(authority_.rotate_key(kContoso, {}, kNow, {.lead = hours{1}, .withdraws_old = true}).failure().reason,
            "bad_rotation");
  ASSERT_TRUE(authority_.rotate_key(kContoso, {}, kNow + seconds{1}, {.withdraws_old = true}).ok());
  EXPECT_EQ(refusal(before, kContoso, kNow + seconds{1}), "unknown_key");
}

TEST_F(TokensTest, ATenantMaySignWithAnEllipticCurve) {
  issued(application_token());
  ASSERT_TRUE(authority_.rotate_key(kContoso, {}, kNow, {.algorithm = crypto::Algorithm::ES256}).ok());
  auto token = authority_.issue(kContoso, application_token(), kNow);
  EXPECT_EQ(json::text_at(crypto::peek_jws(*token)->header, "alg"), "ES256");
  EXPECT_EQ(refusal(*token), "believed");
  // Later keys are of the same kind.
  ASSERT_TRUE(authority_.rotate_key(kContoso, {}, kNow + days{1}).ok());
  token = authority_.issue(kContoso, application_token(), kNow + days{1});
  EXPECT_EQ(json::text_at(crypto::peek_jws(*token)->header, "alg"), "ES256");
  EXPECT_EQ(authority_.rotate_key(kContoso, {}, kNow, {.algorithm = crypto::Algorithm::PS256}).failure().reason,
            "bad_algorithm");
}

TEST_F(TokensTest, EveryKeyShowsInItsTenantsAuditLog) {
  issued(application_token());
  ASSERT_TRUE(authority_.rotate_key(kContoso, {}, kNow + seconds{1}).ok());
  auto keys_logged = [&](const directory::TenantId& tenant) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::int64_t> {
          auto rows = directory::audit_rows(tx, tenant, 100);
          return std::count_if(rows.begin(), rows.end(),
                               [](const auto& row) { return row.entry.action == "Add token signing key"; });
        })
        .value();
  };
  EXPECT_EQ(keys_logged(kContoso), 2);
  EXPECT_EQ(keys_logged(kFabrikam), 0);
}

TEST_F(TokensTest, TheKeySetVerifiesWhatWasIssued) {
  const std::string token = issued(application_token());
  auto set = authority_.key_set(kContoso, Version::v2, kNow).value();
  const json::Object& jwk = set.at("keys").as_array().at(0).as_object();
  EXPECT_EQ(json::text_at(jwk, "kid"), json::text_at(crypto::peek_jws(token)->header, "kid"));
  EXPECT_FALSE(jwk.contains("d"));
  auto key = crypto::Key::from_jwk(jwk, crypto::Algorithm::RS256).value();
  EXPECT_TRUE(crypto::verify_jws(token, key).ok());
}

TEST_F(TokensTest, KeysOutliveTheProcessAndAreSealed) {
  const std::string token = issued(application_token());
  Authority restarted(*store_, sealer_, entropy_, kBase);
  EXPECT_TRUE(restarted.verify(kContoso, token, directory::kIntuneApiAppId, kNow).ok());
  EXPECT_EQ(
      json::text_at(crypto::peek_jws(restarted.issue(kContoso, application_token(), kNow).value())->header, "kid"),
      json::text_at(crypto::peek_jws(token)->header, "kid"));

  crypto::Sealer other(std::string(32, 'x'));
  Authority without_the_key(*store_, other, entropy_, kBase);
  EXPECT_FALSE(without_the_key.issue(kContoso, application_token(), kNow).ok());
}

TEST(VerifiedTokensTest, IsBoundedAndForgetsWhatIsTooOld) {
  VerifiedTokens verified(3);
  const Caller caller{.tenant = kContoso};
  for (int i = 0; i < 10; ++i) {
    verified.add("token " + std::to_string(i), directory::kGraphAppId, caller, kNow + hours{1}, kNow);
    EXPECT_LE(verified.size(), 3U);
  }
  EXPECT_TRUE(verified.find("token 9", kContoso, directory::kGraphAppId, kNow));
  EXPECT_FALSE(verified.find("token 9", kFabrikam, directory::kGraphAppId, kNow));
  EXPECT_FALSE(verified.find("token 9", kContoso, directory::kIntuneAppId, kNow));
  EXPECT_FALSE(verified.find("token 9", kContoso, directory::kGraphAppId, kNow + kVerdictMemory));
}

TEST_F(TokensTest, BootstrapIsIdempotentAndFindsThePartnersResourceByItsDoubleSlash) {
  Status again = store_->write([&](store::Transaction& tx) -> Status {
    const auto before = directory::applications(tx, kContoso).size();
    TRY(bootstrap_first_party(tx, kContoso, kBase, entropy_, {}, kNow));
    EXPECT_EQ(directory::applications(tx, kContoso).size(), before);
    EXPECT_EQ(directory::find_resource(tx, kContoso, "https://api.manage.microsoft.com/")->app_id,
              directory::kIntuneApiAppId);
    EXPECT_EQ(directory::find_resource(tx, kContoso, "urn:ms-drs:login.example:8443")->app_id,
              directory::kDeviceRegistrationAppId);
    return done();
  });
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(first_party_role(directory::kIntuneApiAppId, "update_device_attributes"),
            "7b3c62c0-bbe4-4ceb-971b-ecc50a191b3e");
  EXPECT_EQ(first_party_role(directory::kIntuneApiAppId, "Directory.Read.All"), std::nullopt);
}

}  // namespace
}  // namespace wardbridge::tokens
