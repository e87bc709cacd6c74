#include "tenant/graph/filter.h"

#include <gtest/gtest.h>

namespace wardbridge::graph {
namespace {

const ResourceType& car_type() {
  static const ResourceType kType{"test.car",
                                  {{"id"},
                                   {"name"},
                                   {"electric", PropertyType::flag},
                                   {"doors", PropertyType::integer},
                                   {"built", PropertyType::date},
                                   {"engine", PropertyType::complex},
                                   {"engine/maker"},
                                   {"tags", PropertyType::collection}}};
  return kType;
}

const json::Object kCar{{"id", "11111111-1111-1111-1111-111111111111"},
                        {"name", "O'Hara's Van"},
                        {"electric", true},
                        {"doors", 5},
                        {"built", "2026-03-01T12:00:00Z"},
                        {"engine", json::Object{{"maker", nullptr}}},
                        {"tags", json::Array{"a"}}};

bool matches(std::string_view filter) {
  const auto parsed = Filter::parse(filter, car_type());
  EXPECT_TRUE(parsed.ok()) << filter << ": " << parsed.failure().message;
  return parsed.ok() && parsed->matches(kCar);
}

std::string reason_of(std::string_view filter) {
  const auto parsed = Filter::parse(filter, car_type());
  return parsed.ok() ? "parsed" : parsed.failure().reason;
}

TEST(Filter, EveryOperatorBothWays) {
  const std::pair<const char*, const char*> pairs[] = {
      {"name eq 'o''hara''s van'", "name eq 'O''Hara'"},
      {"name ne 'x'", "name ne 'O''HARA''S VAN'"},
      {"doors gt 4", "doors gt 5"},
      {"doors ge 5", "doors ge 6"},
      {"doors lt 6", "doors lt 5"},
      {"doors le 5", "doors le 4"},
      {"doors eq 5", "doors eq -5"},
      {"electric eq true", "electric eq false"},
      {"electric", "not electric"},
      {"built ge 2026-03-01T12:00:00Z", "built gt 2026-03-01T12:00:00Z"},
      {"built lt 2026-03-02", "built lt 2026-03-01"},
      {"built eq 2026-03-01T13:00:00+01:00", "built eq 2026-03-01T13:00:00Z"},
      {"engine/maker eq null", "engine/maker ne null"},
      {"name ne null", "name eq null"},
      {"startswith(name, 'O''')", "startswith(name,'Van')"},
      {"endswith(name,'van')", "endswith(name,'O')"},
      {"contains(name,'hara')", "contains(name,'car')"},
      {"startswith(name,'O') eq true", "startswith(name,'P') eq true"},
      {"doors in (3, 5)", "doors in (3)"},
      {"tags/any(t:t eq 'A')", "tags/any(t:t eq 'b')"},
      {"tags/any(t: startswith(t,'a'))", "tags/any(tag:startswith(tag,'b'))"},
      {"not tags/any(t:t eq 'b')", "not tags/any(t:t eq 'a')"},
      {"id eq 11111111-1111-1111-1111-111111111111", "id eq 21111111-1111-1111-1111-111111111111"},
  };
  for (const auto& [yes, no] : pairs) {
    EXPECT_TRUE(matches(yes)) << yes;
    EXPECT_FALSE(matches(no)) << no;
  }
}

TEST(Filter, NothingHasNoOrder) {
  EXPECT_FALSE(matches("engine/maker lt 'z'"));
  EXPECT_FALSE(matches("engine/maker ge 'a'"));
  EXPECT_FALSE(matches("startswith(engine/maker,'')"));
}

TEST(Filter, AndBindsTighterThanOrAndNotTighterThanBoth) {
  EXPECT_TRUE(matches("doors eq 5 or doors eq 1 and doors eq 2"));
  EXPECT_FALSE(matches("(doors eq 5 or doors eq 1) and doors eq 2"));
  EXPECT_TRUE(matches("not doors eq 1 and electric"));
  EXPECT_FALSE(matches("not (doors eq 1 or electric)"));
  EXPECT_TRUE(matches("NOT (doors eq 1) AND electric EQ true"));
}

TEST(Filter, RefusesWhatItCannotMean) {
  for (const char* bad : {"",
                          "doors",
                          "doors eq",
                          "doors eq 5 and",
                          "(doors eq 5",
                          "doors eq 5)",
                          "doors eq 5 doors eq 5",
                          "doors eq '5'",
                          "doors eq five",
                          "doors eq 5.5",
                          "name eq 5",
                          "name eq x",
                          "electric eq 1",
                          "electric eq 'true'",
                          "built eq 'x'",
                          "built eq yesterday",
                          "built eq '2026-03-01'",
                          "name eq 'open",
                          "doors gt null",
                          "electric gt true",
                          "tags/any(t:u eq 'a')",
                          "tags/any(t eq 'a')",
                          "tags/any(t:t eq 5)",
                          "tags/any(t:t eq 'a'",
                          "tags/any(",
                          "tags/any(t:",
                          "doors in 5",
                          "doors in ()",
                          "doors in (5",
                          "contains(doors,'5')",
                          "contains(name 'x')",
                          "contains(name,x)",
                          "name eq 'a' ; drop",
                          "not",
                          "()",
                          "startswith(name,'a') eq false"})
    EXPECT_EQ(reason_of(bad), "bad_filter") << bad;
  for (const char* bad : {"colour eq 'red'", "eq 5", "contains(colour,'r')", "Name eq 'x'", "engine/size eq 'x'"})
    EXPECT_EQ(reason_of(bad), "unknown_property") << bad;
  for (const char* bad :
       {"tags/any(t:endswith(t,'a'))", "tags/all(t:t eq 'a')", "tags eq 'a'", "engine eq null", "length(name) eq 3"})
    EXPECT_EQ(reason_of(bad), "unsupported_filter") << bad;
}

TEST(Filter, TellsTheEarliestMomentOfEveryMatch) {
  const auto earliest = [](const char* filter) {
    const auto bound = Filter::parse(filter, car_type())->earliest("built");
    return bound ? to_date(*bound) : "none";
  };
  EXPECT_EQ(earliest("built ge 2026-03-01"), "2026-03-01");
  EXPECT_EQ(earliest("name eq 'x' and (doors eq 5 and built gt 2026-03-02)"), "2026-03-02");
  EXPECT_EQ(earliest("built le 2026-03-01"), "none");
  EXPECT_EQ(earliest("built ge 2026-03-01 or doors eq 5"), "none");
  EXPECT_EQ(earliest("not built ge 2026-03-01"), "none");
}

TEST(Filter, MessagesSayWhere) {
  const auto parsed = Filter::parse("doors eq 5 and name eq 7", car_type());
  ASSERT_FALSE(parsed.ok());
  EXPECT_NE(parsed.failure().message.find("character 24"), std::string::npos) << parsed.failure().message;
  const auto unknown = Filter::parse("colour eq 'red'", car_type());
  EXPECT_NE(unknown.failure().message.find("`colour`"), std::string::npos);
  EXPECT_NE(unknown.failure().message.find("test.car"), std::string::npos);
}

TEST(Filter, HasLimits) {
  std::string many = "doors eq 1";
  for (int i = 0; i < 300; ++i) many += " or doors eq 1";
  EXPECT_EQ(reason_of(many), "bad_filter");
  EXPECT_EQ(reason_of(std::string(2000, '(')), "bad_filter");
  std::string negations;
  for (int i = 0; i < 500; ++i) negations += "not ";
  EXPECT_EQ(reason_of(negations + "electric"), "bad_filter");
  EXPECT_EQ(reason_of("name eq '" + std::string(5000, 'x') + "'"), "bad_filter");
  EXPECT_EQ(reason_of("((((electric))))"), "parsed");
}

TEST(Filter, KnowsWhichTextEveryMatchMustHave) {
  const auto required = [](std::string_view filter) {
    return Filter::parse(filter, car_type())->required_text("name").value_or("(any)");
  };
  EXPECT_EQ(required("name eq 'x'"), "x");
  EXPECT_EQ(required("electric and (name eq 'x' and doors eq 1)"), "x");
  EXPECT_EQ(required("name eq 'x' or doors eq 1"), "(any)");
  EXPECT_EQ(required("not (name eq 'x')"), "(any)");
  EXPECT_EQ(required("name ne 'x'"), "(any)");
  EXPECT_EQ(required("name eq null"), "(any)");
  EXPECT_EQ(required("id eq 'x'"), "(any)");
}

}  // namespace
}  // namespace wardbridge::graph
