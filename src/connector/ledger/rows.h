// The ledger's tables as values; for this room's sources only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connector/ledger/ledger.h"

namespace wardbridge::ledger {

struct LaneRow {
  Lane lane;
  // No sequence at or below this is given out again: subjects that were forgotten had one this high.
  std::int64_t sequence_floor = 0;
};
LaneRow read_lane(store::Transaction& tx, ConnectionId connection);
// For a change: where several writers run at a time, they take turns.
LaneRow lock_lane(store::Transaction& tx, ConnectionId connection);
void save_lane(store::Transaction& tx, ConnectionId connection, const LaneRow& row);

std::optional<Delivery> lock_delivery(store::Transaction& tx, ConnectionId connection, const std::string& subject);
void save_delivery(store::Transaction& tx, const Delivery& delivery);
// `rest` is what follows FROM delivery: WHERE, ORDER BY, LIMIT.
std::vector<Delivery> select_deliveries(store::Transaction& tx, const std::string& rest, store::Parameters parameters);

// The newest fate of a version replaces an earlier one (parked, then delivered).
void record_fate(store::Transaction& tx, const HistoryEntry& entry);
// The entry for the desired version of a row.
HistoryEntry history_entry(const Delivery& delivery, Fate fate, Time now);

enum class Hold { no, yes };
// Makes `report` the desired one of a row under the next version; what was undelivered becomes history.
void put_desired(store::Transaction& tx, const LaneRow& lane, Delivery delivery, const DeviceReport& report,
                 const HopTimes& hops, Time now, Hold hold = Hold::no);

// `not managed, not compliant` becomes the desired report.
void put_retraction(store::Transaction& tx, const LaneRow& lane, const Delivery& delivery, const std::string& reason,
                    Time now);

}  // namespace wardbridge::ledger
