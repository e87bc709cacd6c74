#include "tenant/graph/walk.h"

#include "tenant/graph/filter_search.h"
#include "tenant/graph/graph_wire.h"

namespace wardbridge::graph {
namespace {

using directory::Place;

constexpr std::size_t kWalkBatch = 500;

// Calls `take` with every match until it returns false.
template <class Take>
Status each_match(store::Transaction& tx, const Query& query, const Walk& walk, std::optional<Place> after,
                  std::size_t batch_size, Take take) {
  while (true) {
    std::vector<WalkEntry> batch = TRY(walk.next(tx, after, batch_size));
    for (WalkEntry& entry : batch) {
      after = entry.place;
      if (!entry.is_shown || (!walk.is_filtered && !query.matches(entry.item))) continue;
      if (!take(entry)) return done();
    }
    if (batch.size() < batch_size) return done();
  }
}

Result<std::int64_t> count_matches(store::Transaction& tx, const Query& query, const Walk& walk) {
  if (walk.is_filtered) return walk.count(tx);
  std::int64_t count = 0;
  TRY(each_match(tx, query, walk, std::nullopt, kWalkBatch, [&](const WalkEntry&) { return ++count, true; }));
  return count;
}

Result<Page> read_page(store::Transaction& tx, const Query& query, const Walk& walk, const std::optional<Place>& after,
                       const Expand& expand) {
  Page page;
  if (query.wants_count()) page.count = static_cast<std::size_t>(TRY(count_matches(tx, query, walk)));
  std::vector<WalkEntry> shown;
  bool has_more = false;
  // One more than a page tells whether there is another.
  const std::size_t batch_size = walk.is_filtered ? query.page_size() + 1 : kWalkBatch;
  TRY(each_match(tx, query, walk, after, batch_size, [&](WalkEntry& entry) {
    has_more = shown.size() == query.page_size();
    if (!has_more) shown.push_back(std::move(entry));
    return !has_more;
  }));
  for (const WalkEntry& entry : shown) {
    json::Object item = query.select(entry.item);
    if (!query.expanded().empty() && expand) {
      // The relation is looked up by the id, whether or not it was selected.
      const bool has_id = item.contains("id");
      if (!has_id) item["id"] = value_at(entry.item, "id");
      expand(tx, query.expanded(), item);
      if (!has_id) item.erase("id");
    }
    page.items.push_back(std::move(item));
  }
  if (has_more) page.skip_token = place_token(shown.back().place);
  return page;
}

}  // namespace

std::string place_token(const Place& place) {
  json::Array parts;
  if (const auto* number = place.key.number()) parts.push_back(*number);
  if (const auto* text = place.key.text()) parts.push_back(json::Value(*text));
  parts.push_back(json::Value(place.id.value));
  return text::to_base64url(json::to_text(parts));
}

Result<Place> place_from_token(const std::string& token) {
  const auto bytes = text::from_base64url(token);
  const auto parsed = json::parse(bytes.value_or(""));
  const json::Array* parts = parsed.ok() ? parsed->if_array() : nullptr;
  const bool is_place =
      parts && parts->size() == 2 && ((*parts)[0].is_string() || (*parts)[0].is_int64()) && (*parts)[1].is_string();
  if (!is_place)
    return invalid("bad_skip_token", "the `$skiptoken` is not one that this collection gave out", "$skiptoken");
  Place place;
  place.key = (*parts)[0].is_string() ? store::Value(std::string_view((*parts)[0].get_string()))
                                      : store::Value((*parts)[0].get_int64());
  place.id = {std::string((*parts)[1].get_string())};
  return place;
}

Result<http::Response> reply_walk(const Call& call, const Query& query, std::string_view context_name, const Walk& walk,
                                  const Expand& expand) {
  std::optional<Place> after;
  if (!query.skip_token().empty()) after = TRY(place_from_token(query.skip_token()));
  Page page = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<Page> {
    auto read = read_page(tx, query, walk, after, expand);
    if (!read.ok() && read.failure().reason == "bad_place") return place_from_token("").failure();
    return read;
  }));
  return call.list(context_name, query, std::move(page));
}

Result<http::Response> reply_count(const Call& call, const Query& query, const Walk& walk) {
  const auto count = TRY(call.with.store.read(
      [&](store::Transaction& tx) -> Result<std::int64_t> { return count_matches(tx, query, walk); }));
  return text_reply(call.request, 200, std::to_string(count));
}

Result<ObjectSearch> object_search(directory::ObjectKind kind, const Query& query, Time now) {
  ObjectSearch found;
  found.search.now = now;
  if (query.filter()) {
    SearchableFilter part = searchable_part(*query.filter(), kind);
    found.search.where = std::move(part.where);
    found.is_filtered = part.is_complete;
  }
  if (query.asked_order().size() > 1)
    return invalid("unsupported_query", "these objects can be ordered by one property at a time", "$orderby");
  if (!query.asked_order().empty()) {
    const Query::Order& order = query.asked_order().front();
    if (!directory::is_sortable(kind, order.property))
      return invalid("unsupported_query", "these objects can't be ordered by `" + order.property + "`", "$orderby");
    found.search.order_by = order.property;
    found.search.descending = order.descending;
  }
  return found;
}

}  // namespace wardbridge::graph
