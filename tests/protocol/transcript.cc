#include "protocol/transcript.h"

#include <fstream>
#include <sstream>

#include "base/text.h"

namespace wardbridge::protocol {
namespace {

constexpr std::string_view kOthers = "...";

std::optional<std::string> value_difference(const json::Value& expected, const json::Value& actual,
                                            const std::string& where, Variables& variables) {
  auto differs = [&] { return where + ": expected " + json::to_text(expected) + ", got " + json::to_text(actual); };
  if (const auto* object = expected.if_object()) {
    const auto* other = actual.if_object();
    if (!other) return differs();
    for (const auto& member : *object) {
      if (member.key() == kOthers) continue;
      std::string inner = where + "." + std::string(member.key());
      const json::Value* found = other->if_contains(member.key());
      if (!found) return inner + ": is missing";
      if (auto why = value_difference(member.value(), *found, inner, variables)) return why;
    }
    for (const auto& member : *other) {
      if (!object->contains(kOthers) && !object->contains(member.key()))
        return where + "." + std::string(member.key()) + ": is not expected";
    }
    return std::nullopt;
  }
  if (const auto* array = expected.if_array()) {
    const auto* other = actual.if_array();
    if (!other || other->size() != array->size()) return differs();
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (auto why = value_difference((*array)[i], (*other)[i], where + "[" + std::to_string(i) + "]", variables))
        return why;
    }
    return std::nullopt;
  }
  if (const auto* text = expected.if_string()) {
    const auto* other = actual.if_string();
    if (!other) return differs();
    bool holds_json = text->starts_with('[') || (text->starts_with('{') && !text->starts_with("{{"));
    auto why = holds_json ? json_difference(*text, *other, variables) : text_difference(*text, *other, variables);
    if (why) return where + ": " + *why;
    return std::nullopt;
  }
  if (json::to_text(expected) != json::to_text(actual)) return differs();
  return std::nullopt;
}

}  // namespace

Result<std::vector<Exchange>> read_transcript(const std::string& path) {
  std::ifstream file(path);
  if (!file) return not_found("no_transcript", "`" + path + "` can't be read");
  std::vector<Exchange> exchanges;
  std::string line;
  enum class Part { headers, body, status, answer } part = Part::headers;
  while (std::getline(file, line)) {
    if (line.starts_with("### ")) {
      exchanges.push_back({.name = line.substr(4)});
      part = Part::headers;
      continue;
    }
    if (exchanges.empty()) continue;  // the introduction
    Exchange& exchange = exchanges.back();
    if (line == "<<<") {
      part = Part::status;
    } else if (part == Part::headers && exchange.method.empty()) {
      auto space = line.find(' ');
      if (space == std::string::npos) return invalid("bad_transcript", "`" + line + "` is not a request line");
      exchange.method = line.substr(0, space);
      exchange.url = line.substr(space + 1);
    } else if (part == Part::headers && line.empty()) {
      part = Part::body;
    } else if (part == Part::headers) {
      auto colon = line.find(": ");
      if (colon == std::string::npos) return invalid("bad_transcript", "`" + line + "` is not a header");
      exchange.request_headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    } else if (part == Part::body) {
      exchange.request_body += line;
    } else if (part == Part::status) {
      exchange.status = static_cast<int>(text::parse_integer(line).value_or(0));
      part = Part::answer;
    } else {
      exchange.response_body += line;
    }
  }
  return exchanges;
}

std::optional<std::string> text_difference(std::string_view expected, std::string_view actual, Variables& variables) {
  std::string_view rest = actual;
  auto differs = [&] { return "expected `" + std::string(expected) + "`, got `" + std::string(actual) + "`"; };
  std::string_view pattern = expected;
  while (!pattern.empty()) {
    auto open = pattern.find("{{");
    std::string_view literal = pattern.substr(0, open);
    if (!rest.starts_with(literal)) return differs();
    rest.remove_prefix(literal.size());
    if (open == std::string_view::npos) return rest.empty() ? std::nullopt : std::optional(differs());
    auto close = pattern.find("}}", open);
    std::string name(pattern.substr(open + 2, close - open - 2));
    pattern.remove_prefix(close + 2);
    auto known = variables.find(name);
    std::string_view value;
    if (known != variables.end()) {
      value = known->second;
      if (!rest.starts_with(value)) return differs() + ": `" + name + "` is `" + known->second + "`";
    } else {
      // An unknown variable reaches to the character that follows it.
      auto end = pattern.empty() ? rest.size() : rest.find(pattern.front());
      if (end == std::string_view::npos || end == 0) return differs();
      value = rest.substr(0, end);
      variables[name] = std::string(value);
    }
    rest.remove_prefix(value.size());
  }
  return rest.empty() ? std::nullopt : std::optional(differs());
}

std::optional<std::string> json_difference(std::string_view expected, std::string_view actual, Variables& variables) {
  Result<json::Value> wanted = json::parse(expected);
  if (!wanted.ok()) return "the transcript is wrong: " + wanted.failure().message;
  Result<json::Value> got = json::parse(actual);
  if (!got.ok()) return got.failure().message + " in `" + std::string(actual) + "`";
  return value_difference(*wanted, *got, "body", variables);
}

Result<std::string> filled(std::string_view text, const Variables& variables) {
  std::string out;
  while (true) {
    auto open = text.find("{{");
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    auto close = text.find("}}", open);
    auto known = variables.find(text.substr(open + 2, close - open - 2));
    if (known == variables.end())
      return not_found("unknown_variable", std::string(text.substr(open, close - open + 2)));
    out += known->second;
    text.remove_prefix(close + 2);
  }
}

}  // namespace wardbridge::protocol
