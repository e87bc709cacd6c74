#include "management/compliance/connections.h"

#include "connector/cloud_connection/cloud_connection.h"
#include "connector/device_compliance/device_compliance.h"

namespace wardbridge::compliance {

std::optional<AnyConnection> find_connection(store::Transaction& tx, ledger::ConnectionId id) {
  if (auto direct = device_compliance::find(tx, id)) {
    using device_compliance::State;
    return AnyConnection{
        .id = id,
        .name = direct->settings.name,
        .type = device_compliance::name_of(direct->settings.type),
        .state = device_compliance::name_of(direct->state),
        .is_active = direct->state == State::active,
        .is_off = direct->state == State::terminating || direct->state == State::terminated,
        .carries_inventory = direct->settings.type == device_compliance::Type::manual,
        .error_reason = direct->error_reason,
        .error_message = direct->error_message,
        .last_heartbeat = direct->last_heartbeat,
    };
  }
  if (auto cloud = cloud_connection::find(tx, id)) {
    using cloud_connection::State;
    return AnyConnection{
        .id = id,
        .name = cloud->settings.name,
        .type = "cloudConnector",
        .state = cloud_connection::name_of(cloud->state),
        .is_active = cloud->state == State::active,
        .is_off = cloud->state == State::terminating || cloud->state == State::terminated,
        .carries_inventory = cloud->attachment.protocol == partner::Protocol::device_partner,
        .error_reason = cloud->error_reason,
        .error_message = cloud->error_message,
        .last_heartbeat = cloud->attachment.last_heartbeat,
    };
  }
  return std::nullopt;
}

Status turn_off(store::Transaction& tx, ledger::ConnectionId id, Verdicts verdicts, const audit::Actor& by, Time now) {
  bool is_direct = device_compliance::find(tx, id).has_value();
  if (verdicts == Verdicts::handed_over) {
    return is_direct ? device_compliance::hand_over(tx, id, by, now) : cloud_connection::hand_over(tx, id, by, now);
  }
  return is_direct ? device_compliance::disable(tx, id, by, now) : cloud_connection::disable(tx, id, by, now);
}

Status turn_on(store::Transaction& tx, ledger::ConnectionId id, const audit::Actor& by, Time now) {
  bool is_direct = device_compliance::find(tx, id).has_value();
  return is_direct ? device_compliance::enable(tx, id, by, now) : cloud_connection::enable(tx, id, by, now);
}

}  // namespace wardbridge::compliance
