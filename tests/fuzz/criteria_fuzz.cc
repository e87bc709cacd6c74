// Criteria lists and computers as lines of text, through the compiler, the judge and the linter. What one of them says
// must hold for the others.
//
//   c|and(|Last Inventory Update|less than x days ago|2       a criterion: joint and parentheses, name, operator, value
//   t|Computer Name|lab-7                                     a fact; lists grow with each line
//   m|Labs|86400000                                           a group that it is in, until so many milliseconds from
//   now
#include "base/limits.h"
#include "criteria/lint.h"
#include "criteria/test_facts.h"

namespace {

using namespace wardbridge;
using namespace wardbridge::criteria;

const Time kNow = *parse_iso8601("2026-11-23T12:00:00Z");

struct Input {
  std::vector<Criterion> list;
  WrittenFacts facts;
};

const Vocabulary& vocabulary() {
  static const Vocabulary known = test_vocabulary();
  return known;
}

void read_fact_line(Input& input, std::string_view name, std::string_view value) {
  auto definition = vocabulary().find(name);
  if (definition == nullptr) return;
  FactId id = definition->id;
  switch (definition->type) {
    case FactType::integer:
      if (auto number = text::parse_integer(value)) input.facts.integers[id] = *number;
      break;
    case FactType::time:
      if (auto moment = parse_iso8601(value); moment.ok()) input.facts.times[id] = *moment;
      break;
    case FactType::text:
    case FactType::version:
    case FactType::choice:
      input.facts.texts[id] = value;
      break;
    default:
      input.facts.lists[id].emplace_back(value);
  }
}

Input read_input(std::string_view text) {
  Input input;
  for (std::string_view line : text::split(text, '\n')) {
    auto parts = text::split(line, '|');
    if (parts[0] == "c" && parts.size() >= 5) {
      std::size_t before = parts[0].size() + parts[1].size() + parts[2].size() + parts[3].size() + 4;
      input.list.push_back({.name = std::string(parts[2]),
                            .priority = static_cast<std::int64_t>(input.list.size()),
                            .and_or = parts[1].starts_with("or") ? "or" : "and",
                            .search_type = std::string(parts[3]),
                            .value = std::string(line.substr(before)),
                            .opening_paren = parts[1].find('(') != std::string_view::npos,
                            .closing_paren = parts[1].find(')') != std::string_view::npos});
    } else if (parts[0] == "t" && parts.size() == 3) {
      read_fact_line(input, parts[1], parts[2]);
    } else if (parts[0] == "m" && parts.size() == 3) {
      auto span = text::parse_integer(parts[2]);
      bool ends = span && *span > 0 && *span < 1'000'000'000'000;
      input.facts.groups[text::lower(parts[1])] = {true, ends ? kNow + milliseconds{*span} : kNever};
    }
  }
  return input;
}

void check_judgement(const Program& program, const WrittenFacts& facts) {
  Time until;
  bool truth = matches(program, facts, kNow, &until);
  Judgement judgement = judge(program, facts, kNow);
  CHECK(judgement.truth == truth && judgement.valid_until == until, "judge and matches differ");
  CHECK(until > kNow, "an answer that has ended already");
  // Groups end when their own membership does, which these facts don't play; the rest holds to its last moment.
  if (program.groups().empty()) {
    Time later;
    CHECK(matches(program, facts, until - milliseconds{1}, &later) == truth, "an answer that does not hold so long");
  }
  for (const Warning& warning : lint(program)) {
    CHECK(!warning.reason.empty() && !warning.message.empty());
    if (warning.message.ends_with("no computer is in the group")) CHECK(!truth, warning.message);
    if (warning.message.ends_with("every computer is in the group")) CHECK(truth, warning.message);
  }
  CHECK(!normal_form(program).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input = read_input({reinterpret_cast<const char*>(data), size});
  for (Precedence precedence : {Precedence::and_first, Precedence::left_fold}) {
    auto program = compile(input.list, vocabulary(), {.precedence = precedence});
    if (program.ok()) {
      check_judgement(*program, input.facts);
    } else {
      CHECK(!program.failure().reason.empty() && program.failure().where.starts_with("criteria"),
            program.failure().message);
    }
  }
  return 0;
}
