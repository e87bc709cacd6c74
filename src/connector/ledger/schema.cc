#include "connector/ledger/ledger.h"

namespace wardbridge::ledger {

// `next_attempt_at` says for every state when a row wants attention: pending - when to try; leased - when the lease
// runs out; sent - when to ask for confirmation; delivered, parked, held and rehearsed - never. So "what is due" is one
// range of one index, and a crashed worker's rows come back by themselves.
const store::Schema kSchema = {
    "ledger",
    {R"sql(
CREATE TABLE delivery (
  connection_id BIGINT NOT NULL,
  subject TEXT NOT NULL,
  device_id TEXT NOT NULL,
  desired_epoch BIGINT NOT NULL,
  desired_sequence BIGINT NOT NULL,
  payload TEXT NOT NULL,
  is_retraction BIGINT NOT NULL,
  priority BIGINT NOT NULL,
  acknowledged_epoch BIGINT NOT NULL,
  acknowledged_sequence BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  polls BIGINT NOT NULL,
  next_attempt_at BIGINT NOT NULL,
  message_id TEXT NOT NULL,
  lease_token BIGINT NOT NULL,
  check_in_at BIGINT NOT NULL,
  verdict_at BIGINT NOT NULL,
  desired_at BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  accepted_at BIGINT NOT NULL,
  acknowledged_at BIGINT NOT NULL,
  failure_reason TEXT NOT NULL,
  failure_message TEXT NOT NULL,
  PRIMARY KEY (connection_id, subject)
);
CREATE INDEX delivery_due ON delivery (connection_id, priority, next_attempt_at);
CREATE INDEX delivery_by_state ON delivery (connection_id, state, desired_at);
CREATE INDEX delivery_by_device ON delivery (device_id);
CREATE TABLE delivery_history (
  connection_id BIGINT NOT NULL,
  subject TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  fate TEXT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  payload TEXT NOT NULL,
  check_in_at BIGINT NOT NULL,
  verdict_at BIGINT NOT NULL,
  desired_at BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  accepted_at BIGINT NOT NULL,
  acknowledged_at BIGINT NOT NULL,
  recorded_at BIGINT NOT NULL,
  PRIMARY KEY (connection_id, subject, epoch, sequence)
);
CREATE INDEX delivery_history_by_time ON delivery_history (recorded_at);
CREATE TABLE delivery_lane (
  connection_id BIGINT NOT NULL PRIMARY KEY,
  epoch BIGINT NOT NULL,
  sequence_floor BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  health TEXT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  failures BIGINT NOT NULL,
  next_probe_at BIGINT NOT NULL
);
)sql",
     // What was acknowledged last. Of rows before this only that it was compliant is known; 253402300799999 is kNever.
     R"sql(
ALTER TABLE delivery ADD COLUMN told_compliant BIGINT NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN told_until BIGINT NOT NULL DEFAULT 0;
UPDATE delivery SET told_compliant = priority, told_until = 253402300799999 WHERE state = 'delivered';
)sql"},
};

}  // namespace wardbridge::ledger
