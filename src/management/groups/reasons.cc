#include "management/groups/reasons.h"

#include <algorithm>

#include "base/text.h"
#include "management/groups/computer_facts.h"
#include "management/groups/rows.h"

namespace wardbridge::groups {
namespace {

using criteria::Because;

// Reads like the line of the console: `Computer Name` like `lab`.
std::string as_written(const Because& criterion) {
  return "`" + criterion.name + "` " + criterion.search_type + " `" + criterion.required + "`";
}

const Because* first_unmet(const Because& because) {
  if (because.kind == Because::Kind::criterion) return because.truth ? nullptr : &because;
  for (const Because& part : because.parts) {
    if (const Because* unmet = first_unmet(part)) return unmet;
  }
  return nullptr;
}

class NextStep {
 public:
  NextStep(std::span<const Explanation> explanations, Time now) : explanations_(explanations), now_(now) {}

  std::string into(const Explanation& group) const {
    const std::string name = "`" + group.group_name + "`";
    if (group.overruled_by == "unmanaged") return "Enrol the computer: groups have managed computers only.";
    if (group.overruled_by == "other_site") return "Move the computer to the site of " + name + ".";
    if (group.overruled_by == "not_assigned") return "Assign the computer to the static group " + name + ".";
    if (group.overruled_by == "unusable") return "Correct the criteria of " + name + ": they can't be judged any more.";
    const Because* unmet = first_unmet(group.because);
    return unmet == nullptr ? "" : meeting(*unmet);
  }

  std::string staying_in(const Explanation& group) const {
    if (group.valid_until == kNever) return "Nothing: it stays in until something about the computer changes.";
    return "Nothing until " + to_iso8601(group.valid_until, false) + " (in " + for_people(group.valid_until - now_) +
           "), when time alone may end it" + ending(group.because, group.valid_until) + ".";
  }

 private:
  std::string meeting(const Because& unmet) const {
    if (text::equal_ignoring_case(unmet.name, kGroupCriterion)) return meeting_of_group(unmet);
    std::string measured = unmet.measured ? "is `" + *unmet.measured + "`" : "is not known";
    std::string step = "Meet " + as_written(unmet) + ": it " + measured + ".";
    if (text::equal_ignoring_case(unmet.name, "Last Inventory Update")) {
      return step + " An inventory update from the Mac does.";
    }
    if (text::equal_ignoring_case(unmet.name, "Last Check-in")) return step + " A check-in of the Mac does.";
    return unmet.measured ? step : step + " The Mac has to report it with an inventory update.";
  }

  std::string meeting_of_group(const Because& unmet) const {
    if (criteria::operator_from_name(unmet.search_type) == criteria::Operator::not_member_of) {
      return "Meet " + as_written(unmet) + ": the computer has to leave that group.";
    }
    // What leads into the group that it must be in. Groups don't name each other in circles, so this ends.
    auto named = std::ranges::find_if(explanations_, [&](const Explanation& one) {
      return text::equal_ignoring_case(one.group_name, unmet.required);
    });
    std::string step = named == explanations_.end() ? "" : into(*named);
    return step.empty() ? "Meet " + as_written(unmet) + ": the computer has to join that group." : step;
  }

  // The first criterion that ends the membership by its time.
  static std::string ending(const Because& because, Time end) {
    if (because.kind == Because::Kind::criterion) {
      return because.valid_until == end ? " by " + as_written(because) : "";
    }
    for (const Because& part : because.parts) {
      if (std::string words = ending(part, end); !words.empty()) return words;
    }
    return "";
  }

  std::span<const Explanation> explanations_;
  Time now_;
};

}  // namespace

Origin origin_of(const criteria::Vocabulary& vocabulary, std::string_view criterion,
                 const inventory::Computer& computer) {
  auto definition = vocabulary.find(criterion);
  if (definition == nullptr) return {};
  if (definition->type == criteria::FactType::computer_group) return {.kind = Origin::Kind::groups};
  auto section = section_of(definition->id);
  if (!section) return {};
  return {.kind = Origin::Kind::inventory,
          .section = *section,
          .reported = computer.section(*section) != nullptr,
          .as_of = computer.last_inventory_update};
}

std::string next_step(std::span<const Explanation> explanations, Time now) {
  if (explanations.empty()) return "";
  const Explanation& asked = explanations.front();
  bool stored = asked.stored == Standing::member;
  if (asked.member != stored) {
    std::string judged = asked.member ? "in" : "out";
    return "Wait for the next look, which is due: judged now, the computer is " + judged + ".";
  }
  NextStep steps(explanations, now);
  return asked.member ? steps.staying_in(asked) : steps.into(asked);
}

}  // namespace wardbridge::groups
