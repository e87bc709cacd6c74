#include "management/notices/notices.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "management/notices/mail_carrier.h"
#include "management/webhooks/webhooks.h"
#include "support/empty_store.h"
#include "support/smtp_server.h"

namespace wardbridge::notices {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using wardbridge::testing::SmtpServer;

const audit::Actor kAdmin{.kind = audit::Actor::Kind::user, .name = "ada"};

// Remembers what it is given, and answers as it is told.
class ScriptedMail final : public mail::MailTransport {
 public:
  Status send(const mail::Message& message, Duration) override {
    sent.push_back(message);
    return answer;
  }
  std::vector<mail::Message> sent;
  Status answer = done();
};

class NoticesTest : public ::testing::Test {
 protected:
  // What the body gives; a body that gives nothing just happens.
  template <class Body>
  auto write(Body body) {
    if constexpr (std::is_void_v<std::invoke_result_t<Body&, store::Transaction&>>) {
      Status status = store_->write([&](store::Transaction& tx) -> Status { return body(tx), done(); });
      EXPECT_TRUE(status.ok()) << status.failure().message;
    } else {
      auto result = store_->write(body);
      EXPECT_TRUE(result.ok()) << result.failure().message;
      return std::move(result).value();
    }
  }

  NoticesTest() {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {audit::kSchema,  inventory::kSchema, groups::kSchema,
                                     outbox::kSchema, webhooks::kSchema,  kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    groups::SmartComputerGroup group{.platform_id = entropy_.guid(), .name = "Vertraute Geräte\r\nBcc: x@y.example"};
    group_ = write([&](store::Transaction& tx) { return groups::create(tx, group, clock_.now(), kAdmin); }).id;
    for (int i = 1; i <= 3; ++i) {
      inventory::NewComputer record{.management_id = entropy_.guid()};
      record.sections[inventory::Section::general] = json::Object{{"name", "Mac " + std::to_string(i)}};
      record.sections[inventory::Section::hardware] = json::Object{{"serialNumber", "C02X" + std::to_string(i)}};
      macs_.push_back(
          write([&](store::Transaction& tx) { return inventory::create_computer(tx, record, clock_.now(), kAdmin); }));
    }
  }

  Status ask_for(const Notification& notification) {
    return store_->write(
        [&](store::Transaction& tx) { return set_notification(tx, group_, notification, kAdmin, clock_.now()); });
  }
  void move(std::size_t mac, bool joined) {
    write([&](store::Transaction& tx) {
      membership_changed(tx, macs_[mac], {{group_, "Vertraute Geräte\r\nBcc: x@y.example", joined}}, clock_.now());
    });
  }
  void work(mail::MailTransport* transport, const std::vector<std::string>& to = {}) {
    MailCarrier carrier(*store_, transport, {.from = "wardbridge@corp.example", .to = to});
    outbox::OutboxActor actor(*store_, carrier, clock_, entropy_);
    for (int i = 0; i < 50 && actor.run_once(clock_.now()) <= clock_.now(); ++i) {
    }
  }
  std::vector<outbox::Message> parked() {
    return store_
        ->read([&](store::Transaction& tx) -> Result<outbox::Page> { return outbox::list(tx, {.kind = kMailLane}); })
        ->messages;
  }

  ManualClock clock_{*parse_iso8601("2026-11-23T18:00:00Z")};
  SeededEntropy entropy_{7};
  std::unique_ptr<store::Store> store_;
  groups::GroupId group_;
  std::vector<inventory::ComputerId> macs_;
  ScriptedMail mail_;
};

TEST_F(NoticesTest, MailsTheFirstChangeAtOnceAndTheNextOnesTogether) {
  ASSERT_TRUE(ask_for({.enabled = true, .recipients = {"it@corp.example", "ann@corp.example"}}).ok());
  move(0, true);
  work(&mail_);
  ASSERT_THAT(mail_.sent, SizeIs(1));
  EXPECT_THAT(mail_.sent[0].to, ElementsAre("it@corp.example", "ann@corp.example"));
  EXPECT_EQ(mail_.sent[0].from, "wardbridge@corp.example");
  EXPECT_THAT(mail_.sent[0].subject, HasSubstr("1 joined"));
  EXPECT_THAT(mail_.sent[0].text, HasSubstr("Mac 1, C02X1 (id " + std::to_string(macs_[0].value) + ")"));
  move(1, true);
  move(0, false);
  clock_.advance(minutes{4});
  move(2, true);
  work(&mail_);
  EXPECT_THAT(mail_.sent, SizeIs(1));
  clock_.advance(minutes{1});
  work(&mail_);
  ASSERT_THAT(mail_.sent, SizeIs(2));
  EXPECT_THAT(mail_.sent[1].subject, HasSubstr("2 joined, 1 left"));
  EXPECT_NE(mail_.sent[0].id, mail_.sent[1].id);
}

TEST_F(NoticesTest, NobodyAskedNobodyIsTold) {
  move(0, true);
  work(&mail_);
  EXPECT_THAT(mail_.sent, SizeIs(0));
  ASSERT_TRUE(ask_for({.enabled = true, .recipients = {"it@corp.example"}}).ok());
  move(1, true);
  ASSERT_TRUE(ask_for({.enabled = false, .recipients = {"it@corp.example"}}).ok());
  move(2, true);
  work(&mail_);
  EXPECT_THAT(mail_.sent, SizeIs(0)) << "what waited went with the wish";
}

TEST_F(NoticesTest, FailuresAreTriedAgainAndRefusalsParked) {
  ASSERT_TRUE(ask_for({.enabled = true}).ok());
  move(0, true);
  work(nullptr);
  ASSERT_THAT(parked(), SizeIs(1));
  EXPECT_EQ(parked()[0].reason, "mail_not_configured");
  write([&](store::Transaction& tx) { outbox::replay_all(tx, {kMailLane, group_.value}, kAdmin, clock_.now()); });
  work(&mail_);
  EXPECT_EQ(parked()[0].reason, "no_recipient");
  write([&](store::Transaction& tx) { outbox::replay_all(tx, {kMailLane, group_.value}, kAdmin, clock_.now()); });
  mail_.answer = unavailable("mail_deferred", "later");
  work(&mail_, {"it@corp.example"});
  EXPECT_THAT(parked(), SizeIs(0));
  mail_.answer = Failure{Code::forbidden, "mail_rejected", "no"};
  for (int i = 0; i < 8; ++i, clock_.advance(minutes{15})) work(&mail_, {"it@corp.example"});
  ASSERT_THAT(parked(), SizeIs(1));
  EXPECT_EQ(parked()[0].reason, "mail_rejected");
}

TEST_F(NoticesTest, KeepsOnlyAddressesAsRecipients) {
  EXPECT_EQ(ask_for({.enabled = true, .recipients = {"it@corp.example\r\nBcc: x@y.example"}}).failure().reason,
            "bad_address");
  EXPECT_EQ(ask_for({.enabled = true, .recipients = std::vector<std::string>(51, "a@b.example")}).failure().reason,
            "too_many_recipients");
  group_ = {.value = 999};
  EXPECT_EQ(ask_for({.enabled = true}).failure().reason, "no_group");
}

TEST_F(NoticesTest, ADeletedGroupIsForgotten) {
  ASSERT_TRUE(ask_for({.enabled = true, .recipients = {"it@corp.example"}}).ok());
  move(0, true);
  write([&](store::Transaction& tx) { forget_group(tx, group_); });
  work(&mail_);
  EXPECT_THAT(mail_.sent, SizeIs(0));
}

TEST_F(NoticesTest, ReachesARealMailServer) {
  SmtpServer server;
  ASSERT_NE(server.port(), 0) << "python3-aiosmtpd is missing";
  mail::SmtpTransport smtp({.server = "127.0.0.1", .port = server.port(), .security = mail::Security::none});
  ASSERT_TRUE(ask_for({.enabled = true, .recipients = {"it@corp.example"}}).ok());
  move(0, true);
  work(&smtp);
  auto mails = server.mails();
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_THAT(mails[0], HasSubstr("X-Envelope: wardbridge@corp.example -> it@corp.example\r\n"));
  EXPECT_THAT(mails[0], ::testing::Not(HasSubstr("\r\nBcc:"))) << "a group's name is no header";
  EXPECT_THAT(mails[0], HasSubstr("Subject: =?UTF-8?B?"));
}

}  // namespace
}  // namespace wardbridge::notices
