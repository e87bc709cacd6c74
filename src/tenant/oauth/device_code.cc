// The device code: a device asks, a person decides elsewhere, the device polls. SPEC: RFC 8628.
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/device_codes.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/steps.h"
#include "tenant/oauth/throttle.h"
#include "tenant/oauth/token_request.h"

namespace wardbridge::oauth {
namespace {

constexpr std::string_view kDeviceCodeParameters[] = {"device_code", "code"};  // ENTRA: version 1 says `code`

struct DeviceAnswer {
  std::string device_code;
  std::string user_code;
  directory::TenantId tenant;
};

Result<AuthorizationRequest> read_device_request(store::Transaction& tx, const directory::TenantId& tenant,
                                                 const Client& client, const Parameters& parameters,
                                                 tokens::Version version) {
  // DEVIATION: off unless the application's registration says otherwise: a code can be asked for by anyone and be sent
  // to anyone, who then signs in for somebody else.
  if (!client.application.allows_device_code)
    return Failure{Code::forbidden, "device_code_not_allowed",
                   "the application `" + client.application.display_name + "` does not allow device codes"};
  AuthorizationRequest request{.purpose = Purpose::device_code,
                               .version = version,
                               .client = client.application.app_id,
                               .redirect_kind = RedirectKind::native,
                               .scope = parameters.get("scope"),
                               .resource = parameters.get("resource")};
  if (version == tokens::Version::v2) TRY(parameters.required("scope"));
  const Asked asked = TRY(resolve_user_request(
      tx, tenant, client, {.version = version, .scope = request.scope, .resource_text = request.resource}));
  for (const auto& permissions : {asked.scopes, asked.missing})
    if (!is_fit_for_device_code(asked.resource.application, permissions))
      return invalid("device_code_scope", "what is asked for is not given to a device code", "scope");
  return request;
}

Result<DeviceAnswer> begin_device_code(const Hop& hop, tokens::Version version) {
  const Parameters parameters = TRY(Parameters::from_body(hop.request));
  const auto applications = TRY(find_applications(hop, hop.request.path_parameter("tenant")));
  DeviceAnswer answer{.device_code = hop.with.entropy.token(),
                      .user_code = make_user_code(hop.with.entropy),
                      .tenant = applications->tenant()};
  const Client client =
      TRY(authenticate_client({hop.with.store, hop.with.tokens, *applications, hop.now()}, hop.request, parameters));
  TRY(hop.with.store.write([&](store::Transaction& tx) -> Status {
    const AuthorizationRequest request = TRY(read_device_request(tx, answer.tenant, client, parameters, version));
    DeviceCode code{.tenant = answer.tenant,
                    .request = request,
                    .requester = hop.request.peer.address,
                    .created = hop.now(),
                    .expires = hop.now() + kDeviceCodeLifetime};
    add_device_code(tx, answer.device_code, answer.user_code, code);
    return done();
  }));
  return answer;
}

json::Object device_answer_body(const Hop& hop, const DeviceAnswer& answer, tokens::Version version) {
  const std::string address = hop.address(answer.tenant, "oauth2/deviceauth");
  const std::int64_t lifetime = kDeviceCodeLifetime / seconds{1};
  const std::int64_t interval = kPollInterval.count();
  json::Object body{{"user_code", answer.user_code},
                    {"device_code", answer.device_code},
                    {"message", "To sign in, use a web browser to open the page " + address + " and enter the code " +
                                    answer.user_code + " to authenticate."}};
  if (version == tokens::Version::v1) {
    // ENTRA: version 1 says `verification_url`, and writes its numbers as strings.
    body["verification_url"] = address;
    body["expires_in"] = std::to_string(lifetime);
    body["interval"] = std::to_string(interval);
  } else {
    body["verification_uri"] = address;
    body["expires_in"] = lifetime;
    body["interval"] = interval;
  }
  return body;
}

http::Response ask_for_user_code(const Hop& hop, const directory::TenantId& tenant, std::optional<WireError> problem) {
  return form_page({.title = "Enter the code",
                    .action = hop.address(tenant, "oauth2/deviceauth"),
                    .body = paragraph("Enter the code that your device shows.") +
                            field({.name = "user_code", .label = "Code", .has_focus = true}) + button("Next"),
                    .problem = std::move(problem)},
                   hop.trace);
}

Failure unknown_user_code() {
  return invalid("user_code_unknown", "that code is not known, has expired, or was used before", "user_code");
}

struct FoundCode {
  FoundDeviceCode found;
  std::string application;
  std::optional<Session> session;
};

// INVARIANT: user codes are short, so they are guessed against a limit (RFC 8628 section 5.1).
Result<FoundCode> look_up(const Hop& hop, const directory::TenantId& tenant, const std::string& user_code) {
  const Attempt attempt{.tenant = tenant,
                        .account = "device codes from " + hop.request.peer.address,
                        .address = hop.request.peer.address};
  struct Outcome {
    std::optional<FoundCode> found;
    std::optional<Failure> failure;
  };
  auto outcome = TRY(hop.with.store.write([&](store::Transaction& tx) -> Result<Outcome> {
    if (is_locked(tx, attempt, hop.now()))
      return Outcome{
          {}, Failure{Code::unauthenticated, "account_locked", "there were too many wrong codes: wait for a minute"}};
    auto found = find_device_code_by_user_code(tx, tenant, user_code, hop.now());
    auto client =
        found ? find_client(tx, tenant, found->code.request.client.value) : Result<Client>{unknown_user_code()};
    if (!client.ok()) {
      count_failure(tx, attempt, hop.now());
      return Outcome{{}, unknown_user_code()};
    }
    return Outcome{
        FoundCode{*std::move(found), client->application.display_name,
                  find_session(tx, tenant, read_cookie(hop.request, session_cookie_name(tenant)), hop.now())},
        {}};
  }));
  if (outcome.failure) return *outcome.failure;
  return *std::move(outcome.found);
}

}  // namespace

http::Response device_code_endpoint(const Hop& hop, tokens::Version version) {
  auto answer = begin_device_code(hop, version);
  if (!answer.ok()) return error_response(wire_error(answer.failure()), hop.trace);
  http::Response response = http::json_response(200, device_answer_body(hop, *answer, version));
  add_common_headers(response, hop.trace);
  return response;
}

http::Response user_code_page(const Hop& hop) {
  auto tenant = find_tenant(hop);
  if (!tenant.ok()) return refusal_page(hop, tenant.failure());
  return ask_for_user_code(hop, tenant->id, std::nullopt);
}

http::Response user_code_step(const Hop& hop) {
  auto refuse = [&](const Failure& failure) { return refusal_page(hop, failure); };
  auto tenant = find_tenant(hop);
  if (!tenant.ok()) return refuse(tenant.failure());
  auto parameters = Parameters::from_body(hop.request);
  if (!parameters.ok()) return refuse(parameters.failure());
  // Another site's form would type the code in the person's place.
  if (hop.is_from_other_site()) return ask_for_user_code(hop, tenant->id, std::nullopt);
  auto code = look_up(hop, tenant->id, parameters->get("user_code"));
  if (!code.ok()) {
    if (code.failure().reason != "user_code_unknown") return refuse(code.failure());
    return ask_for_user_code(hop, tenant->id, wire_error(code.failure()));
  }
  AuthorizationRequest request = code->found.code.request;
  request.device_code_hash = code->found.hash;
  return begin_sign_in(
      hop, {.tenant = tenant->id,
            .request = std::move(request),
            .application = code->application + ", on a device that asked from " + code->found.code.requester,
            .session = std::move(code->session)});
}

Result<TokenOutcome> device_code_grant(const TokenRequest& request) {
  std::optional<std::string> secret;
  for (std::string_view name : kDeviceCodeParameters)
    if (!secret) secret = request.parameters.find(name);
  if (!secret)
    return invalid("missing_parameter", "the request must contain the parameter `device_code`", "device_code");
  std::string grant_id = request.with().entropy.guid();
  Grant grant;
  auto answer = TRY(request.with().store.write([&](store::Transaction& tx) -> Result<PollAnswer> {
    PollAnswer polled = poll_device_code(tx, request.tenant, request.client.application.app_id, *secret, request.now());
    if (polled.poll != Poll::approved) return polled;
    auto asked = resolve_user_request(tx, request.tenant, request.client,
                                      {.version = polled.code.request.version,
                                       .scope = polled.code.request.scope,
                                       .resource_text = polled.code.request.resource,
                                       .user = polled.code.person.user});
    grant = new_grant(request, grant_id, polled.code.person, polled.code.request,
                      asked.ok() ? asked->resource.application.app_id : directory::AppId{});
    add_grant(tx, grant, request.now());
    return polled;
  }));
  switch (answer.poll) {
    case Poll::unknown:
    case Poll::redeemed:
      return invalid("device_code_unknown", "the device code is not known, or was redeemed before", "device_code");
    case Poll::expired:
      return invalid("device_code_expired", "the device code has expired: ask for a new one", "device_code");
    case Poll::too_fast:
      return invalid("slow_down", "the device asks too often: wait five seconds longer between two requests");
    case Poll::pending:
      return invalid("authorization_pending", "the person has not finished signing in yet");
    case Poll::declined:
      return invalid("authorization_declined", "the person declined");
    case Poll::approved:
      break;
  }
  return redeem(request,
                {.grant = grant, .scope = answer.code.request.scope, .token_id = request.with().tokens.new_token_id()});
}

}  // namespace wardbridge::oauth
