// The Classic API's XML, as the same tree that its JSON is: reading what others send, writing what they ask for.
//
//   XmlTree sent = TRY(read_classic_xml(request.body));      // {"computer_group", {"name": "Labs", ...}}
//   std::string document = write_classic_xml({"computer_group", json::Object{{"id", 7}}});
//
// JAMF: a list has an element of its own that holds its `size` and then its items; JSON has a plain array there.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace wardbridge::sources {

struct XmlTree {
  std::string root;  // the name of the root element
  json::Value value;
};

// An element with children is an object, a list element (known by its name) an array without its `size`, any other
// element its text. Fails with `bad_xml`: not well formed, a DOCTYPE, deeper than limits::kJsonDepth.
Result<XmlTree> read_classic_xml(std::string_view bytes);

// Numbers and flags become text, lists get their `size`. A list whose items have no name here is a bug.
std::string write_classic_xml(const XmlTree& tree);

}  // namespace wardbridge::sources
