// Inside this room only: OpenSSL's objects with owners, and the way from them to Key.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

#include "platform/crypto/crypto.h"

namespace wardbridge::crypto {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using OwnedPkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using OwnedPkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using OwnedDigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using OwnedCipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using OwnedNumber = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using OwnedEcdsa = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using OwnedBio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using OwnedCertificate = std::unique_ptr<X509, Freed<X509_free>>;
using OwnedRequest = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;
using OwnedExtension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

// Takes back what OpenSSL reports during its scope. A leftover error would make the next SSL_get_error() of this thread
// see a failure that is not there.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
};

inline const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data() ? text.data() : "");
}
inline unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

inline OwnedBio reading(std::string_view text) {
  return OwnedBio(BIO_new_mem_buf(bytes_of(text), static_cast<int>(text.size())));
}
inline OwnedBio writing() { return OwnedBio(BIO_new(BIO_s_mem())); }
inline std::string written(const OwnedBio& bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// DER of any OpenSSL object with an i2d function.
template <class T, class Encode>
std::string der_of(T* object, Encode encode) {
  unsigned char* data = nullptr;
  int size = encode(object, &data);
  CHECK(size > 0, "no DER encoding");
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

// The one gate into Key: whatever a key came from, it passes the rules for its algorithm here.
class KeyAccess {
 public:
  static Result<Key> adopt(OwnedPkey pkey, Algorithm algorithm, bool has_private);
  // RS256 for RSA, ES256 for P-256.
  static Result<Key> adopt_by_type(OwnedPkey pkey, bool has_private);
};

inline EVP_PKEY* pkey_of(const Key& key) { return static_cast<EVP_PKEY*>(key.native()); }

}  // namespace wardbridge::crypto
