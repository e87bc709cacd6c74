#include "cli/set_up.h"

#include <cstdio>
#include <initializer_list>

#include "base/text.h"
#include "cli/connections.h"
#include "cli/find.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

const std::string kDeviceCompliance = "/api/v1/wardbridge/device-compliance";

struct Member {
  const char* name;
  const std::string& text;
};
json::Object said_members(std::initializer_list<Member> members) {
  json::Object body;
  for (const Member& member : members) {
    if (!member.text.empty()) body[member.name] = member.text;
  }
  return body;
}

int print_json(const json::Object& answer) {
  std::puts(json::to_pretty_text(answer).c_str());
  return 0;
}

// Creates what is not there yet, changes what is.
Result<json::Object> create_or_change(ApiClient& management, const std::string& list, const std::string& name,
                                      const json::Object& body) {
  auto found = find_called(management, {list}, name, "connection");
  if (found.ok()) return management.patch(found->path, body);
  if (found.failure().code != Code::not_found) return std::move(found).failure();
  return management.post(list, body);
}

void add_landing_page(const ConnectionSettings& said, json::Object& body) {
  if (said.landing_page.empty()) return;
  if (said.landing_page == "registration" || said.landing_page == "access-denied") {
    body["landingPage"] = json::Object{{"type", said.landing_page == "registration" ? "registration" : "accessDenied"}};
  } else {
    body["landingPage"] = json::Object{{"type", "custom"}, {"url", said.landing_page}};
  }
}

void print_table_of(const json::Object& answer, const char* nothing, std::initializer_list<const char*> members) {
  const json::Array& results = array_in(answer, "results");
  if (results.empty()) std::puts(nothing);
  for (const json::Value& value : results) {
    if (!value.is_object()) continue;
    std::string line;
    for (const char* member : members) {
      std::string text = shown_at(value.get_object(), member);
      line += (line.empty() ? "" : "  ") + (text.empty() ? "-" : text);
    }
    std::puts(line.c_str());
  }
}

void print_next_step_of(const json::Object& connection, const std::string& name) {
  std::printf("`%s` (Cloud Connector): %s\n", name.c_str(), shown_at(connection, "state").c_str());
  print_trouble(connection);
  if (std::string consent = shown_at(connection, "consentUrl"); !consent.empty()) {
    std::printf(
        "Next, as an administrator of the tenant:\n"
        "  1. open %s\n     and consent, once for each of the connector's two applications;\n"
        "  2. paste the Application ID that is shown in the end into\n"
        "     Tenant administration > Connectors and tokens > Partner device management, and save;\n"
        "  3. wardbridge connect confirm \"%s\"\n",
        consent.c_str(), name.c_str());
  }
}

}  // namespace

int set_up_manual(ApiClient& management, const ConnectionSettings& said, bool as_json) {
  json::Object body = said_members({{"tenantName", said.tenant},
                                    {"applicationId", said.application_id},
                                    {"clientSecret", said.secret},
                                    {"clientSecretExpires", said.secret_expires},
                                    {"sovereignCloud", said.cloud},
                                    {"loginUrl", said.login_url},
                                    {"graphUrl", said.graph_url},
                                    {"intuneUrl", said.audience}});
  body["enabled"] = true;
  add_landing_page(said, body);
  auto saved = management.put(kConditionalAccess, body);
  if (!saved.ok()) return complain_of(saved.failure());
  if (as_json) {
    print_json(*saved);
  } else {
    print_manual(*saved);
  }
  return json::bool_at(object_in(*saved, "lastTest"), "works").value_or(false) ? 0 : 1;
}

int set_up_device_compliance(ApiClient& management, const ConnectionSettings& said, bool as_json) {
  json::Object body = said_members({{"name", said.name},
                                    {"tenant", said.tenant},
                                    {"clientId", said.application_id},
                                    {"clientSecret", said.secret},
                                    {"loginUrl", said.login_url},
                                    {"graphUrl", said.graph_url},
                                    {"audience", said.audience},
                                    {"enrollmentUrl", said.enrollment_url},
                                    {"remediationUrl", said.remediation_url}});
  if (!said.group_ids.empty()) body["groupIds"] = json::to_array(said.group_ids);
  auto saved = create_or_change(management, kConnections, said.name, body);
  if (!saved.ok()) return complain_of(saved.failure());
  if (as_json) return print_json(*saved);
  std::printf("`%s` (Device Compliance): %s\n", on_terminal(said.name).c_str(), shown_at(*saved, "state").c_str());
  print_trouble(*saved);
  std::printf(
      "Next:\n"
      "  1. in the tenant, Partner compliance management > Add compliance partner, platform macOS;\n"
      "  2. wardbridge connect show \"%s\", until it is active;\n"
      "  3. wardbridge connect use \"%s\" --compliance-group ... --applicable-group ...\n",
      on_terminal(said.name).c_str(), on_terminal(said.name).c_str());
  return 0;
}

int set_up_cloud_connector(ApiClient& management, const ConnectionSettings& said, bool as_json) {
  json::Object body = said_members({{"name", said.name},
                                    {"connectorUrl", said.connector_url},
                                    {"credential", said.credential},
                                    {"sovereignCloud", said.cloud},
                                    {"tenant", said.tenant},
                                    {"enrollmentUrl", said.enrollment_url},
                                    {"remediationUrl", said.remediation_url}});
  add_landing_page(said, body);
  auto saved = create_or_change(management, kCloudConnections, said.name, body);
  if (!saved.ok()) return complain_of(saved.failure());
  std::string id(json::text_at(*saved, "id").value_or(""));
  auto connected = management.post(kCloudConnections + "/" + text::percent_encode(id) + "/connect", {});
  if (!connected.ok()) return complain_of(connected.failure());
  if (as_json) return print_json(*connected);
  print_next_step_of(*connected, on_terminal(said.name));
  return 0;
}

int confirm_connection(ApiClient& management, const std::string& connection, bool as_json) {
  auto found = find_called(management, {kCloudConnections}, connection, "connection through a Cloud Connector");
  if (!found.ok()) return complain_of(found.failure());
  auto confirmed = management.post(found->path + "/confirm", {});
  if (!confirmed.ok()) return complain_of(confirmed.failure());
  bool works = json::bool_at(*confirmed, "works").value_or(false);
  if (as_json) {
    print_json(*confirmed);
    return works ? 0 : 1;
  }
  print_steps(*confirmed);
  std::string name = shown_at(found->object, "name");
  if (works) {
    std::printf("`%s` is active. Next: wardbridge connect use \"%s\" --compliance-group ... --applicable-group ...\n",
                name.c_str(), name.c_str());
  } else {
    std::printf("`%s` is not active yet: repair what failed, and confirm again.\n", name.c_str());
  }
  return works ? 0 : 1;
}

int use_connection(ApiClient& management, const Use& use, bool as_json) {
  json::Object body{{"enabled", true}};
  auto connection = find_any_connection(management, use.connection);
  if (!connection.ok()) return complain_of(connection.failure());
  body["connectionId"] = connection->id;
  for (const auto& [member, group] :
       {std::pair{"complianceGroupId", use.compliance_group}, std::pair{"applicableGroupId", use.applicable_group}}) {
    if (group.empty()) continue;
    auto id = find_group_id(management, group);
    if (!id.ok()) return complain_of(id.failure());
    body[member] = *id;
  }
  if (use.validity_hours) body["validityHours"] = *use.validity_hours;
  auto saved = management.put(kDeviceCompliance, body);
  if (!saved.ok()) return complain_of(saved.failure());
  if (as_json) return print_json(*saved);
  std::printf("Verdicts travel by `%s`. Every Mac is judged anew; `wardbridge connect list` shows what waits.\n",
              shown_at(connection->object, "name").c_str());
  return 0;
}

int set_domains(ApiClient& management, const std::string& connection, const std::vector<std::string>& domains) {
  auto found = find_called(management, {kCloudConnections}, connection, "connection through a Cloud Connector");
  if (!found.ok()) return complain_of(found.failure());
  auto saved = management.put(found->path + "/domains", {{"domains", json::to_array(domains)}});
  if (!saved.ok()) return complain_of(saved.failure());
  std::string name = shown_at(found->object, "name");
  if (domains.empty()) {
    std::printf("No domain belongs to `%s` any more.\n", name.c_str());
  } else {
    std::printf("Macs of users at %s are told to `%s`.\n", on_terminal(text::join(domains, ", ")).c_str(),
                name.c_str());
  }
  return 0;
}

int list_routes_of(ApiClient& management, const std::string& connection, bool as_json) {
  auto found = find_called(management, {kCloudConnections}, connection, "connection through a Cloud Connector");
  if (!found.ok()) return complain_of(found.failure());
  json::Array all;
  std::string after;
  while (true) {
    auto page = management.get(found->path + "/routes?after=" + text::percent_encode(after));
    if (!page.ok()) return complain_of(page.failure());
    const json::Array& routes = array_in(*page, "results");
    for (const json::Value& route : routes) all.push_back(route);
    const json::Object* last = routes.empty() ? nullptr : routes.back().if_object();
    if (!last) break;
    after = std::string(json::text_at(*last, "tenantId").value_or("")) + "/" +
            std::string(json::text_at(*last, "deviceId").value_or(""));
  }
  json::Object whole{{"totalCount", all.size()}, {"results", std::move(all)}};
  if (as_json) return print_json(whole);
  print_table_of(whole, "no Mac is routed to this server", {"deviceId", "tenantId", "since"});
  return 0;
}

int list_conflicts_of(ApiClient& management, const std::string& connection, bool as_json) {
  auto found = find_called(management, {kCloudConnections}, connection, "connection through a Cloud Connector");
  if (!found.ok()) return complain_of(found.failure());
  auto conflicts = management.get(found->path + "/conflicts");
  if (!conflicts.ok()) return complain_of(conflicts.failure());
  if (as_json) return print_json(*conflicts);
  print_table_of(*conflicts, "no Mac of this server is another instance's",
                 {"deviceId", "deviceName", "userPrincipalName", "message"});
  return 0;
}

int remove_connection(ApiClient& management, const std::string& connection) {
  auto found = find_any_connection(management, connection);
  if (!found.ok()) return complain_of(found.failure());
  auto removed = management.delete_at(found->path);
  if (!removed.ok()) return complain_of(removed.failure());
  std::printf("`%s` is removed.\n", shown_at(found->object, "name").c_str());
  return 0;
}

}  // namespace wardbridge::cli
