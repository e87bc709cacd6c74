// What each step of a sign-in asks, in words.
#include "tenant/oauth/one_time_password.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

FormPage step(const Hop& hop, const PendingSignIn& pending, std::string title, std::string_view path) {
  return {.title = std::move(title),
          .action = hop.address(pending.tenant, path),
          .context = pending.context,
          .redirect_uri = pending.request.redirect_uri};
}

// ENTRA: what people are told about the permissions that most applications ask for; others are shown by name.
std::string description_of(std::string_view resource, std::string_view permission) {
  if (permission == "User.Read") return "Sign you in and read your profile";
  return std::string(permission) + " of " + std::string(resource);
}

}  // namespace

http::Response password_page(const Hop& hop, const PendingSignIn& pending, const std::string& application,
                             const std::string& login, std::optional<WireError> problem) {
  FormPage page = step(hop, pending, "Sign in", "login");
  page.problem = std::move(problem);
  page.body = paragraph("to continue to " + application) +
              field({.name = "login",
                     .label = "Account",
                     .type = "email",
                     .autocomplete = "username",
                     .value = login,
                     .has_focus = login.empty()}) +
              field({.name = "passwd",
                     .label = "Password",
                     .type = "password",
                     .autocomplete = "current-password",
                     .has_focus = !login.empty()}) +
              button("Sign in");
  return form_page(page, hop.trace);
}

http::Response new_password_page(const Hop& hop, const PendingSignIn& pending, std::optional<WireError> problem) {
  FormPage page = step(hop, pending, "Choose a new password", "login/password");
  page.problem = std::move(problem);
  page.body =
      paragraph(
          "Your password was given to you by somebody else, or has to be changed. Choose a new one that only you "
          "know: at least eight characters, of three of these kinds: small letters, capital letters, digits, "
          "others.") +
      field({.name = "newpasswd",
             .label = "New password",
             .type = "password",
             .autocomplete = "new-password",
             .has_focus = true}) +
      field({.name = "repeated",
             .label = "The new password once more",
             .type = "password",
             .autocomplete = "new-password"}) +
      button("Change and sign in");
  return form_page(page, hop.trace);
}

http::Response second_factor_page(const Hop& hop, const PendingSignIn& pending, std::optional<WireError> problem) {
  FormPage page = step(hop, pending, "Enter your code", "login/code");
  page.problem = std::move(problem);
  page.body = paragraph(
                  "Your organization asks for a second proof of who you are: the six digits that your generator "
                  "of one-time passwords shows, or one of your recovery codes.") +
              field({.name = "code", .label = "Code", .autocomplete = "one-time-code", .has_focus = true}) +
              button("Verify");
  return form_page(page, hop.trace);
}

http::Response enrolment_page(const Hop& hop, const PendingSignIn& pending, const std::string& secret,
                              const std::string& account, std::optional<WireError> problem) {
  FormPage page = step(hop, pending, "Set up your second factor", "login/enrolment");
  page.problem = std::move(problem);
  page.body = paragraph(
                  "Your organization asks for a second proof of who you are. Add this key to a generator of one-time "
                  "passwords, as time-based with six digits, and enter the digits that it then shows.") +
              "<p><code id=\"generator-key\">" + to_base32(secret) +
              "</code></p>\n<p><a id=\"generator-link\" href=\"" +
              text::escape_markup(generator_link(secret, "Wardbridge", account)) +
              "\">Open in a generator on this device</a></p>\n" +
              field({.name = "code",
                     .label = "Digits that the generator shows",
                     .autocomplete = "one-time-code",
                     .is_numeric = true,
                     .has_focus = true}) +
              button("Verify");
  return form_page(page, hop.trace);
}

http::Response consent_page(const Hop& hop, const PendingSignIn& pending, const Judgement& judgement,
                            bool may_consent_for_all) {
  FormPage page = step(hop, pending, "Permissions requested", "login/consent");
  const std::string& resource = judgement.asked.resource.application.display_name;
  std::vector<std::string> wanted;
  const auto& asked = judgement.asked.missing.empty() ? judgement.asked.scopes : judgement.asked.missing;
  for (const std::string& permission : asked) wanted.push_back(description_of(resource, permission));
  page.body = paragraph(judgement.client.application.display_name + " asks you, " + judgement.user.user_principal_name +
                        ", for these permissions:") +
              list_of(wanted) +
              paragraph("Accept only if you know this application. What you accept can be taken back.");
  if (may_consent_for_all)
    page.body += button(ButtonKind::other, "Accept for everyone in the organization", "choice", "all");
  page.body += button(ButtonKind::other, "Cancel", "choice", "cancel") + button("Accept", "choice", "accept");
  return form_page(page, hop.trace);
}

}  // namespace wardbridge::oauth
