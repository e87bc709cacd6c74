#include "management/compliance/compliance.h"

#include <algorithm>

#include "base/text.h"
#include "connector/ledger/hand_over.h"
#include "management/compliance/account_states.h"
#include "management/compliance/device_inventory.h"
#include "management/compliance/migration.h"
#include "management/compliance/tenant_domains.h"
#include "management/compliance/window.h"

namespace wardbridge::compliance {
namespace {

constexpr std::string_view kPlatform = "macOS";
constexpr std::string_view kRegistrationColumns =
    "id, computer_id, username, device_id, user_id, user_principal_name, registered, token_failing_since,"
    " deactivated_at, local_account";

Registration registration_from(const store::Row& row) {
  return {.id = RegistrationId{row.integer(0)},
          .computer = ComputerId{row.integer(1)},
          .username = row.text(2),
          .device_id = row.text(3),
          .user_id = row.text(4),
          .user_principal_name = row.text(5),
          .registered = row.time(6),
          .token_failing_since = row.time(7),
          .deactivated = row.time(8),
          .account = static_cast<LocalAccount>(row.integer(9))};
}

State state_from(const std::string& name) {
  for (State state : {State::unknown, State::non_compliant, State::compliant}) {
    if (name == wire_name(state)) return state;
  }
  CHECK(false, name);
}

std::optional<ComplianceState> stored_state(store::Transaction& tx, const Registration& registration) {
  auto row = tx.query_one(
      "SELECT applicable, state, reason, valid_until, since, judged FROM compliance_state"
      " WHERE registration_id = ?",
      {registration.id.value});
  if (!row) return std::nullopt;
  return ComplianceState{.registration = registration,
                         .applicable = row->flag(0),
                         .state = state_from(row->text(1)),
                         .reason = row->text(2),
                         .valid_until = row->time(3),
                         .since = row->time(4),
                         .judged = row->time(5)};
}

void store_state(store::Transaction& tx, const ComplianceState& state) {
  tx.post(
      "INSERT INTO compliance_state (registration_id, applicable, state, reason, valid_until, since, judged)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (registration_id) DO UPDATE SET applicable = excluded.applicable,"
      " state = excluded.state, reason = excluded.reason, valid_until = excluded.valid_until,"
      " since = excluded.since, judged = excluded.judged",
      {state.registration.id.value, state.applicable, wire_name(state.state), state.reason, state.valid_until,
       state.since, state.judged});
}

// The criteria that kept a computer out, as one line: `FileVault 2 Status` is `Not Encrypted`, required: is `All ...`.
std::string unmet(const criteria::Because& because) {
  using Kind = criteria::Because::Kind;
  if (because.kind == Kind::criterion) {
    std::string measured = because.measured ? "is `" + *because.measured + "`" : "is not known";
    return "`" + because.name + "` " + measured + ", required: " + because.search_type + " `" + because.required + "`";
  }
  std::vector<std::string> parts;
  for (const criteria::Because& part : because.parts) {
    if (!part.truth) parts.push_back(unmet(part));
  }
  return text::join(parts, because.kind == Kind::any_of ? ", or " : "; ");
}

// Reasons and reports need more of a computer than a check-in that changes no verdict brings along.
class Subject {
 public:
  Subject(store::Transaction& tx, groups::GroupBook& book, const inventory::Computer& computer, bool with_inventory)
      : tx_(tx), book_(book), computer_(computer), with_inventory_(with_inventory) {}

  const inventory::Computer& row() const { return computer_; }
  const inventory::Computer& whole() {
    if (!whole_) {
      auto sections = book_.sections_needed(tx_);
      if (std::ranges::find(sections, inventory::Section::operating_system) == sections.end()) {
        sections.push_back(inventory::Section::operating_system);  // the directory is told the version
      }
      if (with_inventory_) {
        for (inventory::Section section : sections_of_inventory()) {
          if (std::ranges::find(sections, section) == sections.end()) sections.push_back(section);
        }
      }
      whole_ = inventory::with_stored_sections(tx_, computer_, sections);
    }
    return *whole_;
  }
  std::string os_version() {
    const json::Value* section = computer_.section(inventory::Section::operating_system);
    if (section == nullptr) section = whole().section(inventory::Section::operating_system);
    return os_version_of(section);
  }

 private:
  store::Transaction& tx_;
  groups::GroupBook& book_;
  const inventory::Computer& computer_;
  bool with_inventory_;
  std::optional<inventory::Computer> whole_;
};

std::string why_not_in(store::Transaction& tx, groups::GroupBook& book, Subject& subject, groups::GroupId group,
                       Time now) {
  auto explanation = groups::explain(tx, book, subject.whole(), group, now);
  if (!explanation.ok()) return explanation.failure().message;
  std::string reason = "not in smart group `" + explanation->group_name + "`";
  if (!explanation->overruled_by.empty()) return reason + ": " + explanation->overruled_by;
  std::string criteria = unmet(explanation->because);
  return criteria.empty() ? reason : reason + ": " + criteria;
}

// What holds for every registration of one computer.
struct Verdict {
  bool applicable = false;
  State state = State::unknown;
  std::string reason;
  Time valid_until = kNever;
};

Verdict judge(store::Transaction& tx, groups::GroupBook& book, const Settings& settings, Subject& subject, Time now) {
  const inventory::Computer& computer = subject.row();
  if (!computer.managed) {
    // INVARIANT: law 4, unmanaged overrides everything.
    return {.applicable = true, .state = State::non_compliant, .reason = "the computer is not managed"};
  }
  // INVARIANT: law 1, stored membership; law 3, an expired one is not among these.
  auto belongings = groups::groups_of(tx, computer.id, now);
  auto membership_of = [&](groups::GroupId group) -> const groups::Belonging* {
    auto found =
        std::find_if(belongings.begin(), belongings.end(), [&](const auto& each) { return each.group == group; });
    return found == belongings.end() ? nullptr : &*found;
  };
  const groups::Belonging* applicable = membership_of(settings.applicable_group);
  if (!applicable) {
    return {.applicable = false,
            .state = State::unknown,
            .reason = why_not_in(tx, book, subject, settings.applicable_group, now)};
  }
  const groups::Belonging* membership = membership_of(settings.compliance_group);
  if (!membership) {
    return {.applicable = true,
            .state = State::non_compliant,
            .reason = why_not_in(tx, book, subject, settings.compliance_group, now)};
  }
  // INVARIANT: law 3. The verdict ends when time alone may end the membership, and when the Mac has been silent too
  // long.
  Time silent = computer.last_check_in + settings.validity;
  Time valid_until = std::min({membership->valid_until, applicable->valid_until, silent});
  if (now >= silent) {
    return {.applicable = true,
            .state = State::non_compliant,
            .reason = "the computer has not checked in for " + for_people(settings.validity) + ", last on " +
                      to_iso8601(computer.last_check_in, false)};
  }
  return {.applicable = true,
          .state = State::compliant,
          .reason = "in smart group `" + membership->name + "`",
          .valid_until = valid_until};
}

// JAMF: an account whose sign-in failed is reported non-compliant until somebody signs in again.
Verdict deactivated_verdict(const Registration& registration) {
  return {.applicable = true,
          .state = State::non_compliant,
          .reason = "the sign-in of `" + registration.username + "` to the directory failed on " +
                    to_iso8601(registration.deactivated, false) + ": run `jamfaad gatherAADInfo` as that person"};
}

// What is known to be wrong overrides the groups: a network account, a Mac that is too old.
Verdict unmet_verdict(const Unmet& unmet) {
  return {.applicable = true, .state = State::non_compliant, .reason = unmet.message + ". Remedy: " + unmet.remedy};
}

// A list of accounts that came with this report is compared once, so that no other check-in has to read it.
void note_local_account(store::Transaction& tx, const inventory::Computer& computer, Registration& registration) {
  const json::Value* accounts = computer.section(inventory::Section::local_user_accounts);
  if (accounts == nullptr) return;
  LocalAccount found = local_account_of(accounts, registration.username);
  // INVARIANT: law 2. An empty list is no news; it can't undo what an earlier one said.
  if (found == LocalAccount::not_reported || found == registration.account) return;
  registration.account = found;
  tx.post("UPDATE compliance_registration SET local_account = ? WHERE id = ?",
          {static_cast<std::int64_t>(found), registration.id.value});
}

// When time alone changes the inventory state that is told.
Time next_inventory_state_at(const Registration& registration, const inventory::Computer& computer, Time now) {
  if (inventory_state(registration, computer.last_check_in, now) != InventoryState::activated) return kNever;
  Time silent = computer.last_check_in + kUnresponsiveAfter;
  if (registration.token_failing_since == kEpoch) return silent;
  return std::min(silent, registration.token_failing_since + kUnresponsiveAfter);
}

// A report says the same to the directory when only times moved a little: a verdict's end is pushed out while a good
// part of it is still left, not at every check-in.
bool worth_sending(const ledger::DeviceReport& held, const ledger::DeviceReport& wanted, Duration validity) {
  ledger::DeviceReport same_times = wanted;
  same_times.last_check_in = held.last_check_in;
  same_times.valid_until = held.valid_until;
  if (!is_worth_telling(held.inventory, wanted.inventory)) same_times.inventory = held.inventory;
  if (!(same_times == held)) return true;
  if (wanted.is_denial()) return false;
  Duration later = wanted.valid_until - held.valid_until;
  return later < Duration{0} || later >= validity / 8;
}

// Whether there was anything new to tell.
bool tell_directory(store::Transaction& tx, const Settings& settings, Subject& subject,
                    const Registration& registration, const Verdict& verdict, Time check_in_at, Time now, Cause cause) {
  const inventory::Computer& computer = subject.row();
  using Report = ledger::DeviceReport;
  bool compliant = verdict.state == State::compliant;
  Report report{.device_id = registration.device_id,
                .user_id = registration.user_id,
                .user_principal_name = registration.user_principal_name,
                .device_name = computer.name,
                .os = "macOS",
                .os_version = subject.os_version(),
                .management = computer.managed ? Report::Management::managed : Report::Management::not_managed,
                .verdict = compliant ? Report::Verdict::compliant : Report::Verdict::not_compliant,
                .last_check_in = computer.last_check_in,
                .valid_until = compliant ? verdict.valid_until : now + settings.validity,
                .reason = verdict.reason};
  ledger::ConnectionId connection = connection_of(tx, settings, registration.user_principal_name);
  if (settings.sends_inventory && connection == settings.connection) {
    DeviceInventory told = device_inventory(subject.whole(), registration.username, registration.user_principal_name,
                                            inventory_state(registration, computer.last_check_in, now));
    report.inventory = std::move(told.about);
    report.security = std::move(told.security);
  }
  std::string subject_name = subject_of(registration.device_id);
  if (settings.has_tenant_domains) {
    std::vector<ledger::ConnectionId> concerned{connection};
    if (settings.rehearsal) concerned.push_back(settings.rehearsal->connection);
    retract_elsewhere(tx, registration.device_id, concerned, "the device belongs to another tenant now", now);
  }
  auto held = ledger::find(tx, connection, subject_name);
  if (held && !held->is_retraction && !worth_sending(held->report, report, settings.validity)) return false;
  // A computer that the integration never applied to is none of the directory's business.
  if (!held && !verdict.applicable) return false;
  // Back to what the directory holds is no move; neither is a first word.
  bool moves =
      held && !held->is_retraction && held->state != ledger::State::held && held->report.verdict != report.verdict;
  bool by_configuration = cause == Cause::edited_group || (cause == Cause::time && settings.changing);
  ledger::desire(tx,
                 {.connection_id = connection,
                  .subject = subject_name,
                  .report = report,
                  .check_in_at = check_in_at,
                  .verdict_at = now,
                  .hold = moves && by_configuration},
                 now);
  return true;
}

// The same computer, by the settings that are only rehearsed.
Settings as_rehearsed(const Settings& current) {
  Settings other = current;
  other.connection = current.rehearsal->connection;
  other.compliance_group = current.rehearsal->compliance_group;
  other.applicable_group = current.rehearsal->applicable_group;
  other.sends_inventory = current.rehearsal->sends_inventory;
  other.has_tenant_domains = false;  // those devices are nobody's here
  other.rehearsal.reset();
  return other;
}

// Whether what is held is little enough to go without a person's word.
bool may_go(const Settings& current, const Held& waiting) {
  if (waiting.devices == 0) return false;
  return waiting.devices <= kFewDevices || waiting.devices * 100 <= waiting.of * current.hold_percent;
}

// Those that verdicts are told to.
std::vector<ledger::ConnectionId> connections_in_use(store::Transaction& tx) {
  std::vector<ledger::ConnectionId> connections;
  for (const auto& row : tx.query("SELECT connection_id FROM compliance_setting WHERE platform = ? UNION"
                                  " SELECT connection_id FROM compliance_tenant_domain",
                                  {kPlatform})) {
    if (row.integer(0) != 0) connections.push_back({row.integer(0)});
  }
  return connections;
}

std::int64_t release_all(store::Transaction& tx, Time now) {
  std::int64_t released = 0;
  for (ledger::ConnectionId connection : connections_in_use(tx)) released += ledger::release_held(tx, connection, now);
  return released;
}

}  // namespace

const char* wire_name(State state) {
  switch (state) {
    case State::unknown:
      return "UNKNOWN";
    case State::non_compliant:
      return "NON_COMPLIANT";
    case State::compliant:
      return "COMPLIANT";
  }
  CHECK(false);
}

const char* wire_name(InventoryState state) {
  switch (state) {
    case InventoryState::activated:
      return "ACTIVATED";
    case InventoryState::deactivated:
      return "DEACTIVATED";
    case InventoryState::unresponsive:
      return "UNRESPONSIVE";
  }
  CHECK(false);
}

InventoryState inventory_state(const Registration& registration, Time last_check_in, Time now) {
  if (registration.deactivated != kEpoch) return InventoryState::deactivated;
  bool token_stale =
      registration.token_failing_since != kEpoch && now >= registration.token_failing_since + kUnresponsiveAfter;
  return token_stale || now >= last_check_in + kUnresponsiveAfter ? InventoryState::unresponsive
                                                                  : InventoryState::activated;
}

Status note_token(store::Transaction& tx, ComputerId computer, const std::string& username, TokenNews news,
                  const audit::Actor& by, Time now) {
  auto registrations = registrations_of(tx, computer);
  auto found = std::ranges::find(registrations, username, &Registration::username);
  if (found == registrations.end()) {
    return not_found("no_registration", "the account `" + username.substr(0, 80) + "` is not registered");
  }
  Registration wanted = *found;
  if (news == TokenNews::refreshed) {
    wanted.token_failing_since = kEpoch;
    wanted.deactivated = kEpoch;
  } else {
    if (wanted.token_failing_since == kEpoch) wanted.token_failing_since = now;
    if (news == TokenNews::sign_in_failed && wanted.deactivated == kEpoch) wanted.deactivated = now;
  }
  bool same = wanted.token_failing_since == found->token_failing_since && wanted.deactivated == found->deactivated;
  if (same) return done();
  tx.post("UPDATE compliance_registration SET token_failing_since = ?, deactivated_at = ? WHERE id = ?",
          {wanted.token_failing_since, wanted.deactivated, wanted.id.value});
  const char* word = news == TokenNews::refreshed ? "refreshed"
                     : news == TokenNews::failed  ? "refresh failed"
                                                  : "sign-in failed";
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Computer",
                     .object_id = std::to_string(computer.value),
                     .object_name = username,
                     .details = {{"directoryToken", word}}});
  return done();
}

std::string subject_of(const std::string& device_id) { return "device|" + device_id; }

Settings settings(store::Transaction& tx) {
  auto row = tx.query_one(
      "SELECT enabled, compliance_group, applicable_group, connection_id, validity_milliseconds, sends_inventory,"
      " hold_percent, changing, (SELECT COUNT(*) FROM compliance_tenant_domain), handed_over_at, m.phase,"
      " m.from_connection_id, m.from_compliance_group, m.from_applicable_group, m.from_inventory, m.to_connection_id,"
      " m.to_compliance_group, m.to_applicable_group, m.to_inventory, s.lapsed"
      " FROM compliance_setting s LEFT JOIN compliance_migration m ON m.platform = s.platform"
      " AND m.phase IN ('rehearsing', 'cut_over') WHERE s.platform = ?",
      {kPlatform});
  if (!row) return {};
  std::optional<Settings::Rehearsal> rehearsal;
  if (!row->is_null(10)) {
    int first = row->text(10) == name_of(Phase::rehearsing) ? 15 : 11;
    rehearsal = {.connection = ledger::ConnectionId{row->integer(first)},
                 .compliance_group = groups::GroupId{row->integer(first + 1)},
                 .applicable_group = groups::GroupId{row->integer(first + 2)},
                 .sends_inventory = row->flag(first + 3)};
  }
  return {.enabled = row->flag(0),
          .compliance_group = groups::GroupId{row->integer(1)},
          .applicable_group = groups::GroupId{row->integer(2)},
          .connection = ledger::ConnectionId{row->integer(3)},
          .validity = Duration{row->integer(4)},
          .hold_percent = static_cast<int>(row->integer(6)),
          .changing = row->flag(7),
          .sends_inventory = row->flag(5),
          .has_tenant_domains = row->integer(8) > 0,
          .rehearsal = rehearsal,
          .handed_over = row->time(9),
          .lapsed = row->flag(19)};
}

namespace {

// INVARIANT: law 5. The directory that was told so far must not keep believing it; unless its connection was handed
// over, and this one takes over what it knew.
void leave_connection(store::Transaction& tx, const Settings& old, const Settings& wanted, Time now) {
  using Purpose = ledger::Lane::Purpose;
  if (ledger::lane(tx, old.connection).purpose != Purpose::rehearsing) {
    ledger::drain_lane(tx, old.connection, "device compliance moved to another connection", now);
  } else if (old.handed_over != kEpoch && !is_lapsed(old, now) && wanted.enabled && wanted.connection) {
    ledger::adopt(tx, old.connection, wanted.connection,
                  wanted.sends_inventory ? ledger::Inventory::kept : ledger::Inventory::left_out, now);
  } else {
    ledger::drop_rehearsed(tx, old.connection, Purpose::closed);
  }
  tx.execute("UPDATE compliance_setting SET handed_over_at = 0, lapsed = 0 WHERE platform = ?", {kPlatform});
}

}  // namespace

Status change_settings(store::Transaction& tx, const Settings& wanted, const audit::Actor& by, Time now) {
  if (wanted.enabled) {
    for (auto [group, field] : {std::pair{wanted.compliance_group, "complianceGroupId"},
                                std::pair{wanted.applicable_group, "applicableGroupId"}}) {
      if (!groups::find(tx, group)) {
        return invalid("unknown_group", "no smart computer group has the id " + std::to_string(group.value), field);
      }
    }
    if (!wanted.connection)
      return invalid("missing_field", "`connectionId` is required to enable the integration", "connectionId");
  }
  if (wanted.validity < hours{1} || wanted.validity > days{120}) {
    return invalid("bad_validity", "`validityHours` must be between 1 and 2880", "validityHours");
  }
  if (wanted.hold_percent < 1 || wanted.hold_percent > 100) {
    return invalid("bad_share", "`holdPercent` must be between 1 and 100", "holdPercent");
  }
  Settings old = settings(tx);
  bool is_moved = old.enabled != wanted.enabled || old.connection != wanted.connection ||
                  old.compliance_group != wanted.compliance_group || old.applicable_group != wanted.applicable_group;
  if (is_moved) TRY(check_not_migrating(tx, {}));
  tx.execute(
      "INSERT INTO compliance_setting (platform, enabled, compliance_group, applicable_group, connection_id,"
      " validity_milliseconds, sends_inventory, hold_percent, changing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT "
      "(platform) DO UPDATE SET"
      " enabled = excluded.enabled, compliance_group = excluded.compliance_group,"
      " applicable_group = excluded.applicable_group, connection_id = excluded.connection_id,"
      " validity_milliseconds = excluded.validity_milliseconds, sends_inventory = excluded.sends_inventory,"
      " hold_percent = excluded.hold_percent, changing = 1",
      {kPlatform, wanted.enabled, wanted.compliance_group.value, wanted.applicable_group.value, wanted.connection.value,
       wanted.validity.count(), wanted.sends_inventory, wanted.hold_percent});
  auto change = [](auto before, auto after) { return json::Object{{"old", before}, {"new", after}}; };
  audit::record(tx,
                {.time = now,
                 .actor = by,
                 .action = "update",
                 .object_type = "Conditional Access",
                 .object_id = std::string(kPlatform),
                 .object_name = "Device Compliance",
                 .details = {{"enabled", change(old.enabled, wanted.enabled)},
                             {"complianceGroupId", change(old.compliance_group.value, wanted.compliance_group.value)},
                             {"applicableGroupId", change(old.applicable_group.value, wanted.applicable_group.value)},
                             {"connectionId", change(old.connection.value, wanted.connection.value)}}});
  if (old.connection && old.connection != wanted.connection) leave_connection(tx, old, wanted, now);
  if (wanted.connection && ledger::lane(tx, wanted.connection).purpose == ledger::Lane::Purpose::draining) {
    // Moved back. Should the connection itself be retreating, its keeper goes on draining the lane.
    ledger::set_lane_purpose(tx, wanted.connection, ledger::Lane::Purpose::open);
  }
  inventory::reassess_all(tx, now);
  return done();
}

std::vector<Registration> registrations_of(store::Transaction& tx, ComputerId computer) {
  std::vector<Registration> found;
  for (const auto& row : tx.query("SELECT " + std::string(kRegistrationColumns) +
                                      " FROM compliance_registration WHERE computer_id = ? ORDER BY id",
                                  {computer.value})) {
    found.push_back(registration_from(row));
  }
  return found;
}

namespace {

// INVARIANT: law 2: an inventory that has not arrived refuses nobody, and grants nothing either.
Result<LocalAccount> check_requirements(store::Transaction& tx, const Registration& registration) {
  constexpr inventory::Section kNeeded[] = {inventory::Section::operating_system,
                                            inventory::Section::local_user_accounts};
  auto computer = inventory::load(tx, registration.computer, kNeeded);
  if (!computer) return LocalAccount::not_reported;
  LocalAccount account =
      local_account_of(computer->section(inventory::Section::local_user_accounts), registration.username);
  auto unmet = unmet_requirement(os_version_of(computer->section(inventory::Section::operating_system)), account,
                                 registration.username);
  if (unmet) return conflict(unmet->reason, unmet->message + ". Remedy: " + unmet->remedy);
  return account;
}

}  // namespace

Result<RegistrationId> submit_registration(store::Transaction& tx, const Registration& registration,
                                           const audit::Actor& by, Time now) {
  if (text::trim(registration.username).empty()) return invalid("missing_field", "`username` is required", "username");
  if (!text::is_guid(registration.device_id)) return invalid("bad_device_id", "`deviceId` must be a GUID", "deviceId");
  if (!text::is_guid(registration.user_id)) return invalid("bad_user_id", "`userId` must be a GUID", "userId");
  std::string device_id = text::lower(registration.device_id);
  auto taken = tx.query_one("SELECT computer_id FROM compliance_registration WHERE device_id = ?", {device_id});
  if (taken && taken->integer(0) != registration.computer.value) {
    return conflict("device_taken", "the device `" + device_id + "` is registered to another computer");
  }

  Registration stored = registration;
  stored.device_id = device_id;
  stored.user_id = text::lower(registration.user_id);
  stored.account = TRY(check_requirements(tx, registration));
  for (const Registration& known : registrations_of(tx, registration.computer)) {
    if (known.device_id == device_id && known.username != registration.username) {
      return conflict("device_taken",
                      "the device `" + device_id + "` is registered to the account `" + known.username + "`");
    }
    if (known.username != registration.username) continue;
    stored.id = known.id;
    if (known.device_id == device_id) continue;
    // INVARIANT: law 5. The device that this account had before must not stay compliant.
    retract_elsewhere(tx, known.device_id, {}, "the computer registered again as another device", now);
  }
  if (!stored.id) stored.id = RegistrationId{tx.next_id("compliance_registration")};
  tx.post(
      "INSERT INTO compliance_registration (id, computer_id, username, device_id, user_id, user_principal_name,"
      " registered, local_account) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
      " device_id = excluded.device_id, user_id = excluded.user_id,"
      " user_principal_name = excluded.user_principal_name, registered = excluded.registered,"
      " local_account = excluded.local_account, token_failing_since = 0, deactivated_at = 0",
      {stored.id.value, stored.computer.value, stored.username, stored.device_id, stored.user_id,
       stored.user_principal_name, now, static_cast<std::int64_t>(stored.account)});
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Computer",
                     .object_id = std::to_string(stored.computer.value),
                     .object_name = stored.username,
                     .details = {{"computerAzureActiveDirectoryId", stored.device_id},
                                 {"userAzureActiveDirectoryId", stored.user_id}}});
  return stored.id;
}

std::vector<ComplianceState> states_of(store::Transaction& tx, ComputerId computer, Time now) {
  std::vector<ComplianceState> states;
  Settings current = settings(tx);
  for (const Registration& registration : registrations_of(tx, computer)) {
    ComplianceState state = stored_state(tx, registration)
                                .value_or(ComplianceState{.registration = registration, .reason = "not judged yet"});
    if (state.state == State::compliant && now >= state.valid_until) {
      state.state = State::non_compliant;
      state.reason = "the verdict expired on " + to_iso8601(state.valid_until, false);
      state.since = state.valid_until;
    }
    if (is_lapsed_for(tx, current, registration.user_principal_name, now)) {
      state.applicable = false;
      state.state = State::unknown;
      state.reason = lapse_reason(current);
      state.since = current.handed_over + kAdoptionTime;
    }
    states.push_back(std::move(state));
  }
  return states;
}

StandingVerdicts standing_verdicts(store::Transaction& tx, Time after) {
  auto row = tx.query_one(
      "SELECT COUNT(*), COALESCE(MAX(valid_until), 0) FROM compliance_state WHERE state = ? AND valid_until > ?",
      {wire_name(State::compliant), after});
  return {.compliant = row->integer(0), .until = row->time(1)};
}

namespace {

void store_if_changed(store::Transaction& tx, const Registration& registration, const Verdict& verdict, Time now) {
  auto stored = stored_state(tx, registration);
  bool changed = !stored || stored->state != verdict.state || stored->applicable != verdict.applicable ||
                 stored->reason != verdict.reason || stored->valid_until != verdict.valid_until;
  if (!changed) return;
  Time since = stored && stored->state == verdict.state ? stored->since : now;
  store_state(tx, {.registration = registration,
                   .applicable = verdict.applicable,
                   .state = verdict.state,
                   .reason = verdict.reason,
                   .valid_until = verdict.valid_until,
                   .since = since,
                   .judged = now});
}

Verdict for_account(const Verdict& of_all, const Registration& registration, Subject& subject) {
  if (subject.row().managed && of_all.applicable && registration.deactivated == kEpoch) {
    auto unmet = unmet_requirement(subject.os_version(), registration.account, registration.username);
    if (unmet) return unmet_verdict(*unmet);
  }
  if (registration.deactivated != kEpoch && of_all.applicable) return deactivated_verdict(registration);
  return of_all;
}

}  // namespace

Assessment assess(store::Transaction& tx, groups::GroupBook& book, const inventory::Computer& computer,
                  Time check_in_at, Time now, Cause cause) {
  auto registrations = registrations_of(tx, computer.id);
  if (registrations.empty()) return {};
  Settings current = settings(tx);
  if (!current.enabled) return {};
  // What a migration rehearses is judged along with what is told.
  std::optional<Settings> other;
  if (current.rehearsal) other = as_rehearsed(current);
  bool with_inventory = current.sends_inventory || (other && other->sends_inventory);
  Subject subject(tx, book, computer, with_inventory);
  const Verdict of_all = judge(tx, book, current, subject, now);
  Assessment assessment{.look_again = of_all.valid_until};
  Verdict by_other;
  if (other) {
    by_other = judge(tx, book, *other, subject, now);
    assessment.look_again = std::min(assessment.look_again, by_other.valid_until);
  }
  for (Registration& registration : registrations) {
    note_local_account(tx, computer, registration);
    if (with_inventory) {
      assessment.look_again = std::min(assessment.look_again, next_inventory_state_at(registration, computer, now));
    }
    if (is_lapsed_for(tx, current, registration.user_principal_name, now)) {
      store_if_changed(tx, registration, {.reason = lapse_reason(current)}, now);
      continue;
    }
    Verdict verdict = for_account(of_all, registration, subject);
    store_if_changed(tx, registration, verdict, now);
    if (tell_directory(tx, current, subject, registration, verdict, check_in_at, now, cause))
      assessment.something_to_send = true;
    bool is_rehearsed = other && connection_of(tx, current, registration.user_principal_name) == current.connection;
    if (is_rehearsed) {
      tell_directory(tx, *other, subject, registration, for_account(by_other, registration, subject), check_in_at, now, cause);
    }
  }
  return assessment;
}

Held held(store::Transaction& tx) {
  Held all;
  for (ledger::ConnectionId connection : connections_in_use(tx)) {
    ledger::Counts counts = ledger::counts(tx, connection);
    all.devices += counts.held;
    all.of += counts.pending + counts.delivered + counts.parked + counts.held;
  }
  return all;
}

bool has_change_to_finish(store::Transaction& tx) {
  Settings current = settings(tx);
  return current.changing || may_go(current, held(tx));
}

bool finish_change(store::Transaction& tx, Time now) {
  Settings current = settings(tx);
  if (current.changing) tx.execute("UPDATE compliance_setting SET changing = 0 WHERE platform = ?", {kPlatform});
  return may_go(current, held(tx)) && release_all(tx, now) > 0;
}

Status confirm_change(store::Transaction& tx, const audit::Actor& by, Time now) {
  std::int64_t released = release_all(tx, now);
  if (released == 0) return conflict("nothing_held", "no verdict is held back");
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "update",
                     .object_type = "Conditional Access",
                     .object_id = std::string(kPlatform),
                     .object_name = "Device Compliance",
                     .details = {{"confirmedVerdicts", released}}});
  return done();
}

void forget_computer(store::Transaction& tx, ComputerId computer, Time now) {
  for (const Registration& registration : registrations_of(tx, computer)) {
    // INVARIANT: law 5, retract before forgetting. The ledger keeps the retraction until it is acknowledged.
    retract_elsewhere(tx, registration.device_id, {}, "the computer was deleted", now);
    tx.execute("DELETE FROM compliance_state WHERE registration_id = ?", {registration.id.value});
  }
  tx.execute("DELETE FROM compliance_registration WHERE computer_id = ?", {computer.value});
  forget_account_states(tx, computer);
}

}  // namespace wardbridge::compliance
