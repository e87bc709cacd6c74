#include "management/groups/extension_attributes.h"

#include <gmock/gmock.h>

#include "management/groups/test_store.h"

namespace wardbridge::groups {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using DataType = ExtensionAttribute::DataType;

class ExtensionAttributesTest : public GroupsTest {
 protected:
  Result<AttributeId> try_make(const ExtensionAttribute& attribute) {
    return write([&](store::Transaction& tx) { return create_attribute(tx, attribute, kNow, actor_); });
  }
  AttributeId make(const std::string& name, DataType type = DataType::string) {
    auto id = try_make({.name = name, .data_type = type});
    EXPECT_TRUE(id.ok()) << id.failure().message;
    return id.value_or({});
  }
  Status put(const ExtensionAttribute& attribute) {
    return write([&](store::Transaction& tx) { return replace_attribute(tx, attribute, kNow, actor_); });
  }
  ExtensionAttribute stored(AttributeId id) {
    return see([&](store::Transaction& tx) { return *find_attribute(tx, id); });
  }
};

TEST_F(ExtensionAttributesTest, ADefinitionComesBackAsItWentIn) {
  ExtensionAttribute attribute{.name = "Ward",
                               .description = "where it lives",
                               .data_type = DataType::date,
                               .enabled = false,
                               .inventory_display_type = "GENERAL",
                               .input_type = "POPUP",
                               .popup_choices = {"North", "South"}};
  attribute.id = *try_make(attribute);
  EXPECT_EQ(stored(attribute.id), attribute);
  see([&](store::Transaction& tx) {
    EXPECT_EQ(find_attribute_by_name(tx, "WARD"), attribute);
    EXPECT_THAT(list_attributes(tx), ElementsAre(attribute));
    return true;
  });
  for (DataType type : {DataType::string, DataType::integer, DataType::date}) {
    EXPECT_EQ(data_type_from_wire_name(wire_name(type)), type);
  }
}

TEST_F(ExtensionAttributesTest, BadDefinitionsAreRefused) {
  make("Ward");
  EXPECT_EQ(try_make({.name = ""}).failure().reason, "invalid_name");
  EXPECT_EQ(try_make({.name = "ward"}).failure().reason, "already_exists");
  EXPECT_EQ(try_make({.name = "serial number"}).failure().reason, "already_exists");
  EXPECT_EQ(try_make({.name = "A", .inventory_display_type = "X"}).failure().reason, "invalid_display_type");
  EXPECT_EQ(try_make({.name = "A", .input_type = "X"}).failure().reason, "invalid_input_type");
  EXPECT_EQ(try_make({.name = "A", .input_type = "POPUP"}).failure().reason, "invalid_popup_choices");
  EXPECT_EQ(try_make({.name = "A", .popup_choices = {"x"}}).failure().reason, "invalid_popup_choices");
  EXPECT_EQ(put({.id = AttributeId{99}, .name = "A"}).failure().reason, "no_extension_attribute");
}

TEST_F(ExtensionAttributesTest, ItsNameIsACriterion) {
  EXPECT_EQ(try_create("G", all_of({{"Ward", "is", "North"}})).failure().reason, "unknown_criterion");
  make("Ward");
  make("Floor", DataType::integer);
  EXPECT_TRUE(try_create("G", all_of({{"ward", "is", "North"}, {"Floor", "more than", "2"}})).ok());
  EXPECT_EQ(try_create("H", all_of({{"Floor", "like", "2"}})).failure().reason, "operator_not_allowed");
}

TEST_F(ExtensionAttributesTest, GroupsFollowANewName) {
  AttributeId id = make("Ward");
  GroupId inner = make_group("Inner", {});
  GroupId labs = make_group("Labs", all_of({{"Ward", "is", "North"}, {"Computer Group", "member of", "Inner"}}));
  ExtensionAttribute renamed = stored(id);
  renamed.name = "District";
  ASSERT_TRUE(put(renamed).ok());
  EXPECT_EQ(group(labs).criteria[0].name, "District");
  EXPECT_EQ(group(labs).criteria[1].value, "Inner");
  EXPECT_EQ(see([&](store::Transaction& tx) { return dependants(tx, inner); }), std::vector{labs});
}

TEST_F(ExtensionAttributesTest, ATypeThatGroupsCanNotUseIsRefused) {
  AttributeId id = make("Ward");
  make_group("Labs", all_of({{"Ward", "like", "North"}}));
  ExtensionAttribute other_type = stored(id);
  other_type.data_type = DataType::integer;
  auto refused = put(other_type);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "has_dependencies");
  EXPECT_THAT(refused.failure().message, HasSubstr("`Labs`"));
  EXPECT_EQ(stored(id).data_type, DataType::string);
}

TEST_F(ExtensionAttributesTest, OneInUseIsNotRemoved) {
  AttributeId id = make("Ward");
  GroupId labs = make_group("Labs", all_of({{"Ward", "is", "North"}}));
  auto remove_it = [&] {
    return write([&](store::Transaction& tx) { return remove_attribute(tx, id, kNow, actor_); });
  };
  auto refused = remove_it();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, "has_dependencies");
  EXPECT_THAT(refused.failure().message, HasSubstr("`Labs`"));
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove(tx, labs, kNow, actor_); }).ok());
  EXPECT_TRUE(remove_it().ok());
  EXPECT_EQ(remove_it().failure().reason, "no_extension_attribute");
}

TEST_F(ExtensionAttributesTest, EveryEditIsAuditedAndCounted) {
  auto before = see([](store::Transaction& tx) { return revision(tx); });
  AttributeId id = make("Ward");
  ExtensionAttribute renamed = stored(id);
  renamed.name = "District";
  ASSERT_TRUE(put(renamed).ok());
  ASSERT_TRUE(write([&](store::Transaction& tx) { return remove_attribute(tx, id, kNow, actor_); }).ok());
  EXPECT_EQ(see([](store::Transaction& tx) { return revision(tx); }), before + 3);
  auto entries = audited("Computer Extension Attribute");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(json::to_text(entries[1].entry.details), R"({"name":{"old":"Ward","new":"District"}})");
}

}  // namespace
}  // namespace wardbridge::groups
