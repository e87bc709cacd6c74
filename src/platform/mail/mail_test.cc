#include "platform/mail/mail.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "platform/http/loopback_testing.h"
#include "support/smtp_server.h"

namespace wardbridge::mail {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using wardbridge::testing::SmtpServer;

Message hello() {
  return {.from = "wardbridge@corp.example",
          .to = {"it@corp.example"},
          .subject = "hello",
          .text = "one\ntwo\n",
          .id = "outbox-1@corp.example",
          .date = *parse_iso8601("2026-11-23T18:32:55Z")};
}

TEST(MailMessage, IsPlainAndComplete) {
  std::string wire = write_message(hello()).value();
  EXPECT_EQ(wire,
            "Date: Mon, 23 Nov 2026 18:32:55 +0000\r\n"
            "From: wardbridge@corp.example\r\n"
            "To: it@corp.example\r\n"
            "Subject: hello\r\n"
            "Message-ID: <outbox-1@corp.example>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            "\r\n" +
                text::to_base64("one\r\ntwo\r\n") + "\r\n");
}

TEST(MailMessage, NothingInItBecomesAHeader) {
  Message message = hello();
  message.subject = "hi\r\nBcc: everyone@corp.example\r\n\r\nbody";
  message.text = ".\r\n.\r\nRSET\r\n";
  std::string wire = write_message(message).value();
  EXPECT_THAT(wire, Not(HasSubstr("\r\nBcc:")));
  EXPECT_THAT(wire, HasSubstr("Subject: hi  Bcc: everyone@corp.example    body\r\n"));
  EXPECT_THAT(wire, Not(HasSubstr("\r\n.")));
  for (const char* bad : {"a@b\r\nBcc: c@d", "a@b>,<c@d", "a b@c", "a@b@c", "@b", "a@", "ab", "", "a@b\n", "a,b@c",
                          "-oQ@b", "\xc3\xa9@b", "a@b;c"}) {
    message = hello();
    message.to = {bad};
    EXPECT_EQ(write_message(message).failure().reason, "bad_address") << bad;
    message = hello();
    message.from = bad;
    EXPECT_FALSE(write_message(message).ok()) << bad;
  }
  message = hello();
  message.to = {};
  EXPECT_EQ(write_message(message).failure().reason, "no_recipient");
}

TEST(MailMessage, SubjectsOfAnyLanguageAreEncodedInWholeCharacters) {
  Message message = hello();
  message.subject.clear();
  for (int i = 0; i < 40; ++i) message.subject += "Gerätegruppe 端末 ";
  std::string wire = write_message(message).value();
  std::string decoded;
  for (std::size_t at = wire.find("=?UTF-8?B?"); at != std::string::npos; at = wire.find("=?UTF-8?B?", at + 1)) {
    std::size_t end = wire.find("?=", at);
    EXPECT_LE(end + 2 - at, 75u);
    std::string word = *text::from_base64(wire.substr(at + 10, end - at - 10));
    EXPECT_TRUE(text::is_utf8(word));
    decoded += word;
  }
  EXPECT_EQ(decoded, message.subject);
  for (std::string_view line : text::split(wire, '\n')) EXPECT_LE(line.size(), 77u);
  message.subject = "\xff\xfe not UTF-8";
  EXPECT_TRUE(write_message(message).ok());
}

class SmtpTest : public ::testing::Test {
 protected:
  SmtpTest()
      : identity_(authority_.issue("mail")),
        ca_file_(authority_.certificate_pem()),
        certificate_file_(identity_.certificate_chain_pem),
        key_file_(identity_.private_key_pem) {}

  std::vector<std::string> with_tls(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--certificate", certificate_file_.path(), "--key", key_file_.path()});
    return more;
  }
  SmtpOptions options(const SmtpServer& server) const {
    return {.server = "127.0.0.1", .port = server.port(), .ca_file = ca_file_.path(), .use_system_store = false};
  }

  http::TestAuthority authority_;
  http::TlsIdentity identity_;
  http::TemporaryFile ca_file_, certificate_file_, key_file_;
};

TEST_F(SmtpTest, SendsOverStartTlsWithALogin) {
  SmtpServer server(with_tls({"--login", "wardbridge:s3cret"}));
  ASSERT_NE(server.port(), 0) << "python3-aiosmtpd is missing";
  SmtpOptions with = options(server);
  with.username = "wardbridge";
  with.password = "s3cret";
  Status sent = SmtpTransport(with).send(hello(), seconds{20});
  ASSERT_TRUE(sent.ok()) << sent.failure().message;
  ASSERT_EQ(server.mails().size(), 1u);
  EXPECT_THAT(server.mails()[0], HasSubstr("X-Envelope: wardbridge@corp.example -> it@corp.example\r\n"));
  EXPECT_THAT(server.mails()[0], HasSubstr("X-Session: tls=True login=wardbridge\r\n"));
  EXPECT_TRUE(server.mails()[0].ends_with(write_message(hello()).value())) << server.mails()[0];

  with.password = "wrong-password";
  Status refused = SmtpTransport(with).send(hello(), seconds{20});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "mail_login");
  EXPECT_THAT(refused.failure().message, Not(HasSubstr("wrong-password")));
}

TEST_F(SmtpTest, SendsOverTlsFromTheFirstByte) {
  SmtpServer server(with_tls({"--tls"}));
  ASSERT_NE(server.port(), 0);
  SmtpOptions with = options(server);
  with.security = Security::tls;
  Status sent = SmtpTransport(with).send(hello(), seconds{20});
  ASSERT_TRUE(sent.ok()) << sent.failure().message;
  EXPECT_EQ(server.mails().size(), 1u);
}

TEST_F(SmtpTest, SaysNothingToAServerWithoutStartTls) {
  SmtpServer server;
  ASSERT_NE(server.port(), 0);
  Status refused = SmtpTransport(options(server)).send(hello(), seconds{20});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "tls");
  EXPECT_TRUE(server.mails().empty());

  SmtpOptions plain = options(server);
  plain.security = Security::none;
  EXPECT_TRUE(SmtpTransport(plain).send(hello(), seconds{20}).ok());
  EXPECT_EQ(server.mails().size(), 1u);
}

TEST_F(SmtpTest, RefusesACertificateThatItDoesNotTrust) {
  SmtpServer server(with_tls());
  ASSERT_NE(server.port(), 0);
  SmtpOptions stranger = options(server);
  http::TestAuthority other;
  http::TemporaryFile other_ca(other.certificate_pem());
  stranger.ca_file = other_ca.path();
  Status refused = SmtpTransport(stranger).send(hello(), seconds{20});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "tls");
  EXPECT_TRUE(server.mails().empty());
}

TEST_F(SmtpTest, TellsApartWhatTheServerSays) {
  SmtpServer server(with_tls());
  ASSERT_NE(server.port(), 0);
  SmtpTransport transport(options(server));
  Message message = hello();
  message.to = {"refused@corp.example"};
  EXPECT_EQ(transport.send(message, seconds{20}).failure().reason, "mail_rejected");
  message.to = {"later@corp.example"};
  EXPECT_EQ(transport.send(message, seconds{20}).failure().reason, "mail_deferred");
  message.to = {"refused@corp.example", "it@corp.example"};
  EXPECT_TRUE(transport.send(message, seconds{20}).ok()) << "one bad mailbox keeps nobody else from their mail";
  ASSERT_EQ(server.mails().size(), 1u);
  EXPECT_THAT(server.mails()[0], HasSubstr("-> it@corp.example\r\n"));

  SmtpOptions nobody = options(server);
  nobody.server = "nobody.invalid";
  EXPECT_EQ(SmtpTransport(nobody).send(hello(), seconds{20}).failure().reason, "dns");
}

}  // namespace
}  // namespace wardbridge::mail
