#include "cli/tenant.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

int turn_down(const Failure& failure) {
  std::fprintf(stderr, "wardbridge tenant: %s\n", on_terminal(failure.message).c_str());
  return failure.code == Code::not_found ? 3 : 1;
}

std::string route(const TenantDesk& desk, const std::string& rest) {
  return "/" + text::percent_encode(desk.tenant) + "/wardbridge/" + rest;
}

void print_table(const TenantDesk& desk, const json::Object& answer, const char* nothing,
                 const std::vector<Column>& columns) {
  const json::Array& rows = array_in(answer, "value");
  if (desk.json) {
    std::puts(json::to_pretty_text(answer).c_str());
  } else if (rows.empty()) {
    std::puts(nothing);
  } else {
    std::fputs(table_text(rows, columns).c_str(), stdout);
  }
}

int print_keys(const TenantDesk& desk, const Result<json::Object>& answer) {
  if (!answer.ok()) return turn_down(answer.failure());
  print_table(desk, *answer, "no key yet: the first token makes one",
              {{"KEY", "kid"},
               {"ALGORITHM", "algorithm"},
               {"STATE", "state"},
               {"SIGNS FROM", "activeFromDateTime"},
               {"RETIRING", "retiringDateTime"},
               {"RETIRED", "retiredDateTime"},
               {"RETAINED", "isRetained"}});
  return 0;
}

}  // namespace

int list_keys(const TenantDesk& desk) { return print_keys(desk, desk.client.get(route(desk, "signingKeys"))); }

int rotate_key(const TenantDesk& desk, const KeyRotation& rotation) {
  json::Object body{{"leadHours", rotation.lead_hours}};
  if (!rotation.algorithm.empty()) body["algorithm"] = rotation.algorithm;
  return print_keys(desk, desk.client.post(route(desk, "signingKeys/rotate"), body));
}

int withdraw_keys(const TenantDesk& desk, const std::string& algorithm) {
  json::Object body{{"withdrawsOld", true}};
  if (!algorithm.empty()) body["algorithm"] = algorithm;
  return print_keys(desk, desk.client.post(route(desk, "signingKeys/rotate"), body));
}

int change_retention(const TenantDesk& desk, const std::string& key_id, Retention retention) {
  auto changed = desk.client.patch(route(desk, "signingKeys/" + text::percent_encode(key_id)),
                                   {{"isRetained", retention == Retention::retain}});
  if (!changed.ok()) return turn_down(changed.failure());
  std::puts(retention == Retention::retain ? "The key stays in the key set until it is released."
                                           : "The key leaves the key set when it is retired.");
  return 0;
}

int list_expiring_secrets(const TenantDesk& desk, int days) {
  auto answer = desk.client.get(route(desk, "expiringCredentials?days=" + std::to_string(days)));
  if (!answer.ok()) return turn_down(answer.failure());
  print_table(desk, *answer, "no secret and no certificate ends that soon",
              {{"APPLICATION", "appDisplayName"},
               {"APP ID", "appId"},
               {"NAME", "displayName"},
               {"KIND", "type"},
               {"KEY ID", "keyId"},
               {"ENDS", "endDateTime"},
               {"IS OVER", "isExpired"}});
  const json::Array& rows = array_in(*answer, "value");
  const bool is_over = std::any_of(rows.begin(), rows.end(), [](const json::Value& row) {
    return row.is_object() && json::bool_at(row.get_object(), "isExpired").value_or(false);
  });
  return is_over ? 1 : 0;
}

int list_duplicate_devices(const TenantDesk& desk) {
  auto answer = desk.client.get(route(desk, "duplicateDevices"));
  if (!answer.ok()) return turn_down(answer.failure());
  if (desk.json || array_in(*answer, "value").empty()) {
    print_table(desk, *answer, "every Mac is in the directory once", {});
    return 0;
  }
  for (const json::Value& value : array_in(*answer, "value")) {
    const json::Object* group = value.if_object();
    if (!group) continue;
    std::printf("%s\n", shown_at(*group, "physicalId").c_str());
    std::fputs(table_text(array_in(*group, "devices"), {{"  DEVICE", "deviceId"},
                                                        {"NAME", "displayName"},
                                                        {"OWNER", "registeredOwner"},
                                                        {"REGISTERED", "registrationDateTime"},
                                                        {"COMPLIANT", "isCompliant"}})
                   .c_str(),
               stdout);
  }
  return 0;
}

int reset_second_factor(const TenantDesk& desk, const std::string& user) {
  auto removed = desk.client.delete_at(route(desk, "users/" + text::percent_encode(user) + "/secondFactor"));
  if (!removed.ok()) return turn_down(removed.failure());
  std::puts("The next sign-in that needs a second factor sets up a new one.");
  return 0;
}

}  // namespace wardbridge::cli
