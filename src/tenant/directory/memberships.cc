#include "tenant/directory/memberships.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "tenant/directory/after_change.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

using membership_rules::Fact;
using membership_rules::Rule;
using membership_rules::Subject;
using RulePointer = std::shared_ptr<const Rule>;

// ENTRA: members of dynamic groups come and go by the service's own hand.
const audit::Actor kMembershipProcessing{audit::Actor::Kind::system, "", "Dynamic membership", ""};

// A stored rule, compiled once while it is used. Rules never change, so whoever holds one may go on using it.
RulePointer compiled(const std::string& text, Subject subject) {
  constexpr std::size_t kRulesRemembered = 2048;
  static std::mutex mutex;
  static auto* const known = new std::map<std::pair<std::string, Subject>, RulePointer>();
  const std::lock_guard lock(mutex);
  auto& found = (*known)[{text, subject}];
  if (!found) {
    auto rule = Rule::compile(text, subject);
    CHECK(rule.ok(), "a stored rule has been compiled before");
    RulePointer made = std::make_shared<const Rule>(std::move(*rule));
    if (known->size() > kRulesRemembered) {
      known->clear();
      return made;
    }
    found = made;
  }
  return found;
}

const char* word_of(Subject subject) { return subject == Subject::user ? "user" : "device"; }
Subject subject_from(const std::string& word) { return word == "user" ? Subject::user : Subject::device; }

Fact text_fact(const std::string& text) { return text.empty() ? Fact{} : Fact(text); }

// Nothing where `property` is not extensionAttribute1 to 15.
Fact extension_fact(const ExtensionAttributes& attributes, std::string_view property) {
  constexpr std::string_view kPrefix = "extensionAttribute";
  if (!property.starts_with(kPrefix)) return {};
  const auto number = text::parse_integer(property.substr(kPrefix.size()));
  if (!number || *number < 1 || *number > static_cast<std::int64_t>(attributes.size())) return {};
  return text_fact(attributes[static_cast<std::size_t>(*number - 1)]);
}

// Which groups an object is in, read when a rule first asks.
class Groups {
 public:
  Groups(store::Transaction& tx, const TenantId& tenant, const ObjectId& member)
      : tx_(tx), tenant_(tenant), member_(member) {}
  // ENTRA: only groups whose own members don't follow from memberOf again.
  const std::vector<std::string>& ids() const {
    if (!ids_) {
      ids_.emplace();
      for (const store::Row& row : tx_.query("SELECT m.group_id FROM directory_group_member m JOIN directory_group g"
                                             " ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
                                             " WHERE m.tenant_id = ? AND m.member_id = ? AND g.rule_reads_groups = 0",
                                             {tenant_.value, id_key(member_.value)}))
        ids_->push_back(row.text(0));
    }
    return *ids_;
  }
  void forget() { ids_.reset(); }

 private:
  store::Transaction& tx_;
  const TenantId& tenant_;
  const ObjectId& member_;
  mutable std::optional<std::vector<std::string>> ids_;
};

class UserFacts final : public membership_rules::Facts {
 public:
  UserFacts(const User& user, const Groups& groups) : user_(user), groups_(groups) {}

  Fact read(std::string_view property) const override {
    if (property == "objectId") return user_.id.value;
    if (property == "accountEnabled") return user_.account_enabled;
    if (property == "dirSyncEnabled")
      return user_.on_premises_sync_enabled ? Fact(*user_.on_premises_sync_enabled) : Fact{};
    if (property == "employeeHireDate") return user_.employee_hire_date ? Fact(*user_.employee_hire_date) : Fact{};
    if (property == "manager") return text_fact(user_.manager.value);
    if (property == "memberOf") return groups_.ids();
    // ENTRA: rules know some properties by other names than Graph does.
    if (property == "mobile") return text_fact(user_.mobile_phone);
    if (property == "mailNickName") return text_fact(user_.mail_nickname);
    if (property == "facsimileTelephoneNumber") return text_fact(user_.fax_number);
    if (property == "physicalDeliveryOfficeName") return text_fact(user_.office_location);
    if (property == "telephoneNumber")
      return user_.business_phones.empty() ? Fact{} : text_fact(user_.business_phones.front());
    for (const UserText& known : user_text_properties())
      if (known.name == property) return text_fact(user_.*known.member);
    for (const UserTexts& known : user_list_properties())
      if (known.name == property) return user_.*known.member;
    return extension_fact(user_.extension_attributes, property);
  }

 private:
  const User& user_;
  const Groups& groups_;
};

class DeviceFacts final : public membership_rules::Facts {
 public:
  DeviceFacts(const Device& device, const Groups& groups) : device_(device), groups_(groups) {}

  Fact read(std::string_view property) const override {
    static const std::pair<std::string_view, std::string Device::*> kTexts[] = {
        {"deviceCategory", &Device::device_category},
        {"deviceManufacturer", &Device::manufacturer},
        {"deviceModel", &Device::model},
        {"deviceOSType", &Device::operating_system},
        {"deviceOSVersion", &Device::operating_system_version},
        {"deviceOwnership", &Device::device_ownership},
        {"deviceTrustType", &Device::trust_type},
        {"displayName", &Device::display_name},
        {"enrollmentProfileName", &Device::enrollment_profile_name},
        {"profileType", &Device::profile_type}};
    for (const auto& [name, member] : kTexts)
      if (name == property) return text_fact(device_.*member);
    if (property == "objectId") return device_.id.value;
    if (property == "deviceId") return device_.device_id.value;
    if (property == "accountEnabled") return device_.account_enabled;
    if (property == "isRooted") return device_.is_rooted ? Fact(*device_.is_rooted) : Fact{};
    if (property == "devicePhysicalIds") return device_.physical_ids;
    if (property == "systemLabels") return device_.system_labels;
    if (property == "memberOf") return groups_.ids();
    const bool is_managed = device_.compliance && device_.compliance->is_managed;
    if (property == "deviceManagementAppId") return is_managed ? text_fact(device_.compliance->mdm_app_id) : Fact{};
    if (property == "managementType") return is_managed ? Fact(std::string("MDM")) : Fact{};
    return extension_fact(device_.extension_attributes, property);
  }

 private:
  const Device& device_;
  const Groups& groups_;
};

struct DynamicGroup {
  ObjectId id;
  RulePointer rule;
};

std::vector<DynamicGroup> groups_judging(store::Transaction& tx, const TenantId& tenant, Subject subject,
                                         bool reads_groups_only) {
  std::vector<DynamicGroup> found;
  const std::string only = reads_groups_only ? " AND rule_reads_groups = 1" : "";
  for (const store::Row& row :
       tx.query("SELECT id, membership_rule FROM directory_group WHERE tenant_id = ? AND rule_subject = ?"
                " AND rule_is_paused = 0" +
                    only,
                {tenant.value, word_of(subject)}))
    found.push_back({{row.text(0)}, compiled(row.text(1), subject)});
  // What is judged by the groups an object is in comes after what may change these.
  std::stable_partition(found.begin(), found.end(), [](const DynamicGroup& one) { return !one.rule->reads_groups(); });
  return found;
}

// One object and the rules that are asked about it.
class Examination {
 public:
  Examination(store::Transaction& tx, const TenantId& tenant, const ObjectId& id, Time now)
      : tx_(tx), tenant_(tenant), id_(id), now_(now), groups_(tx, tenant, id_) {
    for (const ObjectId& group : groups_of(tx, tenant, id)) memberships_.push_back(group.value);
  }

  void judge(const User& user, const std::vector<DynamicGroup>& rules) { judge(UserFacts(user, groups_), rules); }
  void judge(const Device& device, const std::vector<DynamicGroup>& rules) {
    judge(DeviceFacts(device, groups_), rules);
  }
  bool has_changed() const { return has_changed_; }

 private:
  void judge(const membership_rules::Facts& facts, const std::vector<DynamicGroup>& rules) {
    for (const DynamicGroup& group : rules) {
      const auto judgement = group.rule->judge(facts, now_);
      if (group.rule->reads_time()) remember(group.id, judgement.valid_until);
      const bool was = std::find(memberships_.begin(), memberships_.end(), group.id.value) != memberships_.end();
      if (was != judgement.is_member) set_membership(group.id, judgement.is_member);
    }
  }

  void set_membership(const ObjectId& group, bool is_member) {
    const std::int64_t changed =
        is_member
            ? tx_.execute(
                  "INSERT INTO directory_group_member (tenant_id, group_id, member_id) VALUES (?, ?, ?)"
                  " ON CONFLICT DO NOTHING",
                  {tenant_.value, group.value, id_.value})
            : tx_.execute("DELETE FROM directory_group_member WHERE tenant_id = ? AND group_id = ? AND member_id = ?",
                          {tenant_.value, group.value, id_.value});
    if (changed == 0) return;
    has_changed_ = true;
    groups_.forget();
    note_membership(tx_, tenant_, group, id_, !is_member, now_);
    if (const auto found = find_group(tx_, tenant_, group))
      record_membership(tx_, tenant_, *found, id_, !is_member, kMembershipProcessing, now_);
  }

  void remember(const ObjectId& group, Time due) {
    if (due == kNever) {
      tx_.post("DELETE FROM directory_membership_reassessment WHERE tenant_id = ? AND group_id = ? AND member_id = ?",
               {tenant_.value, group.value, id_.value});
    } else {
      tx_.post(
          "INSERT INTO directory_membership_reassessment (tenant_id, group_id, member_id, due) VALUES (?, ?, ?, ?)"
          " ON CONFLICT (tenant_id, group_id, member_id) DO UPDATE SET due = excluded.due",
          {tenant_.value, group.value, id_.value, due});
    }
  }

  store::Transaction& tx_;
  const TenantId& tenant_;
  ObjectId id_;
  Time now_;
  Groups groups_;
  std::vector<std::string> memberships_;
  bool has_changed_ = false;
};

void examine(store::Transaction& tx, const TenantId& tenant, Subject subject, const ObjectId& id,
             const std::vector<DynamicGroup>& rules, Time now) {
  if (rules.empty()) return;
  if (subject == Subject::user) {
    if (const auto user = find_user(tx, tenant, id)) Examination(tx, tenant, user->id, now).judge(*user, rules);
  } else {
    if (const auto device = find_device_by_object_id(tx, tenant, id))
      Examination(tx, tenant, device->id, now).judge(*device, rules);
  }
}

std::optional<Subject> subject_of_object(store::Transaction& tx, const TenantId& tenant, const ObjectId& id) {
  if (find_user(tx, tenant, id)) return Subject::user;
  if (find_device_by_object_id(tx, tenant, id)) return Subject::device;
  return std::nullopt;
}

// --- A changed rule, over the whole directory

struct Scan {
  DynamicGroup group;
  ObjectId position;  // looked at so far
};

std::optional<Scan> next_scan(store::Transaction& tx, const TenantId& tenant) {
  const auto row = tx.query_one(
      "SELECT id, membership_rule, rule_subject, rule_position FROM directory_group WHERE tenant_id = ?"
      " AND rule_progress IN (1, 2) AND rule_is_paused = 0 ORDER BY id LIMIT 1" +
          std::string(tx.lock_rows(true)),
      {tenant.value});
  if (!row) return std::nullopt;
  return Scan{{{row->text(0)}, compiled(row->text(1), subject_from(row->text(2)))}, {row->text(3)}};
}

std::vector<ObjectId> objects_after(store::Transaction& tx, const TenantId& tenant, Subject subject,
                                    const ObjectId& position, std::size_t limit) {
  Search search{.where = std::nullopt,
                .order_by = "id",
                .descending = false,
                .after = std::nullopt,
                .limit = limit,
                .now = kEpoch};
  if (position) search.after = Place{position.value, position};
  auto places = directory::search(tx, tenant, subject == Subject::user ? ObjectKind::user : ObjectKind::device, search);
  CHECK(places.ok(), "a place in the order of ids is one");
  std::vector<ObjectId> ids;
  for (Place& place : *places) ids.push_back(std::move(place.id));
  return ids;
}

void scan_some(store::Transaction& tx, const TenantId& tenant, const Scan& scan, Time now, std::size_t limit) {
  const Subject subject = scan.group.rule->subject();
  const std::vector<ObjectId> ids = objects_after(tx, tenant, subject, scan.position, limit);
  const std::vector<DynamicGroup> by_groups = groups_judging(tx, tenant, subject, true);
  const auto look = [&](const auto& objects) {
    for (const auto& object : objects) {
      Examination examination(tx, tenant, object.id, now);
      examination.judge(object, {scan.group});
      if (examination.has_changed()) examination.judge(object, by_groups);
    }
  };
  if (subject == Subject::user) {
    look(users_with_ids(tx, tenant, ids));
  } else {
    look(devices_with_ids(tx, tenant, ids));
  }
  const bool is_finished = ids.size() < limit;
  const auto progress = is_finished ? Group::RuleProgress::succeeded : Group::RuleProgress::running;
  tx.post(
      "UPDATE directory_group SET rule_progress = ?, rule_position = ?, rule_processed = rule_processed + ?,"
      " membership_updated = ? WHERE tenant_id = ? AND id = ?",
      {static_cast<int>(progress), is_finished ? "" : ids.back().value, static_cast<std::int64_t>(ids.size()),
       is_finished ? now : kEpoch, tenant.value, scan.group.id.value});
}

std::size_t reassess_due(store::Transaction& tx, const TenantId& tenant, Time now, std::size_t limit) {
  const auto rows = tx.query(
      "SELECT group_id, member_id FROM directory_membership_reassessment WHERE tenant_id = ? AND due <= ?"
      " ORDER BY due LIMIT ?" +
          std::string(tx.lock_rows(true)),
      {tenant.value, now, static_cast<std::int64_t>(limit)});
  for (const store::Row& row : rows) {
    const ObjectId member{row.text(1)};
    if (const auto subject = subject_of_object(tx, tenant, member))
      examine(tx, tenant, *subject, member, groups_judging(tx, tenant, *subject, false), now);
    // Of a group that is paused or gone nothing was remembered anew.
    tx.post(
        "DELETE FROM directory_membership_reassessment WHERE tenant_id = ? AND group_id = ? AND member_id = ?"
        " AND due <= ?",
        {tenant.value, row.text(0), row.text(1), now});
  }
  return rows.size();
}

}  // namespace

void after_change(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, const ObjectId& id, Time now) {
  note_change(tx, tenant, kind, id, false, now);
  if (kind == ObjectKind::group) return;
  const Subject subject = kind == ObjectKind::user ? Subject::user : Subject::device;
  examine(tx, tenant, subject, id, groups_judging(tx, tenant, subject, false), now);
}

void after_removal(store::Transaction& tx, const TenantId& tenant, ObjectKind kind, const ObjectId& id, Time now) {
  note_change(tx, tenant, kind, id, true, now);
  tx.post("DELETE FROM directory_membership_reassessment WHERE tenant_id = ? AND (member_id = ? OR group_id = ?)",
          {tenant.value, id_key(id.value), id_key(id.value)});
  // Rules that read memberOf may have named it.
  if (kind == ObjectKind::group)
    tx.post(
        "UPDATE directory_group SET rule_progress = ?, rule_position = '', rule_processed = 0"
        " WHERE tenant_id = ? AND rule_reads_groups = 1",
        {static_cast<int>(Group::RuleProgress::pending), tenant.value});
}

void after_membership(store::Transaction& tx, const TenantId& tenant, const ObjectId& group, const ObjectId& member,
                      bool removed, Time now) {
  note_membership(tx, tenant, group, member, removed, now);
  for (const Subject subject : {Subject::user, Subject::device})
    examine(tx, tenant, subject, member, groups_judging(tx, tenant, subject, true), now);
}

void end_memberships(store::Transaction& tx, const TenantId& tenant, const ObjectId& member, Time now) {
  for (const ObjectId& group : groups_of(tx, tenant, member)) note_membership(tx, tenant, group, member, true, now);
  tx.post("DELETE FROM directory_group_member WHERE tenant_id = ? AND member_id = ?",
          {tenant.value, id_key(member.value)});
}

MembershipWork membership_work(store::Transaction& tx, const TenantId& tenant, Time now) {
  const auto due =
      tx.query("SELECT MIN(due) FROM directory_membership_reassessment WHERE tenant_id = ?", {tenant.value});
  const auto scan = tx.query_one(
      "SELECT 1 FROM directory_group WHERE tenant_id = ? AND rule_progress IN (1, 2) AND rule_is_paused = 0 LIMIT 1",
      {tenant.value});
  const Time next_due = due.front().maybe_time(0).value_or(kNever);
  return {!scan && now < next_due, next_due};
}

void process_memberships(store::Transaction& tx, const TenantId& tenant, Time now, std::size_t limit) {
  if (reassess_due(tx, tenant, now, limit) == limit) return;
  if (const auto scan = next_scan(tx, tenant)) scan_some(tx, tenant, *scan, now, limit);
}

Result<RuleEvaluation> evaluate_rule(store::Transaction& tx, const TenantId& tenant, const std::string& text,
                                     const ObjectId& member, Time now) {
  const Subject subject = membership_rules::subject_of(text).value_or(Subject::user);
  const Rule rule = TRY(Rule::compile(text, subject));
  const Groups groups(tx, tenant, member);
  const auto result = [&](const membership_rules::Facts& facts) {
    return RuleEvaluation{rule.judge(facts, now).is_member, rule.explain(facts, now)};
  };
  const auto user = find_user(tx, tenant, member);
  const auto device = find_device_by_object_id(tx, tenant, member);
  if (!user && !device) return not_found("no_object", "no user or device has the id `" + member.value + "`");
  if (subject != (user ? Subject::user : Subject::device))
    return invalid("wrong_subject",
                   "the rule is about " + std::string(user ? "devices" : "users") + ", the member is none", "memberId");
  return user ? result(UserFacts(*user, groups)) : result(DeviceFacts(*device, groups));
}

}  // namespace wardbridge::directory
