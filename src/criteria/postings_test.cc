#include "criteria/postings.h"

#include <gtest/gtest.h>

#include <set>

namespace wardbridge::criteria {
namespace {

std::set<Row> rows_of(const Postings& postings, FactCode item) {
  std::vector<std::uint64_t> bits(kChunkRows / 64, 0);
  postings.unite(item, bits);
  std::set<Row> rows;
  for (Row row = 0; row < kChunkRows; ++row) {
    if ((bits[row / 64] >> (row % 64) & 1) != 0) rows.insert(row);
  }
  return rows;
}

TEST(Postings, AreTheRowsThatWereAddedAndNotRemoved) {
  Postings postings;
  std::set<Row> rows;
  std::uint32_t random = 1;
  for (int step = 0; step < 30'000; ++step) {
    random = random * 1664525 + 1013904223;
    Row row = random >> 16;
    // At first more come than go, later it is the other way round: few, many, and few again.
    bool more = (random >> 8 & 3) != 0;
    bool wanted = step < 20'000 ? more : !more;
    if (wanted == rows.contains(row)) continue;
    if (wanted) {
      rows.insert(row);
      postings.add(3, row);
    } else {
      rows.erase(row);
      postings.remove(3, row);
    }
    if (step % 5'000 != 0) continue;
    EXPECT_EQ(postings.count(3), rows.size());
    EXPECT_EQ(rows_of(postings, 3), rows);
  }
  EXPECT_TRUE(postings.is_dense(3));
  EXPECT_EQ(rows_of(postings, 3), rows);
}

TEST(Postings, KnowNothingOfItemsThatNoRowHas) {
  Postings postings;
  postings.add(2, 7);
  EXPECT_EQ(postings.count(1), 0u);
  EXPECT_EQ(postings.count(1'000'000), 0u);
  EXPECT_TRUE(rows_of(postings, 1'000'000).empty());
  postings.remove(2, 7);
  EXPECT_EQ(postings.count(2), 0u);
  EXPECT_TRUE(rows_of(postings, 2).empty());
}

TEST(Postings, AddToWhatIsThereAlready) {
  Postings postings;
  postings.add(1, 5);
  std::vector<std::uint64_t> bits(kChunkRows / 64, 0);
  bits[0] = 1;
  postings.unite(1, bits);
  EXPECT_EQ(bits[0], 0b100001u);
}

}  // namespace
}  // namespace wardbridge::criteria
