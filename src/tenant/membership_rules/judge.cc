// What a rule says of one object.
#include <algorithm>

#include "base/text.h"
#include "tenant/membership_rules/rule_tree.h"

namespace wardbridge::membership_rules {
namespace {

using Node = Rule::Node;

template <class T>
const T* as(const Fact& fact) {
  return std::get_if<T>(&fact);
}

bool text_matches(const Node& node, const std::string& value) {
  if (node.operation == Operator::match) return RE2::PartialMatch(value, *node.pattern);
  const std::string lower = text::lower(value);
  const auto matches = [&](const std::string& wanted) {
    switch (node.operation) {
      case Operator::starts_with:
        return lower.starts_with(wanted);
      case Operator::ends_with:
        return lower.ends_with(wanted);
      case Operator::contains:
        return lower.find(wanted) != std::string::npos;
      default:
        return lower == wanted;
    }
  };
  return std::any_of(node.texts.begin(), node.texts.end(), matches);
}

// One walk over the tree for one object at one moment.
class Walk {
 public:
  Walk(std::string_view rule, Subject subject, const Facts& facts, Time now)
      : rule_(rule), subject_(subject), facts_(facts), now_(now) {}

  bool holds(const Node& node, Explanation* told) {
    const bool result = result_of(node, told);
    if (told) {
      told->expression = rule_.substr(node.begin, node.end - node.begin);
      told->result = result;
    }
    return result;
  }
  Time valid_until() const { return valid_until_; }

 private:
  // With an explanation every part is looked at; without, only until the answer is clear.
  bool first_is(bool wanted, const Node& node, Explanation* told) {
    bool found = false;
    for (const auto& child : node.children) {
      if (holds(*child, part_of(told)) == wanted) found = true;
      if (found && !told) break;
    }
    return found;
  }

  static Explanation* part_of(Explanation* told) { return told ? &told->parts.emplace_back() : nullptr; }

  bool result_of(const Node& node, Explanation* told) {
    switch (node.kind) {
      case Node::Kind::all_of:
        return !first_is(false, node, told);
      case Node::Kind::any_of:
        return first_is(true, node, told);
      case Node::Kind::negation:
        return !holds(*node.children.front(), part_of(told));
      case Node::Kind::any_element:
      case Node::Kind::all_elements:
        return over_elements(node, told);
      case Node::Kind::comparison:
        return compare(node, told) != node.is_negative;
    }
    CHECK(false, "every kind of node has its result");
  }

  bool over_elements(const Node& node, Explanation* told) {
    const Fact fact = read(node);
    name(node, fact, told);
    std::vector<Fact> elements;
    if (const auto* texts = as<std::vector<std::string>>(fact))
      for (const std::string& text : *texts) elements.emplace_back(text);
    if (const auto* plans = as<std::vector<Plan>>(fact))
      for (const Plan& plan : *plans) elements.emplace_back(std::vector<Plan>{plan});
    const bool wants_all = node.kind == Node::Kind::all_elements;
    // DEVIATION: -all of an empty collection is not satisfied (law 2: absence never satisfies); the real service
    // doesn't say.
    bool result = wants_all && !elements.empty();
    for (const Fact& element : elements) {
      element_ = &element;
      const bool one = holds(*node.children.front(), part_of(told));
      if (one != wants_all) result = one;
      element_ = nullptr;
    }
    return result;
  }

  Fact read(const Node& node) const {
    if (!node.is_of_element) return facts_.read(node.property);
    CHECK(element_, "an element is only named inside -any and -all");
    if (const auto* plan = as<std::vector<Plan>>(*element_)) {
      if (node.property == "service") return plan->front().service;
      return node.property == "servicePlanId" ? plan->front().service_plan_id : plan->front().capability_status;
    }
    return *element_;
  }

  // The operator without its negation.
  // ENTRA: null is only equal to null; so every negative operator holds for what an object doesn't have.
  bool compare(const Node& node, Explanation* told) {
    const Fact fact = read(node);
    name(node, fact, told);
    switch (node.type) {
      case PropertyType::flag: {
        const auto* flag = as<bool>(fact);
        return node.is_null ? !flag : flag && *flag == node.flag;
      }
      case PropertyType::date: {
        const auto* time = as<Time>(fact);
        return node.is_null ? !time : time && compare_time(node, *time);
      }
      default:
        break;
    }
    // ENTRA: a text operator on a collection asks whether any element is such.
    if (const auto* texts = as<std::vector<std::string>>(fact)) {
      if (node.is_null) return texts->empty();
      return std::any_of(texts->begin(), texts->end(), [&](const std::string& one) { return text_matches(node, one); });
    }
    const auto* one = as<std::string>(fact);
    if (node.is_null) return !one || one->empty();
    return one && !one->empty() && text_matches(node, *one);
  }

  bool compare_time(const Node& node, Time time) {
    const Time other = node.from_now ? now_ + *node.from_now : node.moment;
    // INVARIANT: law 2: time alone changes the answer at these moments, so it is not believed beyond the next of them.
    if (node.from_now) {
      const Time equal_at = time - *node.from_now;
      for (const Time change : {equal_at, equal_at + Duration{1}})
        if (change > now_) valid_until_ = std::min(valid_until_, change);
    }
    switch (node.operation) {
      case Operator::at_most:
        return time <= other;
      case Operator::at_least:
        return time >= other;
      default:
        return time == other;
    }
  }

  void name(const Node& node, const Fact& fact, Explanation* told) const {
    if (!told) return;
    told->property = node.is_of_element ? (node.property.empty() ? "_" : node.property)
                                        : (subject_ == Subject::user ? "user." : "device.") + node.property;
    if (const auto* flag = as<bool>(fact)) told->value = *flag ? "true" : "false";
    if (const auto* time = as<Time>(fact)) told->value = to_iso8601(*time, false);
    if (const auto* text = as<std::string>(fact)) told->value = *text;
    if (const auto* texts = as<std::vector<std::string>>(fact)) told->value = text::join(*texts, ", ");
    if (const auto* plans = as<std::vector<Plan>>(fact))
      for (const Plan& plan : *plans) told->value += (told->value.empty() ? "" : ", ") + plan.service;
  }

  std::string_view rule_;
  Subject subject_;
  const Facts& facts_;
  Time now_;
  const Fact* element_ = nullptr;
  Time valid_until_ = kNever;
};

}  // namespace

Judgement Rule::judge(const Facts& facts, Time now) const {
  Walk walk(text_, subject_, facts, now);
  const bool is_member = walk.holds(*root_, nullptr);
  return {is_member, walk.valid_until()};
}

Explanation Rule::explain(const Facts& facts, Time now) const {
  Walk walk(text_, subject_, facts, now);
  Explanation told;
  walk.holds(*root_, &told);
  return told;
}

}  // namespace wardbridge::membership_rules
