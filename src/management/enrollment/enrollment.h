// Enrolment: a Mac presents an invitation and gets the credential that it checks in with from then on. Enrolling again
// (after an erase, say) finds the same computer by its UDID, makes it managed again under the name it now gives, and
// replaces its credential.
//
//   std::string invitation = TRY(enrollment::invite(tx, entropy, {.description = "autumn"}, by, now));
//   auto enrolled = TRY(enrollment::enroll(tx, entropy, {.invitation = invitation, .udid = ..}, now));
#pragma once

#include <string>

#include "management/inventory/inventory.h"
#include "platform/audit/audit.h"
#include "platform/entropy/entropy.h"
#include "platform/store/store.h"

namespace wardbridge::enrollment {

extern const store::Schema kSchema;

struct Invitation {
  std::string description;
  Time expires = kNever;
  std::int64_t uses = INT64_MAX;  // how many Macs it admits
};
// The invitation's text, shown once.
Result<std::string> invite(store::Transaction& tx, Entropy& entropy, const Invitation& invitation,
                           const audit::Actor& by, Time now);

struct EnrollmentRequest {
  std::string invitation;
  std::string udid;
  std::string serial_number;
  std::string name;
  std::string address;  // as seen by the server
};
struct Enrolled {
  inventory::ComputerId id;
  std::string check_in_token;  // shown once
  bool is_new = false;         // there was no such computer before
};
// `unauthenticated`/`bad_invitation` when unknown, expired or used up; `invalid_argument` on a bad UDID or no serial
// number. The computer is managed afterwards.
Result<Enrolled> enroll(store::Transaction& tx, Entropy& entropy, const EnrollmentRequest& request, Time now);

// The computer whose credential this is; `unauthenticated`/`bad_device_token` otherwise.
Result<inventory::ComputerId> identify(store::Transaction& tx, std::string_view check_in_token);

// The same of a Mac that checks in, whose row is held from here on; see inventory::arrive.
Result<inventory::Arrival> arrive(store::Transaction& tx, std::string_view check_in_token, std::string_view report_id,
                                  std::string_view body_hash);

}  // namespace wardbridge::enrollment
