// `wardbridge connect migrate ...`: changing the connection that verdicts travel by, over the management API.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

struct MigrateStart {
  std::string connection;        // name or id of the one to migrate to
  std::string compliance_group;  // name or id; empty: the group in use
  std::string applicable_group;
};

// All give the exit code: 0 done; 1 refused, standard error says why; 3 no such connection or group.
int start_migration(ApiClient& management, const MigrateStart& start, bool as_json);
int show_migration(ApiClient& management, bool as_json);
// Also 1 while the report is not complete, or where it found differences.
int report_migration(ApiClient& management, bool as_json);
struct CutOver {
  bool accept_differences = false;
  bool even_if_not_active = false;
};
int cut_over(ApiClient& management, const CutOver& accepted, bool as_json);
int roll_back(ApiClient& management, bool as_json);
int finish_migration(ApiClient& management, bool even_if_not_taken_over, bool as_json);

}  // namespace wardbridge::cli
