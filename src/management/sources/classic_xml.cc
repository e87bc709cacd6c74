#include "management/sources/classic_xml.h"

#include <expat.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/limits.h"
#include "base/text.h"

namespace wardbridge::sources {
namespace {

// JAMF: elements whose children are the items of a list. The rest may only repeat by accident.
constexpr std::array<std::string_view, 29> kLists = {"computers",
                                                     "criteria",
                                                     "computer_additions",
                                                     "computer_deletions",
                                                     "computer_groups",
                                                     "display_fields",
                                                     "webhooks",
                                                     "storage",
                                                     "partitions",
                                                     "mapped_printers",
                                                     "filevault2_users",
                                                     "certificates",
                                                     "applications",
                                                     "fonts",
                                                     "plugins",
                                                     "licensed_software",
                                                     "unix_executables",
                                                     "installed_by_casper",
                                                     "cached_by_casper",
                                                     "running_services",
                                                     "installed_by_installer_swu",
                                                     "installed_by_installer_swus",
                                                     "available_software_updates",
                                                     "extension_attributes",
                                                     "computer_group_memberships",
                                                     "local_accounts",
                                                     "configuration_profiles",
                                                     "iphones",
                                                     "peripherals"};

bool is_list(std::string_view name) { return std::ranges::find(kLists, name) != kLists.end(); }

struct Element {
  std::string name;
  std::string text;
  json::Object members;
  json::Array items;
  bool has_children = false;
};

class Reader {
 public:
  Reader() : parser_(XML_ParserCreate(nullptr), XML_ParserFree) {
    CHECK(parser_ != nullptr);
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser_.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
  }

  Result<XmlTree> read(std::string_view bytes) {
    auto status = XML_Parse(parser_.get(), bytes.data(), static_cast<int>(bytes.size()), XML_TRUE);
    if (!refusal_.empty()) return failure(refusal_);
    if (status != XML_STATUS_OK) return failure(XML_ErrorString(XML_GetErrorCode(parser_.get())));
    return std::move(tree_);
  }

 private:
  Failure failure(const std::string& why) const {
    return invalid("bad_xml", "not XML that can be read: line " +
                                  std::to_string(XML_GetCurrentLineNumber(parser_.get())) + ", column " +
                                  std::to_string(XML_GetCurrentColumnNumber(parser_.get()) + 1) + ": " + why);
  }

  void refuse(const char* why) {
    refusal_ = why;
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  static void on_doctype(void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
    // No entity can be declared without one, so none can expand.
    static_cast<Reader*>(self)->refuse("a DOCTYPE is not allowed");
  }

  static void on_start(void* self, const XML_Char* name, const XML_Char**) {
    auto& reader = *static_cast<Reader*>(self);
    if (reader.open_.size() >= limits::kJsonDepth) return reader.refuse("the elements are nested too deep");
    if (!reader.open_.empty()) reader.open_.back().has_children = true;
    reader.open_.push_back(Element{.name = name});
  }

  static void on_text(void* self, const XML_Char* text, int length) {
    auto& reader = *static_cast<Reader*>(self);
    if (!reader.open_.empty()) reader.open_.back().text.append(text, static_cast<std::size_t>(length));
  }

  static void on_end(void* self, const XML_Char*) {
    auto& reader = *static_cast<Reader*>(self);
    if (!reader.refusal_.empty()) return;
    Element closed = std::move(reader.open_.back());
    reader.open_.pop_back();
    std::string name = std::move(closed.name);
    json::Value value = value_of(name, std::move(closed));
    if (reader.open_.empty()) {
      reader.tree_ = XmlTree{std::move(name), std::move(value)};
    } else {
      add_child(reader.open_.back(), name, std::move(value));
    }
  }

  static json::Value value_of(std::string_view name, Element closed) {
    if (is_list(name)) return std::move(closed.items);
    if (closed.has_children) return std::move(closed.members);
    // Blank text is how a pretty printer writes an empty element; other text is kept to the letter.
    return text::trim(closed.text).empty() ? json::Value("") : json::Value(closed.text);
  }

  static void add_child(Element& parent, const std::string& name, json::Value value) {
    if (is_list(parent.name)) {
      if (name != "size") parent.items.push_back(std::move(value));
      return;
    }
    json::Value* same = parent.members.if_contains(name);
    if (!same) {
      parent.members.emplace(name, std::move(value));
    } else if (same->is_array() && !is_list(name)) {
      same->get_array().push_back(std::move(value));
    } else {
      json::Array both{std::move(*same), std::move(value)};
      *same = std::move(both);
    }
  }

  std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser_;
  std::vector<Element> open_;
  XmlTree tree_;
  std::string refusal_;
};

// What one item of a list is called, for the lists that are written.
std::string_view item_of(std::string_view list) {
  static constexpr std::pair<std::string_view, std::string_view> kItems[] = {{"computers", "computer"},
                                                                             {"criteria", "criterion"},
                                                                             {"computer_groups", "computer_group"},
                                                                             {"display_fields", "display_field"},
                                                                             {"webhooks", "webhook"}};
  for (const auto& [name, item] : kItems) {
    if (name == list) return item;
  }
  CHECK(false, list);
}

// Characters that XML 1.0 has no way to spell become U+FFFD; a reader would take a bare carriage return for a newline.
// SPEC: XML 1.0 (fifth edition) sections 2.2 and 2.11.
std::string xml_text(std::string_view words) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string escaped = text::escape_markup(words);
  std::string written;
  written.reserve(escaped.size());
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    auto byte = static_cast<unsigned char>(escaped[i]);
    std::string_view three = std::string_view(escaped).substr(i, 3);
    if (byte == '\r') {
      written += "&#13;";
    } else if (byte < 0x20 && byte != '\n' && byte != '\t') {
      written += kReplacement;
    } else if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {
      written += kReplacement;
      i += 2;
    } else {
      written += escaped[i];
    }
  }
  return written;
}

void write_element(std::string_view name, const json::Value& value, std::string& out) {
  out += "<" + std::string(name) + ">";
  if (const json::Object* object = value.if_object()) {
    for (const auto& member : *object) write_element(member.key(), member.value(), out);
  } else if (const json::Array* array = value.if_array()) {
    write_element("size", static_cast<std::int64_t>(array->size()), out);
    for (const json::Value& item : *array) write_element(item_of(name), item, out);
  } else if (value.is_string()) {
    out += xml_text(value.get_string());
  } else {
    out += json::to_text(value);  // a number or a flag
  }
  out += "</" + std::string(name) + ">";
}

}  // namespace

std::string write_classic_xml(const XmlTree& tree) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
  write_element(tree.root, tree.value, out);
  return out;
}

Result<XmlTree> read_classic_xml(std::string_view bytes) { return Reader().read(bytes); }

}  // namespace wardbridge::sources
