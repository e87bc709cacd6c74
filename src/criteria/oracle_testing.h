// For this room's tests: an evaluator of criteria lists that is written apart from the engine and as plainly as
// possible (it re-reads every value, knows no `valid_until` and no short cuts), and random lists and facts to feed both
// with.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "criteria/test_facts.h"

namespace wardbridge::criteria::oracle {

inline const Time kStart = *parse_iso8601("2026-11-23T12:00:00Z");
inline constexpr std::int64_t kDayMilliseconds = 24LL * 60 * 60 * 1000;

// A made-up zone: UTC+2, from the 23rd of November 2026 at noon (UTC) on UTC+1. Clocks show 13:00 to 14:00 twice.
class OracleZone final : public TimeZone {
 public:
  const std::string& name() const override { return name_; }
  Time moment_of(Time wall) const override { return wall < kStart + hours{2} ? wall - hours{2} : wall - hours{1}; }
  // What clocks there show, which is how the oracle tells days: the other way round from the engine.
  static Time wall_of(Time moment) { return moment < kStart ? moment + hours{2} : moment + hours{1}; }

 private:
  std::string name_ = "Oracle";
};

struct Reading {
  Precedence precedence = Precedence::and_first;
  bool zoned = false;  // in OracleZone, else in UTC
  Options options() const {
    return {.precedence = precedence, .time_zone = zoned ? std::make_shared<const OracleZone>() : nullptr};
  }
};

// ---- the plain evaluator

inline bool plain_text(const std::string& measured, const std::string& search_type, const std::string& wanted) {
  std::string a = text::lower(measured);
  std::string b = text::lower(wanted);
  if (search_type == "is" || search_type == "has") return a == b;
  if (search_type == "like") return a.find(b) != std::string::npos;
  // The only patterns that are drawn are `^prefix`, `suffix$` and `.*`.
  if (b == ".*") return true;
  if (b.front() == '^') return a.rfind(b.substr(1), 0) == 0;
  b.pop_back();
  return a.size() >= b.size() && a.substr(a.size() - b.size()) == b;
}

// Only dotted numbers are drawn.
inline int plain_version_order(const std::string& a, const std::string& b) {
  auto left = text::split(a, '.');
  auto right = text::split(b, '.');
  for (std::size_t i = 0; i < 8; ++i) {
    auto x = i < left.size() ? *text::parse_integer(left[i]) : 0;
    auto y = i < right.size() ? *text::parse_integer(right[i]) : 0;
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

inline bool plain_version(const std::string& measured, const std::string& search_type, const std::string& wanted) {
  if (search_type == "greater than") return plain_version_order(measured, wanted) > 0;
  if (search_type == "greater than or equal") return plain_version_order(measured, wanted) >= 0;
  if (search_type == "less than") return plain_version_order(measured, wanted) < 0;
  if (search_type == "less than or equal") return plain_version_order(measured, wanted) <= 0;
  return plain_text(measured, search_type, wanted);
}

inline bool plain_moment(Time measured, const std::string& search_type, const std::string& wanted, Time now,
                         bool zoned) {
  std::string day = to_date(zoned ? OracleZone::wall_of(measured) : measured);
  if (search_type.rfind("before", 0) == 0) return day < wanted;
  if (search_type.rfind("after", 0) == 0) return day > wanted;
  std::int64_t age = to_unix_milliseconds(now) - to_unix_milliseconds(measured);
  std::int64_t limit = std::stoll(wanted) * kDayMilliseconds;
  if (search_type == "more than x days ago") return age > limit;
  if (search_type == "less than x days ago") return age < limit;
  if (search_type == "in more than x days") return -age > limit;
  return -age >= 0 && -age < limit;
}

inline bool plain_number(std::int64_t measured, const std::string& search_type, const std::string& wanted) {
  auto number = std::stoll(wanted);
  return search_type == "is" ? measured == number : search_type == "more than" ? measured > number : measured < number;
}

inline std::string positive_form(const std::string& search_type) {
  if (search_type == "is not") return "is";
  if (search_type == "not like") return "like";
  if (search_type == "does not have") return "has";
  if (search_type == "does not match regex") return "matches regex";
  if (search_type == "not member of") return "member of";
  return search_type;
}

// Every spelling of a choice that is drawn, by what people see.
inline std::string plain_choice(std::string spelling) {
  static const std::map<std::string, std::string> meant = {{"all_encrypted", "all partitions encrypted"},
                                                           {"not encrypted", "no partitions encrypted"},
                                                           {"not_encrypted", "no partitions encrypted"},
                                                           {"disabled", "off"},
                                                           {"app store only", "app store"},
                                                           {"silent", "unresponsive"}};
  spelling = text::lower(spelling);
  return meant.contains(spelling) ? meant.at(spelling) : spelling;
}

// What the computer reports, as texts; a text that is not there is not in the list.
inline std::vector<std::string> plain_items(const Criterion& c, FactId fact, const WrittenFacts& facts) {
  std::vector<std::string> items;
  if (facts.lists.contains(fact)) items = facts.lists.at(fact);
  if (facts.texts.contains(fact)) items = {facts.texts.at(fact)};
  if (facts.integers.contains(fact)) items = {std::to_string(facts.integers.at(fact))};
  if (facts.times.contains(fact)) items = {to_iso8601(facts.times.at(fact))};
  std::erase(items, "");
  if (c.name == "Gatekeeper" && items.empty()) items = {"Not collected"};
  return items;
}

inline bool plain_positive(const Criterion& c, const std::string& search_type, const WrittenFacts& facts, Time now,
                           bool zoned) {
  if (c.name == "Computer Group") return facts.groups.contains(c.value) && facts.groups.at(c.value).member;
  static const Vocabulary vocabulary = test_vocabulary();
  auto definition = vocabulary.find(c.name);
  std::vector<std::string> items = plain_items(c, definition->id, facts);
  bool equality = search_type == "is" || search_type == "has";
  if (c.value.empty() && equality) return items.empty();
  for (const std::string& item : items) {
    bool fits = false;
    switch (definition->type) {
      case FactType::time:
      case FactType::times:
        fits = plain_moment(*parse_iso8601(item), search_type, c.value, now, zoned);
        break;
      case FactType::integer:
      case FactType::integers:
        fits = plain_number(std::stoll(item), search_type, c.value);
        break;
      case FactType::version:
      case FactType::versions:
        fits = plain_version(item, search_type, c.value);
        break;
      default:
        fits = equality && !definition->choices.empty() ? plain_choice(item) == plain_choice(c.value)
                                                        : plain_text(item, search_type, c.value);
    }
    if (fits) return true;
  }
  return false;
}

inline bool plain_criterion(const Criterion& c, const WrittenFacts& facts, Time now, bool zoned) {
  std::string positive = positive_form(c.search_type);
  bool truth = plain_positive(c, positive, facts, now, zoned);
  return positive == c.search_type ? truth : !truth;
}

// Evaluates by rewriting a string such as `(T|F)&T` until one letter is left. `pretended` replaces the answers of some
// criteria, by their place.
inline bool plain_list(const std::vector<Criterion>& list, const WrittenFacts& facts, Time now, Reading reading,
                       const std::map<std::size_t, bool>& pretended = {}) {
  std::string formula;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Criterion& c = list[i];
    if (!formula.empty()) formula += c.and_or == "and" ? '&' : '|';
    formula += c.opening_paren ? "(" : "";
    bool truth = pretended.contains(i) ? pretended.at(i) : plain_criterion(c, facts, now, reading.zoned);
    formula += truth ? 'T' : 'F';
    formula += c.closing_paren ? ")" : "";
  }
  auto flat = [&](std::string f) {
    while (f.size() > 1) {
      std::size_t at = 1;
      if (reading.precedence == Precedence::and_first && f.find('&') != std::string::npos) at = f.find('&');
      bool truth = f[at] == '&' ? f[at - 1] == 'T' && f[at + 1] == 'T' : f[at - 1] == 'T' || f[at + 1] == 'T';
      f.replace(at - 1, 3, truth ? "T" : "F");
    }
    return f;
  };
  for (auto close = formula.find(')'); close != std::string::npos; close = formula.find(')')) {
    auto open = formula.rfind('(', close);
    formula.replace(open, close - open + 1, flat(formula.substr(open + 1, close - open - 1)));
  }
  return formula.empty() || flat(formula) == "T";
}

// ---- random cases

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  int below(int bound) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(bound)); }
  bool one_in(int count) { return below(count) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

inline const std::vector<std::string> kWords = {"", "a", "A", "ab", "Abc", "bc", "cab", "lab-7"};
inline const std::vector<std::string> kPatterns = {"^a", "b$", "^LAB", "c$", ".*"};
inline const std::vector<std::string> kVersions = {"14", "14.0", "14.1.2", "14.10", "13.6.9", "15.0.1", "014.1.2"};
inline const std::vector<std::string> kDates = {"2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"};
inline const std::vector<std::string> kFileVaultWords = {
    "", "ALL_ENCRYPTED", "Not Encrypted", "not_encrypted", "All Partitions Encrypted", "something else"};
inline const std::vector<std::string> kGatekeeperWords = {"", "Off", "Disabled", "App Store only", "Not collected"};
inline const std::vector<std::string> kStateWords = {"", "Activated", "UNRESPONSIVE", "silent", "other"};

inline Criterion random_criterion(Dice& dice, const std::vector<std::string>& names) {
  Criterion c;
  c.name = dice.pick(names);
  static const Vocabulary vocabulary = test_vocabulary();
  auto definition = vocabulary.find(c.name);
  c.search_type = dice.pick(definition->operators.names());
  bool regex = c.search_type.find("regex") != std::string::npos;
  bool order = c.search_type.rfind("greater", 0) == 0 || c.search_type.rfind("less", 0) == 0;
  switch (definition->type) {
    case FactType::integer:
    case FactType::integers:
      c.value = std::to_string(dice.below(4));
      if (dice.one_in(5) && c.search_type.rfind("is", 0) == 0) c.value = "";
      break;
    case FactType::time:
    case FactType::times:
      c.value = c.search_type.find("yyyy") != std::string::npos ? dice.pick(kDates) : std::to_string(dice.below(4));
      break;
    case FactType::computer_group:
      c.value = dice.one_in(2) ? "one" : "two";
      break;
    case FactType::version:
    case FactType::versions:
      c.value = regex ? "^14" : order || !dice.one_in(6) ? dice.pick(kVersions) : "";
      break;
    case FactType::choice:
      c.value = dice.pick(c.name == "Gatekeeper" ? kGatekeeperWords : kFileVaultWords);
      break;
    default:
      c.value = regex                               ? dice.pick(kPatterns)
                : definition->id == kInventoryState ? dice.pick(kStateWords)
                                                    : dice.pick(kWords);
  }
  return c;
}

inline const std::vector<std::string>& every_name() {
  static const std::vector<std::string> names = {// Half of them are about time, for the sake of `valid_until`.
                                                 "Last Inventory Update",
                                                 "Last Inventory Update",
                                                 "Last Inventory Update",
                                                 "MDM Profile Expiration Date",
                                                 "MDM Profile Expiration Date",
                                                 "Certificates Expiring",
                                                 "Certificates Expiring",
                                                 "Computer Name",
                                                 "Total RAM MB",
                                                 "Application Title",
                                                 "Operating System Version",
                                                 "Computer Group",
                                                 "Drive Capacity MB",
                                                 "FileVault 2 Status",
                                                 "Gatekeeper",
                                                 "Application Version",
                                                 "Conditional Access Inventory State",
                                                 "Ward"};
  return names;
}

inline std::vector<Criterion> random_list(Dice& dice, const std::vector<std::string>& names = every_name()) {
  std::vector<Criterion> list;
  int depth = 0;
  for (int i = dice.below(8); i > 0; --i) {
    Criterion c = random_criterion(dice, names);
    c.priority = static_cast<std::int64_t>(list.size());
    c.and_or = dice.one_in(2) ? "and" : "or";
    c.opening_paren = dice.one_in(3);
    depth += c.opening_paren ? 1 : 0;
    c.closing_paren = depth > 0 && (i == 1 || dice.one_in(2));
    depth -= c.closing_paren ? 1 : 0;
    list.push_back(std::move(c));
  }
  // One criterion closes one parenthesis only: whatever is still open loses its opening.
  for (auto c = list.rbegin(); c != list.rend() && depth > 0; ++c) {
    if (!c->opening_paren) continue;
    c->opening_paren = false;
    --depth;
  }
  return list;
}

inline WrittenFacts random_facts(Dice& dice) {
  WrittenFacts facts;
  // Moments on whole minutes and beside them, where `more than` and `less than` differ, and on the edges of days.
  auto moment = [&] {
    int kind = dice.below(4);
    Time base = kind == 0   ? kStart + days{dice.below(7) - 3}
                : kind == 1 ? std::chrono::floor<days>(kStart) + days{dice.below(7) - 3} - hours{dice.below(3)}
                            : kStart + minutes{dice.below(9 * 1440) - 6 * 1440};
    return base + milliseconds{dice.below(3) - 1};
  };
  auto words = [&](FactId fact, const std::vector<std::string>& from) {
    for (int i = dice.below(4); i > 0; --i) facts.lists[fact].push_back(dice.pick(from));
  };
  if (!dice.one_in(4)) facts.texts[kComputerName] = dice.pick(kWords);
  if (!dice.one_in(4)) facts.texts[kOperatingSystemVersion] = dice.pick(kVersions);
  if (!dice.one_in(4)) facts.texts[kFileVault] = dice.pick(kFileVaultWords);
  if (!dice.one_in(4)) facts.texts[kGatekeeper] = dice.pick(kGatekeeperWords);
  if (!dice.one_in(4)) facts.integers[kTotalRam] = dice.below(4);
  if (!dice.one_in(5)) facts.times[kLastInventoryUpdate] = moment();
  if (!dice.one_in(5)) facts.times[kProfileExpiration] = moment();
  words(kApplicationTitle, kWords);
  words(kWard, kWords);
  words(kApplicationVersion, kVersions);
  words(kInventoryState, kStateWords);
  words(kDriveCapacity, {"0", "1", "2", "3"});
  for (int i = dice.below(4); i > 0; --i) facts.lists[kCertificatesExpiring].push_back(to_iso8601(moment()));
  if (dice.one_in(2)) facts.groups["one"] = {true, kNever};
  if (dice.one_in(3)) facts.groups["two"] = {true, kNever};
  return facts;
}

inline std::string shown(const std::vector<Criterion>& list, const WrittenFacts& facts, Reading reading) {
  std::string out = reading.precedence == Precedence::and_first ? "and first" : "left fold";
  out += reading.zoned ? ", in the oracle's zone\n" : ", in UTC\n";
  for (const Criterion& line : list) {
    out += line.and_or + (line.opening_paren ? " ( " : " ") + line.name + " | " + line.search_type + " | " +
           line.value + (line.closing_paren ? " )\n" : "\n");
  }
  for (const auto& [fact, value] : facts.texts) out += std::to_string(fact) + " = `" + value + "`\n";
  for (const auto& [fact, value] : facts.integers) out += std::to_string(fact) + " = " + std::to_string(value) + "\n";
  for (const auto& [fact, value] : facts.times) out += std::to_string(fact) + " = " + to_iso8601(value) + "\n";
  for (const auto& [fact, items] : facts.lists) {
    out += std::to_string(fact) + " = [" + text::join(items, "|") + "]\n";
  }
  for (const auto& [group, membership] : facts.groups) out += "member of " + group + "\n";
  return out;
}

}  // namespace wardbridge::criteria::oracle
