#include "connector/device_compliance/rows.h"
#include "connector/relay/relay.h"

namespace wardbridge::device_compliance {
namespace {

// How long a change of settings by another node may go unnoticed.
constexpr Duration kLookAgain = seconds{5};

ledger::Outcome outcome_of(const Failure& failure) {
  return {.kind = failure.code == Code::unavailable ? ledger::Outcome::Kind::unreachable
                                                    : ledger::Outcome::Kind::credentials,
          .reason = failure.reason,
          .message = failure.message};
}

partner::Account account_of(const device_compliance::Connection& connection) {
  const Settings& settings = connection.settings;
  bool is_manual = settings.type == Type::manual;
  return {.endpoints = settings.endpoints,
          .tenant = settings.tenant,
          .client_id = settings.client_id,
          .client_secret = "",
          .protocol = is_manual ? partner::Protocol::device_partner : partner::Protocol::compliance_partner,
          .instance_id = connection.instance_id};
}

}  // namespace

Link::Link(store::Store& store, http::Transport& transport, Entropy& entropy, const crypto::Sealer& sealer,
           ConnectionId id)
    : store_(store), transport_(transport), entropy_(entropy), sealer_(sealer), id_(id) {}

Result<Link::Road> Link::load() {
  SealedSecrets sealed;
  Road road;
  road.connection = TRY(store_.read([&](store::Transaction& tx) -> Result<device_compliance::Connection> {
    std::optional<device_compliance::Connection> found = find(tx, id_);
    if (!found) return not_found("no_connection", "the connection is gone");
    sealed = sealed_secrets_of(tx, id_);
    return std::move(*found);
  }));
  if (road_ && road_->connection.revision == road.connection.revision) {
    road.client = road_->client;  // with its tokens and addresses
    return road;
  }
  partner::Account account = account_of(road.connection);
  account.client_secret = TRY(sealer_.open(sealed.secret, seal_context(id_)));
  if (!sealed.next.empty()) account.next_client_secret = TRY(sealer_.open(sealed.next, seal_context(id_)));
  road.client = std::make_shared<partner::Client>(transport_, entropy_, std::move(account));
  return road;
}

Result<Link::Road> Link::rehearsal(const std::optional<std::string>& client_secret) {
  std::lock_guard lock(mutex_);
  std::optional<Road> kept = std::move(road_);
  road_.reset();  // so that the client is a fresh one
  Result<Road> road = load();
  road_ = std::move(kept);
  if (!road.ok() || !client_secret) return road;
  partner::Account account = account_of(road->connection);
  account.client_secret = *client_secret;
  road->client = std::make_shared<partner::Client>(transport_, entropy_, std::move(account));
  return road;
}

Result<Link::Road> Link::road(Time now) {
  std::lock_guard lock(mutex_);
  if (!road_ || now >= look_again_at_) {
    road_ = TRY(load());
    look_again_at_ = now + kLookAgain;
  }
  return *road_;
}

void Link::reload() {
  std::lock_guard lock(mutex_);
  look_again_at_ = kEpoch;
}

ledger::Outcome Link::deliver(const ledger::Parcel& parcel, Time now) {
  Result<Road> road = this->road(now);
  if (!road.ok()) return outcome_of(road.failure());
  partner::Answer<std::string> message =
      road->client->upload(relay::upload_of(parcel.report, parcel.version, now), road->connection.extensions, now);
  if (!message.ok()) return relay::outcome_of(message.failure());
  if (message->empty()) return {.kind = ledger::Outcome::Kind::done};
  return {.kind = ledger::Outcome::Kind::accepted, .message_id = *message};
}

ledger::Outcome Link::confirm(const ledger::Parcel& parcel, Time now) {
  Result<Road> road = this->road(now);
  if (!road.ok()) return outcome_of(road.failure());
  partner::Answer<partner::MessageState> state = road->client->message(parcel.message_id, now);
  if (!state.ok()) return relay::outcome_of(state.failure());
  bool completed = *state == partner::MessageState::completed;
  return {.kind = completed ? ledger::Outcome::Kind::done : ledger::Outcome::Kind::still_processing};
}

}  // namespace wardbridge::device_compliance
