// Request/response pairs as people write them, replayed at either end of a wire.
//
// A transcript is a text file of exchanges:
//
//   ### provision                              <- name of the exchange
//   PUT {{base}}/PartnerTenants(guid'{{tenant}}')?api-version=1.6
//   Content-Type: application/json
//                                              <- empty line, then the body (may be absent)
//   {"Provisioned": 1}
//   <<<                                        <- and the answer
//   200
//
//   {"Provisioned": 1}
//
// `{{name}}` stands for one text without quotes. A name with a known value must be that value; an unknown one takes
// whatever is there, and is known from then on. A JSON string that itself holds JSON (`"[{...}]"`) is compared as JSON.
// Members of a JSON object must be the same on both sides, in any order; one named `...` allows others.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace wardbridge::protocol {

using Variables = std::map<std::string, std::string, std::less<>>;

struct Exchange {
  std::string name;
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> request_headers;
  std::string request_body;
  int status = 0;
  std::string response_body;
};

Result<std::vector<Exchange>> read_transcript(const std::string& path);

// Nothing when `actual` fits `expected` (its variables become known); otherwise where and how they differ.
std::optional<std::string> text_difference(std::string_view expected, std::string_view actual, Variables& variables);
std::optional<std::string> json_difference(std::string_view expected, std::string_view actual, Variables& variables);

// Every variable replaced by its value; an unknown one is a failure.
Result<std::string> filled(std::string_view text, const Variables& variables);

}  // namespace wardbridge::protocol
