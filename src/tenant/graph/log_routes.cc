// The sign-in log and the audit log: read newest first, a page at a time, so that a long log is never loaded whole.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "tenant/graph/read.h"
#include "tenant/graph/resources.h"
#include "tenant/graph/routes.h"
#include "tenant/sign_ins/sign_ins.h"

namespace wardbridge::graph {
namespace {

using Response = Result<http::Response>;
using Cursor = std::optional<std::int64_t>;

constexpr int kBatch = 200;

// A log entry, and where the entry after it is to be looked for.
struct LogItem {
  json::Object item;
  std::int64_t cursor = 0;
};

// Each log hands out entries older than a cursor, newest first; fewer than kBatch means that the log ends there.
std::vector<LogItem> older_sign_ins(store::Transaction& tx, const directory::TenantId& tenant, Cursor cursor) {
  std::vector<LogItem> found;
  for (auto& numbered : sign_ins::list_numbered(tx, tenant, kBatch, cursor))
    found.push_back({sign_ins::to_graph_json(numbered.record), numbered.sequence});
  return found;
}

std::vector<LogItem> older_audit_rows(store::Transaction& tx, const directory::TenantId& tenant, Cursor cursor) {
  std::vector<LogItem> found;
  for (const auto& row : directory::audit_rows(tx, tenant, kBatch, cursor))
    found.push_back({to_json(row), row.sequence});
  return found;
}

Time time_of(const LogItem& entry, std::string_view time_property) {
  return parse_iso8601(json::text_at(entry.item, time_property).value_or("")).value_or(kNever);
}

using Older = std::vector<LogItem> (*)(store::Transaction&, const directory::TenantId&, Cursor);

Page read_page(store::Transaction& tx, const Call& call, const Query& query, Cursor cursor, Older older,
               std::string_view time_property) {
  Page page;
  // A little earlier than the filter says: entries are numbered in the order in which they were written, which several
  // servers' clocks may see otherwise.
  constexpr Duration kDisorder = minutes{10};
  const auto earliest = query.filter() ? query.filter()->earliest(time_property) : std::nullopt;
  while (true) {
    std::vector<LogItem> batch = older(tx, call.caller.tenant, cursor);
    for (const LogItem& entry : batch) {
      if (earliest && time_of(entry, time_property) < *earliest - kDisorder) return page;
      if (!query.matches(entry.item)) {
        cursor = entry.cursor;
        continue;
      }
      if (page.items.size() == query.page_size()) {
        page.skip_token = std::to_string(*cursor);
        return page;
      }
      page.items.push_back(query.select(entry.item));
      cursor = entry.cursor;
    }
    if (batch.size() < static_cast<std::size_t>(kBatch)) return page;
  }
}

Response reply_log(const Call& call, const ResourceType& type, std::string_view context_name, Older older,
                   std::string_view time_property) {
  const Query query = TRY(Query::parse(call.request, type, kLogRules));
  Cursor cursor;
  if (!query.skip_token().empty()) {
    cursor = text::parse_integer(query.skip_token());
    if (!cursor) return invalid("bad_skip_token", "the `$skiptoken` is not one that this log gave out", "$skiptoken");
  }
  Page page = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<Page> {
    return read_page(tx, call, query, cursor, older, time_property);
  }));
  return call.list(context_name, query, std::move(page));
}

Response list_sign_ins(const Call& call) {
  return reply_log(call, sign_in_type(), "auditLogs/signIns", older_sign_ins, "createdDateTime");
}

Response get_sign_in(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(call, sign_in_type(), "auditLogs/signIns", id, [&](store::Transaction& tx) -> MaybeItem {
    const auto record = sign_ins::find(tx, call.caller.tenant, id);
    if (!record) return std::nullopt;
    return sign_ins::to_graph_json(*record);
  });
}

Response list_directory_audits(const Call& call) {
  return reply_log(call, directory_audit_type(), "auditLogs/directoryAudits", older_audit_rows, "activityDateTime");
}

Response get_directory_audit(const Call& call) {
  const std::string& id = call.parameter("id");
  return reply_one(
      call, directory_audit_type(), "auditLogs/directoryAudits", id, [&](store::Transaction& tx) -> MaybeItem {
        constexpr std::string_view kPrefix = "Directory_";
        const auto sequence =
            id.starts_with(kPrefix) ? text::parse_integer(id.substr(kPrefix.size())) : std::optional<std::int64_t>();
        if (!sequence || *sequence < 0 || *sequence == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
        const auto rows = directory::audit_rows(tx, call.caller.tenant, 1, *sequence + 1);
        if (rows.empty() || rows.front().sequence != *sequence) return std::nullopt;
        return to_json(rows.front());
      });
}

}  // namespace

const std::vector<Route>& log_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf logs{"AuditLog.Read.All"};
    // ENTRA: the sign-in log asks for both.
    const AnyOf directory{"Directory.Read.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    constexpr std::string_view kLogOptions = "$filter $select $top $skiptoken";
    return new std::vector<Route>{
        {"GET", "/auditLogs/signIns", {logs, directory}, list_sign_ins, kMethod, kBoth, kLogOptions},
        {"GET", "/auditLogs/signIns/{id}", {logs, directory}, get_sign_in, kMethod, kBoth, kObjectOptions},
        {"GET", "/auditLogs/directoryAudits", {logs}, list_directory_audits, kMethod, kBoth, kLogOptions},
        {"GET", "/auditLogs/directoryAudits/{id}", {logs}, get_directory_audit, kMethod, kBoth, kObjectOptions},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
