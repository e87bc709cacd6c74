#include "tenant/directory/delta.h"

#include <set>

#include "tenant/graph/graph_fixture.h"

namespace wardbridge::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Delta : public Graph {
 protected:
  // Follows a link, or starts at a path with a query; the items of all pages, and the deltaLink in link_.
  std::vector<json::Object> round(const std::string& path, text::Form query = {}, Time at = kNow) {
    std::vector<json::Object> items;
    for (int page = 0; page < 50; ++page) {
      const json::Object body = get(path, query, at);
      for (const json::Value& item : body.at("value").as_array()) items.push_back(item.as_object());
      const auto next = json::text_at(body, "@odata.nextLink");
      const auto last = json::text_at(body, "@odata.deltaLink");
      EXPECT_NE(next.has_value(), last.has_value());
      link_ = std::string(next ? *next : last.value_or(""));
      if (last) return items;
      query = query_of(link_);
    }
    ADD_FAILURE() << "a round never ends";
    return items;
  }
  static text::Form query_of(const std::string& link) { return *text::parse_form(link.substr(link.find('?') + 1)); }
  std::vector<json::Object> next_round(const std::string& path, Time at = kNow) {
    return round(path, query_of(link_), at);
  }

  static std::vector<std::string> told(const std::vector<json::Object>& items) {
    std::vector<std::string> lines;
    for (const json::Object& item : items)
      lines.push_back(item.contains("@removed") ? "-" + std::string(item.at("id").as_string())
                                                : std::string(json::text_at(item, "displayName").value_or("")));
    return lines;
  }
  void change(const std::string& method, const std::string& path, const std::string& body) {
    const http::Response response = send(method, path, kEverything, {}, body);
    EXPECT_LT(response.status, 300) << response.body;
  }

  std::string link_;
};

TEST_F(Delta, TellsEverythingOnceAndThenWhatChanged) {
  const std::string path = "/v1.0/devices/delta";
  EXPECT_EQ(round(path).size(), 5U);
  EXPECT_TRUE(link_.starts_with("https://graph.test/v1.0/devices/delta?$deltatoken=")) << link_;
  EXPECT_THAT(next_round(path), IsEmpty());

  change("PATCH", "/v1.0/devices/" + kDeviceObject, R"({"displayName": "Renamed"})");
  change("PATCH", "/v1.0/devices/" + kDeviceObject, R"({"displayName": "Renamed again"})");
  change("DELETE", "/v1.0/devices/" + kDeviceObject.substr(0, 35) + "2", "");
  const auto items = next_round(path);
  EXPECT_THAT(told(items), UnorderedElementsAre("Renamed again", "-" + kDeviceObject.substr(0, 35) + "2"));
  EXPECT_THAT(next_round(path), IsEmpty());
}

TEST_F(Delta, AVerdictIsAChange) {
  round("/v1.0/devices/delta", {{"$select", "isCompliant"}});
  ASSERT_TRUE(store_
                  ->write([](store::Transaction& tx) -> Status {
                    TRY(directory::set_compliance(tx, kTenant, {kDevice},
                                                  {.is_compliant = false,
                                                   .is_managed = true,
                                                   .expiration = kNow + hours{1},
                                                   .mdm_app_id = directory::kIntuneAppId.value,
                                                   .partner_id = "p",
                                                   .epoch = 1,
                                                   .sequence = 2},
                                                  kAdmin, kNow));
                    return done();
                  })
                  .ok());
  const auto items = next_round("/v1.0/devices/delta");
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(json::to_text(items[0]),
            "{\"id\":\"" + kDeviceObject + "\",\"isCompliant\":false}");  // only what was selected
}

TEST_F(Delta, LatestStartsNow) {
  EXPECT_THAT(round("/v1.0/users/delta", {{"$deltaToken", "latest"}}), IsEmpty());
  change("PATCH", "/v1.0/users/" + kAnn, R"({"city": "Oslo"})");
  EXPECT_THAT(told(next_round("/v1.0/users/delta")), ElementsAre("Ann"));
}

TEST_F(Delta, MembersThatComeAndGoAreToldByGroup) {
  const std::string path = "/v1.0/groups/delta";
  const auto first = round(path);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].at("members@delta").as_array().size(), 2U);
  EXPECT_EQ(first[0].at("members@delta").at(0).at("@odata.type").as_string(), "#microsoft.graph.user");

  change("DELETE", "/v1.0/groups/" + kGroup + "/members/" + kAnn + "/$ref", "");
  change("POST", "/v1.0/groups/" + kGroup + "/members/$ref",
         R"({"@odata.id": "https://x/)" + kDeviceObject.substr(0, 35) + "2\"}");
  const auto then = next_round(path);
  ASSERT_EQ(then.size(), 1U);
  const json::Array& members = then[0].at("members@delta").as_array();
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].at("id").as_string(), kAnn);
  EXPECT_EQ(members[0].at("@removed").at("reason").as_string(), "deleted");
  EXPECT_EQ(members[1].at("id").as_string(), kDeviceObject.substr(0, 35) + "2");

  // A change of the group alone says nothing of its members.
  change("PATCH", "/v1.0/groups/" + kGroup, R"({"description": "x"})");
  EXPECT_FALSE(next_round(path)[0].contains("members@delta"));
  // Who doesn't select members is told none.
  EXPECT_FALSE(round(path, {{"$select", "displayName"}})[0].contains("members@delta"));
  EXPECT_TRUE(round(path, {{"$select", "displayName,members"}})[0].contains("members@delta"));
}

TEST_F(Delta, AGroupWithVeryManyMembersStandsOnSeveralPages) {
  const std::string small = "ffffffff-0000-0000-0000-000000000001";
  const auto member = [](int number) {
    return directory::ObjectId{"aaaaaaaa-0000-0000-0000-00000000" + std::to_string(number)};
  };
  const auto on_all = [&](auto change_one) {
    Status status = store_->write([&](store::Transaction& tx) -> Status {
      for (int number = 1000; number < 3500; ++number) TRY(change_one(tx, number));
      return done();
    });
    ASSERT_TRUE(status.ok()) << status.failure().message;
  };
  on_all([&](store::Transaction& tx, int number) -> Status {
    if (number == 1000)
      TRY(directory::create_group(tx, kTenant, {.id = {small}, .display_name = "Small"}, kAdmin, kNow));
    TRY(directory::create_user(tx, kTenant,
                               {.id = member(number), .user_principal_name = std::to_string(number) + "@example.org"},
                               kAdmin, kNow));
    return directory::add_member(tx, kTenant, {kGroup}, member(number), kAdmin, kNow);
  });
  const std::string path = "/v1.0/groups/delta";
  const auto told_members = [](const std::vector<json::Object>& items) {
    std::multiset<std::string> ids;
    for (const json::Object& item : items) {
      if (!item.contains("members@delta")) continue;
      EXPECT_LE(item.at("members@delta").as_array().size(), 1000U);
      for (const json::Value& one : item.at("members@delta").as_array()) ids.emplace(one.at("id").as_string());
    }
    return ids;
  };
  const auto first = round(path);
  const auto all = told_members(first);
  EXPECT_EQ(all.size(), 2502U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 2502U) << "each once";
  EXPECT_EQ(first.size(), 4U) << "three parts of the large group, and the small one";
  EXPECT_THAT(next_round(path), IsEmpty());

  on_all([&](store::Transaction& tx, int number) {
    return directory::remove_member(tx, kTenant, {kGroup}, member(number), kAdmin, kNow);
  });
  change("POST", "/v1.0/groups/" + small + "/members/$ref", R"({"@odata.id": "https://x/)" + kAnn + "\"}");
  const auto then = next_round(path);
  EXPECT_EQ(told_members(then).size(), 2501U);
  EXPECT_EQ(then.size(), 4U);
  EXPECT_THAT(next_round(path), IsEmpty());
}

// More objects than a page, changed while a reader pages through them: nothing may be missed.
TEST_F(Delta, WhatChangesWhileAReaderPagesIsToldAfterwards) {
  ASSERT_TRUE(store_
                  ->write([](store::Transaction& tx) -> Status {
                    for (int number = 1000; number < 1450; ++number) {
                      directory::Device device;
                      device.id = {"eeeeeeee-0000-0000-0000-00000000" + std::to_string(number)};
                      device.device_id = {"dddddddd-0000-0000-0000-00000000" + std::to_string(number)};
                      device.display_name = "Mac " + std::to_string(number);
                      TRY(directory::create_device(tx, kTenant, device, kAdmin, kNow));
                    }
                    return done();
                  })
                  .ok());
  const std::string path = "/v1.0/devices/delta";
  const json::Object first = get(path);
  ASSERT_TRUE(first.contains("@odata.nextLink"));
  change("PATCH", "/v1.0/devices/" + kDeviceObject, R"({"displayName": "Renamed"})");  // is on the first page
  const auto rest = round(path, query_of(std::string(first.at("@odata.nextLink").as_string())));
  EXPECT_EQ(first.at("value").as_array().size() + rest.size(), 455U);
  EXPECT_THAT(told(next_round(path)), ElementsAre("Renamed"));

  // The log is paged, too.
  ASSERT_TRUE(store_
                  ->write([](store::Transaction& tx) -> Status {
                    for (int number = 1000; number < 1450; ++number) {
                      auto device = directory::find_device(
                          tx, kTenant, {"dddddddd-0000-0000-0000-00000000" + std::to_string(number)});
                      device->model = "M" + std::to_string(number);
                      TRY(directory::update_device(tx, kTenant, *device, kAdmin, kNow));
                    }
                    return done();
                  })
                  .ok());
  EXPECT_EQ(next_round(path).size(), 450U);
  EXPECT_THAT(next_round(path), IsEmpty());
}

TEST_F(Delta, AnOldTokenStartsAgain) {
  round("/v1.0/users/delta");
  const Time later = kNow + directory::kRemovalsRemembered + seconds{1};
  const http::Response response = send("GET", "/v1.0/users/delta", kEverything, query_of(link_), "", later);
  EXPECT_EQ(response.status, 410);
  EXPECT_EQ(error_code(response), "syncStateNotFound");
  EXPECT_EQ(response.headers.get("Location"), "https://graph.test/v1.0/users/delta");
  EXPECT_THAT(next_round("/v1.0/users/delta", later - seconds{1}), IsEmpty());

  // Removals that nobody can ask for any more are forgotten.
  const std::int64_t before = store_
                                  ->read([](store::Transaction& tx) -> Result<std::int64_t> {
                                    return tx.query("SELECT COUNT(*) FROM directory_object_change").front().integer(0);
                                  })
                                  .value();
  change("DELETE", "/v1.0/users/" + kAnn, "");
  const auto count_after = [&](Time at) {
    return store_
        ->write([&](store::Transaction& tx) -> Result<std::int64_t> {
          directory::trim_changes(tx, kTenant, at);
          return tx.query("SELECT COUNT(*) FROM directory_object_change").front().integer(0);
        })
        .value();
  };
  EXPECT_EQ(count_after(kNow), before);
  EXPECT_EQ(count_after(later), before - 1);
}

TEST_F(Delta, TokensAndOptionsAreChecked) {
  const auto refused = [&](const std::string& path, const text::Form& query) {
    const http::Response response = send("GET", path, kEverything, query);
    EXPECT_EQ(response.status, 400) << path << text::to_form(query);
    return response.body;
  };
  EXPECT_THAT(refused("/v1.0/users/delta", {{"$deltatoken", "x"}}), HasSubstr("delta token"));
  EXPECT_THAT(refused("/v1.0/users/delta", {{"$skiptoken", text::to_base64url("[1,2,3]")}}), HasSubstr("delta token"));
  EXPECT_THAT(refused("/v1.0/users/delta", {{"$select", "colour"}}), HasSubstr("colour"));
  EXPECT_THAT(refused("/v1.0/users/delta", {{"$orderby", "displayName"}}), HasSubstr("$orderby"));
  EXPECT_THAT(refused("/v1.0/users/delta", {{"$filter", "city eq 'x'"}}), HasSubstr("ids"));
  round("/v1.0/users/delta");
  EXPECT_THAT(refused("/v1.0/devices/delta", query_of(link_)), HasSubstr("delta token"));  // another collection's
  EXPECT_THAT(told(round("/v1.0/devices/delta", {{"$filter", "id eq '" + kDeviceObject + "' or id eq '" +
                                                                 kDeviceObject.substr(0, 35) + "3'"}})),
              ElementsAre("Mac 1", "Mac 3"));
}

}  // namespace
}  // namespace wardbridge::graph
