#include <openssl/obj_mac.h>
#include <openssl/pem.h>

#include <array>

#include "base/text.h"
#include "platform/crypto/certificate_parts.h"
#include "platform/crypto/openssl.h"

namespace wardbridge::crypto {
namespace {

Failure bad_certificate(std::string message) { return invalid("bad_certificate", std::move(message)); }
Failure bad_request(std::string message) { return invalid("bad_certificate_request", std::move(message)); }

// The one common name of a subject or issuer: empty when there is none, nothing when there are several or it has a NUL.
std::optional<std::string> common_name_of(const X509_NAME* name) {
  int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return "";
  if (X509_NAME_get_index_by_NID(name, NID_commonName, index) >= 0) return std::nullopt;
  unsigned char* data = nullptr;
  int size = ASN1_STRING_to_UTF8(&data, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) return std::nullopt;
  std::string text(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  if (text.find('\0') != std::string::npos) return std::nullopt;
  return text;
}

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  std::chrono::year_month_day day{std::chrono::year{fields.tm_year + 1900},
                                  std::chrono::month{static_cast<unsigned>(fields.tm_mon) + 1},
                                  std::chrono::day{static_cast<unsigned>(fields.tm_mday)}};
  if (!day.ok()) return std::nullopt;
  return Time{std::chrono::sys_days{day}} + hours{fields.tm_hour} + minutes{fields.tm_min} + seconds{fields.tm_sec};
}

// A request signed over MD5 or SHA-1 proves possession of nothing.
bool is_strong_signature(int algorithm) {
  int digest = NID_undef;
  int key_type = NID_undef;
  return OBJ_find_sigid_algs(algorithm, &digest, &key_type) == 1 &&
         (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512);
}

}  // namespace

OwnedCertificate certificate_from_der(std::string_view der) {
  const unsigned char* data = bytes_of(der);
  OwnedCertificate certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  if (data != bytes_of(der) + der.size()) return nullptr;  // trailing bytes
  return certificate;
}

bool add_name(X509_NAME* name, int part, const std::string& text) {
  return X509_NAME_add_entry_by_NID(name, part, MBSTRING_UTF8, bytes_of(std::string_view(text)),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

Result<CertificateRequest> read_certificate_request(std::string_view der) {
  QuietErrors quiet;
  const unsigned char* data = bytes_of(der);
  OwnedRequest request(d2i_X509_REQ(nullptr, &data, static_cast<long>(der.size())));
  if (!request || data != bytes_of(der) + der.size()) return bad_request("not a PKCS#10 certificate request");
  auto key = KeyAccess::adopt_by_type(OwnedPkey(X509_REQ_get_pubkey(request.get())), false);
  if (!key.ok()) return bad_request("the certificate request's key is refused: " + key.failure().message);
  if (!is_strong_signature(X509_REQ_get_signature_nid(request.get())) ||
      X509_REQ_verify(request.get(), pkey_of(*key)) != 1) {
    return bad_request("the certificate request is not signed by its own key");
  }
  auto common_name = common_name_of(X509_REQ_get_subject_name(request.get()));
  if (!common_name) return bad_request("the certificate request's common name is ambiguous");
  return CertificateRequest{*std::move(key), *std::move(common_name)};
}

std::string make_certificate_request(const Key& key, const std::string& common_name) {
  CHECK(key.has_private());
  QuietErrors quiet;
  OwnedRequest request(X509_REQ_new());
  CHECK(request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1);
  CHECK(add_name(X509_REQ_get_subject_name(request.get()), NID_commonName, common_name),
        "a common name over 64 letters");
  CHECK(X509_REQ_set_pubkey(request.get(), pkey_of(key)) == 1 &&
        X509_REQ_sign(request.get(), pkey_of(key), EVP_sha256()) > 0);
  return der_of(request.get(), i2d_X509_REQ);
}

Result<CertificateFacts> read_certificate(std::string_view der) {
  QuietErrors quiet;
  OwnedCertificate certificate = certificate_from_der(der);
  if (!certificate) return bad_certificate("not an X.509 certificate");
  auto key = KeyAccess::adopt_by_type(OwnedPkey(X509_get_pubkey(certificate.get())), false);
  if (!key.ok()) return bad_certificate("the certificate's key is refused: " + key.failure().message);
  auto subject = common_name_of(X509_get_subject_name(certificate.get()));
  auto issuer = common_name_of(X509_get_issuer_name(certificate.get()));
  auto not_before = time_of(X509_get0_notBefore(certificate.get()));
  auto not_after = time_of(X509_get0_notAfter(certificate.get()));
  if (!subject || !issuer) return bad_certificate("the certificate's common name is ambiguous");
  if (!not_before || !not_after) return bad_certificate("the certificate's validity is malformed");
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  std::string_view serial_bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                                static_cast<std::size_t>(ASN1_STRING_length(serial)));
  return CertificateFacts{.subject_common_name = *std::move(subject),
                          .issuer_common_name = *std::move(issuer),
                          .serial_hex = text::to_hex(serial_bytes),
                          .sha1_thumbprint_hex = text::upper(text::to_hex(sha1(der))),
                          .sha256_thumbprint_hex = text::upper(text::to_hex(sha256(der))),
                          .not_before = *not_before,
                          .not_after = *not_after,
                          .key = *std::move(key)};
}

Result<CertificateOutline> outline_certificate(std::string_view der) {
  QuietErrors quiet;
  OwnedCertificate certificate = certificate_from_der(der);
  if (!certificate) return bad_certificate("not an X.509 certificate");
  auto not_before = time_of(X509_get0_notBefore(certificate.get()));
  auto not_after = time_of(X509_get0_notAfter(certificate.get()));
  if (!not_before || !not_after) return bad_certificate("the certificate's validity is malformed");
  return CertificateOutline{
      .subject_common_name = common_name_of(X509_get_subject_name(certificate.get())).value_or(""),
      .issuer_common_name = common_name_of(X509_get_issuer_name(certificate.get())).value_or(""),
      .not_before = *not_before,
      .not_after = *not_after};
}

std::string pem_from_der(std::string_view der, std::string_view label) {
  OwnedBio bio = writing();
  CHECK(bio &&
        PEM_write_bio(bio.get(), std::string(label).c_str(), "", bytes_of(der), static_cast<long>(der.size())) > 0);
  return written(bio);
}

Result<std::string> der_from_pem(std::string_view pem) {
  QuietErrors quiet;
  OwnedBio bio = reading(pem);
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1) return invalid("bad_pem", "there is no PEM block");
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  bool encrypted = *header != '\0';
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_free(data);
  if (encrypted) return invalid("bad_pem", "the PEM block is encrypted");
  return der;
}

}  // namespace wardbridge::crypto
