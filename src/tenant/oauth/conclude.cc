// The end of a sign-in: Conditional Access decides, the log remembers, the browser goes on or stays.
#include "tenant/access/access.h"
#include "tenant/oauth/codes.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pages.h"
#include "tenant/oauth/resources.h"
#include "tenant/policies/policies.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::oauth {
namespace {

// ENTRA: from what the client says of itself, as the real service does; it proves nothing, and no policy may be escaped
// by leaving it out (an unknown platform matches every policy for all platforms).
std::string claimed_platform(std::string_view user_agent) {
  struct Sign {
    std::string_view part, platform;
  };
  // The order matters: an iPad says that it is like Mac OS X, and Android that it is a Linux.
  for (const Sign& sign : {Sign{"iPhone", "iOS"},
                           {"iPad", "iOS"},
                           {"Android", "android"},
                           {"Macintosh", "macOS"},
                           {"Mac OS X", "macOS"},
                           {"macOS", "macOS"},
                           {"Darwin", "macOS"},
                           {"Windows", "windows"},
                           {"Linux", "linux"}}) {
    if (user_agent.find(sign.part) != std::string_view::npos) return std::string(sign.platform);
  }
  return {};
}

std::string claimed_browser(std::string_view user_agent) {
  for (const char* name : {"Edg", "Firefox", "Chrome", "Safari"}) {
    if (user_agent.find(name) != std::string_view::npos) return name == std::string_view("Edg") ? "Edge" : name;
  }
  return {};
}

const char* client_app_type(RedirectKind kind) {
  return kind == RedirectKind::native ? "mobileAppsAndDesktopClients" : "browser";
}

access::SignIn::DeviceClaim claim_of(const directory::Device& device, Time now) {
  access::SignIn::DeviceClaim claim{.device_id = device.device_id.value,
                                    .display_name = device.display_name,
                                    .enabled = device.account_enabled,
                                    // INVARIANT: law 3: an expired verdict is a non-compliant one.
                                    .is_compliant = device.is_compliant_at(now)};
  if (device.compliance) {
    claim.is_managed = device.compliance->is_managed;
    claim.compliance_expiration = device.compliance->expiration;
    claim.compliance_reason = device.compliance->reason;
  }
  return claim;
}

std::string_view user_agent_of(const http::Request& request) { return request.headers.get("User-Agent").value_or(""); }

// What the caller of the log knows and the decision doesn't.
void describe(sign_ins::SignInRecord& record, const Dependencies& dependencies, const http::Request& request,
              const Trace& trace, const directory::User& user) {
  record.id = dependencies.entropy.guid();
  record.correlation_id = trace.correlation_id;
  record.user_id = user.id.value;
  record.user_principal_name = user.user_principal_name;
  record.user_display_name = user.display_name;
  record.ip_address = request.peer.address;
  record.user_agent = user_agent_of(request);
  record.browser = claimed_browser(record.user_agent);
  record.is_interactive = true;
}

struct Conclusion {
  access::Decision decision;
  std::string code;  // of a grant
};

// Everything that the decision rests on, read in the transaction that writes its outcome.
struct Facts {
  directory::User user;
  Client client;
  Asked asked;
  std::optional<directory::Device> device;
};

Result<Facts> gather(store::Transaction& tx, const PendingSignIn& pending,
                     const std::optional<directory::Device>& device) {
  Facts facts;
  auto user = directory::find_user(tx, pending.tenant, pending.user);
  if (!user || !user->account_enabled)
    return Failure{Code::unauthenticated, "user_disabled", "the user account is disabled"};
  facts.user = *user;
  facts.client = TRY(find_client(tx, pending.tenant, pending.request.client.value));
  facts.asked = TRY(resolve_user_request(tx, pending.tenant, facts.client, pending.request.version,
                                         pending.request.scope, pending.request.resource));
  if (device) {
    facts.device = directory::find_device(tx, pending.tenant, device->device_id);
    if (!facts.device)
      return Failure{Code::unauthenticated, "device_deleted", "the device is no longer in the directory"};
  }
  return facts;
}

access::SignIn assemble(store::Transaction& tx, const PendingSignIn& pending, const Facts& facts,
                        const http::Request& request) {
  access::SignIn sign_in{.now = request.received,
                         .user_id = facts.user.id.value,
                         .is_guest = text::equal_ignoring_case(facts.user.user_type, "Guest"),
                         .resource_app_id = facts.asked.resource.application.app_id.value,
                         .client_app_id = facts.client.application.app_id.value,
                         .client_app_type = client_app_type(pending.request.redirect_kind),
                         .platform = claimed_platform(user_agent_of(request))};
  for (const directory::ObjectId& group : directory::transitive_groups_of(tx, pending.tenant, facts.user.id))
    sign_in.group_ids.push_back(group.value);
  if (facts.device) {
    sign_in.device = claim_of(*facts.device, request.received);
    // A device that proved itself is what the directory knows it to be, whatever its user agent claims.
    if (!facts.device->operating_system.empty()) sign_in.platform = facts.device->operating_system;
  }
  return sign_in;
}

AuthorizationCode code_for(const PendingSignIn& pending, const Facts& facts, const Dependencies& dependencies,
                           Time now) {
  AuthorizationCode code{.tenant = pending.tenant,
                         .request = pending.request,
                         .user = facts.user.id,
                         .authenticated = pending.authenticated,
                         .token_id = dependencies.tokens.new_token_id(),
                         .expires = now + kCodeLifetime};
  if (facts.device) code.device = facts.device->device_id;
  return code;
}

Result<Conclusion> decide(store::Transaction& tx, const Dependencies& dependencies, const http::Request& request,
                          const Trace& trace, const PendingSignIn& pending,
                          const std::optional<directory::Device>& device) {
  if (!finish(tx, pending))
    return Failure{Code::unauthenticated, "sign_in_expired", "the sign-in has already ended: start again"};
  const Facts facts = TRY(gather(tx, pending, device));
  const access::SignIn sign_in = assemble(tx, pending, facts, request);
  Conclusion conclusion{access::decide(sign_in, policies::load_all(tx, pending.tenant)), {}};

  sign_ins::SignInRecord record = sign_ins::from_decision(sign_in, conclusion.decision);
  describe(record, dependencies, request, trace, facts.user);
  record.app_display_name = facts.client.application.display_name;
  record.resource_display_name = facts.asked.resource.application.display_name;
  sign_ins::record(tx, pending.tenant, record, request.received);
  if (conclusion.decision.outcome == access::Outcome::block) return conclusion;

  if (facts.device) directory::touch_device(tx, pending.tenant, facts.device->device_id, request.received);
  conclusion.code = dependencies.entropy.token();
  add_code(tx, conclusion.code, code_for(pending, facts, dependencies, request.received), request.received);
  return conclusion;
}

std::string next_step(int error_code) {
  switch (error_code) {
    case 53000:
      return "Open the management application on this Mac, correct what it names, let it check in, and try again.";
    case 530003:
    case 50097:
    case 50129:
      return "Use a Mac that your organization manages: register it with your organization, and sign in from an "
             "application that can show its registration.";
    case 50076:
      return "This sign-in needs a further proof of who you are, which can't be given here.";
    default:
      return "Ask your administrator, and give the correlation ID below.";
  }
}

}  // namespace

http::Response conclude(const Dependencies& dependencies, const http::Request& request, const Trace& trace,
                        const PendingSignIn& pending, const std::optional<directory::Device>& device) {
  auto conclusion = dependencies.store.write([&](store::Transaction& tx) -> Result<Conclusion> {
    return decide(tx, dependencies, request, trace, pending, device);
  });
  if (!conclusion.ok()) return error_page(request, {wire_error(conclusion.failure())}, trace);
  const access::Decision& decision = conclusion->decision;
  if (decision.outcome == access::Outcome::block) {
    ErrorPage page{refusal_error(decision.error_code, decision.reason), next_step(decision.error_code), {}};
    if (dependencies.help_link) page.link = dependencies.help_link(pending.tenant, decision.error_code);
    return error_page(request, page, trace);
  }
  http::Response response = answer_client(pending.request, {{"code", conclusion->code}},
                                          dependencies.tokens.issuer(pending.tenant, pending.request.version));
  add_common_headers(response, trace);
  return response;
}

void log_failure(store::Transaction& tx, const Dependencies& dependencies, const http::Request& request,
                 const Trace& trace, const PendingSignIn& pending, const directory::ObjectId& user_id,
                 const WireError& error) {
  auto user = directory::find_user(tx, pending.tenant, user_id);
  if (!user) return;
  sign_ins::SignInRecord record;
  describe(record, dependencies, request, trace, *user);
  record.app_id = pending.request.client.value;
  if (auto client = find_client(tx, pending.tenant, pending.request.client.value); client.ok())
    record.app_display_name = client->application.display_name;
  record.client_app_used = client_app_type(pending.request.redirect_kind);
  record.operating_system = claimed_platform(user_agent_of(request));
  record.error_code = error.number;
  record.failure_reason = error.reason;
  sign_ins::record(tx, pending.tenant, record, request.received);
}

}  // namespace wardbridge::oauth
