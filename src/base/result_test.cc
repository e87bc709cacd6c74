#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/id.h"

namespace wardbridge {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return invalid("odd", "`" + std::to_string(number) + "` is odd", "number");
  return number / 2;
}

Result<std::string> quarter(int number) {
  int once = TRY(half(number));
  return std::to_string(TRY(half(once)));
}

Result<std::unique_ptr<int>> boxed(int number) { return std::make_unique<int>(TRY(half(number))); }

Status both_even(int a, int b) {
  TRY(half(a));
  TRY(half(b));
  return done();
}

TEST(Result, TryGoesOnWithTheValueOrReturnsTheFailure) {
  EXPECT_EQ(quarter(12).value(), "3");
  EXPECT_EQ(quarter(6).failure(), (Failure{Code::invalid_argument, "odd", "`3` is odd", "number"}));
  EXPECT_EQ(quarter(7).failure().message, "`7` is odd");
  EXPECT_TRUE(both_even(2, 4).ok());
  EXPECT_FALSE(both_even(2, 3).ok());
}

TEST(Result, CarriesWhatCanOnlyBeMoved) {
  std::unique_ptr<int> box = std::move(boxed(8)).value();
  EXPECT_EQ(*box, 4);
  EXPECT_FALSE(boxed(1));
}

TEST(Result, TakesWhatConvertsToItsValue) {
  Result<std::string> text = "literal";
  EXPECT_EQ(*text, "literal");
  EXPECT_EQ(text->size(), 7U);
  Result<std::optional<int>> optional = 3;
  EXPECT_EQ(optional.value(), 3);
}

TEST(Result, ValueOrFallsBackOnFailure) {
  EXPECT_EQ(half(4).value_or(9), 2);
  EXPECT_EQ(half(5).value_or(9), 9);
}

TEST(ResultDeathTest, ReadingTheWrongSideIsABug) {
  EXPECT_DEATH(half(1).value(), "check failed: ok\\(\\): `1` is odd");
  EXPECT_DEATH(half(2).failure(), "check failed: !ok\\(\\)");
}

TEST(CheckDeathTest, SaysWhereAndWhy) {
  EXPECT_DEATH(CHECK(1 + 1 == 3, "sums are broken"),
               "result_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3: sums are broken");
  CHECK(true, "never said");
}

TEST(Code, EveryOneHasItsOwnName) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code) names.insert(name_of(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), 10U);
  EXPECT_EQ(std::string(name_of(Code::too_large)), "too_large");
}

TEST(Id, AnEmptyOneNamesNothing) {
  using ComputerId = NumberId<struct ComputerTag>;
  using DeviceId = TextId<struct DeviceTag>;
  EXPECT_FALSE(ComputerId{});
  EXPECT_TRUE(ComputerId{7});
  EXPECT_FALSE(DeviceId{});
  EXPECT_TRUE(DeviceId{"x"});
  EXPECT_LT(ComputerId{7}, ComputerId{8});
  EXPECT_EQ(std::hash<DeviceId>{}(DeviceId{"x"}), std::hash<DeviceId>{}(DeviceId{"x"}));
  static_assert(!std::is_convertible_v<ComputerId, NumberId<struct GroupTag>>);
}

}  // namespace
}  // namespace wardbridge
