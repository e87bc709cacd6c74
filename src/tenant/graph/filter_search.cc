#include "tenant/graph/filter_search.h"

#include "tenant/graph/filter_tree.h"

namespace wardbridge::graph {
namespace {

using directory::ObjectKind;
using directory::Predicate;
using Node = Filter::Node;

store::Value stored(const json::Value& value) {
  if (value.is_bool()) return store::Value(value.get_bool());
  if (value.is_string()) return store::Value(std::string_view(value.get_string()));
  if (value.is_int64()) return store::Value(value.get_int64());
  return {};
}

Predicate joined(Predicate::Kind kind, std::vector<Predicate> parts) {
  return {.kind = kind, .property = {}, .value = {}, .parts = std::move(parts)};
}

// Nothing where the store can't say exactly the same.
std::optional<Predicate> condition(const Node& node, Predicate::Kind kind, const json::Value& value, ObjectKind of) {
  Predicate predicate{.kind = value.is_null() ? Predicate::Kind::absent : kind,
                      .property = std::string(node.property->name),
                      .value = stored(value),
                      .parts = {}};
  if (!directory::is_searchable(of, predicate)) return std::nullopt;
  return predicate;
}

std::optional<Predicate> exactly(const Node& node, ObjectKind of);

std::optional<Predicate> each_exactly(const Node& node, Predicate::Kind kind, ObjectKind of) {
  std::vector<Predicate> parts;
  for (const auto& child : node.children) {
    auto part = exactly(*child, of);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  return joined(kind, std::move(parts));
}

std::optional<Predicate> opposite(std::optional<Predicate> predicate) {
  if (!predicate) return std::nullopt;
  return joined(Predicate::Kind::negation, {std::move(*predicate)});
}

std::optional<Predicate> exactly(const Node& node, ObjectKind of) {
  using From = Node::Kind;
  using To = Predicate::Kind;
  const auto compared = [&](To kind) { return condition(node, kind, node.values.front(), of); };
  switch (node.kind) {
    case From::all_of:
      return each_exactly(node, To::all_of, of);
    case From::any_of:
      return each_exactly(node, To::any_of, of);
    case From::negation:
      return opposite(exactly(*node.children.front(), of));
    case From::equal:
      return compared(To::equal);
    case From::not_equal:
      return opposite(compared(To::equal));
    case From::greater:
      return compared(To::greater);
    case From::greater_equal:
      return compared(To::greater_equal);
    case From::less:
      return compared(To::less);
    case From::less_equal:
      return compared(To::less_equal);
    case From::starts_with:
      return compared(To::starts_with);
    case From::ends_with:
      return compared(To::ends_with);
    case From::contains:
      return compared(To::contains);
    case From::truth:
      return condition(node, To::equal, json::Value(true), of);
    case From::in: {
      std::vector<Predicate> parts;
      for (const json::Value& value : node.values) {
        auto part = condition(node, To::equal, value, of);
        if (!part) return std::nullopt;
        parts.push_back(std::move(*part));
      }
      return joined(To::any_of, std::move(parts));
    }
    case From::word_starts_with:
    case From::any_element:
      return std::nullopt;
  }
  CHECK(false, "every kind of node is answered");
}

}  // namespace

SearchableFilter searchable_part(const Filter& filter, ObjectKind kind) {
  if (auto whole = exactly(filter.root(), kind)) return {std::move(whole), true};
  SearchableFilter part{std::nullopt, false};
  if (filter.root().kind != Node::Kind::all_of) return part;
  std::vector<Predicate> known;
  for (const auto& child : filter.root().children)
    if (auto one = exactly(*child, kind)) known.push_back(std::move(*one));
  if (!known.empty()) part.where = joined(Predicate::Kind::all_of, std::move(known));
  return part;
}

}  // namespace wardbridge::graph
