// What the carrier needs beyond the record; for this room's own sources.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "management/webhooks/webhooks.h"

namespace wardbridge::webhooks {

struct SealedSecrets {
  std::string password;
  std::string header;
};
SealedSecrets sealed_secrets(store::Transaction& tx, WebhookId id);
std::string password_context(WebhookId id);
std::string header_context(WebhookId id);

// The headers of a `header` secret; `invalid_argument` with `where` = `header`.
Result<std::vector<std::pair<std::string, std::string>>> read_headers(const std::string& text);

// What is stored with a delivery: the event's name and moment, and either the vendor's event object (of a computer) or
// the group that it is about.
json::Object computer_body(Event event, json::Object object, Time now);
json::Object group_body(groups::GroupId group, const std::string& name, Time now);

// The vendor's computer object, as the record is now; nothing when the computer is gone.
std::optional<json::Object> computer_object(store::Transaction& tx, inventory::ComputerId id);

// The payload of a delivery, as this webhook wants it.
std::string payload(store::Transaction& tx, const Webhook& webhook, const outbox::Message& message);

}  // namespace wardbridge::webhooks
