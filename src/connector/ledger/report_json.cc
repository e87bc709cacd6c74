#include "connector/ledger/ledger.h"

namespace wardbridge::ledger {
namespace {

Result<Time> required_time(const json::Object& object, std::string_view key) {
  return parse_iso8601(TRY(json::required_text(object, key)));
}

Failure bad_value(std::string_view key, const std::string& value) {
  return invalid("bad_value", "`" + std::string(key) + "` can't be `" + value + "`", std::string(key));
}

}  // namespace

json::Object to_json(const DeviceReport& report) {
  json::Object object{
      {"deviceId", report.device_id},
      {"userId", report.user_id},
      {"userPrincipalName", report.user_principal_name},
      {"deviceName", report.device_name},
      {"os", report.os},
      {"osVersion", report.os_version},
      {"management", report.management == DeviceReport::Management::managed ? "managed" : "notManaged"},
      {"verdict", report.verdict == DeviceReport::Verdict::compliant ? "compliant" : "notCompliant"},
      {"lastCheckIn", to_iso8601(report.last_check_in)},
      {"validUntil", to_iso8601(report.valid_until)},
      {"reason", report.reason},
  };
  if (!report.inventory.empty()) object["inventory"] = report.inventory;
  if (!report.security.empty()) object["security"] = report.security;
  return object;
}

Result<DeviceReport> device_report_from_json(const json::Object& object) {
  DeviceReport report;
  report.device_id = TRY(json::required_text(object, "deviceId"));
  report.user_id = TRY(json::required_text(object, "userId"));
  report.user_principal_name = TRY(json::required_text(object, "userPrincipalName"));
  report.device_name = TRY(json::required_text(object, "deviceName"));
  report.os = TRY(json::required_text(object, "os"));
  report.os_version = TRY(json::required_text(object, "osVersion"));
  std::string management = TRY(json::required_text(object, "management"));
  if (management != "managed" && management != "notManaged") return bad_value("management", management);
  report.management =
      management == "managed" ? DeviceReport::Management::managed : DeviceReport::Management::not_managed;
  std::string verdict = TRY(json::required_text(object, "verdict"));
  if (verdict != "compliant" && verdict != "notCompliant") return bad_value("verdict", verdict);
  report.verdict = verdict == "compliant" ? DeviceReport::Verdict::compliant : DeviceReport::Verdict::not_compliant;
  report.last_check_in = TRY(required_time(object, "lastCheckIn"));
  report.valid_until = TRY(required_time(object, "validUntil"));
  report.reason = TRY(json::required_text(object, "reason"));
  if (const json::Object* inventory = json::object_at(object, "inventory")) report.inventory = *inventory;
  if (const json::Object* security = json::object_at(object, "security")) report.security = *security;
  return report;
}

}  // namespace wardbridge::ledger
