// Instances, the Cloud Connector and tenants together: how they come to each other, and what holds afterwards.
#include <gmock/gmock.h>

#include "connector/connector_world.h"

namespace wardbridge::connector_tests {
namespace {

using ::testing::HasSubstr;

const std::string kMac = "22222222-0000-4000-8000-000000000001";
const std::string kOtherMac = "22222222-0000-4000-8000-000000000002";

class CloudConnector : public ConnectorWorld {
 protected:
  bool is_compliant(const directory::TenantId& tenant, const std::string& device) {
    auto compliance = tenants_.device(tenant, device).compliance;
    return compliance && compliance->is_compliant && compliance->expiration > clock_.now();
  }
};

TEST_F(CloudConnector, AVerdictOfAnInstanceIsSeenInTheTenant) {
  tenants_.add_device(kContoso, kMac);
  Instance& berlin = add_instance("berlin");
  ledger::ConnectionId id = connect(berlin, kContoso);
  EXPECT_EQ(tenants_.partner_state(kContoso), "enabled");
  berlin.wish(id, kMac, true);
  run(seconds{3});
  EXPECT_EQ(berlin.delivery(id, kMac).state, ledger::State::delivered);
  EXPECT_TRUE(is_compliant(kContoso, kMac));
  EXPECT_EQ(tenants_.device(kContoso, kMac).compliance->reason, "said by berlin");
  berlin.wish(id, kMac, false);
  run(seconds{3});
  EXPECT_FALSE(is_compliant(kContoso, kMac));
}

}  // namespace
}  // namespace wardbridge::connector_tests
