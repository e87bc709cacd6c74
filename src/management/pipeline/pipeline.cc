#include "management/pipeline/pipeline.h"

#include <algorithm>

#include "management/compliance/window.h"
#include "management/groups/fleet.h"
#include "management/groups/regroup.h"
#include "management/notices/notices.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::pipeline {
namespace {

// Causes, as they stand in the history of memberships, that are configuration's or time's and not a computer's.
constexpr const char* kEditedGroup = "group edited";
constexpr const char* kTime = "time";
constexpr int kBatch = 64;
// What one heartbeat does of long work, so that what is due is never late for it.
constexpr int kPage = 100;
constexpr int kPagesAtATime = 5;
constexpr std::size_t kRegroupedAtATime = 512;
constexpr int kVersionsAtATime = 5000;
// Other nodes and check-ins may have made computers due earlier than was known, so an idle heartbeat looks this often.
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

Pipeline::Pipeline(store::Store& store, groups::GroupBook& book, std::function<void()> deliveries_wait, Nodes nodes)
    : store_(store), book_(book), deliveries_wait_(std::move(deliveries_wait)), nodes_(nodes) {}

Result<CheckInAnswer> Pipeline::check_in(const CheckIn& check_in, Time now) {
  const inventory::InventoryReport& report = check_in.report;
  auto take = [&](store::Transaction& tx) -> Result<CheckInAnswer> {
    auto arrival = TRY(enrollment::arrive(tx, check_in.check_in_token, report.report_id, check_in.body_hash));
    inventory::Computer& computer = arrival.computer;
    if (arrival.receipt) return answer_from(computer.id, arrival.receipt->answer);
    groups::Change change{.revision_before = computer.revision};
    auto changed = inventory::take_report(tx, computer, report, now, &recent_);
    change.changed = changed;
    bool is_sign_of_life = report.sections.empty();
    settle(tx, computer, &change, is_sign_of_life ? "check-in" : "inventory update", now, now);
    CheckInAnswer fresh{.id = computer.id};
    if (!is_sign_of_life) {
      fresh.revision = computer.revision;
      for (inventory::Section section : changed) fresh.changed_sections.emplace_back(inventory::wire_name(section));
    }
    notices::checked_in(tx, computer.id, is_sign_of_life ? notices::With::nothing : notices::With::inventory, now);
    if (!report.report_id.empty()) {
      inventory::store_receipt(tx, computer.id, report.report_id, check_in.body_hash,
                               {.answer = answer_text(fresh), .time = now});
    }
    return fresh;
  };
  auto answer = store_.write(take);
  // The same report came twice at a time and the other one was first: its receipt is there now.
  if (!answer.ok() && answer.failure().reason == "already_exists") answer = store_.write(take);
  if (answer.ok()) check_ins().add();
  return answer;
}

void Pipeline::settle(store::Transaction& tx, ComputerId id, const std::string& cause, Time check_in_at, Time now) {
  if (auto computer = inventory::load(tx, id, {})) settle(tx, *computer, nullptr, cause, check_in_at, now);
}

// INVARIANT: law 1. What is judged is what this transaction has stored: the changed sections it has just written, the
// others by their revision in the fleet, or read back.
void Pipeline::settle(store::Transaction& tx, inventory::Computer& computer, const groups::Change* change,
                      const std::string& cause, Time check_in_at, Time now) {
  std::optional<groups::Assessment> assessment;
  if (change != nullptr) assessment = groups::assess_change(tx, book_, computer, *change, now, cause);
  if (!assessment) {
    static const std::vector<inventory::Section> sections = groups::sections_of_facts();
    assessment = groups::assess(tx, book_, inventory::with_stored_sections(tx, computer, sections), now, cause);
  }
  notices::membership_changed(tx, computer.id, assessment->changes, now);
  ++computer.assessments;
  compliance::Cause why = cause == kEditedGroup ? compliance::Cause::edited_group
                          : cause == kTime      ? compliance::Cause::time
                                                : compliance::Cause::computer;
  compliance::Assessment verdicts = compliance::assess(tx, book_, computer, check_in_at, now, why);
  computer.reassess_at = std::min(assessment->valid_until, verdicts.look_again);
  inventory::save(tx, computer);
  // Most check-ins change no verdict, and the workers need not get up for them.
  if (verdicts.something_to_send && deliveries_wait_) tx.after_commit(deliveries_wait_);
}

Result<std::int64_t> Pipeline::recalculate_group(groups::GroupId id, Time now) {
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    if (!groups::find(tx, id))
      return not_found("no_group", "no smart computer group has the id " + std::to_string(id.value));
    groups::request_regrouping(tx, id);
    return done();
  }));
  for (bool more = true; more;) {
    bool learning = TRY(learn_fleet(now));
    bool regrouping = TRY(regroup_some(now));
    more = learning || regrouping;
  }
  return store_.read(
      [&](store::Transaction& tx) -> Result<std::int64_t> { return groups::count_members(tx, id, now); });
}

std::map<groups::GroupId, std::int64_t> Pipeline::count_members_of_all(store::Transaction& tx, Time now) const {
  return nodes_ == Nodes::one ? groups::count_all_members(tx, book_, now) : groups::count_all_members(tx, now);
}

Result<int> Pipeline::settle_due(Time now) {
  return store_.write([&](store::Transaction& tx) -> Result<int> {
    auto waiting = inventory::due(tx, now, kBatch);
    for (ComputerId id : waiting) {
      auto computer = inventory::load(tx, id, {});
      if (!computer) continue;
      groups::Change nothing{.revision_before = computer->revision};
      settle(tx, *computer, &nothing, kTime, kEpoch, now);
    }
    return static_cast<int>(waiting.size());
  });
}

Result<bool> Pipeline::learn_fleet(Time now) {
  for (int page = 0; page < kPagesAtATime; ++page) {
    bool more = TRY(
        store_.read([&](store::Transaction& tx) -> Result<bool> { return groups::learn_some(tx, book_, now, kPage); }));
    if (!more) return false;
  }
  return true;
}

Result<std::optional<groups::Regrouping>> Pipeline::next_regrouping(Time now) {
  return store_.read([&](store::Transaction& tx) -> Result<std::optional<groups::Regrouping>> {
    return groups::next_regrouping(tx, book_, now, kRegroupedAtATime);
  });
}

Status Pipeline::catch_up(Time now) {
  ComputerId after;
  for (bool more = true; more;) {
    more = TRY(store_.read([&](store::Transaction& tx) -> Result<bool> {
      ComputerId reached = after;
      bool some = groups::catch_up_some(tx, book_, now, kVersionsAtATime, reached);
      after = reached;
      return some;
    }));
  }
  return done();
}

// A group after an edit: who is in it by its criteria and not by what is stored, or the other way round, is judged by
// it anew, in transactions between which check-ins go on.
Result<bool> Pipeline::regroup_some(Time now) {
  auto work = TRY(next_regrouping(now));
  if (!work) return false;
  if (nodes_ == Nodes::several) {
    // At the beginning, and again before it is called done: what other nodes changed meanwhile is in it too.
    auto [caught_up, is_new] = caught_up_.try_emplace(work->group, 0);
    if (caught_up->second != work->edit || work->computers.empty()) {
      TRY(catch_up(now));
      caught_up->second = work->edit;
      work = TRY(next_regrouping(now));
      if (!work) return true;
    }
  }
  const groups::GroupId group[] = {work->group};
  for (std::size_t first = 0; first < work->computers.size(); first += kBatch) {
    TRY(store_.write([&](store::Transaction& tx) -> Status {
      std::size_t end = std::min(work->computers.size(), first + kBatch);
      for (std::size_t i = first; i < end; ++i) {
        auto computer = inventory::hold(tx, work->computers[i]);
        if (!computer) {
          tx.after_commit([&fleet = book_.fleet(), id = work->computers[i]] { fleet.forget(id); });
          continue;
        }
        groups::Change change{.revision_before = computer->revision, .groups = group};
        settle(tx, *computer, &change, kEditedGroup, kEpoch, now);
      }
      return done();
    }));
  }
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    groups::finish_regrouping(tx, *work);
    return done();
  }));
  return true;
}

// Lets go what a change of configuration moved, once that is carried out to the end, here and on other nodes.
Status Pipeline::finish_change(Time now) {
  bool something = TRY(store_.read([](store::Transaction& tx) -> Result<bool> {
    return compliance::has_change_to_finish(tx) && groups::all_regrouping(tx).empty();
  }));
  if (!something) return done();
  return store_.write([&](store::Transaction& tx) -> Status {
    if (inventory::next_due(tx) <= now || !groups::all_regrouping(tx).empty()) return done();
    if (compliance::finish_change(tx, now) && deliveries_wait_) tx.after_commit(deliveries_wait_);
    return done();
  });
}

Status Pipeline::close_window(Time now) {
  bool is_due = TRY(
      store_.read([&](store::Transaction& tx) -> Result<bool> { return compliance::has_window_to_close(tx, now); }));
  if (!is_due) return done();
  return store_.write([&](store::Transaction& tx) -> Status {
    compliance::close_window(tx, now);
    return done();
  });
}

Time Pipeline::run_once(Time now) {
  if (Status closed = close_window(now); !closed.ok()) {
    log::warning("window_stays_open", {{"reason", closed.failure().reason}});
  }
  auto judged = settle_due(now);
  if (!judged.ok()) {
    log::warning("reassessment_failed", {{"reason", judged.failure().reason}, {"message", judged.failure().message}});
    return now + kIdleLook;
  }
  reassessments().add(static_cast<std::uint64_t>(*judged));
  auto learning = learn_fleet(now);
  auto regrouping = learning.ok() ? regroup_some(now) : learning;
  if (!regrouping.ok()) {
    log::warning("regrouping_failed",
                 {{"reason", regrouping.failure().reason}, {"message", regrouping.failure().message}});
    return now + kIdleLook;
  }
  if (*learning || *regrouping) return now;
  if (*judged == kBatch) return now;  // more are waiting
  if (Status finished = finish_change(now); !finished.ok()) {
    log::warning("verdicts_stay_held", {{"reason", finished.failure().reason}});
  }
  if (now >= next_cleanup_) {
    next_cleanup_ = now + hours{1};
    auto forgotten = store_.write([&](store::Transaction& tx) -> Result<std::int64_t> {
      return inventory::forget_receipts_before(tx, now - kReceiptLife) + ledger::trim_history(tx, now - kHistoryLife);
    });
    if (!forgotten.ok()) log::warning("old_rows_stay", {{"reason", forgotten.failure().reason}});
  }
  // Not past the moment at which time alone changes something. What is due already and was not judged is in another
  // node's hands.
  auto next_due = store_.read([](store::Transaction& tx) -> Result<Time> { return inventory::next_due(tx); });
  Time next = next_due.value_or(kNever);
  return now < next ? std::min(next, now + kIdleLook) : now + kIdleLook;
}

}  // namespace wardbridge::pipeline
