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
  // ENTRA: directory objects answer `ne`, `not`, `endsWith`, `$count`, and `$orderby` together with `$filter` only to
  // requests that accept eventual consistency.
  bool advanced_queries_need_header = false;
};

inline constexpr CollectionRules kDirectoryRules{.advanced_queries_need_header = true};
inline constexpr CollectionRules kPolicyRules{.default_order = "createdDateTime", .skip = true};
inline constexpr CollectionRules kLogRules{
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
  // Of a single resource: `$select` alone.
  static Result<Query> parse_single(const http::Request& request, const ResourceType& type);

  const std::optional<Filter>& filter() const { return filter_; }
  std::size_t page_size() const { return page_size_; }
  const std::string& skip_token() const { return skip_token_; }

  bool matches(const json::Object& item) const { return !filter_ || filter_->matches(item); }
  json::Object select(const json::Object& item) const;

  // The page of all items of a collection that the query asks for, ordered by `$orderby` or the collection's own order,
  // then by `id`. A skip token holds the place of the last item shown, so that a page neither repeats nor leaves out
  // items when others come and go in between.
  Result<Page> page(std::vector<json::Object> items) const;

  // The query string of the next page.
  std::string next_query(const std::string& skip_token) const;

 private:
  struct Order {
    std::string property;
    bool descending = false;
  };

  Status take_option(const std::string& name, const std::string& value, const CollectionRules& rules);
  Status take_select(const std::string& value);
  Status take_order(const std::string& value);
  Status take_page_size(const std::string& value, const CollectionRules& rules);
  Status check_advanced(const http::Request& request) const;
  bool comes_before(const json::Object& a, const json::Object& b) const;
  json::Array order_key(const json::Object& item) const;

  const ResourceType* type_ = nullptr;
  text::Form options_;  // as asked, for next_query()
  std::optional<Filter> filter_;
  std::vector<std::string> selected_;  // empty: what is shown by default
  std::vector<Order> order_;
  std::size_t page_size_ = 0;
  std::size_t skip_ = 0;
  bool count_ = false;
  std::string skip_token_;
};

// -1, 0, 1: null first, then by type; texts without case.
int compare_values(const json::Value& a, const json::Value& b);

}  // namespace wardbridge::graph
