#include "platform/http/server.h"

#include <algorithm>
#include <future>
#include <thread>
#include <unordered_map>

#include "base/check.h"
#include "platform/http/session.h"
#include "platform/log/log.h"

namespace wardbridge::http {
namespace {

constexpr Duration kStopTime = seconds{10};
constexpr Duration kAcceptPause = milliseconds{100};
// Connections over the limit that are told so; beyond these, they are only closed.
constexpr std::size_t kRefusedConnections = 64;
constexpr std::size_t kMostLoops = 4;

// A socket thread with its connections. What is not said to be called from anywhere belongs to that thread.
class Loop {
 public:
  struct Shared {
    const ServerOptions& options;
    const Router& router;
    const Clock& clock;
    Entropy& entropy;
    asio::thread_pool& handlers;
    ServerMetrics& metrics;
    const std::atomic<bool>& stopping;
    std::atomic<std::size_t>& open_connections;
  };
  explicit Loop(const Shared& shared)
      : shared_(shared), context_{shared.options, shared.router,   shared.clock,
                                  shared.entropy, sockets_,        shared.handlers,
                                  shared.metrics, shared.stopping, {}} {
    context_.on_close = [this](Session& session) { forget(session); };
  }

  asio::io_context& sockets() { return sockets_; }
  // From anywhere. The loop is alone with its thread, and runs until end().
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  void take(Tcp::socket socket, asio::ssl::context* tls, Session::Admission admission) {
    asio::post(sockets_, [this, socket = std::move(socket), tls, admission]() mutable {
      serve(std::move(socket), tls, admission);
    });
  }
  void begin_stop() {
    asio::post(sockets_, [this] { close_all(); });
  }
  bool wait_until_closed(std::chrono::steady_clock::time_point deadline) {
    return closed_.get_future().wait_until(deadline) == std::future_status::ready;
  }
  void end() {
    sockets_.stop();
    thread_.join();
    shared_.metrics.open_connections.add(-static_cast<std::int64_t>(sessions_.size()));
    sessions_.clear();
  }

 private:
  void serve(Tcp::socket socket, asio::ssl::context* tls, Session::Admission admission) {
    if (closing_) {
      --shared_.open_connections;
      return;
    }
    auto session = std::make_shared<Session>(std::move(socket), tls, admission, context_);
    sessions_.emplace(session.get(), session);
    shared_.metrics.connections.add();
    shared_.metrics.open_connections.add(1);
    session->start();
  }
  void forget(Session& session) {
    sessions_.erase(&session);
    --shared_.open_connections;
    shared_.metrics.open_connections.add(-1);
    if (closing_ && sessions_.empty()) closed_.set_value();
  }
  void close_all() {
    if (sessions_.empty()) {
      closing_ = true;
      closed_.set_value();
      return;
    }
    auto open = sessions_;  // stop() may forget
    closing_ = true;
    for (auto& [session, owner] : open) session->stop();
  }
  void run() {
    auto stay = asio::make_work_guard(sockets_);
    for (;;) {
      try {
        sockets_.run();
        return;
      } catch (const std::exception& exception) {
        log::error("socket_thread_failed", {{"role", shared_.options.name}, {"what", exception.what()}});
      }
    }
  }

  const Shared shared_;
  asio::io_context sockets_{1};
  SessionContext context_;
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions_;
  bool closing_ = false;
  std::promise<void> closed_;
  std::thread thread_;
};

std::size_t count_of_loops(const ServerOptions& options) {
  if (options.socket_threads > 0) return static_cast<std::size_t>(options.socket_threads);
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostLoops);
}

}  // namespace

struct Server::State {
  State(ServerOptions given, const Router& router, const Clock& clock, Entropy& entropy)
      : options(std::move(given)), metrics(options.name), handlers(static_cast<std::size_t>(options.handler_threads)) {
    for (std::size_t i = 0; i < count_of_loops(options); ++i)
      loops.push_back(std::make_unique<Loop>(
          Loop::Shared{options, router, clock, entropy, handlers, metrics, stopping, open_connections}));
    acceptor.emplace(loops.front()->sockets());
    accept_pause.emplace(loops.front()->sockets());
  }

  Status listen();
  void accept();
  void on_accept(const error_code& error, Tcp::socket socket, Loop& loop);
  void stop_accepting();

  ServerOptions options;
  ServerMetrics metrics;
  std::optional<asio::ssl::context> tls;
  std::atomic<bool> stopping = false;
  std::atomic<std::size_t> open_connections = 0;
  asio::thread_pool handlers;
  std::vector<std::unique_ptr<Loop>> loops;
  int port = 0;
  bool runs = false;

  // Only the first loop's thread touches these.
  std::optional<Tcp::acceptor> acceptor;
  std::optional<asio::steady_timer> accept_pause;
  std::size_t next_loop = 0;
};

Status Server::State::listen() {
  error_code error;
  auto address = asio::ip::make_address(options.address, error);
  if (error || options.port < 0 || options.port > 65535) {
    return invalid("listen_address", "`" + options.address + ":" + std::to_string(options.port) +
                                         "` is not a numeric address and port to listen on");
  }
  Tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = acceptor->local_endpoint(error).port();
  if (error) {
    error_code ignored;
    acceptor->close(ignored);
    return unavailable(
        "listen", "can't listen on `" + options.address + ":" + std::to_string(options.port) + "`: " + error.message());
  }
  return done();
}

void Server::State::accept() {
  Loop& loop = *loops[next_loop++ % loops.size()];
  acceptor->async_accept(loop.sockets(), [this, &loop](const error_code& error, Tcp::socket socket) {
    on_accept(error, std::move(socket), loop);
  });
}

void Server::State::on_accept(const error_code& error, Tcp::socket socket, Loop& loop) {
  if (stopping) return;
  if (error) {
    // Out of file descriptors, usually. Trying again at once would only burn the processor that could free some.
    log::warning("accept_failed", {{"role", options.name}, {"what", error.message()}});
    accept_pause->expires_after(kAcceptPause);
    accept_pause->async_wait([this](const error_code& cancelled) {
      if (!cancelled && !stopping) accept();
    });
    return;
  }
  accept();
  const std::size_t open = open_connections;
  if (open >= options.connections + kRefusedConnections) return;
  ++open_connections;
  loop.take(std::move(socket), tls ? &*tls : nullptr,
            open < options.connections ? Session::Admission::serve : Session::Admission::refuse);
}

// Nobody connects any more once a connection was closed because of the stop.
void Server::State::stop_accepting() {
  error_code ignored;
  acceptor->close(ignored);
  accept_pause->cancel();
  for (auto& loop : loops) loop->begin_stop();
}

Server::Server(ServerOptions options, const Router& router, const Clock& clock, Entropy& entropy)
    : state_(std::make_unique<State>(std::move(options), router, clock, entropy)) {}

Server::~Server() { stop(); }

Status Server::bind() {
  CHECK(state_->port == 0, "a server is bound once");
  if (state_->options.tls) {
    state_->tls.emplace(TRY(make_server_tls(state_->options)));
  }
  return state_->listen();
}

Status Server::start() {
  CHECK(!state_->runs, "a server starts once");
  if (state_->port == 0) TRY(bind());
  state_->runs = true;
  state_->accept();
  for (auto& loop : state_->loops) loop->start();
  log::info("server_started", {{"role", state_->options.name}, {"port", state_->port}});
  return done();
}

void Server::stop() {
  State& state = *state_;
  if (!std::exchange(state.runs, false)) return;
  state.stopping = true;
  asio::post(state.loops.front()->sockets(), [&state] { state.stop_accepting(); });
  const auto deadline = std::chrono::steady_clock::now() + kStopTime;
  for (auto& loop : state.loops) {
    if (!loop->wait_until_closed(deadline)) log::error("server_stop_slow", {{"role", state.options.name}});
  }
  // A handler that still runs uses the router, so it has to end before we return; requests that wait for one are
  // dropped.
  state.handlers.stop();
  state.handlers.join();
  for (auto& loop : state.loops) loop->end();
  log::info("server_stopped", {{"role", state.options.name}});
}

int Server::port() const { return state_->port; }

}  // namespace wardbridge::http
