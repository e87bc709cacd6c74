// The OData subset of Microsoft Graph's collections: what a query asks for, checked against the properties of a
// resource, and applied to the JSON of its items. Private to this room.
//
//   Query query = TRY(Query::parse(request, kDeviceType));
//   Page page = TRY(query.page(std::move(items)));
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "platform/http/http.h"
#include "tenant/graph/filter.h"
#include "tenant/graph/resource_type.h"

namespace wardbridge::graph {

// What a collection lets a query ask.
struct CollectionRules {
  std::size_t page_size = 100;
  std::size_t page_size_largest = 999;
  std::string_view default_order = "displayName";  // of `$orderby`
  bool skip = false;                               // `$skip`; directory objects have none
  bool ordered = true;                             // `$orderby`; logs come newest first only
  bool counted = true;                             // `$count`
  std::vector<std::string_view> expands;           // relations that `$expand` may name, one at a time
  bool searched = false;                           // `$search`
  // ENTRA: directory objects answer `ne`, `not`, `endsWith`, `$count`, and `$orderby` together with `$filter` only to
  // requests that accept eventual consistency.
  bool advanced_queries_need_header = false;
};

inline const CollectionRules kDirectoryRules{.advanced_queries_need_header = true};
inline const CollectionRules kPolicyRules{.default_order = "createdDateTime", .skip = true};
inline const CollectionRules kLogRules{
    .page_size = 1000, .page_size_largest = 1000, .ordered = false, .counted = false};

struct Page {
  json::Array items;                 // after $filter, $orderby, $select
  std::optional<std::size_t> count;  // of all matches, when asked for
  std::string skip_token;            // empty on the last page
};

class Query {
 public:
  // Fails with `invalid_argument`: an unknown or unsupported `$` option, a property that the resource doesn't have, a
  // bad value. Options without `$` are none of ours.
  static Result<Query> parse(const http::Request& request, const ResourceType& type, const CollectionRules& rules);
  // Of a single resource: `$select`, and `$expand` of one of `expands`.
  static Result<Query> parse_single(const http::Request& request, const ResourceType& type,
                                    const std::vector<std::string_view>& expands = {});

  // Of `/$count`: `$filter` and `$search`, both only with eventual consistency.
  static Result<Query> parse_count(const http::Request& request, const ResourceType& type,
                                   const CollectionRules& rules);

  const std::optional<Filter>& filter() const { return filter_; }
  std::size_t page_size() const { return page_size_; }
  const std::string& skip_token() const { return skip_token_; }
  bool wants_count() const { return count_; }
  // The relation to expand; empty: none.
  const std::string& expanded() const { return expanded_; }
  struct Order {
    std::string property;
    bool descending = false;
  };
  // As asked for; empty: in the collection's own order.
  const std::vector<Order>& asked_order() const { return asked_order_; }

  bool matches(const json::Object& item) const { return !filter_ || filter_->matches(item); }
  json::Object select(const json::Object& item) const;

  // The page of all items of a collection that the query asks for, ordered by `$orderby` or the collection's own order,
  // then by `id`. A skip token holds the place of the last item shown, so that a page neither repeats nor leaves out
  // items when others come and go in between.
  Result<Page> page(std::vector<json::Object> items) const;

  // The query string of the next page.
  std::string next_query(const std::string& skip_token) const;

 private:
  Status take_option(const std::string& name, const std::string& value, const CollectionRules& rules);
  Status take_select(const std::string& value);
  Status take_order(const std::string& value);
  Status take_expand(const std::string& value, const std::vector<std::string_view>& expands);
  Status take_page_size(const std::string& value, const CollectionRules& rules);
  Status check_advanced(const http::Request& request) const;
  bool comes_before(const json::Object& a, const json::Object& b) const;
  json::Array order_key(const json::Object& item) const;

  const ResourceType* type_ = nullptr;
  text::Form options_;  // as asked, for next_query()
  std::optional<Filter> filter_;
  std::vector<std::string> selected_;  // empty: what is shown by default
  std::vector<Order> asked_order_;
  std::vector<Order> order_;  // asked_order_, or the default
  bool search_ = false;
  std::string expanded_;
  std::size_t page_size_ = 0;
  std::size_t skip_ = 0;
  bool count_ = false;
  std::string skip_token_;
};

}  // namespace wardbridge::graph
