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

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "criteria/criteria.h"
#include "criteria/postings.h"

namespace wardbridge::criteria {

inline constexpr std::int64_t kNoNumber = INT64_MIN;

// Texts and the numbers that stand for them. Only grows; a code means the same for ever, and so does its text.
class Dictionary {
 public:
  Dictionary() : texts_(1), codes_(0, Hash{this}, Equal{this}) {}
  Dictionary(const Dictionary&) = delete;
  FactCode find(std::string_view text) const;  // 0: blank, or not known
  FactCode intern(std::string_view text);
  std::string_view text(FactCode code) const { return texts_[code]; }
  std::size_t size() const { return texts_.size(); }  // codes are below it

 private:
  // A fleet has a dozen texts a Mac that no other has, so what is kept of each beside the text matters: a view of it,
  // and a code in a set that hashes what the code stands for.
  std::string_view text_of(FactCode code) const { return texts_[code]; }
  static std::string_view text_of(std::string_view text) { return text; }
  struct Hash {
    using is_transparent = void;
    template <class Key>
    std::size_t operator()(Key key) const;
    const Dictionary* owner;
  };
  struct Equal {
    using is_transparent = void;
    template <class Left, class Right>
    bool operator()(Left left, Right right) const {
      return owner->text_of(left) == owner->text_of(right);
    }
    const Dictionary* owner;
  };
  std::string_view keep(std::string_view text);  // a copy that stays where it is

  std::vector<std::string_view> texts_;  // by code
  absl::flat_hash_set<FactCode, Hash, Equal> codes_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::span<char> room_;  // what is left of the last block
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
  std::vector<Item> items_;
  absl::flat_hash_map<Item, FactCode> codes_;
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
  // list of texts by its type but is in none of `lists` is a list with one member. `lists` are long ones whose items
  // many rows share, so of each item the table also knows which rows have it.
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
  // The rows of a chunk by item; nullptr for a list of which this is not kept, and where no row has an item.
  const Postings* postings_of_chunk(std::uint32_t list_column, std::size_t chunk) const;
  bool has_postings(std::uint32_t list_column) const { return lists_[list_column].has_postings; }

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
    Dictionary joined;                   // the texts of an item as one
    std::vector<FactCode> of_joined{0};  // the item that it is
    std::vector<std::unique_ptr<Items[]>> chunks;
    bool has_postings = false;
    std::deque<Postings> postings;  // by chunk
  };

  void put_items(ListColumn& list, Row row, std::vector<FactCode> items);

  std::unordered_map<FactId, Place> places_;
  std::string scratch_;  // to join texts in
  std::deque<TextColumn> texts_;
  std::vector<NumberColumn> numbers_;
  std::deque<ListColumn> lists_;
};

}  // namespace wardbridge::criteria
