#include "management/enrollment/enrollment.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "support/empty_store.h"

namespace wardbridge::enrollment {
namespace {

constexpr const char* kUdid = "4C4C4544-0000-4000-8000-000000000001";

class EnrollmentTest : public ::testing::Test {
 protected:
  EnrollmentTest() {
    store_ = test_support::empty_store();
    std::vector<store::Schema> schemas = {audit::kSchema, inventory::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
  }

  std::string invited(const Invitation& invitation = {}) {
    return store_->write([&](store::Transaction& tx) { return invite(tx, entropy_, invitation, kAdministrator, kNow); })
        .value();
  }
  Result<Enrolled> enrolled(const std::string& invitation, Time now = kNow, const std::string& udid = kUdid,
                            const std::string& serial_number = "C02XK1ABJGH5", const std::string& name = "Ann's Mac") {
    return store_->write([&](store::Transaction& tx) {
      return enroll(tx, entropy_,
                    {.invitation = invitation, .udid = udid, .serial_number = serial_number, .name = name}, now);
    });
  }
  Result<inventory::ComputerId> identified(const std::string& token) {
    return store_->read([&](store::Transaction& tx) { return identify(tx, token); });
  }
  inventory::Computer computer(inventory::ComputerId id) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<inventory::Computer> {
          return inventory::load(tx, id, inventory::kAllSections).value();
        })
        .value();
  }
  std::int64_t computers() {
    return store_->read([](store::Transaction& tx) -> Result<std::int64_t> { return inventory::count(tx); }).value();
  }
  static void expect_turned_away(const Result<Enrolled>& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.failure().code, Code::unauthenticated);
    EXPECT_EQ(result.failure().reason, "bad_invitation");
  }

  static inline const Time kNow = parse_iso8601("2026-11-23T18:00:00Z").value();
  static inline const audit::Actor kAdministrator{.name = "admin"};
  SeededEntropy entropy_{11};
  std::unique_ptr<store::Store> store_;
};

TEST_F(EnrollmentTest, AnInvitedMacIsManagedAndKnownByItsCredential) {
  auto mac = enrolled(invited(), kNow, text::lower(kUdid));
  ASSERT_TRUE(mac.ok()) << mac.failure().message;
  inventory::Computer known = computer(mac->id);
  EXPECT_EQ(known.udid, kUdid) << "in upper case, however it was spelled";
  EXPECT_EQ(known.serial_number, "C02XK1ABJGH5");
  EXPECT_EQ(known.name, "Ann's Mac");
  EXPECT_TRUE(known.managed);
  EXPECT_EQ(known.last_enrolled, kNow);
  EXPECT_EQ(identified(mac->check_in_token).value(), mac->id);
}

TEST_F(EnrollmentTest, NobodyElseIsIdentified) {
  auto mac = enrolled(invited());
  for (const std::string& guess : {std::string(), std::string("guess"), std::string(kUdid),
                                   mac->check_in_token.substr(1), mac->check_in_token + "="}) {
    auto result = identified(guess);
    ASSERT_FALSE(result.ok()) << guess;
    EXPECT_EQ(result.failure().code, Code::unauthenticated);
    EXPECT_EQ(result.failure().reason, "bad_device_token");
  }
}

TEST_F(EnrollmentTest, AnUnknownInvitationAdmitsNobody) {
  expect_turned_away(enrolled("guess"));
  expect_turned_away(enrolled(""));
  EXPECT_EQ(computers(), 0);
}

TEST_F(EnrollmentTest, AnInvitationIsUsedUp) {
  std::string twice = invited({.uses = 2});
  EXPECT_TRUE(enrolled(twice).ok());
  EXPECT_TRUE(enrolled(twice, kNow, "4C4C4544-0000-4000-8000-000000000002").ok());
  expect_turned_away(enrolled(twice, kNow, "4C4C4544-0000-4000-8000-000000000003"));
  EXPECT_EQ(computers(), 2);
}

TEST_F(EnrollmentTest, AnInvitationExpires) {
  std::string brief = invited({.expires = kNow + hours{1}});
  expect_turned_away(enrolled(brief, kNow + hours{1}));
  EXPECT_TRUE(enrolled(brief, kNow + hours{1} - milliseconds{1}).ok());
}

TEST_F(EnrollmentTest, ARefusedMacDoesNotUseUpTheInvitation) {
  std::string once = invited({.uses = 1});
  for (const char* udid :
       {"", "C02XK1ABJGH5", "4C4C4544-0000-4000-8000-00000000000", "zC4C4544-0000-4000-8000-000000000001"}) {
    auto result = enrolled(once, kNow, udid);
    ASSERT_FALSE(result.ok()) << udid;
    EXPECT_EQ(result.failure().reason, "bad_udid");
    EXPECT_EQ(result.failure().where, "udid");
  }
  auto no_serial_number = enrolled(once, kNow, kUdid, " ");
  ASSERT_FALSE(no_serial_number.ok());
  EXPECT_EQ(no_serial_number.failure().where, "serialNumber");
  EXPECT_TRUE(enrolled(once).ok());
}

TEST_F(EnrollmentTest, AnInvitationForNobodyIsRefused) {
  for (std::int64_t uses : {std::int64_t{0}, std::int64_t{-1}}) {
    auto result = store_->write(
        [&](store::Transaction& tx) { return invite(tx, entropy_, {.uses = uses}, kAdministrator, kNow); });
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.failure().reason, "bad_uses");
  }
}

TEST_F(EnrollmentTest, EnrollingAgainKeepsTheComputerAndReplacesItsCredential) {
  std::string invitation = invited();
  auto first = enrolled(invitation);
  auto unmanaged = store_->write([&](store::Transaction& tx) {
    return inventory::patch(tx, first->id, json::Object{{"general", json::Object{{"managed", false}}}}, kNow,
                            kAdministrator);
  });
  ASSERT_TRUE(unmanaged.ok());
  ASSERT_FALSE(computer(first->id).managed);

  auto second = enrolled(invitation, kNow + days{1}, text::lower(kUdid));
  ASSERT_TRUE(second.ok()) << second.failure().message;
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(computers(), 1);
  EXPECT_TRUE(computer(first->id).managed);
  EXPECT_FALSE(identified(first->check_in_token).ok());
  EXPECT_EQ(identified(second->check_in_token).value(), first->id);
}

TEST_F(EnrollmentTest, EnrollingAgainTakesTheNewNameAndDate) {
  std::string invitation = invited();
  auto first = enrolled(invitation);
  const Time later = kNow + days{1};
  ASSERT_TRUE(enrolled(invitation, later, kUdid, "C02XK1ABJGH5", "Bob's Mac").ok());
  EXPECT_EQ(computer(first->id).name, "Bob's Mac");
  EXPECT_EQ(computer(first->id).last_enrolled, later);
  EXPECT_LE(computer(first->id).reassess_at, later) << "a group may ask for either";
  auto entries = store_->read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return audit::list(tx, "Computer", std::to_string(first->id.value), 100);
  });
  ASSERT_FALSE(entries->empty());
  EXPECT_EQ(json::to_text(entries->front().entry.details.at("general.name")),
            R"({"old":"Ann's Mac","new":"Bob's Mac"})");

  ASSERT_TRUE(enrolled(invitation, later + days{1}, kUdid, "C02XK1ABJGH5", "").ok());
  EXPECT_EQ(computer(first->id).name, "Bob's Mac") << "a Mac without a name keeps the one it had";
  EXPECT_EQ(computer(first->id).last_enrolled, later + days{1});
}

TEST_F(EnrollmentTest, TheStoreHoldsNeitherInvitationNorCredential) {
  std::string invitation = invited();
  auto mac = enrolled(invitation);
  auto found = store_->read([&](store::Transaction& tx) -> Result<std::int64_t> {
    auto invitations = tx.query("SELECT invitation_hash FROM enrollment_invitation");
    EXPECT_EQ(invitations.size(), 1u);
    return std::count_if(invitations.begin(), invitations.end(),
                         [&](const store::Row& row) { return row.text(0) == invitation; });
  });
  EXPECT_EQ(*found, 0);
  auto entries = store_->read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return audit::list(tx, "Computer", std::to_string(mac->id.value), 100);
  });
  EXPECT_FALSE(entries->empty());
}

}  // namespace
}  // namespace wardbridge::enrollment
