#include "connector/relay/relay.h"

#include <gtest/gtest.h>

namespace wardbridge::relay {
namespace {

using Kind = ledger::Outcome::Kind;
const Time kNow = from_unix_milliseconds(1'800'000'000'000);

ledger::DeviceReport compliant_report() {
  return {.device_id = "22222222-0000-4000-8000-000000000002",
          .management = ledger::DeviceReport::Management::managed,
          .verdict = ledger::DeviceReport::Verdict::compliant,
          .last_check_in = kNow,
          .valid_until = kNow + hours{1},
          .reason = "all is well"};
}

TEST(Relay, ReportsComeBackAsTheyWent) {
  ReportMessage message{.version = {2, 17}, .held = true, .report = compliant_report()};
  auto read = report_message_from_json(to_json(message));
  ASSERT_TRUE(read.ok()) << read.failure().message;
  EXPECT_EQ(read->version, message.version);
  EXPECT_TRUE(read->held);
  EXPECT_EQ(read->report, message.report);
}

TEST(Relay, EveryOutcomeComesBackAsItWent) {
  for (Kind kind : {Kind::accepted, Kind::done, Kind::still_processing, Kind::superseded, Kind::retry_later,
                    Kind::unreachable, Kind::credentials, Kind::permission, Kind::permanent, Kind::message_lost}) {
    ledger::Outcome outcome{
        .kind = kind, .message_id = "m", .after = milliseconds{1500}, .reason = "why", .message = "Why."};
    auto read = outcome_from_json(to_json(outcome));
    ASSERT_TRUE(read.ok()) << read.failure().message;
    EXPECT_EQ(read->kind, kind);
    EXPECT_EQ(read->after, outcome.after);
    EXPECT_EQ(read->message_id + read->reason + read->message, "mwhyWhy.");
  }
  EXPECT_EQ(outcome_from_json({{"outcome", "perhaps"}}).failure().reason, "bad_field");
}

TEST(Relay, AVersionWithoutAnEpochIsRefused) {
  json::Object object = to_json(ReportMessage{.version = {1, 1}, .report = compliant_report()});
  object["version"] = json::Object{{"epoch", 0}, {"sequence", 1}};
  EXPECT_EQ(report_message_from_json(object).failure().where, "version");
  object.erase("version");
  EXPECT_EQ(report_message_from_json(object).failure().reason, "missing_field");
}

TEST(Relay, StatusComesBackAsItWent) {
  Status status{.database_id = "d",
                .attachments = {{.id = "a",
                                 .cloud = "global",
                                 .tenant_id = "t",
                                 .progress = Progress::approval,
                                 .protocol = partner::Protocol::device_partner,
                                 .resync = kNow}},
                .conflicts = {{.tenant_id = "t", .device_id = "x", .owner = "Berlin", .since = kNow}}};
  auto read = status_from_json(to_json(status));
  ASSERT_TRUE(read.ok()) << read.failure().message;
  ASSERT_EQ(read->attachments.size(), 1u);
  EXPECT_EQ(read->attachments[0].progress, Progress::approval);
  EXPECT_EQ(read->attachments[0].protocol, partner::Protocol::device_partner);
  EXPECT_EQ(read->attachments[0].resync, kNow);
  EXPECT_EQ(read->attachments[0].last_heartbeat, kEpoch);
  ASSERT_EQ(read->conflicts.size(), 1u);
  EXPECT_EQ(read->conflicts[0].owner, "Berlin");
}

TEST(Relay, AVerdictThatExpiredOnItsWayGoesOutAsNotCompliant) {
  EXPECT_TRUE(upload_of(compliant_report(), {1, 5}, kNow).is_compliant);
  EXPECT_FALSE(upload_of(compliant_report(), {1, 5}, kNow + hours{1}).is_compliant);
}

}  // namespace
}  // namespace wardbridge::relay
