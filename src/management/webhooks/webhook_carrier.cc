#include "management/webhooks/webhook_carrier.h"

#include "base/text.h"
#include "management/webhooks/rows.h"

namespace wardbridge::webhooks {
namespace {

using outbox::Outcome;

// An answer that blames the delivery itself holds up the webhook's other deliveries only for so many attempts.
constexpr int kAttemptsAtABadDelivery = 6;

// A delivery made ready to go.
struct Prepared {
  Webhook webhook;
  SealedSecrets sealed;
  std::string body;
};

Status authenticate(http::OutboundRequest& request, const Prepared& prepared, const crypto::Sealer& sealer) {
  const Webhook& webhook = prepared.webhook;
  switch (webhook.authentication) {
    case Authentication::none:
      return done();
    case Authentication::basic: {
      std::string password = TRY(sealer.open(prepared.sealed.password, password_context(webhook.id)));
      request.headers.set("Authorization", "Basic " + text::to_base64(webhook.username + ":" + password));
      return done();
    }
    case Authentication::header: {
      std::string text = TRY(sealer.open(prepared.sealed.header, header_context(webhook.id)));
      for (auto& [name, value] : TRY(read_headers(text))) request.headers.set(name, value);
      return done();
    }
    case Authentication::hash_signature: {
      std::string key = TRY(sealer.open(prepared.sealed.password, password_context(webhook.id)));
      bool sha256 = webhook.hash_algorithm == HashAlgorithm::sha256;
      std::string digest = sha256 ? crypto::hmac_sha256(key, request.body) : crypto::hmac_sha512(key, request.body);
      request.headers.set(kSignatureHeader, (sha256 ? "sha256=" : "sha512=") + text::to_hex(digest));
      return done();
    }
  }
  CHECK(false);
}

Outcome outcome_of(const Failure& failure) {
  Outcome outcome{.reason = failure.reason, .message = failure.message};
  // What this server refuses to do, it will refuse again.
  bool ours = failure.code == Code::forbidden || failure.code == Code::invalid_argument;
  if (ours) outcome.kind = Outcome::Kind::refused;
  if (failure.code == Code::too_large) outcome.most_attempts = kAttemptsAtABadDelivery;
  return outcome;
}

Outcome outcome_of(const http::Response& response, Time now) {
  Outcome outcome;
  int status = response.status;
  if (status < 300) {
    outcome.kind = Outcome::Kind::delivered;
    return outcome;
  }
  outcome.reason = "http_" + std::to_string(status);
  outcome.message = "the receiver answered " + std::to_string(status);
  outcome.after = http::retry_after(response, now);
  if (status < 400) outcome.message += "; redirects are not followed";
  if (status == 410) outcome.kind = Outcome::Kind::refused;
  if (status == 400 || status == 413 || status == 422) outcome.most_attempts = kAttemptsAtABadDelivery;
  return outcome;
}

}  // namespace

Outcome WebhookCarrier::carry(const outbox::Message& message, Time now) {
  auto prepared = store_.read([&](store::Transaction& tx) -> Result<Prepared> {
    auto webhook = find(tx, WebhookId{message.lane.number});
    if (!webhook) return not_found("no_webhook", "the webhook is gone");
    return Prepared{*webhook, sealed_secrets(tx, webhook->id), payload(tx, *webhook, message)};
  });
  if (!prepared.ok()) return outcome_of(prepared.failure());
  // Every change that this delivery was about was undone while it waited.
  if (!message.topic.empty() && message.changes.empty()) return {.kind = Outcome::Kind::delivered};

  const Webhook& webhook = prepared->webhook;
  http::OutboundRequest request{.method = "POST", .url = webhook.url};
  request.connect_time = seconds{webhook.connection_timeout_seconds};
  request.headers.set("Content-Type", wire_name(webhook.content_type));
  request.headers.set("Accept", "*/*");
  request.headers.set(kDeliveryHeader, std::to_string(message.id.value));
  request.body = std::move(prepared->body);
  Status authenticated = authenticate(request, *prepared, sealer_);
  if (!authenticated.ok()) return outcome_of(authenticated.failure());
  Duration deadline = seconds{webhook.connection_timeout_seconds + webhook.read_timeout_seconds};
  auto response = transport_.send(request, deadline);
  return response.ok() ? outcome_of(*response, now) : outcome_of(response.failure());
}

}  // namespace wardbridge::webhooks
