#include "platform/http/allow_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace wardbridge::http {
namespace {

// 4 or 16 bytes; IPv4 in IPv6 clothes (`::ffff:10.0.0.1`) as the 4 that it is. Nothing for what is no address.
std::optional<std::string> address_bytes(const std::string& text) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 4);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  std::string six(bytes.data(), 16);
  static const std::string kMapped = std::string(10, '\0') + "\xFF\xFF";
  return six.starts_with(kMapped) ? six.substr(12) : six;
}

bool same_prefix(const std::string& a, const std::string& b, int bits) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i, bits -= 8) {
    auto difference = static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
    if (difference >> (bits >= 8 ? 0 : 8 - bits) != 0) return false;
  }
  return true;
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.find("..") != std::string_view::npos)
    return false;
  bool has_letter = false;
  for (char c : name) {
    has_letter = has_letter || (c >= 'a' && c <= 'z');
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')) return false;
  }
  return has_letter;  // without one it would be read as a number
}

std::string without_root_dot(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  return name;
}

Failure bad_entry(const std::string& text, const std::string& why) {
  return invalid("bad_allow_list", "`" + text.substr(0, 100) + "` " + why);
}

}  // namespace

AllowList::AllowList() = default;

Result<AllowList::Entry> AllowList::parse_entry(const std::string& text) {
  Entry entry;
  std::string rest = text::lower(text);
  auto colon = rest.rfind(':');
  bool has_port = colon != std::string::npos && (rest.find(':') == colon || (colon > 0 && rest[colon - 1] == ']'));
  if (has_port) {
    auto port = text::parse_integer(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return bad_entry(text, "has no port from 1 to 65535 behind its colon");
    entry.port = static_cast<int>(*port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  auto slash = rest.find('/');
  if (auto bytes = address_bytes(rest.substr(0, slash))) {
    auto bits = static_cast<int>(bytes->size() * 8);
    auto prefix =
        slash == std::string::npos ? std::optional<std::int64_t>(bits) : text::parse_integer(rest.substr(slash + 1));
    if (!prefix || *prefix < 0 || *prefix > bits) return bad_entry(text, "has no prefix length that fits its address");
    entry.block = *bytes;
    entry.prefix = static_cast<int>(*prefix);
    return entry;
  }
  entry.name = without_root_dot(rest);
  if (!is_host_name(entry.name)) {
    return bad_entry(text, "is neither `public`, a host name, an address nor a block such as `10.0.0.0/8`");
  }
  return entry;
}

Result<AllowList> AllowList::parse(const std::vector<std::string>& entries) {
  AllowList list;
  list.public_addresses_ = false;
  for (const std::string& text : entries) {
    if (text::equal_ignoring_case(text, "public")) {
      list.public_addresses_ = true;
    } else {
      list.entries_.push_back(TRY(parse_entry(text)));
    }
  }
  return list;
}

bool AllowList::opens_name(const std::string& host, int port) const {
  std::string name = without_root_dot(host);
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return !entry.name.empty() && entry.name == name && (entry.port == 0 || entry.port == port);
  });
}

bool AllowList::opens_address(const std::string& address, int port) const {
  if (public_addresses_ && is_public_address(address)) return true;
  auto bytes = address_bytes(address);
  return bytes && std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
           return entry.name.empty() && same_prefix(entry.block, *bytes, entry.prefix) &&
                  (entry.port == 0 || entry.port == port);
         });
}

bool AllowList::allows(const Destination& destination) const {
  if (opens_address(destination.address, destination.port)) return true;
  bool ordinary = is_public_address(destination.address) || is_internal_address(destination.address);
  return ordinary && opens_name(destination.host, destination.port);
}

bool AllowList::surely_refuses(const std::string& host, int port) const {
  if (address_bytes(host)) return !opens_address(host, port);
  if (opens_name(host, port)) return false;
  std::string name = without_root_dot(host);
  // SPEC: RFC 6761 section 6.3: `localhost` and what is below it are loopback.
  if (name == "localhost" || name.ends_with(".localhost")) {
    return !opens_address("127.0.0.1", port) && !opens_address("::1", port);
  }
  bool only_names =
      std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return !entry.name.empty(); });
  return !public_addresses_ && only_names;
}

}  // namespace wardbridge::http
