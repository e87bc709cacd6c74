#include "cli/self_service.h"

#include <cstdio>

#include "base/text.h"
#include "cli/find.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

const std::string kSelfService = "/api/v1/wardbridge/self-service";

int self_service_failed(const Failure& failure) {
  constexpr int kNoSuchThing = 3;
  std::fprintf(stderr, "wardbridge self-service: %s\n", on_terminal(failure.message).c_str());
  return failure.code == Code::not_found ? kNoSuchThing : 1;
}

std::string scope_text(const json::Object& item) {
  const json::Object& scope = object_in(item, "scope");
  if (json::bool_at(scope, "allComputers").value_or(false)) return "all computers";
  std::string groups;
  for (const json::Value& id : array_in(scope, "groupIds")) {
    if (id.is_string()) groups += (groups.empty() ? "groups " : ", ") + on_terminal(std::string_view(id.get_string()));
  }
  return groups.empty() ? "nobody" : groups;
}

// Rows of both kinds under the same members.
void add_rows(json::Array& rows, const json::Object& answer, const char* kind, const char* rhythm_member) {
  for (const json::Value& value : array_in(answer, "results")) {
    if (!value.is_object()) continue;
    const json::Object& item = value.get_object();
    rows.push_back(json::Object{{"kind", kind},
                                {"id", shown_at(item, "id")},
                                {"name", shown_at(item, "name")},
                                {"enabled", json::bool_at(item, "enabled").value_or(false) ? "yes" : "no"},
                                {"rhythm", shown_at(item, rhythm_member)},
                                {"scope", scope_text(item)}});
  }
}

std::string runs_text(const json::Array& runs, const char* whose, const char* whose_member) {
  std::string text =
      table_text(runs, {{"STARTED", "started"}, {whose, whose_member}, {"ACCOUNT", "username"}, {"STATUS", "status"}});
  for (const json::Value& value : runs) {
    if (!value.is_object() || shown_at(value.get_object(), "status") != "Failed") continue;
    const json::Object& run = value.get_object();
    text += shown_at(run, "started") + " " + shown_at(run, "reason") + ": " + shown_at(run, "message") + "\n";
  }
  return text;
}

Result<Found> find_policy(ApiClient& management, const std::string& policy) {
  return find_called(management, {kSelfService + "/policies"}, policy, "policy");
}

}  // namespace

int list_self_service(ApiClient& management, bool as_json) {
  auto policies = management.get(kSelfService + "/policies");
  if (!policies.ok()) return self_service_failed(policies.failure());
  auto applications = management.get(kSelfService + "/mac-applications");
  if (!applications.ok()) return self_service_failed(applications.failure());
  if (as_json) {
    json::Object both{{"policies", array_in(*policies, "results")},
                      {"macApplications", array_in(*applications, "results")}};
    std::puts(json::to_pretty_text(both).c_str());
    return 0;
  }
  json::Array rows;
  add_rows(rows, *policies, "policy", "frequency");
  add_rows(rows, *applications, "Mac App", "distributionMethod");
  std::fputs(table_text(rows, {{"ID", "id"},
                               {"KIND", "kind"},
                               {"NAME", "name"},
                               {"ENABLED", "enabled"},
                               {"HOW", "rhythm"},
                               {"FOR", "scope"}})
                 .c_str(),
             stdout);
  return 0;
}

int show_self_service_of(ApiClient& management, const std::string& computer, bool as_json) {
  const std::string path = "/api/v1/wardbridge/computers/" + text::percent_encode(computer);
  auto shown = management.get(path + "/self-service");
  if (!shown.ok()) return self_service_failed(shown.failure());
  auto log = management.get(path + "/policy-logs");
  if (!log.ok()) return self_service_failed(log.failure());
  if (as_json) {
    (*shown)["log"] = array_in(*log, "results");
    std::puts(json::to_pretty_text(*shown).c_str());
    return 0;
  }
  auto print_list = [](const json::Array& items, const char* what, const char* remark) {
    for (const json::Value& value : items) {
      if (!value.is_object()) continue;
      const json::Object& item = value.get_object();
      std::string more = shown_at(item, remark);
      std::printf("%s  %s%s\n", what, shown_at(item, "name").c_str(), more.empty() ? "" : (" (" + more + ")").c_str());
    }
  };
  print_list(array_in(*shown, "items"), "offered  ", "category");
  print_list(array_in(*shown, "install"), "installed", "version");
  print_list(array_in(*shown, "notShown"), "not      ", "why");
  for (const json::Value& value : array_in(*shown, "compliance")) {
    if (!value.is_object()) continue;
    const json::Object& message = value.get_object();
    std::printf("%s is not compliant: %s\n  %s\n", shown_at(message, "username").c_str(),
                shown_at(message, "reason").c_str(), shown_at(message, "remedy").c_str());
  }
  std::fputs(runs_text(array_in(*log, "results"), "ITEM", "name").c_str(), stdout);
  return 0;
}

int show_policy_log(ApiClient& management, const std::string& policy, bool as_json) {
  auto found = find_policy(management, policy);
  if (!found.ok()) return self_service_failed(found.failure());
  auto log = management.get(found->path + "/logs");
  if (!log.ok()) return self_service_failed(log.failure());
  std::string text =
      as_json ? json::to_pretty_text(*log) + "\n" : runs_text(array_in(*log, "results"), "MAC", "computerName");
  std::fputs(text.c_str(), stdout);
  return 0;
}

int flush_policy_log(ApiClient& management, const std::string& policy, const std::string& computer_id) {
  auto found = find_policy(management, policy);
  if (!found.ok()) return self_service_failed(found.failure());
  std::string path = found->path + "/logs";
  if (!computer_id.empty()) path += "?computerId=" + text::percent_encode(computer_id);
  auto flushed = management.delete_at(path);
  if (!flushed.ok()) return self_service_failed(flushed.failure());
  std::printf("flushed: %s\n", shown_at(*flushed, "flushed").c_str());
  return 0;
}

Status offer_registration(ApiClient& management, const RegistrationOffer& offer) {
  std::string group_id = TRY(find_group_id(management, offer.group));
  if (!offer.registration_app.empty()) {
    TRY(management.put(kSelfService + "/settings", {{"microsoftCANativeClientAppId", offer.registration_app}}));
  }
  TRY(management.post(kSelfService + "/mac-applications",
                      json::Object{{"name", "Microsoft Intune Company Portal"},
                                   {"bundleId", "com.microsoft.CompanyPortalMac"},
                                   {"version", offer.company_portal_version},
                                   {"distributionMethod", "Install Automatically"},
                                   {"scope", json::Object{{"allComputers", true}}}}));
  json::Object category =
      TRY(management.post(kSelfService + "/categories", json::Object{{"name", "Device Compliance"}}));
  std::string category_id = TRY(json::required_text(category, "id"));
  TRY(management.post(kSelfService + "/policies",
                      json::Object{{"name", offer.policy_name},
                                   {"frequency", "Once per computer"},
                                   {"registerWithAzureActiveDirectory", true},
                                   {"scope", json::Object{{"groupIds", json::Array{json::Value(group_id)}}}},
                                   {"selfService", json::Object{{"enabled", true},
                                                                {"displayName", "Register this Mac"},
                                                                {"description", "Needed to open company applications."},
                                                                {"forceUsersToViewDescription", true},
                                                                {"buttonName", "Register"},
                                                                {"categoryId", category_id},
                                                                {"featureOnMainPage", true}}}}));
  return done();
}

int make_registration_offer(ApiClient& management, const RegistrationOffer& offer) {
  Status made = offer_registration(management, offer);
  if (!made.ok()) return self_service_failed(made.failure());
  std::printf("`%s` is offered to the Macs of `%s`, and Company Portal %s installs itself\n",
              on_terminal(offer.policy_name).c_str(), on_terminal(offer.group).c_str(),
              on_terminal(offer.company_portal_version).c_str());
  return 0;
}

}  // namespace wardbridge::cli
