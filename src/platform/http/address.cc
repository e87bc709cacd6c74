#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "platform/http/allow_list.h"

namespace wardbridge::http {
namespace {

using Bytes6 = std::array<std::uint8_t, 16>;

struct Block4 {
  std::uint32_t address;
  int prefix;
};

constexpr std::uint32_t quad(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

// SPEC: RFC 6890 section 2.2.2 and the IANA special-purpose registry that continues it.
constexpr Block4 kSpecial4[] = {
    {quad(0, 0, 0, 0), 8},         // this network
    {quad(10, 0, 0, 0), 8},        // private
    {quad(100, 64, 0, 0), 10},     // carrier-grade NAT
    {quad(127, 0, 0, 0), 8},       // loopback
    {quad(168, 63, 129, 16), 32},  // the platform channel of Azure's virtual machines
    {quad(169, 254, 0, 0), 16},    // link-local, with the metadata services of the clouds
    {quad(172, 16, 0, 0), 12},     // private
    {quad(192, 0, 0, 0), 24},      // protocol assignments
    {quad(192, 0, 2, 0), 24},      // documentation
    {quad(192, 88, 99, 0), 24},    // former 6to4 relays
    {quad(192, 168, 0, 0), 16},    // private
    {quad(198, 18, 0, 0), 15},     // benchmarks
    {quad(198, 51, 100, 0), 24},   // documentation
    {quad(203, 0, 113, 0), 24},    // documentation
    {quad(224, 0, 0, 0), 4},       // multicast
    {quad(240, 0, 0, 0), 4},       // reserved, and broadcast
};

// What an organisation runs its own services on.
constexpr Block4 kInternal4[] = {
    {quad(10, 0, 0, 0), 8},    {quad(100, 64, 0, 0), 10},  {quad(127, 0, 0, 0), 8},
    {quad(172, 16, 0, 0), 12}, {quad(192, 168, 0, 0), 16},
};

template <std::size_t count>
bool in_any4(const Block4 (&blocks)[count], std::uint32_t address) {
  return std::any_of(std::begin(blocks), std::end(blocks),
                     [&](const Block4& block) { return (address ^ block.address) >> (32 - block.prefix) == 0; });
}

bool is_public4(std::uint32_t address) { return !in_any4(kSpecial4, address); }

std::uint32_t embedded4(const Bytes6& bytes, std::size_t at) {
  return quad(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool starts_with(const Bytes6& bytes, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public6(const Bytes6& bytes) {
  // An IPv4 address in IPv6 clothes is as public as it is without them.
  if (starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return is_public4(embedded4(bytes, 12));
  if (starts_with(bytes, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return is_public4(embedded4(bytes, 12));
  if ((bytes[0] & 0xE0) != 0x20) return false;                         // only 2000::/3 is global unicast
  if (starts_with(bytes, {0x20, 0x01}) && bytes[2] < 2) return false;  // 2001::/23 protocol assignments, Teredo
  if (starts_with(bytes, {0x20, 0x01, 0x0D, 0xB8})) return false;      // documentation
  if (starts_with(bytes, {0x20, 0x02})) return is_public4(embedded4(bytes, 2));  // 6to4
  if (starts_with(bytes, {0x3F, 0xFF}) && bytes[2] < 0x10) return false;         // documentation
  return true;
}

bool is_internal6(const Bytes6& bytes) {
  if (starts_with(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return in_any4(kInternal4, embedded4(bytes, 12));
  Bytes6 loopback{};
  loopback[15] = 1;
  return bytes == loopback || (bytes[0] & 0xFE) == 0xFC;  // fc00::/7, unique local
}

// Asks the question of the address's own family; false for what is no address.
template <class Ask4, class Ask6>
bool ask(const std::string& address, Ask4 ask4, Ask6 ask6) {
  in_addr four{};
  if (inet_pton(AF_INET, address.c_str(), &four) == 1) return ask4(ntohl(four.s_addr));
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return false;
  Bytes6 bytes{};
  std::copy(std::begin(six.s6_addr), std::end(six.s6_addr), bytes.begin());
  return ask6(bytes);
}

}  // namespace

bool is_public_address(const std::string& address) { return ask(address, is_public4, is_public6); }

bool is_internal_address(const std::string& address) {
  return ask(
      address, [](std::uint32_t four) { return in_any4(kInternal4, four); }, is_internal6);
}

}  // namespace wardbridge::http
