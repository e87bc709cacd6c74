#include "cli/import.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/text.h"

namespace wardbridge::cli {
namespace {

constexpr Duration kImportPatience = minutes{5};

struct Summary {
  std::int64_t created = 0, changed = 0, unchanged = 0;
  json::Array refused;
  std::map<std::string, std::int64_t> without_place;
};

std::vector<std::string> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
      auto extension = text::lower(entry.path().extension().string());
      if (entry.is_regular_file() && (extension == ".json" || extension == ".xml"))
        files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void refuse(Summary& summary, const std::string& record, const std::string& why) {
  summary.refused.push_back(json::Object{{"record", record}, {"why", why}});
}

void add(Summary& summary, const std::string& file, const json::Object& outcome) {
  summary.created += json::integer_at(outcome, "new").value_or(0);
  summary.changed += json::integer_at(outcome, "changed").value_or(0);
  summary.unchanged += json::integer_at(outcome, "unchanged").value_or(0);
  if (const json::Array* refused = json::array_at(outcome, "refused")) {
    for (const json::Value& value : *refused) {
      refuse(summary, file + ": " + std::string(json::text_at(value.as_object(), "record").value_or("")),
             std::string(json::text_at(value.as_object(), "why").value_or("")));
    }
  }
  if (const json::Object* names = json::object_at(outcome, "withoutPlace")) {
    for (const auto& name : *names) summary.without_place[name.key()] += name.value().as_int64();
  }
}

void draw_bar(std::size_t finished, std::size_t total) {
  constexpr std::size_t kWidth = 40;
  std::size_t full = total == 0 ? kWidth : finished * kWidth / total;
  std::string bar = std::string(full, '#') + std::string(kWidth - full, '.');
  std::fprintf(stderr, "\r[%s] %zu of %zu files", bar.c_str(), finished, total);
  if (finished == total) std::fputc('\n', stderr);
}

void import_file(ApiClient& management, const std::string& file, Summary& summary) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return refuse(summary, file, "the file can't be read");
  std::ostringstream content;
  content << stream.rdbuf();
  bool xml = text::lower(file).ends_with(".xml");
  auto outcome = management.post_bytes("/api/v1/wardbridge/imports/computers", content.str(),
                                       xml ? "application/xml" : "application/json", kImportPatience);
  if (!outcome.ok()) return refuse(summary, file, outcome.failure().message);
  add(summary, file, *outcome);
}

void print(const Summary& summary, bool as_json) {
  if (as_json) {
    json::Object names;
    for (const auto& [name, count] : summary.without_place) names[name] = count;
    std::puts(json::to_pretty_text(json::Object{{"new", summary.created},
                                                {"changed", summary.changed},
                                                {"unchanged", summary.unchanged},
                                                {"refused", summary.refused},
                                                {"withoutPlace", names}})
                  .c_str());
    return;
  }
  std::printf("%lld new, %lld changed, %lld unchanged, %zu refused\n", static_cast<long long>(summary.created),
              static_cast<long long>(summary.changed), static_cast<long long>(summary.unchanged),
              summary.refused.size());
  for (const json::Value& value : summary.refused) {
    std::printf("  refused %s: %s\n", value.as_object().at("record").as_string().c_str(),
                value.as_object().at("why").as_string().c_str());
  }
  if (!summary.without_place.empty()) std::printf("fields that have no place here:\n");
  for (const auto& [name, count] : summary.without_place) {
    std::printf("  %s (%lld)\n", name.c_str(), static_cast<long long>(count));
  }
}

}  // namespace

int import_computers(ApiClient& management, const ImportOptions& options) {
  auto files = files_of(options.paths);
  if (files.empty()) {
    std::fprintf(stderr, "wardbridge import: no .json or .xml file there\n");
    return 2;
  }
  bool draws = options.progress && !options.json && ::isatty(STDERR_FILENO) == 1;
  Summary summary;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (draws) draw_bar(i, files.size());
    import_file(management, files[i], summary);
  }
  if (draws) draw_bar(files.size(), files.size());
  print(summary, options.json);
  return summary.refused.empty() ? 0 : 1;
}

}  // namespace wardbridge::cli
