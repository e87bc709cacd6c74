#include "cli/migrate.h"

#include <cstdio>

#include "base/text.h"
#include "cli/find.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

const std::string kMigration = "/api/v1/wardbridge/migration";
constexpr int kReportPage = 200;

int refuse_migration(const Failure& failure) {
  std::fprintf(stderr, "wardbridge connect migrate: %s\n", on_terminal(failure.message).c_str());
  return failure.code == Code::not_found ? 3 : 1;
}

std::string count_text(const json::Object& totals, const char* member, const char* one, const char* many) {
  std::string count = shown_at(totals, member);
  return count + " " + (count == "1" ? one : many);
}

void print_totals(const json::Object& totals) {
  std::printf("  As now: %s; %s.\n",
              count_text(totals, "sameCompliant", "device is compliant", "devices are compliant").c_str(),
              count_text(totals, "sameNotCompliant", "is not", "are not").c_str());
  if (shown_at(totals, "differ") == "0") return;
  for (const auto& [member, one, many] :
       {std::tuple{"becomeNotCompliant", "device would stop being compliant", "devices would stop being compliant"},
        {"becomeCompliant", "device would become compliant", "devices would become compliant"},
        {"toldNoLonger", "device would be told no longer", "devices would be told no longer"},
        {"toldAnew", "device would be told that is not told now", "devices would be told that are not told now"}}) {
    if (shown_at(totals, member) != "0") std::printf("  %s.\n", count_text(totals, member, one, many).c_str());
  }
}

void print_end(const char* label, const json::Object& side) {
  std::printf("  %-6s%s (%s, %s); compliant are the members of `%s`\n", label, shown_at(side, "name").c_str(),
              shown_at(side, "type").c_str(), shown_at(side, "state").c_str(),
              shown_at(object_in(side, "complianceGroup"), "name").c_str());
  if (std::string trouble = shown_at(side, "errorMessage"); !trouble.empty()) {
    std::printf("        trouble: %s\n", trouble.c_str());
  }
}

const char* phase_sentence(const std::string& phase) {
  if (phase == "rehearsing") return "A migration is being rehearsed. Nothing has changed for the tenant.";
  if (phase == "cutOver") return "The new connection tells the tenant; the one before can still come back.";
  if (phase == "finished") return "The last migration is finished.";
  if (phase == "rolledBack") return "The last migration was rolled back.";
  if (phase == "abandoned") return "The last migration was given up before it changed anything.";
  return "No migration was ever started.";
}

int print_migration(const Result<json::Object>& answer, bool as_json) {
  if (!answer.ok()) return refuse_migration(answer.failure());
  const json::Object& shown = *answer;
  if (as_json) {
    std::puts(json::to_pretty_text(shown).c_str());
    return 0;
  }
  std::puts(phase_sentence(shown_at(shown, "phase")));
  if (json::object_at(shown, "from")) {
    print_end("from", object_in(shown, "from"));
    print_end("to", object_in(shown, "to"));
  }
  if (std::string message = shown_at(shown, "message"); !message.empty()) {
    std::puts(message.c_str());
    print_totals(object_in(shown, "totals"));
  }
  if (const json::Object& taken = object_in(shown, "takenOver"); !taken.empty()) {
    std::printf("The tenant has heard of %s of %s from the new connection.\n", shown_at(taken, "acknowledged").c_str(),
                count_text(taken, "devices", "device", "devices").c_str());
  }
  std::printf("Next: %s\n", shown_at(shown, "nextStep").c_str());
  return 0;
}

std::string side_words(const json::Object& difference, const char* side) {
  const json::Object& said = object_in(difference, side);
  if (said.empty()) return "nothing";
  return shown_at(said, "verdict") + ", " + shown_at(said, "reason") + "; until " + shown_at(said, "validUntil");
}

void print_difference(const json::Object& difference) {
  std::printf("%s of %s, device %s\n", shown_at(difference, "deviceName").c_str(),
              shown_at(difference, "userPrincipalName").c_str(), shown_at(difference, "deviceId").c_str());
  std::printf("  told now:   %s\n", side_words(difference, "told").c_str());
  std::printf("  other road: %s\n", side_words(difference, "rehearsed").c_str());
}

}  // namespace

int start_migration(ApiClient& management, const MigrateStart& start, bool as_json) {
  auto begin = [&]() -> Result<json::Object> {
    json::Object body;
    body["connectionId"] = TRY(find_any_connection(management, start.connection)).id;
    for (const auto& [member, group] : {std::pair{"complianceGroupId", start.compliance_group},
                                        std::pair{"applicableGroupId", start.applicable_group}}) {
      if (group.empty()) continue;
      body[member] = TRY(find_group_id(management, group));
    }
    return management.post(kMigration, body);
  };
  return print_migration(begin(), as_json);
}

int show_migration(ApiClient& management, bool as_json) { return print_migration(management.get(kMigration), as_json); }

int report_migration(ApiClient& management, bool as_json) {
  json::Object whole;
  json::Array results;
  for (int page = 0;; ++page) {
    auto answer = management.get(kMigration + "/report?page=" + std::to_string(page) +
                                 "&page-size=" + std::to_string(kReportPage));
    if (!answer.ok()) return refuse_migration(answer.failure());
    const json::Array& some = array_in(*answer, "results");
    for (const json::Value& one : some) results.push_back(one);
    whole = *answer;
    if (some.size() < static_cast<std::size_t>(kReportPage)) break;
  }
  whole["results"] = results;
  if (as_json) {
    std::puts(json::to_pretty_text(whole).c_str());
  } else {
    std::puts(shown_at(whole, "message").c_str());
    print_totals(object_in(whole, "totals"));
    for (const json::Value& one : results) {
      if (one.is_object()) print_difference(one.get_object());
    }
  }
  return json::bool_at(whole, "complete").value_or(false) && results.empty() ? 0 : 1;
}

int cut_over(ApiClient& management, const CutOver& accepted, bool as_json) {
  return print_migration(management.post(kMigration + "/cut-over", {{"acceptDifferences", accepted.accept_differences},
                                                                    {"evenIfNotActive", accepted.even_if_not_active}}),
                         as_json);
}

int roll_back(ApiClient& management, bool as_json) {
  return print_migration(management.post(kMigration + "/roll-back", {}), as_json);
}

int finish_migration(ApiClient& management, bool even_if_not_taken_over, bool as_json) {
  return print_migration(management.post(kMigration + "/finish", {{"evenIfNotTakenOver", even_if_not_taken_over}}),
                         as_json);
}

}  // namespace wardbridge::cli
