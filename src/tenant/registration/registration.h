// Device registration: how a Mac becomes known to the directory, and how it later shows that it is that Mac.
//
// Knows: each tenant's certificate authority MS-Organization-Access (made on demand, its key sealed), the wire of the
// device registration service. Hides: the authority's table, the request and reply bodies.
//
// INVARIANT: law 4: registration is not compliance. A registered device has no compliance at all until the partner
// intake speaks of it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "platform/crypto/crypto.h"
#include "platform/http/http.h"
#include "platform/store/store.h"
#include "tenant/directory/directory.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::registration {

extern const store::Schema kSchema;

// INVARIANT: TH-03: whoever steals a sign-in can't fill the directory with devices.
inline constexpr std::size_t kDevicesPerUser = 10;
// How long ago the password may have been typed: a stolen token that is older can't add devices (TH-03).
inline constexpr Duration kFreshSignIn = minutes{10};
// The user action that Conditional Access policies may name.
inline constexpr std::string_view kRegisterDeviceAction = "urn:user:registerdevice";
// Of the authorities, also in the challenge that asks a device to prove itself.
// ENTRA: the organizational unit is the same GUID in every tenant of the real service.
inline constexpr std::string_view kAuthorityName = "MS-Organization-Access";
inline constexpr std::string_view kAuthorityUnit = "82dbaca4-3e81-46ca-9c73-0950c1eaca97";

// The subject of every tenant's authority, as a TLS server announces whose certificates it takes
// (http::ServerOptions::client_authorities).
std::string authority_name();

// The tenants' certificate authorities. Thread-safe; opens transactions of its own. What is given to the constructor
// must outlive it.
class DeviceCertificates {
 public:
  DeviceCertificates(store::Store& store, const crypto::Sealer& sealer, Entropy& entropy);

  // DER of a certificate for that device and key, valid ten years.
  Result<std::string> issue(const directory::TenantId& tenant, const directory::DeviceId& device,
                            const crypto::Key& key, Time now);

  // The device that a certificate belongs to: issued by this tenant's authority, the device is still in the directory,
  // and the certificate holds the key that is registered now. Whoever calls must have seen proof of the private key.
  // A disabled device is returned: the caller decides. Failures are `unauthenticated`: `foreign_certificate`,
  // `device_deleted`, `other_device_key`.
  Result<directory::Device> holder(const directory::TenantId& tenant, std::string_view certificate_der, Time now);

 private:
  struct Stored {
    std::string certificate_pem;
    std::string sealed_private_pem;
  };
  static std::optional<Stored> find(store::Transaction& tx, const directory::TenantId& tenant);
  // Nothing when the tenant has none yet.
  Result<std::optional<crypto::CertificateAuthority>> existing(const directory::TenantId& tenant);
  Result<crypto::CertificateAuthority> existing_or_new(const directory::TenantId& tenant, Time now);

  store::Store& store_;
  const crypto::Sealer& sealer_;
  Entropy& entropy_;
  std::mutex mutex_;
  std::map<std::string, crypto::CertificateAuthority> opened_;  // by tenant; authorities never change
};

struct Dependencies {
  store::Store& store;
  tokens::Authority& tokens;
  DeviceCertificates& certificates;
  Entropy& entropy;
  std::size_t devices_per_user = kDevicesPerUser;
  // Called after a registration whose owner is to be told by mail (owner_mail.h); must not block. Nothing: no mail is
  // sent, and none is kept.
  std::function<void()> owner_mail_waits = nullptr;
};
// Routes of the device registration service; the dependencies must outlive the router:
//   GET    /{tenant}/Discover   GET /EnrollmentServer/Discover?tenant=   GET /EnrollmentServer/nonce/{tenant}/
//   POST   /EnrollmentServer/device/      bearer token of a user for the registration service
//   DELETE /EnrollmentServer/device/{id}  the device by its TLS certificate, or its owner by a bearer token
void register_routes(http::Router& router, Dependencies dependencies);

}  // namespace wardbridge::registration
