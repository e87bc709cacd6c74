// Whether a person may have what a client asks for, now: the facts, Conditional Access's decision upon them, and the
// row of the sign-in log. Asked at the end of every sign-in and again at every refresh.
#pragma once

#include <optional>
#include <string>

#include "tenant/access/access.h"
#include "tenant/oauth/hop.h"
#include "tenant/oauth/person.h"
#include "tenant/oauth/redirect_uris.h"
#include "tenant/oauth/resources.h"

namespace wardbridge::oauth {

// The person must choose another password first, which only a sign-in with the password asks for.
Failure password_expired();

struct Subject {
  directory::TenantId tenant;
  directory::AppId client;
  Person person;
  tokens::Version version = tokens::Version::v2;
  std::string scope;
  std::string resource;  // version 1
  RedirectKind redirect_kind = RedirectKind::web;
  // Set for a sign-in that asks for no token, but is one to this resource all the same.
  std::optional<directory::AppId> visited;
};

struct Judgement {
  directory::User user;
  Client client;
  Asked asked;
  std::optional<directory::Device> device;
  access::SignIn sign_in;
  access::Decision decision;
  // It was refused, and would not be with a second factor.
  bool wants_second_factor = false;

  bool is_granted() const { return decision.outcome == access::Outcome::grant; }
};

// Everything is read in the transaction that writes the outcome. Fails with `user_disabled`, `grant_revoked` (another
// password since), `device_deleted`, and what find_client() and resolve_user_request() fail with.
Result<Judgement> judge(store::Transaction& tx, const Hop& hop, const Subject& subject);

// The sign-in log's row of a judgement.
enum class Interaction { interactive, silent };
void log_judgement(store::Transaction& tx, const Hop& hop, const Subject& subject, const Judgement& judgement,
                   Interaction interaction);
// Of a sign-in that failed before any decision. Nobody known: no row.
void log_failure(store::Transaction& tx, const Hop& hop, const Subject& subject, const WireError& error);

}  // namespace wardbridge::oauth
