// Reads `*.case` files of dynamic membership rules: who belongs to a group, as text that an administrator can check.
//
//   user: ann                              an object; `device: mac` for a device. Objects hold for the whole file.
//     department: Sales                    any property of rules; absent: it has none
//     otherMails: a@x.org, b@x.org         collections are comma-separated
//     assignedPlans: exchange/<plan id>/Enabled
//   rule: user.department -eq "sales"      starts a case
//     at: 2026-01-01T00:00:00Z             default: that very moment
//     members: ann                         exactly these objects of the file; nothing: nobody
//     until: 2026-02-01T00:00:00Z          when time alone changes the first object's answer; absent: never
//   refused: user.colour -eq "red"         a rule that can't be saved
//     character: 1                         where
//     says: no property `colour`
//
// `#` starts a comment line. Anything unknown is an error that names its line.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "tenant/membership_rules/membership_rules.h"

namespace wardbridge::rule_cases {

using membership_rules::Fact;
using membership_rules::Subject;

class Object final : public membership_rules::Facts {
 public:
  std::string name;
  Subject subject = Subject::user;
  std::map<std::string, Fact, std::less<>> facts;

  Fact read(std::string_view property) const override {
    const auto found = facts.find(property);
    return found == facts.end() ? Fact{} : found->second;
  }
};

struct Case {
  int line = 0;
  std::string rule;
  bool is_refused = false;
  Time at = parse_iso8601("2026-01-01T00:00:00Z").value();
  std::vector<std::string> members;
  Time until = kNever;
  std::string character;
  std::string says;
};

struct File {
  std::vector<Object> objects;
  std::vector<Case> cases;
};

inline std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  for (std::string_view part : text::split(text, ','))
    if (const auto item = text::trim(part); !item.empty()) items.emplace_back(item);
  return items;
}

inline Result<Fact> fact_of(const Object& object, std::string_view property, const std::string& value) {
  using enum membership_rules::PropertyType;
  if (property == "manager") return Fact(value);
  for (const auto& known : membership_rules::properties_of(object.subject)) {
    if (known.name != property) continue;
    switch (known.type) {
      case flag:
        return Fact(value == "true");
      case date:
        return Fact(TRY(parse_iso8601(value)));
      case text:
        return Fact(value);
      case texts:
        return Fact(list_of(value));
      case plans: {
        std::vector<membership_rules::Plan> all;
        for (const std::string& one : list_of(value)) {
          const auto parts = text::split(one, '/');
          if (parts.size() != 3) return invalid("bad_case", "a plan is service/id/status");
          all.push_back({std::string(parts[0]), std::string(parts[1]), std::string(parts[2])});
        }
        return Fact(all);
      }
    }
  }
  if (property.starts_with("extension_")) return Fact(value);
  return invalid("bad_case", "no property `" + std::string(property) + "`");
}

inline Result<File> read_case_file(const std::string& path) {
  std::ifstream stream(path);
  File file;
  bool in_object = false;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const std::string_view content = text::trim(line);
    if (content.empty() || content.starts_with('#')) continue;
    const auto wrong = [&](const std::string& what) {
      return invalid("bad_case", path + ":" + std::to_string(number) + ": " + what);
    };
    const std::size_t colon = content.find(':');
    if (colon == std::string_view::npos) return wrong("no `:`");
    const std::string key(content.substr(0, colon));
    const std::string value(text::trim(content.substr(colon + 1)));
    if (!line.starts_with(' ')) {
      in_object = key == "user" || key == "device";
      if (in_object) {
        Object object;
        object.name = value;
        object.subject = key == "user" ? Subject::user : Subject::device;
        file.objects.push_back(object);
      } else if (key == "rule" || key == "refused") {
        file.cases.push_back({.line = number, .rule = value, .is_refused = key == "refused"});
      } else {
        return wrong("unknown `" + key + "`");
      }
    } else if (in_object) {
      auto fact = fact_of(file.objects.back(), key, value);
      if (!fact.ok()) return wrong(fact.failure().message);
      file.objects.back().facts[key] = *fact;
    } else if (file.cases.empty()) {
      return wrong("nothing has started yet");
    } else if (Case& one = file.cases.back(); key == "members") {
      one.members = list_of(value);
    } else if (key == "at") {
      one.at = TRY(parse_iso8601(value));
    } else if (key == "until") {
      one.until = TRY(parse_iso8601(value));
    } else if (key == "character") {
      one.character = value;
    } else if (key == "says") {
      one.says = value;
    } else {
      return wrong("unknown `" + key + "`");
    }
  }
  return file;
}

}  // namespace wardbridge::rule_cases
