#include "cli/connect.h"

#include <cstdio>

#include "cli/connections.h"
#include "cli/find.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

std::string or_never(const std::string& time) { return time.empty() ? "never" : time; }

std::string type_of(const json::Object& connection) {
  std::string type = shown_at(connection, "type");
  return type.empty() ? shown_at(connection, "connectionType") : type;
}

std::string counts_of(const json::Object& connection) {
  const json::Object& deliveries = object_in(connection, "deliveries");
  return shown_at(deliveries, "delivered") + " delivered, " + shown_at(deliveries, "pending") + " pending, " +
         shown_at(deliveries, "parked") + " parked";
}

}  // namespace

int complain_of(const Failure& failure) {
  std::fprintf(stderr, "wardbridge connect: %s\n", on_terminal(failure.message).c_str());
  return failure.code == Code::not_found ? 3 : 1;
}

void print_trouble(const json::Object& connection) {
  for (const auto& [label, member] :
       {std::pair{"trouble", "errorMessage"}, {"cause", "errorCause"}, {"remedy", "errorRemedy"}}) {
    if (std::string text = shown_at(connection, member); !text.empty()) {
      std::printf("  %-16s%s\n", label, text.c_str());
    }
  }
}

void print_steps(const json::Object& test) {
  for (const json::Value& value : array_in(test, "steps")) {
    const json::Object* step = value.if_object();
    if (step == nullptr) continue;
    bool works = json::bool_at(*step, "works").value_or(false);
    std::printf("  %s %-16s%s\n", works ? "ok  " : "FAIL", shown_at(*step, "name").c_str(),
                shown_at(*step, "message").c_str());
    if (works) continue;
    if (std::string cause = shown_at(*step, "cause"); !cause.empty()) std::printf("       cause: %s\n", cause.c_str());
    if (std::string remedy = shown_at(*step, "remedy"); !remedy.empty())
      std::printf("       remedy: %s\n", remedy.c_str());
  }
  if (std::string message = shown_at(test, "message"); !message.empty()) std::printf("%s\n", message.c_str());
}

void print_manual(const json::Object& shown) {
  std::printf("Conditional Access (manual connection): %s\n", shown_at(shown, "state").c_str());
  for (const auto& [label, member] : {std::pair{"tenant", "tenantName"},
                                      {"application", "applicationId"},
                                      {"sovereign cloud", "sovereignCloud"},
                                      {"login", "loginUrl"},
                                      {"secret ends", "clientSecretExpires"},
                                      {"next ends", "nextClientSecretExpires"}}) {
    if (std::string text = shown_at(shown, member); !text.empty()) std::printf("  %-16s%s\n", label, text.c_str());
  }
  if (shown_at(shown, "state") == "notConfigured") return;
  std::printf("  %-16s%s\n", "landing page", shown_at(object_in(shown, "landingPage"), "url").c_str());
  std::printf("  %-16s%s\n", "last heartbeat", or_never(shown_at(shown, "lastHeartbeat")).c_str());
  std::printf("  %-16s%s\n", "devices", counts_of(shown).c_str());
  print_trouble(shown);
  if (std::string window = shown_at(object_in(shown, "handOver"), "message"); !window.empty()) {
    std::printf("  %-16s%s\n", "handed over", window.c_str());
  }
  for (const json::Value& value : array_in(shown, "wardbridgeWarnings")) {
    if (value.is_object()) std::printf("  %-16s%s\n", "warning", shown_at(value.get_object(), "message").c_str());
  }
  const json::Object& test = object_in(shown, "lastTest");
  if (!test.empty()) std::printf("Last test, %s:\n", shown_at(test, "time").c_str());
  print_steps(test);
}

int list_tenant_connections(ApiClient& management, bool as_json) {
  json::Array all;
  for (const std::string& list : {kConnections, kCloudConnections}) {
    auto some = management.get(list);
    if (!some.ok()) return complain_of(some.failure());
    for (const json::Value& connection : array_in(*some, "results")) all.push_back(connection);
  }
  if (as_json) {
    json::Object whole{{"totalCount", all.size()}, {"results", std::move(all)}};
    std::puts(json::to_pretty_text(whole).c_str());
    return 0;
  }
  if (all.empty()) std::puts("no connection is set up");
  for (const json::Value& value : all) {
    const json::Object* connection = value.if_object();
    if (!connection) continue;
    std::printf("%s  %s  %s  %s  %s; %s\n", shown_at(*connection, "id").c_str(), shown_at(*connection, "name").c_str(),
                type_of(*connection).c_str(), shown_at(*connection, "tenant").c_str(),
                shown_at(*connection, "state").c_str(), counts_of(*connection).c_str());
    print_trouble(*connection);
  }
  return 0;
}

int show_connection(ApiClient& management, const std::string& connection, bool as_json) {
  if (connection.empty()) {
    auto shown = management.get(kConditionalAccess);
    if (!shown.ok()) return complain_of(shown.failure());
    if (as_json) {
      std::puts(json::to_pretty_text(*shown).c_str());
    } else {
      print_manual(*shown);
    }
    return 0;
  }
  auto found = find_any_connection(management, connection);
  if (!found.ok()) return complain_of(found.failure());
  const json::Object& shown = found->object;
  if (as_json) {
    std::puts(json::to_pretty_text(shown).c_str());
    return 0;
  }
  std::printf("%s (%s): %s\n", shown_at(shown, "name").c_str(), type_of(shown).c_str(),
              shown_at(shown, "state").c_str());
  for (const auto& [label, member] : {std::pair{"tenant", "tenant"},
                                      {"connector", "connectorUrl"},
                                      {"application", "clientId"},
                                      {"Application ID", "applicationId"},
                                      {"step", "step"},
                                      {"consent at", "consentUrl"}}) {
    if (std::string text = shown_at(shown, member); !text.empty()) std::printf("  %-16s%s\n", label, text.c_str());
  }
  std::printf("  %-16s%s\n", "last heartbeat", or_never(shown_at(shown, "lastHeartbeat")).c_str());
  std::printf("  %-16s%s\n", "devices", counts_of(shown).c_str());
  print_trouble(shown);
  return 0;
}

int test_connection(ApiClient& management, bool as_json) {
  auto test = management.post(kConditionalAccess + "/run-test", {});
  if (!test.ok()) return complain_of(test.failure());
  if (as_json) {
    std::puts(json::to_pretty_text(*test).c_str());
  } else {
    print_steps(*test);
  }
  return json::bool_at(*test, "works").value_or(false) ? 0 : 1;
}

int send_update(ApiClient& management, bool as_json) {
  auto sent = management.post(kConditionalAccess + "/send-update", {});
  if (!sent.ok()) return complain_of(sent.failure());
  std::puts(as_json ? json::to_pretty_text(*sent).c_str() : shown_at(*sent, "message").c_str());
  return 0;
}

int turn_connection(ApiClient& management, const std::string& connection, Turn turn) {
  if (connection.empty()) {
    json::Object wanted{{"enabled", turn == Turn::on}};
    if (turn == Turn::handed_over) wanted["handOver"] = true;
    auto saved = management.put(kConditionalAccess, wanted);
    if (!saved.ok()) return complain_of(saved.failure());
    print_manual(*saved);
    bool works = json::bool_at(object_in(*saved, "lastTest"), "works").value_or(false);
    return turn != Turn::on || works ? 0 : 1;
  }
  auto found = find_any_connection(management, connection);
  if (!found.ok()) return complain_of(found.failure());
  json::Object how;
  if (turn == Turn::handed_over) how["handOver"] = true;
  auto turned = management.post(found->path + (turn == Turn::on ? "/enable" : "/disable"), how);
  if (!turned.ok()) return complain_of(turned.failure());
  std::printf("`%s` is being turned %s\n", shown_at(found->object, "name").c_str(), turn == Turn::on ? "on" : "off");
  return 0;
}

int rotate_secret(ApiClient& management, const RotateSecretOptions& options) {
  json::Object body{{"clientSecret", options.secret}, {"checkOnly", options.check}};
  if (!options.expires.empty()) body["clientSecretExpires"] = options.expires;
  auto steps = management.post(kConditionalAccess + "/next-client-secret", body);
  if (!steps.ok()) return complain_of(steps.failure());
  bool works = json::bool_at(*steps, "works").value_or(false);
  if (options.json) {
    std::puts(json::to_pretty_text(*steps).c_str());
    return works ? 0 : 1;
  }
  print_steps(*steps);
  if (!works) {
    std::puts("The new secret was not stored; the one in use stays.");
  } else if (options.check) {
    std::puts("The new secret works. Nothing was changed.");
  } else {
    std::puts("The new secret works, and is used as soon as the tenant refuses the old one.");
  }
  return works ? 0 : 1;
}

}  // namespace wardbridge::cli
