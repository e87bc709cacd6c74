#include "management/jamf_api/insight_wire.h"

namespace wardbridge::jamf_api {

json::Value moment_or_null(Time time) {
  return time == kEpoch || time == kNever ? json::Value() : json::Value(to_iso8601(time));
}

json::Object computer_json(const inventory::Computer& computer) {
  return {{"id", std::to_string(computer.id.value)},
          {"name", computer.name},
          {"serialNumber", computer.serial_number},
          {"udid", computer.udid},
          {"managed", computer.managed},
          {"lastCheckIn", moment_or_null(computer.last_check_in)},
          {"lastInventoryUpdate", moment_or_null(computer.last_inventory_update)}};
}

Result<groups::ComputerGroup> any_group_at(store::Transaction& tx, const http::Request& request,
                                           std::string_view parameter) {
  const std::string& what = request.path_parameter(parameter);
  std::optional<groups::ComputerGroup> group;
  if (auto number = text::parse_integer(what)) group = groups::find_any(tx, groups::GroupId{*number});
  if (!group && text::is_guid(what)) group = groups::find_any_by_platform_id(tx, what);
  if (!group) group = groups::find_any_by_name(tx, what);
  if (!group) return not_found("no_group", "no computer group is called `" + what.substr(0, 80) + "`");
  return *std::move(group);
}

}  // namespace wardbridge::jamf_api
