#include "platform/http/session.h"

#include <algorithm>

#include "platform/log/log.h"

namespace wardbridge::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kReadBodyBytes = 64 * 1024;
constexpr std::size_t kWriteBytes = 256 * 1024;
// How long a client gets to read our last answer and to close, before we do.
constexpr Duration kFinishTime = seconds{2};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

int status_of(const error_code& error) { return error == beast_http::error::body_limit ? 413 : 400; }

const char* explanation_of(int status) {
  switch (status) {
    case 408:
      return "the request did not arrive in time\n";
    case 413:
      return "the body of the request is too large\n";
    case 414:
      return "the first line of the request is too long\n";
    case 417:
      return "only the expectation 100-continue is understood\n";
    case 431:
      return "the headers of the request are too many or too long\n";
    case 503:
      return "the server has too many connections\n";
    default:
      return "the request is not well-formed HTTP/1.1\n";
  }
}

metrics::Counter& request_counter(const std::string& role, const char* status) {
  return metrics::counter("wardbridge_http_requests_total", "requests answered, by class of status",
                          {{"role", role}, {"status", status}});
}

}  // namespace

ServerMetrics::ServerMetrics(const std::string& role)
    : requests{&request_counter(role, "1xx"), &request_counter(role, "2xx"), &request_counter(role, "3xx"),
               &request_counter(role, "4xx"), &request_counter(role, "5xx")},
      seconds(metrics::histogram("wardbridge_http_request_seconds", "whole request to answer", {{"role", role}})),
      open_connections(metrics::gauge("wardbridge_http_connections", "connections open now", {{"role", role}})),
      connections(metrics::counter("wardbridge_http_connections_total", "connections accepted", {{"role", role}})) {}

Session::Session(Tcp::socket socket, asio::ssl::context* tls, Admission admission, SessionContext& context)
    : context_(context), stream_(std::move(socket), tls), admission_(admission), timer_(context.sockets) {}

void Session::start() {
  allow(context_.options.header_time);
  stream_.handshake([self = shared_from_this()](const error_code& error, std::size_t) { self->on_handshake(error); });
}

void Session::on_handshake(const error_code& error) {
  if (phase_ == Phase::closed) return;
  if (error) return close();
  peer_ = {stream_.peer_address(), stream_.client_certificate_der()};
  if (admission_ == Admission::refuse) return refuse(503);
  next_request();
}

void Session::stop() {
  if (phase_ != Phase::handling && phase_ != Phase::writing) close();
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  timer_.cancel();
  stream_.close();
  context_.on_close(*this);
}

// --- Reading
// ----------------------------------------------------------------------------------------------------------

std::string_view Session::received() const {
  auto data = received_.cdata();
  return {static_cast<const char*>(data.data()), data.size()};
}

void Session::read() {
  auto room = received_.prepare(phase_ == Phase::body ? kReadBodyBytes : kReadBytes);
  stream_.read_some(
      room, [self = shared_from_this()](const error_code& error, std::size_t count) { self->on_read(error, count); });
}

void Session::on_read(const error_code& error, std::size_t count) {
  if (phase_ == Phase::closed) return;
  if (timed_out_) return refuse(408);
  if (error) return close();
  received_.commit(count);
  phase_ == Phase::body ? take_body() : take_head();
}

void Session::next_request() {
  if (context_.stopping) return close();
  parser_.reset();
  request_ = {};
  scanner_ = {};
  expects_continue_ = false;
  phase_ = Phase::idle;
  if (received_.size() > 0) return take_head();
  received_.shrink_to_fit();  // an idle connection costs little
  allow(context_.options.idle_time);
  read();
}

void Session::take_head() {
  if (phase_ == Phase::idle) {
    phase_ = Phase::head;
    allow(context_.options.header_time);
  }
  switch (scanner_.scan(received())) {
    case HeadScanner::Verdict::incomplete:
      return read();
    case HeadScanner::Verdict::malformed:
      return refuse(400);
    case HeadScanner::Verdict::line_too_long:
      return refuse(414);
    case HeadScanner::Verdict::too_large:
      return refuse(431);
    case HeadScanner::Verdict::complete:
      break;
  }
  int refusal = parse_head();
  if (refusal != 0) return refuse(refusal);
  begin_body();
}

int Session::parse_head() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits::kHeaderBytes + 4));
  parser_->body_limit(context_.options.body_bytes);
  error_code error;
  std::string_view head = received().substr(scanner_.begin(), scanner_.end() - scanner_.begin());
  parser_->put(asio::buffer(head.data(), head.size()), error);
  received_.consume(scanner_.end());
  if (error) return status_of(error);
  if (!parser_->is_header_done()) return 400;
  if (int refusal = judge_head(); refusal != 0) return refusal;

  // Headers are taken now: what a chunked body's trailer says later must not pass for a header.
  const auto& message = parser_->get();
  for (const auto& field : message) {
    auto name = field.name_string();
    auto value = field.value();
    request_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  auto method = message.method_string();
  request_.method.assign(method.data(), method.size());
  auto expectation = request_.headers.get("Expect");
  if (expectation && !text::equal_ignoring_case(*expectation, "100-continue")) return 417;
  expects_continue_ = expectation && message.version() == 11;
  auto target = message.target();
  return take_target({target.data(), target.size()});
}

// SPEC: RFC 9112 sections 3.2, 6.1, 6.3: whatever two readers could frame differently is refused, not interpreted.
int Session::judge_head() const {
  const auto& message = parser_->get();
  auto hosts = message.count(beast_http::field::host);
  auto lengths = message.count(beast_http::field::content_length);
  auto codings = message.count(beast_http::field::transfer_encoding);
  bool modern = message.version() == 11;
  if (!modern && message.version() != 10) return 400;
  if (hosts > 1 || (modern && hosts == 0)) return 400;
  if (lengths > 1 || codings > 1 || lengths + codings > 1) return 400;
  auto length = message[beast_http::field::content_length];  // the parser takes `3, 3` for 3
  if (!std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; })) return 400;
  if (codings == 1) {
    auto coding = message[beast_http::field::transfer_encoding];
    if (!modern || !text::equal_ignoring_case({coding.data(), coding.size()}, "chunked")) return 400;
  }
  return 0;
}

int Session::take_target(std::string_view target) {
  bool plain = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (!plain) return 400;
  if (!target.starts_with('/') && target != "*") {
    // SPEC: RFC 9112 section 3.2.2: a server takes the absolute form too. CONNECT's form ends up in the refusal.
    auto url = parse_url(target);
    if (!url.ok()) return 400;
    request_.path = url->path;
    request_.query = url->query;
    return 0;
  }
  auto question = target.find('?');
  request_.path = std::string(target.substr(0, question));
  if (question != std::string_view::npos) request_.query = std::string(target.substr(question + 1));
  return 0;
}

void Session::begin_body() {
  phase_ = Phase::body;
  if (!parser_->is_done()) allow(context_.options.body_time);
  parser_->eager(true);
  take_body();
}

void Session::take_body() {
  while (!parser_->is_done() && received_.size() > 0) {
    error_code error;
    std::size_t used = parser_->put(received_.data(), error);
    received_.consume(used);
    if (error == beast_http::error::need_more || (!error && used == 0)) break;
    if (error) return refuse(status_of(error));
  }
  if (parser_->is_done()) return handle();
  // What the parser leaves is the line of a chunk or a trailer; neither has a reason to be long.
  if (received_.size() > limits::kHeaderBytes) return refuse(400);
  if (expects_continue_ && received_.size() == 0) return say_continue();
  read();
}

void Session::say_continue() {
  expects_continue_ = false;
  // 25 bytes into an empty socket buffer go out whole.
  stream_.write_some(asio::buffer(kContinue.data(), kContinue.size()),
                     [self = shared_from_this()](const error_code& error, std::size_t count) {
                       if (self->phase_ == Phase::closed) return;
                       if (error || count != kContinue.size()) return self->close();
                       self->read();
                     });
}

// --- Answering
// --------------------------------------------------------------------------------------------------------

void Session::handle() {
  phase_ = Phase::handling;
  deadline_ = std::chrono::steady_clock::time_point::max();
  request_.body = std::move(parser_->get().body());
  request_.peer = peer_;
  request_.received = context_.clock.now();
  request_.id = context_.entropy.guid();
  Asked asked{request_.method == "HEAD", parser_->keep_alive(), monotonic_nanoseconds()};
  if (auto response = context_.router.answer_promptly(request_)) return write(count(asked, *std::move(response)));
  asio::post(context_.handlers, [self = shared_from_this(), request = std::move(request_), asked]() mutable {
    Answer made = self->count(asked, self->context_.router.handle(std::move(request)));
    asio::post(self->context_.sockets, [self, made = std::move(made)]() mutable { self->write(std::move(made)); });
  });
}

Answer Session::count(const Asked& asked, Response response) const {
  auto connection = asked.keep_alive && !context_.stopping ? Connection::keep : Connection::close;
  Answer made = make_answer(std::move(response), asked.is_head, connection, context_.clock.now());
  context_.metrics.count(made.status);
  context_.metrics.seconds.observe_seconds(static_cast<double>(monotonic_nanoseconds() - asked.began) / 1e9);
  return made;
}

void Session::refuse(int status) {
  timed_out_ = false;
  context_.metrics.count(status);
  Response response = text_response(status, explanation_of(status));
  if (status == 503) response.headers.set("Retry-After", "5");
  write(make_answer(std::move(response), false, Connection::close, context_.clock.now()));
}

void Session::write(Answer answer) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::writing;
  answer_ = std::move(answer);
  written_ = 0;
  write_more();
}

void Session::write_more() {
  std::size_t head_size = answer_.head.size();
  bool in_head = written_ < head_size;
  const std::string& part = in_head ? answer_.head : answer_.body;
  std::size_t offset = in_head ? written_ : written_ - head_size;
  if (offset == part.size()) return on_written();
  allow(context_.options.idle_time);  // again after every piece: a slow reader is fine, a stopped one is not
  std::size_t count = std::min(kWriteBytes, part.size() - offset);
  stream_.write_some(asio::buffer(part.data() + offset, count),
                     [self = shared_from_this()](const error_code& error, std::size_t sent) {
                       if (self->phase_ == Phase::closed) return;
                       if (error) return self->close();
                       self->written_ += sent;
                       self->write_more();
                     });
}

void Session::on_written() {
  bool last = answer_.close;
  answer_ = {};
  if (context_.stopping) return close();
  last ? finish() : next_request();
}

// Closing with unread bytes makes the kernel send a reset, which can destroy the answer before the client has read it.
void Session::finish() {
  phase_ = Phase::finishing;
  received_ = {};
  scratch_.resize(kReadBytes);
  allow(kFinishTime);
  stream_.finish_writing([self = shared_from_this()](const error_code&, std::size_t) { self->discard(); });
}

void Session::discard() {
  if (phase_ == Phase::closed) return;
  stream_.read_remains(asio::buffer(scratch_), [self = shared_from_this()](const error_code& error, std::size_t) {
    if (self->phase_ == Phase::closed) return;
    error ? self->close() : self->discard();
  });
}

// --- Time
// -------------------------------------------------------------------------------------------------------------

// The timer is left alone when the new deadline is later than the one it waits for, which is the usual case on a busy
// connection: when it fires, it looks again.
void Session::allow(Duration span) {
  deadline_ = std::chrono::steady_clock::now() + span;
  if (!timer_waits_ || deadline_ < timer_.expiry()) wait_for_deadline();
}

void Session::wait_for_deadline() {
  timer_waits_ = true;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](const error_code& error) {
    if (error == asio::error::operation_aborted) return;
    if (auto self = weak.lock()) self->on_deadline();
  });
}

void Session::on_deadline() {
  timer_waits_ = false;
  if (phase_ == Phase::closed || deadline_ == std::chrono::steady_clock::time_point::max()) return;
  if (std::chrono::steady_clock::now() < deadline_) return wait_for_deadline();
  if (phase_ != Phase::head && phase_ != Phase::body) return close();
  // The read that is under way ends, and answers.
  timed_out_ = true;
  stream_.cancel();
}

}  // namespace wardbridge::http
