// What a management instance and the Cloud Connector say to each other: the values of their wire, and its JSON.
//
// Knows: a report on its way through the broker, the outcome that comes back, how far a connection has come, and what
// an instance is told when it asks how things are; also how a report and a refusal translate between the ledger's words
// and those of the partner services. Hides: names on the wire. Pure values; no state.
//
//   request.body = json::to_text(to_json(ReportMessage{.version = parcel.version, .held = true, .report = report}));
//   ledger::Outcome outcome = TRY(outcome_from_json(answer));
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/connection.h"
#include "connector/partner/partner.h"

namespace wardbridge::relay {

// One report of one device. `held`: the tenant has acknowledged an earlier report about this device from the sender;
// after the broker has lost its database this says whose the device was.
struct ReportMessage {
  ledger::Version version;
  bool held = false;
  ledger::DeviceReport report;
};
json::Object to_json(const ReportMessage& message);
Result<ReportMessage> report_message_from_json(const json::Object& object);

json::Object to_json(const ledger::Outcome& outcome);
// Fails with `bad_field` on an outcome that is not known here.
Result<ledger::Outcome> outcome_from_json(const json::Object& object);

// How far the connection of one instance to one tenant has come at the broker.
enum class Progress {
  consent,         // an administrator of the tenant is to consent to the Cloud Connector
  user_consent,    // ... and to the user registration app
  approval,        // the broker's operator is to approve: the tenant had consented before, for others
  application_id,  // the Application ID is to be pasted into Partner device management, then confirmed
  active,
  detached,  // over: the instance left, or was removed
};
const char* name_of(Progress progress);
std::optional<Progress> progress_from(std::string_view name);
const char* name_of(partner::Protocol protocol);  // `conditionalAccess`, `deviceCompliance`

// What an instance wants of its tenant: the pages that people are sent to, and the groups whose people's Macs the
// connector's compliance policy is assigned to. A tenant knows one pair of pages and one policy for all its instances.
struct Wishes {
  std::string enrollment_url;
  std::string remediation_url;
  std::vector<std::string> group_ids = {};  // GUIDs; none: the assignment is the tenant's administrator's
  bool operator==(const Wishes&) const = default;
};
json::Object to_json(const Wishes& wishes);
// `enrollmentUrl` and `remediationUrl` are required.
Result<Wishes> wishes_from_json(const json::Object& object);

struct Attachment {
  std::string id;  // GUID
  std::string cloud;
  std::string tenant_id;  // GUID
  Progress progress = Progress::consent;
  // Of the connector's road to the tenant: device_partner takes inventory with every verdict.
  partner::Protocol protocol = partner::Protocol::compliance_partner;
  std::string consent_url;     // what an administrator opens next; empty when nothing is to be consented to
  std::string application_id;  // to be pasted; empty before both consents
  // Proves to a broker that has lost its database that this attachment was consented to. Only once it is active.
  std::string ticket;
  std::string error_reason;  // what is wrong with the road to the tenant; empty: nothing
  std::string error_message;
  Time last_heartbeat = kEpoch;
  std::optional<Time> resync;         // the tenant's newest wish to be told everything again
  std::optional<Wishes> wishes = {};  // as the broker has them; absent: an older broker, that does not say
};
json::Object to_json(const Attachment& attachment);
Result<Attachment> attachment_from_json(const json::Object& object);

// A device that this instance reports, and another one owns.
struct Conflict {
  std::string tenant_id;
  std::string device_id;
  std::string owner;  // the other instance's name
  Time since = kEpoch;
};
json::Object to_json(const Conflict& conflict);
Result<Conflict> conflict_from_json(const json::Object& object);

struct Status {
  std::string database_id;  // another one than before: the broker has lost its database
  std::vector<Attachment> attachments;
  std::vector<Conflict> conflicts;
};
json::Object to_json(const Status& status);
Result<Status> status_from_json(const json::Object& object);

struct Step {
  std::string name;
  bool works = false;
  std::string message;
};
json::Object to_json(const Step& step);
Result<Step> step_from_json(const json::Object& object);

// --- The ledger's words in those of the partner services

// INVARIANT: law 3. A verdict that expired on its way goes out as not compliant: a directory that does not understand
// `valid until` would trust it for as long as it likes. `stamp` orders what is said about a device.
partner::Upload upload_of(const ledger::DeviceReport& report, ledger::Version stamp, Time now);
ledger::Outcome outcome_of(const partner::Problem& problem);

}  // namespace wardbridge::relay
