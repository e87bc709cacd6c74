// Self Service: what a Mac's user may start, what installs by itself, and what became of it.
//
// Knows: policies with the one payload that this program has (*Register computers with Azure Active Directory*), Mac
// Apps, categories; whom they are for, how often a policy may run, and every run. Hides: the tables.
//
//   ItemId id = TRY(create(tx, {.kind = ItemKind::policy, .name = "Register with Azure AD", .scope = {.groups =
//   {group}},
//                               .presentation = {.enabled = true}, .registers_computers = true}, by, now));
//   for (const Item& item : offered(tx, computer, now)) ...        // what this Mac's user sees
//   PolicyRun run = TRY(start(tx, computer, id, "ann", mac, now));
//   TRY(finish(tx, computer, run.id, {.completed = true, .message = ".."}, mac, now));
//
// Thread promise: functions of a transaction, nothing is kept between them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "management/groups/groups.h"

namespace wardbridge::self_service {

using groups::ComputerId;
using CategoryId = NumberId<struct CategoryTag>;
using ItemId = NumberId<struct ItemTag>;
using RunId = NumberId<struct RunTag>;

extern const store::Schema kSchema;

struct Settings {
  // The application that Macs sign their people in with to submit their ids: a GUID; empty: the vendor's, which depends
  // on the connection.
  std::string native_client_id;
};
Settings settings(store::Transaction& tx);
// `bad_client_id`. Audited, as are all changes of this room.
Status change_settings(store::Transaction& tx, const Settings& settings, const audit::Actor& by, Time now);

struct Category {
  CategoryId id;
  std::string name;  // unique without case
};
// `invalid_name`, `conflict`/`already_exists`.
Result<CategoryId> create_category(store::Transaction& tx, const std::string& name, const audit::Actor& by, Time now);
Status rename_category(store::Transaction& tx, const Category& category, const audit::Actor& by, Time now);
// `conflict`/`has_dependencies` names what stands in it.
Status remove_category(store::Transaction& tx, CategoryId id, const audit::Actor& by, Time now);
std::optional<Category> find_category(store::Transaction& tx, CategoryId id);
std::vector<Category> categories(store::Transaction& tx);  // by name

// Policies and Mac Apps have ids of one row of numbers, and what is the same of both is said once.
enum class ItemKind { policy = 0, mac_application = 1 };
const char* wire_name(ItemKind kind);  // `POLICY`, `MAC_APPLICATION`

// JAMF: `Once per computer`, `Ongoing`; the vendor's other frequencies belong to triggers that nothing here pulls.
enum class Frequency { once_per_computer = 0, ongoing = 1 };
const char* wire_name(Frequency frequency);
std::optional<Frequency> frequency_from(std::string_view name);

// JAMF: the *Distribution Method* of a Mac App.
enum class Distribution { install_automatically = 0, self_service = 1 };
const char* wire_name(Distribution distribution);  // `Install Automatically`, `Self Service`
std::optional<Distribution> distribution_from(std::string_view name);

struct Scope {
  bool all_computers = false;
  std::vector<groups::GroupId> groups;  // smart or static
  bool operator==(const Scope&) const = default;
};

// How an item looks in Self Service.
struct Presentation {
  bool enabled = false;      // *Make the policy available in Self Service*
  std::string display_name;  // empty: the item's name
  std::string description;
  bool must_view_description = false;  // *Ensure that users view the description*
  std::string button = "Install";
  std::string again_button = "Reinstall";
  CategoryId category;    // none: no category
  bool featured = false;  // on the main page
  bool operator==(const Presentation&) const = default;
};

struct Item {
  ItemId id;
  ItemKind kind = ItemKind::policy;
  std::string name;  // unique without case among its kind
  bool enabled = true;
  Scope scope;
  Presentation presentation;
  // Of a policy:
  Frequency frequency = Frequency::once_per_computer;
  bool registers_computers = false;  // *Register computers with Azure Active Directory*
  // Of a Mac App:
  std::string bundle_id;
  std::string version;
  Distribution distribution = Distribution::install_automatically;
  bool operator==(const Item&) const = default;
};
// `item.id` is chosen here. `invalid_name`, `already_exists`, `unknown_group`, `unknown_category`, `too_long`,
// `no_payload` (a policy that does nothing), `missing_field` (a Mac App without bundle id or version).
Result<ItemId> create(store::Transaction& tx, Item item, const audit::Actor& by, Time now);
// Replaces all but the id and the kind. `not_found`/`no_item`; otherwise as create.
Status replace(store::Transaction& tx, const Item& item, const audit::Actor& by, Time now);
// Its log goes with it.
Status remove(store::Transaction& tx, ItemKind kind, ItemId id, const audit::Actor& by, Time now);
std::optional<Item> find(store::Transaction& tx, ItemKind kind, ItemId id);
std::vector<Item> list(store::Transaction& tx, ItemKind kind);  // by id
// The names of items whose scope names that group: it can't be deleted.
std::vector<std::string> scoped_to(store::Transaction& tx, groups::GroupId group);

// --- What a Mac is offered
// --------------------------------------------------------------------------------------------

// Why an item is not offered to a computer.
enum class Standing { offered, disabled, not_in_self_service, out_of_scope, completed };
const char* wire_name(Standing standing);  // `OUT_OF_SCOPE`
Standing standing(store::Transaction& tx, const Item& item, const inventory::Computer& computer, Time now);
// The items that this computer's Self Service shows: featured ones first, then by name.
std::vector<Item> offered(store::Transaction& tx, const inventory::Computer& computer, Time now);
// The Mac Apps that are to be on this computer without anybody's doing.
std::vector<Item> automatic(store::Transaction& tx, const inventory::Computer& computer, Time now);

// --- Runs
// -------------------------------------------------------------------------------------------------------------

// JAMF: the statuses of a policy's log.
enum class RunState { pending = 0, completed = 1, failed = 2 };
const char* wire_name(RunState state);  // `Pending`, `Completed`, `Failed`

struct PolicyRun {
  RunId id;
  ItemId item;
  ItemKind kind = ItemKind::policy;
  std::string item_name;  // as it was called then
  ComputerId computer;
  std::string username;
  RunState state = RunState::pending;
  std::string reason;   // snake_case, of a failed one
  std::string message;  // what the Mac says of it
  Time started = kEpoch;
  Time finished = kEpoch;
};
// A run that was never finished counts as failed from here on. `not_found`/`no_item`: there is no such item for this
// computer, be it that it is out of scope; `conflict`/`already_completed`: once per computer was honoured; `too_long`.
Result<PolicyRun> start(store::Transaction& tx, const inventory::Computer& computer, ItemKind kind, ItemId item,
                        const std::string& username, const audit::Actor& by, Time now);
struct Outcome {
  bool completed = false;
  std::string reason = {};
  std::string message = {};
};
// `not_found`/`no_run`: none of this computer's; `too_long`. Told twice, the first word stands.
Status finish(store::Transaction& tx, ComputerId computer, RunId run, const Outcome& outcome, const audit::Actor& by,
              Time now);
// Newest first.
std::vector<PolicyRun> runs_of_computer(store::Transaction& tx, ComputerId computer, int limit,
                                        std::int64_t offset = 0);
std::vector<PolicyRun> runs_of_item(store::Transaction& tx, ItemId item, int limit, std::int64_t offset = 0);
// *Flush*: the item may run again, on one computer or on all. Returns how many runs went.
std::int64_t flush(store::Transaction& tx, const Item& item, std::optional<ComputerId> computer, const audit::Actor& by,
                   Time now);
void forget_computer(store::Transaction& tx, ComputerId computer);

}  // namespace wardbridge::self_service
