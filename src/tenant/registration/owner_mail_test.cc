#include "tenant/registration/owner_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/empty_store.h"
#include "tenant/registration/registration.h"

namespace wardbridge::registration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Time kThen = parse_iso8601("2026-11-23T12:00:00Z").value();

// Keeps what it is given, or refuses it.
class ScriptedMail final : public mail::MailTransport {
 public:
  Status send(const mail::Message& message, Duration) override {
    if (refusal) return *refusal;
    sent.push_back(message);
    return done();
  }
  std::vector<mail::Message> sent;
  std::optional<Failure> refusal;
};

class OwnerMailTest : public testing::Test {
 protected:
  OwnerMailTest() : store_(test_support::empty_store()) {
    const store::Schema schemas[] = {kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
  }

  void tell(const directory::User& owner, const directory::Device& device, bool was_known = false) {
    Status told = store_->write([&](store::Transaction& tx) -> Status {
      tell_owner(tx, {.owner = owner, .device = device, .was_known = was_known, .address = "192.0.2.1"}, entropy_,
                 kThen);
      return done();
    });
    EXPECT_TRUE(told.ok());
  }
  std::int64_t waiting() {
    return store_
        ->read([](store::Transaction& tx) -> Result<std::int64_t> {
          return tx.query_one("SELECT COUNT(*) FROM registration_owner_mail", {})->integer(0);
        })
        .value();
  }
  std::optional<Time> next_attempt() {
    return store_
        ->read([](store::Transaction& tx) -> Result<std::optional<Time>> {
          auto row = tx.query_one("SELECT next_attempt FROM registration_owner_mail", {});
          return row ? std::optional(row->time(0)) : std::nullopt;
        })
        .value();
  }

  const directory::User amina_{.user_principal_name = "amina@contoso.example", .display_name = "Amina Diallo"};
  const directory::Device mac_{.device_id = {"33333333-3333-4333-8333-333333333333"},
                               .display_name = "Amina's Mac",
                               .operating_system = "macOS",
                               .operating_system_version = "15.1.0"};
  SeededEntropy entropy_{1};
  std::unique_ptr<store::Store> store_;
  ScriptedMail mail_;
  OwnerMail actor_{*store_, mail_, "wardbridge@contoso.example"};
};

TEST_F(OwnerMailTest, SaysWhatWasRegisteredWhenAndFromWhere) {
  tell(amina_, mac_);
  EXPECT_EQ(actor_.run_once(kThen), kThen + minutes{5});
  ASSERT_EQ(mail_.sent.size(), 1u);
  const mail::Message& message = mail_.sent.front();
  EXPECT_THAT(message.to, ElementsAre("amina@contoso.example"));
  EXPECT_EQ(message.from, "wardbridge@contoso.example");
  for (const char* part : {"Amina's Mac", "macOS 15.1.0", "2026-11-23T12:00:00Z", "192.0.2.1",
                           "33333333-3333-4333-8333-333333333333", "a Mac was registered with your account"})
    EXPECT_THAT(message.text, HasSubstr(part));
  EXPECT_TRUE(mail::write_message(message).ok());
  EXPECT_EQ(waiting(), 0);
  actor_.run_once(kThen + hours{1});
  EXPECT_EQ(mail_.sent.size(), 1u);
}

TEST_F(OwnerMailTest, GoesToTheMailboxWhereThereIsOneAndToNobodyWithoutAnAddress) {
  directory::User user = amina_;
  user.mail = "amina.diallo@mail.example";
  tell(user, mac_, true);
  user = amina_;
  user.user_principal_name = "no address";
  tell(user, mac_);
  actor_.run_once(kThen);
  ASSERT_EQ(mail_.sent.size(), 1u);
  EXPECT_THAT(mail_.sent.front().to, ElementsAre("amina.diallo@mail.example"));
  EXPECT_THAT(mail_.sent.front().text, HasSubstr("registered again"));
}

// Whoever registers with a stolen sign-in chooses the name: it must not be a message of theirs.
TEST_F(OwnerMailTest, ANameIsNoLinkAndNoSecondLine) {
  directory::Device device = mac_;
  device.display_name = "ok\r\n\r\nAll is well: https://evil.example/reset <a@b>" + std::string(200, 'x');
  device.operating_system_version = "15 evil.example";
  tell(amina_, device);
  actor_.run_once(kThen);
  const std::string& text = mail_.sent.front().text;
  for (const char* part : {"https:", "evil.example", "a@b", "ok\r", "ok\n"}) EXPECT_THAT(text, Not(HasSubstr(part)));
  EXPECT_THAT(text, Not(HasSubstr(std::string(64, 'x'))));
}

TEST_F(OwnerMailTest, IsTriedAgainLessAndLessOftenForThreeDays) {
  mail_.refusal = Failure{Code::unavailable, "connect", "nobody listens"};
  tell(amina_, mac_);
  Time now = kThen;
  std::vector<Duration> pauses;
  actor_.run_once(now);
  for (auto next = next_attempt(); next && pauses.size() < 100; next = next_attempt()) {
    pauses.push_back(*next - now);
    now = *next;
    actor_.run_once(now);
  }
  EXPECT_THAT(mail_.sent, IsEmpty());
  ASSERT_GT(pauses.size(), 10u);
  EXPECT_EQ(pauses[0], minutes{1});
  EXPECT_EQ(pauses[1], minutes{2});
  EXPECT_EQ(pauses.back(), hours{6});
  EXPECT_GE(now - kThen, days{3});
  EXPECT_LE(now - kThen, days{3} + hours{6});
}

TEST_F(OwnerMailTest, ARefusalForGoodIsNotTriedAgain) {
  mail_.refusal = Failure{Code::forbidden, "mail_rejected", "550 no such mailbox"};
  tell(amina_, mac_);
  actor_.run_once(kThen);
  EXPECT_EQ(waiting(), 0);
}

TEST_F(OwnerMailTest, ComesThroughAfterAnOutage) {
  mail_.refusal = Failure{Code::timeout, "", "slow"};
  tell(amina_, mac_);
  tell(amina_, mac_);
  actor_.run_once(kThen);
  EXPECT_EQ(waiting(), 2);
  mail_.refusal.reset();
  actor_.run_once(kThen + seconds{59});
  EXPECT_THAT(mail_.sent, IsEmpty()) << "before its time";
  actor_.run_once(kThen + minutes{1});
  ASSERT_EQ(mail_.sent.size(), 2u);
  EXPECT_NE(mail_.sent[0].id, mail_.sent[1].id);
}

}  // namespace
}  // namespace wardbridge::registration
