// What the ledger's tests share: a store in memory, and short ways to wish, lease and settle.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/connection.h"
#include "connector/ledger/ledger.h"
#include "platform/audit/audit.h"
#include "support/empty_store.h"

namespace wardbridge::ledger {

class LedgerFixture : public ::testing::Test {
 protected:
  static constexpr ConnectionId kConnection{7};

  void SetUp() override {
    store_ = test_support::empty_store();
    std::array<store::Schema, 2> schemas{audit::kSchema, kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
  }

  template <class Body>
  auto with(Body body) {
    using Value = std::invoke_result_t<Body&, store::Transaction&>;
    if constexpr (std::is_void_v<Value>) {
      Status status = store_->write([&](store::Transaction& tx) -> Status { return body(tx), done(); });
      CHECK(status.ok(), status.ok() ? "" : status.failure().message);
    } else {
      Result<Value> result = store_->write([&](store::Transaction& tx) -> Result<Value> { return body(tx); });
      CHECK(result.ok(), result.ok() ? "" : result.failure().message);
      return std::move(*result);
    }
  }

  static DeviceReport report(bool compliant, std::string reason = "") {
    return {.device_id = "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
            .user_id = "11111111-2222-3333-4444-555555555555",
            .user_principal_name = "ada@example.com",
            .device_name = "Ada's Mac",
            .os = "macOS",
            .os_version = "14.5",
            .management = DeviceReport::Management::managed,
            .verdict = compliant ? DeviceReport::Verdict::compliant : DeviceReport::Verdict::not_compliant,
            .last_check_in = from_unix_seconds(1'800'000'000),
            .valid_until = from_unix_seconds(1'800'086'400),
            .reason = std::move(reason)};
  }

  void wish(const std::string& subject, const DeviceReport& wanted) {
    with([&](store::Transaction& tx) {
      desire(
          tx,
          {.connection_id = kConnection, .subject = subject, .report = wanted, .check_in_at = now_, .verdict_at = now_},
          now_);
    });
  }
  Delivery row(const std::string& subject) {
    return with([&](store::Transaction& tx) { return find(tx, kConnection, subject); }).value();
  }
  std::vector<HistoryEntry> history_of(const std::string& subject) {
    return with([&](store::Transaction& tx) { return history(tx, kConnection, subject, 1000); });
  }
  std::vector<Leased> take(int limit = 100) {
    return with([&](store::Transaction& tx) { return lease(tx, kConnection, limit, now_); });
  }
  bool settle_as(const Leased& leased, const Outcome& outcome, const std::string& message_id = "") {
    Attempt attempt{.leased = leased, .outcome = outcome, .message_id = message_id, .sent = now_, .accepted = kEpoch};
    return with([&](store::Transaction& tx) { return settle(tx, attempt, entropy_, now_); });
  }
  static Outcome outcome(Outcome::Kind kind, const std::string& reason = "why") {
    return {.kind = kind, .reason = reason, .message = "because"};
  }

  Time now_ = from_unix_seconds(1'800'000'000);
  SeededEntropy entropy_{1};
  audit::Actor person_{.kind = audit::Actor::Kind::user, .id = "1", .name = "ada", .address = ""};
  std::unique_ptr<store::Store> store_;
};

}  // namespace wardbridge::ledger
