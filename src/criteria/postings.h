// Which rows of a chunk have an item of a long list: the list turned round, so that a question about one application
// reads nothing of the others.
//
//   postings.add(item, 12); postings.remove(item, 40'000);
//   postings.unite(item, rows);   // sets the bit of every row that has the item
//
// Few rows are kept as their sorted numbers, many as one bit for every row of the chunk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace wardbridge::criteria {

using Row = std::uint32_t;
using FactCode = std::uint32_t;  // of a text or of an item; 0: absent, blank

inline constexpr std::size_t kChunkRows = 65536;

class Postings {
 public:
  void add(FactCode item, Row row_in_chunk);
  void remove(FactCode item, Row row_in_chunk);

  // How many rows have it.
  std::size_t count(FactCode item) const {
    return item < of_item_.size() && of_item_[item] ? of_item_[item]->count : 0;
  }
  // So many that uniting them costs the same whatever their number.
  bool is_dense(FactCode item) const {
    return item < of_item_.size() && of_item_[item] && !of_item_[item]->bits.empty();
  }
  void unite(FactCode item, std::span<std::uint64_t> rows) const;

 private:
  // As many numbers of 16 bits as take the room of the bits.
  static constexpr std::size_t kMostNumbers = kChunkRows / 16;
  struct Rows {
    std::uint32_t count = 0;
    std::vector<std::uint16_t> numbers;  // sorted; until there are too many
    std::vector<std::uint64_t> bits;     // from then on, also when they become fewer
  };
  std::vector<std::unique_ptr<Rows>> of_item_;  // by code
};

}  // namespace wardbridge::criteria
