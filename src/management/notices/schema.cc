#include "management/notices/notices.h"

namespace wardbridge::notices {

// `recipients` is a JSON list.
const store::Schema kSchema{"notices",
                            {
                                R"sql(
CREATE TABLE group_notification (
  group_id BIGINT NOT NULL PRIMARY KEY,
  enabled BIGINT NOT NULL,
  recipients TEXT NOT NULL
);
)sql",
                                R"sql(
CREATE TABLE notice (
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  params TEXT NOT NULL,
  raised_at BIGINT NOT NULL,
  dismissed BIGINT NOT NULL,
  PRIMARY KEY (type, id)
);
)sql"}};

}  // namespace wardbridge::notices
