// Dynamic membership rules: which users or devices belong to a group, as one expression over their properties.
//
// Knows: the whole language of the real service (operators with or without a leading hyphen, -any and -all over
// collections, -match, `system.now` with durations, `Direct Reports for`, memberOf). Hides: the tree. Pure: no clock,
// no store; what an object is like is read through Facts. A compiled Rule never changes and may be used by many
// threads.
//
//   Rule rule = TRY(Rule::compile("user.department -eq \"Sales\"", Subject::user));
//   Judgement judgement = rule.judge(facts, now);   // holds until judgement.valid_until unless the facts change
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace wardbridge::membership_rules {

// ENTRA: a rule is about users or about devices, never about both. Conditional Access's filter for devices is written in
// the same language, about the device that somebody signs in from, some of whose properties have other names there.
enum class Subject { user, device, device_of_sign_in };

// An element of `assignedPlans`.
struct Plan {
  std::string service;
  std::string service_plan_id;
  std::string capability_status;
};

// The value of a property; nothing when the object has none.
using Fact = std::variant<std::monostate, bool, Time, std::string, std::vector<std::string>, std::vector<Plan>>;

enum class PropertyType { flag, date, text, texts, plans };
struct Property {
  std::string_view name;  // `department`
  PropertyType type = PropertyType::text;
};
// Every property that rules about `subject` may read, `memberOf` (object ids of groups) among them. A user's
// `extension_<32 hexadecimal digits>_<name>` comes on top.
const std::vector<Property>& properties_of(Subject subject);

class Facts {
 public:
  virtual ~Facts() = default;
  // `property` is spelled as in properties_of(); of a user also `manager`, the object id. Another type than the
  // property's reads as nothing.
  virtual Fact read(std::string_view property) const = 0;
};

struct Judgement {
  bool is_member = false;
  Time valid_until = kNever;  // from then on time alone may have changed the answer
};

// How a rule came to its answer, part by part.
struct Explanation {
  std::string expression;  // as written
  bool result = false;
  std::string property;  // of a comparison: `user.department`
  std::string value;     // what the object has there, for people; empty: nothing
  std::vector<Explanation> parts;
};

class Rule {
 public:
  // Fails with `invalid_argument`/`bad_membership_rule`; the message says at which character.
  static Result<Rule> compile(std::string_view text, Subject subject);

  Judgement judge(const Facts& facts, Time now) const;
  Explanation explain(const Facts& facts, Time now) const;

  Subject subject() const { return subject_; }
  // Whether the answer depends on which groups the object is in, and on the time.
  bool reads_groups() const { return reads_groups_; }
  bool reads_time() const { return reads_time_; }
  bool reads_extension_attributes() const { return reads_extension_attributes_; }

  struct Node;

 private:
  std::string text_;
  Subject subject_ = Subject::user;
  bool reads_groups_ = false;
  bool reads_time_ = false;
  bool reads_extension_attributes_ = false;
  std::shared_ptr<const Node> root_;
};

// What the rule is about, by its first `user.` or `device.`; `Direct Reports for` is about users. Nothing when it names
// neither: compile() as a user's rule then says what is wrong.
std::optional<Subject> subject_of(std::string_view text);

}  // namespace wardbridge::membership_rules
