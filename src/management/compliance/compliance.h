// The compliance state of registered computers, in the words of Jamf Pro's Device Compliance.
//
// A registration links a local user account of a computer to a device of the directory; it is the subject of a verdict.
// A verdict follows from STORED group membership (law 1) and holds until a stated moment (law 3): the first of "group
// membership may change by time alone" and "the Mac has been silent for longer than the validity".
//
//   unmanaged                          -> not compliant, and the directory is told that nobody manages it (law 4)
//   not in the applicable group        -> the integration does not apply: UNKNOWN; told as not compliant (law 2)
//   in the compliance group            -> COMPLIANT, until ...
//   else                               -> NON_COMPLIANT, with the criteria that were not met
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/ledger.h"
#include "management/compliance/requirements.h"
#include "management/groups/group_book.h"
#include "management/inventory/inventory.h"

namespace wardbridge::compliance {

using inventory::ComputerId;
using RegistrationId = NumberId<struct RegistrationTag>;

extern const store::Schema kSchema;

// Settings > Global > Device Compliance, for macOS.
struct Settings {
  bool enabled = false;
  groups::GroupId compliance_group;
  groups::GroupId applicable_group;
  ledger::ConnectionId connection;
  Duration validity = hours{24};  // how long a verdict outlives the last check-in
  // A change of configuration that moves the verdicts of more of the directory's devices than this waits for
  // confirm_change(). 100: none waits. A few devices (kFewDevices) never wait.
  int hold_percent = 20;
  bool changing = false;            // a change of these settings is still being carried out
  bool sends_inventory = false;     // whether the connection carries inventory beside the verdict: a manual one does
  bool has_tenant_domains = false;  // some devices are told to other connections (tenant_domains.h); as read
  // As read, too: what a migration rehearses (migration.h), and when the connection was turned off with its verdicts
  // left standing (window.h); kEpoch: it was not.
  struct Rehearsal {
    ledger::ConnectionId connection;
    groups::GroupId compliance_group;
    groups::GroupId applicable_group;
    bool sends_inventory = false;
  };
  std::optional<Rehearsal> rehearsal = {};
  Time handed_over = kEpoch;
  bool lapsed = false;  // and nobody took over in time
};
Settings settings(store::Transaction& tx);
// Enabling needs both groups (`unknown_group` names the one that doesn't exist) and a connection. Every computer is
// judged anew afterwards; another connection than before means that the old one is told to forget (law 5), or within
// the window of one that was handed over (window.h), that the new one adopts every device. While a migration goes on
// only `validity` and `hold_percent` change (`conflict`/`migrating`). Turning it off retracts nothing by itself
// (standing_verdicts() says what then remains): disabling the connection does.
Status change_settings(store::Transaction& tx, const Settings& settings, const audit::Actor& by, Time now);

struct Registration {
  RegistrationId id;
  ComputerId computer;
  std::string username;   // the local account
  std::string device_id;  // directory device id
  std::string user_id;    // directory object id of the user
  std::string user_principal_name;
  Time registered = kEpoch;
  // Of the account's sign-in to the directory, as its Mac tells; kEpoch: all is well.
  Time token_failing_since = kEpoch;
  Time deactivated = kEpoch;
  LocalAccount account = LocalAccount::not_reported;  // what the Mac last reported of the account
};

// *Conditional Access Inventory State* of a local account.
enum class InventoryState { activated = 0, deactivated = 1, unresponsive = 2 };
const char* wire_name(InventoryState state);  // `ACTIVATED`
// JAMF: unresponsive when the Mac has not checked in for 24 hours, or the token could not be refreshed for as long;
// deactivated when a sign-in by hand failed as well.
inline constexpr Duration kUnresponsiveAfter = hours{24};
InventoryState inventory_state(const Registration& registration, Time last_check_in, Time now);

// What became of an account's token on its Mac. `refreshed` brings a deactivated account back.
enum class TokenNews { refreshed, failed, sign_in_failed };
// Audited where it changes anything. `not_found`/`no_registration`.
Status note_token(store::Transaction& tx, ComputerId computer, const std::string& username, TokenNews news,
                  const audit::Actor& by, Time now);

// What a Mac submits after it joined the directory. The same account again replaces its device, and the device that it
// had before is retracted. `bad_device_id`, `bad_user_id`: not GUIDs. `conflict`/`device_taken`: the device belongs to
// another computer. `conflict`/`system_too_old`, `network_account`: what requirements.h asks is known not to be met.
Result<RegistrationId> submit_registration(store::Transaction& tx, const Registration& registration,
                                           const audit::Actor& by, Time now);
std::vector<Registration> registrations_of(store::Transaction& tx, ComputerId computer);

enum class State { unknown, non_compliant, compliant };
const char* wire_name(State state);  // `NON_COMPLIANT`

struct ComplianceState {
  Registration registration;
  bool applicable = false;
  State state = State::unknown;
  std::string reason;  // for people: group, criterion, measured and required value
  Time valid_until = kEpoch;
  Time since = kEpoch;  // of this state
  Time judged = kEpoch;
};
// As of `now`: a verdict past its time reads as NON_COMPLIANT, whether or not the heartbeat has noticed (law 3).
std::vector<ComplianceState> states_of(store::Transaction& tx, ComputerId computer, Time now);

// What the directory was told last, were nobody to tell it anything more.
struct StandingVerdicts {
  std::int64_t compliant = 0;  // devices
  Time until = kEpoch;         // when the last of them ends
};
// Verdicts that end after `after`; those that have ended, too, with kEpoch.
StandingVerdicts standing_verdicts(store::Transaction& tx, Time after);

// --- Changes of configuration that move many verdicts at once: an edited group, other groups in the settings. What
// they move is held in the ledger; once the change is carried out it goes, unless it is too much: then a person has to
// confirm it, or change the configuration back. What a Mac itself changes never waits, nor does law 4; and a held
// verdict ends in the directory when the one before it ends (law 3).
inline constexpr std::int64_t kFewDevices = 10;
struct Held {
  std::int64_t devices = 0;
  std::int64_t of = 0;  // that the directory was told of
};
Held held(store::Transaction& tx);
bool has_change_to_finish(store::Transaction& tx);
// When no computer waits to be judged: whether something goes now.
bool finish_change(store::Transaction& tx, Time now);
// Audited. `conflict`/`nothing_held`.
Status confirm_change(store::Transaction& tx, const audit::Actor& by, Time now);

// Why a computer is judged.
enum class Cause { computer, time, edited_group };

struct Assessment {
  Time look_again = kNever;        // kNever: only when something changes
  bool something_to_send = false;  // the ledger has a new wish
};
// Judges every registration of a computer from its stored membership, and desires what the directory shall hold.
// Sections that are not at hand are read when a reason or a report needs them.
Assessment assess(store::Transaction& tx, groups::GroupBook& book, const inventory::Computer& computer,
                  Time check_in_at, Time now, Cause cause = Cause::computer);

// The computer is about to be deleted: the directory is told first (law 5), then its registrations go.
void forget_computer(store::Transaction& tx, ComputerId computer, Time now);

// What the ledger calls the subject of a registration's device.
std::string subject_of(const std::string& device_id);

}  // namespace wardbridge::compliance
