// Collections that are too large to be loaded whole: read in their order, a batch at a time, until a page is full.
// Private to this room.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "tenant/directory/search.h"
#include "tenant/graph/read.h"

namespace wardbridge::graph {

struct WalkEntry {
  json::Object item;
  directory::Place place;
  bool is_shown = true;  // false: it only marks a place
};

struct Walk {
  // At most `limit` entries after a place (nothing: from the start); fewer mean that the collection ends there.
  std::function<Result<std::vector<WalkEntry>>(store::Transaction&, const std::optional<directory::Place>&,
                                               std::size_t)>
      next;
  // Whether `next` leaves out what the query's filter doesn't match.
  bool is_filtered = false;
  // How many there are, after the filter where is_filtered.
  std::function<std::int64_t(store::Transaction&)> count;
};

// Adds the relation that $expand names to an item of the page.
using Expand = std::function<void(store::Transaction&, const std::string& relation, json::Object& item)>;

Result<http::Response> reply_walk(const Call& call, const Query& query, std::string_view context_name, const Walk& walk,
                                  const Expand& expand = {});
// `/users/$count`: the number alone, as text.
Result<http::Response> reply_count(const Call& call, const Query& query, const Walk& walk);

// A place as a skip token, and back: what is none is refused.
std::string place_token(const directory::Place& place);
Result<directory::Place> place_from_token(const std::string& token);

// All users, groups or devices, as the query wants them. `load(tx, ids)` gives objects in the order of their ids,
// `show(object)` their JSON. Fails where the query asks for an order that isn't kept.
template <class Load, class Show>
Result<Walk> walk_objects(const Call& call, directory::ObjectKind kind, const Query& query, Load load, Show show);

// --- how

// The part of walk_objects() that doesn't depend on the kind.
struct ObjectSearch {
  directory::Search search;
  bool is_filtered = true;
};
Result<ObjectSearch> object_search(directory::ObjectKind kind, const Query& query, Time now);

template <class Load, class Show>
Result<Walk> walk_objects(const Call& call, directory::ObjectKind kind, const Query& query, Load load, Show show) {
  const ObjectSearch found = TRY(object_search(kind, query, call.now));
  const directory::TenantId tenant = call.caller.tenant;
  Walk walk;
  walk.is_filtered = found.is_filtered;
  walk.next = [tenant, kind, found, load, show](store::Transaction& tx, const std::optional<directory::Place>& after,
                                                std::size_t limit) -> Result<std::vector<WalkEntry>> {
    directory::Search search = found.search;
    search.after = after;
    search.limit = limit;
    const std::vector<directory::Place> places = TRY(directory::search(tx, tenant, kind, search));
    std::vector<directory::ObjectId> ids;
    for (const directory::Place& place : places) ids.push_back(place.id);
    const auto objects = load(tx, tenant, ids);
    CHECK(objects.size() == places.size(), "one transaction sees the objects that it found");
    std::vector<WalkEntry> entries;
    for (std::size_t i = 0; i < places.size(); ++i) entries.push_back({show(objects[i]), places[i], true});
    return entries;
  };
  walk.count = [tenant, kind, found](store::Transaction& tx) {
    return directory::count(tx, tenant, kind, found.search.where, found.search.now);
  };
  return walk;
}

}  // namespace wardbridge::graph
