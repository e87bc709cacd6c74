#include "management/webhooks/webhooks.h"

namespace wardbridge::webhooks {

// `display_fields` is a JSON list. An empty sealed secret: there is none.
const store::Schema kSchema{"webhooks",
                            {
                                R"sql(
CREATE TABLE webhook (
  id BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  enabled BIGINT NOT NULL,
  url TEXT NOT NULL,
  content_type TEXT NOT NULL,
  event TEXT NOT NULL,
  connection_timeout_seconds BIGINT NOT NULL,
  read_timeout_seconds BIGINT NOT NULL,
  authentication TEXT NOT NULL,
  username TEXT NOT NULL,
  sealed_password TEXT NOT NULL,
  sealed_header TEXT NOT NULL,
  hash_algorithm TEXT NOT NULL,
  display_fields_enabled BIGINT NOT NULL,
  display_fields TEXT NOT NULL,
  smart_group_id BIGINT NOT NULL
);
)sql"}};

}  // namespace wardbridge::webhooks
