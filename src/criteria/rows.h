// Sets of rows of a chunk, one bit a row.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace wardbridge::criteria {

using RowBits = std::vector<std::uint64_t>;

// Visits the numbers of the rows, ascending.
template <class Visit>
void for_each_row(const RowBits& rows, Visit visit) {
  for (std::size_t word = 0; word < rows.size(); ++word) {
    for (std::uint64_t bits = rows[word]; bits != 0; bits &= bits - 1)
      visit(word * 64 + static_cast<std::size_t>(std::countr_zero(bits)));
  }
}

inline RowBits without(const RowBits& rows, const RowBits& others) {
  RowBits rest = rows;
  for (std::size_t word = 0; word < rest.size(); ++word) rest[word] &= ~others[word];
  return rest;
}

inline std::size_t count_of(const RowBits& rows) {
  std::size_t count = 0;
  for (std::uint64_t word : rows) count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

}  // namespace wardbridge::criteria
