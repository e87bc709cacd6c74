// Three instances, two tenants, one connector, and everything that can go wrong on the way at once. Afterwards every
// tenant equals its instances, nothing was applied twice, and no tenant was asked more often than its budget allows:
// by the tenants' own records, and by who stands at their doors.
//
// A run is told by its seed. WARDBRIDGE_SEED=<number> tries another one; a failure prints its own.
#include <algorithm>
#include <cstdlib>

#include "connector/connector_world.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::connector_tests {
namespace {

std::string mac(int number) {
  std::string digits = std::to_string(number);
  return "22222222-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

class Many : public ConnectorWorld {
 protected:
  struct Fleet {
    Instance* instance;
    ledger::ConnectionId connection;
    directory::TenantId tenant;
    std::vector<std::string> macs;
  };

  // Which tenant a request is for: its path, its body, or its token says so.
  static std::string tenant_of(const http::OutboundRequest& request) {
    for (const directory::TenantId& tenant : {kContoso, kFabrikam}) {
      if (request.url.find(tenant.value) != std::string::npos) return tenant.value;
    }
    std::string token(request.headers.get("Authorization").value_or(""));
    auto jws = crypto::peek_jws(token.substr(std::min<std::size_t>(token.size(), 7)));
    return jws.ok() ? std::string(json::text_at(jws->claims, "tid").value_or("")) : "";
  }

  // A leaky bucket, kept by somebody else than the code under test.
  void count_against_budget(const http::OutboundRequest& request) {
    auto& [level, seen] = buckets_[tenant_of(request)];
    double leaked = options_.requests_per_second * static_cast<double>((clock_.now() - seen).count()) / 1000.0;
    level = std::max(0.0, level - leaked) + 1;
    seen = clock_.now();
    fullest_ = std::max(fullest_, level);
  }

  std::optional<http::Response> trouble(const http::OutboundRequest& request) {
    bool is_token = request.url.ends_with("/token");
    bool is_first_secret = request.body.find(text::percent_encode(kFirstSecret)) != std::string::npos;
    if (is_token && is_first_secret && clock_.now() >= first_secret_ends_) {
      return http::json_response(
          401, json::Object{{"error", "invalid_client"}, {"error_description", "AADSTS7000222: expired"}});
    }
    if (!spoiled_) return {};
    bool is_service = request.url.find("/fef/") != std::string::npos;
    std::uint64_t dice = dice_.below(1000);
    if (is_service && dice < 20) return http::text_response(401, "");  // a fresh token, refused
    if (dice < 25) return http::text_response(429, "");
    if (dice < 30) {
      http::Response response = http::text_response(429, "");
      response.headers.set("Retry-After", "7");
      return response;
    }
    if (dice < 35) return http::text_response(503, "");
    return {};
  }

  static std::uint64_t seed() {
    const char* chosen = std::getenv("WARDBRIDGE_SEED");
    return chosen ? std::strtoull(chosen, nullptr, 10) : 99;
  }

  ::testing::ScopedTrace told_{__FILE__, __LINE__, "WARDBRIDGE_SEED=" + std::to_string(seed())};
  SeededEntropy dice_{seed()};
  bool spoiled_ = true;
  Time first_secret_ends_ = kNever;
  std::map<std::string, std::pair<double, Time>> buckets_;
  double fullest_ = 0;
};

TEST_F(Many, InTheEndEveryTenantEqualsItsInstances) {
  options_.requests_per_second = 5;
  options_.request_burst = 40;
  restart_connector();
  Instance& berlin = add_instance("berlin");
  Instance& paris = add_instance("paris");
  Instance& oslo = add_instance("oslo");
  std::vector<Fleet> fleets = {{&berlin, connect(berlin, kContoso), kContoso, {}},
                               {&paris, connect(paris, kContoso), kContoso, {}},
                               {&paris, connect(paris, kFabrikam), kFabrikam, {}},
                               {&oslo, connect(oslo, kFabrikam), kFabrikam, {}}};
  int number = 0;
  for (Fleet& fleet : fleets) {
    for (int i = 0; i < 12; ++i) {
      fleet.macs.push_back(mac(++number));
      tenants_.add_device(fleet.tenant, fleet.macs.back());
    }
  }
  const std::string shared = mac(1000);
  tenants_.add_device(kContoso, shared);
  berlin.wish(fleets[0].connection, shared, true);
  run(seconds{5});
  paris.wish(fleets[1].connection, shared, false);
  run(seconds{5});

  tenant_network_.meddle = [this](const http::OutboundRequest& request) {
    count_against_budget(request);
    return trouble(request);
  };
  tenant_network_.lost_replies_percent = 2;
  for (auto& instance : instances_) instance->network.lost_replies_percent = 3;
  const Time begin = clock_.now();
  first_secret_ends_ = begin + minutes{20};
  bool has_next_secret = false, has_lost_database = false;
  int verdicts = 0;
  for (Time end = begin + minutes{50}; clock_.now() < end;) {
    // Up to twice what the budget of both tenants lets through, so that some verdicts overtake others.
    for (std::uint64_t i = dice_.below(16); i > 0; --i, ++verdicts) {
      Fleet& fleet = fleets[dice_.below(fleets.size())];
      fleet.instance->wish(fleet.connection, fleet.macs[dice_.below(fleet.macs.size())], dice_.below(2) == 0);
    }
    if (dice_.below(5) == 0) berlin.wish(fleets[0].connection, shared, dice_.below(2) == 0);
    if (dice_.below(5) == 0) paris.wish(fleets[1].connection, shared, dice_.below(2) == 0);
    run(seconds{9});
    if (!has_next_secret && clock_.now() >= begin + minutes{18}) {
      // Under way when the first one ends: the operator has brought the second in time.
      tenants_.add_secret(kSecondSecret, clock_.now(), kNever);
      ASSERT_EQ(
          call("PUT", "/api/v1/clouds/global/secret", json::to_text(json::Object{{"clientSecret", kSecondSecret}}))
              .status,
          204);
      has_next_secret = true;
    }
    if (!has_lost_database && clock_.now() >= begin + minutes{30}) {
      options_.clouds[0].client_secret = kSecondSecret;  // what the operator's configuration says by now
      restart_connector(Database::lost);
      has_lost_database = true;
    }
  }
  EXPECT_TRUE(has_next_secret && has_lost_database);
  EXPECT_GT(verdicts, 2000);
  EXPECT_GT(tenant_network_.lost, 10);
  spoiled_ = false;
  tenant_network_.lost_replies_percent = 0;
  for (auto& instance : instances_) instance->network.lost_replies_percent = 0;
  run(minutes{12});

  for (const Fleet& fleet : fleets) {
    for (const std::string& id : fleet.macs) {
      auto deliveries = fleet.instance->deliveries(fleet.connection);
      auto found = std::ranges::find(deliveries, id, &ledger::Delivery::subject);
      if (found == deliveries.end()) continue;  // never wished for
      EXPECT_EQ(found->state, ledger::State::delivered) << id << " " << found->failure_reason;
      directory::Device device = tenants_.device(fleet.tenant, id);
      ASSERT_TRUE(device.compliance.has_value()) << id;
      EXPECT_EQ(device.compliance->is_compliant, found->report.verdict == ledger::DeviceReport::Verdict::compliant);
      EXPECT_EQ(device.compliance->reason, "said by " + fleet.instance->name());
    }
  }
  ledger::Delivery owned = berlin.delivery(fleets[0].connection, shared);
  EXPECT_EQ(tenants_.device(kContoso, shared).compliance->is_compliant,
            owned.report.verdict == ledger::DeviceReport::Verdict::compliant);
  EXPECT_EQ(tenants_.device(kContoso, shared).compliance->reason, "said by berlin");
  EXPECT_EQ(paris.delivery(fleets[1].connection, shared).failure_reason, "device_of_other_instance");
  for (const Fleet& fleet : fleets) {
    for (const std::string& id : fleet.macs) {
      std::vector<std::int64_t> versions = tenants_.applied(fleet.tenant, id);
      EXPECT_TRUE(std::ranges::is_sorted(versions, std::less_equal<>{})) << id << ": a version was applied twice";
    }
  }
  EXPECT_LE(fullest_, options_.request_burst + 0.5);
}

}  // namespace
}  // namespace wardbridge::connector_tests
