#include "platform/http/server.h"

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

}  // namespace

struct Server::State {
  State(ServerOptions given, const Router& router, const Clock& clock, Entropy& entropy)
      : options(std::move(given)),
        handlers(static_cast<std::size_t>(options.handler_threads)),
        context{options, router, clock, entropy, sockets, handlers, ServerMetrics(options.name)} {
    context.on_close = [this](Session& session) { forget(session); };
  }

  Status listen();
  void accept();
  void on_accept(const error_code& error, Tcp::socket socket);
  void forget(Session& session);
  void begin_stop();
  void run();

  ServerOptions options;
  std::optional<asio::ssl::context> tls;
  asio::io_context sockets{1};
  Tcp::acceptor acceptor{sockets};
  asio::steady_timer accept_pause{sockets};
  asio::thread_pool handlers;
  SessionContext context;
  int port = 0;

  // Only the socket thread touches these.
  std::unordered_map<Session*, std::shared_ptr<Session>> sessions;
  bool closing = false;
  std::promise<void> all_closed;

  std::thread thread;  // joinable from start() to stop()
};

Status Server::State::listen() {
  error_code error;
  auto address = asio::ip::make_address(options.address, error);
  if (error || options.port < 0 || options.port > 65535) {
    return invalid("listen_address", "`" + options.address + ":" + std::to_string(options.port) +
                                         "` is not a numeric address and port to listen on");
  }
  Tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
    return unavailable(
        "listen", "can't listen on `" + options.address + ":" + std::to_string(options.port) + "`: " + error.message());
  }
  return done();
}

void Server::State::accept() {
  acceptor.async_accept([this](const error_code& error, Tcp::socket socket) { on_accept(error, std::move(socket)); });
}

void Server::State::on_accept(const error_code& error, Tcp::socket socket) {
  if (closing) return;
  if (error) {
    // Out of file descriptors, usually. Trying again at once would only burn the processor that could free some.
    log::warning("accept_failed", {{"role", options.name}, {"what", error.message()}});
    accept_pause.expires_after(kAcceptPause);
    accept_pause.async_wait([this](const error_code& cancelled) {
      if (!cancelled && !closing) accept();
    });
    return;
  }
  accept();
  if (sessions.size() >= options.connections + kRefusedConnections) return;
  auto admission = sessions.size() < options.connections ? Session::Admission::serve : Session::Admission::refuse;
  auto session = std::make_shared<Session>(std::move(socket), tls ? &*tls : nullptr, admission, context);
  sessions.emplace(session.get(), session);
  context.metrics.connections.add();
  context.metrics.open_connections.add(1);
  session->start();
}

void Server::State::forget(Session& session) {
  sessions.erase(&session);
  context.metrics.open_connections.add(-1);
  if (closing && sessions.empty()) all_closed.set_value();
}

void Server::State::begin_stop() {
  error_code ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  if (sessions.empty()) {
    closing = true;
    all_closed.set_value();
    return;
  }
  auto open = sessions;  // stop() may forget
  closing = true;
  for (auto& [session, owner] : open) session->stop();
}

void Server::State::run() {
  for (;;) {
    try {
      sockets.run();
      return;
    } catch (const std::exception& exception) {
      log::error("socket_thread_failed", {{"role", options.name}, {"what", exception.what()}});
    }
  }
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
  CHECK(!state_->thread.joinable(), "a server starts once");
  if (state_->port == 0) TRY(bind());
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->run(); });
  log::info("server_started", {{"role", state_->options.name}, {"port", state_->port}});
  return done();
}

void Server::stop() {
  State& state = *state_;
  if (!state.thread.joinable()) return;
  state.context.stopping = true;
  asio::post(state.sockets, [&state] { state.begin_stop(); });
  if (state.all_closed.get_future().wait_for(kStopTime) != std::future_status::ready) {
    log::error("server_stop_slow", {{"role", state.options.name}});
  }
  // A handler that still runs uses the router, so it has to end before we return; requests that wait for one are
  // dropped.
  state.handlers.stop();
  state.handlers.join();
  state.sockets.stop();
  state.thread.join();
  state.context.metrics.open_connections.add(-static_cast<std::int64_t>(state.sessions.size()));
  state.sessions.clear();
  log::info("server_stopped", {{"role", state.options.name}});
}

int Server::port() const { return state_->port; }

}  // namespace wardbridge::http
