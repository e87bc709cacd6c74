// The two shapes that nearly every GET has: one object, and a page of a collection. Private to this room.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenant/graph/resource_type.h"
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

// The JSON object of a request's body.
inline Result<json::Object> body_of(const Call& call) {
  json::Value body = TRY(json::parse(call.request.body));
  TRY(json::as_object(body));
  return std::move(body.get_object());
}

// The reply to a creation: the object, and where it is.
inline http::Response created(const Call& call, std::string_view collection, const ResourceType& type,
                              const json::Object& item) {
  const std::string id(json::text_at(item, "id").value_or(""));
  http::Response response = call.one(collection, type.default_view(item), 201);
  response.headers.set("Location",
                       call.with.base_url + "/" + std::string(call.version) + "/" + std::string(collection) + "/" + id);
  return response;
}

// The id at the end of `https://host/v1.0/directoryObjects/<id>`, as `@odata.id` and `@odata.bind` name objects.
Result<directory::ObjectId> referred(std::string_view url);
Result<directory::ObjectId> referred_by_body(const Call& call);

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
