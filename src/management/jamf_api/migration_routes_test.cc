// What the routes of a migration ask for and refuse. (tests/protocol/migration_test.cc has what they do, over the
// wire.)
#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

class MigrationRoutes : public Face {
 protected:
  static constexpr const char* kMigration = "/api/v1/wardbridge/migration";

  std::string create_road(const std::string& name) {
    Answer made = post("/api/v1/wardbridge/connections",
                       json::to_text(json::Object{{"name", name},
                                                  {"tenant", "contoso.example"},
                                                  {"clientId", "0b9c6f1a-2f4d-4a0c-8f55-7a6f2b1c9d77"},
                                                  {"clientSecret", "a-secret-nobody-may-see"},
                                                  {"enrollmentUrl", "https://jamf.example/enroll"},
                                                  {"remediationUrl", "https://jamf.example/fix"}}));
    EXPECT_EQ(made.status, 201) << made.text;
    return made.at("id");
  }
  void enable_by(const std::string& connection) {
    std::string everyone = create_group("Everyone", "[" + criterion("Computer Name", "is not", "") + "]");
    Answer set = put("/api/v1/wardbridge/device-compliance", json::to_text(json::Object{{"enabled", true},
                                                                                        {"complianceGroupId", everyone},
                                                                                        {"applicableGroupId", everyone},
                                                                                        {"connectionId", connection}}));
    EXPECT_EQ(set.status, 200) << set.text;
  }
  Answer start(const json::Object& body) { return post(kMigration, json::to_text(body)); }
};

TEST_F(MigrationRoutes, PrivilegesAreAskedFor) {
  std::string reader = client("reader", {"Read Conditional Access"});
  std::string stranger = client("stranger", {"Read Computers"});
  for (const char* path : {"", "/report"}) {
    EXPECT_NE(send_as(reader, "GET", std::string(kMigration) + path).status, 403);
    EXPECT_EQ(send_as(stranger, "GET", std::string(kMigration) + path).status, 403);
  }
  for (const char* path : {"", "/cut-over", "/roll-back", "/finish"}) {
    EXPECT_EQ(send_as(reader, "POST", std::string(kMigration) + path).status, 403) << path;
  }
}

TEST_F(MigrationRoutes, WhatCantBeStartedIsNamed) {
  EXPECT_EQ(get(kMigration).at("phase"), "none");
  expect_error(post(std::string(kMigration) + "/cut-over", ""), 409, "NOT_MIGRATING");
  expect_error(post(std::string(kMigration) + "/cut-over", "[]"), 400, "INVALID_JSON");
  std::string first = create_road("First"), second = create_road("Second");
  expect_error(start({{"connectionId", second}}), 409, "NOT_ENABLED");
  enable_by(first);
  expect_error(start({}), 400, "INVALID_FIELD", "connectionId");
  expect_error(start({{"connectionId", "x"}}), 400, "INVALID_ID", "connectionId");
  expect_error(start({{"connectionId", "4711"}}), 400, "INVALID_FIELD", "connectionId");
  expect_error(start({{"connectionId", first}}), 409, "SAME_CONNECTION");
  expect_error(start({{"connectionId", second}, {"complianceGroupId", "4711"}}), 400, "INVALID_FIELD",
               "complianceGroupId");
  ASSERT_EQ(post("/api/v1/wardbridge/connections/" + second + "/disable", "").status, 204);
  expect_error(start({{"connectionId", second}}), 409, "TARGET_IS_OFF");
}

TEST_F(MigrationRoutes, EveryStepHasItsAuditRowAndIsShownWithWhoDidIt) {
  std::string first = create_road("First"), second = create_road("Second");
  enable_by(first);
  Answer started = start({{"connectionId", second}});
  ASSERT_EQ(started.status, 201) << started.text;
  EXPECT_EQ(started.at("from.name"), "First");
  EXPECT_EQ(started.at("to.name"), "Second");
  EXPECT_EQ(started.at("to.lane"), "rehearsing");
  EXPECT_EQ(started.at("to.complianceGroup.name"), "Everyone");
  EXPECT_EQ(started.at("startedBy"), "almighty");
  while (pipeline_->run_once(now_) <= now_) {
  }
  expect_error(post(std::string(kMigration) + "/cut-over", ""), 409, "TARGET_NOT_ACTIVE");
  expect_error(post(std::string(kMigration) + "/finish", ""), 409, "NOT_CUT_OVER");
  Answer cut_over = post(std::string(kMigration) + "/cut-over", R"({"evenIfNotActive":true})");
  ASSERT_EQ(cut_over.status, 200) << cut_over.text;
  EXPECT_EQ(cut_over.at("phase"), "cutOver");
  EXPECT_EQ(cut_over.at("from.state"), "terminating");
  EXPECT_EQ(get("/api/v1/wardbridge/device-compliance").at("connectionId"), second);
  ASSERT_EQ(post(std::string(kMigration) + "/roll-back", "").at("phase"), "rolledBack");
  EXPECT_EQ(get("/api/v1/wardbridge/device-compliance").at("connectionId"), first);
  Answer log = get("/api/v1/wardbridge/change-management-log?objectType=Conditional%20Access");
  for (const char* phase : {"rehearsing", "cutOver", "rolledBack"}) {
    EXPECT_NE(log.text.find(phase), std::string::npos) << phase << " in " << log.text;
  }
}

}  // namespace
}  // namespace wardbridge::jamf_api
