#include "tenant/oauth/judgement.h"

#include "tenant/oauth/sessions.h"
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

// ENTRA: what a filter for devices reads, under the names that it has for it.
void add_properties(access::SignIn::DeviceClaim& claim, const directory::Device& device) {
  auto add = [&](std::string name, const std::string& value) {
    if (!value.empty()) claim.properties.emplace(std::move(name), value);
  };
  add("deviceOwnership", device.device_ownership);
  add("enrollmentProfileName", device.enrollment_profile_name);
  add("manufacturer", device.manufacturer);
  add("model", device.model);
  add("operatingSystem", device.operating_system);
  add("operatingSystemVersion", device.operating_system_version);
  add("profileType", device.profile_type);
  add("trustType", device.trust_type);
  if (device.compliance && device.compliance->is_managed) add("mdmAppId", device.compliance->mdm_app_id);
  claim.properties.emplace("physicalIds", device.physical_ids);
  claim.properties.emplace("systemLabels", device.system_labels);
  for (std::size_t i = 0; i < device.extension_attributes.size(); ++i)
    add("extensionAttribute" + std::to_string(i + 1), device.extension_attributes[i]);
}

access::SignIn::DeviceClaim claim_of(const directory::Device& device, Time now) {
  access::SignIn::DeviceClaim claim{.device_id = device.device_id.value,
                                    .display_name = device.display_name,
                                    .enabled = device.account_enabled,
                                    // INVARIANT: law 3: an expired verdict is a non-compliant one.
                                    .is_compliant = device.is_compliant_at(now)};
  add_properties(claim, device);
  if (device.compliance) {
    claim.is_managed = device.compliance->is_managed;
    claim.compliance_expiration = device.compliance->expiration;
    claim.compliance_reason = device.compliance->reason;
  }
  return claim;
}

Failure user_refused(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), std::move(message)};
}

// A sign-in that visits a resource asks for no permission of it.
Result<Asked> visit(store::Transaction& tx, const Subject& subject) {
  auto resource = directory::find_application(tx, subject.tenant, *subject.visited);
  if (!resource) return invalid("unknown_resource", "the resource `" + subject.visited->value + "` was not found");
  return Asked{.resource = {*std::move(resource), subject.visited->value}};
}

Result<Judgement> gather(store::Transaction& tx, const Subject& subject) {
  Judgement judgement;
  auto user = directory::find_user(tx, subject.tenant, subject.person.user);
  if (!user || !user->account_enabled) return user_refused("user_disabled", "the user account is disabled");
  if (credential_mark(*user) != subject.person.credential_mark)
    return user_refused("grant_revoked", "the password was changed since: sign in again");
  if (user->must_change_password) return password_expired();
  judgement.user = *std::move(user);
  if (subject.visited) {
    auto registration = find_registration(tx, subject.tenant, subject.client.value);
    if (!registration) return invalid("unknown_client", "the application `" + subject.client.value + "` is gone");
    judgement.client = Client{registration->home, std::move(registration->application), {}};
    judgement.asked = TRY(visit(tx, subject));
  } else {
    judgement.client = TRY(find_client(tx, subject.tenant, subject.client.value));
    judgement.asked = TRY(resolve_user_request(tx, subject.tenant, judgement.client,
                                               {.version = subject.version,
                                                .scope = subject.scope,
                                                .resource_text = subject.resource,
                                                .user = subject.person.user}));
  }
  if (subject.person.device) {
    judgement.device = directory::find_device(tx, subject.tenant, *subject.person.device);
    if (!judgement.device) return user_refused("device_deleted", "the device is no longer in the directory");
  }
  return judgement;
}

access::SignIn assemble(store::Transaction& tx, const Hop& hop, const Subject& subject, const Judgement& judgement) {
  access::SignIn sign_in{.now = hop.now(),
                         .user_id = judgement.user.id.value,
                         .is_guest = text::equal_ignoring_case(judgement.user.user_type, "Guest"),
                         .resource_app_id = judgement.asked.resource.application.app_id.value,
                         .client_app_id = judgement.client.application.app_id.value,
                         .asks_only_baseline_scopes = !subject.visited && asks_for_baseline_only(judgement.asked),
                         .client_app_type = client_app_type(subject.redirect_kind),
                         .has_second_factor = subject.person.has_second_factor(),
                         .platform = subject.person.platform};
  // A sign-in keeps its platform: a refresh can't escape a policy by another user agent.
  if (sign_in.platform.empty()) sign_in.platform = claimed_platform(hop.user_agent());
  for (const directory::ObjectId& group : directory::transitive_groups_of(tx, subject.tenant, judgement.user.id))
    sign_in.group_ids.push_back(group.value);
  if (judgement.device) {
    sign_in.device = claim_of(*judgement.device, hop.now());
    // A device that proved itself is what the directory knows it to be, whatever its user agent claims.
    if (!judgement.device->operating_system.empty()) sign_in.platform = judgement.device->operating_system;
  }
  return sign_in;
}

// ENTRA: policies for registering devices ask for their second factor already when somebody signs in to register one.
// Whatever else they demand is for the registration to refuse.
void heed_registration(Judgement& judgement, const std::vector<access::Policy>& policies) {
  if (judgement.asked.resource.application.app_id != directory::kDeviceRegistrationAppId || !judgement.is_granted() ||
      judgement.sign_in.has_second_factor)
    return;
  access::SignIn registering = judgement.sign_in;
  registering.resource_app_id.clear();
  registering.user_action = registration::kRegisterDeviceAction;
  access::Decision decision = access::decide(registering, policies);
  registering.has_second_factor = true;
  if (decision.outcome == access::Outcome::grant ||
      access::decide(registering, policies).outcome != access::Outcome::grant)
    return;
  judgement.decision = std::move(decision);
  judgement.wants_second_factor = true;
}

// What the caller of the log knows and the decision doesn't.
void describe(sign_ins::SignInRecord& record, const Hop& hop, const directory::User& user) {
  record.id = hop.with.entropy.guid();
  record.correlation_id = hop.trace.correlation_id;
  record.user_id = user.id.value;
  record.user_principal_name = user.user_principal_name;
  record.user_display_name = user.display_name;
  record.ip_address = hop.request.peer.address;
  record.user_agent = hop.user_agent();
  record.browser = claimed_browser(record.user_agent);
  record.is_interactive = true;
}

}  // namespace

Failure password_expired() {
  return user_refused("password_expired", "the password has to be changed before anything else");
}

Result<Judgement> judge(store::Transaction& tx, const Hop& hop, const Subject& subject) {
  Judgement judgement = TRY(gather(tx, subject));
  judgement.sign_in = assemble(tx, hop, subject, judgement);
  const auto policies = policies::load_all(tx, subject.tenant);
  judgement.decision = access::decide(judgement.sign_in, policies);
  if (!judgement.is_granted() && !judgement.sign_in.has_second_factor) {
    access::SignIn stronger = judgement.sign_in;
    stronger.has_second_factor = true;
    judgement.wants_second_factor = access::decide(stronger, policies).outcome == access::Outcome::grant;
  }
  heed_registration(judgement, policies);
  return judgement;
}

void log_judgement(store::Transaction& tx, const Hop& hop, const Subject& subject, const Judgement& judgement,
                   Interaction interaction) {
  sign_ins::SignInRecord record = sign_ins::from_decision(judgement.sign_in, judgement.decision);
  describe(record, hop, judgement.user);
  record.is_interactive = interaction == Interaction::interactive;
  record.app_display_name = judgement.client.application.display_name;
  record.resource_display_name = judgement.asked.resource.application.display_name;
  sign_ins::record(tx, subject.tenant, record, hop.now());
}

void log_failure(store::Transaction& tx, const Hop& hop, const Subject& subject, const WireError& error) {
  auto user = directory::find_user(tx, subject.tenant, subject.person.user);
  if (!user) return;
  sign_ins::SignInRecord record;
  describe(record, hop, *user);
  record.app_id = subject.client.value;
  if (auto client = find_client(tx, subject.tenant, subject.client.value); client.ok())
    record.app_display_name = client->application.display_name;
  record.client_app_used = client_app_type(subject.redirect_kind);
  record.operating_system = claimed_platform(hop.user_agent());
  record.error_code = error.number;
  record.failure_reason = error.reason;
  sign_ins::record(tx, subject.tenant, record, hop.now());
}

}  // namespace wardbridge::oauth
