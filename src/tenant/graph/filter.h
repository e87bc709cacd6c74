// $filter of OData 4, the subset that Microsoft Graph's clients use: comparisons (eq ne gt ge lt le), `in`, startswith,
// endswith, contains, `any` over collections of texts, and/or/not and parentheses, over texts, numbers, dates, true,
// false and null. Private to this room.
//
// Checked while it is parsed: every property is one of the resource's, every value of that property's type.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "base/time.h"
#include "tenant/graph/resource_type.h"

namespace wardbridge::graph {

class Filter {
 public:
  // Fails with `invalid_argument`: `bad_filter` (and where), `unknown_property`, `unsupported_filter`.
  static Result<Filter> parse(std::string_view text, const ResourceType& type);

  bool matches(const json::Object& item) const;
  // The text that `property` must equal in every match, if the filter says so: lets one look-up replace a scan.
  std::optional<std::string> required_text(std::string_view property) const;
  // The moment that `property` is not earlier than in every match, if the filter says so: where a log that is read
  // newest first may stop.
  std::optional<Time> earliest(std::string_view property) const;
  // Uses `ne`, `not` or `endswith`.
  bool is_advanced() const;

  struct Node;
  const Node& root() const { return *root_; }
  // Both must hold.
  Filter operator&(const Filter& other) const;

 private:
  friend Result<Filter> parse_search(std::string_view text, const ResourceType& type);
  explicit Filter(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const Node> root_;
};

// $search: `"displayName:ann" OR "mail:ann"`, joined by AND and OR (AND binds tighter); each clause holds where a word
// of the property starts with the text. Only texts that the type marks as searchable.
Result<Filter> parse_search(std::string_view text, const ResourceType& type);

}  // namespace wardbridge::graph
