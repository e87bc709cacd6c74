#include "cli/connector.h"

#include <cstdio>
#include <vector>

#include "base/text.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

constexpr int kRoutesOfAPage = 500;

int refused(const Failure& failure) {
  std::fprintf(stderr, "wardbridge connector: %s\n", on_terminal(failure.message).c_str());
  return 1;
}

int print_list(const Result<json::Object>& answer, bool as_json, const std::vector<Column>& columns) {
  if (!answer.ok()) return refused(answer.failure());
  std::string text = as_json ? json::to_pretty_text(*answer) + "\n" : table_text(array_in(*answer, "results"), columns);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int print_credential(const Result<json::Object>& answer) {
  if (!answer.ok()) return refused(answer.failure());
  std::fprintf(stderr, "instance %s; its credential is shown this once:\n", shown_at(*answer, "id").c_str());
  std::printf("%s\n", shown_at(*answer, "credential").c_str());
  return 0;
}

int print_done(const Result<json::Object>& answer, const char* done) {
  if (!answer.ok()) return refused(answer.failure());
  std::printf("%s\n", done);
  return 0;
}

}  // namespace

int list_instances(ApiClient& connector, bool as_json) {
  auto answer = connector.get("/api/v1/instances");
  int exit_code =
      print_list(answer, as_json, {{"ID", "id"}, {"NAME", "name"}, {"STATE", "state"}, {"LAST SEEN", "lastSeen"}});
  if (exit_code != 0 || as_json) return exit_code;
  for (const json::Value& instance : array_in(*answer, "results")) {
    const json::Object* removal = instance.is_object() ? json::object_at(instance.get_object(), "removal") : nullptr;
    if (!removal || shown_at(*removal, "reason").empty()) continue;
    std::string next = shown_at(*removal, "nextAttempt");
    std::printf("\nThe removal of %s does not get on: %s devices are left (%s: %s).\n",
                shown_at(instance.get_object(), "name").c_str(), shown_at(*removal, "devicesLeft").c_str(),
                shown_at(*removal, "reason").c_str(), shown_at(*removal, "message").c_str());
    std::printf("%s%s\n", next.empty() ? "It is not tried any more" : "It is tried again at ", next.c_str());
    if (std::string remedy = shown_at(*removal, "remedy"); !remedy.empty()) std::printf("do: %s\n", remedy.c_str());
    std::puts("or: `remove-instance` again to try now; with --force its devices are let go without being retracted");
  }
  return 0;
}

int list_tenants(ApiClient& connector, bool as_json) {
  return print_list(connector.get("/api/v1/tenants"), as_json,
                    {{"TENANT", "id"},
                     {"CLOUD", "cloud"},
                     {"STATE", "state"},
                     {"LAST HEARTBEAT", "lastHeartbeat"},
                     {"WHAT IS WRONG", "errorMessage"}});
}

int list_connections(ApiClient& connector, bool as_json) {
  return print_list(connector.get("/api/v1/attachments"), as_json,
                    {{"ID", "id"},
                     {"INSTANCE", "instance"},
                     {"TENANT", "tenantId"},
                     {"STEP", "progress"},
                     {"WHAT IS WRONG", "errorMessage"}});
}

int list_routes(ApiClient& connector, const RouteOptions& options) {
  json::Array all;
  std::string after;
  while (true) {
    text::Form query{{"limit", std::to_string(kRoutesOfAPage)},
                     {"tenant", options.tenant},
                     {"instance", options.instance},
                     {"after", after}};
    auto page = connector.get("/api/v1/routes?" + text::to_form(query));
    if (!page.ok()) return refused(page.failure());
    const json::Array& routes = array_in(*page, "results");
    for (const json::Value& route : routes) {
      if (!route.is_object()) continue;
      const json::Object& object = route.get_object();
      after = std::string(json::text_at(object, "tenantId").value_or("")) + "/" +
              std::string(json::text_at(object, "deviceId").value_or(""));
      if (!options.contended || !array_in(object, "contenders").empty()) all.push_back(route);
    }
    if (routes.size() < kRoutesOfAPage) break;
  }
  json::Object whole{{"totalCount", all.size()}, {"results", std::move(all)}};
  return print_list(whole, options.json,
                    {{"TENANT", "tenantId"},
                     {"DEVICE", "deviceId"},
                     {"INSTANCE", "instance"},
                     {"SINCE", "since"},
                     {"ALSO REPORTED BY", "contenders"}});
}

int add_instance(ApiClient& connector, const std::string& name) {
  return print_credential(connector.post("/api/v1/instances", {{"name", name}}));
}

int renew_credential(ApiClient& connector, const std::string& instance_id) {
  return print_credential(connector.post("/api/v1/instances/" + text::percent_encode(instance_id) + "/credential", {}));
}

int remove_instance(ApiClient& connector, const std::string& instance_id, Removal removal) {
  const std::string path = "/api/v1/instances/" + text::percent_encode(instance_id);
  if (removal == Removal::forced) {
    return print_done(connector.delete_at(path + "?force=true"),
                      "removed; tenants that were not told trust its devices until the last verdicts end");
  }
  return print_done(connector.delete_at(path), "its credential no longer works; its devices are being retracted");
}

int approve_connection(ApiClient& connector, const std::string& connection_id) {
  return print_done(connector.post("/api/v1/attachments/" + text::percent_encode(connection_id) + "/approve", {}),
                    "approved: the instance may confirm now");
}

int set_cloud_secret(ApiClient& connector, const std::string& cloud, const std::string& secret) {
  return print_done(
      connector.put("/api/v1/clouds/" + text::percent_encode(cloud) + "/secret", {{"clientSecret", secret}}),
      "kept as the next secret: it takes over when the one before is refused");
}

}  // namespace wardbridge::cli
