#include "cli/preview.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

Result<json::Object> object_in_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return invalid("unreadable_file", "`" + path + "` can't be read");
  std::ostringstream content;
  content << stream.rdbuf();
  auto value = json::parse(content.str());
  if (!value.ok()) return invalid("bad_file", "`" + path + "`: " + value.failure().message);
  if (!value->is_object()) return invalid("bad_file", "`" + path + "` holds no JSON object");
  return value->get_object();
}

std::string crowd_text(const json::Object& crowd) {
  std::string text;
  const json::Array& first = array_in(crowd, "first");
  for (const json::Value& value : first) {
    const json::Object* computer = value.if_object();
    if (computer != nullptr) text += "  " + shown_at(*computer, "name") + " (id " + shown_at(*computer, "id") + ")\n";
  }
  auto rest = json::integer_at(crowd, "count").value_or(0) - static_cast<std::int64_t>(first.size());
  if (rest > 0) text += "  and " + std::to_string(rest) + " more\n";
  return text;
}

std::string preview_text(const json::Object& said) {
  std::string text = shown_at(said, "count") + " of " + shown_at(said, "computersLookedAt") +
                     " computers would be in the group\n" + crowd_text(said);
  for (const char* change : {"joining", "leaving"}) {
    if (const json::Object* crowd = json::object_at(said, change)) {
      text += shown_at(*crowd, "count") + " " + change + "\n" + crowd_text(*crowd);
    }
  }
  for (const json::Value& value : array_in(said, "warnings")) {
    const json::Object* warning = value.if_object();
    if (warning != nullptr) text += "warning: " + shown_at(*warning, "message") + "\n";
  }
  return text;
}

}  // namespace

int preview_group(ApiClient& management, const PreviewOptions& options) {
  auto body = object_in_file(options.file);
  if (!body.ok()) {
    std::fprintf(stderr, "wardbridge preview: %s\n", body.failure().message.c_str());
    return 2;
  }
  auto said = management.post("/api/v1/wardbridge/computer-groups/preview?size=" + std::to_string(options.size), *body);
  if (!said.ok()) {
    std::fprintf(stderr, "wardbridge preview: %s\n", on_terminal(said.failure().message).c_str());
    return 1;
  }
  std::fputs(options.json ? (json::to_pretty_text(*said) + "\n").c_str() : preview_text(*said).c_str(), stdout);
  return 0;
}

}  // namespace wardbridge::cli
