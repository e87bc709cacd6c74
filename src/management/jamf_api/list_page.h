// Lists that are made whole before a page of them is cut out, as those of groups are: `sort`, `filter` (RSQL) and
// paging over rows that are JSON objects; for this room's own sources. Computers, which are many, are listed by their
// own room.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"
#include "platform/http/http.h"

namespace wardbridge::jamf_api {

struct ListColumn {
  enum class Kind { text, number, flag };
  std::string_view name;    // as `sort` and `filter` call it
  std::string_view member;  // of a row that holds it; a number may be spelled as a text there
  Kind kind = Kind::text;
  bool filterable = true;  // all can be sorted by
};

// {"totalCount": of all that match, "results": the page}. Rows that the sort does not tell apart keep their order.
// `invalid_field` (where: `sort` or `filter`), `bad_filter`, `filter_too_large`, `bad_filter_value`.
Result<json::Object> page_of(std::span<const ListColumn> columns, json::Array rows, const http::Request& request);

}  // namespace wardbridge::jamf_api
