#include "management/groups/static_groups.h"

#include <gmock/gmock.h>

#include "management/groups/group_book.h"
#include "management/groups/test_store.h"

namespace wardbridge::groups {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class StaticGroupsTest : public GroupsTest {
 protected:
  ComputerId make_computer(const std::string& name, bool managed = true, const std::string& site = "-1") {
    json::Object general{{"name", name},
                         {"remoteManagement", json::Object{{"managed", managed}}},
                         {"site", json::Object{{"id", site}, {"name", "a site"}}}};
    inventory::NewComputer computer{.management_id = next_guid()};
    computer.sections[inventory::Section::general] = std::move(general);
    auto id = write([&](store::Transaction& tx) { return inventory::create_computer(tx, computer, kNow, actor_); });
    EXPECT_TRUE(id.ok()) << id.failure().message;
    return id.value_or({});
  }
  Result<Assigned> try_assign(StaticComputerGroup group) {
    group.platform_id = next_guid();
    return write([&](store::Transaction& tx) { return create(tx, group, kNow, actor_); });
  }
  GroupId make_static(const std::string& name, std::vector<ComputerId> assignments) {
    auto saved = try_assign({.name = name, .assignments = std::move(assignments)});
    EXPECT_TRUE(saved.ok()) << saved.failure().message;
    return saved.ok() ? saved->id : GroupId{};
  }
  Result<Assigned> change_static(GroupId id, const std::function<void(StaticComputerGroup&)>& edit) {
    return write([&](store::Transaction& tx) {
      StaticComputerGroup group = *find_static(tx, id);
      edit(group);
      return replace(tx, group, kNow, actor_);
    });
  }
  StaticComputerGroup stored(GroupId id) {
    return see([&](store::Transaction& tx) { return *find_static(tx, id); });
  }
  std::vector<MembershipChange> judge(ComputerId id) {
    auto assessment = write([&](store::Transaction& tx) -> Result<Assessment> {
      return assess(tx, book_, *inventory::load(tx, id, inventory::kAllSections), kNow, "test");
    });
    EXPECT_TRUE(assessment.ok()) << assessment.failure().message;
    return assessment->changes;
  }
  std::vector<std::string> groups_with(ComputerId id) {
    std::vector<std::string> names;
    for (const auto& one : see([&](store::Transaction& tx) { return groups_of(tx, id, kNow); })) {
      names.push_back(one.name + (one.smart ? " (smart)" : ""));
    }
    return names;
  }
  void manage(ComputerId id, bool managed) {
    auto patched = write([&](store::Transaction& tx) {
      return inventory::patch(tx, id, {{"general", json::Object{{"managed", managed}}}}, kNow, actor_);
    });
    EXPECT_TRUE(patched.ok()) << patched.failure().message;
  }

  GroupBook book_;
};

TEST_F(StaticGroupsTest, AGroupComesBackWithItsAssignmentsInOrderAndOnce) {
  ComputerId first = make_computer("a"), second = make_computer("b");
  auto saved = try_assign({.name = "Loaners", .description = "d", .assignments = {second, first, second}});
  ASSERT_TRUE(saved.ok()) << saved.failure().message;
  EXPECT_THAT(saved->affected, ElementsAre(first, second));
  StaticComputerGroup group = stored(saved->id);
  EXPECT_EQ(group.name, "Loaners");
  EXPECT_EQ(group.description, "d");
  EXPECT_THAT(group.assignments, ElementsAre(first, second));
  see([&](store::Transaction& tx) {
    EXPECT_EQ(find(tx, saved->id), std::nullopt) << "it is no smart group";
    EXPECT_THAT(list(tx), IsEmpty());
    EXPECT_EQ(count(tx), 0);
    ComputerGroup any = *find_any(tx, saved->id);
    EXPECT_FALSE(any.smart);
    EXPECT_EQ(find_any_by_name(tx, "LOANERS"), any);
    EXPECT_EQ(find_any_by_platform_id(tx, text::upper(group.platform_id)), any);
    EXPECT_THAT(list_all(tx), ElementsAre(any));
    return true;
  });
}

TEST_F(StaticGroupsTest, NamesAreOneSpaceWithSmartGroups) {
  make_group("Smart", {});
  GroupId fixed = make_static("Static", {});
  EXPECT_EQ(try_assign({.name = "SMART"}).failure().reason, "already_exists");
  EXPECT_EQ(try_create("static", {}).failure().reason, "already_exists");
  EXPECT_EQ(change_static(fixed, [](auto& group) { group.name = "smart"; }).failure().reason, "already_exists");
  EXPECT_TRUE(change_static(fixed, [](auto& group) { group.name = "STATIC"; }).ok());
  EXPECT_EQ(try_assign({.name = " "}).failure().reason, "invalid_name");
  EXPECT_EQ(try_assign({.name = "x", .description = "\xff"}).failure().reason, "invalid_description");
}

TEST_F(StaticGroupsTest, ComputersThatDoNotFitAreRefusedAndNothingIsApplied) {
  ComputerId fits = make_computer("a", true, "4"), unmanaged = make_computer("b", false, "4"),
             elsewhere = make_computer("c", true, "5");
  ComputerId nobody{99};
  GroupId group = make_static("G", {fits});
  struct Case {
    ComputerId computer;
    const char* reason;
  };
  for (auto [computer, reason] : {Case{unmanaged, "unmanaged_computer"}, Case{elsewhere, "computer_of_other_site"},
                                  Case{nobody, "unknown_computer"}}) {
    SCOPED_TRACE(reason);
    for (bool fresh : {true, false}) {
      auto outcome = fresh ? try_assign({.name = "New", .site_id = 4, .assignments = {fits, computer}})
                           : change_static(group, [&, at = computer](auto& one) {
                               one.name = "Renamed";
                               one.site_id = 4;
                               one.assignments = {fits, at};
                             });
      ASSERT_FALSE(outcome.ok());
      EXPECT_EQ(outcome.failure().code, Code::invalid_argument);
      EXPECT_EQ(outcome.failure().reason, reason);
      EXPECT_EQ(outcome.failure().where, "assignments");
      EXPECT_THAT(outcome.failure().message, HasSubstr(": " + std::to_string(computer.value)));
    }
  }
  EXPECT_EQ(stored(group).name, "G");
  EXPECT_THAT(stored(group).assignments, ElementsAre(fits));
  EXPECT_EQ(see([](store::Transaction& tx) { return list_all(tx).size(); }), 1u);
}

TEST_F(StaticGroupsTest, MembershipFollowsAssignments) {
  ComputerId mac = make_computer("a"), other = make_computer("b");
  GroupId group = make_static("Loaners", {mac});
  EXPECT_THAT(judge(mac), ElementsAre(MembershipChange{group, "Loaners", true}));
  EXPECT_THAT(judge(other), IsEmpty());
  EXPECT_THAT(groups_with(mac), ElementsAre("Loaners"));
  see([&](store::Transaction& tx) {
    EXPECT_EQ(count_members(tx, group, kNow), 1);
    EXPECT_EQ(members(tx, group, kNow).at(0).valid_until, kNever);
    EXPECT_EQ(standing(tx, group, mac, kNow), Standing::member);
    EXPECT_EQ(standing(tx, group, other, kNow), Standing::not_member);
    return true;
  });
  auto changed = change_static(group, [&](auto& one) { one.assignments = {other}; });
  ASSERT_TRUE(changed.ok());
  EXPECT_THAT(changed->affected, ElementsAre(mac, other));
  EXPECT_THAT(judge(mac), ElementsAre(MembershipChange{group, "Loaners", false}));
  EXPECT_THAT(judge(other), ElementsAre(MembershipChange{group, "Loaners", true}));
  EXPECT_THAT(change_static(group, [](auto& one) { one.name = "Renamed"; })->affected, IsEmpty());
  EXPECT_THAT(groups_with(other), ElementsAre("Renamed"));
}

TEST_F(StaticGroupsTest, AnUnmanagedComputerStaysAssignedAndIsNoMember) {
  ComputerId mac = make_computer("a");
  GroupId group = make_static("Loaners", {mac});
  judge(mac);
  manage(mac, false);
  judge(mac);
  EXPECT_THAT(groups_with(mac), IsEmpty());
  EXPECT_THAT(stored(group).assignments, ElementsAre(mac));
  EXPECT_TRUE(change_static(group, [](auto& one) { one.description = "an edit does not trip over it"; }).ok());
  manage(mac, true);
  judge(mac);
  EXPECT_THAT(groups_with(mac), ElementsAre("Loaners"));
}

TEST_F(StaticGroupsTest, AComputerThatIsDeletedLeaves) {
  ComputerId mac = make_computer("a");
  GroupId group = make_static("Loaners", {mac});
  judge(mac);
  auto gone = write([&](store::Transaction& tx) -> Status {
    forget_computer(tx, mac, kNow, "computer deleted");
    return inventory::remove(tx, mac, kNow, actor_);
  });
  ASSERT_TRUE(gone.ok());
  EXPECT_THAT(stored(group).assignments, IsEmpty());
  EXPECT_EQ(see([&](store::Transaction& tx) { return count_members(tx, group, kNow); }), 0);
  EXPECT_FALSE(see([&](store::Transaction& tx) { return changes_of_group(tx, group, 1); }).at(0).joined);
}

TEST_F(StaticGroupsTest, CriteriaNameStaticGroupsByNameOrId) {
  ComputerId in = make_computer("in"), out = make_computer("out");
  GroupId group = make_static("Loaners", {in});
  make_group("By name", all_of({{"Computer Group", "member of", "loaners"}}));
  make_group("By id", all_of({{"Computer Group", "member of", std::to_string(group.value)}}));
  GroupId negated = make_group("Not", all_of({{"Computer Group", "not member of", "Loaners"}}));
  judge(in);
  judge(out);
  EXPECT_THAT(groups_with(in), ElementsAre("Loaners", "By name (smart)", "By id (smart)"));
  EXPECT_THAT(groups_with(out), ElementsAre("Not (smart)"));

  auto kept = write([&](store::Transaction& tx) { return remove(tx, group, kNow, actor_); });
  ASSERT_FALSE(kept.ok());
  EXPECT_EQ(kept.failure().reason, "has_dependencies");
  EXPECT_THAT(kept.failure().message, HasSubstr("`By name`, `By id`, `Not`"));
  ASSERT_TRUE(change_static(group, [](auto& one) { one.name = "Lent"; }).ok());
  EXPECT_EQ(see([&](store::Transaction& tx) { return find(tx, negated)->criteria[0].value; }), "Lent");
  EXPECT_THAT(judge(in), IsEmpty()) << "the reference follows the new name";
}

TEST_F(StaticGroupsTest, ADeletedGroupLosesItsMembersAndTheirAssignments) {
  ComputerId mac = make_computer("a");
  GroupId group = make_static("Loaners", {mac});
  judge(mac);
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove(tx, group, kNow, actor_); }).ok());
  EXPECT_THAT(groups_with(mac), IsEmpty());
  EXPECT_THAT(judge(mac), IsEmpty());
  see([&](store::Transaction& tx) {
    EXPECT_EQ(find_any(tx, group), std::nullopt);
    EXPECT_EQ(changes_of_computer(tx, mac, 1).at(0).cause, "group deleted");
    EXPECT_THAT(tx.query("SELECT 1 FROM computer_group_assignment"), IsEmpty());
    return true;
  });
  EXPECT_EQ(write([&](store::Transaction& tx) { return remove(tx, group, kNow, actor_); }).failure().reason,
            "no_group");
}

TEST_F(StaticGroupsTest, EveryChangeHasItsAuditRow) {
  ComputerId first = make_computer("a"), second = make_computer("b");
  GroupId group = make_static("Loaners", {first});
  auto before = see([](store::Transaction& tx) { return revision(tx); });
  ASSERT_TRUE(change_static(group, [&](auto& one) { one.assignments = {second}; }).ok());
  EXPECT_EQ(see([](store::Transaction& tx) { return revision(tx); }), before) << "compiled groups are still good";
  ASSERT_TRUE(change_static(group, [&](auto& one) { one.assignments = {second}; }).ok()) << "no change, no row";
  ASSERT_TRUE(change_static(group, [&](auto& one) { one.name = "Lent"; }).ok());
  EXPECT_GT(see([](store::Transaction& tx) { return revision(tx); }), before);
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove(tx, group, kNow, actor_); }).ok());
  auto rows = audited("Static Computer Group");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].entry.action, "delete");
  EXPECT_EQ(rows[1].entry.details, json::parse(R"({"name":{"old":"Loaners","new":"Lent"}})")->get_object());
  EXPECT_EQ(json::to_text(rows[2].entry.details), R"({"assignments":{"added":[)" + std::to_string(second.value) +
                                                      R"(],"removed":[)" + std::to_string(first.value) + "]}}");
  EXPECT_EQ(rows[3].entry.action, "create");
  EXPECT_EQ(rows[3].entry.object_id, std::to_string(group.value));
}

TEST_F(StaticGroupsTest, AnExplanationTellsWhoIsNotAssigned) {
  ComputerId in = make_computer("in"), out = make_computer("out");
  GroupId group = make_static("Loaners", {in});
  see([&](store::Transaction& tx) {
    auto of = [&](ComputerId id) {
      return explain(tx, book_, *inventory::load(tx, id, inventory::kAllSections), group, kNow).value();
    };
    EXPECT_TRUE(of(in).member);
    EXPECT_EQ(of(in).overruled_by, "");
    EXPECT_FALSE(of(out).member);
    EXPECT_EQ(of(out).overruled_by, "not_assigned");
    return true;
  });
}

TEST(StaticGroupsUpgrade, GroupsOfAStoreBeforeStaticGroupsStaySmart) {
  auto store = store::open_sqlite({.path = ":memory:"}).value();
  const store::Schema before[] = {audit::kSchema, inventory::kSchema, {"groups", {kSchema.migrations[0]}}};
  ASSERT_TRUE(store->migrate(before).ok());
  ASSERT_TRUE(store
                  ->write([](store::Transaction& tx) -> Status {
                    tx.execute(
                        "INSERT INTO computer_group (id, platform_id, name, name_key, description, site_id, criteria) "
                        "VALUES (1, '0e1b2c3d-0000-4000-8000-000000000001', 'Old', 'old', '', -1, '[]')");
                    tx.execute(
                        "INSERT INTO computer_group_member (computer_id, group_id, since, valid_until) "
                        "VALUES (7, 1, ?, ?)",
                        {kNow, kNever});
                    return done();
                  })
                  .ok());
  const store::Schema after[] = {audit::kSchema, inventory::kSchema, kSchema};
  ASSERT_TRUE(store->migrate(after).ok());
  auto seen = store->read([](store::Transaction& tx) -> Status {
    EXPECT_EQ(list(tx).at(0).name, "Old");
    EXPECT_TRUE(list_all(tx).at(0).smart);
    EXPECT_TRUE(groups_of(tx, ComputerId{7}, kNow).at(0).smart);
    return done();
  });
  EXPECT_TRUE(seen.ok());
}

}  // namespace
}  // namespace wardbridge::groups
