// What a computer is offered, and what became of what was started.
#include <algorithm>

#include "base/text.h"
#include "management/self_service/self_service.h"

namespace wardbridge::self_service {
namespace {

constexpr const char* kRunColumns =
    "id, item_id, kind, item_name, computer_id, username, state, reason, message, started, finished";
// What a Mac says about itself is kept, but not at any length.
constexpr std::size_t kMessageBytes = 4000;
constexpr std::size_t kReasonBytes = 80;
constexpr std::size_t kUsernameBytes = 255;

PolicyRun run_from(const store::Row& row) {
  return {.id = {row.integer(0)},
          .item = {row.integer(1)},
          .kind = static_cast<ItemKind>(row.integer(2)),
          .item_name = row.text(3),
          .computer = {row.integer(4)},
          .username = row.text(5),
          .state = static_cast<RunState>(row.integer(6)),
          .reason = row.text(7),
          .message = row.text(8),
          .started = row.time(9),
          .finished = row.time(10)};
}

void audit_run(store::Transaction& tx, const PolicyRun& run, const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Policy Log",
                     .object_id = std::to_string(run.id.value),
                     .object_name = run.item_name,
                     .details = {{"computerId", run.computer.value},
                                 {"username", run.username},
                                 {"status", wire_name(run.state)},
                                 {"reason", run.reason}}});
}

Status check_length(const std::string& text, std::size_t bytes, const char* field) {
  if (text.size() <= bytes) return done();
  return invalid("too_long", "`" + std::string(field) + "` has more than " + std::to_string(bytes) + " bytes", field);
}

// Of one computer, read once for all items.
class Eligibility {
 public:
  Eligibility(store::Transaction& tx, const inventory::Computer& computer, Time now) : computer_(computer) {
    // INVARIANT: law 3. Expired memberships are not among these.
    for (const auto& group : groups::groups_of(tx, computer.id, now)) groups_.push_back(group.group);
    for (const auto& row : tx.query("SELECT DISTINCT item_id FROM self_service_run WHERE computer_id = ? AND state = ?",
                                    {computer.id.value, static_cast<std::int64_t>(RunState::completed)})) {
      completed_.push_back({row.integer(0)});
    }
  }

  bool in_scope(const Item& item) const {
    if (!computer_.managed) return false;
    return item.scope.all_computers || std::ranges::any_of(item.scope.groups, [&](groups::GroupId wanted) {
             return std::ranges::find(groups_, wanted) != groups_.end();
           });
  }

  Standing standing(const Item& item) const {
    if (!item.enabled) return Standing::disabled;
    bool shown =
        item.kind == ItemKind::policy ? item.presentation.enabled : item.distribution == Distribution::self_service;
    if (!shown) return Standing::not_in_self_service;
    if (!in_scope(item)) return Standing::out_of_scope;
    // JAMF: once per computer keeps a second registration from leaving a second device in the directory.
    bool once = item.kind == ItemKind::policy && item.frequency == Frequency::once_per_computer;
    bool has_run = std::ranges::find(completed_, item.id) != completed_.end();
    return once && has_run ? Standing::completed : Standing::offered;
  }

 private:
  const inventory::Computer& computer_;
  std::vector<groups::GroupId> groups_;
  std::vector<ItemId> completed_;
};

std::vector<PolicyRun> runs_where(store::Transaction& tx, const char* column, std::int64_t id, int limit,
                                  std::int64_t offset) {
  std::vector<PolicyRun> found;
  for (const auto& row : tx.query("SELECT " + std::string(kRunColumns) + " FROM self_service_run WHERE " + column +
                                      " = ? ORDER BY id DESC LIMIT ? OFFSET ?",
                                  {id, limit, offset})) {
    found.push_back(run_from(row));
  }
  return found;
}

}  // namespace

const char* wire_name(Standing standing) {
  switch (standing) {
    case Standing::offered:
      return "OFFERED";
    case Standing::disabled:
      return "DISABLED";
    case Standing::not_in_self_service:
      return "NOT_IN_SELF_SERVICE";
    case Standing::out_of_scope:
      return "OUT_OF_SCOPE";
    case Standing::completed:
      return "COMPLETED";
  }
  CHECK(false);
}

const char* wire_name(RunState state) {
  switch (state) {
    case RunState::pending:
      return "Pending";
    case RunState::completed:
      return "Completed";
    case RunState::failed:
      return "Failed";
  }
  CHECK(false);
}

Standing standing(store::Transaction& tx, const Item& item, const inventory::Computer& computer, Time now) {
  return Eligibility(tx, computer, now).standing(item);
}

std::vector<Item> offered(store::Transaction& tx, const inventory::Computer& computer, Time now) {
  Eligibility eligibility(tx, computer, now);
  std::vector<Item> items;
  for (ItemKind kind : {ItemKind::policy, ItemKind::mac_application}) {
    for (Item& item : list(tx, kind)) {
      if (eligibility.standing(item) == Standing::offered) items.push_back(std::move(item));
    }
  }
  std::ranges::stable_sort(items, [](const Item& one, const Item& other) {
    if (one.presentation.featured != other.presentation.featured) return one.presentation.featured;
    return text::lower(one.name) < text::lower(other.name);
  });
  return items;
}

std::vector<Item> automatic(store::Transaction& tx, const inventory::Computer& computer, Time now) {
  Eligibility eligibility(tx, computer, now);
  std::vector<Item> items;
  for (Item& item : list(tx, ItemKind::mac_application)) {
    bool wanted = item.enabled && item.distribution == Distribution::install_automatically;
    if (wanted && eligibility.in_scope(item)) items.push_back(std::move(item));
  }
  return items;
}

Result<PolicyRun> start(store::Transaction& tx, const inventory::Computer& computer, ItemKind kind, ItemId id,
                        const std::string& username, const audit::Actor& by, Time now) {
  TRY(check_length(username, kUsernameBytes, "username"));
  auto item = find(tx, kind, id);
  Failure nothing =
      not_found("no_item", "Self Service offers nothing with the id " + std::to_string(id.value) + " to this computer");
  if (!item) return nothing;
  Eligibility eligibility(tx, computer, now);
  Standing found = eligibility.standing(*item);
  bool installs_itself = item->enabled && kind == ItemKind::mac_application &&
                         item->distribution == Distribution::install_automatically && eligibility.in_scope(*item);
  if (found == Standing::completed) {
    return conflict("already_completed", "`" + item->name +
                                             "` runs once per computer, and has run on this one: an administrator "
                                             "flushes its log to let it run again");
  }
  if (found != Standing::offered && !installs_itself) return nothing;
  tx.execute(
      "UPDATE self_service_run SET state = ?, reason = ?, finished = ?"
      " WHERE computer_id = ? AND item_id = ? AND state = ?",
      {static_cast<std::int64_t>(RunState::failed), "abandoned", now, computer.id.value, id.value,
       static_cast<std::int64_t>(RunState::pending)});
  PolicyRun run{.id = {tx.next_id("self_service_run")},
                .item = id,
                .kind = kind,
                .item_name = item->name,
                .computer = computer.id,
                .username = username,
                .started = now};
  tx.execute(
      "INSERT INTO self_service_run (id, item_id, kind, item_name, computer_id, username, state, reason,"
      " message, started, finished) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {run.id.value, run.item.value, static_cast<std::int64_t>(kind), run.item_name, run.computer.value, run.username,
       static_cast<std::int64_t>(run.state), run.reason, run.message, run.started, run.finished});
  audit_run(tx, run, by, now);
  return run;
}

Status finish(store::Transaction& tx, ComputerId computer, RunId id, const Outcome& outcome, const audit::Actor& by,
              Time now) {
  TRY(check_length(outcome.reason, kReasonBytes, "reason"));
  TRY(check_length(outcome.message, kMessageBytes, "message"));
  auto row = tx.query_one(
      "SELECT " + std::string(kRunColumns) + " FROM self_service_run WHERE id = ?" + std::string(tx.lock_rows()),
      {id.value});
  if (!row || row->integer(4) != computer.value) {
    return not_found("no_run", "this computer started nothing with the id " + std::to_string(id.value));
  }
  PolicyRun run = run_from(*row);
  if (run.state != RunState::pending) return done();
  run.state = outcome.completed ? RunState::completed : RunState::failed;
  run.reason = outcome.completed ? "" : outcome.reason;
  run.message = outcome.message;
  run.finished = now;
  tx.execute("UPDATE self_service_run SET state = ?, reason = ?, message = ?, finished = ? WHERE id = ?",
             {static_cast<std::int64_t>(run.state), run.reason, run.message, now, id.value});
  audit_run(tx, run, by, now);
  return done();
}

std::vector<PolicyRun> runs_of_computer(store::Transaction& tx, ComputerId computer, int limit, std::int64_t offset) {
  return runs_where(tx, "computer_id", computer.value, limit, offset);
}

std::vector<PolicyRun> runs_of_item(store::Transaction& tx, ItemId item, int limit, std::int64_t offset) {
  return runs_where(tx, "item_id", item.value, limit, offset);
}

std::int64_t flush(store::Transaction& tx, const Item& item, std::optional<ComputerId> computer, const audit::Actor& by,
                   Time now) {
  std::int64_t gone = computer ? tx.execute("DELETE FROM self_service_run WHERE item_id = ? AND computer_id = ?",
                                            {item.id.value, computer->value})
                               : tx.execute("DELETE FROM self_service_run WHERE item_id = ?", {item.id.value});
  if (gone == 0) return 0;
  json::Object details{{"flushed", gone}};
  if (computer) details["computerId"] = computer->value;
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "delete",
                     .object_type = "Policy Log",
                     .object_id = std::to_string(item.id.value),
                     .object_name = item.name,
                     .details = std::move(details)});
  return gone;
}

void forget_computer(store::Transaction& tx, ComputerId computer) {
  tx.execute("DELETE FROM self_service_run WHERE computer_id = ?", {computer.value});
}

}  // namespace wardbridge::self_service
