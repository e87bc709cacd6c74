// The network out: libcurl. https only unless told otherwise, certificates verified against the CA file (plus the
// system's store when asked), no redirects, connections reused, compressed answers taken, every request under a
// deadline, and every address that a connection is about to be opened to shown to an allow-list first (so that a name
// that resolves to a forbidden address is refused, whatever the URL said).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/http/allow_list.h"
#include "platform/http/http.h"
#include "platform/http/server.h"

namespace wardbridge::http {

struct ClientOptions {
  std::string ca_file;  // PEM; empty: only the system's store
  bool use_system_store = true;
  bool allow_plain_http = false;
  std::string proxy;     // `http://proxy.example:3128`; empty: none. The environment is never read.
  std::string no_proxy;  // comma-separated hosts
  std::optional<TlsIdentity> client_certificate;
  std::size_t response_bytes = limits::kResponseBodyBytes;
  std::string user_agent = "Wardbridge";
  // Called before each connect, from the thread that sends; nothing: every destination is allowed. Behind a proxy the
  // address is the proxy's, and which peers are reachable is the proxy's to say.
  std::function<bool(const Destination&)> allow;
};

// Thread-safe. Connections are kept in a pool and reused; a request on one that the peer has meanwhile closed, without
// a byte of answer, goes out once more on a new one.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(ClientOptions options);
  ~CurlTransport() override;
  Result<Response> send(const OutboundRequest& request, Duration deadline) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge::http
