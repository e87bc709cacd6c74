// HTTP as values: requests, responses, routes, and the two seams between us and the network.
//
//   Router     network in:  method + path pattern -> handler; called directly in tests, by Server in production.
//   Transport  network out: send(request, deadline) -> response; CurlTransport (client.h) in production, an
//              InProcessTransport or a scripted peer in tests.
//
// A Router is filled once, then only read: routing is thread-safe, and handlers are called from many threads at a time.
//
//   Router router;
//   router.add("GET", "/api/v1/computers-inventory/{id}", [&](const Request& request) {
//     return json_response(200, inventory.get(request.path_parameter("id")));
//   });
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"

namespace wardbridge::http {

// In order, duplicates kept, names matched without case (RFC 9110 section 5.1).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> headers);

  std::optional<std::string_view> get(std::string_view name) const;  // the first
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  // replaces all of that name
  void remove(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& all() const { return headers_; }

 private:
  std::vector<std::pair<std::string, std::string>> headers_;
};

struct Peer {
  std::string address;          // `127.0.0.1`; empty when in process
  std::string certificate_der;  // the TLS client certificate as presented (its chain is NOT verified), or empty
};

struct Request {
  std::string method;  // upper case
  std::string path;    // still percent-coded, without the query
  std::string query;   // raw, without '?'
  Headers headers;
  std::string body;
  Peer peer;
  std::string id;  // set by the server: a GUID for logs and error bodies
  Time received = kEpoch;

  // Filled by the Router: the {names} of the matched pattern, percent-decoded.
  std::map<std::string, std::string, std::less<>> path_parameters;

  // CHECKs that the pattern has that name.
  const std::string& path_parameter(std::string_view name) const;
  // The decoded query, in order; an undecodable query is empty (the Router refuses it before a handler sees it).
  text::Form query_parameters() const;
  std::optional<std::string> query_parameter(std::string_view name) const;
  // All values of a name, both repeated (`a=1&a=2`) and comma-joined (`a=1,2`); empty ones are left out.
  std::vector<std::string> query_list(std::string_view name) const;
  // The token of `Authorization: Bearer <token>` (scheme without case), or nothing; also nothing when the request has
  // more than one Authorization, because two readers might then believe two different ones.
  std::optional<std::string> bearer_token() const;
  // User and password of `Authorization: Basic`, or nothing when absent or malformed.
  std::optional<std::pair<std::string, std::string>> basic_credentials() const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

Response json_response(int status, const json::Value& body);
Response text_response(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");
Response html_response(int status, std::string body);
Response redirect(std::string location, int status = 303);
Response no_content(int status = 204);

using Handler = std::function<Response(const Request&)>;
// Answers at once or not at all: it waits for no store, no network and no lock that is held for long. Nothing: it would
// have to, or something is amiss that the route's handler will tell.
using PromptHandler = std::function<std::optional<Response>(const Request&)>;

class Router {
 public:
  enum class Case { sensitive, insensitive };  // how literal parts of paths are matched
  explicit Router(Case path_case = Case::sensitive) : case_(path_case) {}

  // `pattern` is a path whose segments are literal, or contain one {name} with literal text around it:
  // `/v1.0/users/{id}`, `/PartnerTenants(guid'{tenant}')`. A {name*} as the last segment takes the rest of the path,
  // which may be empty. A {name} never matches an empty segment, and literals match the decoded path (`%27` is `'`).
  // Among the patterns of a method, more literal segments win over fewer, then a literal further left. Adding the same
  // method and pattern twice (whatever its names are called) is a bug.
  // A `prompt` handler, where there is one, is asked first, on the thread that read the request and that serves other
  // connections, too: for what is asked for very often and known in memory. The handler must not rely on it.
  void add(std::string method, std::string pattern, Handler handler, PromptHandler prompt = {});

  // 404 when no pattern matches, 405 with Allow when only the method differs, 400 when path or query are not decodable
  // (bad escapes, not UTF-8, a NUL, `.` and `..` segments), 500 when a handler throws; the bodies of those come from
  // the fallback, so that each face answers in its own error shape. Without one they are plain text. HEAD is answered
  // by GET without the body; its Content-Length tells how long the body would have been.
  Response handle(Request request) const;
  // What a prompt handler answers; nothing: handle() it, where waiting does no harm.
  std::optional<Response> answer_promptly(Request& request) const;

  // `status` is 400, 404, 405 or 500 (a handler threw); `message` is for people.
  using Fallback = std::function<Response(const Request&, int status, std::string_view message)>;
  void set_fallback(Fallback fallback) { fallback_ = std::move(fallback); }

  // Every (method, pattern), sorted: for conformance tests and documentation.
  std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  struct Route;
  static std::optional<Response> ask_promptly(const Route& route, const Request& request);

  Case case_;
  std::vector<std::shared_ptr<const Route>> routes_;
  std::vector<std::shared_ptr<const Route>> prompt_routes_;  // those of them
  Fallback fallback_;
};

struct OutboundRequest {
  std::string method = "GET";
  std::string url;  // absolute, https (or http where the transport allows it)
  Headers headers;
  std::string body;
  Duration connect_time = seconds{10};  // at most, for name, connection and TLS; within the deadline
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Any HTTP status is a Response. Failures: `unavailable` (name, connect, TLS, reset; reason says which: `dns`,
  // `connect`, `tls`, `reset`), `timeout` (nothing is known about what happened there), `forbidden`
  // (`outbound_address`: the allow-list refuses the address), `too_large`. Redirects are not followed. Thread-safe.
  virtual Result<Response> send(const OutboundRequest& request, Duration deadline) = 0;
};

// Hands requests to routers by origin (`https://127.0.0.1:9443`), without a network. For tests and simulation. An
// origin that nothing is attached to fails like a closed port: `unavailable`, `connect`. A router must outlive its
// stay.
class InProcessTransport final : public Transport {
 public:
  void attach(std::string origin, const Router& router);
  void detach(const std::string& origin);
  Result<Response> send(const OutboundRequest& request, Duration deadline) override;

 private:
  std::mutex mutex_;
  std::map<std::string, const Router*> routers_;
};

// scheme, host, port and the rest of an absolute http(s) URL. Fails with `bad_url` on user info, control characters,
// empty hosts, fragments, numbers that only some readers take for an address (`127.1`, `0x7f000001`) and anything else
// that is not plainly a URL, so that no two readers can see two different hosts in it.
struct Url {
  std::string scheme;  // lower case
  std::string host;    // lower case; IPv6 without brackets
  int port = 0;
  std::string path;               // at least "/"
  std::string query;              // without '?'
  std::string origin() const;     // scheme://host:port
  std::string authority() const;  // host, with the port unless it is the default of the scheme: the Host header
};
Result<Url> parse_url(std::string_view text);

// How long a `Retry-After` (RFC 9110 section 10.2.3: seconds or date) asks to wait, clamped to [1 s, 1 h]; nothing when
// absent or malformed.
std::optional<Duration> retry_after(const Response& response, Time now);

}  // namespace wardbridge::http
