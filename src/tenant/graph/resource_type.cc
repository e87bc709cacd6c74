#include "tenant/graph/resource_type.h"

#include <algorithm>

#include "base/text.h"

namespace wardbridge::graph {
namespace {

int rank(const json::Value& value) {
  if (value.is_null()) return 0;
  if (value.is_bool()) return 1;
  if (value.is_number()) return 2;
  if (value.is_string()) return 3;
  return 4;
}

template <class T>
int sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

}  // namespace

const Property* ResourceType::find(std::string_view property) const {
  const auto found =
      std::find_if(properties.begin(), properties.end(), [&](const Property& it) { return it.name == property; });
  return found == properties.end() ? nullptr : &*found;
}

json::Object ResourceType::default_view(const json::Object& item) const {
  const std::string_view is = json::text_at(item, "@odata.type").value_or("");
  for (const ResourceType* subtype : subtypes)
    if (is.ends_with(subtype->name)) return subtype->default_view(item);
  json::Object shown;
  for (const auto& member : item) {
    const Property* property = find(member.key());
    if (!property || property->shown_by_default) shown[member.key()] = member.value();
  }
  return shown;
}

const json::Value& value_at(const json::Object& item, std::string_view path) {
  static const json::Value kNull;
  const json::Object* object = &item;
  while (true) {
    const std::size_t slash = path.find('/');
    const json::Value* value = json::find(*object, path.substr(0, slash));
    if (!value) return kNull;
    if (slash == std::string_view::npos) return *value;
    object = value->if_object();
    if (!object) return kNull;
    path.remove_prefix(slash + 1);
  }
}

int compare_values(const json::Value& a, const json::Value& b) {
  if (rank(a) != rank(b)) return sign(rank(a), rank(b));
  if (a.is_bool()) return sign(a.get_bool(), b.get_bool());
  if (a.is_number()) return sign(a.to_number<double>(), b.to_number<double>());
  if (a.is_string()) return sign(text::lower(a.get_string()), text::lower(b.get_string()));
  return 0;
}

}  // namespace wardbridge::graph
