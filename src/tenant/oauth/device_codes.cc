#include "tenant/oauth/device_codes.h"

#include "platform/crypto/crypto.h"

namespace wardbridge::oauth {
namespace {

constexpr std::string_view kUserCodeLetters = "BCDFGHJKLMNPQRSTVWXZ";
constexpr std::size_t kUserCodeLength = 8;
// SPEC: RFC 8628 section 3.5: each `slow_down` adds five seconds.
constexpr std::int64_t kSlowDownSeconds = 5;

const char* name_of(DeviceCodeState state) {
  switch (state) {
    case DeviceCodeState::pending:
      return "pending";
    case DeviceCodeState::approved:
      return "approved";
    case DeviceCodeState::declined:
      return "declined";
    case DeviceCodeState::redeemed:
      return "redeemed";
  }
  CHECK(false, "every state has a name");
}

DeviceCodeState state_from(std::string_view name) {
  for (DeviceCodeState state : {DeviceCodeState::pending, DeviceCodeState::approved, DeviceCodeState::declined})
    if (name == name_of(state)) return state;
  return DeviceCodeState::redeemed;
}

// A user code means something only within its tenant.
std::string user_code_hash(const directory::TenantId& tenant, std::string_view user_code) {
  return crypto::hash_token(tenant.value + "|" + normal_user_code(user_code));
}

#define DEVICE_CODE_COLUMNS "device_code_hash, tenant_id, request, requester, state, person, created, expires"

DeviceCode device_code_from(const store::Row& row) {
  DeviceCode code{.tenant = {row.text(1)},
                  .request = authorization_request_from(row.text(2)),
                  .requester = row.text(3),
                  .state = state_from(row.text(4)),
                  .created = row.time(6),
                  .expires = row.time(7)};
  if (!row.text(5).empty()) code.person = person_from(row.text(5));
  return code;
}

}  // namespace

std::string make_user_code(Entropy& entropy) {
  std::string code;
  for (std::size_t i = 0; i < kUserCodeLength; ++i) {
    if (i == kUserCodeLength / 2) code += '-';
    code += kUserCodeLetters[entropy.below(kUserCodeLetters.size())];
  }
  return code;
}

std::string normal_user_code(std::string_view typed) {
  std::string code;
  for (char c : text::upper(typed))
    if (c != '-' && c != ' ') code += c;
  return code;
}

void add_device_code(store::Transaction& tx, const std::string& device_code, const std::string& user_code,
                     const DeviceCode& code) {
  // A code that has expired is known for a while, so that its device hears why.
  tx.execute("DELETE FROM oauth_device_code WHERE expires <= ?", {Time{code.created - kDeviceCodeLifetime}});
  tx.execute(
      "INSERT INTO oauth_device_code (device_code_hash, user_code_hash, tenant_id, client_id, request, requester, "
      "state, person, interval_seconds, next_poll, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?)",
      {crypto::hash_token(device_code), user_code_hash(code.tenant, user_code), code.tenant.value,
       code.request.client.value, json::to_text(to_json(code.request)), code.requester, name_of(code.state),
       std::int64_t{kPollInterval.count()}, code.created, code.created, code.expires});
}

std::optional<FoundDeviceCode> find_device_code_by_user_code(store::Transaction& tx, const directory::TenantId& tenant,
                                                             std::string_view user_code, Time now) {
  auto row = tx.query_one("SELECT " DEVICE_CODE_COLUMNS
                          " FROM oauth_device_code WHERE user_code_hash = ? AND tenant_id = ? AND expires > ? "
                          "AND state = 'pending'",
                          {user_code_hash(tenant, user_code), tenant.value, now});
  if (!row) return std::nullopt;
  return FoundDeviceCode{row->text(0), device_code_from(*row)};
}

std::optional<DeviceCode> find_device_code_by_hash(store::Transaction& tx, const directory::TenantId& tenant,
                                                   const std::string& hash, Time now) {
  auto row = tx.query_one("SELECT " DEVICE_CODE_COLUMNS
                          " FROM oauth_device_code WHERE device_code_hash = ? AND tenant_id = ? AND expires > ? "
                          "AND state = 'pending'",
                          {hash, tenant.value, now});
  if (!row) return std::nullopt;
  return device_code_from(*row);
}

bool decide_device_code(store::Transaction& tx, const std::string& hash, const std::optional<Person>& person) {
  return tx.execute(
             "UPDATE oauth_device_code SET state = ?, person = ? WHERE device_code_hash = ? AND state = 'pending'",
             {name_of(person ? DeviceCodeState::approved : DeviceCodeState::declined),
              person ? json::to_text(to_json(*person)) : "", hash}) == 1;
}

PollAnswer poll_device_code(store::Transaction& tx, const directory::TenantId& tenant, const directory::AppId& client,
                            const std::string& device_code, Time now) {
  const std::string hash = crypto::hash_token(device_code);
  auto row = tx.query_one("SELECT " DEVICE_CODE_COLUMNS
                          ", interval_seconds, next_poll FROM oauth_device_code "
                          "WHERE device_code_hash = ? AND tenant_id = ? AND client_id = ?" +
                              std::string(tx.lock_rows()),
                          {hash, tenant.value, client.value});
  if (!row) return {};
  PollAnswer answer{Poll::unknown, device_code_from(*row)};
  if (now >= answer.code.expires) return answer.poll = Poll::expired, answer;
  std::int64_t interval = row->integer(8);
  const bool too_fast = now < row->time(9);
  if (too_fast) interval += kSlowDownSeconds;
  tx.execute("UPDATE oauth_device_code SET interval_seconds = ?, next_poll = ? WHERE device_code_hash = ?",
             {interval, Time{now + seconds{interval}}, hash});
  if (too_fast) return answer.poll = Poll::too_fast, answer;
  switch (answer.code.state) {
    case DeviceCodeState::pending:
      answer.poll = Poll::pending;
      break;
    case DeviceCodeState::declined:
      answer.poll = Poll::declined;
      break;
    case DeviceCodeState::redeemed:
      answer.poll = Poll::redeemed;
      break;
    case DeviceCodeState::approved:
      answer.poll = tx.execute(
                        "UPDATE oauth_device_code SET state = 'redeemed' WHERE device_code_hash = ? "
                        "AND state = 'approved'",
                        {hash}) == 1
                        ? Poll::approved
                        : Poll::redeemed;
      break;
  }
  return answer;
}

std::optional<directory::TenantId> tenant_of_device_code(store::Transaction& tx, const std::string& device_code) {
  auto row = tx.query_one("SELECT tenant_id FROM oauth_device_code WHERE device_code_hash = ?",
                          {crypto::hash_token(device_code)});
  if (!row) return std::nullopt;
  return directory::TenantId{row->text(0)};
}

}  // namespace wardbridge::oauth
