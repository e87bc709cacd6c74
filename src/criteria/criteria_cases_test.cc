// Reads the decision tables in tests/cases/criteria. Their format:
//
//   # a comment
//   case: what is decided, in words            starts a case; everything below belongs to it
//   now: 2026-11-23T12:00:00Z                   holds until the next `now`, also in later cases
//   read: left fold                             instead of `and` first
//   rules: jamf pro api                         instead of all that can be judged
//   clocks: +02:00 until 2026-10-25T01:00:00Z, then +01:00     the server's, instead of UTC
//   fact: Application Title = Firefox ; Safari  lists are separated by ` ; `; a fact that is not named is absent
//   member: Fresh Macs until 2026-11-24T...     a group the computer is in (`until ...` may be left out)
//   if: Last Inventory Update | less than x days ago | 2
//   and: ( Computer Name | is | a                 `(` before and `)` after, with spaces
//   or:  Computer Name | is | b )
//   expect: in | out | refused <reason>         in and out may add ` until <time>` (without: for ever)
//   because: <priority> = <measured>            optional; `nothing` when the computer reports none
//   lint: contradiction 1 ; mixed_and_or        optional; all that the linter says, with priorities; or `nothing`
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "criteria/lint.h"
#include "criteria/test_facts.h"

namespace wardbridge::criteria {
namespace {

// Wall clocks that are set once.
class TableZone final : public TimeZone {
 public:
  TableZone(Duration before, Time change, Duration after) : before_(before), change_(change), after_(after) {}
  const std::string& name() const override { return name_; }
  Time moment_of(Time wall) const override {
    if (wall - before_ < change_) return wall - before_;
    return std::max(change_, wall - after_);
  }

 private:
  std::string name_ = "of the table";
  Duration before_;
  Time change_;
  Duration after_;
};

struct TableCase {
  std::string place;
  std::string words;
  Time now = kEpoch;
  Options options;
  WrittenFacts facts;
  std::vector<Criterion> list;
  std::string expect;
  std::vector<std::pair<std::int64_t, std::string>> because;
  std::optional<std::string> lint;
};

std::string trimmed(std::string_view text) { return std::string(text::trim(text)); }

Time time_or_fail(const std::string& written) {
  auto time = parse_iso8601(written);
  CHECK(time.ok(), "a case file has a bad time: " + written);
  return *time;
}

// `+02:00` as a span.
Duration offset_or_fail(std::string_view written) {
  auto moment = parse_iso8601("2026-01-01T00:00:00" + std::string(written));
  CHECK(moment.ok(), "a case file has a bad offset: " + std::string(written));
  return *parse_iso8601("2026-01-01") - *moment;
}

std::shared_ptr<const TimeZone> zone_or_fail(const std::string& written) {
  auto until = written.find(" until ");
  if (until == std::string::npos) return std::make_shared<TableZone>(offset_or_fail(written), kNever, Duration{0});
  auto then = written.find(", then ");
  CHECK(then != std::string::npos, "clocks that change must say to what: " + written);
  return std::make_shared<TableZone>(offset_or_fail(written.substr(0, until)),
                                     time_or_fail(written.substr(until + 7, then - until - 7)),
                                     offset_or_fail(written.substr(then + 7)));
}

void read_fact(TableCase& c, const std::string& line) {
  auto equals = line.find('=');
  CHECK(equals != std::string::npos, "a fact has no `=`: " + line);
  std::string value = trimmed(std::string_view(line).substr(equals + 1));
  auto definition = test_vocabulary().find(trimmed(std::string_view(line).substr(0, equals)));
  CHECK(definition != nullptr, "a case names an unknown fact: " + line);
  switch (definition->type) {
    case FactType::integer:
      c.facts.integers[definition->id] = text::parse_integer(value).value();
      break;
    case FactType::time:
      c.facts.times[definition->id] = time_or_fail(value);
      break;
    case FactType::texts:
    case FactType::versions:
    case FactType::integers:
    case FactType::times:
      for (std::string_view item : text::split(value, ';')) c.facts.lists[definition->id].push_back(trimmed(item));
      break;
    default:
      c.facts.texts[definition->id] = value;
  }
}

void read_criterion(TableCase& c, const std::string& and_or, std::string line) {
  Criterion criterion;
  criterion.and_or = and_or;
  criterion.priority = static_cast<std::int64_t>(c.list.size());
  if (line.rfind("( ", 0) == 0) {
    criterion.opening_paren = true;
    line.erase(0, 2);
  }
  if (line.size() > 2 && line.substr(line.size() - 2) == " )") {
    criterion.closing_paren = true;
    line.erase(line.size() - 2);
  }
  auto first = line.find('|');
  auto second = line.find('|', first + 1);  // a value may have more of them
  CHECK(second != std::string::npos, "a criterion is not `name | operator | value`: " + line);
  criterion.name = trimmed(std::string_view(line).substr(0, first));
  criterion.search_type = trimmed(std::string_view(line).substr(first + 1, second - first - 1));
  criterion.value = trimmed(std::string_view(line).substr(second + 1));
  c.list.push_back(std::move(criterion));
}

void read_line(TableCase& c, const std::string& key, const std::string& value) {
  if (key == "now") {
    c.now = time_or_fail(value);
  } else if (key == "read") {
    CHECK(value == "left fold", "unknown way to read: " + value);
    c.options.precedence = Precedence::left_fold;
  } else if (key == "rules") {
    CHECK(value == "jamf pro api", "unknown rules: " + value);
    c.options.rules = Rules::jamf_pro_api;
  } else if (key == "clocks") {
    c.options.time_zone = zone_or_fail(value);
  } else if (key == "lint") {
    c.lint = value;
  } else if (key == "fact") {
    read_fact(c, value);
  } else if (key == "member") {
    auto until = value.find(" until ");
    Time end = until == std::string::npos ? kNever : time_or_fail(value.substr(until + 7));
    c.facts.groups[text::lower(value.substr(0, until))] = {true, end};
  } else if (key == "if" || key == "and" || key == "or") {
    read_criterion(c, key == "or" ? "or" : "and", value);
  } else if (key == "expect") {
    c.expect = value;
  } else if (key == "because") {
    auto equals = value.find('=');
    c.because.emplace_back(text::parse_integer(trimmed(value.substr(0, equals))).value(),
                           trimmed(value.substr(equals + 1)));
  } else {
    CHECK(false, c.place + ": unknown word `" + key + "`");
  }
}

std::vector<TableCase> read_cases(const std::filesystem::path& folder) {
  std::vector<TableCase> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".case") continue;
    std::ifstream file(entry.path());
    Time now = kEpoch;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      std::string_view content = text::trim(line);
      if (content.empty() || content.front() == '#') continue;
      auto colon = content.find(':');
      std::string place = entry.path().filename().string() + ":" + std::to_string(number);
      CHECK(colon != std::string_view::npos, place + ": a line without `word:`");
      std::string key = trimmed(content.substr(0, colon));
      std::string value = trimmed(content.substr(colon + 1));
      if (key == "case") {
        cases.emplace_back();
        cases.back().place = place;
        cases.back().words = value;
        cases.back().now = now;
      } else {
        CHECK(!cases.empty(), place + ": a line before the first case");
        read_line(cases.back(), key, value);
        now = cases.back().now;
      }
    }
  }
  return cases;
}

const Because* find_criterion(const Because& because, std::int64_t priority) {
  if (because.kind == Because::Kind::criterion) return because.priority == priority ? &because : nullptr;
  for (const Because& part : because.parts) {
    if (const Because* found = find_criterion(part, priority)) return found;
  }
  return nullptr;
}

std::string shown_findings(const Program& program) {
  std::vector<std::string> findings;
  for (const Warning& warning : lint(program)) {
    std::string place = warning.where.empty() ? "" : " " + warning.where.substr(9, warning.where.size() - 10);
    findings.push_back(warning.reason + place);
  }
  return findings.empty() ? "nothing" : text::join(findings, " ; ");
}

TEST(Cases, DecideAsWritten) {
  std::vector<TableCase> cases = read_cases("tests/cases/criteria");
  ASSERT_GE(cases.size(), 100u);
  for (const TableCase& c : cases) {
    SCOPED_TRACE(c.place + ": " + c.words);
    auto program = compile(c.list, test_vocabulary(), c.options);
    if (!program.ok()) {
      EXPECT_EQ("refused " + program.failure().reason, c.expect) << program.failure().message;
      continue;
    }
    Judgement judgement = judge(*program, c.facts, c.now);
    std::string got = judgement.truth ? "in" : "out";
    if (judgement.valid_until != kNever) {
      bool whole_seconds = judgement.valid_until.time_since_epoch() % seconds{1} == Duration{0};
      got += " until " + to_iso8601(judgement.valid_until, !whole_seconds);
    }
    EXPECT_EQ(got, c.expect);
    EXPECT_EQ(c.lint.value_or(""), c.lint ? shown_findings(*program) : "");
    for (const auto& [priority, measured] : c.because) {
      const Because* because = find_criterion(judgement.because, priority);
      ASSERT_NE(because, nullptr);
      EXPECT_EQ(because->measured.value_or("nothing"), measured);
    }
  }
}

}  // namespace
}  // namespace wardbridge::criteria
