#include "management/webhooks/webhooks.h"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <fstream>
#include <mutex>
#include <semaphore>

#include "base/text.h"
#include "management/outbox/outbox_actor.h"
#include "management/webhooks/webhook_carrier.h"
#include "platform/http/client.h"
#include "platform/http/server.h"
#include "support/empty_store.h"
#include "support/temporary_directory.h"

namespace wardbridge::webhooks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const audit::Actor kAdmin{.kind = audit::Actor::Kind::user, .name = "ada"};

// The receiver: a real HTTPS server on loopback, its certificate issued by an authority that the client is told to
// trust.
class Receiver {
 public:
  Receiver() {
    router_.add("POST", "/{rest*}", [this](const http::Request& request) {
      std::lock_guard lock(mutex_);
      taken_.push_back(request);
      return answer_ ? answer_(request) : http::text_response(200, "ok");
    });
    Time now = clock_.now();
    crypto::CertificateTemplate subject{.common_name = "Test CA",
                                        .not_before = now - hours{1},
                                        .not_after = now + hours{1},
                                        .use = crypto::CertificateTemplate::Use::authority};
    auto authority =
        crypto::CertificateAuthority::create(subject, *crypto::Key::generate(crypto::Algorithm::ES256), entropy_)
            .value();
    crypto::Key key = *crypto::Key::generate(crypto::Algorithm::ES256);
    crypto::CertificateTemplate server{.common_name = "receiver",
                                       .dns_names = {"localhost"},
                                       .ip_addresses = {"127.0.0.1"},
                                       .not_before = now - hours{1},
                                       .not_after = now + hours{1}};
    std::string der = authority.issue(server, key, entropy_).value();
    std::ofstream(ca_file()) << authority.certificate_pem();
    identity_ = {crypto::pem_from_der(der, "CERTIFICATE"), key.private_pem()};
    start();
  }

  void start() {
    server_ =
        std::make_unique<http::Server>(http::ServerOptions{.port = port_, .tls = identity_}, router_, clock_, entropy_);
    Status started = server_->start();
    CHECK(started.ok(), started.failure().message);
    port_ = server_->port();
  }
  void stop() { server_->stop(); }

  void answer(std::function<http::Response(const http::Request&)> answer) {
    std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  std::vector<http::Request> taken() {
    std::lock_guard lock(mutex_);
    return std::exchange(taken_, {});
  }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(port_) + "/hook";
  }
  int port() const { return port_; }
  std::string ca_file() const { return folder_.file("ca.pem"); }

 private:
  wardbridge::testing::TemporaryDirectory folder_;
  SystemClock clock_;
  SystemEntropy entropy_;
  http::Router router_;
  http::TlsIdentity identity_;
  std::unique_ptr<http::Server> server_;
  int port_ = 0;
  std::mutex mutex_;
  std::function<http::Response(const http::Request&)> answer_;
  std::vector<http::Request> taken_;
};

class WebhooksTest : public ::testing::Test {
 protected:
  // What the body gives; a body that gives nothing just happens.
  template <class Body>
  auto write(Body body) {
    if constexpr (std::is_void_v<std::invoke_result_t<Body&, store::Transaction&>>) {
      Status status = store_->write([&](store::Transaction& tx) -> Status { return body(tx), done(); });
      EXPECT_TRUE(status.ok()) << status.failure().message;
    } else {
      auto result = store_->write(body);
      EXPECT_TRUE(result.ok()) << result.failure().message;
      return std::move(result).value();
    }
  }

  WebhooksTest() {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {audit::kSchema, inventory::kSchema, groups::kSchema, outbox::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    computer_ = make_computer("Ann's Mac", "C02ANN", "4C4C4544-0000-4000-8000-000000000001");
    groups::SmartComputerGroup group{.platform_id = entropy_.guid(), .name = "Compliant & <safe>"};
    group_ = write([&](store::Transaction& tx) { return groups::create(tx, group, now(), kAdmin); }).id;
    allow({"127.0.0.1"});
  }

  Time now() const { return clock_.now(); }
  inventory::ComputerId make_computer(const std::string& name, const std::string& serial, const std::string& udid) {
    auto record = inventory::NewComputer{.udid = udid, .management_id = entropy_.guid()};
    record.sections[inventory::Section::general] =
        json::Object{{"name", name}, {"lastIpAddress", "192.0.2.5"}, {"lastReportedIpV4", "10.0.0.5"}};
    record.sections[inventory::Section::hardware] =
        json::Object{{"serialNumber", serial}, {"model", "MacBook Air"}, {"macAddress", "AA:BB:CC:DD:EE:FF"}};
    record.sections[inventory::Section::operating_system] = json::Object{{"version", "15.1"}, {"build", "24B83"}};
    record.sections[inventory::Section::user_and_location] = json::Object{{"username", "ann"}, {"realname", "Ann"}};
    return write([&](store::Transaction& tx) { return inventory::create_computer(tx, record, now(), kAdmin); });
  }

  Webhook hook(Event event, const std::string& name = "hook") const {
    Webhook webhook{.name = name, .url = receiver_.url(), .content_type = ContentType::json};
    webhook.event = wire_name(event);
    return webhook;
  }
  Result<WebhookId> try_create(const Webhook& webhook, const Secrets& secrets = {}) {
    return store_->write(
        [&](store::Transaction& tx) { return create(tx, webhook, secrets, sealer_, entropy_, kAdmin, now()); });
  }
  WebhookId make(const Webhook& webhook, const Secrets& secrets = {}) {
    auto id = try_create(webhook, secrets);
    EXPECT_TRUE(id.ok()) << id.failure().message;
    return id.value_or({});
  }
  Status change(const Webhook& webhook, const Secrets& secrets = {}) {
    return store_->write(
        [&](store::Transaction& tx) { return replace(tx, webhook, secrets, sealer_, entropy_, kAdmin, now()); });
  }
  void happen(Event event) {
    const Happening happenings[] = {{.event = event, .computer = computer_}};
    write([&](store::Transaction& tx) { raise(tx, happenings, now()); });
  }
  void move(inventory::ComputerId computer, bool joined) {
    const Happening happenings[] = {{.event = Event::group_membership_change,
                                     .computer = computer,
                                     .group = group_,
                                     .group_name = "Compliant & <safe>",
                                     .joined = joined}};
    write([&](store::Transaction& tx) { raise(tx, happenings, now()); });
  }

  void allow(const std::vector<std::string>& entries) {
    http::AllowList list = *http::AllowList::parse(entries);
    http::ClientOptions options{.ca_file = receiver_.ca_file(), .use_system_store = false};
    options.allow = [list](const http::Destination& destination) { return list.allows(destination); };
    transport_ = std::make_unique<http::CurlTransport>(options);
  }
  void work() {
    WebhookCarrier carrier(*store_, *transport_, sealer_);
    outbox::OutboxActor actor(*store_, carrier, clock_, entropy_);
    for (int i = 0; i < 50 && actor.run_once(now()) <= now(); ++i) {
    }
  }
  // What one event brought to the receiver.
  http::Request delivered() {
    work();
    auto taken = receiver_.taken();
    EXPECT_THAT(taken, SizeIs(1));
    return taken.empty() ? http::Request{} : taken.front();
  }
  std::vector<outbox::Message> listed(bool parked) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<outbox::Page> {
          return outbox::list(tx, {.kind = kLaneKind, .parked = parked});
        })
        ->messages;
  }
  std::string only_reason(bool parked) {
    auto messages = listed(parked);
    EXPECT_THAT(messages, SizeIs(1));
    return messages.empty() ? "(none)" : messages[0].reason;
  }

  Receiver receiver_;
  ManualClock clock_{*parse_iso8601("2026-11-23T18:00:00Z")};
  SeededEntropy entropy_{7};
  crypto::Sealer sealer_{std::string(32, 'k')};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<http::CurlTransport> transport_;
  inventory::ComputerId computer_;
  groups::GroupId group_;
};

TEST_F(WebhooksTest, DeliversAComputerEventAsTheVendorDoes) {
  WebhookId id = make(hook(Event::computer_inventory_completed));
  happen(Event::computer_inventory_completed);
  happen(Event::computer_added);  // nobody asked
  http::Request request = delivered();
  EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
  EXPECT_FALSE(request.headers.get("Authorization"));
  json::Value body = json::parse(request.body).value();
  json::Value wanted =
      json::parse(R"({"webhook":{"id":)" + std::to_string(id.value) +
                  R"(,"name":"hook","webhookEvent":"ComputerInventoryCompleted","eventTimestamp":1795456800000},
                "event":{"alternateMacAddress":"","building":"","department":"","deviceName":"Ann's Mac",
                "emailAddress":"","ipAddress":"192.0.2.5","jssID":)" +
                  std::to_string(computer_.value) +
                  R"(,"macAddress":"AA:BB:CC:DD:EE:FF","model":"MacBook Air","osBuild":"24B83","osVersion":"15.1",
                "phone":"","position":"","realName":"Ann","reportedIpAddress":"10.0.0.5","room":"",
                "serialNumber":"C02ANN","udid":"4C4C4544-0000-4000-8000-000000000001","userDirectoryID":"-1",
                "username":"ann"}})")
          .value();
  EXPECT_TRUE(text::is_guid(body.at("event").at("managementId").as_string().c_str()));
  body.at("event").as_object().erase("managementId");
  EXPECT_EQ(body, wanted) << json::to_pretty_text(body);
}

TEST_F(WebhooksTest, ACheckInWrapsTheComputer) {
  make(hook(Event::computer_check_in));
  happen(Event::computer_check_in);
  json::Value event = json::parse(delivered().body)->at("event");
  EXPECT_EQ(event.at("computer").at("serialNumber"), "C02ANN");
  EXPECT_EQ(event.at("trigger"), "CLIENT_CHECKIN");
  EXPECT_EQ(event.at("username"), "ann");
}

TEST_F(WebhooksTest, MembershipChangesTravelTogether) {
  Webhook webhook = hook(Event::group_membership_change);
  webhook.smart_group_id = group_.value;
  webhook.display_fields_enabled = true;
  webhook.display_fields = {"Serial Number", "Operating System Version", "No Such Field"};
  make(webhook);
  auto bobs = make_computer("Bob's Mac", "C02BOB", "4C4C4544-0000-4000-8000-000000000002");
  move(computer_, true);
  move(bobs, true);
  move({.value = 999}, false);  // gone since
  json::Value event = json::parse(delivered().body)->at("event");
  json::Value wanted = json::parse(R"({"computer":true,
      "groupAddedDevices":[{"Serial Number":"C02ANN","Operating System Version":"15.1"},
                           {"Serial Number":"C02BOB","Operating System Version":"15.1"}],
      "groupAddedDevicesIds":[)" + std::to_string(computer_.value) +
                                   "," + std::to_string(bobs.value) + R"(],
      "groupRemovedDevices":[{}],"groupRemovedDevicesIds":[999],
      "jssid":)" + std::to_string(group_.value) +
                                   R"(,"name":"Compliant & <safe>","smartGroup":true})")
                           .value();
  EXPECT_EQ(event, wanted) << json::to_pretty_text(event);
}

TEST_F(WebhooksTest, AnotherGroupsChangesAreNotItsOwn) {
  groups::SmartComputerGroup other{.platform_id = entropy_.guid(), .name = "other"};
  Webhook webhook = hook(Event::group_membership_change);
  webhook.smart_group_id =
      write([&](store::Transaction& tx) { return groups::create(tx, other, now(), kAdmin); }).id.value;
  make(webhook);
  make(hook(Event::group_membership_change, "any group"));
  move(computer_, true);
  EXPECT_THAT(delivered().body, HasSubstr("\"name\":\"any group\""));
}

TEST_F(WebhooksTest, WhatWasUndoneIsNotTold) {
  make(hook(Event::group_membership_change));
  move(computer_, true);
  move(computer_, false);
  work();
  EXPECT_THAT(receiver_.taken(), SizeIs(0));
  EXPECT_THAT(listed(false), SizeIs(0));
}

TEST_F(WebhooksTest, SpeaksXml) {
  Webhook webhook = hook(Event::group_membership_change);
  webhook.content_type = ContentType::xml;
  webhook.display_fields_enabled = true;
  webhook.display_fields = {"Computer Name"};
  make(webhook);
  move(computer_, true);
  http::Request request = delivered();
  EXPECT_EQ(request.headers.get("Content-Type"), "text/xml");
  EXPECT_THAT(request.body,
              HasSubstr("<JSSEvent><event><computer>true</computer><groupAddedDevices><device><display_field>"
                        "<name>Computer Name</name><value>Ann&#39;s Mac</value>"));
  EXPECT_THAT(request.body,
              HasSubstr("<groupAddedDevicesIds><id>" + std::to_string(computer_.value) + "</id></groupAdded"));
  EXPECT_THAT(request.body,
              HasSubstr("<name>Compliant &amp; &lt;safe&gt;</name><smartGroup>true</smartGroup></event>"));
  EXPECT_THAT(request.body,
              HasSubstr("<webhookEvent>SmartGroupComputerMembershipChange</webhookEvent></webhook></JSSEvent>"));
}

TEST_F(WebhooksTest, AuthenticatesAsTheRecordSays) {
  Webhook webhook = hook(Event::computer_added);
  webhook.authentication = Authentication::basic;
  webhook.username = "jamf";
  webhook.id = make(webhook, {.password = "s3cret"});
  happen(Event::computer_added);
  EXPECT_EQ(delivered().basic_credentials(), (std::pair<std::string, std::string>("jamf", "s3cret")));

  webhook.authentication = Authentication::header;
  ASSERT_TRUE(change(webhook, {.header = R"({"X-Api-Key":"k3y","Authorization":"Bearer abc"})"}).ok());
  happen(Event::computer_added);
  http::Request request = delivered();
  EXPECT_EQ(request.headers.get("X-Api-Key"), "k3y");
  EXPECT_EQ(request.bearer_token(), "abc");

  webhook.authentication = Authentication::hash_signature;
  ASSERT_TRUE(change(webhook, {.password = "signing key"}).ok());
  happen(Event::computer_added);
  request = delivered();
  EXPECT_EQ(request.headers.get(kSignatureHeader),
            "sha256=" + text::to_hex(crypto::hmac_sha256("signing key", request.body)));
  webhook.hash_algorithm = HashAlgorithm::sha512;
  ASSERT_TRUE(change(webhook).ok()) << "the key stays";
  happen(Event::computer_added);
  request = delivered();
  EXPECT_EQ(request.headers.get(kSignatureHeader),
            "sha512=" + text::to_hex(crypto::hmac_sha512("signing key", request.body)));
}

TEST_F(WebhooksTest, SecretsAreSealedAndNotTakenOver) {
  Webhook webhook = hook(Event::computer_added);
  webhook.authentication = Authentication::basic;
  webhook.username = "jamf";
  webhook.id = make(webhook, {.password = "s3cret"});
  auto row = store_->read([](store::Transaction& tx) -> Result<std::string> {
    return tx.query_one("SELECT sealed_password FROM webhook")->text(0);
  });
  EXPECT_THAT(*row, Not(HasSubstr("s3cret")));
  webhook.authentication = Authentication::hash_signature;
  EXPECT_EQ(change(webhook).failure().where, "password") << "a password is no signing key";
  auto audited = store_->read([](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return audit::list(tx, "Webhook", "", 10);
  });
  ASSERT_THAT(*audited, SizeIs(1));
  EXPECT_THAT(json::to_text((*audited)[0].entry.details), Not(HasSubstr("s3cret")));
}

TEST_F(WebhooksTest, RefusesRecordsThatMeanNothing) {
  auto where = [&](const std::function<void(Webhook&, Secrets&)>& edit) {
    Webhook webhook = hook(Event::computer_added, "other");
    Secrets secrets;
    edit(webhook, secrets);
    auto made = try_create(webhook, secrets);
    return made.ok() ? "accepted" : made.failure().where.empty() ? made.failure().reason : made.failure().where;
  };
  make(hook(Event::computer_added, "taken"));
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.name = " "; }), "name");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.name = "TAKEN"; }), "already_exists");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.url = "ftp://a.example/"; }), "url");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.url = "https://user:pw@a.example/"; }), "url");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.url = "https://0x7f000001/"; }), "url");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.event = "Nothing"; }), "event");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.read_timeout_seconds = 16; }), "read_timeout");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.connection_timeout_seconds = 0; }), "connection_timeout");
  EXPECT_EQ(where([&](Webhook& webhook, Secrets&) { webhook.smart_group_id = group_.value; }), "smart_group_id");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) {
              webhook.event = wire_name(Event::group_membership_change);
              webhook.smart_group_id = 12345;
            }),
            "smart_group_id");
  EXPECT_EQ(where([](Webhook& webhook, Secrets&) { webhook.authentication = Authentication::basic; }), "password");
  EXPECT_EQ(where([](Webhook& webhook, Secrets& secrets) {
              webhook.authentication = Authentication::basic;
              secrets.password = "x";
            }),
            "username");
  for (const char* header : {"", "x", "[]", "{}", R"({"a b":"c"})", R"({"X":"a\r\nY: b"})", R"({"X":1})",
                             R"({"Host":"a"})", R"({"content-length":"0"})"}) {
    EXPECT_EQ(where([&](Webhook& webhook, Secrets& secrets) {
                webhook.authentication = Authentication::header;
                secrets.header = header;
              }),
              "header")
        << header;
  }
  for (const std::string& event : known_events()) {
    EXPECT_EQ(where([&](Webhook& webhook, Secrets&) { webhook.name = webhook.event = event; }), "accepted") << event;
  }
}

TEST_F(WebhooksTest, TriesAgainUntilTheReceiverIsWell) {
  make(hook(Event::computer_check_in));
  happen(Event::computer_check_in);
  receiver_.answer([](const http::Request&) {
    http::Response response = http::text_response(503, "");
    response.headers.set("Retry-After", "120");
    return response;
  });
  std::string first(delivered().headers.get(kDeliveryHeader).value_or(""));
  EXPECT_EQ(only_reason(false), "http_503");
  happen(Event::computer_check_in);
  clock_.advance(seconds{119});
  work();
  EXPECT_THAT(receiver_.taken(), SizeIs(0)) << "it asked for two minutes";
  receiver_.answer(nullptr);
  clock_.advance(seconds{1});
  work();
  auto taken = receiver_.taken();
  ASSERT_THAT(taken, SizeIs(2));
  EXPECT_EQ(taken[0].headers.get(kDeliveryHeader), first) << "the same delivery, first";
  EXPECT_NE(taken[1].headers.get(kDeliveryHeader), first);
}

TEST_F(WebhooksTest, ReadsWhatTheAnswerMeans) {
  make(hook(Event::computer_check_in));
  auto after = [&](int status) {
    receiver_.answer([status](const http::Request&) {
      return status / 100 == 3 ? http::redirect("https://127.0.0.1/elsewhere", status)
                               : http::text_response(status, "");
    });
    happen(Event::computer_check_in);
    clock_.advance(hours{1});
    work();
    EXPECT_THAT(receiver_.taken(), SizeIs(1)) << "nothing is followed";
    auto waiting = listed(false), parked = listed(true);
    std::string fate = !parked.empty()    ? "parked " + parked[0].reason
                       : !waiting.empty() ? waiting[0].reason
                                          : "delivered";
    write([&](store::Transaction& tx) { tx.execute("DELETE FROM outbox_message"); });
    return fate;
  };
  for (int status : {200, 201, 202, 204}) EXPECT_EQ(after(status), "delivered");
  EXPECT_EQ(after(302), "http_302");
  EXPECT_EQ(after(401), "http_401");
  EXPECT_EQ(after(429), "http_429");
  EXPECT_EQ(after(500), "http_500");
  EXPECT_EQ(after(410), "parked http_410");
}

TEST_F(WebhooksTest, ADeliveryThatIsCalledBadHoldsNothingUpForLong) {
  make(hook(Event::computer_check_in));
  happen(Event::computer_check_in);
  happen(Event::computer_check_in);
  std::atomic<int> count = 0;
  receiver_.answer([&](const http::Request&) { return http::text_response(++count <= 6 ? 400 : 200, ""); });
  for (int i = 0; i < 8; ++i, clock_.advance(minutes{15})) work();
  EXPECT_EQ(count, 7);
  EXPECT_EQ(only_reason(true), "http_400");
  EXPECT_THAT(listed(false), SizeIs(0));
}

TEST_F(WebhooksTest, ARestartOfEitherSideLosesNothing) {
  make(hook(Event::computer_check_in));
  receiver_.stop();
  happen(Event::computer_check_in);
  work();
  EXPECT_EQ(only_reason(false), "connect");
  // We crash with the lane in hand: the row and the lease stay, and the lease runs out.
  clock_.advance(minutes{1});
  write([&](store::Transaction& tx) { EXPECT_TRUE(outbox::lease(tx, kLaneKind, 16, now())); });
  receiver_.start();
  work();
  EXPECT_THAT(receiver_.taken(), SizeIs(0));
  clock_.advance(outbox::kLeaseTime);
  EXPECT_THAT(delivered().body, HasSubstr("C02ANN"));
}

TEST_F(WebhooksTest, KeepsToItsTimeouts) {
  Webhook webhook = hook(Event::computer_check_in);
  webhook.connection_timeout_seconds = webhook.read_timeout_seconds = 1;
  make(webhook);
  std::binary_semaphore released(0);
  receiver_.answer([&](const http::Request&) {
    released.acquire();
    return http::text_response(200, "");
  });
  happen(Event::computer_check_in);
  Duration began = monotonic_now();
  work();
  EXPECT_LT(monotonic_now() - began, seconds{10});
  released.release();
  receiver_.stop();  // the handler is through
  EXPECT_EQ(only_reason(false), "timeout");
}

TEST_F(WebhooksTest, GoesOnlyWhereItMay) {
  WebhookId id = make(hook(Event::computer_check_in));
  allow({"public"});
  happen(Event::computer_check_in);
  work();
  EXPECT_EQ(only_reason(true), "outbound_address");
  // A name that resolves to a refused address is no way around, and neither is a certificate that is good for it.
  Webhook named = hook(Event::computer_check_in);
  named.id = id;
  named.url = receiver_.url("localhost");
  ASSERT_TRUE(change(named).ok());
  happen(Event::computer_check_in);
  work();
  EXPECT_THAT(listed(true), SizeIs(2));
  EXPECT_EQ(listed(true)[1].reason, "outbound_address");
  EXPECT_THAT(listed(true)[1].message, HasSubstr("localhost"));
  EXPECT_THAT(receiver_.taken(), SizeIs(0));
  // Once the administrator allows the name, the parked ones can be replayed.
  allow({"localhost:" + std::to_string(receiver_.port())});
  write([&](store::Transaction& tx) { outbox::replay_all(tx, {kLaneKind, id.value}, kAdmin, now()); });
  work();
  EXPECT_THAT(receiver_.taken(), SizeIs(2));

  named.url = "http://127.0.0.1:" + std::to_string(receiver_.port()) + "/hook";
  ASSERT_TRUE(change(named).ok());
  happen(Event::computer_check_in);
  work();
  EXPECT_EQ(only_reason(true), "plain_http");
}

TEST_F(WebhooksTest, ADisabledWebhookIsQuiet) {
  Webhook webhook = hook(Event::computer_check_in);
  webhook.id = make(webhook);
  happen(Event::computer_check_in);
  webhook.enabled = false;
  ASSERT_TRUE(change(webhook).ok());
  happen(Event::computer_check_in);  // not wanted any more
  work();
  EXPECT_THAT(receiver_.taken(), SizeIs(0));
  webhook.enabled = true;
  ASSERT_TRUE(change(webhook).ok());
  delivered();
  happen(Event::computer_check_in);
  write([&](store::Transaction& tx) { EXPECT_TRUE(remove(tx, webhook.id, kAdmin, now()).ok()); });
  EXPECT_THAT(listed(false), SizeIs(0));
}

TEST_F(WebhooksTest, ADeliveryFailsWithItsTransaction) {
  make(hook(Event::computer_check_in));
  const Happening happenings[] = {{.event = Event::computer_check_in, .computer = computer_}};
  Status failed = store_->write([&](store::Transaction& tx) -> Status {
    raise(tx, happenings, now());
    return conflict("test", "the check-in fails after all");
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(listed(false), SizeIs(0));
}

}  // namespace
}  // namespace wardbridge::webhooks
