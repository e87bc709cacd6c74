#include <optional>

#include "tenant/registration/registration.h"

namespace wardbridge::registration {
namespace {

// ENTRA: device certificates are valid for ten years; the authority must outlive the last of them.
constexpr Duration kCertificateLifetime = days{3652};
constexpr Duration kAuthorityLifetime = 3 * kCertificateLifetime;
// A Mac whose clock is a little behind must not find its new certificate to be from the future.
constexpr Duration kClockSkew = minutes{5};

std::string sealing_context(const directory::TenantId& tenant) { return "registration_authority|" + tenant.value; }

Failure refused(std::string reason, std::string message) {
  return Failure{Code::unauthenticated, std::move(reason), std::move(message)};
}

}  // namespace

std::string authority_name() {
  return crypto::distinguished_name(std::string(kAuthorityName), {std::string(kAuthorityUnit)}).value();
}

DeviceCertificates::DeviceCertificates(store::Store& store, const crypto::Sealer& sealer, Entropy& entropy)
    : store_(store), sealer_(sealer), entropy_(entropy) {}

std::optional<DeviceCertificates::Stored> DeviceCertificates::find(store::Transaction& tx,
                                                                   const directory::TenantId& tenant) {
  auto row = tx.query_one("SELECT certificate_pem, sealed_private_pem FROM registration_authority WHERE tenant_id = ?",
                          {tenant.value});
  if (!row) return std::nullopt;
  return Stored{row->text(0), row->text(1)};
}

Result<std::optional<crypto::CertificateAuthority>> DeviceCertificates::existing(const directory::TenantId& tenant) {
  using Maybe = std::optional<crypto::CertificateAuthority>;
  {
    std::lock_guard lock(mutex_);
    if (auto opened = opened_.find(tenant.value); opened != opened_.end()) return Maybe{opened->second};
  }
  auto stored =
      TRY(store_.read([&](store::Transaction& tx) -> Result<std::optional<Stored>> { return find(tx, tenant); }));
  if (!stored) return Maybe{};
  std::string private_pem = TRY(sealer_.open(stored->sealed_private_pem, sealing_context(tenant)));
  auto authority = TRY(crypto::CertificateAuthority::load(stored->certificate_pem, private_pem));
  std::lock_guard lock(mutex_);
  opened_.emplace(tenant.value, authority);
  return Maybe{authority};
}

Result<crypto::CertificateAuthority> DeviceCertificates::existing_or_new(const directory::TenantId& tenant, Time now) {
  if (auto authority = TRY(existing(tenant))) return *authority;

  crypto::Key key = TRY(crypto::Key::generate(crypto::Algorithm::RS256));
  auto made = TRY(crypto::CertificateAuthority::create({.common_name = std::string(kAuthorityName),
                                                        .organizational_units = {std::string(kAuthorityUnit)},
                                                        .not_before = now - kClockSkew,
                                                        .not_after = now + kAuthorityLifetime,
                                                        .use = crypto::CertificateTemplate::Use::authority},
                                                       key, entropy_));
  const std::string sealed = sealer_.seal(made.private_key_pem(), sealing_context(tenant), entropy_);
  TRY(store_.write([&](store::Transaction& tx) -> Status {
    // Two servers may make one at the same time; the first stays, and existing() below reads whichever that is.
    if (tx.execute("INSERT INTO registration_authority (tenant_id, certificate_pem, sealed_private_pem, created) "
                   "VALUES (?, ?, ?, ?) ON CONFLICT (tenant_id) DO NOTHING",
                   {tenant.value, made.certificate_pem(), sealed, now}) == 0)
      return done();
    // INVARIANT: law 9
    directory::record_change(tx, tenant,
                             {.activity = "Add device certificate authority",
                              .object_type = "CertificateAuthority",
                              .object_id = tenant.value,
                              .object_name = std::string(kAuthorityName),
                              .properties = {}},
                             {}, now);
    return done();
  }));
  auto authority = TRY(existing(tenant));
  CHECK(authority.has_value(), "an authority that was just stored is there");
  return *authority;
}

Result<std::string> DeviceCertificates::issue(const directory::TenantId& tenant, const directory::DeviceId& device,
                                              const crypto::Key& key, Time now) {
  const crypto::CertificateAuthority authority = TRY(existing_or_new(tenant, now));
  return authority.issue({.common_name = device.value,
                          .not_before = now - kClockSkew,
                          .not_after = now + kCertificateLifetime,
                          .use = crypto::CertificateTemplate::Use::client},
                         key, entropy_);
}

Result<directory::Device> DeviceCertificates::holder(const directory::TenantId& tenant,
                                                     std::string_view certificate_der, Time now) {
  const auto authority = TRY(existing(tenant));
  auto facts = crypto::read_certificate(certificate_der);
  if (!authority || !facts.ok() || !authority->issued(certificate_der, now))
    return refused("foreign_certificate", "the certificate was not issued by this tenant, or is no longer valid");

  const directory::DeviceId id{facts->subject_common_name};
  auto device = TRY(store_.read([&](store::Transaction& tx) -> Result<std::optional<directory::Device>> {
    return directory::find_device(tx, tenant, id);
  }));
  if (!device) return refused("device_deleted", "the device `" + id.value + "` is no longer in the directory");
  // A re-registered device has a new key; the certificate of the old one is worth nothing from then on.
  if (device->public_key_pem != facts->key.public_pem())
    return refused("other_device_key", "the device `" + id.value + "` has been registered again with another key");
  return *device;
}

}  // namespace wardbridge::registration
