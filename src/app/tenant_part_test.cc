// The tenant's own server, asked over real TLS.
#include "app/tenant_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "mac/mac.h"
#include "platform/http/client.h"
#include "support/temporary_directory.h"
#include "tenant/directory/directory.h"

namespace wardbridge::app {
namespace {

using ::testing::ElementsAre;

constexpr const char* kDomain = "contoso.example";

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

std::string text_of(const X509_NAME* name) {
  std::unique_ptr<BIO, FreedBy<BIO_free_all>> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// The authorities that a server on this machine names when it asks its client for a certificate.
std::vector<std::string> announced_authorities(const std::string& url) {
  std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  std::unique_ptr<BIO, FreedBy<BIO_free_all>> connection(BIO_new_ssl_connect(context.get()));
  BIO_set_conn_hostname(connection.get(), url.substr(std::string("https://").size()).c_str());
  EXPECT_EQ(BIO_do_connect(connection.get()), 1);
  SSL* tls = nullptr;
  BIO_get_ssl(connection.get(), &tls);
  std::vector<std::string> names;
  const STACK_OF(X509_NAME)* list = SSL_get0_peer_CA_list(tls);
  for (int i = 0; i < sk_X509_NAME_num(list); ++i) names.push_back(text_of(sk_X509_NAME_value(list, i)));
  return names;
}

std::string issuer_of(const std::string& certificate_pem) {
  std::unique_ptr<BIO, FreedBy<BIO_free_all>> in(
      BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  std::unique_ptr<X509, FreedBy<X509_free>> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  return certificate ? text_of(X509_get_issuer_name(certificate.get())) : "not a certificate";
}

class TenantPartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_.data = directory_.path();
    config_.tenant.listen.port = 0;
    TenantConfig tenant{.name = "Contoso", .domains = {kDomain}};
    for (int number : {0, 1}) {
      mac::Profile profile = mac::make_profile(1, number, kDomain);
      tenant.users.push_back({.user_principal_name = profile.user_principal_name,
                              .display_name = profile.full_name,
                              .password = profile.password});
      profiles_.push_back(std::move(profile));
    }
    config_.tenant.tenants = {tenant};
    auto world = open_world(config_, clock_, entropy_);
    ASSERT_TRUE(world.ok()) << world.failure().message;
    world_ = std::make_unique<World>(std::move(world).value());
    auto part = TenantPart::open(config_.tenant, *world_);
    ASSERT_TRUE(part.ok()) << part.failure().message;
    part_ = std::move(part).value();
    ASSERT_TRUE(part_->start().ok());
    anonymous_ = transport();
  }

  std::unique_ptr<http::Transport> transport(std::optional<http::TlsIdentity> certificate = {}) {
    return std::make_unique<http::CurlTransport>(http::ClientOptions{
        .ca_file = world_->ca_file, .use_system_store = false, .client_certificate = std::move(certificate)});
  }
  std::unique_ptr<http::Transport> transport_of(const mac::SimulatedMac& mac) {
    return transport(http::TlsIdentity{mac.certificate_pem(), mac.private_key_pem()});
  }

  mac::SimulatedMac registered(int number) {
    mac::SimulatedMac mac(profiles_[static_cast<std::size_t>(number)], *anonymous_, entropy_);
    Status status = mac.register_device(part_->url(), kDomain);
    EXPECT_TRUE(status.ok()) << status.failure().message;
    return mac;
  }

  std::vector<std::string> device_ids() {
    return part_->store()
        .read([](store::Transaction& tx) -> Result<std::vector<std::string>> {
          std::vector<std::string> ids;
          for (const auto& device : directory::devices(tx, directory::find_tenant(tx, kDomain)->id))
            ids.push_back(device.device_id.value);
          return ids;
        })
        .value();
  }

  testing::TemporaryDirectory directory_;
  SystemClock clock_;
  SystemEntropy entropy_;
  Config config_;
  std::vector<mac::Profile> profiles_;
  std::unique_ptr<World> world_;
  std::unique_ptr<TenantPart> part_;
  std::unique_ptr<http::Transport> anonymous_;
};

TEST_F(TenantPartTest, AMacRemovesItselfWithItsCertificateAndNoOtherDoes) {
  mac::SimulatedMac mac = registered(0);
  mac::SimulatedMac neighbour = registered(1);
  const std::string id = mac.device_id();
  EXPECT_FALSE(mac.unregister_device(*anonymous_).ok());
  EXPECT_FALSE(mac.unregister_device(*transport_of(neighbour)).ok());
  // An authority of the same name, for the very device id and key: its certificate proves nothing here.
  auto key = crypto::Key::from_private_pem(mac.private_key_pem(), crypto::Algorithm::ES256).value();
  auto impostor =
      crypto::CertificateAuthority::create({.common_name = "MS-Organization-Access",
                                            .not_before = clock_.now() - hours{1},
                                            .not_after = clock_.now() + hours{1},
                                            .use = crypto::CertificateTemplate::Use::authority},
                                           crypto::Key::generate(crypto::Algorithm::ES256).value(), entropy_)
          .value();
  std::string forged = impostor
                           .issue({.common_name = id,
                                   .not_before = clock_.now() - hours{1},
                                   .not_after = clock_.now() + hours{1},
                                   .use = crypto::CertificateTemplate::Use::client},
                                  key, entropy_)
                           .value();
  http::TlsIdentity forged_identity{crypto::pem_from_der(forged, "CERTIFICATE"), mac.private_key_pem()};
  EXPECT_FALSE(mac.unregister_device(*transport(forged_identity)).ok());
  EXPECT_EQ(device_ids().size(), 2u);

  Status removed = mac.unregister_device(*transport_of(mac));
  EXPECT_TRUE(removed.ok()) << removed.failure().message;
  EXPECT_THAT(device_ids(), ElementsAre(neighbour.device_id()));
}

TEST_F(TenantPartTest, OnlyClientsWithADeviceCertificateAreAskedForIt) {
  mac::SimulatedMac mac = registered(0);
  EXPECT_THAT(announced_authorities(part_->url()), ElementsAre(issuer_of(mac.certificate_pem())));
}

}  // namespace
}  // namespace wardbridge::app
