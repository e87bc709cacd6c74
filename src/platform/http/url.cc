// URLs as RFC 3986 writes them, minus everything that two readers could take for two different hosts.
#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "platform/http/http.h"

namespace wardbridge::http {
namespace {

constexpr std::size_t kUrlBytes = 8 * 1024;
constexpr std::size_t kHostBytes = 253;
constexpr std::size_t kLabelBytes = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

Failure bad_url(const std::string& why) { return invalid("bad_url", "not a usable URL: " + why, "url"); }

// SPEC: RFC 3986 appendix A: pchar, '/', '?'; whole escapes only.
bool is_path_or_query(std::string_view text) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) return false;
      i += 2;
    } else if (!is_digit(text[i]) && !is_letter(text[i]) && kMarks.find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// Some resolvers read `127.1`, `0x7f.1` and `2130706433` as IPv4 addresses; a host that ends in a number must therefore
// be a plain dotted quad.
bool looks_like_number(std::string_view label) {
  if (std::all_of(label.begin(), label.end(), is_digit)) return true;
  return label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X') &&
         std::all_of(label.begin() + 2, label.end(), is_hex_digit);
}

bool is_label(std::string_view label) {
  auto allowed = [](char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= kLabelBytes && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), allowed);
}

Result<std::string> parse_name_or_ipv4(std::string_view host) {
  if (host.empty()) return bad_url("it has no host");
  if (host.size() > kHostBytes) return bad_url("its host is longer than 253 characters");
  auto labels = text::split(host, '.');
  if (!std::all_of(labels.begin(), labels.end(), is_label)) {
    return bad_url("`" + std::string(host.substr(0, 80)) + "` is not a host name");
  }
  in_addr address{};
  if (looks_like_number(labels.back()) && inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) {
    return bad_url("`" + std::string(host.substr(0, 80)) + "` is not an address of the form 192.0.2.1");
  }
  return text::lower(host);
}

Result<std::string> parse_ipv6(std::string_view host) {
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (host.size() >= text.size() || inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1 ||
      inet_ntop(AF_INET6, &address, text.data(), text.size()) == nullptr) {
    return bad_url("the address in brackets is not IPv6");
  }
  return std::string(text.data());
}

Result<int> parse_port(std::string_view port) {
  bool digits = !port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
  auto value = digits && port.front() != '0' ? text::parse_integer(port) : std::nullopt;
  if (!value || *value > 65535) return bad_url("its port is not a number from 1 to 65535");
  return static_cast<int>(*value);
}

Status parse_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) return bad_url("it has a user name");
  std::string_view rest;
  if (authority.starts_with('[')) {
    auto end = authority.find(']');
    if (end == std::string_view::npos) return bad_url("a bracket is not closed");
    url.host = TRY(parse_ipv6(authority.substr(1, end - 1)));
    rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return bad_url("something follows the bracket of its host");
  } else {
    auto colon = authority.find(':');
    url.host = TRY(parse_name_or_ipv4(authority.substr(0, colon)));
    if (colon != std::string_view::npos) rest = authority.substr(colon);
  }
  url.port = url.scheme == "https" ? 443 : 80;
  if (!rest.empty()) url.port = TRY(parse_port(rest.substr(1)));
  return done();
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : "[" + host + "]"; }

}  // namespace

std::string Url::origin() const { return scheme + "://" + bracketed(host) + ":" + std::to_string(port); }

std::string Url::authority() const {
  bool usual = port == (scheme == "https" ? 443 : 80);
  return usual ? bracketed(host) : bracketed(host) + ":" + std::to_string(port);
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kUrlBytes) return bad_url("it is longer than 8 KiB");
  if (text.find('#') != std::string_view::npos) return bad_url("it has a fragment");
  auto colon = text.find(':');
  if (colon == std::string_view::npos) return bad_url("it has no scheme");
  Url url;
  url.scheme = text::lower(text.substr(0, colon));
  if (url.scheme != "https" && url.scheme != "http") return bad_url("its scheme is neither https nor http");
  text.remove_prefix(colon + 1);
  if (!text.starts_with("//")) return bad_url("`//` does not follow its scheme");
  text.remove_prefix(2);

  auto authority_end = std::min(text.find_first_of("/?"), text.size());
  TRY(parse_authority(text.substr(0, authority_end), url));
  text.remove_prefix(authority_end);
  if (!is_path_or_query(text)) return bad_url("its path or query has a character that must be percent-coded");

  auto question = text.find('?');
  url.path = std::string(text.substr(0, question));
  if (url.path.empty()) url.path = "/";
  if (question != std::string_view::npos) url.query = std::string(text.substr(question + 1));
  return url;
}

}  // namespace wardbridge::http
