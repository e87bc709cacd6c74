// The HTTP/1.1 server: TLS (1.2 and newer), keep-alive, hard limits, a few threads for sockets and a pool for handlers.
// A connection stays with one socket thread, which also asks the prompt handlers.
// A request over a limit is answered (400, 408, 413, 414, 431) and its connection closed, a connection too many gets
// 503; a body or header that stops arriving is timed out. Handlers that throw give 500 and a log line with the
// request's id. What is on the wire besides the handler's own headers: Date, Content-Length and Connection.
//
//   Server server({.port = 0, .tls = identity}, router, clock, entropy);
//   TRY(server.start());
//   server.port();                     // the port it got
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "platform/clock/clock.h"
#include "platform/entropy/entropy.h"
#include "platform/http/http.h"

namespace wardbridge::http {

struct TlsIdentity {
  std::string certificate_chain_pem;
  std::string private_key_pem;
};

struct ServerOptions {
  std::string name = "server";  // in logs and metrics: `management`, `tenant`, `gate`
  std::string address = "127.0.0.1";
  int port = 0;                    // 0: any free one
  std::optional<TlsIdentity> tls;  // nothing: plain http (tests, or behind a proxy on loopback)
  // Ask clients for a certificate; any is let through and handed to the handler in Request::peer, which must judge it.
  bool ask_for_client_certificate = false;
  // The subjects (crypto::distinguished_name) of the authorities whose certificates are wanted: a browser that has none
  // of theirs does not ask its user to choose one. They are a hint, not a check. Empty: any will do.
  std::vector<std::string> client_authorities = {};
  int socket_threads = 0;  // 0: one for each core, four at most
  int handler_threads = 8;
  std::size_t body_bytes = limits::kBodyBytes;
  std::size_t connections = limits::kConnections;
  Duration header_time = limits::kHeaderTime;
  Duration body_time = limits::kBodyTime;
  Duration idle_time = limits::kIdleTime;
};

class Server {
 public:
  // router, clock and entropy must outlive the server.
  Server(ServerOptions options, const Router& router, const Clock& clock, Entropy& entropy);
  ~Server();  // stops
  Server(const Server&) = delete;

  // Takes the address, so that port() is known before the router is filled; clients wait until start(). Fails with
  // `unavailable`/`listen` when the address is taken, `invalid_argument`/`tls` when the identity is bad.
  Status bind();
  // Binds, if that was not done, and answers.
  Status start();
  // Stops accepting, lets running handlers finish and their answers go out (10 s at most), closes. A handler that runs
  // on is still waited for, since it uses the router. Idempotent; never from a handler.
  void stop();
  int port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wardbridge::http
