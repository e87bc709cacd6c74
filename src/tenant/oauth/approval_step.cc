// The last question before somebody else gains something: a device that waits for the person, or an application for the
// whole organization.
#include "tenant/oauth/device_codes.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

Result<std::string> device_question(const Hop& hop, const PendingSignIn& pending, const Judgement& judgement) {
  auto code = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<std::optional<DeviceCode>> {
    return find_device_code_by_hash(tx, pending.tenant, pending.request.device_code_hash, hop.now());
  }));
  if (!code) return invalid("user_code_unknown", "the code has expired or was used before");
  std::vector<std::string> gains;
  for (std::string_view scope : text::split(pending.request.scope, ' '))
    if (!scope.empty()) gains.emplace_back(scope);
  if (!pending.request.resource.empty()) gains.push_back(pending.request.resource);
  return paragraph("A device asks to be signed in as " + judgement.user.user_principal_name + " to " +
                       judgement.client.application.display_name + ".",
                   "requester") +
         paragraph("It asked from the address " + code->requester + " at " + to_iso8601(code->created, false) +
                   ", and will get:") +
         list_of(gains) +
         paragraph(
             "Continue only if you started this yourself, on a device that is in front of you. If somebody sent "
             "you the code, cancel: they would be signed in as you.");
}

Result<std::string> administrator_question(const Hop& hop, const PendingSignIn& pending, const Judgement& judgement) {
  const directory::Application& application = judgement.client.application;
  auto wanted = TRY(hop.with.store.read([&](store::Transaction& tx) -> Result<std::vector<WantedPermission>> {
    return wanted_permissions(tx, pending.tenant, application, pending.request.scope);
  }));
  std::vector<std::string> gains;
  for (const WantedPermission& permission : wanted)
    gains.push_back(
        permission.value + " of " + permission.resource.display_name +
        (permission.is_role ? ", by itself, without a person signed in" : ", for every person who signs in"));
  return paragraph("The application " + application.display_name + " (" + application.app_id.value +
                   ") asks for these permissions for your whole organization:") +
         list_of(gains) + paragraph("Nobody will be asked again. You can take this back at any time.");
}

}  // namespace

http::Response approval_page(const Hop& hop, const PendingSignIn& pending, const Judgement& judgement) {
  const bool is_device = pending.request.purpose == Purpose::device_code;
  auto question =
      is_device ? device_question(hop, pending, judgement) : administrator_question(hop, pending, judgement);
  if (!question.ok()) return refusal_page(hop, question.failure());
  return form_page({.title = is_device ? "Are you trying to sign in on a device?" : "Consent for your organization",
                    .action = hop.address(pending.tenant, "login/approval"),
                    .context = pending.context,
                    .body = *question + button(ButtonKind::other, "Cancel", "choice", "cancel") +
                            button(is_device ? "Continue" : "Accept", "choice", "accept"),
                    .redirect_uri = pending.request.redirect_uri},
                   hop.trace);
}

http::Response approval_step(const Hop& hop) {
  auto form = read_step(hop, Stage::approval);
  if (!form.ok()) return refusal_page(hop, form.failure());
  PendingSignIn pending = form->pending;
  const Hop next = continued(hop, pending);
  if (form->parameters.get("choice") == "accept") {
    pending.has_approved = true;
    return conclude(next, pending);
  }
  const Failure declined = invalid("consent_declined", "the person cancelled");
  auto ended = hop.with.store.write([&](store::Transaction& tx) -> Result<bool> {
    if (!finish(tx, pending)) return false;
    if (pending.request.purpose == Purpose::device_code)
      decide_device_code(tx, pending.request.device_code_hash, std::nullopt);
    log_failure(tx, next, subject_of(pending), wire_error(declined));
    return true;
  });
  if (!ended.ok() || !*ended) return refusal_page(next, sign_in_expired());
  if (pending.request.purpose == Purpose::device_code)
    return message_page("Cancelled", paragraph("The device was not signed in. You may close this window."));
  return give_up(next, pending, declined);
}

}  // namespace wardbridge::oauth
