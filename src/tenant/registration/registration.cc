#include "tenant/registration/registration.h"

#include "tenant/policies/policies.h"
#include "tenant/registration/owner_mail.h"
#include "tenant/registration/registration_wire.h"

namespace wardbridge::registration {
namespace {

Failure forbidden(std::string reason, std::string message) {
  return Failure{Code::forbidden, std::move(reason), std::move(message)};
}

// The person who may register a device: a user who signed in a moment ago through the broker.
Result<tokens::Caller> authorize(const Dependencies& dependencies, const http::Request& request) {
  tokens::Caller caller = TRY(dependencies.tokens.authenticate(request, directory::kDeviceRegistrationAppId));
  if (caller.is_application || !caller.may(tokens::kRegistrationScope))
    return forbidden("user_token_required", "devices are registered by users, with the scope `adrs_access`");
  // INVARIANT: TH-03: consent that some application was tricked into must not be enough to add devices.
  if (caller.client != directory::kAuthenticationBrokerAppId)
    return forbidden("client_not_allowed", "the application `" + caller.client.value + "` may not register devices");
  return caller;
}

// Conditional Access may restrict the registering itself. Only policies that name the user action take part.
Status check_policies(store::Transaction& tx, const tokens::Caller& caller, const directory::User& user, Time now) {
  access::SignIn sign_in{.now = now,
                         .user_id = user.id.value,
                         .is_guest = text::equal_ignoring_case(user.user_type, "Guest"),
                         .user_action = std::string(kRegisterDeviceAction),
                         .client_app_id = caller.client.value,
                         .client_app_type = "mobileAppsAndDesktopClients",
                         .has_second_factor = caller.has_second_factor,
                         .platform = "macOS"};
  for (const directory::ObjectId& group : directory::transitive_groups_of(tx, caller.tenant, user.id))
    sign_in.group_ids.push_back(group.value);
  const access::Decision decision = access::decide(sign_in, policies::load_all(tx, caller.tenant));
  if (decision.outcome == access::Outcome::grant) return done();
  return forbidden("blocked_by_conditional_access",
                   "AADSTS" + std::to_string(decision.error_code) + ": " + decision.reason);
}

Result<directory::User> registering_user(store::Transaction& tx, const tokens::Caller& caller, Time now) {
  auto user = directory::find_user(tx, caller.tenant, caller.subject);
  if (!user || !user->account_enabled) return forbidden("user_disabled", "the user may no longer sign in");
  TRY(check_policies(tx, caller, *user, now));
  return *user;
}

// The device that this Mac already is, when it asks to stay that one and proves it with the key of then.
std::optional<directory::Device> device_to_reuse(const Dependencies& dependencies, const http::Request& request,
                                                 const tokens::Caller& caller, const EnrollmentRequest& enrollment) {
  if (!enrollment.wants_to_reuse_device || request.peer.certificate_der.empty()) return std::nullopt;
  // The TLS handshake proved that the peer holds the private key of this certificate.
  auto holder = dependencies.certificates.holder(caller.tenant, request.peer.certificate_der, request.received);
  if (!holder.ok() || !holder->account_enabled || holder->registered_owner != caller.subject) return std::nullopt;
  return *holder;
}

Status store_device(store::Transaction& tx, const tokens::Caller& caller, const directory::Device& device,
                    bool is_known, std::size_t devices_per_user, const audit::Actor& by, Time now) {
  if (is_known) {
    // The compliance fields are out of reach of update_device(): law 7.
    return directory::update_device(tx, caller.tenant, device, by, now);
  }
  // Registrations of one tenant wait for each other here, or two at once could pass the limit together.
  tx.query("SELECT tenant_id FROM registration_authority WHERE tenant_id = ?" + std::string(tx.lock_rows()),
           {caller.tenant.value});
  if (directory::devices_of_user(tx, caller.tenant, caller.subject).size() >= devices_per_user)
    return forbidden("device_quota_exceeded",
                     "the user has registered " + std::to_string(devices_per_user) + " devices, which is the limit");
  return directory::create_device(tx, caller.tenant, device, by, now);
}

Result<http::Response> enroll(const Dependencies& dependencies, const http::Request& request) {
  const Time now = request.received;
  const tokens::Caller caller = TRY(authorize(dependencies, request));
  if (!caller.authenticated || now - *caller.authenticated > kFreshSignIn)
    return forbidden("fresh_sign_in_required", "the sign-in is too old to register a device: sign in again");
  const EnrollmentRequest enrollment = TRY(read_enrollment(request));

  const auto known = device_to_reuse(dependencies, request, caller, enrollment);
  directory::Device device = known.value_or(directory::Device{});
  if (!known) {
    // INVARIANT: TH-04: ids are ours to give; nothing in the request can name an existing device.
    device.id.value = dependencies.entropy.guid();
    device.device_id.value = dependencies.entropy.guid();
    device.registered_owner = caller.subject;
    device.registration = now;
  }
  device.display_name = enrollment.display_name;
  device.operating_system = enrollment.operating_system;
  device.operating_system_version = enrollment.operating_system_version;
  device.public_key_pem = enrollment.device_key.public_pem();

  // Checked before the certificate is made, so that a refused user costs nothing, and again with the device's row.
  TRY(dependencies.store.read(
      [&](store::Transaction& tx) -> Result<directory::User> { return registering_user(tx, caller, now); }));
  const std::string certificate =
      TRY(dependencies.certificates.issue(caller.tenant, device.device_id, enrollment.device_key, now));
  device.certificate_sha1_thumbprint = TRY(crypto::read_certificate(certificate)).sha1_thumbprint_hex;

  auto store_with_user = [&](store::Transaction& tx) -> Result<std::string> {
    const directory::User user = TRY(registering_user(tx, caller, now));
    auto tenant = directory::find_tenant(tx, enrollment.target_domain);
    if (!enrollment.target_domain.empty() && (!tenant || tenant->id != caller.tenant))
      return invalid("wrong_domain", "`" + enrollment.target_domain + "` is not a domain of the user's tenant",
                     "TargetDomain");
    TRY(store_device(tx, caller, device, known.has_value(), dependencies.devices_per_user, caller.actor(request), now));
    if (dependencies.owner_mail_waits) {
      tell_owner(tx, {.owner = user, .device = device, .was_known = known.has_value(), .address = request.peer.address},
                 dependencies.entropy, now);
      tx.after_commit(dependencies.owner_mail_waits);
    }
    return user.user_principal_name;
  };
  const std::string user_principal_name = TRY(dependencies.store.write(store_with_user));
  return http::json_response(200,
                             enrollment_reply(certificate, device.certificate_sha1_thumbprint, user_principal_name));
}

struct OwnedDevice {
  directory::TenantId tenant;
  directory::Device device;
};

// Device ids are unique across tenants by their randomness; a certificate does not say which tenant issued it.
Result<std::vector<OwnedDevice>> devices_named(const Dependencies& dependencies, const directory::DeviceId& id) {
  return dependencies.store.read([&](store::Transaction& tx) -> Result<std::vector<OwnedDevice>> {
    std::vector<OwnedDevice> found;
    for (const directory::Tenant& tenant : directory::tenants(tx)) {
      if (auto device = directory::find_device(tx, tenant.id, id)) found.push_back({tenant.id, *device});
    }
    return found;
  });
}

// Whoever may remove the device: the device itself, or its owner. Everybody else learns nothing, not even that it is
// there.
Result<audit::Actor> remover(const Dependencies& dependencies, const http::Request& request, const OwnedDevice& owned) {
  if (!request.peer.certificate_der.empty()) {
    auto holder = dependencies.certificates.holder(owned.tenant, request.peer.certificate_der, request.received);
    if (holder.ok() && holder->device_id == owned.device.device_id)
      return audit::Actor{.kind = audit::Actor::Kind::device,
                          .id = owned.device.device_id.value,
                          .name = owned.device.display_name,
                          .address = request.peer.address};
  }
  if (request.bearer_token()) {
    const tokens::Caller caller = TRY(authorize(dependencies, request));
    if (caller.tenant == owned.tenant && caller.subject == owned.device.registered_owner) return caller.actor(request);
  }
  return not_found("no_device", "you have no device with that id");
}

Result<http::Response> unregister(const Dependencies& dependencies, const http::Request& request) {
  if (request.peer.certificate_der.empty() && !request.bearer_token())
    return Failure{Code::unauthenticated, "no_proof", "neither the device's certificate nor a token was presented"};
  const directory::DeviceId id{text::lower(request.path_parameter("id"))};
  for (const OwnedDevice& owned : TRY(devices_named(dependencies, id))) {
    auto by = remover(dependencies, request, owned);
    if (!by.ok() && by.failure().code == Code::not_found) continue;
    if (!by.ok()) return by.failure();
    TRY(dependencies.store.write([&](store::Transaction& tx) -> Status {
      return directory::delete_device(tx, owned.tenant, id, *by, request.received);
    }));
    return http::json_response(200, json::Object{});
  }
  return not_found("no_device", "you have no device with that id");
}

Result<http::Response> discover(const Dependencies& dependencies, const std::string& tenant_name) {
  auto tenant = TRY(dependencies.store.read([&](store::Transaction& tx) -> Result<std::optional<directory::Tenant>> {
    return directory::find_tenant(tx, tenant_name);
  }));
  if (!tenant) return not_found("unknown_tenant", "no tenant is called `" + tenant_name + "`");
  return http::json_response(200, discovery_document(dependencies.tokens.base_url(), *tenant));
}

// A client may put this value into its signing request. What makes a registration fresh here is the age of the sign-in,
// so the value is not remembered.
http::Response nonce(const Dependencies& dependencies, const http::Request& request) {
  // ENTRA: `ReponseStatus` is misspelt on the wire.
  return http::json_response(
      200, json::Object{
               {"ReponseStatus", {{"message", "OK"}, {"traceId", request.id}, {"time", to_iso8601(request.received)}}},
               {"Value", dependencies.entropy.token()}});
}

using Answer = std::function<Result<http::Response>(const http::Request&)>;

http::Handler with_errors(Answer answer) {
  return [answer = std::move(answer)](const http::Request& request) {
    auto response = answer(request);
    return response.ok() ? std::move(response).value() : error_response(request, response.failure());
  };
}

}  // namespace

void register_routes(http::Router& router, Dependencies dependencies) {
  const Dependencies& d = dependencies;
  router.add("GET", "/{tenant}/Discover",
             with_errors([d](const http::Request& request) { return discover(d, request.path_parameter("tenant")); }));
  router.add("GET", "/EnrollmentServer/Discover", with_errors([d](const http::Request& request) {
               return discover(d, request.query_parameter("tenant").value_or(""));
             }));
  for (const char* pattern : {"/EnrollmentServer/nonce/{tenant}", "/EnrollmentServer/nonce/{tenant}/"})
    router.add("GET", pattern, [d](const http::Request& request) { return nonce(d, request); });
  for (const char* pattern : {"/EnrollmentServer/device", "/EnrollmentServer/device/"})
    router.add("POST", pattern, with_errors([d](const http::Request& request) { return enroll(d, request); }));
  router.add("DELETE", "/EnrollmentServer/device/{id}",
             with_errors([d](const http::Request& request) { return unregister(d, request); }));
}

}  // namespace wardbridge::registration
