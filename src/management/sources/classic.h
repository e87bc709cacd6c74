// One computer record of the Classic API, as JSON or as XML turned into the same tree (classic_xml.h); for this room's
// own sources.
//
// JAMF: in JSON, lists are plain arrays and values are typed; in XML, lists have a wrapping element with a `size`, and
// everything is text. Reading is lenient about that difference and about nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "management/inventory/fields.h"

namespace wardbridge::sources {

// The sections in the record's own shape, not yet checked, as one object to give to inventory::check_record.
struct ClassicRecord {
  json::Object body;
  std::vector<std::string> without_place;
};
Result<ClassicRecord> read_classic(const json::Object& computer);

}  // namespace wardbridge::sources
