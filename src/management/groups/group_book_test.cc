#include "management/groups/group_book.h"

#include <gmock/gmock.h>

#include "management/groups/computer_facts.h"
#include "management/groups/test_store.h"

namespace wardbridge::groups {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class GroupBookTest : public GroupsTest {
 protected:
  Assessment assess_at(Time now, const inventory::Computer& computer, const std::string& cause = "inventory update") {
    auto assessment =
        write([&](store::Transaction& tx) -> Result<Assessment> { return assess(tx, book_, computer, now, cause); });
    EXPECT_TRUE(assessment.ok()) << assessment.failure().message;
    return assessment.value_or({});
  }
  std::vector<std::string> group_names(ComputerId computer, Time now) {
    std::vector<std::string> names;
    for (const Belonging& belonging : see([&](store::Transaction& tx) { return groups_of(tx, computer, now); })) {
      names.push_back(belonging.name);
    }
    return names;
  }
  Standing standing_of(GroupId group, Time now) {
    return see([&](store::Transaction& tx) { return standing(tx, group, mac_.id, now); });
  }
  std::int64_t count_of(GroupId group, Time now) {
    return see([&](store::Transaction& tx) { return count_members(tx, group, now); });
  }
  Explanation explained(GroupId group, Time now) {
    auto explanation = write([&](store::Transaction& tx) { return explain(tx, book_, mac_, group, now); });
    EXPECT_TRUE(explanation.ok()) << explanation.failure().message;
    return explanation.value_or({});
  }

  GroupBook book_;
  inventory::Computer mac_{.id = {7}, .name = "lab-7", .managed = true, .last_inventory_update = kNow};
};

TEST_F(GroupBookTest, AnAssessmentWritesTheDifferences) {
  GroupId labs = make_group("Labs", all_of({{"Computer Name", "like", "lab"}}));
  make_group("Offices", all_of({{"Computer Name", "like", "office"}}));
  GroupId all = make_group("All", {});
  Assessment first = assess_at(kNow, mac_);
  EXPECT_THAT(first.changes, ElementsAre(MembershipChange{labs, "Labs", true}, MembershipChange{all, "All", true}));
  EXPECT_EQ(first.valid_until, kNever);
  EXPECT_THAT(group_names(mac_.id, kNow), ElementsAre("Labs", "All"));
  EXPECT_THAT(assess_at(kNow + hours{1}, mac_).changes, IsEmpty());

  mac_.name = "office-1";
  Assessment moved = assess_at(kNow + hours{2}, mac_, "renamed");
  ASSERT_EQ(moved.changes.size(), 2u);
  EXPECT_EQ(moved.changes[0], (MembershipChange{labs, "Labs", false}));
  EXPECT_THAT(group_names(mac_.id, kNow), ElementsAre("Offices", "All"));

  auto history = see([&](store::Transaction& tx) { return changes_of_computer(tx, mac_.id, 10); });
  ASSERT_EQ(history.size(), 4u);
  EXPECT_EQ(history[0].group_name, "Offices");
  EXPECT_EQ(history[0].number, 4);
  EXPECT_EQ(history[0].cause, "renamed");
  EXPECT_EQ(history[0].time, kNow + hours{2});
  auto of_labs = see([&](store::Transaction& tx) { return changes_of_group(tx, labs, 10); });
  ASSERT_EQ(of_labs.size(), 2u);
  EXPECT_FALSE(of_labs[0].joined);
  EXPECT_TRUE(of_labs[1].joined);
}

TEST_F(GroupBookTest, MembershipEndsWithItsTimeEvenIfNobodyLooks) {
  GroupId fresh = make_group("Fresh", all_of({{"Last Inventory Update", "less than x days ago", "2"}}));
  Assessment assessment = assess_at(kNow, mac_);
  Time end = kNow + days{2};
  EXPECT_EQ(assessment.valid_until, end);
  EXPECT_EQ(standing_of(fresh, end - milliseconds{1}), Standing::member);
  EXPECT_EQ(count_of(fresh, end - milliseconds{1}), 1);
  EXPECT_EQ(standing_of(fresh, end), Standing::unknown);
  EXPECT_EQ(count_of(fresh, end), 0);
  EXPECT_THAT(see([&](store::Transaction& tx) { return members(tx, fresh, end); }), IsEmpty());
  EXPECT_THAT(see([&](store::Transaction& tx) { return count_all_members(tx, book_, end); }), IsEmpty());
  EXPECT_THAT(group_names(mac_.id, end), IsEmpty());

  assessment = assess_at(end, mac_, "time passed");
  EXPECT_THAT(assessment.changes, ElementsAre(MembershipChange{fresh, "Fresh", false}));
  EXPECT_EQ(assessment.valid_until, kNever);
  EXPECT_EQ(standing_of(fresh, end), Standing::not_member);
}

TEST_F(GroupBookTest, ANewReportProlongsMembershipWithoutHistory) {
  GroupId fresh = make_group("Fresh", all_of({{"Last Inventory Update", "less than x days ago", "2"}}));
  assess_at(kNow, mac_);
  auto stored = [&] { return see([&](store::Transaction& tx) { return members(tx, fresh, kNow); }).at(0); };
  mac_.last_inventory_update = kNow + hours{23};
  EXPECT_THAT(assess_at(kNow + hours{23}, mac_).changes, IsEmpty());
  EXPECT_EQ(stored().valid_until, kNow + days{2}) << "half of the time is not over: not worth a write";
  mac_.last_inventory_update = kNow + hours{25};
  EXPECT_THAT(assess_at(kNow + hours{25}, mac_).changes, IsEmpty());
  EXPECT_EQ(stored().computer, mac_.id);
  EXPECT_EQ(stored().since, kNow);
  EXPECT_EQ(stored().valid_until, kNow + hours{73});
  EXPECT_EQ(see([&](store::Transaction& tx) { return changes_of_computer(tx, mac_.id, 10); }).size(), 1u);
}

TEST_F(GroupBookTest, AComputerThatIsNotManagedIsInNoGroup) {
  GroupId all = make_group("All", {});
  GroupId unmanaged = make_group("Unmanaged", all_of({{"Managed", "is", "Unmanaged"}}));
  assess_at(kNow, mac_);
  EXPECT_THAT(group_names(mac_.id, kNow), ElementsAre("All"));
  mac_.managed = false;
  EXPECT_THAT(assess_at(kNow, mac_).changes, ElementsAre(MembershipChange{all, "All", false}));
  EXPECT_THAT(group_names(mac_.id, kNow), IsEmpty());
  Explanation explanation = explained(unmanaged, kNow);
  EXPECT_FALSE(explanation.member);
  EXPECT_EQ(explanation.overruled_by, "unmanaged");
}

TEST_F(GroupBookTest, NestedGroupsAreJudgedFirstAndPassTheirTimeOn) {
  // Created so that the outer group has the lower id.
  GroupId outer = make_group("Outer", {});
  GroupId middle = make_group("Middle", {});
  GroupId fresh = make_group("Fresh", all_of({{"Last Inventory Update", "less than x days ago", "2"}}));
  ASSERT_TRUE(change(middle, [](auto& group) {
                group.criteria = all_of({{"Computer Group", "member of", "Fresh"}});
              }).ok());
  ASSERT_TRUE(change(outer, [](auto& group) {
                group.criteria = all_of({{"Computer Group", "not member of", "MIDDLE"}});
              }).ok());
  Assessment assessment = assess_at(kNow, mac_);
  EXPECT_EQ(assessment.valid_until, kNow + days{2});
  EXPECT_EQ(standing_of(fresh, kNow), Standing::member);
  EXPECT_EQ(standing_of(middle, kNow), Standing::member);
  EXPECT_EQ(standing_of(middle, kNow + days{2}), Standing::unknown);
  EXPECT_EQ(standing_of(outer, kNow), Standing::not_member);
  assess_at(kNow + days{2}, mac_);
  EXPECT_EQ(standing_of(outer, kNow + days{2}), Standing::member);
}

TEST_F(GroupBookTest, AGroupOfASiteSeesThatSiteOnly) {
  GroupId london = make_group("London", {});
  ASSERT_TRUE(change(london, [](auto& group) { group.site_id = 3; }).ok());
  EXPECT_THAT(see([&](store::Transaction& tx) { return book_.sections_needed(tx); }),
              ElementsAre(inventory::Section::general));
  assess_at(kNow, mac_);
  EXPECT_EQ(standing_of(london, kNow), Standing::not_member);
  EXPECT_EQ(explained(london, kNow).overruled_by, "other_site");
  mac_.sections[inventory::Section::general] = *json::parse(R"({"site":{"id":"3","name":"London"}})");
  assess_at(kNow, mac_);
  EXPECT_EQ(standing_of(london, kNow), Standing::member);
}

TEST_F(GroupBookTest, TheBookFollowsEveryEdit) {
  GroupId labs = make_group("Labs", all_of({{"Computer Name", "like", "lab"}}));
  assess_at(kNow, mac_);
  GroupBook other_node;
  ASSERT_TRUE(change(labs, [](auto& group) { group.criteria[0].value = "office"; }).ok());
  EXPECT_THAT(assess_at(kNow, mac_, "group edited").changes, ElementsAre(MembershipChange{labs, "Labs", false}));
  auto editions = see([&](store::Transaction& tx) { return std::pair(book_.edition(tx), book_.edition(tx)); });
  EXPECT_EQ(editions.first, editions.second) << "nothing is compiled anew without an edit";
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove(tx, labs, kNow, actor_); }).ok());
  EXPECT_NE(see([&](store::Transaction& tx) { return book_.edition(tx); }), editions.first);
}

// The revision of an edit that never was must not be taken for the one that came after it.
TEST_F(GroupBookTest, AnEditThatIsRolledBackLeavesNothingInTheBook) {
  GroupId labs = make_group("Labs", all_of({{"Computer Name", "is", "lab-7"}}));
  auto edit_to = [&](store::Transaction& tx, const char* name) {
    SmartComputerGroup edited = *find(tx, labs);
    edited.criteria[0].value = name;
    return replace(tx, edited, kNow, actor_);
  };
  auto failed = write([&](store::Transaction& tx) -> Status {
    TRY(edit_to(tx, "abandoned"));
    mac_.name = "abandoned";
    EXPECT_EQ(assess(tx, book_, mac_, kNow, "test").changes.size(), 1u);
    return unavailable("disk_full", "the disk is full");
  });
  ASSERT_FALSE(failed.ok());
  ASSERT_TRUE(write([&](store::Transaction& tx) { return edit_to(tx, "kept"); }).ok());
  EXPECT_THAT(assess_at(kNow, mac_).changes, IsEmpty());
  mac_.name = "kept";
  EXPECT_EQ(assess_at(kNow, mac_).changes.size(), 1u);
}

TEST_F(GroupBookTest, OnlyTheSectionsThatGroupsReadAreNeeded) {
  make_group("A", all_of({{"Computer Name", "like", "lab"}}));
  EXPECT_THAT(see([&](store::Transaction& tx) { return book_.sections_needed(tx); }), IsEmpty());
  make_group("B", all_of({{"Application Title", "has", "Safari.app"}, {"Model", "like", "Book"}}));
  EXPECT_THAT(see([&](store::Transaction& tx) { return book_.sections_needed(tx); }),
              UnorderedElementsAre(inventory::Section::applications, inventory::Section::hardware));
}

TEST_F(GroupBookTest, AnExtensionAttributeDecides) {
  auto id = write([&](store::Transaction& tx) { return create_attribute(tx, {.name = "Ward"}, kNow, actor_); });
  GroupId north = make_group("North", all_of({{"Ward", "is", "North"}}));
  json::Object value{{"definitionId", std::to_string(id->value)}, {"values", json::Array{"north"}}};
  mac_.sections[inventory::Section::extension_attributes] = json::Array{value};
  assess_at(kNow, mac_);
  EXPECT_EQ(standing_of(north, kNow), Standing::member);
}

TEST_F(GroupBookTest, AnExplanationTellsMeasuredAndRequired) {
  GroupId encrypted = make_group("Encrypted", all_of({{"FileVault 2 Status", "is", "All Partitions Encrypted"},
                                                      {"Last Inventory Update", "less than x days ago", "2"}}));
  mac_.sections[inventory::Section::operating_system] = *json::parse(R"({"fileVault2Status":"NOT_ENCRYPTED"})");
  assess_at(kNow, mac_);
  Explanation explanation = explained(encrypted, kNow);
  EXPECT_EQ(explanation.group_name, "Encrypted");
  EXPECT_EQ(explanation.stored, Standing::not_member);
  EXPECT_FALSE(explanation.member);
  EXPECT_EQ(explanation.overruled_by, "");
  EXPECT_EQ(explanation.valid_until, kNever);
  ASSERT_EQ(explanation.because.parts.size(), 2u);
  const criteria::Because& file_vault = explanation.because.parts[0];
  EXPECT_FALSE(file_vault.truth);
  EXPECT_EQ(file_vault.name, "FileVault 2 Status");
  EXPECT_EQ(file_vault.measured, "No Partitions Encrypted");
  EXPECT_EQ(file_vault.required, "All Partitions Encrypted");
  EXPECT_TRUE(explanation.because.parts[1].truth);
  auto missing = write([&](store::Transaction& tx) { return explain(tx, book_, mac_, GroupId{99}, kNow); });
  EXPECT_EQ(missing.failure().reason, "no_group");
}

// A stored group that this program can't compile: nobody is in it, nor in a group that asks who is not in it.
TEST_F(GroupBookTest, AGroupThatCanNotBeJudgedHasNoMembers) {
  GroupId broken = make_group("Broken", {});
  GroupId rest = make_group("Rest", all_of({{"Computer Group", "not member of", "Broken"}}));
  GroupId other = make_group("Other", {});
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
                tx.execute("UPDATE computer_group SET criteria = ? WHERE id = ?",
                           {R"([{"name":"From Tomorrow","priority":0,"andOr":"and","searchType":"is","value":"x",
                                 "openingParen":false,"closingParen":false}])",
                            broken.value});
                return done();
              }).ok());
  EXPECT_THAT(assess_at(kNow, mac_).changes, ElementsAre(MembershipChange{other, "Other", true}));
  EXPECT_EQ(explained(broken, kNow).overruled_by, "unusable");
  EXPECT_EQ(explained(rest, kNow).overruled_by, "unusable");
}

TEST_F(GroupBookTest, RemovalsAreHistoryToo) {
  GroupId a = make_group("A", {});
  make_group("B", {});
  make_group("C", {});
  assess_at(kNow, mac_);
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove(tx, a, kNow + hours{1}, actor_); }).ok());
  auto history = see([&](store::Transaction& tx) { return changes_of_computer(tx, mac_.id, 10); });
  ASSERT_EQ(history.size(), 4u);
  EXPECT_EQ(history[0].group_name, "A");
  EXPECT_FALSE(history[0].joined);
  EXPECT_EQ(history[0].cause, "group deleted");
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
                forget_computer(tx, mac_.id, kNow + hours{2}, "computer deleted");
                return done();
              }).ok());
  EXPECT_THAT(group_names(mac_.id, kNow), IsEmpty());
  history = see([&](store::Transaction& tx) { return changes_of_computer(tx, mac_.id, 10); });
  ASSERT_EQ(history.size(), 6u);
  EXPECT_EQ(history[0].number, 6);
  EXPECT_EQ(history[0].time, kNow + hours{2});
}

}  // namespace
}  // namespace wardbridge::groups
