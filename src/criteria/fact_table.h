// What is known of a whole fleet, by column: texts as codes of a dictionary, numbers and moments as 64-bit integers,
// lists as sorted codes of their items. Rows are numbered from 0; a row that nobody filled reads as absent everywhere.
// A chunk of a column takes no memory until one of its rows has a value.
//
//   FactTable table(definitions, {{kApplicationTitle, kApplicationVersion}});   // one list, two members
//   FactChange change{.kind = Place::Kind::text, .column = column, .code = table.dictionary(column).intern("MacBook
//   Air")}; table.put(row, change);
//
// No thread of its own and no lock: whoever shares a table says who may touch it when.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "criteria/criteria.h"

namespace wardbridge::criteria {

using Row = std::uint32_t;
using FactCode = std::uint32_t;  // of a text or of an item; 0: absent, blank

inline constexpr std::size_t kChunkRows = 65536;
inline constexpr std::int64_t kNoNumber = INT64_MIN;

// Texts and the numbers that stand for them. Only grows; a code means the same for ever.
class Dictionary {
 public:
  Dictionary() { texts_.emplace_back(); }
  Dictionary(const Dictionary&) = delete;
  FactCode intern(std::string_view text);
  std::string_view text(FactCode code) const { return texts_[code]; }
  std::size_t size() const { return texts_.size(); }  // codes are below it

 private:
  std::deque<std::string> texts_;  // never moved: the keys below point into it
  std::unordered_map<std::string_view, FactCode> codes_;
};

// The items of a list: each a few texts, such as an application's title, bundle id and version.
class ItemDictionary {
 public:
  static constexpr std::size_t kMembers = 4;
  using Item = std::array<FactCode, kMembers>;  // codes of the members' own dictionaries; 0 beyond the last

  ItemDictionary() { items_.emplace_back(); }
  FactCode intern(const Item& item);
  const Item& item(FactCode code) const { return items_[code]; }
  std::size_t size() const { return items_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Item& item) const;
  };
  std::vector<Item> items_;
  std::unordered_map<Item, FactCode, Hash> codes_;
};

// Finds the code of an item by its texts, joined as one. A fleet reports the same few thousand items over and over, so
// slots and texts lie close together.
class ItemIndex {
 public:
  std::string& scratch() { return scratch_; }  // to join texts in, without allocating each time
  // 0: not known.
  FactCode find(std::string_view joined) const;
  void add(std::string_view joined, FactCode code);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t offset = 0;  // in texts_
    std::uint32_t length = 0;
    FactCode code = 0;  // 0: free
  };
  std::size_t place_of(std::uint64_t hash, std::string_view joined) const;  // of the item, or where it would stand

  std::vector<Slot> slots_ = std::vector<Slot>(1024);  // a power of two, at most half of them taken
  std::size_t taken_ = 0;
  std::string texts_;
  std::string scratch_;
};

// Where a fact is found.
struct Place {
  enum class Kind : std::uint8_t { text, number, list } kind = Kind::text;
  std::uint32_t column = 0;  // counted within the kind
  std::uint32_t member = 0;  // of a list
  bool operator==(const Place&) const = default;
};

// A new value for one column of one row.
struct FactChange {
  Place::Kind kind = Place::Kind::text;
  std::uint32_t column = 0;
  FactCode code = 0;                 // text
  std::int64_t number = kNoNumber;   // integers; moments in Unix milliseconds
  std::vector<FactCode> items = {};  // list: sorted, each once
};

class FactTable {
 public:
  // Every fact that is not a member of one of `lists` and is not a group gets a column of its own; a fact that is a
  // list of texts by its type but is in none of `lists` is a list with one member.
  FactTable(std::span<const FactDefinition> facts, const std::vector<std::vector<FactId>>& lists);

  // Nothing for a fact that the table does not hold (membership of groups).
  std::optional<Place> place(FactId fact) const;
  std::size_t text_columns() const { return texts_.size(); }
  std::size_t number_columns() const { return numbers_.size(); }
  std::size_t list_columns() const { return lists_.size(); }

  FactCode code(std::uint32_t text_column, Row row) const;
  std::int64_t number(std::uint32_t number_column, Row row) const;
  std::span<const FactCode> items(std::uint32_t list_column, Row row) const;
  bool holds(Row row, const FactChange& change) const;  // already
  void put(Row row, FactChange change);
  void clear(Row row);

  Dictionary& dictionary(std::uint32_t text_column) { return texts_[text_column].dictionary; }
  const Dictionary& dictionary(std::uint32_t text_column) const { return texts_[text_column].dictionary; }
  Dictionary& dictionary(std::uint32_t list_column, std::uint32_t member) {
    return lists_[list_column].members[member];
  }
  const Dictionary& dictionary(std::uint32_t list_column, std::uint32_t member) const {
    return lists_[list_column].members[member];
  }
  // The code of an item by its members' texts; an empty text is absent. One look-up for items that are known.
  using ItemTexts = std::array<std::string_view, ItemDictionary::kMembers>;
  FactCode intern_item(std::uint32_t list_column, const ItemTexts& texts);
  ItemDictionary& item_dictionary(std::uint32_t list_column) { return lists_[list_column].dictionary; }
  const ItemDictionary& item_dictionary(std::uint32_t list_column) const { return lists_[list_column].dictionary; }

  // A chunk's values; nullptr where every row is absent.
  const FactCode* codes_of_chunk(std::uint32_t text_column, std::size_t chunk) const;
  const std::int64_t* numbers_of_chunk(std::uint32_t number_column, std::size_t chunk) const;

 private:
  struct TextColumn {
    Dictionary dictionary;
    std::vector<std::unique_ptr<FactCode[]>> chunks;
  };
  struct NumberColumn {
    std::vector<std::unique_ptr<std::int64_t[]>> chunks;
  };
  struct Items {
    std::unique_ptr<FactCode[]> codes;
    std::uint32_t count = 0;
  };
  struct ListColumn {
    std::deque<Dictionary> members;
    ItemDictionary dictionary;
    ItemIndex index;
    std::vector<std::unique_ptr<Items[]>> chunks;
  };

  std::unordered_map<FactId, Place> places_;
  std::deque<TextColumn> texts_;
  std::vector<NumberColumn> numbers_;
  std::deque<ListColumn> lists_;
};

}  // namespace wardbridge::criteria
