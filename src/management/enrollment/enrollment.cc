#include "management/enrollment/enrollment.h"

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::enrollment {

const store::Schema kSchema{"enrollment",
                            {
                                R"sql(
CREATE TABLE enrollment_invitation (
  invitation_hash TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  expires BIGINT NOT NULL,
  uses_left BIGINT NOT NULL,
  created BIGINT NOT NULL
);
)sql"}};

Result<std::string> invite(store::Transaction& tx, Entropy& entropy, const Invitation& invitation,
                           const audit::Actor& by, Time now) {
  if (invitation.uses < 1) return invalid("bad_uses", "an invitation must admit at least one computer", "uses");
  std::string text = entropy.token();
  tx.execute(
      "INSERT INTO enrollment_invitation (invitation_hash, description, expires, uses_left, created)"
      " VALUES (?, ?, ?, ?, ?)",
      {crypto::hash_token(text), invitation.description, invitation.expires, invitation.uses, now});
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = "create",
                     .object_type = "Computer Enrollment Invitation",
                     .object_name = invitation.description});
  return text;
}

Result<Enrolled> enroll(store::Transaction& tx, Entropy& entropy, const EnrollmentRequest& request, Time now) {
  if (!text::is_guid(request.udid)) {
    return invalid("bad_udid", "`" + request.udid.substr(0, 40) + "` is not a UDID of the form 8-4-4-4-12", "udid");
  }
  if (text::trim(request.serial_number).empty()) {
    return invalid("missing_field", "`serialNumber` is required", "serialNumber");
  }
  auto admitted = tx.execute(
      "UPDATE enrollment_invitation SET uses_left = uses_left - 1"
      " WHERE invitation_hash = ? AND uses_left > 0 AND expires > ?",
      {crypto::hash_token(request.invitation), now});
  if (admitted == 0) {
    return Failure{Code::unauthenticated, "bad_invitation", "the invitation is unknown, has expired or is used up"};
  }

  audit::Actor mac{
      .kind = audit::Actor::Kind::device, .id = request.udid, .name = request.name, .address = request.address};
  auto known = inventory::find_by_udid(tx, request.udid);
  Enrolled enrolled;
  if (known) {
    enrolled.id = *known;
    TRY(inventory::note_enrollment(tx, *known, request.name, now, mac));
  } else {
    json::Object general{{"name", request.name},
                         {"remoteManagement", json::Object{{"managed", true}}},
                         {"lastEnrolledDate", to_iso8601(now)}};
    inventory::NewComputer computer{
        .udid = text::upper(request.udid),
        .sections = {{inventory::Section::general, general},
                     {inventory::Section::hardware,
                      json::Object{{"serialNumber", request.serial_number}, {"make", "Apple"}}}},
        .management_id = entropy.guid()};
    enrolled.id = TRY(inventory::create_computer(tx, computer, now, mac));
    enrolled.is_new = true;
  }
  enrolled.check_in_token = entropy.token();
  TRY(inventory::set_credential(tx, enrolled.id, crypto::hash_token(enrolled.check_in_token)));
  return enrolled;
}

namespace {

Failure bad_device_token() { return {Code::unauthenticated, "bad_device_token", "no computer has this credential"}; }

}  // namespace

Result<inventory::ComputerId> identify(store::Transaction& tx, std::string_view check_in_token) {
  auto id = inventory::find_by_credential(tx, crypto::hash_token(check_in_token));
  if (!id) return bad_device_token();
  return *id;
}

Result<inventory::Arrival> arrive(store::Transaction& tx, std::string_view check_in_token, std::string_view report_id,
                                  std::string_view body_hash) {
  auto arrival = TRY(inventory::arrive(tx, crypto::hash_token(check_in_token), report_id, body_hash));
  if (!arrival) return bad_device_token();
  return *std::move(arrival);
}

}  // namespace wardbridge::enrollment
