// A new password, in the place of one that somebody else chose.
#include "platform/crypto/crypto.h"
#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/steps.h"

namespace wardbridge::oauth {
namespace {

Failure not_accepted(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), std::move(message)};
}

// Why it can't be the password of `user`. Called outside of any transaction: comparing with the old one takes its time.
std::optional<Failure> objection(const std::string& password, const std::string& repeated,
                                 const directory::User& user) {
  if (password != repeated) return not_accepted("password_not_accepted", "the two passwords are not the same");
  if (!directory::is_strong_password(password))
    return not_accepted("password_weak",
                        "the password must have at least eight characters, of three of these kinds: small letters, "
                        "capital letters, digits, others");
  constexpr std::size_t kShortestName = 3;
  const std::string name = user.user_principal_name.substr(0, user.user_principal_name.find('@'));
  if (name.size() >= kShortestName && text::contains_ignoring_case(password, name))
    return not_accepted("password_contains_name", "the password must not contain the name of the account");
  if (crypto::password_matches(password, user.password_hash))
    return not_accepted("password_not_accepted", "the new password is the old one");
  return std::nullopt;
}

// The user, as long as the password that this sign-in began with is still theirs.
Result<directory::User> find_person(store::Transaction& tx, const PendingSignIn& pending) {
  auto user = directory::find_user(tx, pending.tenant, pending.person.user);
  if (!user || credential_mark(*user) != pending.person.credential_mark) return sign_in_expired();
  return *std::move(user);
}

// The sign-in goes on with the new password.
Result<PendingSignIn> replace_password(const Hop& hop, const PendingSignIn& pending, const std::string& password) {
  const std::string hash = crypto::hash_password(password, hop.with.entropy);
  return hop.with.store.write([&](store::Transaction& tx) -> Result<PendingSignIn> {
    directory::User user = TRY(find_person(tx, pending));
    user.password_hash = hash;
    user.must_change_password = false;
    const audit::Actor by{.kind = audit::Actor::Kind::user,
                          .id = user.id.value,
                          .name = user.user_principal_name,
                          .address = hop.request.peer.address};
    TRY(directory::update_user(tx, pending.tenant, user, by, hop.now()));
    PendingSignIn next = pending;
    next.person.credential_mark = credential_mark(user);
    if (!move_on(tx, next, Stage::new_password)) return sign_in_expired();
    return next;
  });
}

}  // namespace

http::Response new_password_step(const Hop& hop) {
  auto form = read_step(hop, Stage::new_password);
  if (!form.ok()) return refusal_page(hop, form.failure());
  const PendingSignIn& pending = form->pending;
  const Hop next = continued(hop, pending);
  auto user = hop.with.store.read([&](store::Transaction& tx) { return find_person(tx, pending); });
  if (!user.ok()) return refusal_page(next, user.failure());
  const std::string password = form->parameters.get("newpasswd");
  if (auto refusal = objection(password, form->parameters.get("repeated"), *user)) {
    Status counted =
        hop.with.store.write([&](store::Transaction& tx) -> Status { return count_attempt(tx, pending), done(); });
    if (!counted.ok() || wants_json(hop.request))
      return refusal_page(next, counted.ok() ? *refusal : counted.failure());
    return new_password_page(next, pending, wire_error(*refusal));
  }
  auto replaced = replace_password(next, pending, password);
  if (!replaced.ok()) return refusal_page(next, replaced.failure());
  return identified(next, *replaced, Stage::new_password);
}

}  // namespace wardbridge::oauth
