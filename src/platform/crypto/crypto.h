// Cryptography, all of it OpenSSL's and Argon2's; what is written here is glue, and the rules of use.
//
// Signatures (RFC 7515, 7518; RFC 8725): the key owns its one algorithm. A verifier is asked "is this token signed by
// this key", never "by whatever the token says": a header `alg` that is not the key's is a failure, and so are `crit`,
// `none`; embedded keys and key URLs are never read.
//
//   Key key = TRY(Key::from_jwk(published, Algorithm::RS256));
//   json::Object claims = TRY(verify_jws(token, key));   // signed by `key`; now check iss, aud, exp
//
// Everything here is thread-safe. Nothing here reads a clock or leaves errors in OpenSSL's queue.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "platform/entropy/entropy.h"

namespace wardbridge::crypto {

std::string sha256(std::string_view bytes);
std::string sha1(std::string_view bytes);                             // certificate thumbprints only
std::string hmac_sha1(std::string_view key, std::string_view bytes);  // one-time passwords (RFC 4226) only
std::string hmac_sha256(std::string_view key, std::string_view bytes);
std::string hmac_sha512(std::string_view key, std::string_view bytes);
// Takes the same time wherever two texts of one length differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// --- Passwords and secrets -------------------------------------------------------------------------------------------

// Argon2id for what people choose: `$argon2id$v=19$m=...$salt$hash`. At most a few run at a time, since each takes tens
// of MiB; the rest wait.
struct PasswordCost {
  unsigned memory_kib = 64 * 1024;
  unsigned passes = 3;
};
std::string hash_password(std::string_view password, Entropy& entropy, PasswordCost cost = {});
bool password_matches(std::string_view password, std::string_view hash);

// For secrets that we made with 256 random bits: SHA-256 in hex is enough, and cheap on every request.
std::string hash_token(std::string_view token);

// Secrets that must be read again (a client secret for another system): AES-256-GCM under the key file's key, bound to
// `context` (say, "connection|3|client_secret"), so a sealed text moved to another row does not open.
class Sealer {
 public:
  // `key` has 32 bytes.
  explicit Sealer(std::string key);
  std::string seal(std::string_view secret, std::string_view context, Entropy& entropy) const;
  Result<std::string> open(std::string_view sealed, std::string_view context) const;

 private:
  std::string key_;
};
// Reads a key file (32 bytes in base64, readable by its owner alone) or makes it, whole or not at all.
Result<Sealer> open_key_file(const std::string& path, Entropy& entropy);

// --- Keys and signatures ---------------------------------------------------------------------------------------------

enum class Algorithm { RS256, PS256, ES256 };
const char* name_of(Algorithm algorithm);

// A public or private key together with its one algorithm. Cheap to copy; thread-safe.
class Key {
 public:
  static Result<Key> generate(Algorithm algorithm);  // RSA-2048 or P-256
  static Result<Key> from_private_pem(std::string_view pem, Algorithm algorithm);
  static Result<Key> from_public_pem(std::string_view pem, Algorithm algorithm);
  // A public key, RFC 7517/7518. `alg`, `use` and `key_ops`, where present, must allow verifying with `algorithm`.
  // Refused: symmetric keys, private members, other curves, points off the curve, base64url that is not strict, and the
  // RSA keys that every constructor here refuses (below 2048 or above 8192 bits, exponent 1, ROCA).
  static Result<Key> from_jwk(const json::Object& jwk, Algorithm algorithm);

  Algorithm algorithm() const { return algorithm_; }
  bool has_private() const { return has_private_; }
  json::Object public_jwk() const;  // kty, n/e or crv/x/y; no kid, no use
  std::string thumbprint() const;   // RFC 7638, base64url
  std::string private_pem() const;  // PKCS#8
  std::string public_pem() const;

  std::string sign(std::string_view bytes) const;  // JWS signature bytes; CHECKs has_private
  bool verify(std::string_view bytes, std::string_view signature) const;

  void* native() const { return key_.get(); }  // EVP_PKEY*, for this room's own sources

 private:
  Key(std::shared_ptr<void> key, Algorithm algorithm, bool has_private)
      : key_(std::move(key)), algorithm_(algorithm), has_private_(has_private) {}
  friend class KeyAccess;  // openssl.h
  std::shared_ptr<void> key_;
  Algorithm algorithm_;
  bool has_private_;
};

// header.alg is set from the key.
std::string sign_jws(json::Object header, const json::Object& claims, const Key& key);

struct UnverifiedJws {
  json::Object header;
  json::Object claims;
};
// Splits and decodes without believing anything: to find the key id and the issuer. At most limits::kTokenBytes.
// Fails with `bad_token`.
Result<UnverifiedJws> peek_jws(std::string_view token);
// The claims, when the signature is this key's. Says nothing about who, what for, and until when: that is the caller's.
// Fails, always as `unauthenticated`, with `bad_token`, `bad_algorithm`, `critical_header`, `bad_signature`.
Result<json::Object> verify_jws(std::string_view token, const Key& key);
// The same for a payload that need not be claims: its bytes.
Result<std::string> verify_jws_payload(std::string_view token, const Key& key);

// --- Certificates ----------------------------------------------------------------------------------------------------

struct CertificateRequest {
  Key key;  // the requester's public key, algorithm RS256 or ES256 by its type
  std::string common_name;
};
// Reads a PKCS#10 request (DER) and checks its self-signature. `common_name` is empty when the request has none.
Result<CertificateRequest> read_certificate_request(std::string_view der);
std::string make_certificate_request(const Key& key, const std::string& common_name);  // DER

struct CertificateFacts {
  std::string subject_common_name;
  std::string issuer_common_name;
  std::string serial_hex;
  std::string sha1_thumbprint_hex;  // upper case, as Microsoft prints it
  std::string sha256_thumbprint_hex;
  Time not_before = kEpoch;
  Time not_after = kEpoch;
  Key key;  // public; RS256 or ES256 by its type
};
Result<CertificateFacts> read_certificate(std::string_view der);
// What people are told about a certificate, whatever its key is. A missing or ambiguous common name is empty.
struct CertificateOutline {
  std::string subject_common_name;
  std::string issuer_common_name;
  Time not_before = kEpoch;
  Time not_after = kEpoch;
};
Result<CertificateOutline> outline_certificate(std::string_view der);
std::string pem_from_der(std::string_view der, std::string_view label);  // label: `CERTIFICATE`
Result<std::string> der_from_pem(std::string_view pem);                  // the first block

// DER of the name that a certificate's subject gets from these: what a TLS server sends to say whose certificates it
// takes. Fails with `bad_certificate_template`.
Result<std::string> distinguished_name(const std::string& common_name,
                                       const std::vector<std::string>& organizational_units);

struct CertificateTemplate {
  std::string common_name;
  std::vector<std::string> organizational_units;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  Time not_before = kEpoch;
  Time not_after = kEpoch;
  enum class Use { server, client, authority } use = Use::server;
};

// A certificate authority: the local one that signs the server's TLS certificates, or a tenant's
// MS-Organization-Access.
class CertificateAuthority {
 public:
  // Self-signed.
  static Result<CertificateAuthority> create(const CertificateTemplate& subject, Key key, Entropy& entropy);
  static Result<CertificateAuthority> load(std::string_view certificate_pem, std::string_view private_key_pem);

  // DER. `subject_key` is the holder's public key.
  Result<std::string> issue(const CertificateTemplate& subject, const Key& subject_key, Entropy& entropy) const;
  // Whether this authority signed it for somebody else, and both are valid at `now`.
  bool issued(std::string_view certificate_der, Time now) const;
  std::string certificate_pem() const;
  std::string private_key_pem() const;
  const std::string& common_name() const { return common_name_; }

 private:
  CertificateAuthority(std::shared_ptr<void> certificate, Key key, std::string common_name)
      : certificate_(std::move(certificate)), key_(std::move(key)), common_name_(std::move(common_name)) {}
  std::shared_ptr<void> certificate_;
  Key key_;
  std::string common_name_;
};

}  // namespace wardbridge::crypto
