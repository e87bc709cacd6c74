// Takes a webhook's deliveries to its URL: one POST each, authenticated as the record says, judged by the answer.
#pragma once

#include <string>

#include "management/outbox/outbox_actor.h"
#include "management/webhooks/webhooks.h"
#include "platform/http/http.h"

namespace wardbridge::webhooks {

// DEVIATION: the vendor's header for HASH_SIGNATURE is not public. Ours is `sha256=` or `sha512=` and the HMAC of the
// body in lower-case hex, under the record's password.
inline constexpr const char* kSignatureHeader = "X-Wardbridge-Signature";
// The same for every attempt at one delivery, so that a receiver can tell that it has it already.
inline constexpr const char* kDeliveryHeader = "X-Wardbridge-Delivery";

class WebhookCarrier final : public outbox::Carrier {
 public:
  // `transport` is the one with the allow-list. All must outlive the carrier.
  WebhookCarrier(store::Store& store, http::Transport& transport, const crypto::Sealer& sealer)
      : store_(store), transport_(transport), sealer_(sealer) {}
  std::string kind() const override { return kLaneKind; }
  outbox::Outcome carry(const outbox::Message& message, Time now) override;

 private:
  store::Store& store_;
  http::Transport& transport_;
  const crypto::Sealer& sealer_;
};

}  // namespace wardbridge::webhooks
