// Webhooks: HTTPS posts to other systems when something happens to a computer.
//
//   webhooks::raise(tx, {{.event = Event::computer_added, .computer = id}}, now);   // in the transaction that caused
//   it
//
// Raising costs one small query when nobody wants the event, and one row per webhook that does (see management/outbox
// for what happens to it then). No thread of its own; functions run in the caller's transaction.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "management/groups/groups.h"
#include "management/inventory/inventory.h"
#include "management/outbox/outbox.h"
#include "platform/audit/audit.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/store/store.h"

namespace wardbridge::webhooks {

extern const store::Schema kSchema;

using WebhookId = NumberId<struct WebhookTag>;

enum class ContentType { xml, json };
enum class Authentication { none, basic, header, hash_signature };
enum class HashAlgorithm { sha256, sha512 };
const char* wire_name(ContentType type);                                   // `text/xml`, `application/json`
const char* wire_name(Authentication method);                              // `HASH_SIGNATURE`
const char* wire_name(HashAlgorithm algorithm);                            // `SHA256`
std::optional<Authentication> authentication_from(std::string_view name);  // without case
std::optional<HashAlgorithm> hash_algorithm_from(std::string_view name);

// JAMF: every event that a webhook may name; only those of `Event` are ever raised here.
const std::vector<std::string>& known_events();
bool is_group_event(std::string_view event);

inline constexpr std::int64_t kAnyGroup = -1;

struct Webhook {
  WebhookId id;
  std::string name;  // unique without case
  bool enabled = true;
  std::string url;
  ContentType content_type = ContentType::xml;
  std::string event;
  std::int64_t connection_timeout_seconds = 5;  // 1 to 15
  std::int64_t read_timeout_seconds = 2;        // 1 to 15
  Authentication authentication = Authentication::none;
  std::string username;  // of `basic`
  HashAlgorithm hash_algorithm = HashAlgorithm::sha256;
  bool display_fields_enabled = false;
  std::vector<std::string> display_fields;  // criterion names; none: a default few
  std::int64_t smart_group_id = kAnyGroup;
  bool operator==(const Webhook&) const = default;
};

// What is set; nothing keeps what is stored. Sealed at once, and never given back.
struct Secrets {
  std::optional<std::string> password;  // of `basic`; the key of `hash_signature`
  std::optional<std::string> header;    // of `header`: a JSON object, header name to value
};

// `id` is chosen here. Failures: `invalid_argument` with `where` the vendor's field name, `conflict`/`already_exists`.
// Secrets that do not belong to the authentication are dropped; one that it needs and nobody gave is a failure.
Result<WebhookId> create(store::Transaction& tx, const Webhook& webhook, const Secrets& secrets,
                         const crypto::Sealer& sealer, Entropy& entropy, const audit::Actor& by, Time now);
// A webhook that is disabled keeps what waits, until it is enabled or its patience ends.
Status replace(store::Transaction& tx, const Webhook& webhook, const Secrets& secrets, const crypto::Sealer& sealer,
               Entropy& entropy, const audit::Actor& by, Time now);
// Its deliveries go with it. `not_found`/`no_webhook`.
Status remove(store::Transaction& tx, WebhookId id, const audit::Actor& by, Time now);

std::optional<Webhook> find(store::Transaction& tx, WebhookId id);
std::optional<Webhook> find_by_name(store::Transaction& tx, std::string_view name);
std::vector<Webhook> list(store::Transaction& tx);  // by id

inline constexpr const char* kLaneKind = "webhook";

// --- Events

enum class Event { computer_added, computer_check_in, computer_inventory_completed, group_membership_change };
const char* wire_name(Event event);  // `ComputerCheckIn`

struct Happening {
  Event event = Event::computer_check_in;
  inventory::ComputerId computer;
  // Of a membership change:
  groups::GroupId group = {};
  std::string group_name = {};
  bool joined = false;
};
void raise(store::Transaction& tx, std::span<const Happening> happenings, Time now);

}  // namespace wardbridge::webhooks
