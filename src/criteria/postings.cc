#include "criteria/postings.h"

#include <algorithm>

#include "base/check.h"

namespace wardbridge::criteria {

void Postings::add(FactCode item, Row row_in_chunk) {
  if (item >= of_item_.size()) of_item_.resize(item + 1 + item / 4);
  if (!of_item_[item]) of_item_[item] = std::make_unique<Rows>();
  Rows& rows = *of_item_[item];
  ++rows.count;
  if (rows.bits.empty() && rows.count > kMostNumbers) {
    rows.bits.assign(kChunkRows / 64, 0);
    for (std::uint16_t number : rows.numbers) rows.bits[number / 64] |= std::uint64_t{1} << (number % 64);
    rows.numbers = {};
  }
  if (!rows.bits.empty()) {
    rows.bits[row_in_chunk / 64] |= std::uint64_t{1} << (row_in_chunk % 64);
    return;
  }
  auto number = static_cast<std::uint16_t>(row_in_chunk);
  rows.numbers.insert(std::ranges::upper_bound(rows.numbers, number), number);
}

void Postings::remove(FactCode item, Row row_in_chunk) {
  CHECK(count(item) > 0, "no row has this item");
  Rows& rows = *of_item_[item];
  --rows.count;
  if (!rows.bits.empty()) {
    rows.bits[row_in_chunk / 64] &= ~(std::uint64_t{1} << (row_in_chunk % 64));
    return;
  }
  auto number = static_cast<std::uint16_t>(row_in_chunk);
  rows.numbers.erase(std::ranges::lower_bound(rows.numbers, number));
  if (rows.count == 0) of_item_[item].reset();
}

void Postings::unite(FactCode item, std::span<std::uint64_t> rows) const {
  if (count(item) == 0) return;
  const Rows& having = *of_item_[item];
  for (std::size_t word = 0; word < having.bits.size(); ++word) rows[word] |= having.bits[word];
  for (std::uint16_t number : having.numbers) rows[number / 64] |= std::uint64_t{1} << (number % 64);
}

}  // namespace wardbridge::criteria
