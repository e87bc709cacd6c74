// From one page of a sign-in to the next. Private to this room.
//
//   authorize -> (account) -> password -> (new password) -> (device) -> CONCLUDE -> code, approval, or a page that says
//   why not
//                                                                       |   ^
//                    second factor, its enrolment, consent: what conclude() finds missing comes back to it
#pragma once

#include <optional>
#include <string>

#include "tenant/oauth/hop.h"
#include "tenant/oauth/judgement.h"
#include "tenant/oauth/pages.h"
#include "tenant/oauth/parameters.h"
#include "tenant/oauth/pending_sign_ins.h"
#include "tenant/oauth/sessions.h"

namespace wardbridge::oauth {

Subject subject_of(const PendingSignIn& pending);

// --- Beginning
// The browser's cookie, or a new one that the answer must set.
struct Browser {
  std::string secret;
  bool is_new = false;
};
Browser browser_of(const Hop& hop);
// Stores a fresh sign-in and shows its first page: the account to choose, the password, or at once what follows when
// the `session` will do. `application` is its name for people.
struct Beginning {
  directory::TenantId tenant;
  AuthorizationRequest request;
  std::string application;
  std::optional<Session> session;
};
http::Response begin_sign_in(const Hop& hop, const Beginning& beginning);

// --- Coming back
// What a step's form says, and the sign-in that it belongs to. The browser must be the one that it began in. Fails with
// `sign_in_expired` and `other_browser`.
struct StepForm {
  PendingSignIn pending;
  Parameters parameters;
};
Result<StepForm> read_step(const Hop& hop, Stage stage);
// The hop, continued under the correlation id that the sign-in began with.
Hop continued(const Hop& hop, const PendingSignIn& pending);
Failure sign_in_expired();

// --- Going on
// The person is known: asks the device to prove itself when the client can do that, and concludes otherwise.
http::Response identified(const Hop& hop, const PendingSignIn& pending, Stage before);
// Everything that could be proved has been: decides, asks for what is missing, or ends the sign-in.
http::Response conclude(const Hop& hop, const PendingSignIn& pending);
// Ends the sign-in with an error that the client is told, where there is a client to tell.
http::Response give_up(const Hop& hop, const PendingSignIn& pending, const Failure& failure);

// --- Pages of the steps
// What the pages call the client, and the person once they are known.
struct Names {
  std::string application;
  std::string account;
};
Names names_in(const Hop& hop, const PendingSignIn& pending);
http::Response password_page(const Hop& hop, const PendingSignIn& pending, const std::string& application,
                             const std::string& login, std::optional<WireError> problem);
http::Response new_password_page(const Hop& hop, const PendingSignIn& pending, std::optional<WireError> problem);
http::Response second_factor_page(const Hop& hop, const PendingSignIn& pending, std::optional<WireError> problem);
http::Response enrolment_page(const Hop& hop, const PendingSignIn& pending, const std::string& secret,
                              const std::string& account, std::optional<WireError> problem);
http::Response consent_page(const Hop& hop, const PendingSignIn& pending, const Judgement& judgement,
                            bool may_consent_for_all);
http::Response approval_page(const Hop& hop, const PendingSignIn& pending, const Judgement& judgement);

// A secret for a new generator of one-time passwords, sealed for the sign-in that enrols it, or opened again.
std::string new_enrolment(const Hop& hop, const PendingSignIn& pending);
Result<std::string> open_enrolment(const Hop& hop, const PendingSignIn& pending);

// What an administrator's consent would give, and the giving of it.
struct WantedPermission {
  directory::Application resource;
  std::string id;
  std::string value;
  bool is_role = false;
};
Result<std::vector<WantedPermission>> wanted_permissions(store::Transaction& tx, const directory::TenantId& tenant,
                                                         const directory::Application& application,
                                                         std::string_view scope);
Status grant_for_all(store::Transaction& tx, const Hop& hop, const directory::TenantId& tenant,
                     const directory::Application& application, const std::vector<WantedPermission>& wanted,
                     const audit::Actor& by);

}  // namespace wardbridge::oauth
