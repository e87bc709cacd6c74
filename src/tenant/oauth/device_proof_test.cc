#include "tenant/oauth/oauth_fixture.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DeviceProof : public OAuthTest {
 protected:
  DeviceProof() : device_(add_device(key_)), certificate_(certificates_.issue(kContoso, device_, key_, kNow).value()) {}

  http::Response prove() {
    http::Response challenge = challenged();
    return answer(challenge, proof(challenge, key_, certificate_));
  }

  const crypto::Key key_ = crypto::Key::generate(crypto::Algorithm::ES256).value();
  const directory::DeviceId device_;
  const std::string certificate_;
};

TEST_F(DeviceProof, TheChallengeSaysHowToAnswer) {
  http::Response challenge = challenged();
  EXPECT_THAT(std::string(*challenge.headers.get("WWW-Authenticate")), StartsWith("PKeyAuth nonce=\""));
  EXPECT_EQ(challenge_part(challenge, "Version"), "1.0");
  EXPECT_EQ(challenge_part(challenge, "TenantId"), kContoso.value);
  EXPECT_EQ(challenge_part(challenge, "CertAuthorities"),
            "OU%3D82dbaca4-3e81-46ca-9c73-0950c1eaca97%2CCN%3DMS-Organization-Access");
  EXPECT_EQ(challenge_part(challenge, "SubmitUrl"), kBase + "/" + kContoso.value + "/DeviceAuthPKeyAuth");
  // A browser that does not know PKeyAuth is not asked.
  EXPECT_EQ(log_in(authorize(mac_asks())).status, 303);
}

TEST_F(DeviceProof, ACompliantMacComesInAndItsTokenNamesIt) {
  require_compliant_devices();
  report(device_, true, "", kNow + hours{24});
  http::Response redirect = prove();
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  const json::Object body = object_of(token(redemption(answer_member(redirect, "code"))));
  auto caller = tokens_.verify(kContoso, *json::text_at(body, "access_token"), kPayroll, kNow);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->device, device_);

  ASSERT_EQ(log().size(), 1U);
  const sign_ins::SignInRecord record = log().front();
  EXPECT_EQ(record.error_code, 0);
  ASSERT_TRUE(record.device.has_value());
  EXPECT_EQ(record.device->device_id, device_.value);
  EXPECT_TRUE(record.device->is_compliant);
  EXPECT_EQ(record.resource_display_name, "Payroll");
  EXPECT_EQ(record.app_display_name, "Payroll for Mac");
  ASSERT_EQ(record.policies.size(), 1U);
  EXPECT_EQ(record.policies.front().result, access::PolicyResult::success);
}

TEST_F(DeviceProof, ANonCompliantMacStaysOutAndIsToldWhy) {
  require_compliant_devices();
  report(device_, false, "FileVault 2 Status is `Not Encrypted`", kNow + hours{24});
  http::Response page = prove();
  EXPECT_EQ(page.status, 403);
  EXPECT_EQ(number_of(page), 53000);
  EXPECT_THAT(page.body, HasSubstr("Only healthy Macs"));
  EXPECT_THAT(page.body, HasSubstr("FileVault 2 Status is `Not Encrypted`"));
  EXPECT_THAT(page.body, HasSubstr("href=\"https://jamf.example/remediate\""));
  EXPECT_THAT(page.body, HasSubstr("id=\"correlation-id\""));
  EXPECT_FALSE(page.headers.get("Location"));
  ASSERT_EQ(log().size(), 1U);
  EXPECT_EQ(log().front().error_code, 53000);

  // The same for a program, as JSON.
  http::Response challenge = challenged();
  http::Headers headers = prover();
  headers.set("Accept", "application/json");
  http::Response refused = answer(challenge, proof(challenge, key_, certificate_), headers);
  EXPECT_EQ(refused.status, 403);
  const json::Object body = object_of(refused);
  EXPECT_EQ(json::text_at(body, "error"), "interaction_required");
  EXPECT_EQ(body.at("error_codes"), json::Value(json::Array{53000}));
  EXPECT_THAT(std::string(*json::text_at(body, "reason")), HasSubstr("FileVault"));
  EXPECT_TRUE(json::text_at(body, "next_step").has_value());
  EXPECT_EQ(json::text_at(body, "correlation_id"), log().front().correlation_id);

  // FileVault is on, the partner reports, the door opens.
  report(device_, true, "", kNow + hours{24});
  EXPECT_EQ(prove().status, 303);
}

TEST_F(DeviceProof, AVerdictThatExpiredOrNeverCameIsNotCompliance) {
  require_compliant_devices();
  EXPECT_EQ(number_of(prove()), 530003);
  report(device_, true, "", kNow);
  EXPECT_EQ(number_of(prove()), 53000);
}

TEST_F(DeviceProof, NoProofIsNoDevice) {
  require_compliant_devices();
  report(device_, true, "", kNow + hours{24});
  EXPECT_EQ(number_of(log_in(authorize(mac_asks()))), 50097);
  EXPECT_EQ(number_of(answer(challenged(), "")), 50097);
  EXPECT_FALSE(log().front().device.has_value());
}

TEST_F(DeviceProof, ANonceIsGoodForOneAnswer) {
  http::Response challenge = challenged();
  const std::string token = proof(challenge, key_, certificate_);
  EXPECT_EQ(answer(challenge, token).status, 303);
  EXPECT_EQ(number_of(answer(challenge, token)), 50089);
  // The old answer does not fit a new challenge either, and that try is spent as well.
  http::Response next = challenged();
  EXPECT_EQ(number_of(answer(next, token)), 50155);
  EXPECT_EQ(number_of(answer(next, proof(next, key_, certificate_))), 50089);
}

TEST_F(DeviceProof, CertificatesAndKeysMustBelongTogetherAndToTheTenant) {
  auto refusal = [&](const crypto::Key& key, const std::string& certificate) {
    http::Response challenge = challenged();
    return number_of(answer(challenge, proof(challenge, key, certificate)));
  };
  EXPECT_EQ(refusal(key_, certificate_), 0);
  const crypto::Key other = crypto::Key::generate(crypto::Algorithm::ES256).value();
  EXPECT_EQ(refusal(other, certificate_), 50155);
  EXPECT_EQ(refusal(key_, certificates_.issue(kFabrikam, device_, key_, kNow).value()), 50155);
  EXPECT_EQ(refusal(key_, certificates_.issue(kContoso, {entropy_.guid()}, key_, kNow).value()), 700003);
  EXPECT_EQ(refusal(other, certificates_.issue(kContoso, device_, other, kNow).value()), 50155);
  EXPECT_EQ(refusal(key_, "no certificate"), 50155);
  // Somebody's own authority of the same name.
  auto impostor =
      crypto::CertificateAuthority::create({.common_name = "MS-Organization-Access",
                                            .not_before = kNow - days{1},
                                            .not_after = kNow + days{1},
                                            .use = crypto::CertificateTemplate::Use::authority},
                                           crypto::Key::generate(crypto::Algorithm::RS256).value(), entropy_);
  auto forged = impostor->issue({.common_name = device_.value,
                                 .not_before = kNow - hours{1},
                                 .not_after = kNow + hours{1},
                                 .use = crypto::CertificateTemplate::Use::client},
                                key_, entropy_);
  EXPECT_EQ(refusal(key_, *forged), 50155);
}

TEST_F(DeviceProof, TheProofIsForThisAddressOnly) {
  http::Response challenge = challenged();
  const std::string elsewhere = crypto::sign_jws(
      {{"typ", "JWT"}, {"x5c", json::Array{json::Value(text::to_base64(certificate_))}}},
      {{"aud", kBase + "/" + kFabrikam.value + "/DeviceAuthPKeyAuth"}, {"nonce", challenge_part(challenge, "nonce")}},
      key_);
  EXPECT_EQ(number_of(answer(challenge, elsewhere)), 50155);
}

TEST_F(DeviceProof, ADisabledDeviceIsRefused) {
  Status disabled = store_->write([&](store::Transaction& tx) {
    auto device = directory::find_device(tx, kContoso, device_);
    device->account_enabled = false;
    return directory::update_device(tx, kContoso, *device, {}, kNow);
  });
  ASSERT_TRUE(disabled.ok());
  EXPECT_EQ(number_of(prove()), 135011);
}

TEST_F(DeviceProof, UnreadableAnswersAreBadRequests) {
  http::Response challenge = challenged();
  for (const char* header : {"Basic abc", "PKeyAuth", "PKeyAuth Context=\"x", "PKeyAuth Context=\"x\"",
                             "PKeyAuth Context=\"a\", Context=\"b\", Version=\"1.0\""}) {
    http::Response response = send("POST", challenge_part(challenge, "SubmitUrl"), {{"Authorization", header}});
    EXPECT_EQ(number_of(response), 9002313) << header;
  }
  EXPECT_EQ(number_of(send("GET", challenge_part(challenge, "SubmitUrl"))), 9002313);
  EXPECT_EQ(answer(challenge, proof(challenge, key_, certificate_)).status, 303);
}

}  // namespace
}  // namespace wardbridge::oauth
