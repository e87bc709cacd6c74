// Who may speak to the broker.
#include <algorithm>

#include "connector/cloud_connector/roads.h"
#include "connector/cloud_connector/rows.h"
#include "platform/log/log.h"

namespace wardbridge::cloud_connector {
namespace {

constexpr const char* kCredentialPrefix = "wbc_";
constexpr const char* kCredentialContext = "cloud_connector|instance";
constexpr std::size_t kNameBytes = 200;
// `last seen` is written no more often than this.
constexpr Duration kSeenResolution = minutes{1};

Failure bad_credential() {
  return {.code = Code::unauthenticated, .reason = "bad_credential", .message = "the credential is not known here"};
}

// Sealed: it can be neither guessed nor made by anybody else, and says who it is even to an empty store.
std::string make_credential(const InstanceId& id, const std::string& name, const crypto::Sealer& sealer,
                            Entropy& entropy) {
  json::Object content{{"instance", id.value}, {"name", name}, {"random", entropy.token()}};
  return kCredentialPrefix + text::to_base64url(sealer.seal(json::to_text(content), kCredentialContext, entropy));
}

Result<Instance> read_credential(const std::string& credential, const crypto::Sealer& sealer) {
  if (!credential.starts_with(kCredentialPrefix)) return bad_credential();
  auto sealed = text::from_base64url(std::string_view(credential).substr(std::string_view(kCredentialPrefix).size()));
  if (!sealed) return bad_credential();
  auto content = sealer.open(*sealed, kCredentialContext);
  if (!content.ok()) return bad_credential();
  json::Value value = TRY(json::parse(*content));
  const json::Object& object = TRY(json::as_object(value));
  Instance instance;
  instance.id.value = TRY(json::required_text(object, "instance"));
  instance.name = TRY(json::required_text(object, "name"));
  return instance;
}

void insert_instance(store::Transaction& tx, const Instance& instance, const std::string& credential, Time now) {
  tx.execute(
      "INSERT INTO cloud_instance (id, name, credential_hash, state, created_at, last_seen_at)"
      " VALUES (?, ?, ?, ?, ?, ?)",
      {instance.id.value, instance.name, crypto::hash_token(credential), name_of(Instance::State::active), now, now});
}

Failure no_instance(const InstanceId& id) {
  return not_found("no_instance", "no instance has the id `" + id.value.substr(0, 80) + "`");
}

}  // namespace

Broker::Broker(const Dependencies& dependencies, Options options, Time now)
    : deps_(dependencies),
      options_(std::move(options)),
      lease_(std::make_unique<Lease>(deps_.store, deps_.entropy.guid())),
      started_(now) {}
Broker::~Broker() = default;

Result<std::unique_ptr<Broker>> Broker::open(const Dependencies& dependencies, Options options, Time now) {
  for (const Cloud& cloud : options.clouds) {
    auto same = [&](const Cloud& other) { return other.name == cloud.name; };
    if (std::ranges::count_if(options.clouds, same) > 1) {
      return invalid("bad_config", "two clouds of the connector are called `" + cloud.name + "`");
    }
  }
  if (options.request_burst < kRequestsOfACall) {
    return invalid("bad_config",
                   "the request burst of the connector must be at least " + std::to_string(kRequestsOfACall));
  }
  auto broker = std::unique_ptr<Broker>(new Broker(dependencies, std::move(options), now));
  TRY(dependencies.store.write([&](store::Transaction& tx) -> Status {
    auto row = tx.query_one("SELECT id FROM cloud_database");
    broker->database_id_ = row ? row->text(0) : dependencies.entropy.guid();
    if (!row) tx.execute("INSERT INTO cloud_database (id, recovering_until) VALUES (?, 0)", {broker->database_id_});
    return done();
  }));
  Time quiet_since = TRY(broker->lease_->take(now));
  broker->roads_ =
      std::make_unique<Roads>(broker->deps_, broker->options_, Road::Process{*broker->lease_, quiet_since});
  TRY(dependencies.store.write([&](store::Transaction& tx) -> Status {
    for (const Cloud& cloud : broker->options_.clouds) {
      if (!cloud.client_secret.empty()) {
        TRY(partner::check_client_secret(cloud.client_secret));
        store_secret(tx, cloud.name, cloud.client_secret, dependencies.sealer, dependencies.entropy,
                     {.name = "configuration"}, now);
      }
      if (TRY(read_secrets(tx, cloud.name, dependencies.sealer)).current.empty()) {
        return invalid("bad_config", "the connector has no client secret for the cloud `" + cloud.name + "`");
      }
    }
    return done();
  }));
  for (Cloud& cloud : broker->options_.clouds) cloud.client_secret.clear();
  return broker;
}

const Cloud* Broker::cloud_of(const std::string& name) const {
  for (const Cloud& cloud : options_.clouds) {
    if (cloud.name == name) return &cloud;
  }
  return nullptr;
}

Road& Broker::road_to(const Tenant& tenant) {
  const Cloud* cloud = cloud_of(tenant.cloud);
  CHECK(cloud, "only tenants of configured clouds are called");
  return roads_->to(*cloud, tenant.id);
}

Result<IssuedCredential> Broker::register_instance(const std::string& name, const audit::Actor& by, Time now) {
  std::string trimmed(text::trim(name));
  if (trimmed.empty() || trimmed.size() > kNameBytes || !text::is_utf8(trimmed)) {
    return invalid("bad_name", "an instance needs a name of at most " + std::to_string(kNameBytes) + " bytes", "name");
  }
  Instance instance{.id = {deps_.entropy.guid()}, .name = trimmed};
  std::string credential = make_credential(instance.id, trimmed, deps_.sealer, deps_.entropy);
  TRY(deps_.store.write([&](store::Transaction& tx) -> Status {
    for (const Instance& other : all_instances(tx)) {
      if (other.state != Instance::State::removed && other.name == trimmed) {
        return conflict("already_exists", "an instance is called `" + trimmed + "` already");
      }
    }
    insert_instance(tx, instance, credential, now);
    audit_change(tx, "create", "Instance", instance.id.value, trimmed, {}, by, now);
    return done();
  }));
  return IssuedCredential{.id = instance.id, .credential = credential};
}

Result<IssuedCredential> Broker::renew_credential(const InstanceId& id, const audit::Actor& by, Time now) {
  return deps_.store.write([&](store::Transaction& tx) -> Result<IssuedCredential> {
    auto instance = find_instance(tx, id);
    if (!instance || instance->state != Instance::State::active) return no_instance(id);
    std::string credential = make_credential(id, instance->name, deps_.sealer, deps_.entropy);
    tx.execute("UPDATE cloud_instance SET credential_hash = ? WHERE id = ?",
               {crypto::hash_token(credential), id.value});
    audit_change(tx, "update", "Instance", id.value, instance->name, {{"credential", "renewed"}}, by, now);
    return IssuedCredential{.id = id, .credential = credential};
  });
}

Status Broker::remove_instance(const InstanceId& id, const audit::Actor& by, Time now) {
  return deps_.store.write([&](store::Transaction& tx) -> Status {
    auto instance = find_instance(tx, id);
    if (!instance) return no_instance(id);
    if (instance->state == Instance::State::removed) return done();
    bool is_repeated = instance->state == Instance::State::retiring;
    save_removal(tx, id, {.next_attempt = now});
    if (is_repeated) {
      audit_change(tx, "update", "Instance", id.value, instance->name, {{"removal", "tried again"}}, by, now);
      return done();
    }
    tx.execute("UPDATE cloud_instance SET state = ? WHERE id = ?", {name_of(Instance::State::retiring), id.value});
    audit_change(tx, "update", "Instance", id.value, instance->name,
                 changed("state", name_of(instance->state), name_of(Instance::State::retiring)), by, now);
    return done();
  });
}

Status Broker::force_removal(const InstanceId& id, const audit::Actor& by, Time now) {
  return deps_.store.write([&](store::Transaction& tx) -> Status {
    auto instance = find_instance(tx, id);
    if (!instance) return no_instance(id);
    if (instance->state != Instance::State::retiring) {
      return conflict("not_retiring",
                      "only a removal that has begun can be forced: remove the instance first, its devices may well be "
                      "retracted");
    }
    tx.execute("UPDATE cloud_route SET released = 1 WHERE instance_id = ? AND released = 0", {id.value});
    forget_instance(tx, *instance,
                    {{"forced", true},
                     {"devicesNotRetracted", instance->removal.devices_left},
                     {"because", instance->removal.reason}},
                    by, now);
    return done();
  });
}

Status Broker::set_secret(const std::string& cloud, const std::string& secret, const audit::Actor& by, Time now) {
  if (!cloud_of(cloud)) return not_found("no_cloud", "no cloud is called `" + cloud.substr(0, 80) + "`");
  if (text::trim(secret).empty()) return invalid("bad_secret", "the client secret can't be empty", "clientSecret");
  TRY(partner::check_client_secret(secret));
  return deps_.store.write([&](store::Transaction& tx) -> Status {
    store_secret(tx, cloud, secret, deps_.sealer, deps_.entropy, by, now);
    return done();
  });
}

Result<std::vector<Instance>> Broker::instances() {
  return deps_.store.read([](store::Transaction& tx) -> Result<std::vector<Instance>> { return all_instances(tx); });
}

Result<std::vector<Tenant>> Broker::tenants() {
  return deps_.store.read([](store::Transaction& tx) -> Result<std::vector<Tenant>> { return all_tenants(tx); });
}

Result<InstanceId> Broker::authenticate(const std::string& credential, Time now) {
  auto claimed = read_credential(credential, deps_.sealer);
  if (!claimed.ok()) return bad_credential();
  if (std::ranges::count(options_.revoked_instances, claimed->id.value) > 0) return bad_credential();
  std::string hash = crypto::hash_token(credential);
  enum class Found { good, bad, nothing, long_unseen };
  Found found = TRY(deps_.store.read([&](store::Transaction& tx) -> Result<Found> {
    auto row = tx.query_one("SELECT credential_hash, state, last_seen_at FROM cloud_instance WHERE id = ?",
                            {claimed->id.value});
    if (!row) return Found::nothing;
    bool is_active = row->text(1) == name_of(Instance::State::active);
    if (!is_active || !crypto::equal_in_constant_time(row->text(0), hash)) return Found::bad;
    return now >= row->time(2) + kSeenResolution ? Found::long_unseen : Found::good;
  }));
  if (found == Found::bad) return bad_credential();
  if (found == Found::good) return claimed->id;
  TRY(deps_.store.write([&](store::Transaction& tx) -> Status {
    if (find_instance(tx, claimed->id)) {
      tx.execute("UPDATE cloud_instance SET last_seen_at = ? WHERE id = ? AND last_seen_at < ?",
                 {now, claimed->id.value, now});
      return done();
    }
    // The database was lost: the seal says that this broker issued the credential.
    insert_instance(tx, *claimed, credential, now);
    tx.execute("UPDATE cloud_database SET recovering_until = ?", {now + options_.recovery_time});
    audit_change(tx, "create", "Instance", claimed->id.value, claimed->name, {{"because", "its credential is sealed"}},
                 {}, now);
    log::warning("instance_taken_in_again", {{"instance", claimed->id.value}, {"name", claimed->name}});
    return done();
  }));
  return claimed->id;
}

}  // namespace wardbridge::cloud_connector
