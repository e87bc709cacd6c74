// The network against judge(): random programs, some of which name others, over random rows that change as time passes.
#include "criteria/network.h"

#include <gtest/gtest.h>

#include "criteria/test_facts.h"

namespace wardbridge::criteria {
namespace {

const Time kBegin = *parse_iso8601("2026-11-23T12:00:00Z");

std::uint64_t next_random(std::uint64_t& state) {  // splitmix64
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

class Fleet {
 public:
  explicit Fleet(std::uint64_t seed)
      : random_(seed),
        definitions_(test_definitions()),
        table_(definitions_, {{kApplicationTitle, kApplicationVersion}}) {}

  std::size_t below(std::size_t limit) { return next_random(random_) % limit; }
  std::string one_of(const std::vector<std::string>& words) { return words[below(words.size())]; }

  Criterion random_criterion(std::size_t groups) {
    static const std::vector<std::string> texts = {"", "lab-1", "LAB", "mac", "b"};
    static const std::vector<std::string> versions = {"", "14", "14.1", "9.9"};
    Criterion criterion;
    switch (below(groups == 0 ? 8 : 9)) {
      case 0:
        criterion = {.name = "Computer Name",
                     .search_type = one_of({"is", "is not", "like", "matches regex"}),
                     .value = one_of(texts)};
        break;
      case 1:
        criterion = {.name = "Total RAM MB",
                     .search_type = one_of({"is", "more than", "less than"}),
                     .value = one_of({"1", "2", "3"})};
        break;
      case 2:
        criterion = {.name = "Last Inventory Update",
                     .search_type = one_of({"more than x days ago", "less than x days ago"}),
                     .value = one_of({"0", "1", "2"})};
        break;
      case 3:
        criterion = {.name = "MDM Profile Expiration Date",
                     .search_type = one_of({"in more than x days", "in less than x days", "before (yyyy-mm-dd)"})};
        criterion.value = criterion.search_type.starts_with("before") ? "2026-11-24" : one_of({"1", "2"});
        break;
      case 4:
        criterion = {.name = one_of({"FileVault 2 Status", "Gatekeeper"}), .search_type = one_of({"is", "is not"})};
        criterion.value =
            criterion.name == "Gatekeeper" ? one_of({"", "Off", "Not collected"}) : one_of({"", "Not Encrypted"});
        break;
      case 5:
        criterion = {.name = "Application Title",
                     .search_type = one_of({"is", "has", "does not have", "like", "is not"}),
                     .value = one_of({"", "A", "B", "a.app"})};
        break;
      case 6:
        criterion = {.name = "Application Version",
                     .search_type = one_of({"is", "is not", "greater than", "less than"}),
                     .value = one_of(versions)};
        if (criterion.value.empty()) criterion.search_type = "is";
        break;
      case 7:
        criterion = {.name = "Certificates Expiring",
                     .search_type = one_of({"in more than x days", "in less than x days", "before (yyyy-mm-dd)"})};
        criterion.value = criterion.search_type.starts_with("before") ? "2026-11-24" : one_of({"1", "2"});
        break;
      default:
        criterion = {.name = "Computer Group",
                     .search_type = one_of({"member of", "not member of"}),
                     .value = "G" + std::to_string(below(groups))};
    }
    criterion.and_or = one_of({"and", "or"});
    return criterion;
  }

  Network::Listed random_program(std::size_t groups) {
    std::vector<Criterion> criteria;
    std::size_t count = below(5);
    for (std::size_t i = 0; i < count; ++i) {
      criteria.push_back(random_criterion(groups));
      criteria.back().priority = static_cast<std::int64_t>(i);
    }
    auto program = compile(criteria, test_vocabulary());
    EXPECT_TRUE(program.ok()) << program.failure().message;
    Network::Listed listed{.program = *program};
    for (const std::string& name : program->groups()) {
      listed.references.emplace_back(name, static_cast<std::uint32_t>(std::stoul(name.substr(1))));
    }
    return listed;
  }

  // Changes a fact of the computer, in the table's words and in the oracle's.
  FactChange random_change(WrittenFacts& facts) {
    static const std::vector<std::pair<FactId, std::vector<std::string>>> texts = {
        {kComputerName, {"", "LAB-1", "Mac b", "x"}},
        {kFileVault, {"", "ALL_ENCRYPTED", "NOT_ENCRYPTED"}},
        {kGatekeeper, {"", "Off"}},
    };
    switch (below(5)) {
      case 0: {
        const auto& [fact, values] = texts[below(texts.size())];
        std::string value = one_of(values);
        facts.texts[fact] = value;
        auto place = *table_.place(fact);
        return {.kind = place.kind, .column = place.column, .code = table_.dictionary(place.column).intern(value)};
      }
      case 1: {
        auto place = *table_.place(kTotalRam);
        auto value = static_cast<std::int64_t>(below(5));
        if (value == 4) {
          facts.integers.erase(kTotalRam);
          return {.kind = place.kind, .column = place.column};
        }
        facts.integers[kTotalRam] = value;
        return {.kind = place.kind, .column = place.column, .number = value};
      }
      case 2: {
        FactId fact = below(2) == 0 ? kLastInventoryUpdate : kProfileExpiration;
        auto place = *table_.place(fact);
        Time time = kBegin + minutes{static_cast<std::int64_t>(below(6 * 1440))} - days{3};
        facts.times[fact] = time;
        return {.kind = place.kind, .column = place.column, .number = to_unix_milliseconds(time)};
      }
      case 3: {
        auto place = *table_.place(kCertificatesExpiring);
        std::set<FactCode> items;
        facts.lists[kCertificatesExpiring].clear();
        for (std::size_t i = below(3); i > 0; --i) {
          std::string time = to_iso8601(kBegin + minutes{static_cast<std::int64_t>(below(6 * 1440))} - days{1});
          facts.lists[kCertificatesExpiring].push_back(time);
          items.insert(table_.item_dictionary(place.column).intern({table_.dictionary(place.column, 0).intern(time)}));
        }
        return {.kind = place.kind, .column = place.column, .items = {items.begin(), items.end()}};
      }
      default: {
        auto place = *table_.place(kApplicationTitle);
        std::vector<FactCode> items;
        facts.lists[kApplicationTitle].clear();
        facts.lists[kApplicationVersion].clear();
        for (std::size_t i = below(4); i > 0; --i) {
          std::string title = one_of({"A", "B", "a.app"});
          std::string version = one_of({"", "14.2", "9.9", "beta"});
          facts.lists[kApplicationTitle].push_back(title);
          facts.lists[kApplicationVersion].push_back(version);
          items.push_back(table_.item_dictionary(place.column)
                              .intern({table_.dictionary(place.column, 0).intern(title),
                                       table_.dictionary(place.column, 1).intern(version)}));
        }
        std::ranges::sort(items);
        auto rest = std::ranges::unique(items);
        items.erase(rest.begin(), rest.end());
        return {.kind = place.kind, .column = place.column, .items = std::move(items)};
      }
    }
  }

  FactTable& table() { return table_; }

 private:
  std::uint64_t random_;
  std::vector<FactDefinition> definitions_;
  FactTable table_;
};

std::vector<Membership> by_judge(const std::vector<Network::Listed>& programs, WrittenFacts facts, Time now) {
  std::vector<Membership> results;
  for (const Network::Listed& listed : programs) {
    for (const auto& [name, place] : listed.references) facts.groups[text::lower(name)] = results[place];
    Judgement judgement = judge(*listed.program, facts, now);
    results.push_back({judgement.truth, judgement.valid_until});
  }
  return results;
}

std::optional<Membership> none_given(std::uint32_t) { return std::nullopt; }

// Rows that change and age: what is affected is found, the whole pass and the chunk agree with judge(), and so does
// what the incremental path keeps up to date.
TEST(Network, AgreesWithJudgeWhateverChanges) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Fleet fleet(seed);
    std::vector<Network::Listed> programs;
    for (std::size_t i = 0; i < 30; ++i) programs.push_back(fleet.random_program(i));
    Network network(fleet.table(), programs);
    constexpr Row kRow = 70'000;  // of the second chunk
    WrittenFacts facts;
    std::vector<Membership> kept;
    Time judged_at = kBegin;
    kept = by_judge(programs, facts, kBegin);
    Time now = kBegin;
    for (int step = 0; step < 40; ++step) {
      now += minutes{static_cast<std::int64_t>(fleet.below(1500))};
      std::vector<FactChange> changes;
      for (std::size_t i = fleet.below(3); i > 0; --i) {
        FactChange change = fleet.random_change(facts);
        std::erase_if(changes, [&](const FactChange& other) {
          return other.kind == change.kind && other.column == change.column;
        });
        changes.push_back(std::move(change));
      }
      std::vector<Membership> expected = by_judge(programs, facts, now);

      Network::Affected affected = network.affected(kRow, changes, judged_at, now);
      Pass pass(network, {fleet.table(), kRow, changes}, now, none_given);
      std::set<std::uint32_t> waiting(affected.programs.begin(), affected.programs.end());
      while (!waiting.empty()) {
        std::uint32_t program = waiting.extract(waiting.begin()).value();
        Membership result = pass.judge(program);
        bool news = result.member != kept[program].member || result.valid_until < kept[program].valid_until;
        kept[program] = result;
        if (!news) continue;
        waiting.insert(network.dependants(program).begin(), network.dependants(program).end());
      }
      Pass whole(network, {fleet.table(), kRow, changes}, now, none_given);
      whole.judge_all();
      EXPECT_EQ(whole.next_flip(), affected.next_flip);
      for (std::uint32_t i = 0; i < programs.size(); ++i) {
        ASSERT_EQ(kept[i].member, expected[i].member) << "seed " << seed << ", step " << step << ", program " << i;
        ASSERT_LE(kept[i].valid_until, expected[i].valid_until)
            << "seed " << seed << ", step " << step << ", program " << i;
        ASSERT_EQ(whole.result(i).member, expected[i].member) << "seed " << seed << ", step " << step;
        ASSERT_EQ(whole.result(i).valid_until, expected[i].valid_until) << "seed " << seed << ", step " << step;
        ASSERT_LE(affected.next_flip, expected[i].valid_until) << "seed " << seed << ", step " << step;
      }
      for (FactChange& change : changes) fleet.table().put(kRow, std::move(change));
      judged_at = now;

      Network::Words rows(kChunkRows / 64, 0);
      std::size_t bit = kRow % kChunkRows;
      rows[bit / 64] |= std::uint64_t{1} << (bit % 64);
      if (step % 10 != 0) continue;  // a whole chunk for one row is slow
      auto members =
          network.judge_chunk(kRow / kChunkRows, now, [&](std::uint32_t) -> const Network::Words& { return rows; });
      for (std::uint32_t i = 0; i < programs.size(); ++i) {
        ASSERT_EQ(members[i][bit / 64], expected[i].member ? rows[bit / 64] : 0)
            << "seed " << seed << ", step " << step;
      }
    }
  }
}

// Common items and rare ones, rows with and without: every way to look into a long list says the same.
TEST(Network, LooksIntoLongListsOfAWholeChunk) {
  Fleet fleet(7);
  auto column = fleet.table().place(kApplicationTitle)->column;
  constexpr Row kRows = 12'000;
  std::vector<WrittenFacts> facts(kRows);
  for (Row row = 0; row < kRows; ++row) {
    std::set<FactCode> items;
    auto install = [&](const std::string& title, const std::string& version) {
      facts[row].lists[kApplicationTitle].push_back(title);
      facts[row].lists[kApplicationVersion].push_back(version);
      items.insert(fleet.table().intern_item(column, {title, version}));
    };
    if (row % 8 != 0) install("A", "1");                                 // common
    if (row % 100 != 0) install("B", std::to_string(row % 400) + ".0");  // common in versions that are rare
    if (row % 9 == 0) install("a.app", row % 2 == 0 ? "14.2" : "9.9");
    fleet.table().put(row, {.kind = Place::Kind::list, .column = column, .items = {items.begin(), items.end()}});
  }
  std::vector<Network::Listed> programs;
  for (const auto& [name, search_type, value] :
       std::vector<std::array<const char*, 3>>{{"Application Title", "is", "A"},
                                               {"Application Title", "is not", "a.app"},
                                               {"Application Title", "is", ""},
                                               {"Application Version", "greater than", "0.5"},
                                               {"Application Version", "less than", "1"},
                                               {"Application Version", "is", "120.0"},
                                               {"Application Title", "like", "b"}}) {
    programs.push_back(
        {compile({{.name = name, .search_type = search_type, .value = value}}, test_vocabulary()).value()});
  }
  Network::Words rows(kChunkRows / 64, 0);
  std::fill_n(rows.begin(), kRows / 64, ~std::uint64_t{0});
  // Alone each asks only for the rows in doubt; together one may use what another has found.
  auto judge_together = [&](const std::vector<Network::Listed>& some) {
    Network network(fleet.table(), some);
    return network.judge_chunk(0, kBegin, [&](std::uint32_t) -> const Network::Words& { return rows; });
  };
  auto together = judge_together(programs);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    EXPECT_EQ(judge_together({programs[i]}).front(), together[i]) << i;
    for (Row row = 0; row < kRows / 64 * 64; ++row) {
      bool member = (together[i][row / 64] >> (row % 64) & 1) != 0;
      ASSERT_EQ(member, judge(*programs[i].program, facts[row], kBegin).truth) << "program " << i << ", row " << row;
    }
  }
}

TEST(Network, KeepsAPredicateThatManyProgramsShareOnce) {
  Fleet fleet(1);
  std::vector<Network::Listed> programs;
  for (int i = 0; i < 10; ++i) {
    programs.push_back({compile({{"Total RAM MB", 0, "and", "more than", "8192"}}, test_vocabulary()).value()});
  }
  Network network(fleet.table(), std::move(programs));
  EXPECT_EQ(network.condition_count(), 1u);
}

TEST(Network, AnAnswerThatIsGivenIsNotAskedOfTheCriteria) {
  Fleet fleet(1);
  auto names_the_second = compile({{"Computer Group", 0, "and", "member of", "Second"}}, test_vocabulary());
  Network network(fleet.table(), {{Program()}, {std::nullopt}, {std::nullopt}, {*names_the_second, {{"second", 1}}}});
  Pass pass(network, {fleet.table(), 0}, kBegin, [](std::uint32_t program) -> std::optional<Membership> {
    if (program == 0) return Membership{false};
    if (program == 1) return Membership{true};
    return std::nullopt;
  });
  pass.judge_all();
  EXPECT_FALSE(pass.result(0).member);
  EXPECT_TRUE(pass.result(1).member);
  EXPECT_FALSE(pass.result(2).member) << "without criteria and not given";
  EXPECT_TRUE(pass.result(3).member);
}

}  // namespace
}  // namespace wardbridge::criteria
