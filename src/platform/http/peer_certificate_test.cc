#include "platform/http/peer_certificate.h"

#include <gtest/gtest.h>

#include "platform/http/loopback_testing.h"

namespace wardbridge::http {
namespace {

using Trust = PeerCertificate::Trust;

class PeerCertificateTest : public ::testing::Test {
 protected:
  PeerCertificateTest() : ca_file_(authority_.certificate_pem()) {}

  void start(TlsIdentity identity) {
    server_ = std::make_unique<Server>(ServerOptions{.address = "0.0.0.0", .tls = std::move(identity)}, router_, clock_,
                                       entropy_);
    ASSERT_TRUE(server_->start().ok());
  }
  Result<PeerCertificate> look(const std::string& host = "127.0.0.1") {
    return look_at_certificate("https://" + host + ":" + std::to_string(server_->port()) + "/path?query",
                               {.ca_file = ca_file_.path(), .use_system_store = false}, seconds{10}, clock_.now());
  }

  TestAuthority authority_;
  TemporaryFile ca_file_;
  Router router_;
  SystemClock clock_;
  SystemEntropy entropy_;
  std::unique_ptr<Server> server_;
};

TEST_F(PeerCertificateTest, ATrustedOneIsDescribed) {
  start(authority_.issue("server"));
  auto found = look();
  ASSERT_TRUE(found.ok()) << found.failure().message;
  EXPECT_EQ(found->trust, Trust::trusted);
  EXPECT_EQ(found->subject, "server");
  EXPECT_EQ(found->issuer, "Wardbridge Test CA");
  EXPECT_EQ(found->ending, "server");
  EXPECT_GT(found->ends, clock_.now() + minutes{50});
  EXPECT_LT(found->ends, clock_.now() + minutes{70});
}

TEST_F(PeerCertificateTest, AnAuthorityThatNobodyTrustsIsNamed) {
  TestAuthority other;
  start(other.issue("server"));
  EXPECT_EQ(look()->trust, Trust::unknown_authority);
  EXPECT_EQ(look()->issuer, "Wardbridge Test CA");
}

TEST_F(PeerCertificateTest, ACertificateForAnotherNameIsToldFromAnUnknownAuthority) {
  start(authority_.issue("server"));
  EXPECT_EQ(look("127.0.0.2")->trust, Trust::wrong_name);
}

TEST_F(PeerCertificateTest, OneThatHasEndedIsToldFromAnUnknownAuthority) {
  start(authority_.issue("server", -minutes{1}));
  EXPECT_EQ(look()->trust, Trust::expired);
  EXPECT_LT(look()->ends, clock_.now());
}

TEST_F(PeerCertificateTest, WithoutAHandshakeTheFailureIsTheTransports) {
  start(authority_.issue("server"));
  server_->stop();
  EXPECT_EQ(look().failure().reason, "connect");
  EXPECT_EQ(look_at_certificate("not a url", {}, seconds{1}, clock_.now()).failure().reason, "bad_url");
}

}  // namespace
}  // namespace wardbridge::http
