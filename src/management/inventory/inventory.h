// What is known of the organisation's Macs: one Computer per UDID, kept as Jamf's own inventory sections.
//
// Knows: the record layout of the Jamf Pro API (every field of every section), how an inventory update is applied, and
// how a computer is found, listed and filtered. Hides: the tables, section hashes (an unchanged section costs a
// compare, not a write), and report receipts.
//
// A section is a JSON value in the v4 shape of the Jamf Pro API, with the vendor's field names (`general` and
// `hardware` are objects, `applications` is an array). Facts that the server itself owns (id, management, check-in
// times) are members of Computer, and are projected into `general` when a record is shown.
//
//   ComputerId id = TRY(create_computer(tx, {.udid = udid, .sections = record.sections, .management_id = guid}, now,
//   actor)); Applied applied = TRY(apply_report(tx, id, report, now));   // applied.changed: the sections that are
//   different now json::Object record = show(*load(tx, id, kAllSections), 4, kAllSections);
//
// No thread of its own; functions run in the caller's transaction.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "platform/audit/audit.h"
#include "platform/store/store.h"

namespace wardbridge::inventory {

using ComputerId = NumberId<struct ComputerTag>;

// In the order of the Jamf Pro API's `section` values. GROUP_MEMBERSHIPS belongs to the groups room, not to the record.
enum class Section {
  general,
  disk_encryption,
  purchasing,
  applications,
  storage,
  user_and_location,
  configuration_profiles,
  printers,
  services,
  hardware,
  local_user_accounts,
  certificates,
  attachments,
  plugins,
  fonts,
  package_receipts,
  security,
  operating_system,
  licensed_software,
  ibeacons,
  software_updates,
  extension_attributes,
  content_caching,
};
inline constexpr std::size_t kSectionCount = 23;
extern const std::array<Section, kSectionCount> kAllSections;
const char* wire_name(Section section);    // `DISK_ENCRYPTION`, as in ?section=
const char* member_name(Section section);  // `diskEncryption`, as in the record
std::optional<Section> section_from_wire_name(std::string_view name);
std::optional<Section> section_from_member_name(std::string_view name);

using Sections = std::map<Section, json::Value>;

struct Computer {
  ComputerId id;
  std::string udid;           // upper case GUID, as Macs print it
  std::string serial_number;  // may be empty on a record created over the API
  std::string name;
  std::string management_id;  // GUID
  bool managed = false;
  // kEpoch: never.
  Time last_check_in = kEpoch;          // the Mac spoke to us at all
  Time last_inventory_update = kEpoch;  // `reportDate`: it told us about itself
  Time last_enrolled = kEpoch;
  Time created = kEpoch;
  std::int64_t revision = 0;     // +1 with every change of anything but the next two
  Time reassess_at = kNever;     // when the heartbeat must look at it again
  std::int64_t assessments = 0;  // how often it was judged by all groups
  Sections sections;             // those that were asked for, and that exist
  // Sections that somebody else holds, such as the report that they came with; `sections` go first.
  const Sections* held_elsewhere = nullptr;

  const json::Value* section(Section section) const;  // nullptr when it is not at hand
};

// A section as it is stored, and what tells it from another.
struct Document {
  std::string text;
  std::string hash;
};

// A Mac's word about itself: the sections it brings are replaced whole (a partial report leaves the others as they
// are). Values are already checked against the field table (see fields.h).
struct InventoryReport {
  std::string report_id;  // chosen by the Mac, unique per Mac; empty: no retry protection wanted (imports, the API)
  Sections sections;
  std::string ip_address;                      // as seen by the server, or empty
  std::map<Section, Document> documents = {};  // see write_out(); what is missing is written out when needed
};
// Writes sections out ahead of the transaction, where many can do it at a time.
void write_out(InventoryReport& report);

// Remembers what is stored of the computers that spoke last, so that an unchanged section costs no query. Bounded; what
// it has forgotten is read again. Thread-safe.
class RecentSections {
 public:
  RecentSections();
  ~RecentSections();

  struct Stored {
    std::string hash;
    std::string document;  // of sections with several authors only
  };
  using ByName = std::map<Section, Stored>;
  // As of exactly this revision, or nothing.
  std::shared_ptr<const ByName> find(ComputerId id, std::int64_t revision);
  void keep(ComputerId id, std::int64_t revision, std::shared_ptr<const ByName> stored);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern const store::Schema kSchema;

// --- Writing
// ----------------------------------------------------------------------------------------------------------

struct NewComputer {
  std::string udid;   // empty: not known yet
  Sections sections;  // from check_record; facts of the server (managed, reportDate, ...) are taken from `general`
  std::string management_id;  // a GUID, used unless `general.managementId` brings one
};
// Unmanaged unless `general.remoteManagement.managed` says otherwise. `conflict`/`duplicate_udid`; `missing_field` when
// there is neither a UDID nor a serial number nor a name to know it by. Audited.
Result<ComputerId> create_computer(store::Transaction& tx, const NewComputer& computer, Time now,
                                   const audit::Actor& actor);

struct Applied {
  std::vector<Section> changed;
  std::int64_t revision = 0;
};
// Writes every column of the row but the credential.
void save(store::Transaction& tx, const Computer& computer);
// What a Mac says about itself, whole or not at all. A section is replaced whole, with three exceptions, because the
// Mac is not their only author: members of `general` are merged one by one, extension attributes are merged by
// definition, and `extensionAttributes` inside a section stay when the report has none. Not audited: it is the ordinary
// course. `not_found`/`no_computer`.
Result<Applied> apply_report(store::Transaction& tx, ComputerId id, const InventoryReport& report, Time now);
// The Mac spoke, without inventory. `ip_address` may be empty. `not_found`/`no_computer`.
Status note_check_in(store::Transaction& tx, ComputerId id, const std::string& ip_address, Time now);

// The same of a computer whose row this transaction holds, leaving the row to save(). The computer has the changed
// sections afterwards, some of them in the report, which must outlive it. A report without sections is a sign of life.
// `recent` may be nullptr; otherwise it must outlive the transaction's commit.
std::vector<Section> take_report(store::Transaction& tx, Computer& computer, const InventoryReport& report, Time now,
                                 RecentSections* recent);

// A known Mac was enrolled again: managed, enrolled now, and under the name it gives (empty: the name it had). What it
// reported before stays until it reports again. Audited. `not_found`/`no_computer`.
Status note_enrollment(store::Transaction& tx, ComputerId id, const std::string& name, Time now,
                       const audit::Actor& actor);

struct Patched {
  ComputerId id;
  std::vector<Section> changed;
  bool management_changed = false;
  std::int64_t revision = 0;
  std::vector<std::string> without_place;  // members of the body that PATCH does not write
};
// The body of PATCH computers-inventory-detail. Members it names are replaced, null clears; extension attribute values
// are set by definition, everywhere the attribute is shown. Audited with old and new values.
Result<Patched> patch(store::Transaction& tx, ComputerId id, const json::Object& body, Time now,
                      const audit::Actor& actor);

struct Recorded {
  enum class Effect { created, changed, unchanged } effect = Effect::unchanged;
  ComputerId id;
  std::vector<Section> changed;
};
// A record of another server: matched by UDID, then by serial number, then created. The sections it brings replace
// ours. `missing_field` when it has neither UDID nor serial number. Audited when it changes anything.
Result<Recorded> record_computer(store::Transaction& tx, const NewComputer& computer, Time now,
                                 const audit::Actor& actor);

// `not_found`/`no_computer`. Everything about it goes, receipts and credential too. Audited.
Status remove(store::Transaction& tx, ComputerId id, Time now, const audit::Actor& actor);

// --- Finding
// ----------------------------------------------------------------------------------------------------------

std::optional<Computer> load(store::Transaction& tx, ComputerId id, std::span<const Section> wanted);
// The same computer with other sections: these, as they are stored.
Computer with_stored_sections(store::Transaction& tx, const Computer& computer, std::span<const Section> wanted);
// The row, held against other writers until the transaction ends.
std::optional<Computer> hold(store::Transaction& tx, ComputerId id);
// Computers in the order of ids, after the one given.
std::vector<Computer> page_after(store::Transaction& tx, ComputerId after, int limit, std::span<const Section> wanted);
std::optional<ComputerId> find_by_udid(store::Transaction& tx, std::string_view udid);
// The lowest id, should several records have one serial number. Case does not matter; empty finds nothing.
std::optional<ComputerId> find_by_serial_number(store::Transaction& tx, std::string_view serial_number);
std::optional<ComputerId> find_by_management_id(store::Transaction& tx, std::string_view management_id);
// What a person calls a computer: its id, else its UDID or management id, else its serial number or name, which several
// may have. Case does not matter. At most `limit`, by id.
std::vector<ComputerId> find_called(store::Transaction& tx, std::string_view what, int limit);
std::int64_t count(store::Transaction& tx);
// In the order of ids, after the one given.
// What tells one state of a computer from another.
struct Version {
  ComputerId id;
  std::int64_t revision = 0;
  std::int64_t assessments = 0;
};
std::vector<Version> versions_after(store::Transaction& tx, ComputerId after, int limit);
std::vector<ComputerId> ids_after(store::Transaction& tx, ComputerId after, int limit);

// The heartbeat's list: computers whose reassess_at has come, longest overdue first, locked against other nodes.
std::vector<ComputerId> due(store::Transaction& tx, Time now, int limit);
// How many are due at a moment, which may be an earlier one.
std::int64_t count_due(store::Transaction& tx, Time at);
// When the first computer becomes due; kNever: none will.
Time next_due(store::Transaction& tx);
void set_reassess_at(store::Transaction& tx, ComputerId id, Time when);
// Every computer is due from `now` on: a group or setting was edited.
void reassess_all(store::Transaction& tx, Time now);

// --- The Mac's side of a conversation
// ---------------------------------------------------------------------------------

// SHA-256 in hex of the token that a Mac checks in with; the token itself is never here. Replaces an earlier one.
Status set_credential(store::Transaction& tx, ComputerId id, std::string_view token_hash);
std::optional<ComputerId> find_by_credential(store::Transaction& tx, std::string_view token_hash);

// What was answered to a report, so that its retry gets the same answer and is applied once.
struct Receipt {
  std::string answer;
  Time time = kEpoch;
};
// Nothing: this report is new. `conflict`/`report_id_reused`: the id was used for another body.
Result<std::optional<Receipt>> find_receipt(store::Transaction& tx, ComputerId id, std::string_view report_id,
                                            std::string_view body_hash);
void store_receipt(store::Transaction& tx, ComputerId id, std::string_view report_id, std::string_view body_hash,
                   const Receipt& receipt);
// Who speaks, its row held against other writers, and what was answered to this report before (report_id empty: not
// asked). Nothing: no computer has that credential. `conflict`/`report_id_reused` as above.
struct Arrival {
  Computer computer;
  std::optional<Receipt> receipt;
};
Result<std::optional<Arrival>> arrive(store::Transaction& tx, std::string_view token_hash, std::string_view report_id,
                                      std::string_view body_hash);
// Returns how many went.
std::int64_t forget_receipts_before(store::Transaction& tx, Time time);

// --- Listing and showing
// ----------------------------------------------------------------------------------------------

struct Query {
  int page = 0;  // from 0
  int page_size = limits::kPageSize;
  std::string sort;    // `general.name:asc,id:desc`; empty: by name
  std::string filter;  // RSQL, see rsql.h; empty: all
  std::vector<Section> sections = {Section::general};
  int api_version = 4;
};
struct Page {
  std::int64_t total_count = 0;  // of all that match
  std::vector<Computer> computers;
};
// `invalid_field` (where: `sort` or `filter`) for a field that can't be sorted or filtered by, `bad_filter`,
// `bad_filter_value`.
Result<Page> list(store::Transaction& tx, const Query& query);

// The record as API version 1..4 shows it: sections not asked for are null, and so is `groupMemberships`, which the
// groups room knows.
json::Object show(const Computer& computer, int api_version, std::span<const Section> requested);

}  // namespace wardbridge::inventory
