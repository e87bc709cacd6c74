// How the directory compares names: ids and principal names without case, identifier URIs also without the trailing
// slashes that callers drop or double. Private to this room.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"

namespace wardbridge::directory {

inline std::string id_key(std::string_view id) { return text::lower(id); }

inline std::string uri_key(std::string_view uri) {
  while (uri.ends_with('/')) uri.remove_suffix(1);
  return text::lower(uri);
}

// What a text is found and ordered by. A long text's key is cut, but never below kKeyBytes: a shorter one is whole.
inline constexpr std::size_t kKeyBytes = 256;
inline std::string search_key(std::string_view text) {
  std::size_t size = std::min(text.size(), kKeyBytes);
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return text::lower(text.substr(0, size));
}

// `(?, ?, ?)`
inline std::string placeholders(std::size_t count) {
  std::string list = "(";
  for (std::size_t i = 0; i < count; ++i) list += i == 0 ? "?" : ", ?";
  return list + ")";
}

}  // namespace wardbridge::directory
