#include "app/world.h"

#include "platform/metrics/metrics.h"

namespace wardbridge::app {

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
