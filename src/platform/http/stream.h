// One accepted socket, with or without TLS, as callbacks. Only the server's socket thread touches it. At most one read
// and one write are under way at a time, and the owner outlives them.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "platform/http/boost_network.h"
#include "platform/http/server.h"

namespace wardbridge::http {

// TLS 1.2 and newer, HTTP/1.1 by ALPN, sessions resumed; `options.tls` must be there. Fails with `tls` when certificate
// and key are no pair.
Result<asio::ssl::context> make_server_tls(const ServerOptions& options);

class Stream {
 public:
  using Done = std::function<void(const error_code& error, std::size_t count)>;

  // `tls` is null for plain http.
  Stream(Tcp::socket socket, asio::ssl::context* tls);

  void handshake(Done done);
  void read_some(asio::mutable_buffer buffer, Done done);
  void write_some(asio::const_buffer buffer, Done done);
  // Says that nothing more will be written (close_notify, FIN).
  void finish_writing(Done done);
  // Reads what still arrives, below TLS, to be thrown away.
  void read_remains(asio::mutable_buffer buffer, Done done);
  // What is under way ends with operation_aborted; the stream stays usable.
  void cancel();
  void close();

  std::string peer_address() const;
  std::string client_certificate_der();  // empty when there is none

 private:
  Tcp::socket socket_;
  std::optional<asio::ssl::stream<Tcp::socket&>> tls_;
};

}  // namespace wardbridge::http
