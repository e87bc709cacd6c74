#include "cli/terminal.h"

#include <algorithm>

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

std::string table_text(const json::Array& rows, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> cells;
  cells.emplace_back();
  for (const Column& column : columns) cells.back().push_back(column.title);
  for (const json::Value& row : rows) {
    if (!row.is_object()) continue;
    cells.emplace_back();
    for (const Column& column : columns) {
      const json::Array& list = array_in(row.get_object(), column.member);
      bool is_list = json::array_at(row.get_object(), column.member) != nullptr;
      std::string text = is_list ? "" : shown_at(row.get_object(), column.member);
      for (const json::Value& item : list) {
        if (item.is_string()) text += (text.empty() ? "" : ", ") + on_terminal(std::string_view(item.get_string()));
      }
      cells.back().push_back(text.empty() ? "-" : text);
    }
  }
  std::string text;
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : cells) width = std::max(width, other[i].size());
      text += line[i];
      if (i + 1 < line.size()) text += std::string(width - line[i].size() + 2, ' ');
    }
    text += "\n";
  }
  return text;
}

}  // namespace wardbridge::cli
