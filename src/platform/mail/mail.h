// Mail out: plain text messages over SMTP. STARTTLS is required unless told otherwise, the server's certificate is
// verified, and no other protocol than SMTP is spoken.
//
//   SmtpTransport mail({.server = "mail.corp.example", .username = "wardbridge", .password = password});
//   TRY(mail.send({.from = "wardbridge@corp.example", .to = {"it@corp.example"}, .subject = "..", .text = ".."},
//   seconds{30}));
//
// Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace wardbridge::mail {

struct Message {
  std::string from;
  std::vector<std::string> to;
  std::string subject;  // UTF-8; line ends become spaces
  std::string text;     // UTF-8
  std::string id;       // unique, the same whenever the same message is sent again: `outbox-17@corp.example`
  Time date = kEpoch;
};

// `name@domain`: ASCII, one line, at most 254 bytes, nothing that a header or a command could be broken out of with.
// Fails with `bad_address`.
Status check_address(std::string_view address);

// The message as it goes over the wire (RFC 5322, MIME): CRLF lines, no line longer than 998 bytes, the subject in
// encoded words (RFC 2047) where it is not plain ASCII, the text in base64. Fails with `bad_address`, and
// `no_recipient`.
Result<std::string> write_message(const Message& message);

class MailTransport {
 public:
  virtual ~MailTransport() = default;
  // Success: the server took responsibility for at least one recipient; the ones it refuses are left out. Failures:
  // `unavailable` (`dns`, `connect`, `tls`, `reset`, `mail_deferred`: its 4xx), `timeout`,
  // `unauthenticated`/`mail_login`, `forbidden`/`mail_rejected` (its 5xx), and those of write_message.
  virtual Status send(const Message& message, Duration deadline) = 0;
};

enum class Security {
  starttls,  // plain connection, then TLS before anything else is said; refused where the server has none
  tls,       // TLS from the first byte (`smtps`)
  none,      // only for a relay on this machine or a network that is trusted
};

struct SmtpOptions {
  std::string server;
  int port = 587;
  Security security = Security::starttls;
  std::string username;  // empty: no login. Not sent with Security::none
  std::string password;
  std::string ca_file;  // PEM; empty: only the system's store
  bool use_system_store = true;
  std::string own_name = "wardbridge";  // said in EHLO
};

class SmtpTransport final : public MailTransport {
 public:
  explicit SmtpTransport(SmtpOptions options);
  Status send(const Message& message, Duration deadline) override;

 private:
  const SmtpOptions options_;
};

}  // namespace wardbridge::mail
