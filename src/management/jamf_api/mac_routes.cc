// What a Mac says: enrol me, this is my inventory, this is my device in the directory.
#include "management/inventory/fields.h"
#include "management/jamf_api/routes.h"
#include "management/notices/notices.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::jamf_api {
namespace {

Failure no_device_token() { return {Code::unauthenticated, "no_token", "the computer's credential is required"}; }

Result<http::Response> enroll(const Dependencies& deps, const http::Request& request) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  enrollment::EnrollmentRequest wanted;
  wanted.invitation = TRY(json::required_text(object, "invitation"));
  wanted.udid = TRY(json::required_text(object, "udid"));
  wanted.serial_number = TRY(json::required_text(object, "serialNumber"));
  wanted.name = TRY(json::optional_text(object, "name"));
  wanted.address = request.peer.address;
  auto enrolled = TRY(deps.store.write([&](store::Transaction& tx) -> Result<enrollment::Enrolled> {
    auto fresh = TRY(enrollment::enroll(tx, deps.entropy, wanted, request.received));
    if (fresh.is_new) notices::computer_added(tx, fresh.id, request.received);
    deps.pipeline.settle(tx, fresh.id, "enrolled", request.received, request.received);
    return fresh;
  }));
  http::Response response = http::json_response(201, json::Object{{"id", std::to_string(enrolled.id.value)},
                                                                  {"checkInToken", enrolled.check_in_token},
                                                                  {"checkInFrequency", 15}});
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// {"reportId":"..","ipAddress":"..","sections":{"general":{..},..}}; without sections it is a sign of life.
Result<http::Response> check_in(const Dependencies& deps, const http::Request& request) {
  auto token = request.bearer_token();
  if (!token) return no_device_token();
  // A report has a thousand small values, and their checked form as many again.
  json::Arena arena(request.body.size() * 4 + 512);
  json::Value body = TRY(json_body(request, arena));
  const json::Object& object = TRY(json::as_object(body));
  pipeline::CheckIn check_in{.check_in_token = *token, .body_hash = text::to_hex(crypto::sha256(request.body))};
  check_in.report.report_id = TRY(json::optional_text(object, "reportId"));
  if (check_in.report.report_id.size() > 64)
    return invalid("too_long", "`reportId` has more than 64 bytes", "reportId");
  check_in.report.ip_address = TRY(json::optional_text(object, "ipAddress", request.peer.address));
  std::vector<std::string> without_place;
  if (const json::Value* sections = json::find(object, "sections")) {
    const json::Object& record = TRY(json::as_object(*sections, "`sections`"));
    inventory::Record checked = TRY(inventory::check_record(record, inventory::How::report));
    check_in.report.sections = std::move(checked.sections);
    without_place = std::move(checked.without_place);
    inventory::write_out(check_in.report);
  }
  auto answer = TRY(deps.pipeline.check_in(check_in, request.received));
  json::Object told{{"id", std::to_string(answer.id.value)},
                    {"revision", answer.revision},
                    {"repeated", answer.repeated},
                    {"changedSections", json::to_array(answer.changed_sections)}};
  if (!without_place.empty()) told["withoutPlace"] = json::to_array(without_place);
  return http::json_response(200, told);
}

// The ids that a workplace join gave: which directory device this account of this Mac is.
Result<http::Response> submit_registration(const Dependencies& deps, const http::Request& request) {
  auto token = request.bearer_token();
  if (!token) return no_device_token();
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  compliance::Registration registration;
  registration.username = TRY(json::required_text(object, "username"));
  registration.device_id = TRY(json::required_text(object, "deviceId"));
  registration.user_id = TRY(json::required_text(object, "userId"));
  registration.user_principal_name = TRY(json::optional_text(object, "userPrincipalName"));
  auto id = TRY(deps.store.write([&](store::Transaction& tx) -> Result<compliance::RegistrationId> {
    compliance::Registration mine = registration;
    mine.computer = TRY(enrollment::identify(tx, *token));
    audit::Actor mac{.kind = audit::Actor::Kind::device,
                     .id = std::to_string(mine.computer.value),
                     .name = mine.username,
                     .address = request.peer.address};
    auto stored = TRY(compliance::submit_registration(tx, mine, mac, request.received));
    deps.pipeline.settle(tx, mine.computer, "registered with the directory", request.received, request.received);
    return stored;
  }));
  return http::json_response(200, json::Object{{"id", std::to_string(id.value)}});
}

// What became of an account's token for the directory: {"username":"..","outcome":"refreshed|failed|signInFailed"}
Result<http::Response> note_token(const Dependencies& deps, const http::Request& request) {
  auto token = request.bearer_token();
  if (!token) return no_device_token();
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  std::string username = TRY(json::required_text(object, "username"));
  std::string outcome = TRY(json::required_text(object, "outcome"));
  compliance::TokenNews news;
  if (outcome == "refreshed") {
    news = compliance::TokenNews::refreshed;
  } else if (outcome == "failed") {
    news = compliance::TokenNews::failed;
  } else if (outcome == "signInFailed") {
    news = compliance::TokenNews::sign_in_failed;
  } else {
    return invalid("bad_enum_value", "`outcome` can't be `" + outcome.substr(0, 80) + "`", "outcome");
  }
  TRY(deps.store.write([&](store::Transaction& tx) -> Status {
    auto computer = TRY(enrollment::identify(tx, *token));
    audit::Actor mac{.kind = audit::Actor::Kind::device,
                     .id = std::to_string(computer.value),
                     .name = username,
                     .address = request.peer.address};
    TRY(compliance::note_token(tx, computer, username, news, mac, request.received));
    deps.pipeline.settle(tx, computer, "told of its directory token", request.received, request.received);
    return done();
  }));
  return http::no_content();
}

Result<http::Response> invite(const Dependencies& deps, const http::Request& request, const accounts::Caller& caller) {
  json::Value body = TRY(json_body(request));
  const json::Object& object = TRY(json::as_object(body));
  enrollment::Invitation invitation;
  invitation.description = TRY(json::optional_text(object, "description"));
  invitation.uses = TRY(json::optional_integer(object, "uses", INT64_MAX));
  if (auto expires = TRY(json::optional_text(object, "expires")); !expires.empty())
    invitation.expires = TRY(parse_iso8601(expires));
  std::string text = TRY(deps.store.write([&](store::Transaction& tx) {
    return enrollment::invite(tx, deps.entropy, invitation, caller.as_actor(request.peer.address), request.received);
  }));
  http::Response response = http::json_response(201, json::Object{{"invitation", text}});
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void register_mac_routes(Api& api, const Dependencies& deps) {
  api.add_open("POST", "/api/v1/wardbridge/enrollments",
               [deps](const http::Request& request) { return enroll(deps, request); });
  api.add_open("POST", "/api/v1/wardbridge/check-ins",
               [deps](const http::Request& request) { return check_in(deps, request); });
  api.add_open("POST", "/api/v1/wardbridge/registrations",
               [deps](const http::Request& request) { return submit_registration(deps, request); });
  api.add_open("POST", "/api/v1/wardbridge/registrations/token",
               [deps](const http::Request& request) { return note_token(deps, request); });
  api.add(
      "POST", "/api/v1/wardbridge/enrollment-invitations", "Create Computers",
      [deps](const http::Request& request, const accounts::Caller& caller) { return invite(deps, request, caller); });
}

}  // namespace wardbridge::jamf_api
