// Self Service on this Mac: what it shows, and what happens when somebody presses a button.
#include <algorithm>

#include "base/json.h"
#include "mac/answers.h"
#include "mac/mac.h"

namespace wardbridge::mac {
namespace {

// SPEC: seed 001: Intune Company Portal app for macOS v1.1 or later.
constexpr std::string_view kOldestCompanyPortal = "1.1";

SelfServiceItem item_from(const json::Object& object) {
  auto text = [&](const char* name) { return std::string(json::text_at(object, name).value_or("")); };
  return {.kind = text("kind"),
          .id = text("id"),
          .name = text("name"),
          .description = text("description"),
          .button = text("buttonName"),
          .category = text("category"),
          .featured = json::bool_at(object, "featured").value_or(false),
          .registers_computers = json::bool_at(object, "registerWithAzureActiveDirectory").value_or(false),
          .bundle_id = text("bundleId"),
          .version = text("version")};
}

std::vector<SelfServiceItem> items_at(const json::Object& object, const char* name) {
  std::vector<SelfServiceItem> items;
  const json::Array* rows = json::array_at(object, name);
  for (const json::Value& row : rows ? *rows : json::Array{}) {
    if (row.is_object()) items.push_back(item_from(row.get_object()));
  }
  return items;
}

// Number by number; what is missing is 0.
bool is_older(std::string_view version, std::string_view than) {
  auto numbers = [](std::string_view text) {
    std::vector<std::int64_t> found;
    for (std::string_view part : text::split(text, '.')) found.push_back(text::parse_integer(part).value_or(0));
    return found;
  };
  auto mine = numbers(version);
  auto wanted = numbers(than);
  mine.resize(std::max(mine.size(), wanted.size()));
  wanted.resize(mine.size());
  return mine < wanted;
}

Failure unfit(std::string reason, const std::string& cause, const std::string& remedy) {
  return {Code::conflict, std::move(reason),
          "This Mac can't be registered. Cause: " + cause + ". Remedy: " + remedy + "."};
}

}  // namespace

const SelfServiceItem* SelfService::registration() const {
  auto found = std::ranges::find_if(items, &SelfServiceItem::registers_computers);
  return found == items.end() ? nullptr : &*found;
}

Result<http::Response> SimulatedMac::call_management(const std::string& method, const std::string& path,
                                                     const json::Object& body) {
  http::OutboundRequest request{.method = method,
                                .url = management_url_ + "/api/v1/wardbridge" + path,
                                .headers = {{"Authorization", "Bearer " + credential_}}};
  if (method != "GET") {
    request.headers.set("Content-Type", "application/json");
    request.body = json::to_text(body);
  }
  return send(std::move(request));
}

Result<SelfService> SimulatedMac::open_self_service() {
  http::Response response = TRY(call_management("GET", "/self-service"));
  if (response.status != 200) return unexpected("Self Service", response);
  json::Value answer = TRY(json::parse(response.body));
  const json::Object& object = TRY(json::as_object(answer, "what Self Service shows"));
  SelfService shown{.items = items_at(object, "items"), .install = items_at(object, "install")};
  const json::Array* messages = json::array_at(object, "compliance");
  for (const json::Value& message : messages ? *messages : json::Array{}) {
    if (!message.is_object()) continue;
    auto text = [&](const char* name) { return std::string(json::text_at(message.get_object(), name).value_or("")); };
    shown.compliance.push_back({.username = text("username"), .reason = text("reason"), .remedy = text("remedy")});
  }
  if (const json::Object* integration = json::object_at(object, "integration")) {
    shown.integration_enabled = json::bool_at(*integration, "microsoftCAEnabled").value_or(false);
    shown.native_client_id = json::text_at(*integration, "microsoftCANativeClientAppId").value_or("");
    shown.oldest_system = json::text_at(*integration, "oldestSystem").value_or("");
  }
  native_client_id_ = shown.native_client_id;
  return shown;
}

Result<std::string> SimulatedMac::run(const SelfServiceItem& item, Time now) {
  if (!item.registers_computers) return install(item);
  return log_run(item, [&] {
    Result<std::string> registered = register_by_policy(now);
    if (!registered.ok()) (void)tell_state(registered.failure().message);
    return registered;
  });
}

Result<std::string> SimulatedMac::install(const SelfServiceItem& item) {
  return log_run(item, [&]() -> Result<std::string> {
    profile_.install({.name = item.bundle_id == kCompanyPortalBundleId ? "CompanyPortal.app" : item.name + ".app",
                      .path = "/Applications/" + item.name + ".app",
                      .version = item.version,
                      .bundle_id = item.bundle_id,
                      .size_megabytes = 60});
    return "Installed " + item.name + " " + item.version;
  });
}

Result<std::string> SimulatedMac::log_run(const SelfServiceItem& item, const Action& act) {
  http::Response started = TRY(call_management(
      "POST", "/self-service/runs", {{"kind", item.kind}, {"id", item.id}, {"username", profile_.local_username}}));
  if (started.status != 201) return unexpected("the start of `" + item.name + "`", started);
  json::Value answer = TRY(json::parse(started.body));
  std::string run_id = TRY(json::required_text(TRY(json::as_object(answer, "the answer to the start")), "runId"));

  Result<std::string> result = act();
  json::Object outcome{{"status", result.ok() ? "Completed" : "Failed"},
                       {"reason", result.ok() ? "" : result.failure().reason},
                       {"message", result.ok() ? *result : result.failure().message}};
  http::Response told = TRY(call_management("POST", "/self-service/runs/" + run_id + "/outcome", outcome));
  if (told.status != 204) return unexpected("the outcome of `" + item.name + "`", told);
  return result;
}

Result<std::string> SimulatedMac::register_from_self_service(Time now) {
  SelfService shown = TRY(open_self_service());
  const SelfServiceItem* item = shown.registration();
  if (!item) {
    return unfit("not_offered", "Self Service has no registration item for this Mac",
                 "an administrator looks at the policy's scope and at its log (`wardbridge self-service computer`)");
  }
  return run(*item, now);
}

Result<int> SimulatedMac::install_applications() {
  SelfService shown = TRY(open_self_service());
  int installed = 0;
  for (const SelfServiceItem& item : shown.install) {
    const InstalledApplication* known = profile_.find_application(item.bundle_id);
    if (known && !is_older(known->version, item.version)) continue;
    TRY(install(item));
    ++installed;
  }
  return installed;
}

// --- The registration policy
// ------------------------------------------------------------------------------------------

Status SimulatedMac::check_requirements(const SelfService& shown) const {
  if (profile_.account_kind == AccountKind::network) {
    return unfit("network_account", "`" + profile_.local_username + "` is a network account, which is not supported",
                 "log in with a local account, or have the network account made a mobile one, and try again");
  }
  if (!shown.oldest_system.empty() && is_older(profile_.os_version, shown.oldest_system)) {
    return unfit("system_too_old",
                 "macOS " + profile_.os_version + " is older than " + shown.oldest_system + ", the oldest that works",
                 "update macOS and try again");
  }
  return done();
}

// The policy brings Company Portal along when the Mac App is meant for this Mac.
Status SimulatedMac::provide_company_portal(const SelfService& shown) {
  const InstalledApplication* portal = profile_.find_application(kCompanyPortalBundleId);
  if (portal && !is_older(portal->version, kOldestCompanyPortal)) return done();
  for (const auto* offered : {&shown.install, &shown.items}) {
    auto found = std::ranges::find(*offered, kCompanyPortalBundleId, &SelfServiceItem::bundle_id);
    if (found == offered->end() || is_older(found->version, kOldestCompanyPortal)) continue;
    TRY(install(*found));
    return done();
  }
  std::string wanted = "Intune Company Portal " + std::string(kOldestCompanyPortal) + " or later";
  return unfit(portal ? "company_portal_too_old" : "company_portal_missing",
               portal ? "Company Portal " + portal->version + " is too old, " + wanted + " is needed"
                      : wanted + " is not installed",
               "deploy the Mac App `Microsoft Intune Company Portal` to this Mac (its scope does not include it)");
}

Result<std::string> SimulatedMac::register_by_policy(Time now) {
  SelfService shown = TRY(open_self_service());
  TRY(check_requirements(shown));
  TRY(provide_company_portal(shown));
  TRY(open_company_portal(PortalStart::registration_only));
  return gather_aad_info(now);
}

}  // namespace wardbridge::mac
