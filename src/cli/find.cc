#include "cli/find.h"

#include "base/text.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

constexpr std::size_t kPageSize = 200;

}  // namespace

Result<Found> find_called(ApiClient& management, const std::vector<std::string>& lists, const std::string& wanted,
                          const char* what) {
  for (const std::string& list : lists) {
    // A list that knows no pages answers with all of it at once.
    for (std::size_t page = 0, seen = 0;; ++page) {
      std::string path = list + "?page=" + std::to_string(page) + "&page-size=" + std::to_string(kPageSize);
      json::Object some = TRY(management.get(path));
      const json::Array& results = array_in(some, "results");
      for (const json::Value& value : results) {
        const json::Object* one = value.if_object();
        if (!one) continue;
        std::string id(json::text_at(*one, "id").value_or(""));
        if (id != wanted && json::text_at(*one, "name") != wanted) continue;
        return Found{.path = list + "/" + text::percent_encode(id), .id = id, .object = *one};
      }
      seen += results.size();
      auto total = json::integer_at(some, "totalCount");
      if (results.empty() || !total || static_cast<std::int64_t>(seen) >= *total) break;
    }
  }
  return not_found("not_found", "no " + std::string(what) + " is called `" + wanted + "`");
}

Result<Found> find_any_connection(ApiClient& management, const std::string& wanted) {
  return find_called(management, {kConnections, kCloudConnections}, wanted, "connection");
}

Result<std::string> find_group_id(ApiClient& management, const std::string& wanted) {
  if (text::parse_integer(wanted)) return wanted;
  std::string quoted = "\"" + text::replace_all(text::replace_all(wanted, "\\", "\\\\"), "\"", "\\\"") + "\"";
  json::Object found = TRY(management.get("/api/v1/wardbridge/computer-groups?page-size=" + std::to_string(kPageSize) +
                                          "&filter=" + text::percent_encode("name==" + quoted)));
  // An asterisk of a name is a wildcard to the filter.
  for (const json::Value& value : array_in(found, "results")) {
    const json::Object* group = value.if_object();
    if (group && json::text_at(*group, "name") == wanted) return std::string(json::text_at(*group, "id").value_or(""));
  }
  return not_found("no_group", "no computer group is called `" + wanted + "`");
}

}  // namespace wardbridge::cli
