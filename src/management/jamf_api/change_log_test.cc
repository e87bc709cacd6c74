#include "management/jamf_api/change_log.h"

#include "management/jamf_api/face_under_test.h"

namespace wardbridge::jamf_api {
namespace {

TEST(ChangeLogText, IsTheVendorsFormat) {
  audit::StoredEntry row{
      .sequence = 7,
      .entry = {.time = parse_iso8601("2026-11-03T18:00:05Z").value(),
                .actor = {.kind = audit::Actor::Kind::user, .id = "1", .name = "ada", .address = "192.0.2.9"},
                .action = "update",
                .object_type = "Conditional Access",
                .object_id = "4",
                .object_name = "Conditional Access",
                .details = {{"tenant", json::Object{{"old", "a.example"}, {"new", "b.example"}}},
                            {"clientSecret", "changed"}}}};
  EXPECT_EQ(change_log_text(row),
            "[ada (ID: 1)] [UPDATE] [Conditional Access] [Tue Nov 03 18:00:05 UTC 2026]\n"
            "----------\n"
            "Object....................Conditional Access (4)\n"
            "tenant....................a.example -> b.example\n"
            "clientSecret..............changed\n"
            "----------\n");
}

TEST(ChangeLogText, NobodyWritesAnEntryInAnothersName) {
  audit::StoredEntry row{.sequence = 7,
                         .entry = {.time = kEpoch,
                                   .actor = {.name = "x\n[root (ID: 0)] [DELETE]"},
                                   .action = "update",
                                   .object_type = "Computer",
                                   .object_id = "1",
                                   .object_name = "Mac\r\n[root",
                                   .details = {{"name", "a\n[root (ID: 0)] [DELETE] [Computer] [x]"}}}};
  std::string text = change_log_text(row);
  EXPECT_EQ(text.find("\n["), std::string::npos) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

class ChangeLogRoutes : public Face {};

TEST_F(ChangeLogRoutes, ConditionalAccessIsFoundByItsObjectType) {
  ASSERT_EQ(put("/api/v1/wardbridge/conditional-access",
                R"({"tenantName":"contoso.example","applicationId":"0b9c6f1a-2f4d-4a0c-8f55-7a6f2b1c9d77",)"
                R"("clientSecret":"a-secret-nobody-may-see"})")
                .status,
            200);
  ASSERT_EQ(put("/api/v1/wardbridge/conditional-access", R"({"sovereignCloud":"china"})").status, 200);
  Answer found = get("/api/v1/wardbridge/change-management-log?objectType=Conditional%20Access");
  EXPECT_EQ(found.at("results.0.action"), "UPDATE");
  EXPECT_EQ(found.at("results.0.details.sovereignCloud.new"), "china") << found.text;
  EXPECT_EQ(found.at("results.1.action"), "CREATE");
  EXPECT_EQ(found.text.find("a-secret-nobody-may-see"), std::string::npos);
  Answer older = get("/api/v1/wardbridge/change-management-log?objectType=Conditional%20Access&before=" +
                     found.at("results.0.id"));
  EXPECT_EQ(older.at("results.0.id"), found.at("results.1.id"));
  EXPECT_EQ(get("/api/v1/wardbridge/change-management-log?before=x").status, 400);
}

}  // namespace
}  // namespace wardbridge::jamf_api
