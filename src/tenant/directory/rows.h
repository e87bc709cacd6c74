// Reading many objects by their ids. Private to this room.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tenant/directory/directory.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {

// `select` ends in `WHERE tenant_id = ?`.
inline std::vector<store::Row> rows_with_ids(store::Transaction& tx, std::string select, const TenantId& tenant,
                                             const std::vector<ObjectId>& ids) {
  if (ids.empty()) return {};
  std::vector<store::Value> parameters{tenant.value};
  for (const ObjectId& id : ids) parameters.emplace_back(id_key(id.value));
  return tx.query(select + " AND id IN " + placeholders(ids.size()), store::Parameters(parameters));
}

// The objects in the order of `ids`; ids that nothing has are left out.
template <class From>
auto in_order_of(const std::vector<ObjectId>& ids, const std::vector<store::Row>& rows, From from) {
  using Object = std::invoke_result_t<From, const store::Row&>;
  std::map<std::string, Object> found;
  for (const store::Row& row : rows) {
    Object object = from(row);
    std::string id = object.id.value;
    found.emplace(std::move(id), std::move(object));
  }
  std::vector<Object> ordered;
  ordered.reserve(found.size());
  for (const ObjectId& id : ids) {
    const auto one = found.find(id_key(id.value));
    if (one != found.end()) ordered.push_back(one->second);
  }
  return ordered;
}

}  // namespace wardbridge::directory
