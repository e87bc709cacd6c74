// The properties of a Graph resource, as queries may name them. Private to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace wardbridge::graph {

enum class PropertyType { text, flag, integer, date, collection, complex };

struct Property {
  std::string_view name;  // `displayName`; of a complex property's member `status/errorCode`
  PropertyType type = PropertyType::text;
  bool shown_by_default = true;  // otherwise only when $select names it
  bool is_searchable = false;    // by $search
};

struct ResourceType {
  std::string_view name;  // `microsoft.graph.device`
  std::vector<Property> properties;
  std::vector<const ResourceType*> subtypes = {};  // of a type whose items say what they are in `@odata.type`

  // What is shown of an item when nothing is selected.
  json::Object default_view(const json::Object& item) const;
  const Property* find(std::string_view property) const;
};

// The value at a property's path, null when it isn't there.
const json::Value& value_at(const json::Object& item, std::string_view path);

// -1, 0, 1: null first, then by type; texts without case.
int compare_values(const json::Value& a, const json::Value& b);

}  // namespace wardbridge::graph
