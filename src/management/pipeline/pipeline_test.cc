#include "management/pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "management/inventory/fields.h"
#include "management/notices/notices.h"
#include "management/webhooks/webhooks.h"
#include "platform/clock/clock.h"
#include "support/empty_store.h"

namespace wardbridge::pipeline {
namespace {

using ::testing::HasSubstr;
using Report = ledger::DeviceReport;

constexpr ledger::ConnectionId kConnection{1};
const std::string kDevice = "11111111-2222-3333-4444-555555555555";
const std::string kUser = "99999999-2222-3333-4444-555555555555";

// A management side without its face: a Mac reports, and the ledger shows what the directory would be told.
class PipelineTest : public ::testing::Test {
 protected:
  PipelineTest() : store_(test_support::empty_store()) {
    const store::Schema schemas[] = {audit::kSchema,      inventory::kSchema,  groups::kSchema,
                                     enrollment::kSchema, compliance::kSchema, ledger::kSchema,
                                     outbox::kSchema,     webhooks::kSchema,   notices::kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    applicable_ =
        create_group("Applicable", {{.name = "Application Title", .search_type = "is", .value = "CompanyPortal.app"}});
    compliant_ = create_group(
        "Compliant",
        {{.name = "Last Inventory Update", .search_type = "less than x days ago", .value = "2"},
         {.name = "FileVault 2 Status", .priority = 1, .search_type = "is", .value = "All Partitions Encrypted"}});
    turn_on(
        {.enabled = true, .compliance_group = compliant_, .applicable_group = applicable_, .connection = kConnection});
    invitation_ = write([&](auto& tx) { return enrollment::invite(tx, entropy_, {.description = "test"}, by_, now_); });
    auto enrolled = write([&](auto& tx) {
      return enrollment::enroll(tx, entropy_,
                                {.invitation = invitation_,
                                 .udid = "AAAAAAAA-2222-3333-4444-555555555555",
                                 .serial_number = "C02XK1",
                                 .name = "Ada's Mac"},
                                now_);
    });
    computer_ = enrolled.id;
    token_ = enrolled.check_in_token;
  }

  template <class Body>
  auto write(Body body) -> typename std::invoke_result_t<Body&, store::Transaction&>::value_type {
    auto result = store_->write([&](store::Transaction& tx) { return body(tx); });
    CHECK(result.ok(), result.ok() ? "" : result.failure().message);
    return std::move(result).value();
  }

  groups::GroupId create_group(const char* name, std::vector<criteria::Criterion> criteria) {
    return write([&](auto& tx) {
             return groups::create(tx, {.platform_id = entropy_.guid(), .name = name, .criteria = std::move(criteria)},
                                   now_, by_);
           })
        .id;
  }
  void turn_on(compliance::Settings settings) {
    write([&](auto& tx) { return compliance::change_settings(tx, settings, by_, now_); });
  }

  static inventory::Sections sections(const std::string& text) {
    return inventory::check_record(json::parse(text)->as_object(), inventory::How::report)->sections;
  }
  static std::string whole_report(bool filevault) {
    return R"({"applications":[{"name":"CompanyPortal.app","version":"5.0"}],)"
           R"("operatingSystem":{"version":"14.6","fileVault2Status":")" +
           std::string(filevault ? "ALL_ENCRYPTED" : "NOT_ENCRYPTED") + R"("}})";
  }
  Result<CheckInAnswer> check_in(const std::string& text, std::string report_id = "") {
    CheckIn check_in{.check_in_token = token_, .body_hash = text};
    check_in.report.report_id = std::move(report_id);
    if (!text.empty()) check_in.report.sections = sections(text);
    return pipeline_.check_in(check_in, now_);
  }
  void register_device(const std::string& device = kDevice) {
    write([&](auto& tx) -> Status {
      compliance::Registration registration{.computer = computer_,
                                            .username = "ada",
                                            .device_id = device,
                                            .user_id = kUser,
                                            .user_principal_name = "ada@contoso.example"};
      TRY(compliance::submit_registration(tx, registration, by_, now_));
      pipeline_.settle(tx, computer_, "registered", now_, now_);
      return done();
    });
  }

  std::optional<ledger::Delivery> delivery(const std::string& device = kDevice) {
    return write([&](auto& tx) -> Result<std::optional<ledger::Delivery>> {
      return ledger::find(tx, kConnection, compliance::subject_of(device));
    });
  }
  compliance::ComplianceState state() {
    return write([&](auto& tx) -> Result<compliance::ComplianceState> {
      return compliance::states_of(tx, computer_, now_).at(0);
    });
  }
  void manage(bool managed) {
    write([&](auto& tx) -> Status {
      TRY(inventory::patch(tx, computer_, {{"general", json::Object{{"managed", managed}}}}, now_, by_));
      pipeline_.settle(tx, computer_, "changed", kEpoch, now_);
      return done();
    });
  }

  std::unique_ptr<store::Store> store_;
  SeededEntropy entropy_{7};
  groups::GroupBook book_;
  int wakes_ = 0;
  Pipeline pipeline_{*store_, book_, [this] { ++wakes_; }};
  audit::Actor by_{.name = "test"};
  Time now_ = parse_iso8601("2026-11-23T12:00:00Z").value();
  groups::GroupId applicable_, compliant_;
  std::string invitation_, token_;
  ComputerId computer_;
};

TEST_F(PipelineTest, AnEncryptedMacBecomesCompliant) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  EXPECT_EQ(state().state, compliance::State::compliant);
  auto told = delivery();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->report.verdict, Report::Verdict::compliant);
  EXPECT_EQ(told->report.management, Report::Management::managed);
  EXPECT_EQ(told->report.os_version, "14.6");
  EXPECT_EQ(told->hops.check_in, now_);
  EXPECT_GT(wakes_, 0);
}

TEST_F(PipelineTest, TheReasonNamesGroupCriterionMeasuredAndRequiredValue) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(false)).ok());
  EXPECT_EQ(state().state, compliance::State::non_compliant);
  EXPECT_THAT(state().reason, HasSubstr("not in smart group `Compliant`: `FileVault 2 Status` is `No"));
  EXPECT_THAT(state().reason, HasSubstr("required: is `All Partitions Encrypted`"));
  EXPECT_EQ(delivery()->report.reason, state().reason);
}

TEST_F(PipelineTest, AMacThatTheIntegrationDoesNotApplyToIsNobodysBusiness) {
  register_device();
  ASSERT_TRUE(check_in(R"({"operatingSystem":{"version":"14.6","fileVault2Status":"ALL_ENCRYPTED"}})").ok());
  EXPECT_EQ(state().state, compliance::State::unknown);
  EXPECT_FALSE(state().applicable);
  EXPECT_FALSE(delivery());
}

TEST_F(PipelineTest, NothingIsToldOfAnUnregisteredMac) {
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  EXPECT_FALSE(delivery());
}

// Law 4.
TEST_F(PipelineTest, UnmanagedOverridesEverything) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  manage(false);
  EXPECT_EQ(state().state, compliance::State::non_compliant);
  EXPECT_EQ(delivery()->report.management, Report::Management::not_managed);
  manage(true);
  EXPECT_EQ(state().state, compliance::State::compliant);
}

// Law 3, first half: the stored verdict reads as not compliant although nobody has looked since.
TEST_F(PipelineTest, AnExpiredVerdictIsNotCompliantEvenIfTheHeartbeatIsLate) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  now_ += hours{24};
  EXPECT_EQ(state().state, compliance::State::non_compliant);
  EXPECT_THAT(state().reason, HasSubstr("expired"));
  EXPECT_EQ(delivery()->report.valid_until, now_);
}

// Law 3, second half: time alone ends it, to the millisecond.
TEST_F(PipelineTest, SilenceEndsAVerdictAtItsMoment) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  now_ += hours{24} - Duration{1};
  pipeline_.run_once(now_);
  EXPECT_EQ(delivery()->report.verdict, Report::Verdict::compliant);
  now_ += Duration{1};
  pipeline_.run_once(now_);
  EXPECT_EQ(delivery()->report.verdict, Report::Verdict::not_compliant);
  EXPECT_THAT(delivery()->report.reason, HasSubstr("has not checked in"));
}

TEST_F(PipelineTest, ADayRelativeCriterionLapsesWithoutAMessage) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  // Signs of life keep the verdict from lapsing by silence; the inventory grows old all the same.
  for (int half_days = 1; half_days < 4; ++half_days) {
    now_ += hours{12};
    ASSERT_TRUE(check_in("").ok());
    EXPECT_EQ(state().state, compliance::State::compliant) << half_days;
  }
  now_ += hours{12};
  pipeline_.run_once(now_);
  EXPECT_EQ(state().state, compliance::State::non_compliant);
  EXPECT_THAT(state().reason, HasSubstr("Last Inventory Update"));
}

// The loop of platform/actor without its thread: the next look is when the last one said.
TEST_F(PipelineTest, TimeAloneChangesAGroupAtItsMomentOnAnIdleServer) {
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  auto standing = [&] {
    return write(
        [&](auto& tx) -> Result<groups::Standing> { return groups::standing(tx, compliant_, computer_, now_); });
  };
  EXPECT_EQ(standing(), groups::Standing::member);
  const Time end = now_ + days{2};
  now_ = end - seconds{2} - milliseconds{300};  // looks go by whole seconds from here, which miss the moment
  while (now_ < end) {
    Time next = pipeline_.run_once(now_);
    EXPECT_EQ(standing(), groups::Standing::member) << to_iso8601(now_);
    ASSERT_LE(next, end) << "a look never sleeps past the moment";
    ASSERT_LE(next, now_ + seconds{1}) << "what others made due in between is found, too";
    now_ = next;
  }
  ASSERT_EQ(now_, end);
  pipeline_.run_once(now_);
  EXPECT_EQ(standing(), groups::Standing::not_member);
  auto changes = write([&](auto& tx) -> Result<std::vector<groups::StoredChange>> {
    return groups::changes_of_group(tx, compliant_, 1);
  });
  EXPECT_EQ(changes.at(0).time, end);
  EXPECT_EQ(changes.at(0).cause, "time");
}

// The same on a real stage, whose thread waits while the clock stands still and then jumps.
TEST_F(PipelineTest, AStageCarriesOutWhatTimeChangesWithoutAMessage) {
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  // Tells when the heartbeat has looked at a moment or after.
  class Watched final : public Actor {
   public:
    Watched(Actor& inner, Time moment) : inner_(inner), moment_(moment) {}
    std::string name() const override { return inner_.name(); }
    Time run_once(Time now) override {
      Time next = inner_.run_once(now);
      if (now >= moment_ && !told_) {
        told_ = true;
        looked.set_value(now);
      }
      return next;
    }
    std::promise<Time> looked;

   private:
    Actor& inner_;
    Time moment_;
    bool told_ = false;
  };
  const Time end = now_ + days{2};
  ManualClock clock(end - milliseconds{1});
  Watched watched(pipeline_, end);
  auto looked = watched.looked.get_future();
  Stage stage(clock);
  stage.add(watched);
  clock.set(end);  // nobody wakes the stage
  ASSERT_EQ(looked.wait_for(seconds{10}), std::future_status::ready);
  EXPECT_EQ(looked.get(), end);
  stage.stop();
  EXPECT_EQ(
      write([&](auto& tx) -> Result<groups::Standing> { return groups::standing(tx, compliant_, computer_, end); }),
      groups::Standing::not_member);
}

TEST_F(PipelineTest, ASettledMacIsNotSentAgainAtEveryCheckIn) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  auto first = delivery()->desired;
  now_ += minutes{15};
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  EXPECT_EQ(delivery()->desired, first);
  now_ += hours{3};
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  EXPECT_GT(delivery()->desired, first) << "its end must be pushed out in time";
  EXPECT_EQ(delivery()->report.valid_until, now_ + hours{24});
}

TEST_F(PipelineTest, ARetriedReportIsAnsweredTheSameAndAppliedOnce) {
  auto first = check_in(whole_report(true), "r1");
  now_ += seconds{5};
  auto again = check_in(whole_report(true), "r1");
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_FALSE(first->repeated);
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->revision, first->revision);
  EXPECT_EQ(again->changed_sections, first->changed_sections);
  EXPECT_EQ(check_in(whole_report(false), "r1").failure().reason, "report_id_reused");
}

TEST_F(PipelineTest, AnUnknownCredentialIsRefused) {
  EXPECT_EQ(pipeline_.check_in({.check_in_token = "nonsense"}, now_).failure().reason, "bad_device_token");
}

TEST_F(PipelineTest, EditingAGroupIsFeltAtTheNextHeartbeat) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  write([&](auto& tx) -> Status {
    auto group = *groups::find(tx, compliant_);
    group.criteria = {{.name = "Operating System Version", .search_type = "greater than or equal", .value = "15.0"}};
    TRY(groups::replace(tx, group, now_, by_));
    return done();
  });
  while (pipeline_.run_once(now_) == now_) {
  }
  EXPECT_EQ(state().state, compliance::State::non_compliant);
  EXPECT_THAT(state().reason, HasSubstr("`Operating System Version` is `14.6`"));
}

TEST_F(PipelineTest, RecalculatingAGroupPutsEveryComputerRightAtOnce) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  constexpr int kMore = 150;  // several batches
  for (int i = 0; i < kMore; ++i) {
    write([&](auto& tx) {
      inventory::NewComputer computer{.management_id = entropy_.guid()};
      computer.sections[inventory::Section::general] =
          json::Object{{"name", "Mac " + std::to_string(i)}, {"remoteManagement", json::Object{{"managed", true}}}};
      return inventory::create_computer(tx, computer, now_, by_);
    });
  }
  write([&](auto& tx) -> Status {
    auto group = *groups::find(tx, compliant_);
    group.criteria = {{.name = "Computer Name", .search_type = "like", .value = "Mac 1"}};
    TRY(groups::replace(tx, group, now_, by_));
    return done();
  });
  EXPECT_EQ(pipeline_.recalculate_group(compliant_, now_).value(), 1 + 10 + 50);
  EXPECT_EQ(state().state, compliance::State::non_compliant) << "verdicts follow";
  EXPECT_EQ(pipeline_.recalculate_group(groups::GroupId{999}, now_).failure().reason, "no_group");
}

// Law 5.
TEST_F(PipelineTest, RegisteringAgainRetractsTheDeviceBefore) {
  const std::string kOther = "22222222-2222-3333-4444-555555555555";
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  register_device(kOther);
  EXPECT_TRUE(delivery()->is_retraction);
  EXPECT_EQ(delivery()->report.verdict, Report::Verdict::not_compliant);
  EXPECT_EQ(delivery(kOther)->report.verdict, Report::Verdict::compliant);
}

TEST_F(PipelineTest, MovingToAnotherConnectionRetractsOnTheOldOneAndBack) {
  constexpr ledger::ConnectionId kOther{2};
  compliance::Settings settings{
      .enabled = true, .compliance_group = compliant_, .applicable_group = applicable_, .connection = kOther};
  auto told_by = [&](ledger::ConnectionId connection) {
    return *write([&](auto& tx) -> Result<std::optional<ledger::Delivery>> {
      return ledger::find(tx, connection, compliance::subject_of(kDevice));
    });
  };
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  turn_on(settings);
  pipeline_.run_once(now_);
  EXPECT_TRUE(told_by(kConnection).is_retraction);
  EXPECT_EQ(told_by(kOther).report.verdict, Report::Verdict::compliant);
  settings.connection = kConnection;
  turn_on(settings);
  pipeline_.run_once(now_);
  EXPECT_TRUE(told_by(kOther).is_retraction);
  EXPECT_FALSE(told_by(kConnection).is_retraction);
  EXPECT_EQ(told_by(kConnection).report.verdict, Report::Verdict::compliant);
}

TEST_F(PipelineTest, DeletingAComputerRetractsItsDevice) {
  register_device();
  ASSERT_TRUE(check_in(whole_report(true)).ok());
  write([&](auto& tx) -> Status {
    compliance::forget_computer(tx, computer_, now_);
    return done();
  });
  EXPECT_TRUE(delivery()->is_retraction);
  EXPECT_TRUE(write([&](auto& tx) -> Result<bool> { return compliance::registrations_of(tx, computer_).empty(); }));
}

TEST_F(PipelineTest, SettingsThatCannotWorkAreRefused) {
  auto refused = [&](compliance::Settings settings) {
    return store_->write([&](store::Transaction& tx) { return compliance::change_settings(tx, settings, by_, now_); })
        .failure()
        .reason;
  };
  EXPECT_EQ(refused({.enabled = true,
                     .compliance_group = groups::GroupId{999},
                     .applicable_group = applicable_,
                     .connection = kConnection}),
            "unknown_group");
  EXPECT_EQ(refused({.enabled = true, .compliance_group = compliant_, .applicable_group = applicable_}),
            "missing_field");
  EXPECT_EQ(refused({.validity = minutes{5}}), "bad_validity");
}

TEST_F(PipelineTest, ADeviceBelongsToOneAccountOfOneComputer) {
  register_device();
  auto submit = [&](compliance::Registration registration) {
    return store_->write(
        [&](store::Transaction& tx) { return compliance::submit_registration(tx, registration, by_, now_); });
  };
  EXPECT_EQ(
      submit({.computer = ComputerId{99}, .username = "eve", .device_id = kDevice, .user_id = kUser}).failure().reason,
      "device_taken");
  EXPECT_EQ(submit({.computer = computer_, .username = "eve", .device_id = kDevice, .user_id = kUser}).failure().reason,
            "device_taken");
  EXPECT_EQ(submit({.computer = computer_, .username = "eve", .device_id = "x", .user_id = kUser}).failure().reason,
            "bad_device_id");
}

}  // namespace
}  // namespace wardbridge::pipeline
