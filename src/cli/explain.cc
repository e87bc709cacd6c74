#include "cli/explain.h"

#include <cstdio>

#include "base/limits.h"
#include "base/text.h"
#include "cli/terminal.h"

namespace wardbridge::cli {
namespace {

constexpr int kFailed = 1;
constexpr int kNoSuch = 3;
constexpr int kSeveral = 4;

const std::string kOurComputers = "/api/v1/wardbridge/computers";

int complain(const Failure& failure) {
  std::fprintf(stderr, "wardbridge explain: %s\n", on_terminal(failure.message).c_str());
  return failure.code == Code::not_found ? kNoSuch : kFailed;
}

std::string computer_line(const json::Object& computer) {
  std::string line = shown_at(computer, "name") + " (id " + shown_at(computer, "id");
  if (std::string serial = shown_at(computer, "serialNumber"); !serial.empty()) line += ", " + serial;
  return line + ")";
}

// The tree of criteria, one line each, whether it is met in front, and where its value came from below it.
class Tree {
 public:
  explicit Tree(const json::Object& explanation) : explanation_(explanation) {}

  std::string text() {
    add_group(explanation_, 0);
    return std::move(text_);
  }

 private:
  void add_line(bool met, std::size_t depth, const std::string& words) {
    text_ += (met ? "  yes " : "  no  ") + std::string(depth * 2, ' ') + words + "\n";
  }
  void add_remark(std::size_t depth, const std::string& words) {
    text_ += "      " + std::string(depth * 2, ' ') + words + "\n";
  }

  void add_group(const json::Object& said, std::size_t depth) {
    bool in = json::bool_at(object_in(said, "judged"), "member").value_or(false);
    if (std::string why = shown_at(said, "overruledBy"); !why.empty()) {
      add_line(in, depth, "its criteria are not asked: " + text::lower(why));
    } else if (const json::Object* criteria = json::object_at(said, "criteria")) {
      add_node(*criteria, depth);
    } else {
      add_line(in, depth, "assigned to it");
    }
  }

  void add_node(const json::Object& node, std::size_t depth) {
    bool met = json::bool_at(node, "met").value_or(false);
    std::string kind = shown_at(node, "kind");
    if (kind != "CRITERION") {
      const json::Array& parts = array_in(node, "parts");
      std::string words = kind == "ANY_OF" ? "any of"
                          : parts.empty()  ? "no criteria: every managed computer"
                                           : "all of";
      add_line(met, depth, words);
      for (const json::Value& part : parts) {
        if (const json::Object* object = part.if_object()) add_node(*object, depth + 1);
      }
      return;
    }
    add_line(met, depth,
             shown_at(node, "name") + " " + shown_at(node, "searchType") + " `" + shown_at(node, "required") + "`");
    const json::Object& source = object_in(node, "source");
    if (shown_at(source, "kind") == "GROUP") return add_named(shown_at(source, "groupId"), depth + 1);
    const json::Value* measured = json::find(node, "measured");
    std::string remark = measured == nullptr ? "not known" : "is `" + shown_at(node, "measured") + "`";
    remark += "; " + source_words(source);
    if (std::string until = shown_at(node, "validUntil"); !until.empty()) remark += "; so until " + until;
    add_remark(depth + 1, remark);
  }

  static std::string source_words(const json::Object& source) {
    if (shown_at(source, "kind") != "INVENTORY") return "the server's own record";
    std::string words = "inventory section " + shown_at(source, "section");
    if (!json::bool_at(source, "reported").value_or(true)) return words + ", which the Mac never reported";
    auto age = json::integer_at(source, "ageSeconds");
    return words + (age ? ", " + for_people(seconds{*age}) + " old" : ", of no inventory update");
  }

  // Groups don't name each other in circles, but a server is not trusted to keep that.
  void add_named(const std::string& id, std::size_t depth) {
    if (nesting_ == limits::kGroupNesting) return add_remark(depth, "(nested too deep to show)");
    for (const json::Value& value : array_in(explanation_, "namedGroups")) {
      const json::Object* named = value.if_object();
      if (named == nullptr || shown_at(object_in(*named, "group"), "id") != id) continue;
      ++nesting_;
      add_group(*named, depth);
      --nesting_;
      return;
    }
    add_remark(depth, "(a group that you may not read)");
  }

  const json::Object& explanation_;
  std::string text_;
  std::size_t nesting_ = 0;
};

std::string explanation_text(const json::Object& said) {
  std::string stored = shown_at(said, "stored");
  std::string since = shown_at(said, "since");
  std::string text = computer_line(object_in(said, "computer"));
  std::string group = "`" + shown_at(object_in(said, "group"), "name") + "`";
  if (stored == "MEMBER") {
    std::string until = shown_at(said, "storedUntil");
    text += " is in " + group + " since " + since + (until.empty() ? "" : ", known until " + until);
  } else if (stored == "UNKNOWN") {
    text += " was in " + group + " until " + shown_at(said, "storedUntil") + "; nobody has looked since";
  } else {
    text += " is not in " + group + (since.empty() ? "" : " since " + since);
  }
  text += "\n";
  if (json::bool_at(said, "wardbridgeRecalculating").value_or(false)) {
    text += "The group was edited, and its members are still being brought up to date.\n";
  }
  return text + Tree(said).text() + "Next: " + shown_at(said, "nextStep") + "\n";
}

std::string belongings_text(const json::Object& said) {
  std::string text = computer_line(object_in(said, "computer")) + "\n";
  const json::Array& results = array_in(said, "results");
  text += results.empty() ? "In no group.\n" : "In these groups:\n";
  for (const json::Value& value : results) {
    const json::Object* group = value.if_object();
    if (group == nullptr) continue;
    std::string until = shown_at(*group, "validUntil");
    text += "  " + shown_at(*group, "name") + " (id " + shown_at(*group, "id") + ", " +
            (json::bool_at(*group, "smart").value_or(true) ? "smart" : "static") + ") since " +
            shown_at(*group, "since") + (until.empty() ? "" : ", known until " + until) + "\n";
  }
  return text;
}

std::string compliance_text(const json::Array& records) {
  if (records.empty()) return "No account of it is registered with a directory.\n";
  std::string text = "Compliance:\n";
  for (const json::Value& record : records) {
    const json::Object* object = record.if_object();
    if (object == nullptr) continue;
    for (const json::Value& value : array_in(object_in(*object, "wardbridge"), "accounts")) {
      const json::Object* account = value.if_object();
      if (account == nullptr) continue;
      text += "  " + shown_at(*account, "username") + ": " + shown_at(*account, "complianceState") + ", " +
              shown_at(*account, "reason") + "; until " + shown_at(*account, "validUntil") + "\n";
    }
  }
  return text;
}

int explain_membership(ApiClient& management, const ExplainOptions& options, const std::string& path) {
  auto said = management.get(path + "/groups/" + text::percent_encode(options.group) + "/explain");
  if (!said.ok()) return complain(said.failure());
  std::fputs(options.json ? (json::to_pretty_text(*said) + "\n").c_str() : explanation_text(*said).c_str(), stdout);
  return 0;
}

int list_memberships(ApiClient& management, const ExplainOptions& options, const std::string& path,
                     const std::string& id) {
  auto said = management.get(path + "/groups");
  if (!said.ok()) return complain(said.failure());
  auto compliance = management.get_array("/api/v1/conditional-access/device-compliance-information/computer/" + id);
  // Whoever may read groups need not be allowed to read verdicts.
  bool hidden = !compliance.ok() && compliance.failure().code == Code::forbidden;
  if (!compliance.ok() && !hidden) return complain(compliance.failure());
  if (options.json) {
    json::Object whole = *said;
    whole["compliance"] = hidden ? json::Value() : json::Value(*compliance);
    std::puts(json::to_pretty_text(whole).c_str());
    return 0;
  }
  std::fputs(belongings_text(*said).c_str(), stdout);
  std::fputs(hidden ? "Compliance: this user may not read it.\n" : compliance_text(*compliance).c_str(), stdout);
  return 0;
}

// The one computer that is meant: its id, or the exit code.
struct Meant {
  std::string id;
  int exit_code = 0;
};
Meant computer_meant(ApiClient& management, const ExplainOptions& options) {
  auto found = management.get(kOurComputers + "?called=" + text::percent_encode(options.computer));
  if (!found.ok()) return {.exit_code = complain(found.failure())};
  const json::Array& results = array_in(*found, "results");
  if (results.empty() || !results.front().is_object()) {
    return {.exit_code = complain(not_found("no_computer", "no computer is called `" + options.computer + "`"))};
  }
  if (results.size() > 1) {
    std::fprintf(stderr, "wardbridge explain: several computers are called `%s`; say which by its id\n",
                 on_terminal(options.computer).c_str());
    if (options.json) std::puts(json::to_pretty_text(*found).c_str());
    for (const json::Value& value : results) {
      if (!options.json && value.is_object()) std::printf("  %s\n", computer_line(value.get_object()).c_str());
    }
    return {.exit_code = kSeveral};
  }
  return {.id = shown_at(results.front().get_object(), "id")};
}

void print_hop(const char* name, const std::string& time) {
  std::printf("    %-14s%s\n", name, time.empty() ? "not yet" : time.c_str());
}

void print_chain(const json::Object& chain) {
  std::printf("%s, %s\n", computer_line(chain).c_str(),
              json::bool_at(chain, "managed").value_or(false) ? "managed" : "not managed");
  const json::Object& connection = object_in(chain, "connection");
  for (const json::Value& value : array_in(chain, "accounts")) {
    if (!value.is_object()) continue;
    const json::Object& account = value.get_object();
    std::string device = shown_at(account, "deviceId");
    std::printf("  %s: %s%s\n", shown_at(account, "username").c_str(), shown_at(account, "registrationState").c_str(),
                device.empty() ? "" : (", device " + device).c_str());
    if (std::string next = shown_at(account, "nextStep"); !next.empty()) std::printf("    %s\n", next.c_str());
  }
  for (const json::Value& value : array_in(chain, "registrations")) {
    const json::Object* link = value.if_object();
    if (!link) continue;
    std::printf("  %s as %s, device %s\n", shown_at(*link, "username").c_str(),
                shown_at(*link, "userPrincipalName").c_str(), shown_at(*link, "deviceId").c_str());
    print_hop("check-in", shown_at(chain, "lastCheckIn"));
    std::printf("    %-14s%s: %s\n", "verdict", shown_at(*link, "complianceState").c_str(),
                shown_at(*link, "reason").c_str());
    if (const json::Object& other = object_in(*link, "rehearsal"); !other.empty()) {
      std::printf("    %-14sby %s, which is only rehearsed: %s, %s\n", "otherwise",
                  shown_at(other, "connection").c_str(), shown_at(other, "verdict").c_str(),
                  shown_at(other, "reason").c_str());
    }
    const json::Object& delivery = object_in(*link, "delivery");
    if (!delivery.empty()) {
      print_hop("sent", shown_at(delivery, "sent"));
      print_hop("accepted", shown_at(delivery, "accepted"));
      print_hop("acknowledged", shown_at(delivery, "acknowledged"));
      if (std::string failure = shown_at(delivery, "failureMessage"); !failure.empty()) {
        std::printf("    %-14s%s (%s)\n", "failed", failure.c_str(), shown_at(delivery, "failureReason").c_str());
      }
    }
  }
  if (!connection.empty()) {
    std::printf("  connection %s (%s): %s, road %s\n", shown_at(connection, "name").c_str(),
                shown_at(connection, "type").c_str(), shown_at(connection, "state").c_str(),
                shown_at(connection, "road").c_str());
  }
  std::string step = shown_at(chain, "nextStep");
  std::printf("Next step: %s\n",
              step.empty() ? "nothing; the directory was told that this Mac is compliant." : step.c_str());
}

}  // namespace

int explain_computer(ApiClient& management, const ExplainOptions& options) {
  Meant meant = computer_meant(management, options);
  if (meant.exit_code != 0) return meant.exit_code;
  std::string path = kOurComputers + "/" + text::percent_encode(meant.id);
  return options.group.empty() ? list_memberships(management, options, path, text::percent_encode(meant.id))
                               : explain_membership(management, options, path);
}

int explain_device(ApiClient& management, const ExplainOptions& options) {
  Meant meant = computer_meant(management, options);
  if (meant.exit_code != 0) return meant.exit_code;
  auto chain = management.get(kOurComputers + "/" + text::percent_encode(meant.id) + "/chain");
  if (!chain.ok()) return complain(chain.failure());
  if (options.json) {
    std::puts(json::to_pretty_text(*chain).c_str());
  } else {
    print_chain(*chain);
  }
  return 0;
}

}  // namespace wardbridge::cli
