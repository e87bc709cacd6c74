#include "mac/web_page.h"

namespace wardbridge::mac {
namespace {

// The value of `name="..."` inside a tag's text.
std::optional<std::string> attribute(std::string_view tag, std::string_view name) {
  std::string wanted = " " + std::string(name) + "=\"";
  auto start = tag.find(wanted);
  if (start == std::string_view::npos) return std::nullopt;
  start += wanted.size();
  auto end = tag.find('"', start);
  if (end == std::string_view::npos) return std::nullopt;
  return decode_references(tag.substr(start, end - start));
}

std::string_view tag_at(std::string_view html, std::size_t start) {
  auto end = html.find('>', start);
  return html.substr(start, end == std::string_view::npos ? end : end - start + 1);
}

}  // namespace

std::string decode_references(std::string_view text) {
  std::string out(text);
  for (auto [from, to] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}}) {
    out = text::replace_all(out, from, to);
  }
  return out;
}

std::optional<WebForm> find_form(std::string_view html) {
  auto start = html.find("<form");
  if (start == std::string_view::npos) return std::nullopt;
  WebForm form;
  form.action = attribute(tag_at(html, start), "action").value_or("");
  auto end = html.find("</form", start);
  std::string_view body = html.substr(start, end == std::string_view::npos ? end : end - start);
  for (auto input = body.find("<input"); input != std::string_view::npos; input = body.find("<input", input + 1)) {
    std::string_view tag = tag_at(body, input);
    if (attribute(tag, "type").value_or("") != "hidden") continue;
    form.hidden_fields.emplace_back(attribute(tag, "name").value_or(""), attribute(tag, "value").value_or(""));
  }
  return form;
}

std::string text_of_element(std::string_view html, std::string_view id) {
  auto marker = html.find(" id=\"" + std::string(id) + "\"");
  if (marker == std::string_view::npos) return {};
  auto start = html.find('>', marker);
  auto end = html.find("</", marker);
  if (start == std::string_view::npos || end == std::string_view::npos || end < start) return {};
  std::string text;
  bool in_tag = false;
  for (char c : html.substr(start + 1, end - start - 1)) {
    if (c == '<') in_tag = true;
    if (!in_tag) text += c;
    if (c == '>') in_tag = false;
  }
  return decode_references(text::trim(text));
}

}  // namespace wardbridge::mac
