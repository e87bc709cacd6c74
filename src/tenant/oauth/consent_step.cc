// Consent: a person's own in the course of a sign-in, and an administrator's for everyone.
#include <algorithm>

#include "tenant/directory/consent.h"
#include "tenant/oauth/cookies.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

audit::Actor consenting(const Hop& hop, const directory::User& user) {
  return {.kind = audit::Actor::Kind::user,
          .id = user.id.value,
          .name = user.user_principal_name,
          .address = hop.request.peer.address};
}

// Stores the consent to what is missing now, which may be less than what the page showed, never more.
Status store_consent(const Hop& hop, const PendingSignIn& pending, bool for_all) {
  return hop.with.store.write([&](store::Transaction& tx) -> Status {
    const Judgement judgement = TRY(judge(tx, hop, subject_of(pending)));
    const directory::Application& resource = judgement.asked.resource.application;
    const bool is_administrator = directory::is_administrator(tx, pending.tenant, judgement.user.id);
    if (!is_administrator && (for_all || !may_person_consent(resource, judgement.asked.missing)))
      return Failure{Code::forbidden, "admin_consent_required", "only an administrator may grant this"};
    const std::string scopes = text::join(judgement.asked.missing, " ");
    const directory::AppId& client = judgement.client.application.app_id;
    if (!scopes.empty()) {
      const audit::Actor by = consenting(hop, judgement.user);
      TRY(for_all ? directory::grant_scopes(tx, pending.tenant, client, resource.app_id, scopes, by, hop.now())
                  : directory::grant_user_scopes(tx, pending.tenant, client, resource.app_id, judgement.user.id, scopes,
                                                 by, hop.now()));
    }
    return done();
  });
}

std::optional<WantedPermission> find_permission(const directory::Application& resource, std::string_view id,
                                                bool is_role) {
  if (is_role) {
    for (const directory::AppRole& role : resource.app_roles)
      if (text::equal_ignoring_case(role.id, id)) return WantedPermission{resource, role.id, role.value, true};
    return std::nullopt;
  }
  for (const directory::PermissionScope& scope : resource.scopes)
    if (text::equal_ignoring_case(scope.id, id)) return WantedPermission{resource, scope.id, scope.value, false};
  return std::nullopt;
}

}  // namespace

http::Response consent_step(const Hop& hop) {
  auto form = read_step(hop, Stage::consent);
  if (!form.ok()) return refusal_page(hop, form.failure());
  PendingSignIn pending = form->pending;
  const Hop next = continued(hop, pending);
  const std::string choice = form->parameters.get("choice");
  if (choice != "accept" && choice != "all") {
    const Failure declined = invalid("consent_declined", "the person declined to consent");
    auto ended = hop.with.store.write([&](store::Transaction& tx) -> Result<bool> {
      const bool is_mine = finish(tx, pending);
      if (is_mine) log_failure(tx, next, subject_of(pending), wire_error(declined));
      return is_mine;
    });
    if (!ended.ok() || !*ended) return refusal_page(next, sign_in_expired());
    return give_up(next, pending, declined);
  }
  Status stored = store_consent(next, pending, choice == "all");
  if (!stored.ok()) return refusal_page(next, stored.failure());
  pending.has_consented = true;
  return conclude(next, pending);
}

Result<std::vector<WantedPermission>> wanted_permissions(store::Transaction& tx, const directory::TenantId& tenant,
                                                         const directory::Application& application,
                                                         std::string_view scope) {
  std::vector<WantedPermission> wanted;
  for (const directory::RequiredPermission& required : application.required) {
    auto resource = directory::find_present_application(tx, tenant, required.resource);
    auto permission = resource ? find_permission(*resource, required.permission_id, required.is_role) : std::nullopt;
    if (!permission)
      return invalid("nothing_to_consent", "the application declares the permission `" + required.permission_id +
                                               "` of `" + required.resource.value + "`, which is not in this tenant");
    wanted.push_back(*std::move(permission));
  }
  // ENTRA: version 2 may name delegated permissions beyond what the registration declares.
  for (std::string_view name : text::split(scope, ' ')) {
    const auto slash = name.rfind('/');
    const std::string_view value = slash == std::string_view::npos ? name : name.substr(slash + 1);
    if (name.empty() || value == ".default" || name == "openid" || name == "profile" || name == "email" ||
        name == "offline_access")
      continue;
    const std::string resource_name(slash == std::string_view::npos ? "https://graph.microsoft.com"
                                                                    : name.substr(0, slash));
    auto resource = directory::find_resource(tx, tenant, resource_name);
    const auto known = resource ? std::ranges::find(resource->scopes, value, &directory::PermissionScope::value)
                                : decltype(resource->scopes.begin()){};
    if (!resource || known == resource->scopes.end())
      return invalid("invalid_scope", "`" + std::string(name.substr(0, 256)) + "` is no delegated permission here",
                     "scope");
    wanted.push_back({*resource, known->id, known->value, false});
  }
  if (wanted.empty())
    return invalid("nothing_to_consent",
                   "the application `" + application.display_name + "` declares no permission that could be granted");
  return wanted;
}

Status grant_for_all(store::Transaction& tx, const Hop& hop, const directory::TenantId& tenant,
                     const directory::Application& application, const std::vector<WantedPermission>& wanted,
                     const audit::Actor& by) {
  // ENTRA: consent makes the enterprise application where there is none yet.
  if (!directory::find_service_principal(tx, tenant, application.app_id))
    TRY(directory::create_service_principal(
        tx, tenant, {{hop.with.entropy.guid()}, application.app_id, application.display_name, true}, by, hop.now()));
  for (const WantedPermission& permission : wanted) {
    const directory::AppId& resource = permission.resource.app_id;
    TRY(permission.is_role
            ? directory::grant_app_role(tx, tenant, application.app_id, resource, permission.id, by, hop.now())
            : directory::grant_scopes(tx, tenant, application.app_id, resource, permission.value, by, hop.now()));
  }
  return done();
}

// ENTRA: `/adminconsent` with client_id, redirect_uri and state.
http::Response admin_consent_endpoint(const Hop& hop, tokens::Version version) {
  struct Asking {
    directory::TenantId tenant;
    Registration registration;
    AuthorizationRequest request;
    std::optional<Session> session;
  };
  auto read = [&]() -> Result<Asking> {
    Asking asking;
    asking.tenant = TRY(find_tenant(hop)).id;
    const Parameters parameters = TRY(Parameters::from_form(hop.request.query_parameters()));
    const std::string client_id = TRY(parameters.required("client_id"));
    const std::string redirect_uri = TRY(parameters.required("redirect_uri"));
    asking.request = {.purpose = Purpose::admin_consent,
                      .version = version,
                      .redirect_uri = redirect_uri,
                      .response_mode = "query",
                      .state = parameters.get("state"),
                      .scope = version == tokens::Version::v2 ? parameters.get("scope") : ""};
    TRY(hop.with.store.read([&](store::Transaction& tx) -> Status {
      auto registration = find_registration(tx, asking.tenant, client_id);
      if (!registration)
        return invalid("unknown_client", "no application `" + client_id.substr(0, 64) + "` was found", "client_id");
      asking.registration = *std::move(registration);
      asking.request.redirect_kind =
          TRY(match_redirect_uri(asking.registration.application, asking.request.redirect_uri));
      TRY(wanted_permissions(tx, asking.tenant, asking.registration.application, asking.request.scope));
      asking.session =
          find_session(tx, asking.tenant, read_cookie(hop.request, session_cookie_name(asking.tenant)), hop.now());
      return done();
    }));
    asking.request.client = asking.registration.application.app_id;
    return asking;
  };
  auto asking = read();
  if (!asking.ok()) return refusal_page(hop, asking.failure());
  return begin_sign_in(hop, {.tenant = asking->tenant,
                             .request = asking->request,
                             .application = asking->registration.application.display_name,
                             .session = std::move(asking->session)});
}

}  // namespace wardbridge::oauth
