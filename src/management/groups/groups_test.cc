#include "management/groups/groups.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "management/groups/regroup.h"
#include "management/groups/test_store.h"

namespace wardbridge::groups {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<criteria::Criterion> in_group(const std::string& name) {
  return all_of({{"Computer Group", "member of", name}});
}

TEST_F(GroupsTest, AGroupComesBackAsItWentIn) {
  auto criteria = all_of({{"Application Title", "has", "Safari.app"}, {"Computer Name", "like", "lab"}});
  criteria[0].opening_paren = criteria[1].closing_paren = true;
  criteria[1].and_or = "or";
  GroupId id = make_group("Labs", criteria);
  SmartComputerGroup stored = group(id);
  EXPECT_EQ(stored.name, "Labs");
  EXPECT_EQ(stored.site_id, kNoSite);
  EXPECT_EQ(stored.criteria, criteria);
  see([&](store::Transaction& tx) {
    EXPECT_EQ(find_by_name(tx, "LABS"), stored);
    EXPECT_EQ(find_by_platform_id(tx, text::upper(stored.platform_id)), stored);
    EXPECT_THAT(list(tx), ElementsAre(stored));
    EXPECT_EQ(count(tx), 1);
    EXPECT_EQ(find(tx, GroupId{id.value + 1}), std::nullopt);
    return true;
  });
}

TEST_F(GroupsTest, CriteriaAreKeptInOrderWithLowerCaseJoints) {
  auto criteria = all_of({{"Computer Name", "like", "a"}, {"Computer Name", "like", "b"}});
  criteria[1].and_or = "OR";
  std::swap(criteria[0], criteria[1]);
  auto stored = group(make_group("A", criteria)).criteria;
  EXPECT_EQ(stored[0].value, "a");
  EXPECT_EQ(stored[1].and_or, "or");
}

TEST_F(GroupsTest, NamesAreUniqueWithoutCase) {
  make_group("Labs", {});
  auto again = try_create("labs", {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure().code, Code::conflict);
  EXPECT_EQ(again.failure().reason, "already_exists");
  GroupId other = make_group("Other", {});
  EXPECT_EQ(change(other, [](auto& group) { group.name = "LABS"; }).failure().reason, "already_exists");
  EXPECT_TRUE(change(other, [](auto& group) { group.name = "OTHER"; }).ok());
}

TEST_F(GroupsTest, BadGroupsAreRefused) {
  EXPECT_EQ(try_create(" ", {}).failure().reason, "invalid_name");
  EXPECT_EQ(try_create(std::string(256, 'x'), {}).failure().reason, "invalid_name");
  EXPECT_EQ(try_create("\xff", {}).failure().reason, "invalid_name");
  EXPECT_EQ(try_create("A", all_of({{"Shoe Size", "is", "9"}})).failure().reason, "unknown_criterion");
  auto unknown = try_create("A", in_group("Nobody"));
  EXPECT_EQ(unknown.failure().reason, "unknown_group");
  EXPECT_EQ(unknown.failure().where, "criteria[0].value");
  EXPECT_THAT(unknown.failure().message, HasSubstr("`Nobody`"));
  SmartComputerGroup without_guid{.platform_id = "7", .name = "A"};
  EXPECT_EQ(write([&](store::Transaction& tx) { return create(tx, without_guid, kNow, actor_); }).failure().reason,
            "invalid_platform_id");
  SmartComputerGroup nowhere{.id = GroupId{99}, .name = "A"};
  EXPECT_EQ(write([&](store::Transaction& tx) { return replace(tx, nowhere, kNow, actor_); }).failure().reason,
            "no_group");
  EXPECT_TRUE(see([](store::Transaction& tx) { return list(tx); }).empty());
  EXPECT_TRUE(audited("").empty());
}

TEST_F(GroupsTest, WarningsComeWithSuccess) {
  auto criteria = all_of({{"Computer Name", "is", "a"}, {"Computer Name", "is", "b"}, {"Computer Name", "is", "c"}});
  criteria[1].and_or = "or";
  auto saved = try_create("A", criteria);
  ASSERT_TRUE(saved.ok());
  std::vector<std::string> reasons;
  for (const auto& warning : saved->warnings) reasons.push_back(warning.reason);
  EXPECT_THAT(reasons, ElementsAre("mixed_and_or", "contradiction")) << "`b` and `c` at once";
}

TEST_F(GroupsTest, ATwinIsToldOfOnSavingAndInTheListOfAllFindings) {
  GroupId first = make_group("Labs", all_of({{"Computer Name", "like", "lab"}, {"Gatekeeper", "is", "Off"}}));
  auto twin = try_create("Laboratories", all_of({{"Gatekeeper", "is", "Disabled"}, {"Computer Name", "like", "LAB"}}));
  ASSERT_TRUE(twin.ok());
  ASSERT_EQ(twin->warnings.size(), 1u);
  EXPECT_EQ(twin->warnings[0].reason, "duplicate_group");
  EXPECT_THAT(twin->warnings[0].message, HasSubstr("`Labs`"));
  EXPECT_TRUE(change(first, [](auto& group) { group.site_id = 4; })->warnings.empty());
  EXPECT_TRUE(see([](store::Transaction& tx) { return lint(tx, {}); }).empty()) << "of two sites now";
  ASSERT_TRUE(change(first, [](auto& group) { group.site_id = kNoSite; }).ok());
  auto findings = see([](store::Transaction& tx) { return lint(tx, {}); });
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].group, twin->id);
  EXPECT_EQ(findings[0].group_name, "Laboratories");
  EXPECT_EQ(findings[0].warning.reason, "duplicate_group");
}

TEST_F(GroupsTest, AGroupNamedByNumberAndByNameIsOne) {
  GroupId inner = make_group("Inner", all_of({{"Computer Name", "like", "lab"}}));
  auto criteria = all_of(
      {{"Computer Group", "member of", "Inner"}, {"Computer Group", "not member of", std::to_string(inner.value)}});
  auto saved = try_create("Outer", criteria);
  ASSERT_TRUE(saved.ok());
  ASSERT_EQ(saved->warnings.size(), 1u);
  EXPECT_EQ(saved->warnings[0].reason, "contradiction");
}

TEST_F(GroupsTest, AnotherWayToReadCriteriaIsNoticedOnce) {
  GroupId id = make_group("A", {});
  auto start = [&](criteria::Options options) {
    GroupBook book(options);
    return *write([&](store::Transaction& tx) -> Result<bool> {
      tx.execute("DELETE FROM computer_group_regroup");  // as when all is done
      follow_program(tx, book);
      return is_regrouping(tx, id);
    });
  };
  EXPECT_TRUE(start({})) << "nothing was judged yet";
  EXPECT_FALSE(start({}));
  EXPECT_TRUE(start({.precedence = criteria::Precedence::left_fold}));
  EXPECT_FALSE(start({.precedence = criteria::Precedence::left_fold}));
}

TEST_F(GroupsTest, WarningsSpeakOfTheWayInWhichTheGroupWillBeRead) {
  auto criteria = all_of({{"Computer Name", "like", "a"}, {"Serial Number", "like", "b"}, {"Make", "like", "c"}});
  criteria[1].and_or = "or";
  SmartComputerGroup group{.platform_id = next_guid(), .name = "A", .criteria = criteria};
  auto saved = write([&](store::Transaction& tx) {
    return create(tx, group, kNow, actor_, {.precedence = criteria::Precedence::left_fold});
  });
  ASSERT_TRUE(saved.ok());
  ASSERT_EQ(saved->warnings.size(), 1u);
  EXPECT_THAT(saved->warnings[0].message, HasSubstr("from the top down"));
}

TEST_F(GroupsTest, AReferenceFollowsTheGroupsName) {
  GroupId inner = make_group("Inner", {});
  GroupId outer = make_group("Outer", in_group("inner"));
  EXPECT_EQ(group(outer).criteria[0].value, "Inner");
  ASSERT_TRUE(change(inner, [](auto& group) { group.name = "Renamed"; }).ok());
  EXPECT_EQ(group(outer).criteria[0].value, "Renamed");
  GroupId by_number = make_group("By number", in_group(std::to_string(inner.value)));
  EXPECT_EQ(group(by_number).criteria[0].value, "Renamed");
}

TEST_F(GroupsTest, ANameGoesBeforeANumber) {
  GroupId first = make_group("First", {});
  make_group(std::to_string(first.value), {});
  GroupId outer = make_group("Outer", in_group(std::to_string(first.value)));
  EXPECT_EQ(group(outer).criteria[0].value, std::to_string(first.value));
}

TEST_F(GroupsTest, ACycleIsRefusedWithItsPath) {
  EXPECT_EQ(try_create("Self", in_group("Self")).failure().reason, "group_cycle");
  GroupId a = make_group("A", {});
  make_group("B", in_group("A"));
  make_group("C", in_group("B"));
  auto cycle = change(a, [&](auto& group) { group.criteria = in_group("C"); });
  ASSERT_FALSE(cycle.ok());
  EXPECT_EQ(cycle.failure().reason, "group_cycle");
  EXPECT_THAT(cycle.failure().message, HasSubstr("`A` -> `C` -> `B` -> `A`"));
  EXPECT_TRUE(group(a).criteria.empty());
}

TEST_F(GroupsTest, NestingHasALimitCountedThroughTheChangedGroup) {
  make_group("0", {});
  for (std::size_t i = 1; i <= limits::kGroupNesting; ++i) {
    make_group("n" + std::to_string(i), in_group(i == 1 ? "0" : "n" + std::to_string(i - 1)));
  }
  EXPECT_EQ(try_create("too deep", in_group("n" + std::to_string(limits::kGroupNesting))).failure().reason,
            "nested_too_deep");
  GroupId below = make_group("below", {});
  make_group("-1", in_group("below"));
  // The chain is full: its lowest group can't stand on another.
  auto lengthened = change(GroupId{1}, [](auto& group) { group.criteria = in_group("-1"); });
  ASSERT_FALSE(lengthened.ok());
  EXPECT_EQ(lengthened.failure().reason, "nested_too_deep");
  EXPECT_TRUE(below);
}

TEST_F(GroupsTest, AGroupInUseIsNotRemoved) {
  GroupId inner = make_group("Inner", {});
  GroupId outer = make_group("Outer", in_group("Inner"));
  auto remove_one = [&](GroupId id) {
    return write([&](store::Transaction& tx) { return remove(tx, id, kNow, actor_); });
  };
  auto refused = remove_one(inner);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "has_dependencies");
  EXPECT_THAT(refused.failure().message, HasSubstr("`Outer`"));
  EXPECT_TRUE(remove_one(outer).ok());
  EXPECT_TRUE(remove_one(inner).ok());
  EXPECT_EQ(remove_one(inner).failure().reason, "no_group");
  EXPECT_EQ(see([](store::Transaction& tx) { return count(tx); }), 0);
}

TEST_F(GroupsTest, EveryEditIsAuditedAndCounted) {
  auto now_at = [&] { return see([](store::Transaction& tx) { return revision(tx); }); };
  std::int64_t before = now_at();
  GroupId id = make_group("A", {});
  EXPECT_EQ(now_at(), before + 1);
  ASSERT_TRUE(change(id, [](auto& group) { group.description = "new"; }).ok());
  EXPECT_EQ(now_at(), before + 2);
  ASSERT_TRUE(change(id, [](auto&) {}).ok());
  EXPECT_EQ(now_at(), before + 2) << "an edit that changes nothing must not have the whole fleet judged anew";
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove(tx, id, kNow, actor_); }).ok());
  EXPECT_EQ(now_at(), before + 3);

  auto entries = audited("Smart Computer Group");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].entry.action, "delete");
  EXPECT_EQ(entries[1].entry.action, "update");
  EXPECT_EQ(json::to_text(entries[1].entry.details), R"({"description":{"old":"","new":"new"}})");
  EXPECT_EQ(entries[2].entry.action, "create");
  EXPECT_EQ(entries[2].entry.object_name, "A");
  EXPECT_EQ(entries[2].entry.actor.name, "admin");
}

}  // namespace
}  // namespace wardbridge::groups
