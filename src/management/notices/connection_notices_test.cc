#include "management/notices/connection_notices.h"

#include <gmock/gmock.h>

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"
#include "connector/ledger/connection.h"
#include "management/notices/mail_carrier.h"
#include "management/webhooks/webhooks.h"
#include "support/empty_store.h"

namespace wardbridge::notices {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RecordedMail final : public mail::MailTransport {
 public:
  Status send(const mail::Message& message, Duration) override {
    sent.push_back(message);
    return done();
  }
  std::vector<mail::Message> sent;
};

class ConnectionNotices : public ::testing::Test {
 protected:
  ConnectionNotices() {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {
        audit::kSchema,  inventory::kSchema,         groups::kSchema,           outbox::kSchema, webhooks::kSchema,
        ledger::kSchema, device_compliance::kSchema, cloud_connection::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
  }
  void make(device_compliance::Type type, Time secret_end = kNever) {
    Status made = store_->write([&](store::Transaction& tx) -> Status {
      id_ = TRY(device_compliance::create(
          tx,
          {.name = "Contoso",
           .tenant = "contoso.example",
           .client_id = "6d1f2a3b-0000-4000-8000-000000000005",
           .pages = {.enrollment_url = "https://jamf.example/e", .remediation_url = "https://jamf.example/r"},
           .type = type},
          {"secret", secret_end}, sealer_, entropy_, {}, now_));
      return done();
    });
    ASSERT_TRUE(made.ok());
  }
  void make_cloud_connection() {
    Status made = store_->write([&](store::Transaction& tx) -> Status {
      id_ = TRY(cloud_connection::create(tx,
                                         {.name = "Fabrikam",
                                          .connector_url = "https://connector.example",
                                          .tenant = "fabrikam.example",
                                          .enrollment_url = "https://jamf.example/e",
                                          .remediation_url = "https://jamf.example/r"},
                                         "credential", sealer_, entropy_, {}, now_));
      return done();
    });
    ASSERT_TRUE(made.ok());
    table_ = "cloud_connection";
  }
  // What the connection's keeper would have left behind.
  void trouble(const char* state, const char* reason) {
    write([&](store::Transaction& tx) {
      tx.execute("UPDATE " + table_ + " SET state = ?, error_reason = ?, error_message = 'it fails' WHERE id = ?",
                 {state, reason, id_.value});
    });
  }
  template <class Body>
  void write(Body body) {
    ASSERT_TRUE(store_->write([&](store::Transaction& tx) -> Status { return body(tx), done(); }).ok());
  }
  std::vector<Notice> refresh() {
    write([&](store::Transaction& tx) { refresh_connection_notices(tx, now_, Mail::yes); });
    return standing();
  }
  std::vector<Notice> standing() {
    return store_->read([](store::Transaction& tx) -> Result<std::vector<Notice>> { return standing_notices(tx); })
        .value();
  }
  std::vector<std::string> types() {
    std::vector<std::string> found;
    for (const Notice& notice : refresh()) found.push_back(notice.type);
    return found;
  }
  Status dismiss(const Notice& notice) {
    return store_->write(
        [&](store::Transaction& tx) { return dismiss_notice(tx, notice.type, notice.id, {.name = "ada"}, now_); });
  }

  Time now_ = parse_iso8601("2027-01-15T08:00:00Z").value();
  SeededEntropy entropy_{7};
  crypto::Sealer sealer_{std::string(32, 'k')};
  std::unique_ptr<store::Store> store_;
  ledger::ConnectionId id_;
  std::string table_ = "connection";
};

TEST_F(ConnectionNotices, EachTroubleOfAManualConnectionHasTheVendorsType) {
  make(device_compliance::Type::manual);
  EXPECT_THAT(refresh(), SizeIs(0));
  trouble("active", "service_error");
  EXPECT_THAT(types(), ElementsAre(kHeartbeatFailed));
  trouble("credentials", "secret_expired");
  EXPECT_THAT(types(), ElementsAre(kUnauthorized));
  EXPECT_THAT(std::string(standing()[0].params.at("remedy").as_string()), HasSubstr("rotate-secret"));
  trouble("permission", "permission_extra");
  EXPECT_THAT(types(), ElementsAre(kConditionalAccessError));
  trouble("terminated", "integration_terminated");
  EXPECT_THAT(types(), ElementsAre(kConditionalAccessError));
  trouble("active", "");
  EXPECT_THAT(types(), SizeIs(0)) << "what is over goes by itself";
  write([&](store::Transaction& tx) {
    ledger::stop_lane(tx, id_, ledger::Lane::Health::unreachable, "throttled", "too many", now_);
  });
  EXPECT_THAT(types(), ElementsAre(kUploadFailed));
}

TEST_F(ConnectionNotices, DeviceComplianceHasOneType) {
  make(device_compliance::Type::device_compliance);
  trouble("permission", "forbidden");
  EXPECT_THAT(types(), ElementsAre(kDeviceComplianceError));
}

TEST_F(ConnectionNotices, ACloudConnectorConnectionHasTheTypesOfConditionalAccess) {
  make_cloud_connection();
  EXPECT_THAT(refresh(), SizeIs(0)) << "nobody has connected it yet";
  for (const char* passing : {"connect", "timeout", "throttled", "service_unavailable"}) {
    trouble("active", passing);
    EXPECT_THAT(types(), ElementsAre(kHeartbeatFailed)) << passing;
  }
  for (const char* refused : {"bad_credential", "secret_expired"}) {
    trouble("active", refused);
    EXPECT_THAT(types(), ElementsAre(kUnauthorized)) << refused;
    EXPECT_NE(standing()[0].params.at("remedy").as_string(), "") << refused;
  }
  trouble("connecting", "consent_denied");
  EXPECT_THAT(types(), ElementsAre(kConditionalAccessError));
  for (const char* modified : {"permission_missing", "permission_extra", "not_attached", "bad_ticket"}) {
    trouble("active", modified);
    EXPECT_THAT(types(), ElementsAre(kConditionalAccessError)) << modified;
    EXPECT_NE(standing()[0].params.at("remedy").as_string(), "") << modified;
  }
  EXPECT_EQ(standing()[0].params.at("connection"), "Fabrikam");
  trouble("active", "");
  EXPECT_THAT(types(), SizeIs(0)) << "what is over goes by itself";
  write([&](store::Transaction& tx) {
    ledger::stop_lane(tx, id_, ledger::Lane::Health::unreachable, "connect", "nobody listens", now_);
  });
  EXPECT_THAT(types(), ElementsAre(kUploadFailed));
  trouble("terminated", "");
  EXPECT_THAT(types(), SizeIs(0));
}

TEST_F(ConnectionNotices, AMacOfAnotherInstanceIsToldAsAnUploadThatFailed) {
  make_cloud_connection();
  trouble("active", "");
  write([&](store::Transaction& tx) {
    ledger::DeviceReport report{.device_id = "22222222-0000-4000-8000-000000000001", .valid_until = now_ + hours{9}};
    ledger::desire(tx, {.connection_id = id_, .subject = report.device_id, .report = report}, now_);
    auto leased = ledger::lease(tx, id_, 1, now_);
    ASSERT_EQ(leased.size(), 1u);
    ledger::Outcome refused{.kind = ledger::Outcome::Kind::permanent,
                            .reason = "device_of_other_instance",
                            .message = "the device belongs to the instance `berlin`"};
    ledger::settle(tx, {.leased = leased[0], .outcome = refused, .message_id = "", .sent = now_}, entropy_, now_);
  });
  ASSERT_THAT(types(), ElementsAre(kUploadFailed));
  EXPECT_THAT(std::string(standing()[0].params.at("message").as_string()), HasSubstr("1 device was refused"));
  EXPECT_THAT(std::string(standing()[0].params.at("remedy").as_string()), HasSubstr("unmanage"));
}

TEST_F(ConnectionNotices, DismissedItStaysAwayUntilItHasGoneAndComeBack) {
  make(device_compliance::Type::manual);
  trouble("active", "service_error");
  Notice notice = refresh().at(0);
  ASSERT_TRUE(dismiss(notice).ok());
  EXPECT_EQ(dismiss(notice).failure().reason, "no_notice");
  EXPECT_THAT(refresh(), SizeIs(0));
  trouble("active", "");
  refresh();
  trouble("active", "service_error");
  EXPECT_THAT(refresh(), SizeIs(1));
}

TEST_F(ConnectionNotices, ASecretsEndIsWarnedOfAtEachThreshold) {
  Time end = now_ + days{100};
  for (const auto& [before, days_shown] : {std::pair<Duration, int>{days{60} + seconds{1}, 0},
                                           {days{60}, 60},
                                           {days{30} + seconds{1}, 60},
                                           {days{30}, 30},
                                           {days{14}, 14},
                                           {days{7}, 7},
                                           {days{1} + seconds{1}, 7},
                                           {days{1}, 1},
                                           {seconds{0}, 1},
                                           {-days{3}, 1}}) {
    EXPECT_EQ(warning_days(end, end - before), days_shown);
  }
  EXPECT_EQ(warning_days(kNever, now_), 0);
  make(device_compliance::Type::manual, now_ + days{60});
  std::vector<Notice> first = refresh();
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].type, kSecretExpires);
  ASSERT_TRUE(dismiss(first[0]).ok());
  now_ += days{29};
  EXPECT_THAT(refresh(), SizeIs(0));
  now_ += days{1};
  EXPECT_THAT(refresh(), SizeIs(1)) << "thirty days are a notice of their own";
  Status staged = store_->write([&](store::Transaction& tx) {
    return device_compliance::stage_secret(tx, id_, {"next"}, sealer_, entropy_, {}, now_);
  });
  ASSERT_TRUE(staged.ok());
  EXPECT_THAT(refresh(), SizeIs(0)) << "the next one is there";
}

TEST_F(ConnectionNotices, ACloudConnectorConnectionIsMailedOfToo) {
  make_cloud_connection();
  trouble("active", "bad_credential");
  refresh();
  RecordedMail transport;
  ManualClock clock(now_);
  MailCarrier carrier(*store_, &transport, {.from = "wardbridge@corp.example", .to = {"it@corp.example"}});
  outbox::OutboxActor actor(*store_, carrier, clock, entropy_);
  for (int i = 0; i < 20; ++i, clock.advance(minutes{5})) actor.run_once(clock.now());
  ASSERT_THAT(transport.sent, SizeIs(1));
  EXPECT_THAT(transport.sent[0].subject, HasSubstr("Fabrikam"));
  EXPECT_THAT(transport.sent[0].text, HasSubstr("renew-credential"));
}

TEST_F(ConnectionNotices, IsMailedOnceWithCauseAndRemedy) {
  make(device_compliance::Type::manual);
  trouble("credentials", "secret_expired");
  refresh();
  refresh();
  RecordedMail transport;
  ManualClock clock(now_);
  MailCarrier carrier(*store_, &transport, {.from = "wardbridge@corp.example", .to = {"it@corp.example"}});
  outbox::OutboxActor actor(*store_, carrier, clock, entropy_);
  for (int i = 0; i < 20; ++i, clock.advance(minutes{5})) actor.run_once(clock.now());
  ASSERT_THAT(transport.sent, SizeIs(1));
  EXPECT_THAT(transport.sent[0].to, ElementsAre("it@corp.example"));
  EXPECT_THAT(transport.sent[0].subject, HasSubstr("Contoso"));
  EXPECT_THAT(transport.sent[0].text, HasSubstr(kUnauthorized));
  EXPECT_THAT(transport.sent[0].text, HasSubstr("What to do: make a new client secret"));
}

}  // namespace
}  // namespace wardbridge::notices
