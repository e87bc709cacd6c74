// Whose certificate answers at an address, and what is wrong with it: for people who look for the cause of a failure.
// Nothing but the handshake goes over the wire, also where the peer is not trusted.
//
//   PeerCertificate found = TRY(look_at_certificate("https://login.example", {.ca_file = "ca.pem"}, seconds{10}));
//   if (found.trust == PeerCertificate::Trust::unknown_authority) ... found.issuer
//
// Thread-safe.
#pragma once

#include <string>

#include "platform/http/client.h"

namespace wardbridge::http {

struct PeerCertificate {
  enum class Trust {
    trusted,
    unknown_authority,  // nobody whom we trust has signed it, or the chain is incomplete
    expired,            // it, or what it was signed with; also one that is not valid yet
    wrong_name,         // it is somebody else's
  } trust = Trust::trusted;
  std::string subject;  // common names; empty where there is none
  std::string issuer;
  // Of everything that the peer presented, what ends first.
  Time ends = kNever;
  std::string ending;  // its common name
};

// `options` say whom to trust and which proxy to use. Failures are those of a Transport; `tls` where there is no
// handshake at all.
Result<PeerCertificate> look_at_certificate(const std::string& url, const ClientOptions& options, Duration deadline,
                                            Time now);

}  // namespace wardbridge::http
