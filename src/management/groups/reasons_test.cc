#include "management/groups/reasons.h"

#include <gtest/gtest.h>

#include "management/groups/computer_facts.h"
#include "management/groups/test_store.h"

namespace wardbridge::groups {
namespace {

using criteria::Because;

Because met_or_not(bool truth, std::string name, std::string search_type, std::string required,
                   std::optional<std::string> measured, Time valid_until = kNever) {
  return {.kind = Because::Kind::criterion,
          .truth = truth,
          .valid_until = valid_until,
          .name = std::move(name),
          .search_type = std::move(search_type),
          .required = std::move(required),
          .measured = std::move(measured)};
}

Explanation out_of(std::string name, std::vector<Because> parts) {
  Explanation explanation{.group_name = std::move(name)};
  explanation.because = {.kind = Because::Kind::all_of, .truth = false, .parts = std::move(parts)};
  return explanation;
}

std::string step_out_of(Explanation explanation) {
  const Explanation asked[] = {std::move(explanation)};
  return next_step(asked, kNow);
}

TEST(NextStepTest, WhatOverrulesTheCriteriaComesFirst) {
  Explanation group{.group_name = "Safe"};
  for (auto [why, words] : {std::pair{"unmanaged", "Enrol the computer: groups have managed computers only."},
                            {"other_site", "Move the computer to the site of `Safe`."},
                            {"not_assigned", "Assign the computer to the static group `Safe`."},
                            {"unusable", "Correct the criteria of `Safe`: they can't be judged any more."}}) {
    group.overruled_by = why;
    EXPECT_EQ(step_out_of(group), words);
  }
}

TEST(NextStepTest, TheFirstCriterionThatIsNotMetIsNamed) {
  EXPECT_EQ(step_out_of(out_of("Safe", {met_or_not(true, "Managed", "is", "Managed", "Managed"),
                                        met_or_not(false, "Gatekeeper", "is", "App Store", "Off"),
                                        met_or_not(false, "Computer Name", "like", "lab", "office")})),
            "Meet `Gatekeeper` is `App Store`: it is `Off`.");
  EXPECT_EQ(step_out_of(out_of("Safe", {met_or_not(false, "Gatekeeper", "is", "App Store", std::nullopt)})),
            "Meet `Gatekeeper` is `App Store`: it is not known. The Mac has to report it with an inventory update.");
  EXPECT_EQ(step_out_of(out_of("Fresh", {met_or_not(false, "Last Inventory Update", "less than x days ago", "2",
                                                    "2026-11-01T00:00:00.000Z")})),
            "Meet `Last Inventory Update` less than x days ago `2`: it is `2026-11-01T00:00:00.000Z`. An inventory "
            "update from the Mac does.");
}

TEST(NextStepTest, ANamedGroupIsFollowedToWhatLeadsIntoIt) {
  Explanation outer = out_of("Outer", {met_or_not(false, "Computer Group", "member of", "INNER", "no")});
  Explanation inner = out_of("Inner", {met_or_not(false, "Gatekeeper", "is", "App Store", "Off")});
  const Explanation both[] = {outer, inner};
  EXPECT_EQ(next_step(both, kNow), "Meet `Gatekeeper` is `App Store`: it is `Off`.");
  EXPECT_EQ(step_out_of(outer), "Meet `Computer Group` member of `INNER`: the computer has to join that group.");
  EXPECT_EQ(step_out_of(out_of("Outer", {met_or_not(false, "Computer Group", "not member of", "Inner", "yes")})),
            "Meet `Computer Group` not member of `Inner`: the computer has to leave that group.");
}

TEST(NextStepTest, AMemberIsToldWhatMayEndIt) {
  Explanation in{.group_name = "Fresh", .stored = Standing::member, .member = true};
  EXPECT_EQ(step_out_of(in), "Nothing: it stays in until something about the computer changes.");
  in.valid_until = kNow + hours{5};
  in.because.parts = {met_or_not(true, "Managed", "is", "Managed", "Managed"),
                      met_or_not(true, "Last Check-in", "less than x days ago", "2", "x", in.valid_until)};
  EXPECT_EQ(
      step_out_of(in),
      "Nothing until 2026-11-23T17:00:00Z (in 5 h), when time alone may end it by `Last Check-in` less than x days "
      "ago `2`.");
}

TEST(NextStepTest, WhatIsStoredMayBeBehind) {
  Explanation due{.group_name = "Fresh", .stored = Standing::unknown, .member = true};
  EXPECT_EQ(step_out_of(due), "Wait for the next look, which is due: judged now, the computer is in.");
  due.stored = Standing::member;
  due.member = false;
  EXPECT_EQ(step_out_of(due), "Wait for the next look, which is due: judged now, the computer is out.");
}

TEST(OriginTest, EveryCriterionHasOne) {
  criteria::Vocabulary vocabulary = vocabulary_with({{.id = {3}, .name = "Ward"}});
  inventory::Computer mac{.last_inventory_update = kNow};
  mac.sections[inventory::Section::security] = json::Object{};
  Origin gatekeeper = origin_of(vocabulary, "gatekeeper", mac);
  EXPECT_EQ(gatekeeper.kind, Origin::Kind::inventory);
  EXPECT_EQ(gatekeeper.section, inventory::Section::security);
  EXPECT_TRUE(gatekeeper.reported);
  EXPECT_EQ(gatekeeper.as_of, kNow);
  Origin ward = origin_of(vocabulary, "Ward", mac);
  EXPECT_EQ(ward.section, inventory::Section::extension_attributes);
  EXPECT_FALSE(ward.reported);
  EXPECT_EQ(origin_of(vocabulary, "Last Check-in", mac).kind, Origin::Kind::server);
  EXPECT_EQ(origin_of(vocabulary, "Computer Group", mac).kind, Origin::Kind::groups);
}

}  // namespace
}  // namespace wardbridge::groups
