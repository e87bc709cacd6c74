#include "management/jamf_api/change_log.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {
namespace {

constexpr std::size_t kKeyWidth = 26;
constexpr const char* kRule = "----------\n";

std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

// JAMF: `EEE MMM dd HH:mm:ss zzz YYYY`.
std::string vendor_date(Time time) {
  using namespace std::chrono;
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  sys_days day = floor<days>(time);
  year_month_day date{day};
  std::string iso = to_iso8601(time, false);  // 2026-11-23T18:00:00Z
  return std::string(kDays[weekday{day}.c_encoding()]) + " " + kMonths[static_cast<unsigned>(date.month()) - 1] + " " +
         iso.substr(8, 2) + " " + iso.substr(11, 8) + " UTC " + iso.substr(0, 4);
}

std::string line(const std::string& key, const std::string& value) {
  std::string padded = on_one_line(key);
  padded.append(padded.size() + 2 > kKeyWidth ? 2 : kKeyWidth - padded.size(), '.');
  return padded + on_one_line(value) + "\n";
}

std::string plain(const json::Value& value) {
  return value.is_string() ? std::string(std::string_view(value.get_string())) : json::to_text(value);
}

// `old -> new` of what changed; anything else as it is.
std::string detail(const json::Value& value) {
  const json::Object* change = value.if_object();
  const json::Value* from = change ? change->if_contains("old") : nullptr;
  const json::Value* to = change ? change->if_contains("new") : nullptr;
  return from && to ? plain(*from) + " -> " + plain(*to) : plain(value);
}

json::Object entry_json(const audit::StoredEntry& row) {
  const audit::Entry& entry = row.entry;
  return {
      {"id", std::to_string(row.sequence)}, {"time", to_iso8601(entry.time)},      {"username", entry.actor.name},
      {"address", entry.actor.address},     {"action", text::upper(entry.action)}, {"objectType", entry.object_type},
      {"objectId", entry.object_id},        {"objectName", entry.object_name},     {"details", entry.details}};
}

Result<http::Response> list_changes(const Dependencies& deps, const http::Request& request) {
  std::string object_type = request.query_parameter("objectType").value_or("");
  std::optional<std::int64_t> before;
  if (auto id = request.query_parameter("before")) {
    before = text::parse_integer(*id);
    if (!before) return invalid("invalid_id", "`before` must be the id of an entry", "before");
  }
  int size = paging_of(request).page_size;
  auto rows = TRY(deps.store.read([&](store::Transaction& tx) -> Result<std::vector<audit::StoredEntry>> {
    return audit::list(tx, object_type, "", size, before);
  }));
  json::Array results;
  for (const audit::StoredEntry& row : rows) results.push_back(entry_json(row));
  return http::json_response(200, json::Object{{"results", std::move(results)}});
}

}  // namespace

std::string change_log_text(const audit::StoredEntry& row) {
  const audit::Entry& entry = row.entry;
  std::string who = on_one_line(entry.actor.name.empty() ? "system" : entry.actor.name);
  std::string text = "[" + who + " (ID: " + on_one_line(entry.actor.id) + ")] [" +
                     on_one_line(text::upper(entry.action)) + "] [" + on_one_line(entry.object_type) + "] [" +
                     vendor_date(entry.time) + "]\n";
  text += kRule;
  text += line("Object", entry.object_name + " (" + entry.object_id + ")");
  for (const auto& member : entry.details) text += line(std::string(member.key()), detail(member.value()));
  return text + kRule;
}

void register_change_log_routes(Api& api, const Dependencies& deps) {
  api.add("GET", "/api/v1/wardbridge/change-management-log", "Read Change Management",
          [deps](const http::Request& request, const accounts::Caller&) { return list_changes(deps, request); });
}

}  // namespace wardbridge::jamf_api
