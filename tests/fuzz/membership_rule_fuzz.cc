// Dynamic membership rules: whatever is written is a rule that gives one answer however it is asked, which holds as
// long as it says, or is refused with the character where it goes wrong.
#include "base/limits.h"
#include "tenant/membership_rules/membership_rules.h"

namespace {

using namespace wardbridge;
using namespace wardbridge::membership_rules;

const Time kNow = *parse_iso8601("2026-11-23T12:00:00Z");

class FullFacts final : public Facts {
 public:
  explicit FullFacts(Subject subject) : subject_(subject) {}
  Fact read(std::string_view property) const override {
    for (const Property& known : properties_of(subject_)) {
      if (known.name != property) continue;
      switch (known.type) {
        case PropertyType::flag:
          return true;
        case PropertyType::date:
          return kNow + days{1};
        case PropertyType::text:
          return std::string("Sales");
        case PropertyType::texts:
          return std::vector<std::string>{"a", "Sales"};
        case PropertyType::plans:
          return std::vector<Plan>{{"SCO", "1", "Enabled"}, {"exchange", "2", "Deleted"}};
      }
    }
    return {};
  }

 private:
  Subject subject_;
};

class NoFacts final : public Facts {
 public:
  Fact read(std::string_view) const override { return {}; }
};

void check(const Rule& rule, const Facts& facts) {
  const Judgement judgement = rule.judge(facts, kNow);
  CHECK(rule.explain(facts, kNow).result == judgement.is_member, "an explanation of another answer");
  CHECK(judgement.valid_until > kNow, "an answer that doesn't even hold now");
  CHECK(rule.reads_time() || judgement.valid_until == kNever, "time changes a rule that doesn't read it");
  if (judgement.valid_until == kNever) {
    CHECK(rule.judge(facts, kNow + days{400000}).is_member == judgement.is_member, "an answer for ever that is none");
  } else {
    CHECK(rule.judge(facts, judgement.valid_until - Duration{1}).is_member == judgement.is_member,
          "an answer that changes before it says so");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Subject subject : {Subject::user, Subject::device}) {
    const auto rule = Rule::compile(text, subject);
    if (!rule.ok()) {
      CHECK(rule.failure().reason == "bad_membership_rule");
      CHECK(rule.failure().message.find("character ") != std::string::npos, rule.failure().message);
      continue;
    }
    CHECK(text.size() <= 4 * limits::kRuleCharacters);
    check(*rule, FullFacts(subject));
    check(*rule, NoFacts());
  }
  return 0;
}
