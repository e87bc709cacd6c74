#include "tenant/oauth/pending_sign_ins.h"

#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::account:
      return "account";
    case Stage::password:
      return "password";
    case Stage::new_password:
      return "new_password";
    case Stage::device:
      return "device";
    case Stage::second_factor:
      return "second_factor";
    case Stage::enrolment:
      return "enrolment";
    case Stage::recovery_codes:
      return "recovery_codes";
    case Stage::consent:
      return "consent";
    case Stage::approval:
      return "approval";
  }
  CHECK(false, "every stage has a name");
}

json::Object progress_of(const PendingSignIn& pending) {
  return {{"browser_hash", pending.browser_hash},
          {"correlation_id", pending.correlation_id},
          {"person", json::to_text(to_json(pending.person))},
          {"is_device_asked", pending.is_device_asked},
          {"nonce_hash", pending.nonce_hash},
          {"sealed_enrolment", pending.sealed_enrolment},
          {"has_consented", pending.has_consented},
          {"has_approved", pending.has_approved}};
}

void read_progress(PendingSignIn& pending, std::string_view text) {
  auto value = json::parse(text);
  CHECK(value.ok() && value->is_object(), "what this room stored is readable");
  const json::Object& object = value->get_object();
  auto member = [&](std::string_view key) { return std::string(json::text_at(object, key).value_or("")); };
  auto flag = [&](std::string_view key) { return json::bool_at(object, key).value_or(false); };
  pending.browser_hash = member("browser_hash");
  pending.correlation_id = member("correlation_id");
  pending.person = person_from(member("person"));
  pending.is_device_asked = flag("is_device_asked");
  pending.nonce_hash = member("nonce_hash");
  pending.sealed_enrolment = member("sealed_enrolment");
  pending.has_consented = flag("has_consented");
  pending.has_approved = flag("has_approved");
}

}  // namespace

void begin(store::Transaction& tx, const PendingSignIn& pending, Time now) {
  tx.execute("DELETE FROM oauth_pending_sign_in WHERE expires <= ?", {now});
  tx.execute(
      "INSERT INTO oauth_pending_sign_in (context_hash, tenant_id, stage, request, progress, attempts, expires) "
      "VALUES (?, ?, ?, ?, ?, 0, ?)",
      {crypto::hash_token(pending.context), pending.tenant.value, name_of(pending.stage),
       json::to_text(to_json(pending.request)), json::to_text(progress_of(pending)), Time{now + kSignInTime}});
}

std::optional<PendingSignIn> find_pending(store::Transaction& tx, const directory::TenantId& tenant,
                                          std::string_view context, Stage stage, Time now) {
  auto row = tx.query_one(
      "SELECT request, progress FROM oauth_pending_sign_in "
      "WHERE context_hash = ? AND tenant_id = ? AND stage = ? AND expires > ?",
      {crypto::hash_token(context), tenant.value, name_of(stage), now});
  if (!row) return std::nullopt;
  PendingSignIn pending{.context = std::string(context),
                        .tenant = tenant,
                        .request = authorization_request_from(row->text(0)),
                        .stage = stage};
  read_progress(pending, row->text(1));
  return pending;
}

void count_attempt(store::Transaction& tx, const PendingSignIn& pending) {
  const std::string hash = crypto::hash_token(pending.context);
  tx.execute("UPDATE oauth_pending_sign_in SET attempts = attempts + 1 WHERE context_hash = ?", {hash});
  tx.execute("DELETE FROM oauth_pending_sign_in WHERE context_hash = ? AND attempts >= ?", {hash, kAttempts});
}

bool move_on(store::Transaction& tx, const PendingSignIn& pending, Stage before) {
  return tx.execute(
             "UPDATE oauth_pending_sign_in SET stage = ?, progress = ?, attempts = 0 "
             "WHERE context_hash = ? AND stage = ?",
             {name_of(pending.stage), json::to_text(progress_of(pending)), crypto::hash_token(pending.context),
              name_of(before)}) == 1;
}

bool finish(store::Transaction& tx, const PendingSignIn& pending) {
  return tx.execute("DELETE FROM oauth_pending_sign_in WHERE context_hash = ? AND stage = ?",
                    {crypto::hash_token(pending.context), name_of(pending.stage)}) == 1;
}

}  // namespace wardbridge::oauth
