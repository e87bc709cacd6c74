#include "tenant/graph/odata.h"

#include <gtest/gtest.h>

namespace wardbridge::graph {
namespace {

const ResourceType& type() {
  static const ResourceType kType{"test.thing",
                                  {{"id"},
                                   {"displayName"},
                                   {"size", PropertyType::integer},
                                   {"secret", PropertyType::text, false},
                                   {"tags", PropertyType::collection}}};
  return kType;
}

http::Request request_for(const text::Form& options, bool eventual = false) {
  http::Request request;
  request.method = "GET";
  request.path = "/v1.0/things";
  request.query = text::to_form(options);
  if (eventual) request.headers.set("ConsistencyLevel", "eventual");
  return request;
}

std::vector<json::Object> things(int count) {
  std::vector<json::Object> items;
  for (int i = 0; i < count; ++i)
    items.push_back({{"id", "id" + std::to_string(100 + i)},
                     {"displayName", "Thing " + std::to_string(i % 3)},
                     {"size", i},
                     {"secret", "s"},
                     {"tags", json::Array{}}});
  return items;
}

const CollectionRules kRules{.page_size = 4, .page_size_largest = 9, .skip = true};

std::string ids_of(const Page& page) {
  std::string ids;
  for (const json::Value& item : page.items) ids += std::string(item.at("id").as_string()).substr(3) + " ";
  return ids;
}

std::string reason_of(const text::Form& options, const CollectionRules& rules = kRules, bool eventual = false) {
  const auto query = Query::parse(request_for(options, eventual), type(), rules);
  return query.ok() ? "parsed" : query.failure().reason;
}

TEST(Query, OrdersByNameThenIdAndPagesOverTies) {
  std::string seen;
  text::Form options;
  for (int page_number = 0; page_number < 10; ++page_number) {
    const auto query = Query::parse(request_for(options), type(), kRules);
    ASSERT_TRUE(query.ok());
    const auto page = query->page(things(10));
    ASSERT_TRUE(page.ok()) << page.failure().message;
    seen += ids_of(*page);
    if (page->skip_token.empty()) break;
    options = *text::parse_form(query->next_query(page->skip_token));
  }
  EXPECT_EQ(seen, "00 03 06 09 01 04 07 02 05 08 ");
}

TEST(Query, APageNeitherRepeatsNorLeavesOutWhenItemsComeAndGo) {
  const auto query = Query::parse(request_for({{"$orderby", "size desc"}, {"$top", "3"}}), type(), kRules);
  const auto first = query->page(things(8));
  EXPECT_EQ(ids_of(*first), "07 06 05 ");
  std::vector<json::Object> changed = things(10);  // two came, at the front
  changed.erase(changed.begin() + 5);              // and the last one shown has gone
  const auto next = Query::parse(request_for(*text::parse_form(query->next_query(first->skip_token))), type(), kRules);
  ASSERT_TRUE(next.ok()) << next.failure().message;
  EXPECT_EQ(ids_of(*next->page(changed)), "04 03 02 ");
}

TEST(Query, FilterSelectAndCountWorkTogether) {
  const auto query =
      Query::parse(request_for({{"$filter", "size ge 2"}, {"$select", "size,id"}, {"$count", "true"}, {"$top", "1"}}),
                   type(), kRules);
  ASSERT_TRUE(query.ok());
  const auto page = query->page(things(5));
  EXPECT_EQ(page->count, 3U);
  EXPECT_EQ(json::to_text(page->items), R"([{"size":3,"id":"id103"}])");
}

TEST(Query, ShowsWhatIsShownByDefaultOnly) {
  const auto query = Query::parse(request_for({}), type(), kRules);
  EXPECT_FALSE(query->select(things(1)[0]).contains("secret"));
  const auto asking = Query::parse(request_for({{"$select", "secret"}}), type(), kRules);
  EXPECT_EQ(json::to_text(asking->select(things(1)[0])), R"({"secret":"s"})");
}

TEST(Query, SkipsWhereThatIsAllowed) {
  const auto query = Query::parse(request_for({{"$skip", "8"}, {"$orderby", "size"}}), type(), kRules);
  EXPECT_EQ(ids_of(*query->page(things(10))), "08 09 ");
  const auto beyond = Query::parse(request_for({{"$skip", "80"}}), type(), kRules);
  EXPECT_EQ(ids_of(*beyond->page(things(10))), "");
  EXPECT_EQ(reason_of({{"$skip", "1"}}, kDirectoryRules), "unsupported_query");
}

TEST(Query, RefusesWhatItCannotAnswer) {
  EXPECT_EQ(reason_of({{"$expand", "x"}}), "unsupported_query");
  EXPECT_EQ(reason_of({{"$search", "x"}}), "unsupported_query");
  EXPECT_EQ(reason_of({{"$nonsense", "x"}}), "unsupported_query");
  EXPECT_EQ(reason_of({{"plain", "x"}}), "parsed");
  EXPECT_EQ(reason_of({{"$top", "2"}, {"$top", "3"}}), "bad_query");
  for (const char* top : {"0", "10", "-1", "many", ""}) EXPECT_EQ(reason_of({{"$top", top}}), "bad_page_size") << top;
  EXPECT_EQ(reason_of({{"$top", "9"}}), "parsed");
  EXPECT_EQ(reason_of({{"$select", "colour"}}), "unknown_property");
  EXPECT_EQ(reason_of({{"$select", ""}}), "unknown_property");
  EXPECT_EQ(reason_of({{"$orderby", "colour"}}), "unknown_property");
  EXPECT_EQ(reason_of({{"$orderby", "tags"}}), "unsupported_query");
  EXPECT_EQ(reason_of({{"$orderby", "size down"}}), "bad_query");
  EXPECT_EQ(reason_of({{"$count", "yes"}}), "bad_query");
  EXPECT_EQ(reason_of({{"$skip", "-1"}}), "bad_query");
  EXPECT_EQ(reason_of({{"$orderby", "size"}}, kLogRules), "unsupported_query");
  EXPECT_EQ(reason_of({{"$orderby", "createdDateTime desc"}}, kLogRules), "parsed");
  EXPECT_EQ(reason_of({{"$count", "true"}}, kLogRules), "unsupported_query");
}

TEST(Query, RefusesAForgedSkipToken) {
  for (const char* token : {"x", "bnVsbA", "W10", "WzEsMiwzXQ"}) {
    const auto query = Query::parse(request_for({{"$skiptoken", token}}), type(), kRules);
    ASSERT_TRUE(query.ok());
    EXPECT_FALSE(query->page(things(3)).ok()) << token;
  }
}

TEST(Query, DirectoryObjectsAnswerAdvancedQueriesToThoseWhoAcceptEventualConsistency) {
  const text::Form advanced[] = {
      {{"$filter", "size ne 2"}},
      {{"$filter", "not (size eq 2)"}},
      {{"$filter", "endswith(displayName,'x')"}},
      {{"$filter", "size eq 2"}, {"$orderby", "displayName"}},
      {{"$count", "true"}},
  };
  for (const text::Form& options : advanced) {
    EXPECT_EQ(reason_of(options, kDirectoryRules), "advanced_query") << text::to_form(options);
    text::Form counted = options;
    if (!text::form_value(counted, "$count")) counted.emplace_back("$count", "true");
    EXPECT_EQ(reason_of(counted, kDirectoryRules, true), "parsed") << text::to_form(options);
  }
  EXPECT_EQ(reason_of({{"$filter", "size eq 2"}}, kDirectoryRules), "parsed");
  EXPECT_EQ(reason_of({{"$orderby", "displayName"}}, kDirectoryRules), "parsed");
}

}  // namespace
}  // namespace wardbridge::graph
