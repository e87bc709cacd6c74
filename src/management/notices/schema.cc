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
)sql"}};

}  // namespace wardbridge::notices
