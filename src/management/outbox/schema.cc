#include "management/outbox/outbox.h"

namespace wardbridge::outbox {

// `not_before` says when a lane may be worked on: in the past - as soon as something waits; in the future - it is
// leased, backs off or rests; never - paused. So a crashed worker's lane comes back by itself, and putting a message in
// touches no row that anybody else touches.
const store::Schema kSchema{"outbox",
                            {
                                R"sql(
CREATE TABLE outbox_lane (
  kind TEXT NOT NULL,
  number BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  lease_token BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  PRIMARY KEY (kind, number)
);
CREATE TABLE outbox_message (
  id BIGINT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  changes BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  give_up_at BIGINT NOT NULL,
  parked_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL
);
CREATE INDEX outbox_message_lane ON outbox_message (kind, number, state, id);
CREATE TABLE outbox_change (
  message_id BIGINT NOT NULL,
  item BIGINT NOT NULL,
  added BIGINT NOT NULL,
  PRIMARY KEY (message_id, item)
);
)sql"}};

}  // namespace wardbridge::outbox
