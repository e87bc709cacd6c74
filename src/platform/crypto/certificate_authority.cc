#include <openssl/obj_mac.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "platform/crypto/certificate_parts.h"
#include "platform/crypto/openssl.h"

namespace wardbridge::crypto {
namespace {

using Use = CertificateTemplate::Use;

using OwnedNames = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using OwnedDistinguishedName = std::unique_ptr<X509_NAME, Freed<X509_NAME_free>>;
using OwnedName = std::unique_ptr<GENERAL_NAME, Freed<GENERAL_NAME_free>>;
using OwnedInteger = std::unique_ptr<ASN1_INTEGER, Freed<ASN1_INTEGER_free>>;
using OwnedOctets = std::unique_ptr<ASN1_OCTET_STRING, Freed<ASN1_OCTET_STRING_free>>;
using OwnedStore = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using OwnedStoreContext = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

Failure bad_template(std::string message, std::string where) {
  return invalid("bad_certificate_template", std::move(message), std::move(where));
}

X509* certificate_of(const std::shared_ptr<void>& certificate) { return static_cast<X509*>(certificate.get()); }

std::shared_ptr<void> shared(OwnedCertificate certificate) {
  return {certificate.release(), [](void* owned) { X509_free(static_cast<X509*>(owned)); }};
}

// `value` is OpenSSL's extension language, so it is only ever a constant of ours.
void add_extension(X509* certificate, X509* issuer, int part, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  OwnedExtension extension(X509V3_EXT_conf_nid(nullptr, &context, part, value));
  CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1, value);
}

bool is_dns_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*";
  return !text.empty() && text.size() <= 253 && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

void push(GENERAL_NAMES* names, int type, ASN1_STRING* value) {
  OwnedName name(GENERAL_NAME_new());
  CHECK(name && value);
  GENERAL_NAME_set0_value(name.get(), type, value);
  CHECK(sk_GENERAL_NAME_push(names, name.get()) > 0);
  name.release();  // the stack owns it now
}

Status add_alternative_names(X509* certificate, const CertificateTemplate& subject) {
  if (subject.dns_names.empty() && subject.ip_addresses.empty()) return done();
  OwnedNames names(GENERAL_NAMES_new());
  CHECK(names != nullptr);
  for (const std::string& dns_name : subject.dns_names) {
    if (!is_dns_name(dns_name)) return bad_template("`" + dns_name + "` is not a DNS name", "dns_names");
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    CHECK(value && ASN1_STRING_set(value, dns_name.data(), static_cast<int>(dns_name.size())) == 1);
    push(names.get(), GEN_DNS, value);
  }
  for (const std::string& ip_address : subject.ip_addresses) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(ip_address.c_str());
    if (!value) return bad_template("`" + ip_address + "` is not an IP address", "ip_addresses");
    push(names.get(), GEN_IPADD, value);
  }
  CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1);
  return done();
}

// SPEC: RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12.
void add_use(X509* certificate, X509* issuer, Use use, Algorithm subject_algorithm) {
  switch (use) {
    case Use::authority:
      add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
      add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
      return;
    case Use::server:
      add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
      add_extension(certificate, issuer, NID_key_usage,
                    subject_algorithm == Algorithm::ES256 ? "critical,digitalSignature"
                                                          : "critical,digitalSignature,keyEncipherment");
      add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
      return;
    case Use::client:
      add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
      add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
      add_extension(certificate, issuer, NID_ext_key_usage, "clientAuth");
      return;
  }
}

Status fill_name(X509_NAME* name, const std::string& common_name,
                 const std::vector<std::string>& organizational_units) {
  if (common_name.empty() || !add_name(name, NID_commonName, common_name)) {
    return bad_template("the common name must have 1 to 64 letters", "common_name");
  }
  for (const std::string& unit : organizational_units) {
    if (!add_name(name, NID_organizationalUnitName, unit)) {
      return bad_template("`" + unit + "` is not an organizational unit of 1 to 64 letters", "organizational_units");
    }
  }
  return done();
}

Status set_validity(X509* certificate, const CertificateTemplate& subject) {
  if (subject.not_before > subject.not_after || subject.not_after > kNever) {
    return bad_template("the certificate would end before it begins", "not_after");
  }
  CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), to_unix_seconds(subject.not_before)) != nullptr &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), to_unix_seconds(subject.not_after)) != nullptr);
  return done();
}

void set_random_serial(X509* certificate, Entropy& entropy) {
  std::string bytes = entropy.bytes(16);
  OwnedNumber number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
  OwnedInteger serial(number ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
  CHECK(serial && X509_set_serialNumber(certificate, serial.get()) == 1);
}

// A certificate for `subject_key`, signed by `signer`. `issuer` is null for a self-signed one.
Result<OwnedCertificate> build(const CertificateTemplate& subject, const Key& subject_key, X509* issuer,
                               const Key& signer, Entropy& entropy) {
  OwnedCertificate certificate(X509_new());
  CHECK(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  set_random_serial(certificate.get(), entropy);
  TRY(fill_name(X509_get_subject_name(certificate.get()), subject.common_name, subject.organizational_units));
  TRY(set_validity(certificate.get(), subject));
  X509* authority = issuer ? issuer : certificate.get();
  CHECK(X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority)) == 1 &&
        X509_set_pubkey(certificate.get(), pkey_of(subject_key)) == 1);
  add_use(certificate.get(), authority, subject.use, subject_key.algorithm());
  TRY(add_alternative_names(certificate.get(), subject));
  add_extension(certificate.get(), authority, NID_subject_key_identifier, "hash");
  add_extension(certificate.get(), authority, NID_authority_key_identifier, "keyid:always");
  CHECK(X509_sign(certificate.get(), pkey_of(signer), EVP_sha256()) > 0);
  return certificate;
}

}  // namespace

Result<std::string> distinguished_name(const std::string& common_name,
                                       const std::vector<std::string>& organizational_units) {
  QuietErrors quiet;
  OwnedDistinguishedName name(X509_NAME_new());
  CHECK(name != nullptr);
  TRY(fill_name(name.get(), common_name, organizational_units));
  return der_of(name.get(), i2d_X509_NAME);
}

Result<CertificateAuthority> CertificateAuthority::create(const CertificateTemplate& subject, Key key,
                                                          Entropy& entropy) {
  CHECK(key.has_private() && key.algorithm() != Algorithm::PS256, "an authority signs with RS256 or ES256");
  CHECK(subject.use == Use::authority, "an authority's certificate must say so");
  QuietErrors quiet;
  OwnedCertificate certificate = TRY(build(subject, key, nullptr, key, entropy));
  return CertificateAuthority(shared(std::move(certificate)), std::move(key), subject.common_name);
}

Result<CertificateAuthority> CertificateAuthority::load(std::string_view certificate_pem,
                                                        std::string_view private_key_pem) {
  QuietErrors quiet;
  std::string der = TRY(der_from_pem(certificate_pem));
  CertificateFacts facts = TRY(read_certificate(der));
  Key key = TRY(Key::from_private_pem(private_key_pem, facts.key.algorithm()));
  OwnedCertificate certificate = certificate_from_der(der);
  if (X509_check_private_key(certificate.get(), pkey_of(key)) != 1) {
    return invalid("bad_certificate_authority", "the private key is not that of the authority's certificate");
  }
  if (X509_check_ca(certificate.get()) != 1) {
    return invalid("bad_certificate_authority", "the certificate is not that of an authority");
  }
  return CertificateAuthority(shared(std::move(certificate)), std::move(key), facts.subject_common_name);
}

Result<std::string> CertificateAuthority::issue(const CertificateTemplate& subject, const Key& subject_key,
                                                Entropy& entropy) const {
  QuietErrors quiet;
  OwnedCertificate certificate = TRY(build(subject, subject_key, certificate_of(certificate_), key_, entropy));
  return der_of(certificate.get(), i2d_X509);
}

bool CertificateAuthority::issued(std::string_view certificate_der, Time now) const {
  QuietErrors quiet;
  X509* authority = certificate_of(certificate_);
  OwnedCertificate certificate = certificate_from_der(certificate_der);
  // The authority's own certificate is not one that it issued to somebody.
  if (!certificate || X509_cmp(certificate.get(), authority) == 0) return false;
  OwnedStore store(X509_STORE_new());
  OwnedStoreContext context(X509_STORE_CTX_new());
  CHECK(store && context && X509_STORE_add_cert(store.get(), authority) == 1 &&
        X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr) == 1);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), to_unix_seconds(now));
  return X509_verify_cert(context.get()) == 1;
}

std::string CertificateAuthority::certificate_pem() const {
  return pem_from_der(der_of(certificate_of(certificate_), i2d_X509), "CERTIFICATE");
}

std::string CertificateAuthority::private_key_pem() const { return key_.private_pem(); }

}  // namespace wardbridge::crypto
