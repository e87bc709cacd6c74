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

// The items of one sorted list that the other lacks.
template <class Visit>
void for_each_missing(std::span<const FactCode> of, std::span<const FactCode> in, Visit visit) {
  std::size_t at = 0;
  for (FactCode item : of) {
    while (at < in.size() && in[at] < item) ++at;
    if (at == in.size() || in[at] != item) visit(item);
  }
}

template <class Value>
const Value* chunk_at(const std::vector<std::unique_ptr<Value[]>>& chunks, std::size_t chunk) {
  return chunk < chunks.size() ? chunks[chunk].get() : nullptr;
}

bool is_list(FactType type) {
  return type == FactType::texts || type == FactType::versions || type == FactType::integers || type == FactType::times;
}

}  // namespace

template <class Key>
std::size_t Dictionary::Hash::operator()(Key key) const {
  return absl::HashOf(owner->text_of(key));
}

FactCode Dictionary::find(std::string_view text) const {
  auto found = codes_.find(text);
  return found == codes_.end() ? 0 : *found;
}

FactCode Dictionary::intern(std::string_view text) {
  if (text.empty()) return 0;
  if (FactCode known = find(text); known != 0) return known;
  auto code = static_cast<FactCode>(texts_.size());
  texts_.push_back(keep(text));
  codes_.insert(code);
  return code;
}

std::string_view Dictionary::keep(std::string_view text) {
  constexpr std::size_t kBlock = 16'384;
  if (text.size() > room_.size()) {
    std::size_t size = std::max(kBlock, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    room_ = {blocks_.back().get(), size};
  }
  std::ranges::copy(text, room_.begin());
  std::string_view kept(room_.data(), text.size());
  room_ = room_.subspan(text.size());
  return kept;
}

FactCode ItemDictionary::intern(const Item& item) {
  auto [at, is_new] = codes_.try_emplace(item, static_cast<FactCode>(items_.size()));
  if (is_new) items_.push_back(item);
  return at->second;
}

FactTable::FactTable(std::span<const FactDefinition> facts, const std::vector<std::vector<FactId>>& lists) {
  for (const std::vector<FactId>& members : lists) {
    CHECK(!members.empty() && members.size() <= ItemDictionary::kMembers, "a list with too many members");
    auto column = static_cast<std::uint32_t>(lists_.size());
    lists_.emplace_back().members.resize(members.size());
    lists_.back().has_postings = true;
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
  scratch_.clear();
  for (std::size_t i = 0; i < list.members.size(); ++i) {
    auto length = static_cast<std::uint32_t>(texts[i].size());
    scratch_.append(reinterpret_cast<const char*>(&length), sizeof length);
    scratch_.append(texts[i]);
  }
  FactCode joined = list.joined.intern(scratch_);
  if (joined < list.of_joined.size()) return list.of_joined[joined];
  ItemDictionary::Item item{};
  for (std::size_t i = 0; i < list.members.size(); ++i) item[i] = list.members[i].intern(texts[i]);
  return list.of_joined.emplace_back(list.dictionary.intern(item));
}

const FactCode* FactTable::codes_of_chunk(std::uint32_t text_column, std::size_t chunk) const {
  return chunk_at(texts_[text_column].chunks, chunk);
}

const std::int64_t* FactTable::numbers_of_chunk(std::uint32_t number_column, std::size_t chunk) const {
  return chunk_at(numbers_[number_column].chunks, chunk);
}

const Postings* FactTable::postings_of_chunk(std::uint32_t list_column, std::size_t chunk) const {
  const auto& postings = lists_[list_column].postings;
  return chunk < postings.size() ? &postings[chunk] : nullptr;
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
    case Place::Kind::list:
      put_items(lists_[change.column], row, std::move(change.items));
      return;
  }
}

void FactTable::put_items(ListColumn& list, Row row, std::vector<FactCode> items) {
  std::size_t chunk = row / kChunkRows;
  Row row_in_chunk = row % kChunkRows;
  if (chunk >= list.chunks.size()) list.chunks.resize(chunk + 1);
  if (!list.chunks[chunk]) list.chunks[chunk] = std::make_unique<Items[]>(kChunkRows);
  Items& stored = list.chunks[chunk][row_in_chunk];
  if (list.has_postings) {
    if (chunk >= list.postings.size()) list.postings.resize(chunk + 1);
    Postings& postings = list.postings[chunk];
    std::span<const FactCode> before(stored.codes.get(), stored.count);
    for_each_missing(before, items, [&](FactCode gone) { postings.remove(gone, row_in_chunk); });
    for_each_missing(items, before, [&](FactCode come) { postings.add(come, row_in_chunk); });
  }
  if (stored.count != items.size()) {
    stored.codes = items.empty() ? nullptr : std::make_unique_for_overwrite<FactCode[]>(items.size());
    stored.count = static_cast<std::uint32_t>(items.size());
  }
  std::ranges::copy(items, stored.codes.get());
}

void FactTable::clear(Row row) {
  for (std::uint32_t i = 0; i < texts_.size(); ++i) put(row, {.kind = Place::Kind::text, .column = i});
  for (std::uint32_t i = 0; i < numbers_.size(); ++i) put(row, {.kind = Place::Kind::number, .column = i});
  for (std::uint32_t i = 0; i < lists_.size(); ++i) put(row, {.kind = Place::Kind::list, .column = i});
}

}  // namespace wardbridge::criteria
