// Which destinations this server may connect to on somebody's word (a webhook's URL, say). Asked at connect time, with
// the address that was resolved, so that neither a name nor a redirect is a way around it.
//
//   AllowList list = TRY(AllowList::parse({"public", "hooks.corp.example", "10.20.0.0/16", "127.0.0.1:9443"}));
//   list.allows({.host = "hooks.corp.example", .port = 443, .address = "10.1.1.1"});   // true: the name is listed
//
// A value; safe to read from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wardbridge::http {

struct Destination {
  std::string host;  // as the URL has it, lower case
  int port = 0;
  std::string address;  // the one about to be connected to, numeric
};

class AllowList {
 public:
  // Public addresses only.
  AllowList();
  // `public`; a host name (any port) or `name:port`; an address or a block (`10.0.0.0/8`, `fd00::/8`), or
  // `address:port`, `[v6]:port`. What is not listed is refused; an empty list allows nothing. Fails with
  // `bad_allow_list`, naming the entry.
  //
  // A listed name opens public and internal addresses, but never link-local, metadata or multicast ones: whoever
  // answers for that name should not be able to point it there. Those must be listed as addresses.
  static Result<AllowList> parse(const std::vector<std::string>& entries);

  bool allows(const Destination& destination) const;
  // Whether a URL with this host can be told to be refused without resolving anything: a forbidden numeric address,
  // `localhost`, or a name that is not listed where public addresses are not allowed either.
  bool surely_refuses(const std::string& host, int port) const;

 private:
  struct Entry {
    std::string name;   // of a name entry, lower case; else empty
    std::string block;  // of an address entry: 4 or 16 bytes
    int prefix = 0;
    int port = 0;  // 0: any
  };
  bool opens_name(const std::string& host, int port) const;
  bool opens_address(const std::string& address, int port) const;
  static Result<Entry> parse_entry(const std::string& text);

  bool public_addresses_ = true;
  std::vector<Entry> entries_;
};

// Not loopback, private, link-local, carrier-grade NAT, multicast, unspecified, or an IPv6 form of any of these.
bool is_public_address(const std::string& address);
// Loopback, private (RFC 1918), carrier-grade NAT, or IPv6 unique local: where organisations run services of their own.
bool is_internal_address(const std::string& address);

}  // namespace wardbridge::http
