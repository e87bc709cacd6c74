// The two shapes that nearly every GET has: one object, and a page of a collection. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenant/graph/routes.h"

namespace wardbridge::graph {

using Items = std::vector<json::Object>;
using MaybeItem = std::optional<json::Object>;

// What the path names, for a message; a path that names nothing asks for the whole.
inline std::string asked_for(const Call& call) {
  const auto& parameters = call.request.path_parameters;
  return parameters.empty() ? "" : parameters.begin()->second;
}

inline Failure no_resource(const std::string& id) {
  return not_found("no_resource", "Resource '" + id +
                                      "' does not exist or one of its queried reference-property objects are not "
                                      "present.");
}

// `find(tx)` is a MaybeItem; `id` is what the caller asked for.
template <class Find>
Result<http::Response> reply_one(const Call& call, const ResourceType& type, std::string_view context_name,
                                 const std::string& id, Find find) {
  const Query query = TRY(Query::parse_single(call.request, type));
  MaybeItem item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<MaybeItem> { return find(tx); }));
  if (!item) return no_resource(id);
  return call.one(context_name, query.select(*item));
}

// `collect(tx, query)` is Result<Items>: all items, or those that a filter on a key leaves.
template <class Collect>
Result<http::Response> reply_list(const Call& call, const ResourceType& type, const CollectionRules& rules,
                                  std::string_view context_name, Collect collect) {
  const Query query = TRY(Query::parse(call.request, type, rules));
  Items items = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<Items> { return collect(tx, query); }));
  return call.list(context_name, query, TRY(query.page(std::move(items))));
}

// The text that a filter demands of `property`, if any.
inline std::optional<std::string> demanded(const Query& query, std::string_view property) {
  return query.filter() ? query.filter()->required_text(property) : std::nullopt;
}

}  // namespace wardbridge::graph
