#include "management/pipeline/pipeline.h"

#include <algorithm>

#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::pipeline {
namespace {

constexpr int kBatch = 64;
// Other nodes may have made computers due, so an idle heartbeat looks this often.
constexpr Duration kIdleLook = seconds{1};
constexpr Duration kReceiptLife = days{7};
constexpr Duration kHistoryLife = days{90};

metrics::Counter& check_ins() {
  static auto& counter = metrics::counter("wardbridge_check_ins_total", "inventory reports and signs of life taken");
  return counter;
}
metrics::Counter& reassessments() {
  static auto& counter =
      metrics::counter("wardbridge_reassessments_total", "computers judged because time passed or a setting changed");
  return counter;
}

std::string answer_text(const CheckInAnswer& answer) {
  return json::to_text(
      json::Object{{"revision", answer.revision}, {"changedSections", json::to_array(answer.changed_sections)}});
}

CheckInAnswer answer_from(ComputerId id, const std::string& text) {
  CheckInAnswer answer{.id = id, .repeated = true};
  json::Value value = *json::parse(text);
  answer.revision = json::integer_at(value.get_object(), "revision").value_or(0);
  answer.changed_sections = *json::optional_texts(value.get_object(), "changedSections");
  return answer;
}

}  // namespace

Pipeline::Pipeline(store::Store& store, groups::GroupBook& book, std::function<void()> deliveries_wait)
    : store_(store), book_(book), deliveries_wait_(std::move(deliveries_wait)) {}

Result<CheckInAnswer> Pipeline::check_in(const CheckIn& check_in, Time now) {
  auto answer = store_.write([&](store::Transaction& tx) -> Result<CheckInAnswer> {
    ComputerId id = TRY(enrollment::identify(tx, check_in.check_in_token));
    const inventory::InventoryReport& report = check_in.report;
    if (!report.report_id.empty()) {
      auto receipt = TRY(inventory::find_receipt(tx, id, report.report_id, check_in.body_hash));
      if (receipt) return answer_from(id, receipt->answer);
    }
    CheckInAnswer fresh{.id = id};
    if (report.sections.empty()) {
      TRY(inventory::note_check_in(tx, id, report.ip_address, now));
    } else {
      inventory::Applied applied = TRY(inventory::apply_report(tx, id, report, now));
      fresh.revision = applied.revision;
      for (inventory::Section section : applied.changed)
        fresh.changed_sections.emplace_back(inventory::wire_name(section));
    }
    settle(tx, id, report.sections.empty() ? "check-in" : "inventory update", now, now);
    if (!report.report_id.empty()) {
      inventory::store_receipt(tx, id, report.report_id, check_in.body_hash,
                               {.answer = answer_text(fresh), .time = now});
    }
    return fresh;
  });
  if (answer.ok()) check_ins().add();
  return answer;
}

// INVARIANT: law 1. The computer is read back from the store, so the verdict follows from what is committed with it.
void Pipeline::settle(store::Transaction& tx, ComputerId id, const std::string& cause, Time check_in_at, Time now) {
  auto sections = book_.sections_needed(tx);
  if (std::find(sections.begin(), sections.end(), inventory::Section::operating_system) == sections.end()) {
    sections.push_back(inventory::Section::operating_system);  // the directory is told the version
  }
  auto computer = inventory::load(tx, id, sections);
  if (!computer) return;
  groups::Assessment assessment = groups::assess(tx, book_, *computer, now, cause);
  compliance::Assessment verdicts = compliance::assess(tx, book_, *computer, check_in_at, now);
  Time reassess_at = std::min(assessment.valid_until, verdicts.look_again);
  if (reassess_at != computer->reassess_at) inventory::set_reassess_at(tx, id, reassess_at);
  // Most check-ins change no verdict, and the workers need not get up for them.
  if (verdicts.something_to_send && deliveries_wait_) tx.after_commit(deliveries_wait_);
}

Result<int> Pipeline::settle_due(Time now) {
  return store_.write([&](store::Transaction& tx) -> Result<int> {
    auto waiting = inventory::due(tx, now, kBatch);
    for (ComputerId id : waiting) settle(tx, id, "time", kEpoch, now);
    return static_cast<int>(waiting.size());
  });
}

Time Pipeline::run_once(Time now) {
  auto judged = settle_due(now);
  if (!judged.ok()) {
    log::warning("reassessment_failed", {{"reason", judged.failure().reason}, {"message", judged.failure().message}});
    return now + kIdleLook;
  }
  reassessments().add(static_cast<std::uint64_t>(*judged));
  if (*judged == kBatch) return now;  // more are waiting
  if (now >= next_cleanup_) {
    next_cleanup_ = now + hours{1};
    auto forgotten = store_.write([&](store::Transaction& tx) -> Result<std::int64_t> {
      return inventory::forget_receipts_before(tx, now - kReceiptLife) + ledger::trim_history(tx, now - kHistoryLife);
    });
    if (!forgotten.ok()) log::warning("old_rows_stay", {{"reason", forgotten.failure().reason}});
  }
  return now + kIdleLook;
}

}  // namespace wardbridge::pipeline
