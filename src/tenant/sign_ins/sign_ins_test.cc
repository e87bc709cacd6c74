#include "tenant/sign_ins/sign_ins.h"

#include <gtest/gtest.h>

#include "support/empty_store.h"

namespace wardbridge::sign_ins {
namespace {

const directory::TenantId kTenant{"11111111-1111-1111-1111-111111111111"};
const directory::TenantId kOther{"22222222-2222-2222-2222-222222222222"};
const Time kNow = from_unix_seconds(1'800'000'000);

class SignIns : public testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
  }
  void add(SignInRecord one, Time now = kNow, const directory::TenantId& tenant = kTenant) {
    const Status status = store_->write([&](store::Transaction& tx) { return record(tx, tenant, one, now), done(); });
    ASSERT_TRUE(status.ok()) << status.failure().message;
  }
  Page page(int limit, std::optional<std::int64_t> cursor = {}, const directory::TenantId& tenant = kTenant) {
    return store_->read([&](store::Transaction& tx) -> Result<Page> { return list(tx, tenant, limit, cursor); })
        .value();
  }
  std::unique_ptr<store::Store> store_;
};

access::SignIn refused_sign_in() {
  access::SignIn sign_in{.now = kNow,
                         .user_id = "u1",
                         .resource_app_id = "crm",
                         .client_app_id = "portal",
                         .client_app_type = "browser",
                         .platform = "macOS"};
  sign_in.device = access::SignIn::DeviceClaim{.device_id = "d1",
                                               .display_name = "Ann's Mac",
                                               .enabled = true,
                                               .is_managed = true,
                                               .compliance_reason = "FileVault is off"};
  return sign_in;
}

std::vector<access::Policy> policies() {
  access::Policy require{.id = "p1", .display_name = "Require a compliant Mac"};
  require.include_users = {"All"};
  require.include_applications = {"All"};
  require.grant_controls = {access::Control::compliant_device};
  access::Policy off = require;
  off.id = "p2";
  off.display_name = "Off";
  off.state = access::PolicyState::disabled;
  return {require, off};
}

SignInRecord refused_record() {
  const access::SignIn sign_in = refused_sign_in();
  SignInRecord record = from_decision(sign_in, access::decide(sign_in, policies()));
  record.id = "s1";
  record.correlation_id = "c1";
  record.user_principal_name = "ann@example.org";
  record.user_display_name = "Ann";
  record.app_display_name = "Portal";
  record.resource_display_name = "CRM";
  record.ip_address = "192.0.2.1";
  record.user_agent = "agent";
  record.browser = "Safari";
  return record;
}

TEST_F(SignIns, ARefusalComesBackWholeAsGraphShowsIt) {
  add(refused_record());
  const auto found =
      store_
          ->read([](store::Transaction& tx) -> Result<std::optional<SignInRecord>> { return find(tx, kTenant, "s1"); })
          .value();
  ASSERT_TRUE(found);
  const json::Object shown = to_graph_json(*found);
  EXPECT_EQ(shown.at("createdDateTime").as_string(), to_iso8601(kNow, false));
  EXPECT_EQ(shown.at("conditionalAccessStatus").as_string(), "failure");
  const json::Object& status = shown.at("status").as_object();
  EXPECT_EQ(json::integer_at(status, "errorCode"), 53000);
  EXPECT_NE(json::text_at(status, "failureReason")->find("FileVault is off"), std::string_view::npos);
  const json::Object expected_device{
      {"deviceId", "d1"},     {"displayName", "Ann's Mac"}, {"operatingSystem", "macOS"},        {"browser", "Safari"},
      {"isCompliant", false}, {"isManaged", true},          {"trustType", "Azure AD registered"}};
  EXPECT_EQ(shown.at("deviceDetail"), json::Value(expected_device));
  const json::Array& applied = shown.at("appliedConditionalAccessPolicies").as_array();
  ASSERT_EQ(applied.size(), 2U);
  EXPECT_EQ(applied[0].at("result").as_string(), "failure");
  EXPECT_EQ(applied[0].at("enforcedGrantControls"), json::Value(json::Array{"RequireCompliantDevice"}));
  EXPECT_EQ(applied[1].at("result").as_string(), "notEnabled");
  EXPECT_EQ(shown.at("userPrincipalName").as_string(), "ann@example.org");
  EXPECT_EQ(shown.at("resourceDisplayName").as_string(), "CRM");
  EXPECT_EQ(shown.at("clientAppUsed").as_string(), "Browser");
}

TEST_F(SignIns, WhatIsStoredIsWhatWasRecorded) {
  SignInRecord before = refused_record();
  before.created = kNow;
  add(before);
  EXPECT_EQ(to_graph_json(page(1).records.at(0)), to_graph_json(before));
}

TEST_F(SignIns, StatusOfASignInThatNoPolicyTouched) {
  SignInRecord record;
  EXPECT_STREQ(conditional_access_status(record), "notApplied");
  record.policies.push_back({.id = "p", .display_name = "P", .result = access::PolicyResult::report_only_failure});
  EXPECT_STREQ(conditional_access_status(record), "notApplied");
  record.policies.push_back({.id = "q", .display_name = "Q", .result = access::PolicyResult::success});
  EXPECT_STREQ(conditional_access_status(record), "success");
}

TEST_F(SignIns, PagesNewestFirstWithoutGapOrRepeat) {
  for (int number = 0; number < 7; ++number) {
    SignInRecord one;
    one.id = std::to_string(number);
    add(one, kNow + seconds{number});
  }
  std::string order;
  std::optional<std::int64_t> cursor;
  int pages = 0;
  do {
    const Page found = page(3, cursor);
    for (const SignInRecord& one : found.records) order += one.id;
    cursor = found.cursor;
    ++pages;
  } while (cursor);
  EXPECT_EQ(order, "6543210");
  EXPECT_EQ(pages, 3);
  EXPECT_FALSE(page(7).cursor);
  EXPECT_TRUE(page(7, {}, kOther).records.empty());
}

}  // namespace
}  // namespace wardbridge::sign_ins
