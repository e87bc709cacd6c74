#include "cli/lint.h"

#include <cstdio>

namespace wardbridge::cli {
namespace {

std::string member(const json::Object& finding, const char* name) {
  return std::string(json::text_at(finding, name).value_or(""));
}

void print_findings(const json::Array& findings) {
  std::string heading;
  for (const json::Value& value : findings) {
    const json::Object* finding = value.if_object();
    if (finding == nullptr) continue;
    std::string group = member(*finding, "groupName") + " (" + member(*finding, "groupId") + ")";
    if (group != heading) std::printf("%s\n", group.c_str());
    heading = group;
    std::string where = member(*finding, "where");
    std::printf("  %s%s: %s\n", member(*finding, "reason").c_str(), where.empty() ? "" : (" at " + where).c_str(),
                member(*finding, "message").c_str());
  }
}

}  // namespace

int lint_groups(ApiClient& management, bool as_json) {
  auto answer = management.get("/api/v1/wardbridge/computer-groups/lint");
  if (!answer.ok()) {
    std::fprintf(stderr, "wardbridge lint: %s\n", answer.failure().message.c_str());
    return 1;
  }
  const json::Array* findings = json::array_at(*answer, "results");
  bool clean = findings != nullptr && findings->empty();
  if (as_json) {
    std::puts(json::to_pretty_text(*answer).c_str());
  } else if (clean) {
    std::puts("nothing to say about any smart group");
  } else if (findings != nullptr) {
    print_findings(*findings);
  }
  return clean ? 0 : 1;
}

}  // namespace wardbridge::cli
