#include "management/webhooks/webhooks.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "management/webhooks/rows.h"
#include "platform/http/http.h"

namespace wardbridge::webhooks {
namespace {

constexpr std::size_t kNameBytes = 255;
constexpr std::size_t kUrlBytes = 2000;
constexpr std::size_t kSecretBytes = 4096;
constexpr std::size_t kDisplayFields = 50;
constexpr std::size_t kHeaders = 20;
constexpr std::int64_t kLongestTimeoutSeconds = 15;

constexpr const char* kColumns =
    "id, name, enabled, url, content_type, event, connection_timeout_seconds, read_timeout_seconds, authentication,"
    " username, hash_algorithm, display_fields_enabled, display_fields, smart_group_id";

Webhook webhook_from(const store::Row& row) {
  Webhook webhook;
  webhook.id = {row.integer(0)};
  webhook.name = row.text(1);
  webhook.enabled = row.flag(2);
  webhook.url = row.text(3);
  webhook.content_type = row.text(4) == wire_name(ContentType::json) ? ContentType::json : ContentType::xml;
  webhook.event = row.text(5);
  webhook.connection_timeout_seconds = row.integer(6);
  webhook.read_timeout_seconds = row.integer(7);
  webhook.authentication = authentication_from(row.text(8)).value();
  webhook.username = row.text(9);
  webhook.hash_algorithm = hash_algorithm_from(row.text(10)).value();
  webhook.display_fields_enabled = row.flag(11);
  json::Value fields = *json::parse(row.text(12));
  for (const json::Value& name : fields.get_array()) {
    webhook.display_fields.emplace_back(std::string_view(name.get_string()));
  }
  webhook.smart_group_id = row.integer(13);
  return webhook;
}

std::vector<store::Value> values_of(const Webhook& webhook) {
  return {webhook.name,
          text::lower(webhook.name),
          webhook.enabled,
          webhook.url,
          wire_name(webhook.content_type),
          webhook.event,
          webhook.connection_timeout_seconds,
          webhook.read_timeout_seconds,
          wire_name(webhook.authentication),
          webhook.username,
          wire_name(webhook.hash_algorithm),
          webhook.display_fields_enabled,
          json::to_text(json::to_array(webhook.display_fields)),
          webhook.smart_group_id};
}

Status check_group(store::Transaction& tx, const Webhook& webhook) {
  if (webhook.smart_group_id == kAnyGroup) return done();
  // JAMF: a group with an event that is not about groups is refused, and so is a group that does not exist.
  if (!is_group_event(webhook.event)) {
    return invalid("bad_setting", "`smart_group_id` only goes with an event that is about groups", "smart_group_id");
  }
  if (webhook.event != wire_name(Event::group_membership_change) ||
      !groups::find(tx, groups::GroupId{webhook.smart_group_id})) {
    return invalid("bad_setting", "no such group has the id " + std::to_string(webhook.smart_group_id),
                   "smart_group_id");
  }
  return done();
}

Status check_timeout(std::int64_t given, const char* field) {
  if (given >= 1 && given <= kLongestTimeoutSeconds) return done();
  return invalid("bad_setting", "`" + std::string(field) + "` must be a number of seconds from 1 to 15", field);
}

Status check(store::Transaction& tx, const Webhook& webhook) {
  if (text::trim(webhook.name).empty() || webhook.name.size() > kNameBytes) {
    return invalid("bad_setting", "a webhook needs a name of at most 255 bytes", "name");
  }
  if (auto same = find_by_name(tx, webhook.name); same && same->id != webhook.id) {
    return conflict("already_exists", "a webhook is called `" + same->name + "` already");
  }
  auto url = http::parse_url(webhook.url);
  if (!url.ok() || webhook.url.size() > kUrlBytes) {
    return invalid("bad_setting", "`" + webhook.url.substr(0, 100) + "` is not a URL", "url");
  }
  const auto& events = known_events();
  if (std::find(events.begin(), events.end(), webhook.event) == events.end()) {
    return invalid("bad_setting", "`" + webhook.event.substr(0, 60) + "` is not the name of an event", "event");
  }
  TRY(check_timeout(webhook.connection_timeout_seconds, "connection_timeout"));
  TRY(check_timeout(webhook.read_timeout_seconds, "read_timeout"));
  if (webhook.display_fields.size() > kDisplayFields) {
    return invalid("bad_setting", "Problem with display_fields", "display_fields");
  }
  return check_group(tx, webhook);
}

// The secrets as they are to be stored: what was given, else what was there, and only what the authentication uses.
Result<SealedSecrets> secrets_to_store(const Webhook& webhook, const Secrets& given, SealedSecrets before,
                                       const crypto::Sealer& sealer, Entropy& entropy) {
  bool wants_header = webhook.authentication == Authentication::header;
  bool wants_password =
      webhook.authentication == Authentication::basic || webhook.authentication == Authentication::hash_signature;
  if (!wants_password) before.password.clear();
  if (!wants_header) before.header.clear();
  if (wants_password && given.password && !given.password->empty()) {
    if (given.password->size() > kSecretBytes) return invalid("bad_setting", "`password` is too long", "password");
    before.password = sealer.seal(*given.password, password_context(webhook.id), entropy);
  }
  if (wants_header && given.header && !given.header->empty()) {
    TRY(read_headers(*given.header));
    before.header = sealer.seal(*given.header, header_context(webhook.id), entropy);
  }
  std::string method = wire_name(webhook.authentication);
  if (wants_password && before.password.empty()) {
    return invalid("bad_setting", "`" + method + "` needs `password`", "password");
  }
  if (wants_header && before.header.empty()) return invalid("bad_setting", "`" + method + "` needs `header`", "header");
  if (webhook.authentication == Authentication::basic &&
      (webhook.username.empty() || webhook.username.find(':') != std::string::npos)) {
    return invalid("bad_setting", "`BASIC` needs a `username` without a colon", "username");
  }
  return before;
}

json::Object details_of(const Webhook& webhook, const Secrets& secrets) {
  // Where to, but not the whole URL: some receivers take their secret as a part of its path.
  auto url = http::parse_url(webhook.url);
  json::Object details{{"receiver", url.ok() ? url->origin() : ""},
                       {"event", webhook.event},
                       {"enabled", webhook.enabled},
                       {"authentication", wire_name(webhook.authentication)}};
  if (secrets.password || secrets.header) details["secret"] = "changed";
  return details;
}

void audit_webhook(store::Transaction& tx, const Webhook& webhook, const char* action, json::Object details,
                   const audit::Actor& by, Time now) {
  audit::record(tx, {.time = now,
                     .actor = by,
                     .action = action,
                     .object_type = "Webhook",
                     .object_id = std::to_string(webhook.id.value),
                     .object_name = webhook.name,
                     .details = std::move(details)});
}

outbox::Lane lane_of(WebhookId id) { return {kLaneKind, id.value}; }

Failure no_webhook(WebhookId id) {
  return not_found("no_webhook", "no webhook has the id " + std::to_string(id.value));
}

}  // namespace

const char* wire_name(ContentType type) { return type == ContentType::xml ? "text/xml" : "application/json"; }

const char* wire_name(Authentication method) {
  switch (method) {
    case Authentication::none:
      return "NONE";
    case Authentication::basic:
      return "BASIC";
    case Authentication::header:
      return "HEADER";
    case Authentication::hash_signature:
      return "HASH_SIGNATURE";
  }
  CHECK(false);
}

const char* wire_name(HashAlgorithm algorithm) { return algorithm == HashAlgorithm::sha256 ? "SHA256" : "SHA512"; }

std::optional<Authentication> authentication_from(std::string_view name) {
  for (auto method :
       {Authentication::none, Authentication::basic, Authentication::header, Authentication::hash_signature}) {
    if (text::equal_ignoring_case(name, wire_name(method))) return method;
  }
  return std::nullopt;
}

std::optional<HashAlgorithm> hash_algorithm_from(std::string_view name) {
  for (auto algorithm : {HashAlgorithm::sha256, HashAlgorithm::sha512}) {
    if (text::equal_ignoring_case(name, wire_name(algorithm))) return algorithm;
  }
  return std::nullopt;
}

const std::vector<std::string>& known_events() {
  static const auto* names = new std::vector<std::string>{"ComputerAdded",
                                                          "ComputerCheckIn",
                                                          "ComputerInventoryCompleted",
                                                          "ComputerPatchPolicyCompleted",
                                                          "ComputerPolicyFinished",
                                                          "ComputerPushCapabilityChanged",
                                                          "DeviceAddedToDEP",
                                                          "DeviceRateLimited",
                                                          "JSSShutdown",
                                                          "JSSStartup",
                                                          "MobileDeviceCheckIn",
                                                          "MobileDeviceCommandCompleted",
                                                          "MobileDeviceEnrolled",
                                                          "MobileDeviceInventoryCompleted",
                                                          "MobileDevicePushSent",
                                                          "MobileDeviceUnEnrolled",
                                                          "PatchSoftwareTitleUpdated",
                                                          "PushSent",
                                                          "RestAPIOperation",
                                                          "SCEPChallenge",
                                                          "SmartGroupComputerMembershipChange",
                                                          "SmartGroupMobileDeviceMembershipChange",
                                                          "SmartGroupUserMembershipChange"};
  return *names;
}

bool is_group_event(std::string_view event) { return event.starts_with("SmartGroup"); }

std::string password_context(WebhookId id) { return "webhook|" + std::to_string(id.value) + "|password"; }
std::string header_context(WebhookId id) { return "webhook|" + std::to_string(id.value) + "|header"; }

Result<std::vector<std::pair<std::string, std::string>>> read_headers(const std::string& text) {
  auto bad = [](const std::string& why) { return invalid("bad_setting", "`header` " + why, "header"); };
  auto parsed = json::parse(text);
  if (!parsed.ok() || !parsed->is_object() || parsed->get_object().empty() || text.size() > kSecretBytes) {
    return bad("must be a JSON object of header names and values");
  }
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& member : parsed->get_object()) {
    std::string name(std::string_view(member.key()));
    // SPEC: RFC 9110 section 5.6.2, a token.
    bool token = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
    if (!token) return bad("has a name that is no header's");
    for (const char* ours : {"Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Expect"}) {
      if (text::equal_ignoring_case(name, ours)) return bad("must not set `" + std::string(ours) + "`");
    }
    if (!member.value().is_string()) return bad("has a value that is no text");
    std::string value(std::string_view(member.value().get_string()));
    bool one_line =
        std::none_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    if (!one_line) return bad("has a value with control characters");
    headers.emplace_back(std::move(name), std::move(value));
  }
  if (headers.size() > kHeaders) return bad("has more than 20 members");
  return headers;
}

SealedSecrets sealed_secrets(store::Transaction& tx, WebhookId id) {
  auto row = tx.query_one("SELECT sealed_password, sealed_header FROM webhook WHERE id = ?", {id.value});
  if (!row) return {};
  return {row->text(0), row->text(1)};
}

Result<WebhookId> create(store::Transaction& tx, const Webhook& given, const Secrets& secrets,
                         const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now) {
  Webhook webhook = given;
  webhook.id = {tx.next_id("webhook")};
  TRY(check(tx, webhook));
  SealedSecrets sealed = TRY(secrets_to_store(webhook, secrets, {}, sealer, entropy));
  std::vector<store::Value> values = values_of(webhook);
  values.insert(values.end(), {sealed.password, sealed.header, webhook.id.value});
  tx.execute(
      "INSERT INTO webhook (name, name_key, enabled, url, content_type, event, connection_timeout_seconds,"
      " read_timeout_seconds, authentication, username, hash_algorithm, display_fields_enabled, display_fields,"
      " smart_group_id, sealed_password, sealed_header, id)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      values);
  outbox::open_lane(tx, lane_of(webhook.id));
  if (!webhook.enabled) outbox::pause_lane(tx, lane_of(webhook.id));
  audit_webhook(tx, webhook, "create", details_of(webhook, secrets), by, now);
  return webhook.id;
}

Status replace(store::Transaction& tx, const Webhook& webhook, const Secrets& secrets, const crypto::Sealer& sealer,
               Entropy& entropy, const audit::Actor& by, Time now) {
  auto before = find(tx, webhook.id);
  if (!before) return no_webhook(webhook.id);
  TRY(check(tx, webhook));
  // The secret of one way to authenticate is not taken for that of another.
  SealedSecrets kept =
      before->authentication == webhook.authentication ? sealed_secrets(tx, webhook.id) : SealedSecrets{};
  SealedSecrets sealed = TRY(secrets_to_store(webhook, secrets, kept, sealer, entropy));
  std::vector<store::Value> values = values_of(webhook);
  values.insert(values.end(), {sealed.password, sealed.header, webhook.id.value});
  tx.execute(
      "UPDATE webhook SET name = ?, name_key = ?, enabled = ?, url = ?, content_type = ?, event = ?,"
      " connection_timeout_seconds = ?, read_timeout_seconds = ?, authentication = ?, username = ?, hash_algorithm = ?,"
      " display_fields_enabled = ?, display_fields = ?, smart_group_id = ?, sealed_password = ?, sealed_header = ?"
      " WHERE id = ?",
      values);
  if (webhook.enabled) {
    // What failed with the settings before may pass now.
    outbox::resume_lane(tx, lane_of(webhook.id), now);
  } else {
    outbox::pause_lane(tx, lane_of(webhook.id));
  }
  audit_webhook(tx, webhook, "update", details_of(webhook, secrets), by, now);
  return done();
}

Status remove(store::Transaction& tx, WebhookId id, const audit::Actor& by, Time now) {
  auto webhook = find(tx, id);
  if (!webhook) return no_webhook(id);
  tx.execute("DELETE FROM webhook WHERE id = ?", {id.value});
  outbox::close_lane(tx, lane_of(id));
  audit_webhook(tx, *webhook, "delete", {}, by, now);
  return done();
}

std::optional<Webhook> find(store::Transaction& tx, WebhookId id) {
  auto row = tx.query_one(std::string("SELECT ") + kColumns + " FROM webhook WHERE id = ?", {id.value});
  if (!row) return std::nullopt;
  return webhook_from(*row);
}

std::optional<Webhook> find_by_name(store::Transaction& tx, std::string_view name) {
  auto row = tx.query_one(std::string("SELECT ") + kColumns + " FROM webhook WHERE name_key = ?", {text::lower(name)});
  if (!row) return std::nullopt;
  return webhook_from(*row);
}

std::vector<Webhook> list(store::Transaction& tx) {
  std::vector<Webhook> webhooks;
  for (const store::Row& row : tx.query(std::string("SELECT ") + kColumns + " FROM webhook ORDER BY id")) {
    webhooks.push_back(webhook_from(row));
  }
  return webhooks;
}

}  // namespace wardbridge::webhooks
