#include "platform/http/client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "base/check.h"
#include "platform/http/curl_easy.h"

namespace wardbridge::http {
namespace {

constexpr long kIdleConnectionSeconds = 45;   // less than servers usually keep one, so that few are found dead
constexpr long kConnectionLifeSeconds = 600;  // so that a changed DNS entry is noticed
constexpr std::size_t kKeptHandles = 64;
constexpr std::size_t kResponseHeaderBytes = 256 * 1024;

// What the callbacks of one request share.
struct Exchange {
  const ClientOptions& options;
  const Url& url;
  Response response;
  std::size_t header_bytes = 0;
  bool too_large = false;
  bool refused_address = false;
  std::array<char, CURL_ERROR_SIZE> explanation{};
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* exchange_pointer) {
  auto& exchange = *static_cast<Exchange*>(exchange_pointer);
  std::size_t bytes = size * count;
  if (bytes > exchange.options.response_bytes - exchange.response.body.size()) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(data, bytes);
  return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* exchange_pointer) {
  auto& exchange = *static_cast<Exchange*>(exchange_pointer);
  std::size_t bytes = size * count;
  exchange.header_bytes += bytes;
  if (exchange.header_bytes > kResponseHeaderBytes) {
    exchange.too_large = true;
    return 0;
  }
  std::string_view line = text::trim({data, bytes});
  auto colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    exchange.response.headers = {};  // what came before was an interim response
  } else if (colon != std::string_view::npos) {
    exchange.response.headers.add(std::string(line.substr(0, colon)), std::string(text::trim(line.substr(colon + 1))));
  }
  return bytes;
}

std::string numeric(const sockaddr& address, int family) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = family == AF_INET6
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
                          : &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  return inet_ntop(family, bytes, text.data(), text.size()) == nullptr ? std::string() : text.data();
}

curl_socket_t open_socket(void* exchange_pointer, curlsocktype, curl_sockaddr* peer) {
  auto& exchange = *static_cast<Exchange*>(exchange_pointer);
  bool internet = peer->family == AF_INET || peer->family == AF_INET6;
  if (!internet ||
      !exchange.options.allow(
          {.host = exchange.url.host, .port = exchange.url.port, .address = numeric(peer->addr, peer->family)})) {
    exchange.refused_address = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

void set_identity(CURL* easy, const ClientOptions& options) {
  if (!options.client_certificate) return;
  auto blob = [](const std::string& pem) {
    return curl_blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
  };
  curl_blob certificate = blob(options.client_certificate->certificate_chain_pem);
  curl_blob key = blob(options.client_certificate->private_key_pem);
  set(easy, CURLOPT_SSLCERTTYPE, "PEM");
  set(easy, CURLOPT_SSLCERT_BLOB, &certificate);
  set(easy, CURLOPT_SSLKEYTYPE, "PEM");
  set(easy, CURLOPT_SSLKEY_BLOB, &key);
}

void set_limits(CURL* easy, const ClientOptions& options, Duration deadline, Duration connect_time) {
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, options.allow_plain_http ? "http,https" : "https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(deadline, connect_time).count()));
  set(easy, CURLOPT_MAXAGE_CONN, kIdleConnectionSeconds);
  set(easy, CURLOPT_MAXLIFETIME_CONN, kConnectionLifeSeconds);
  set(easy, CURLOPT_MAXCONNECTS, 8L);
  set(easy, CURLOPT_TCP_NODELAY, 1L);
  set(easy, CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can decode; the cap below counts decoded bytes
  set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(easy, CURLOPT_PROXY, options.proxy.c_str());  // the empty text, unlike null, keeps libcurl from the environment
  set(easy, CURLOPT_NOPROXY, options.no_proxy.c_str());
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void set_callbacks(CURL* easy, Exchange& exchange) {
  set(easy, CURLOPT_ERRORBUFFER, exchange.explanation.data());
  set(easy, CURLOPT_WRITEFUNCTION, &take_body);
  set(easy, CURLOPT_WRITEDATA, &exchange);
  set(easy, CURLOPT_HEADERFUNCTION, &take_header);
  set(easy, CURLOPT_HEADERDATA, &exchange);
  if (exchange.options.allow) {
    set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, &exchange);
  }
}

void set_method_and_body(CURL* easy, const OutboundRequest& request) {
  bool has_body =
      !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (has_body) {
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != "HEAD") set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

// libcurl's spelling: `Name: value`, `Name;` for an empty value, `Name:` to leave out what libcurl would add.
List make_header_list(const Headers& headers) {
  List list;
  auto append = [&](const std::string& line) { append_to(list, line); };
  append("Expect:");  // its pause costs more than a body that is refused late
  if (!headers.get("Content-Type")) append("Content-Type:");
  for (const auto& [name, value] : headers.all()) append(value.empty() ? name + ";" : name + ": " + value);
  return list;
}

Status check_request(const OutboundRequest& request, const ClientOptions& options) {
  Url url = TRY(parse_url(request.url));
  if (url.scheme != "https" && !options.allow_plain_http) {
    return invalid("plain_http", "`" + url.origin() + "` is not https", "url");
  }
  bool method = !request.method.empty() &&
                std::all_of(request.method.begin(), request.method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!method) return invalid("bad_method", "the method of a request is upper-case letters", "method");
  for (const auto& [name, value] : request.headers.all()) {
    bool breaks_out = (name + value).find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
    if (breaks_out || name.empty() || name.find_first_of(" :;") != std::string::npos) {
      return invalid("bad_header", "a header of the request is not one line", "headers");
    }
  }
  return done();
}

Failure failure_of(CURLcode code, const Exchange& exchange, const std::string& origin) {
  if (exchange.too_large || code == CURLE_FILESIZE_EXCEEDED) {
    return {Code::too_large, "response_too_large", "`" + origin + "` sent more than this client takes"};
  }
  if (code == CURLE_OPERATION_TIMEDOUT) return {Code::timeout, "timeout", "`" + origin + "` did not answer in time"};
  if (code == CURLE_COULDNT_CONNECT && exchange.refused_address) {
    return {Code::forbidden, "outbound_address", "`" + origin + "` has an address that must not be connected to"};
  }
  std::string why = exchange.explanation[0] != '\0' ? exchange.explanation.data() : curl_easy_strerror(code);
  std::string message = "no answer from `" + origin + "`: " + why;
  if (const char* reason = reason_of_unavailable(code)) return unavailable(reason, message);
  return {Code::internal, "bad_answer", message};
}

}  // namespace

struct CurlTransport::State {
  explicit State(ClientOptions given) : options(std::move(given)) {}

  // A handle with the connections of its earlier requests, the most recently used first.
  Easy borrow() {
    {
      std::lock_guard lock(mutex);
      if (!free.empty()) {
        Easy easy = std::move(free.back());
        free.pop_back();
        return easy;
      }
    }
    Easy easy(curl_easy_init());
    CHECK(easy != nullptr, "curl_easy_init");
    return easy;
  }

  void give_back(Easy easy) {
    curl_easy_reset(easy.get());  // forgets the options and their pointers, keeps the connections
    std::lock_guard lock(mutex);
    if (free.size() < kKeptHandles) free.push_back(std::move(easy));
  }

  const ClientOptions options;
  std::mutex mutex;
  std::vector<Easy> free;
};

CurlTransport::CurlTransport(ClientOptions options) : state_(std::make_unique<State>(std::move(options))) {
  start_curl();
}

CurlTransport::~CurlTransport() = default;

Result<Response> CurlTransport::send(const OutboundRequest& request, Duration deadline) {
  const ClientOptions& options = state_->options;
  TRY(check_request(request, options));
  Url url = TRY(parse_url(request.url));
  std::string origin = url.origin();
  if (deadline <= Duration{0}) return Failure{Code::timeout, "timeout", "no time was left to ask `" + origin + "`"};

  Exchange exchange{options, url};
  List headers = make_header_list(request.headers);
  Easy easy = state_->borrow();
  set_limits(easy.get(), options, deadline, request.connect_time);
  set_trust(easy.get(), options.ca_file, options.use_system_store);
  set_identity(easy.get(), options);
  set_callbacks(easy.get(), exchange);
  set_method_and_body(easy.get(), request);
  set(easy.get(), CURLOPT_URL, request.url.c_str());
  set(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  CURLcode code = curl_easy_perform(easy.get());
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  state_->give_back(std::move(easy));

  if (code != CURLE_OK) return failure_of(code, exchange, origin);
  if (status < 200 || status > 599)
    return Failure{Code::internal, "bad_answer", "`" + origin + "` gave no HTTP status"};
  exchange.response.status = static_cast<int>(status);
  if (exchange.response.headers.get("Content-Encoding")) {
    // They described the bytes on the wire; the body here is decoded.
    exchange.response.headers.remove("Content-Encoding");
    exchange.response.headers.remove("Content-Length");
  }
  return std::move(exchange.response);
}

}  // namespace wardbridge::http
