#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "platform/crypto/certificate_parts.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {
namespace {

using testing::HasSubstr;
using Use = CertificateTemplate::Use;

const Time kNow = parse_iso8601("2026-11-23T18:00:00Z").value();
constexpr const char* kDeviceId = "7e980ad9-b86d-4306-9425-9ac066fb014a";

const Key& holder(Algorithm algorithm = Algorithm::ES256) {
  static const Key elliptic = Key::generate(Algorithm::ES256).value();
  static const Key rsa = Key::generate(Algorithm::RS256).value();
  return algorithm == Algorithm::ES256 ? elliptic : rsa;
}

CertificateAuthority authority(std::uint64_t seed = 1, Algorithm algorithm = Algorithm::ES256) {
  SeededEntropy entropy(seed);
  CertificateTemplate subject{.common_name = "MS-Organization-Access",
                              .organizational_units = {"82dbaca4-3e81-46ca-9c73-0950c1eaca97"},
                              .not_before = kNow - hours{1},
                              .not_after = kNow + days{3650},
                              .use = Use::authority};
  return CertificateAuthority::create(subject, Key::generate(algorithm).value(), entropy).value();
}

CertificateTemplate device() {
  return {.common_name = kDeviceId, .not_before = kNow, .not_after = kNow + days{365}, .use = Use::client};
}

// What OpenSSL prints of a certificate: how the extensions look to somebody else's eyes.
std::string printed(std::string_view der) {
  OwnedCertificate certificate = certificate_from_der(der);
  OwnedBio bio = writing();
  X509_print_ex(bio.get(), certificate.get(), XN_FLAG_RFC2253, 0);
  return written(bio);
}

TEST(CertificateAuthority, WhatItIssuesCanBeReadBack) {
  SeededEntropy entropy(7);
  for (Algorithm algorithm : {Algorithm::RS256, Algorithm::ES256}) {
    CertificateAuthority issuer = authority(1, algorithm);
    for (Algorithm subject_algorithm : {Algorithm::RS256, Algorithm::ES256}) {
      std::string der = issuer.issue(device(), holder(subject_algorithm), entropy).value();
      CertificateFacts facts = read_certificate(der).value();
      EXPECT_EQ(facts.subject_common_name, kDeviceId);
      EXPECT_EQ(facts.issuer_common_name, "MS-Organization-Access");
      EXPECT_EQ(facts.not_before, kNow);
      EXPECT_EQ(facts.not_after, kNow + days{365});
      EXPECT_EQ(facts.key.thumbprint(), holder(subject_algorithm).thumbprint());
      EXPECT_EQ(facts.key.algorithm(), subject_algorithm);
      EXPECT_FALSE(facts.key.has_private());
      EXPECT_EQ(facts.serial_hex.size(), 32U);
      EXPECT_EQ(facts.sha1_thumbprint_hex, text::upper(text::to_hex(sha1(der))));
      EXPECT_TRUE(issuer.issued(der, kNow));
    }
  }
}

TEST(CertificateAuthority, OnlyItsOwnValidCertificatesAreIssued) {
  SeededEntropy entropy(7);
  CertificateAuthority issuer = authority();
  std::string der = issuer.issue(device(), holder(), entropy).value();
  EXPECT_TRUE(issuer.issued(der, kNow));
  EXPECT_TRUE(issuer.issued(der, kNow + days{364}));
  EXPECT_FALSE(issuer.issued(der, kNow - seconds{1})) << "not yet valid";
  EXPECT_FALSE(issuer.issued(der, kNow + days{365} + seconds{1})) << "expired";
  EXPECT_FALSE(authority(2).issued(der, kNow)) << "another authority of the same name";
  EXPECT_FALSE(issuer.issued(der + '\0', kNow)) << "trailing bytes";
  EXPECT_FALSE(issuer.issued("", kNow));
  EXPECT_FALSE(issuer.issued(der_from_pem(issuer.certificate_pem()).value(), kNow)) << "its own certificate";
  std::string tampered = der;
  tampered[tampered.find("7e980ad9")] = '8';
  EXPECT_FALSE(issuer.issued(tampered, kNow)) << "another device's id";
}

TEST(CertificateAuthority, ACertificateHolderIsNoAuthority) {
  SeededEntropy entropy(7);
  CertificateAuthority issuer = authority();
  std::string der = issuer.issue(device(), holder(), entropy).value();
  auto loaded = CertificateAuthority::load(pem_from_der(der, "CERTIFICATE"), holder().private_pem());
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.failure().reason, "bad_certificate_authority");
}

TEST(CertificateAuthority, SurvivesItsFiles) {
  SeededEntropy entropy(7);
  CertificateAuthority issuer = authority();
  CertificateAuthority again = CertificateAuthority::load(issuer.certificate_pem(), issuer.private_key_pem()).value();
  EXPECT_EQ(again.common_name(), "MS-Organization-Access");
  EXPECT_TRUE(again.issued(issuer.issue(device(), holder(), entropy).value(), kNow));
  EXPECT_TRUE(issuer.issued(again.issue(device(), holder(), entropy).value(), kNow));
  EXPECT_FALSE(CertificateAuthority::load(issuer.certificate_pem(), authority(2).private_key_pem()).ok());
  EXPECT_FALSE(CertificateAuthority::load("", issuer.private_key_pem()).ok());
}

TEST(CertificateAuthority, ExtensionsSayWhatACertificateIsFor) {
  SeededEntropy entropy(7);
  CertificateAuthority issuer = authority();
  CertificateTemplate server{.common_name = "localhost",
                             .dns_names = {"localhost", "*.wardbridge.example"},
                             .ip_addresses = {"127.0.0.1", "::1"},
                             .not_before = kNow,
                             .not_after = kNow + days{90}};
  std::string text = printed(issuer.issue(server, holder(Algorithm::RS256), entropy).value());
  EXPECT_THAT(text, HasSubstr("Issuer: OU=82dbaca4-3e81-46ca-9c73-0950c1eaca97,CN=MS-Organization-Access"));
  EXPECT_THAT(text,
              HasSubstr("DNS:localhost, DNS:*.wardbridge.example, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"));
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(text, HasSubstr("Digital Signature, Key Encipherment"));
  EXPECT_THAT(text, HasSubstr("TLS Web Server Authentication"));
  EXPECT_THAT(text, HasSubstr("Subject Key Identifier"));
  EXPECT_THAT(text, HasSubstr("Authority Key Identifier"));
  std::string client = printed(issuer.issue(device(), holder(), entropy).value());
  EXPECT_THAT(client, HasSubstr("TLS Web Client Authentication"));
  EXPECT_THAT(client, Not(HasSubstr("TLS Web Server Authentication")));
  std::string own = printed(der_from_pem(issuer.certificate_pem()).value());
  EXPECT_THAT(own, HasSubstr("CA:TRUE, pathlen:0"));
  EXPECT_THAT(own, HasSubstr("Certificate Sign, CRL Sign"));
}

TEST(CertificateAuthority, ABadTemplateIsRefused) {
  SeededEntropy entropy(7);
  CertificateAuthority issuer = authority();
  auto where = [&](auto change) {
    CertificateTemplate subject = device();
    change(subject);
    auto issued = issuer.issue(subject, holder(), entropy);
    return issued.ok() ? "issued" : issued.failure().where;
  };
  EXPECT_EQ(where([](auto&) {}), "issued");
  EXPECT_EQ(where([](auto& subject) { subject.common_name = ""; }), "common_name");
  EXPECT_EQ(where([](auto& subject) { subject.common_name = std::string(65, 'x'); }), "common_name");
  EXPECT_EQ(where([](auto& subject) { subject.organizational_units = {std::string(65, 'x')}; }),
            "organizational_units");
  EXPECT_EQ(where([](auto& subject) { subject.dns_names = {"a,DNS:b"}; }), "dns_names");
  EXPECT_EQ(where([](auto& subject) { subject.ip_addresses = {"127.0.0"}; }), "ip_addresses");
  EXPECT_EQ(where([](auto& subject) { subject.not_after = kNow - days{1}; }), "not_after");
}

TEST(CertificateAuthority, ItsNameIsKnownWithoutIt) {
  SeededEntropy entropy(7);
  std::string name = distinguished_name("MS-Organization-Access", {"82dbaca4-3e81-46ca-9c73-0950c1eaca97"}).value();
  EXPECT_NE(authority().issue(device(), holder(), entropy).value().find(name), std::string::npos)
      << "byte for byte, since clients compare it so";
  EXPECT_EQ(distinguished_name("", {}).failure().where, "common_name");
}

TEST(CertificateAuthority, DatesAfter2049AreWritten) {
  SeededEntropy entropy(7);
  CertificateTemplate subject = device();
  subject.not_after = parse_iso8601("2061-01-02T03:04:05Z").value();
  EXPECT_EQ(read_certificate(authority().issue(subject, holder(), entropy).value()).value().not_after,
            subject.not_after);
}

TEST(CertificateRequest, ComesBackWithItsKeyAndName) {
  for (Algorithm algorithm : {Algorithm::RS256, Algorithm::ES256}) {
    auto request = read_certificate_request(make_certificate_request(holder(algorithm), kDeviceId));
    ASSERT_TRUE(request.ok()) << request.failure().message;
    EXPECT_EQ(request->common_name, kDeviceId);
    EXPECT_EQ(request->key.algorithm(), algorithm);
    EXPECT_EQ(request->key.thumbprint(), holder(algorithm).thumbprint());
  }
}

TEST(CertificateRequest, NotSignedByItsOwnKeyIsRefused) {
  std::string der = make_certificate_request(holder(), kDeviceId);
  std::string renamed = der;
  renamed[renamed.find("7e980ad9")] = '8';
  EXPECT_EQ(read_certificate_request(renamed).failure().reason, "bad_certificate_request");
  std::string resigned = der;
  resigned.back() = static_cast<char>(resigned.back() ^ 1);
  EXPECT_FALSE(read_certificate_request(resigned).ok());
  EXPECT_FALSE(read_certificate_request(der + "x").ok());
  EXPECT_FALSE(read_certificate_request(der.substr(0, der.size() - 1)).ok());
  EXPECT_FALSE(read_certificate_request("").ok());
}

TEST(Certificate, WhatIsNoCertificateIsRefused) {
  for (const std::string& der : {std::string(), std::string("\x30\x00", 2), make_certificate_request(holder(), "x")}) {
    EXPECT_EQ(read_certificate(der).failure().reason, "bad_certificate");
  }
}

TEST(Pem, WrapsAndUnwrapsTheFirstBlock) {
  std::string der(100, '\x7F');
  std::string pem = pem_from_der(der, "CERTIFICATE");
  EXPECT_TRUE(pem.starts_with("-----BEGIN CERTIFICATE-----\n")) << pem;
  EXPECT_EQ(der_from_pem("a comment\n" + pem + pem_from_der("other", "CERTIFICATE")).value(), der);
  EXPECT_FALSE(der_from_pem("").ok());
  EXPECT_FALSE(der_from_pem("-----BEGIN CERTIFICATE-----\nAAAA").ok());
}

}  // namespace
}  // namespace wardbridge::crypto
