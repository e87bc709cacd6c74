// The local certificate authority: made once in the data folder, so that TLS is on from the first start without anyone
// buying or copying a certificate. Clients trust `ca.pem`.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "platform/crypto/crypto.h"
#include "platform/entropy/entropy.h"
#include "platform/http/server.h"

namespace wardbridge::app {

class LocalAuthority {
 public:
  // Reads ca.pem and ca-key.pem of the folder, or makes them (the key readable by its owner alone).
  static Result<LocalAuthority> open(const std::string& folder, Entropy& entropy, Time now);

  // A server certificate for these names (DNS names and IP addresses), good for 397 days; `localhost` and the loopback
  // addresses are always among them.
  Result<http::TlsIdentity> identity_for(std::vector<std::string> names, Entropy& entropy, Time now) const;

  const std::string& ca_file() const { return ca_file_; }

 private:
  LocalAuthority(crypto::CertificateAuthority authority, std::string ca_file)
      : authority_(std::move(authority)), ca_file_(std::move(ca_file)) {}
  crypto::CertificateAuthority authority_;
  std::string ca_file_;
};

// The whole content of a file, at most 1 MiB; `not_found`/`no_file`.
Result<std::string> read_file(const std::string& path);
// Writes a new file, complete or not at all, with this mode (0600 for secrets).
Status write_file(const std::string& path, const std::string& content, int mode);

}  // namespace wardbridge::app
