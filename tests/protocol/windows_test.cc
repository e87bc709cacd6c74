// Times that something holds for, at their edges: the last second, the end, and the second after it; by an ordinary
// day, over the end of a leap year's February, after a clock that jumped, and after a restart.
//
// The other windows of this integration have their edges elsewhere: the inventory state of an account in
// compliance_routes_test, the warnings before a secret's end in connection_notices_test, the three months after a
// connection ended and the hour of a silent partner in manual_span_test, consent and silent instances in
// connector_test.
#include <gtest/gtest.h>

#include "connector/partner/partner.h"
#include "connector/relay/relay.h"
#include "protocol/tenant_face.h"

namespace wardbridge::protocol {
namespace {

struct Edge {
  Duration after_end;
  bool is_open;
};
constexpr Edge kEdges[] = {{-seconds{1}, true}, {-milliseconds{1}, true}, {seconds{0}, false}, {seconds{1}, false}};
constexpr const char* kDays[] = {"2027-01-15T08:00:00Z",   // an ordinary one
                                 "2028-02-28T12:00:00Z",   // the next one is the 29th
                                 "2028-02-29T00:00:00Z",   // begins on it
                                 "2026-11-30T23:59:59Z",   // into another month
                                 "2026-12-31T23:59:59Z"};  // into another year

// A tenant and its partner, which can be started again.
class World {
 public:
  explicit World(Time start) : clock_(start) { restart(); }

  void restart() {
    client_ =
        std::make_unique<partner::Client>(face_, entropy_,
                                          partner::Account{.endpoints = {.login_base = kFace, .graph_base = kFace},
                                                           .tenant = kTenant.value,
                                                           .client_id = kPartnerApp.value,
                                                           .client_secret = kSecret});
  }
  partner::Extensions provision() {
    auto provisioning = client_->provision({"https://jamf.example/e", "https://jamf.example/r"}, clock_.now());
    EXPECT_TRUE(provisioning.ok()) << (provisioning.ok() ? "" : provisioning.failure().message);
    return provisioning.ok() ? provisioning->extensions : partner::Extensions{};
  }
  // Tells the tenant what is in a report, as it is when it goes out.
  void tell(const ledger::DeviceReport& report, const partner::Extensions& extensions) {
    partner::Upload upload =
        relay::upload_of(report, {.epoch = 1, .sequence = to_unix_milliseconds(clock_.now())}, clock_.now());
    auto message = client_->upload(upload, extensions, clock_.now());
    ASSERT_TRUE(message.ok()) << message.failure().message;
    EXPECT_TRUE(client_->message(*message, clock_.now()).ok());
  }
  // As above, and it is refused: there is something newer.
  void tell_in_vain(const ledger::DeviceReport& report, const partner::Extensions& extensions) {
    partner::Upload upload =
        relay::upload_of(report, {.epoch = 1, .sequence = to_unix_milliseconds(clock_.now())}, clock_.now());
    auto message = client_->upload(upload, extensions, clock_.now());
    ASSERT_TRUE(message.ok()) << message.failure().message;
    auto state = client_->message(*message, clock_.now());
    ASSERT_FALSE(state.ok());
    EXPECT_EQ(state.failure().kind, partner::Problem::Kind::stale);
  }
  ledger::DeviceReport compliant_until(Time valid_until) const {
    return {.device_id = kDevice,
            .user_id = kUser,
            .device_name = "Mac",
            .os = "macOS",
            .os_version = "14.5",
            .management = ledger::DeviceReport::Management::managed,
            .verdict = ledger::DeviceReport::Verdict::compliant,
            .last_check_in = clock_.now(),
            .valid_until = valid_until,
            .reason = "because"};
  }
  bool is_compliant() { return face_.device(kDevice)->is_compliant_at(clock_.now()); }

  ManualClock clock_;
  TenantFace face_{clock_};

 private:
  SeededEntropy entropy_{3};
  std::unique_ptr<partner::Client> client_;
};

class Windows : public ::testing::TestWithParam<const char*> {
 protected:
  Time start() const { return parse_iso8601(GetParam()).value(); }
};
INSTANTIATE_TEST_SUITE_P(Days, Windows, ::testing::ValuesIn(kDays), [](const auto& day) {
  return "On" + text::replace_all(std::string(day.param).substr(0, 10), "-", "_");
});

TEST_P(Windows, ATenantTrustsAVerdictUntilItsEnd) {
  World world(start());
  const Time end = start() + hours{24};
  world.tell(world.compliant_until(end), world.provision());
  for (const Edge& edge : kEdges) {
    world.clock_.set(end + edge.after_end);
    EXPECT_EQ(world.is_compliant(), edge.is_open) << edge.after_end.count();
  }
}

TEST_P(Windows, ATenantTrustsAVerdictWithoutAnEndForADay) {
  World world(start());
  world.provision();
  const partner::Extensions none;  // a partner that knows only what Microsoft's has
  world.tell(world.compliant_until(start() + days{30}), none);
  const Time end = start() + hours{24};
  for (const Edge& edge : kEdges) {
    world.clock_.set(end + edge.after_end);
    EXPECT_EQ(world.is_compliant(), edge.is_open) << edge.after_end.count();
  }
}

TEST_P(Windows, AVerdictThatEndsOnItsWayArrivesAsNotCompliant) {
  World world(start());
  const partner::Extensions extensions = world.provision();
  const Time end = start() + hours{24};
  const ledger::DeviceReport report = world.compliant_until(end);
  for (const Edge& edge : kEdges) {
    world.clock_.set(end + edge.after_end);  // it waited, or the clock jumped
    world.restart();                         // and so did the process
    world.tell(report, extensions);
    EXPECT_EQ(world.is_compliant(), edge.is_open) << edge.after_end.count();
  }
}

TEST_P(Windows, AClockThatJumpsBackMakesNoVerdictLonger) {
  World world(start());
  const Time end = start() + hours{24};
  const partner::Extensions extensions = world.provision();
  world.tell(world.compliant_until(end), extensions);
  world.clock_.set(end - hours{1});
  EXPECT_TRUE(world.is_compliant());
  // What is said at an earlier time is older than what is there (law 6), whatever end it has.
  world.clock_.set(start() - hours{1});
  world.restart();
  world.tell_in_vain(world.compliant_until(end + hours{12}), extensions);
  world.clock_.set(end);
  EXPECT_FALSE(world.is_compliant());
}

TEST_P(Windows, AClientSecretIsTakenUntilItsEnd) {
  const directory::AppId app{"6d1f2a3b-0000-4000-8000-0000000000aa"};
  World world(start());
  const Time end = start() + days{1};
  world.face_.add_manual_application(app, end);
  for (const Edge& edge : kEdges) {
    world.clock_.set(end + edge.after_end);
    SeededEntropy entropy(4);
    partner::Client client(world.face_, entropy,
                           {.endpoints = {.login_base = kFace, .graph_base = kFace},
                            .tenant = kTenant.value,
                            .client_id = app.value,
                            .client_secret = kSecret});
    auto token = client.tenant_id(world.clock_.now());
    EXPECT_EQ(token.ok(), edge.is_open) << edge.after_end.count();
    EXPECT_EQ(token.ok() ? "" : token.failure().reason, edge.is_open ? "" : "secret_expired");
  }
}

}  // namespace
}  // namespace wardbridge::protocol
