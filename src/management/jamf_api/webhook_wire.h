// Webhook records in the Classic API's words: XML in, XML or JSON out.
#pragma once

#include <vector>

#include "management/sources/classic_xml.h"
#include "management/webhooks/webhooks.h"

namespace wardbridge::jamf_api {

struct WebhookChange {
  webhooks::Webhook webhook;
  webhooks::Secrets secrets;
};
// JAMF: elements that are absent keep what `before` has, on create its defaults. `bad_xml`; `bad_setting` for a value
// that can't be what it must be.
Result<WebhookChange> webhook_from(const json::Object& document, const webhooks::Webhook& before);

// DEVIATION: no secret is in it. The vendor gives `header` back.
sources::XmlTree webhook_tree(const webhooks::Webhook& webhook);
sources::XmlTree webhook_list_tree(const std::vector<webhooks::Webhook>& webhooks);  // ids and names

}  // namespace wardbridge::jamf_api
