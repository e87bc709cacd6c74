// One computer record of the Classic API, as JSON or as XML turned into the same tree; for this room's own sources.
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

// The tree of an XML document: an element with children is an object, a list element (known by its name) an array
// without its `size`, any other element its text. The root element's name is `root`. Fails with `bad_xml`: not well
// formed, a DOCTYPE, deeper than limits::kJsonDepth.
struct XmlTree {
  std::string root;
  json::Value value;
};
Result<XmlTree> read_classic_xml(std::string_view bytes);

}  // namespace wardbridge::sources
