#include "platform/entropy/entropy.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <set>

#include "base/text.h"

namespace wardbridge {
namespace {

TEST(SeededEntropy, RepeatsFromItsSeed) {
  SeededEntropy one(42);
  SeededEntropy same(42);
  SeededEntropy other(43);
  EXPECT_EQ(one.bytes(100), same.bytes(100));
  EXPECT_EQ(one.guid(), same.guid());
  EXPECT_NE(one.bytes(16), other.bytes(16));
  EXPECT_NE(one.bytes(16), one.bytes(16));
}

TEST(SeededEntropy, IsSplitMix64) {
  // The generator's published first output for the seed 1234567: 6457827717110365317, low byte first.
  EXPECT_EQ(text::to_hex(SeededEntropy(1234567).bytes(8)), "85fc08fb17d09e59");
}

TEST(SystemEntropy, AForkedChildDoesNotRepeatItsParent) {
  SystemEntropy entropy;
  (void)entropy.bytes(16);  // the rest of what was drawn with this is in store
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string drawn = entropy.bytes(16);
    ::_exit(::write(ends[1], drawn.data(), drawn.size()) == 16 ? 0 : 1);
  }
  char of_child[16] = {};
  ASSERT_EQ(::read(ends[0], of_child, sizeof of_child), 16);
  EXPECT_NE(entropy.bytes(16), std::string(of_child, sizeof of_child));
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

template <class Source>
class AnyEntropy : public testing::Test {
 protected:
  AnyEntropy() {
    if constexpr (std::is_same_v<Source, SeededEntropy>) {
      entropy_ = std::make_unique<SeededEntropy>(7);
    } else {
      entropy_ = std::make_unique<SystemEntropy>();
    }
  }
  std::unique_ptr<Entropy> entropy_;
};
using Sources = testing::Types<SystemEntropy, SeededEntropy>;
TYPED_TEST_SUITE(AnyEntropy, Sources);

TYPED_TEST(AnyEntropy, GivesAsManyBytesAsWanted) {
  for (std::size_t count : {0, 1, 7, 8, 9, 1000}) EXPECT_EQ(this->entropy_->bytes(count).size(), count);
}

TYPED_TEST(AnyEntropy, GuidsAreVersionFour) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    std::string guid = this->entropy_->guid();
    ASSERT_TRUE(text::is_guid(guid)) << guid;
    EXPECT_EQ(guid[14], '4') << guid;
    EXPECT_NE(std::string("89ab").find(guid[19]), std::string::npos) << guid;
    EXPECT_EQ(guid, text::lower(guid));
    seen.insert(guid);
  }
  EXPECT_EQ(seen.size(), 200U);
}

TYPED_TEST(AnyEntropy, TokensAreBase64Url) {
  std::string token = this->entropy_->token();
  EXPECT_EQ(token.size(), 43U);
  EXPECT_EQ(text::from_base64url(token).value().size(), 32U);
  EXPECT_NE(token, this->entropy_->token());
}

TYPED_TEST(AnyEntropy, BelowReachesEveryNumberAndNotTheBound) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(this->entropy_->below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_LT(*seen.rbegin(), 7U);
  EXPECT_EQ(this->entropy_->below(1), 0U);
}

}  // namespace
}  // namespace wardbridge
