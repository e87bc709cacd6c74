#include "criteria/fact_table.h"

#include <algorithm>

#include "base/check.h"

namespace wardbridge::criteria {
namespace {

// The chunk of a row, made when it is first written to.
template <class Value>
Value* writable_chunk(std::vector<std::unique_ptr<Value[]>>& chunks, Row row, const Value& absent) {
  std::size_t chunk = row / kChunkRows;
  if (chunk >= chunks.size()) chunks.resize(chunk + 1);
  if (!chunks[chunk]) {
    chunks[chunk] = std::make_unique<Value[]>(kChunkRows);
    if (absent != Value{}) std::fill_n(chunks[chunk].get(), kChunkRows, absent);
  }
  return chunks[chunk].get();
}

template <class Value>
const Value* chunk_at(const std::vector<std::unique_ptr<Value[]>>& chunks, std::size_t chunk) {
  return chunk < chunks.size() ? chunks[chunk].get() : nullptr;
}

bool is_list(FactType type) {
  return type == FactType::texts || type == FactType::versions || type == FactType::integers || type == FactType::times;
}

}  // namespace

FactCode Dictionary::intern(std::string_view text) {
  if (text.empty()) return 0;
  if (auto found = codes_.find(text); found != codes_.end()) return found->second;
  auto code = static_cast<FactCode>(texts_.size());
  codes_.emplace(texts_.emplace_back(text), code);
  return code;
}

std::size_t ItemDictionary::Hash::operator()(const Item& item) const {
  std::uint64_t hash = 0;
  for (FactCode code : item) hash = (hash ^ code) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(hash ^ (hash >> 29));
}

FactCode ItemDictionary::intern(const Item& item) {
  auto [at, is_new] = codes_.try_emplace(item, static_cast<FactCode>(items_.size()));
  if (is_new) items_.push_back(item);
  return at->second;
}

std::size_t ItemIndex::place_of(std::uint64_t hash, std::string_view joined) const {
  std::size_t at = hash & (slots_.size() - 1);
  for (;; at = (at + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[at];
    if (slot.code == 0) return at;
    if (slot.hash == hash && std::string_view(texts_).substr(slot.offset, slot.length) == joined) return at;
  }
}

FactCode ItemIndex::find(std::string_view joined) const {
  return slots_[place_of(std::hash<std::string_view>{}(joined), joined)].code;
}

void ItemIndex::add(std::string_view joined, FactCode code) {
  if (texts_.size() + joined.size() > UINT32_MAX) return;  // found the long way then
  if (2 * (taken_ + 1) > slots_.size()) {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.code != 0) slots_[place_of(slot.hash, std::string_view(texts_).substr(slot.offset, slot.length))] = slot;
    }
  }
  std::uint64_t hash = std::hash<std::string_view>{}(joined);
  slots_[place_of(hash, joined)] = {hash, static_cast<std::uint32_t>(texts_.size()),
                                    static_cast<std::uint32_t>(joined.size()), code};
  texts_.append(joined);
  ++taken_;
}

FactTable::FactTable(std::span<const FactDefinition> facts, const std::vector<std::vector<FactId>>& lists) {
  for (const std::vector<FactId>& members : lists) {
    CHECK(!members.empty() && members.size() <= ItemDictionary::kMembers, "a list with too many members");
    auto column = static_cast<std::uint32_t>(lists_.size());
    lists_.emplace_back().members.resize(members.size());
    for (std::uint32_t member = 0; member < members.size(); ++member) {
      bool is_new = places_.emplace(members[member], Place{Place::Kind::list, column, member}).second;
      CHECK(is_new, "a fact is a member of two lists");
    }
  }
  for (const FactDefinition& fact : facts) {
    if (fact.type == FactType::computer_group || places_.contains(fact.id)) continue;
    Place place;
    if (is_list(fact.type)) {
      place = {Place::Kind::list, static_cast<std::uint32_t>(lists_.size())};
      lists_.emplace_back().members.resize(1);
    } else if (fact.type == FactType::integer || fact.type == FactType::time) {
      place = {Place::Kind::number, static_cast<std::uint32_t>(numbers_.size())};
      numbers_.emplace_back();
    } else {
      place = {Place::Kind::text, static_cast<std::uint32_t>(texts_.size())};
      texts_.emplace_back();
    }
    places_.emplace(fact.id, place);
  }
}

std::optional<Place> FactTable::place(FactId fact) const {
  auto found = places_.find(fact);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

FactCode FactTable::intern_item(std::uint32_t list_column, const ItemTexts& texts) {
  ListColumn& list = lists_[list_column];
  // Lengths keep ("ab", "c") apart from ("a", "bc"), whatever the texts contain.
  std::string& joined = list.index.scratch();
  joined.clear();
  for (std::size_t i = 0; i < list.members.size(); ++i) {
    auto length = static_cast<std::uint32_t>(texts[i].size());
    joined.append(reinterpret_cast<const char*>(&length), sizeof length);
    joined.append(texts[i]);
  }
  if (FactCode known = list.index.find(joined); known != 0) return known;
  ItemDictionary::Item item{};
  for (std::size_t i = 0; i < list.members.size(); ++i) item[i] = list.members[i].intern(texts[i]);
  FactCode code = list.dictionary.intern(item);
  list.index.add(joined, code);
  return code;
}

const FactCode* FactTable::codes_of_chunk(std::uint32_t text_column, std::size_t chunk) const {
  return chunk_at(texts_[text_column].chunks, chunk);
}

const std::int64_t* FactTable::numbers_of_chunk(std::uint32_t number_column, std::size_t chunk) const {
  return chunk_at(numbers_[number_column].chunks, chunk);
}

FactCode FactTable::code(std::uint32_t text_column, Row row) const {
  const FactCode* chunk = codes_of_chunk(text_column, row / kChunkRows);
  return chunk == nullptr ? 0 : chunk[row % kChunkRows];
}

std::int64_t FactTable::number(std::uint32_t number_column, Row row) const {
  const std::int64_t* chunk = numbers_of_chunk(number_column, row / kChunkRows);
  return chunk == nullptr ? kNoNumber : chunk[row % kChunkRows];
}

std::span<const FactCode> FactTable::items(std::uint32_t list_column, Row row) const {
  const Items* chunk = chunk_at(lists_[list_column].chunks, row / kChunkRows);
  if (chunk == nullptr) return {};
  const Items& items = chunk[row % kChunkRows];
  return {items.codes.get(), items.count};
}

bool FactTable::holds(Row row, const FactChange& change) const {
  switch (change.kind) {
    case Place::Kind::text:
      return code(change.column, row) == change.code;
    case Place::Kind::number:
      return number(change.column, row) == change.number;
    case Place::Kind::list:
      return std::ranges::equal(items(change.column, row), change.items);
  }
  CHECK(false);
  return false;
}

void FactTable::put(Row row, FactChange change) {
  if (holds(row, change)) return;
  switch (change.kind) {
    case Place::Kind::text:
      writable_chunk(texts_[change.column].chunks, row, FactCode{0})[row % kChunkRows] = change.code;
      return;
    case Place::Kind::number:
      writable_chunk(numbers_[change.column].chunks, row, kNoNumber)[row % kChunkRows] = change.number;
      return;
    case Place::Kind::list: {
      auto& chunks = lists_[change.column].chunks;
      std::size_t chunk = row / kChunkRows;
      if (chunk >= chunks.size()) chunks.resize(chunk + 1);
      if (!chunks[chunk]) chunks[chunk] = std::make_unique<Items[]>(kChunkRows);
      Items& items = chunks[chunk][row % kChunkRows];
      if (items.count != change.items.size()) {
        items.codes = change.items.empty() ? nullptr : std::make_unique_for_overwrite<FactCode[]>(change.items.size());
        items.count = static_cast<std::uint32_t>(change.items.size());
      }
      std::ranges::copy(change.items, items.codes.get());
      return;
    }
  }
}

void FactTable::clear(Row row) {
  for (std::uint32_t i = 0; i < texts_.size(); ++i) put(row, {.kind = Place::Kind::text, .column = i});
  for (std::uint32_t i = 0; i < numbers_.size(); ++i) put(row, {.kind = Place::Kind::number, .column = i});
  for (std::uint32_t i = 0; i < lists_.size(); ++i) put(row, {.kind = Place::Kind::list, .column = i});
}

}  // namespace wardbridge::criteria
