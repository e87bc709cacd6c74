// Every limit of the program that a caller can run into, in one place, with its unit in its name.
#pragma once

#include <cstddef>

#include "base/time.h"

namespace wardbridge::limits {

inline constexpr std::size_t kRequestLineBytes = 16 * 1024;
inline constexpr std::size_t kHeaderBytes = 64 * 1024;
inline constexpr std::size_t kHeaderCount = 100;
inline constexpr std::size_t kBodyBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kImportBodyBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kResponseBodyBytes = 64 * 1024 * 1024;  // what our client takes from a peer
inline constexpr Duration kHeaderTime = seconds{10};
inline constexpr Duration kBodyTime = seconds{30};
inline constexpr Duration kIdleTime = seconds{60};
inline constexpr std::size_t kConnections = 4096;

inline constexpr std::size_t kJsonDepth = 32;
inline constexpr std::size_t kTokenBytes = 8 * 1024;

inline constexpr std::size_t kPatternBytes = 1024;
inline constexpr std::size_t kCriteriaPerGroup = 200;
inline constexpr std::size_t kGroupNesting = 10;
inline constexpr std::size_t kGraphBodyBytes = 1024 * 1024;
inline constexpr std::size_t kGraphBatchRequests = 20;
inline constexpr std::size_t kGraphReferences = 20;       // `members@odata.bind` of one request
inline constexpr std::size_t kGraphIdsPerRequest = 1000;  // getByIds
inline constexpr std::size_t kGraphTextBytes = 1024;      // a text property of a user or device
inline constexpr std::size_t kGraphNameCharacters = 256;
inline constexpr std::size_t kFilterBytes = 4096;
inline constexpr std::size_t kFilterNodes = 200;
inline constexpr std::size_t kRuleCharacters = 3072;  // of a dynamic membership rule, as in the real service
inline constexpr std::size_t kRuleListValues = 500;

inline constexpr int kPageSize = 100;         // Jamf Pro API default
inline constexpr int kPageSizeLargest = 2000;  // Jamf Pro API maximum

}  // namespace wardbridge::limits
