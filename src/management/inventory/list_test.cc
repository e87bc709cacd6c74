#include <fstream>

#include "base/text.h"
#include "management/inventory/inventory.h"
#include "management/inventory/inventory_testing.h"
#include "management/inventory/rsql.h"

namespace wardbridge::inventory {
namespace {

// The fleet that tests/cases/inventory/filters.case describes.
class ListTest : public StoreTest {
 protected:
  ListTest() {
    add("4C4C4544-0000-4000-8000-00000000000A",
        R"({"general":{"name":"Ann's Mac","assetTag":"A-1","reportDate":"2026-11-20T08:00:00Z",
            "remoteManagement":{"managed":true}},
            "hardware":{"serialNumber":"C02ANN","appleSilicon":true},"operatingSystem":{"version":"14.1.2"},
            "diskEncryption":{"fileVault2Enabled":true},"userAndLocation":{"username":"ann"},
            "purchasing":{"purchased":true}})");
    add("4C4C4544-0000-4000-8000-00000000000B",
        R"({"general":{"name":"bob-air","reportDate":"2026-11-21T08:00:00Z","remoteManagement":{"managed":true}},
            "hardware":{"serialNumber":"C02BOB","appleSilicon":true},"operatingSystem":{"version":"14.10"},
            "diskEncryption":{"fileVault2Enabled":false},"userAndLocation":{"username":"bob"}})");
    add("4C4C4544-0000-4000-8000-00000000000C",
        R"x({"general":{"name":"Carol (old)","reportDate":"2026-11-22T08:00:00Z"},
            "hardware":{"serialNumber":"C02CAR","appleSilicon":false},"operatingSystem":{"version":"9.2.2"},
            "purchasing":{"lifeExpectancy":3}})x");
    add("", R"({"general":{"name":"\"dave\""}})");
  }

  void add(const std::string& udid, std::string_view body) {
    create({.udid = udid, .sections = sections_of(body), .management_id = "m-" + udid});
  }
  Result<Page> listed(const Query& query) {
    return store_->read([&](store::Transaction& tx) { return list(tx, query); });
  }
  static std::string names(const Page& page) {
    std::vector<std::string> names;
    for (const Computer& computer : page.computers) names.push_back(computer.name);
    return names.empty() ? "nothing" : text::join(names, " | ");
  }
  std::string outcome(const Query& query) {
    auto page = listed(query);
    return page.ok() ? names(*page) : "! " + page.failure().reason;
  }
};

TEST_F(ListTest, FiltersFindWhatTheirCasesSay) {
  std::ifstream cases("tests/cases/inventory/filters.case");
  ASSERT_TRUE(cases) << "run from the project's root";
  int checked = 0;
  for (std::string line; std::getline(cases, line);) {
    if (text::trim(line).empty() || line.starts_with('#')) continue;
    auto arrow = line.rfind("=> ");
    ASSERT_NE(arrow, std::string::npos) << line;
    Query query{.filter = std::string(text::trim(line.substr(0, arrow)))};
    EXPECT_EQ(outcome(query), text::trim(line.substr(arrow + 3))) << query.filter;
    ++checked;
  }
  EXPECT_GE(checked, 80);
}

TEST_F(ListTest, SortsByWhatIsAskedAndByNameOtherwise) {
  EXPECT_EQ(outcome({}), R"("dave" | Ann's Mac | bob-air | Carol (old))");
  EXPECT_EQ(outcome({.sort = "id:desc"}), R"("dave" | Carol (old) | bob-air | Ann's Mac)");
  EXPECT_EQ(outcome({.sort = "id"}), R"(Ann's Mac | bob-air | Carol (old) | "dave")");
  EXPECT_EQ(outcome({.sort = "general.name:DESC"}), R"(Carol (old) | bob-air | Ann's Mac | "dave")");
  EXPECT_EQ(outcome({.sort = "general.name:dsec"}), R"("dave" | Ann's Mac | bob-air | Carol (old))");
  EXPECT_EQ(outcome({.sort = "operatingSystem.version:asc"}), R"("dave" | Carol (old) | Ann's Mac | bob-air)");
  EXPECT_EQ(outcome({.sort = "general.reportDate:desc"}), R"(Carol (old) | bob-air | Ann's Mac | "dave")");
  // The second property orders those that the first can't tell apart.
  EXPECT_EQ(outcome({.sort = "general.assetTag:desc,general.name:desc"}),
            R"(Ann's Mac | Carol (old) | bob-air | "dave")");
  EXPECT_EQ(outcome({.sort = "applications.name"}), "! invalid_field");
  EXPECT_EQ(outcome({.sort = "hardware.serialNumber"}), "! invalid_field");  // to filter by only
  EXPECT_EQ(listed({.sort = "nope:asc"}).failure().where, "sort");
}

TEST_F(ListTest, PagesCoverTheListOnceAndEndInAnEmptyOne) {
  EXPECT_EQ(outcome({.page = 0, .page_size = 3}), R"("dave" | Ann's Mac | bob-air)");
  EXPECT_EQ(outcome({.page = 1, .page_size = 3}), "Carol (old)");
  auto past = listed({.page = 2, .page_size = 3});
  ASSERT_TRUE(past.ok());
  EXPECT_EQ(past->total_count, 4);
  EXPECT_TRUE(past->computers.empty());
  EXPECT_EQ(outcome({.page = -1, .page_size = 0}), R"("dave")");
  EXPECT_EQ(listed({.page = 0, .page_size = 1, .filter = "id=gt=1"})->total_count, 3);
}

// Of equal names the lower id comes first, whichever way the list goes and whoever sorts it.
TEST_F(ListTest, TheStoreSortsAsThisRoomDoes) {
  for (const char* name : {"BOB-AIR", "bob-air", "eve", "Eve"})
    add("", std::string(R"({"general":{"name":")") + name + R"("}})");
  for (const std::string sort : {"general.name", "general.name:desc", "id", "id:desc"}) {
    for (int page = 0; page < 4; ++page) {
      auto by_the_store = listed({.page = page, .page_size = 3, .sort = sort});
      auto here = listed({.page = page, .page_size = 3, .sort = sort, .filter = "id=ge=0"});
      ASSERT_TRUE(by_the_store.ok() && here.ok());
      EXPECT_EQ(by_the_store->total_count, 8);
      EXPECT_EQ(here->total_count, 8);
      std::vector<std::int64_t> ids[2];
      for (const Computer& computer : by_the_store->computers) ids[0].push_back(computer.id.value);
      for (const Computer& computer : here->computers) ids[1].push_back(computer.id.value);
      EXPECT_EQ(ids[0], ids[1]) << sort << ", page " << page;
    }
  }
}

TEST_F(ListTest, LoadsOnlyTheSectionsThatAreAskedFor) {
  auto page = listed({.filter = "diskEncryption.fileVault2Enabled==true", .sections = {Section::hardware}});
  ASSERT_EQ(page->computers.size(), 1u);
  EXPECT_EQ(page->computers[0].sections.size(), 1u);
  EXPECT_TRUE(page->computers[0].sections.contains(Section::hardware));
}

TEST_F(ListTest, FieldsBelongToTheirApiVersions) {
  EXPECT_EQ(outcome({.filter = "general.lastContactTime>2020-01-01", .api_version = 3}), "nothing");
  EXPECT_EQ(outcome({.filter = "general.lastCheckIn>2020-01-01", .api_version = 3}), "! invalid_field");
  EXPECT_EQ(outcome({.filter = "general.lastCheckIn>2020-01-01", .api_version = 4}), "nothing");
  EXPECT_EQ(outcome({.sort = "general.lastContactTime", .api_version = 4}), "! invalid_field");
}

TEST_F(ListTest, AnOversizedFilterIsRefused) {
  std::string many = "id==1";
  for (int i = 0; i < 200; ++i) many += ",id==1";
  EXPECT_EQ(outcome({.filter = many}), "! filter_too_large");
  EXPECT_EQ(outcome({.filter = "general.name==" + std::string(5000, 'a')}), "! filter_too_large");
  EXPECT_EQ(outcome({.filter = std::string(40, '(') + "id==1" + std::string(40, ')')}), "! filter_too_large");
  EXPECT_EQ(outcome({.filter = std::string(30, '(') + "id==1" + std::string(30, ')')}), "Ann's Mac");
  EXPECT_EQ(outcome({.filter = "general.name==" + std::string(2000, '*') + "x"}), "nothing");
}

TEST(Rsql, SaysWhereAFilterIsWrong) {
  auto wrong = rsql::parse("id==1;general.name=x");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.failure().where, "filter");
  EXPECT_NE(wrong.failure().message.find("position 19"), std::string::npos) << wrong.failure().message;
  EXPECT_NE(rsql::parse("id==\"abc").failure().message.find("position 5"), std::string::npos);
  EXPECT_NE(rsql::parse("").failure().message.find("the end"), std::string::npos);
}

TEST(Rsql, ReadsEveryOperator) {
  using rsql::Operator;
  const std::pair<const char*, Operator> kOperators[] = {{"==", Operator::equal},
                                                         {"!=", Operator::not_equal},
                                                         {"<", Operator::less},
                                                         {"=lt=", Operator::less},
                                                         {"<=", Operator::less_or_equal},
                                                         {"=le=", Operator::less_or_equal},
                                                         {">", Operator::greater},
                                                         {"=gt=", Operator::greater},
                                                         {">=", Operator::greater_or_equal},
                                                         {"=ge=", Operator::greater_or_equal}};
  for (const auto& [spelling, meaning] : kOperators) {
    auto node = rsql::parse("a.b" + std::string(spelling) + "'c d'");
    ASSERT_TRUE(node.ok()) << spelling;
    EXPECT_EQ(node->comparison, meaning) << spelling;
    EXPECT_EQ(node->selector, "a.b");
    EXPECT_EQ(node->arguments, std::vector<std::string>{"c d"});
  }
  EXPECT_EQ(rsql::parse("a=in=(b,'c')")->comparison, Operator::in);
  EXPECT_EQ(rsql::parse("a=out=(b,'c')")->arguments, (std::vector<std::string>{"b", "c"}));
}

}  // namespace
}  // namespace wardbridge::inventory
