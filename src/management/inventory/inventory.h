// What is known of the organisation's Macs: one Computer per UDID, kept as Jamf's own inventory sections.
//
// Knows: the record layout of the Jamf Pro API (every field of every section), how an inventory update is applied, and
// how a computer is found, listed and filtered. Hides: the tables, section hashes (an unchanged section costs a compare,
// not a write), and report receipts.
//
// A section is a JSON value in the v4 shape of the Jamf Pro API, with the vendor's field names (`general` and `hardware`
// are objects, `applications` is an array). Facts that the server itself owns (id, management, check-in times) are
// members of Computer, and are projected into `general` when a record is shown.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/time.h"
#include "platform/store/store.h"

namespace wardbridge::inventory {

using ComputerId = NumberId<struct ComputerTag>;

// In the order of the Jamf Pro API's `section` values. GROUP_MEMBERSHIPS belongs to the groups room, not to the record.
enum class Section {
  general, disk_encryption, purchasing, applications, storage, user_and_location, configuration_profiles, printers,
  services, hardware, local_user_accounts, certificates, attachments, plugins, fonts, package_receipts, security,
  operating_system, licensed_software, ibeacons, software_updates, extension_attributes, content_caching,
};
inline constexpr std::size_t kSectionCount = 23;
const char* wire_name(Section section);   // `DISK_ENCRYPTION`, as in ?section=
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
  Time last_check_in = kEpoch;           // the Mac spoke to us at all
  Time last_inventory_update = kEpoch;   // `reportDate`: it told us about itself
  Time last_enrolled = kEpoch;
  Time created = kEpoch;
  Time reassess_at = kNever;             // when the heartbeat must look at it again
  std::int64_t revision = 0;             // +1 with every change of anything above or below
  Sections sections;                     // those that were asked for, and that exist
};

// A Mac's word about itself: the sections it brings are replaced whole (a partial report leaves the others as they are).
// Values are already checked against the field table (see fields.h).
struct InventoryReport {
  std::string report_id;  // chosen by the Mac, unique per Mac; empty: no retry protection wanted (imports, the API)
  Sections sections;
  std::string ip_address;  // as seen by the server, or empty
};

}  // namespace wardbridge::inventory
