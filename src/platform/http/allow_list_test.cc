#include "platform/http/allow_list.h"

#include <gtest/gtest.h>

namespace wardbridge::http {
namespace {

AllowList listing(const std::vector<std::string>& entries) {
  auto list = AllowList::parse(entries);
  EXPECT_TRUE(list.ok()) << list.failure().message;
  return list.ok() ? *list : AllowList();
}

TEST(AllowList, AllowsPublicAddressesAlone) {
  AllowList list;
  EXPECT_TRUE(list.allows({"hooks.example", 443, "93.184.216.34"}));
  EXPECT_TRUE(list.allows({"hooks.example", 443, "2606:2800:220:1::1"}));
  for (const char* address : {"127.0.0.1",
                              "10.1.2.3",
                              "172.16.0.1",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "0.0.0.0",
                              "224.0.0.1",
                              "255.255.255.255",
                              "168.63.129.16",
                              "::1",
                              "::",
                              "fe80::1",
                              "fd00::1",
                              "ff02::1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::7f00:1",
                              "fd00:ec2::254",
                              "not an address",
                              ""}) {
    EXPECT_FALSE(list.allows({"hooks.example", 443, address})) << address;
  }
}

TEST(AllowList, AllowsWhatIsListedAndNothingElse) {
  AllowList list =
      listing({"10.20.0.0/16", "fd12::/16", "127.0.0.1:9443", "[::1]:9443", "Hooks.Corp.Example", "a.example:8443"});
  EXPECT_TRUE(list.allows({"x", 1, "10.20.255.1"}));
  EXPECT_TRUE(list.allows({"x", 1, "::ffff:10.20.0.1"}));
  EXPECT_FALSE(list.allows({"x", 1, "10.21.0.1"}));
  EXPECT_TRUE(list.allows({"x", 1, "fd12:1::1"}));
  EXPECT_FALSE(list.allows({"x", 1, "fd13::1"}));
  EXPECT_TRUE(list.allows({"x", 9443, "127.0.0.1"}));
  EXPECT_FALSE(list.allows({"x", 9444, "127.0.0.1"}));
  EXPECT_TRUE(list.allows({"x", 9443, "::1"}));
  EXPECT_TRUE(list.allows({"hooks.corp.example", 8080, "192.168.1.1"}));
  EXPECT_TRUE(list.allows({"hooks.corp.example.", 8080, "192.168.1.1"}));
  EXPECT_FALSE(list.allows({"other.corp.example", 8080, "192.168.1.1"}));
  EXPECT_TRUE(list.allows({"a.example", 8443, "93.184.216.34"}));
  EXPECT_FALSE(list.allows({"a.example", 443, "93.184.216.34"}));
  EXPECT_FALSE(list.allows({"x", 443, "93.184.216.34"})) << "without `public`, public addresses are refused too";
  EXPECT_TRUE(listing({"public"}).allows({"x", 443, "93.184.216.34"}));
  EXPECT_FALSE(listing({}).allows({"x", 443, "93.184.216.34"}));
}

TEST(AllowList, AListedNameNeverOpensMetadataAddresses) {
  AllowList list = listing({"hooks.corp.example"});
  for (const char* address :
       {"169.254.169.254", "168.63.129.16", "fe80::1", "224.0.0.1", "0.0.0.0", "::ffff:169.254.169.254"}) {
    EXPECT_FALSE(list.allows({"hooks.corp.example", 80, address})) << address;
  }
  EXPECT_TRUE(listing({"169.254.169.254"}).allows({"x", 80, "169.254.169.254"}));
}

TEST(AllowList, TellsWhatIsSurelyRefused) {
  AllowList list;
  EXPECT_TRUE(list.surely_refuses("127.0.0.1", 443));
  EXPECT_TRUE(list.surely_refuses("::1", 443));
  EXPECT_TRUE(list.surely_refuses("localhost", 443));
  EXPECT_TRUE(list.surely_refuses("a.localhost", 443));
  EXPECT_FALSE(list.surely_refuses("hooks.example", 443)) << "only resolving it can tell";
  EXPECT_FALSE(list.surely_refuses("93.184.216.34", 443));
  EXPECT_TRUE(listing({"a.example"}).surely_refuses("b.example", 443));
  EXPECT_FALSE(listing({"a.example", "10.0.0.0/8"}).surely_refuses("b.example", 443))
      << "it may resolve into the block";
  EXPECT_FALSE(listing({"localhost"}).surely_refuses("localhost", 443));
  EXPECT_FALSE(listing({"127.0.0.1:9443"}).surely_refuses("localhost", 9443));
}

TEST(AllowList, RefusesEntriesThatMeanNothing) {
  for (const char* entry :
       {"", "10.0.0.0/33", "10.0.0.0/", "fd00::/129", "a b", "*.example", "https://a.example",
        "a.example:", "a.example:0", "a.example:65536", "a.example:x", "1234", "a..b", "[::1", "-1"}) {
    auto list = AllowList::parse({entry});
    EXPECT_FALSE(list.ok()) << entry;
    EXPECT_EQ(list.ok() ? "" : list.failure().reason, "bad_allow_list");
  }
}

}  // namespace
}  // namespace wardbridge::http
