// How the directory compares names: ids and principal names without case, identifier URIs also without the trailing
// slashes that callers drop or double. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "base/text.h"

namespace wardbridge::directory {

inline std::string id_key(std::string_view id) { return text::lower(id); }

inline std::string uri_key(std::string_view uri) {
  while (uri.ends_with('/')) uri.remove_suffix(1);
  return text::lower(uri);
}

}  // namespace wardbridge::directory
