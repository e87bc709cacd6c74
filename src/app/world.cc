#include "app/world.h"

#include <filesystem>

#include "app/local_authority.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::app {
namespace {

// The host of a public URL, or the address listened on: what a certificate must be good for.
std::string name_to_certify(const std::string& public_url, const Listen& listen) {
  auto url = http::parse_url(public_url);
  return url.ok() ? url->host : listen.address;
}

Result<http::TlsIdentity> identity_of(const Config& config, const LocalAuthority& authority, Entropy& entropy,
                                      Time now) {
  if (!config.certificate_file.empty()) {
    return http::TlsIdentity{TRY(read_file(config.certificate_file)), TRY(read_file(config.private_key_file))};
  }
  return authority.identity_for({name_to_certify(config.management.public_url, config.management.listen),
                                 name_to_certify(config.connector.public_url, config.connector.listen),
                                 name_to_certify(config.tenant.public_url, config.tenant.listen)},
                                entropy, now);
}

}  // namespace

Result<World> open_world(const Config& config, const Clock& clock, Entropy& entropy) {
  std::error_code error;
  std::filesystem::create_directories(config.data, error);
  if (error) return unavailable("no_folder", "the folder `" + config.data + "` can't be made: " + error.message());
  Time now = clock.now();
  LocalAuthority authority = TRY(LocalAuthority::open(config.data, entropy, now));
  crypto::Sealer sealer = TRY(crypto::open_key_file(config.data + "/seal.key", entropy));
  http::TlsIdentity identity = TRY(identity_of(config, authority, entropy, now));
  return World{.clock = clock,
               .entropy = entropy,
               .sealer = std::move(sealer),
               .data = config.data,
               .ca_file = authority.ca_file(),
               .identity = std::move(identity)};
}

Result<std::unique_ptr<store::Store>> open_store(const StoreConfig& config, const std::string& data,
                                                 const std::string& part) {
  if (config.kind == "postgresql") return store::open_postgres({.connection = config.connection, .schema = part});
  return store::open_sqlite({.path = data + "/" + part + ".db"});
}

void register_operation_routes(http::Router& router, store::Store& store) {
  router.add("GET", "/healthz", [](const http::Request&) { return http::text_response(200, "ok\n"); });
  router.add("GET", "/readyz", [&store](const http::Request&) {
    Status answer = store.read([](store::Transaction& tx) -> Status { return tx.query("SELECT 1"), done(); });
    return answer.ok() ? http::text_response(200, "ready\n") : http::text_response(503, "the store does not answer\n");
  });
  router.add("GET", "/metrics", [](const http::Request&) {
    return http::text_response(200, metrics::exposition(), "text/plain; version=0.0.4; charset=utf-8");
  });
}

}  // namespace wardbridge::app
