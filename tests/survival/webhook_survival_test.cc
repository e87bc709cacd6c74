// What was to be told outlives the server: it is killed while a webhook's receiver is down, and everything arrives, in
// order, once both are back.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <sstream>

#include "app/wiring.h"
#include "base/text.h"
#include "mac/mac.h"
#include "platform/clock/clock.h"
#include "platform/crypto/crypto.h"
#include "platform/http/client.h"
#include "platform/http/server.h"
#include "support/server_process.h"

namespace wardbridge {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// An HTTPS receiver on loopback whose certificate is of the server's own local authority.
class HookReceiver {
 public:
  HookReceiver(const testing::ServerProcess& server, const Clock& clock, Entropy& entropy)
      : clock_(clock), entropy_(entropy) {
    auto authority =
        crypto::CertificateAuthority::load(content_of(server.ca_file()), content_of(server.ca_key_file())).value();
    crypto::Key key = *crypto::Key::generate(crypto::Algorithm::ES256);
    crypto::CertificateTemplate subject{.common_name = "receiver",
                                        .ip_addresses = {"127.0.0.1"},
                                        .not_before = clock.now() - hours{1},
                                        .not_after = clock.now() + hours{1}};
    identity_ = {crypto::pem_from_der(authority.issue(subject, key, entropy).value(), "CERTIFICATE"),
                 key.private_pem()};
    router_.add("POST", "/hook", [this](const http::Request& request) {
      std::lock_guard lock(mutex_);
      std::string id(request.headers.get("X-Wardbridge-Delivery").value_or(""));
      if (std::find(deliveries_.begin(), deliveries_.end(), id) == deliveries_.end()) deliveries_.push_back(id);
      return http::text_response(200, "");
    });
    start();
    stop();  // only to know the port
  }

  void start() {
    server_ =
        std::make_unique<http::Server>(http::ServerOptions{.port = port_, .tls = identity_}, router_, clock_, entropy_);
    Status started = server_->start();
    ASSERT_TRUE(started.ok()) << started.failure().message;
    port_ = server_->port();
  }
  void stop() { server_->stop(); }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  // Ids of what came, each once, in the order of its first coming.
  std::vector<std::string> deliveries() {
    std::lock_guard lock(mutex_);
    return deliveries_;
  }

 private:
  const Clock& clock_;
  Entropy& entropy_;
  http::Router router_;
  http::TlsIdentity identity_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> deliveries_;
};

TEST(WebhookSurvival, WhatWasToBeToldOutlivesTheServer) {
  SystemClock clock;
  SystemEntropy entropy;
  testing::ServerProcess server(WARDBRIDGE_PROGRAM, {{"ada@contoso.example", "Ada", "correct horse battery"}});
  server.configure_management("outbound: {allow: [127.0.0.1]}");
  Status started = server.start();
  ASSERT_TRUE(started.ok()) << started.failure().message;
  HookReceiver receiver(server, clock, entropy);
  http::CurlTransport transport({.ca_file = server.ca_file(), .use_system_store = false});
  cli::ApiClient management(transport, server.management_url());
  ASSERT_TRUE(management.log_in("admin", server.admin_password()).ok());

  http::OutboundRequest log_in{"POST", server.management_url() + "/api/v1/auth/token"};
  log_in.headers.set("Authorization", "Basic " + text::to_base64("admin:" + server.admin_password()));
  json::Value token = json::parse(transport.send(log_in, seconds{10})->body).value();
  http::OutboundRequest create{"POST", server.management_url() + "/JSSResource/webhooks/id/0"};
  create.headers.set("Authorization", "Bearer " + std::string(std::string_view(token.at("token").as_string())));
  create.headers.set("Content-Type", "text/xml");
  create.body = "<webhook><name>hook</name><url>" + receiver.url() +
                "</url><content_type>application/json</content_type><event>ComputerCheckIn</event></webhook>";
  auto created = transport.send(create, seconds{10});
  ASSERT_TRUE(created.ok());
  ASSERT_EQ(created->status, 201) << created->body;
  EXPECT_EQ(created->body.find("warning"), std::string::npos) << created->body;

  mac::SimulatedMac mac(mac::make_profile(7, 1, "contoso.example"), transport, entropy);
  ASSERT_TRUE(mac.enroll(server.management_url(), app::invite_macs(management).value()).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(mac.check_in(clock.now(), mac::SimulatedMac::Report::none).ok());
  server.kill();
  receiver.start();
  started = server.start();
  ASSERT_TRUE(started.ok()) << started.failure().message;
  ASSERT_TRUE(mac.check_in(clock.now(), mac::SimulatedMac::Report::none).ok());
  Status told = app::wait_for("the receiver's hearing of every check-in", seconds{60},
                              [&]() -> Result<bool> { return receiver.deliveries().size() == 4; });
  EXPECT_TRUE(told.ok()) << told.failure().message;
  auto deliveries = receiver.deliveries();
  EXPECT_TRUE(std::is_sorted(deliveries.begin(), deliveries.end())) << text::join(deliveries, " ");
  receiver.stop();
}

}  // namespace
}  // namespace wardbridge
