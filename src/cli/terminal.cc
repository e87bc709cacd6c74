#include "cli/terminal.h"

namespace wardbridge::cli {

std::string on_terminal(std::string_view text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    bool control = byte < 0x20 || byte == 0x7f;
    // U+0080 to U+009F, which some terminals obey, too.
    bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    shown += control || c1 ? '?' : text[i];
    if (c1) ++i;
  }
  return shown;
}

std::string shown_at(const json::Object& object, std::string_view key) {
  const json::Value* value = json::find(object, key);
  if (value == nullptr) return "";
  return on_terminal(value->is_string() ? std::string_view(value->get_string()) : json::to_text(*value));
}

const json::Object& object_in(const json::Object& object, std::string_view key) {
  static const json::Object none;
  const json::Object* found = json::object_at(object, key);
  return found != nullptr ? *found : none;
}

const json::Array& array_in(const json::Object& object, std::string_view key) {
  static const json::Array none;
  const json::Array* found = json::array_at(object, key);
  return found != nullptr ? *found : none;
}

}  // namespace wardbridge::cli
