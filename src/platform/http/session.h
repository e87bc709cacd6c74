// One connection, from handshake to close: reads a request under the limits, answers it at once or has a handler thread
// do so, writes the answer, and goes on with the next. Callbacks rather than coroutines, which g++ 12 miscompiles in
// several shapes.
//
//   handshake -> idle -> head -> body -> handling -> writing -> idle ...        (keep-alive)
//                                                       writing -> finishing -> closed
//
// Everything but the handler itself runs on the one socket thread that the connection was given to.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/http/boost_network.h"
#include "platform/http/server.h"
#include "platform/http/stream.h"
#include "platform/http/wire.h"
#include "platform/metrics/metrics.h"

namespace wardbridge::http {

class Session;

struct ServerMetrics {
  explicit ServerMetrics(const std::string& role);
  void count(int status) { requests[static_cast<std::size_t>(status / 100 - 1)]->add(); }

  std::array<metrics::Counter*, 5> requests;  // by class of status: 1xx to 5xx
  metrics::Histogram& seconds;                // from whole request to answer, waiting for a handler thread included
  metrics::Gauge& open_connections;
  metrics::Counter& connections;
};

// What the sessions of one socket thread share; it outlives them.
struct SessionContext {
  const ServerOptions& options;
  const Router& router;
  const Clock& clock;
  Entropy& entropy;
  asio::io_context& sockets;
  asio::thread_pool& handlers;
  ServerMetrics& metrics;
  const std::atomic<bool>& stopping;
  std::function<void(Session&)> on_close;  // on the socket thread
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  enum class Admission { serve, refuse };  // refuse: 503, whatever is asked
  Session(Tcp::socket socket, asio::ssl::context* tls, Admission admission, SessionContext& context);

  void start();
  // Closes now, or after the answer that is being made or written.
  void stop();
  void close();

 private:
  enum class Phase { handshake, idle, head, body, handling, writing, finishing, closed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void on_handshake(const error_code& error);
  void read();
  void on_read(const error_code& error, std::size_t count);
  std::string_view received() const;

  void next_request();
  void take_head();
  int parse_head();        // 0, or the status that refuses it
  int judge_head() const;  // the same, about what the parser lets through
  int take_target(std::string_view target);
  void begin_body();
  void take_body();
  void say_continue();

  void handle();
  // What the answer depends on, besides the response.
  struct Asked {
    bool is_head = false;
    bool keep_alive = false;
    std::int64_t began = 0;
  };
  Answer count(const Asked& asked, Response response) const;  // on any thread
  void refuse(int status);
  void write(Answer answer);
  void write_more();
  void on_written();
  void finish();
  void discard();

  void allow(Duration span);  // for what is under way now
  void wait_for_deadline();
  void on_deadline();

  SessionContext& context_;
  Stream stream_;
  Admission admission_;
  Phase phase_ = Phase::handshake;
  bool timed_out_ = false;

  asio::steady_timer timer_;
  bool timer_waits_ = false;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();

  boost::beast::flat_buffer received_;  // what the client sent beyond the requests taken so far
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  Request request_;
  bool expects_continue_ = false;
  Peer peer_;

  Answer answer_;
  std::size_t written_ = 0;  // of the answer's head and body together
  std::string scratch_;      // for bytes that are thrown away
};

}  // namespace wardbridge::http
