// Finding what a person calls something in the lists of a server; for this room's own sources.
#pragma once

#include <string>
#include <vector>

#include "cli/api_client.h"

namespace wardbridge::cli {

inline const std::string kConditionalAccess = "/api/v1/wardbridge/conditional-access";  // the manual connection
inline const std::string kConnections = "/api/v1/wardbridge/connections";
inline const std::string kCloudConnections = "/api/v1/wardbridge/cloud-connections";

struct Found {
  std::string path;  // of the thing itself: `/api/v1/wardbridge/connections/7`
  std::string id;
  json::Object object;
};
// By id or name, in lists of the Jamf Pro API's shape. Fails with `not_found`, naming `what` ("connection").
Result<Found> find_called(ApiClient& management, const std::vector<std::string>& lists, const std::string& wanted,
                          const char* what);

// Connections of every type.
Result<Found> find_any_connection(ApiClient& management, const std::string& wanted);
// The id of a computer group, of either kind; a number is taken for one.
Result<std::string> find_group_id(ApiClient& management, const std::string& wanted);

}  // namespace wardbridge::cli
