#include "management/inventory/fields.h"

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "base/text.h"
#include "management/inventory/inventory_testing.h"

namespace wardbridge::inventory {
namespace {

// Calls `visit` with every field below a value, the value itself (to be replaced), and its path with indexes.
using Visit = std::function<void(const Field&, json::Value&, const std::string&)>;
void each_value(const Field& field, json::Value& value, const std::string& path, const Visit& visit) {
  visit(field, value, path);
  auto each_member = [&](json::Value& object, const std::string& where) {
    if (!object.is_object()) return;
    for (const Field& member : field.members) {
      json::Value* inner = object.get_object().if_contains({member.name.data(), member.name.size()});
      if (inner) each_value(member, *inner, where + "." + std::string(member.name), visit);
    }
  };
  if (field.kind == Kind::object) each_member(value, path);
  if (field.kind == Kind::objects && value.is_array()) {
    auto& items = value.get_array();
    for (std::size_t i = 0; i < items.size(); ++i) each_member(items[i], path + "[" + std::to_string(i) + "]");
  }
}

json::Value fullest_section(Section section) {
  int counter = 0;
  return fullest(field_of(section), counter);
}

TEST(Fields, EverySectionHasItsTwoNames) {
  for (Section section : kAllSections) {
    EXPECT_EQ(section_from_wire_name(wire_name(section)), section);
    EXPECT_EQ(section_from_member_name(member_name(section)), section);
  }
  EXPECT_STREQ(wire_name(Section::disk_encryption), "DISK_ENCRYPTION");
  EXPECT_STREQ(member_name(Section::disk_encryption), "diskEncryption");
  EXPECT_STREQ(wire_name(Section::content_caching), "CONTENT_CACHING");
  EXPECT_EQ(section_from_wire_name("general"), std::nullopt);
  EXPECT_EQ(section_from_wire_name("GROUP_MEMBERSHIPS"), std::nullopt);
}

TEST(Fields, AFullSectionComesThroughUnchanged) {
  for (Section section : kAllSections) {
    json::Value full = fullest_section(section);
    for (How how : {How::import, How::create}) {
      json::Value sent = full;
      if (section == Section::general && how == How::create) sent.get_object()["platform"] = "Mac";
      auto checked = check_section(section, sent, how);
      ASSERT_TRUE(checked.ok()) << checked.failure().message;
      EXPECT_EQ(checked->value, sent) << member_name(section);
      EXPECT_TRUE(checked->without_place.empty()) << member_name(section);
    }
  }
}

TEST(Fields, AValueOfTheWrongTypeIsRefusedWhereverItIs) {
  int refused = 0;
  for (Section section : kAllSections) {
    json::Value full = fullest_section(section);
    std::vector<std::string> paths;
    each_value(field_of(section), full, member_name(section),
               [&](const Field&, json::Value&, const std::string& path) { paths.push_back(path); });
    for (const std::string& target : paths) {
      json::Value spoiled = full;
      each_value(field_of(section), spoiled, member_name(section),
                 [&](const Field& field, json::Value& value, const std::string& path) {
                   if (path != target) return;
                   // A kind of value that no field of this kind takes.
                   value = field.kind == Kind::boolean ? json::Value("true") : json::Value(true);
                 });
      auto checked = check_section(section, spoiled, How::import);
      ASSERT_FALSE(checked.ok()) << target;
      EXPECT_EQ(checked.failure().reason, "bad_field_type") << target;
      EXPECT_EQ(checked.failure().where, target);
      ++refused;
    }
  }
  EXPECT_GT(refused, 300);
}

TEST(Fields, AnUnknownWordIsRefusedExceptInAnImportWhichNamesIt) {
  int seen = 0;
  for (Section section : kAllSections) {
    json::Value full = fullest_section(section);
    each_value(field_of(section), full, member_name(section),
               [&](const Field& field, json::Value& value, const std::string& path) {
                 if (field.kind != Kind::choice) return;
                 ++seen;
                 json::Value before = value;
                 value = "NEVER_HEARD_OF";
                 auto strict = check_section(section, full, How::report);
                 // A Mac does not get to say it at all where the server decides.
                 if (!field_of(section).only_by_server) {
                   ASSERT_FALSE(strict.ok()) << path;
                   EXPECT_EQ(strict.failure().reason, "bad_enum_value");
                   EXPECT_EQ(strict.failure().where, path);
                 }
                 auto lenient = check_section(section, full, How::import);
                 ASSERT_TRUE(lenient.ok()) << path;
                 ASSERT_EQ(lenient->without_place.size(), 1u) << path;
                 EXPECT_NE(lenient->without_place[0].find("NEVER_HEARD_OF"), std::string::npos);
                 value = before;
               });
  }
  EXPECT_GT(seen, 20);
}

TEST(Fields, NullIsTakenEverywhere) {
  for (Section section : kAllSections) {
    json::Value full = fullest_section(section);
    each_value(field_of(section), full, member_name(section),
               [&](const Field&, json::Value& value, const std::string& path) {
                 json::Value before = value;
                 value = nullptr;
                 EXPECT_TRUE(check_section(section, full, How::import).ok()) << path;
                 value = before;
               });
  }
}

struct Spelling {
  Section section;
  const char* sent;
  const char* kept;  // nullptr: refused
};

class FieldSpellings : public ::testing::TestWithParam<Spelling> {};

TEST_P(FieldSpellings, AreMadeOne) {
  const Spelling& spelling = GetParam();
  auto checked = check_section(spelling.section, object_of(spelling.sent), How::import);
  ASSERT_EQ(checked.ok(), spelling.kept != nullptr) << spelling.sent;
  if (checked.ok()) {
    EXPECT_EQ(json::to_text(checked->value), spelling.kept);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, FieldSpellings,
    ::testing::Values(Spelling{Section::user_and_location, R"({"departmentId":7})", R"({"departmentId":"7"})"},
                      Spelling{Section::user_and_location, R"({"departmentId":7.5})", nullptr},
                      Spelling{Section::user_and_location, R"({"room":7})", nullptr},
                      Spelling{Section::general, R"({"reportDate":"2026-11-23T19:32:55+01:00"})",
                               R"({"reportDate":"2026-11-23T18:32:55.000Z"})"},
                      Spelling{Section::general, R"({"reportDate":"2026-11-23T18:32:55Z"})",
                               R"({"reportDate":"2026-11-23T18:32:55Z"})"},
                      Spelling{Section::general, R"({"reportDate":"2026-11-23T18:32:55.123456Z"})",
                               R"({"reportDate":"2026-11-23T18:32:55.123456Z"})"},
                      Spelling{Section::general, R"({"reportDate":"2026-11-31T00:00:00Z"})", nullptr},
                      Spelling{Section::general, R"({"reportDate":"soon"})", nullptr},
                      Spelling{Section::general, R"({"reportDate":1700000000})", nullptr},
                      Spelling{Section::purchasing, R"({"poDate":"2026-02-28"})", R"({"poDate":"2026-02-28"})"},
                      Spelling{Section::purchasing, R"({"poDate":"2026-02-30"})", nullptr},
                      Spelling{Section::purchasing, R"({"poDate":"28.02.2026"})", nullptr},
                      Spelling{Section::hardware, R"({"coreCount":8.0})", R"({"coreCount":8})"},
                      Spelling{Section::hardware, R"({"coreCount":8.5})", nullptr},
                      Spelling{Section::hardware, R"({"coreCount":2147483647})", R"({"coreCount":2147483647})"},
                      Spelling{Section::hardware, R"({"coreCount":2147483648})", nullptr},
                      Spelling{Section::hardware, R"({"totalRamMegabytes":2147483648})",
                               R"({"totalRamMegabytes":2147483648})"},
                      Spelling{Section::hardware, R"({"totalRamMegabytes":9223372036854775808})", nullptr},
                      Spelling{Section::hardware, R"({"coreCount":"8"})", nullptr},
                      Spelling{Section::hardware, R"({"model":"a\u0000b"})", nullptr},
                      Spelling{Section::hardware, R"({"model":"B","make":"A"})", R"({"make":"A","model":"B"})"},
                      Spelling{Section::security, R"({"sipStatus":"enabled"})", R"({"sipStatus":null})"},
                      Spelling{Section::package_receipts, R"({"cached":["a",1]})", nullptr}));

TEST(Fields, WhatHasNoPlaceIsNamedOnceAndNotKept) {
  auto checked = check_section(
      Section::storage,
      object_of(R"({"colour":"red","disks":[{"foo":1,"partitions":[{"bar":{"deep":[1]}}]},{"foo":2}]})"), How::report);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ(checked->without_place,
            (std::vector<std::string>{"storage.colour", "storage.disks.foo", "storage.disks.partitions.bar"}));
  EXPECT_EQ(json::to_text(checked->value), R"({"disks":[{"partitions":[{}]},{}]})");
}

TEST(Fields, ARecordNamesUnknownSections) {
  auto record = check_record(object_of(R"({"id":"7","udid":"x","hardwre":{},"groupMemberships":[]})"), How::create);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->without_place, (std::vector<std::string>{"groupMemberships", "hardwre", "id"}));
  auto imported = check_record(object_of(R"({"id":"7","hardwre":{"a":1},"groupMemberships":[]})"), How::import);
  EXPECT_EQ(imported->without_place, std::vector<std::string>{"hardwre"});  // an empty list is no loss
}

TEST(Fields, SectionsOfTheWrongShapeAreRefused) {
  for (const char* body : {R"({"general":[]})", R"({"general":"x"})", R"({"applications":{}})",
                           R"({"applications":[[]]})", R"({"udid":5})", R"({"storage":{"disks":[[[[[]]]]]}})"}) {
    EXPECT_FALSE(check_record(object_of(body), How::report).ok()) << body;
  }
}

TEST(Fields, AMacDoesNotSpeakForTheServer) {
  auto record = check_record(object_of(R"({"general":{"name":"n","remoteManagement":{"managed":true},
      "site":{"id":"3"},"reportDate":"2030-01-01T00:00:00Z","managementId":"m"},"attachments":[]})"),
                             How::report);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->sections.at(Section::general), object_of(R"({"name":"n"})"));
  EXPECT_EQ(record->without_place,
            (std::vector<std::string>{"attachments", "general.managementId", "general.remoteManagement",
                                      "general.reportDate", "general.site"}));
}

// JAMF: the members that ComputerInventoryUpdateRequest has, and no others.
TEST(Fields, PatchHasAPlaceForExactlyTheWritableMembers) {
  json::Object body = fullest_record();
  body["general"].get_object()["managed"] = true;
  body["general"].get_object()["siteId"] = "3";
  auto record = check_record(body, How::patch);
  ASSERT_TRUE(record.ok()) << record.failure().message;
  std::set<std::string> kept;
  for (const auto& [section, value] : record->sections) {
    if (!value.is_object()) {
      kept.insert(member_name(section));
      continue;
    }
    for (const auto& member : value.get_object()) {
      kept.insert(std::string(member_name(section)) + "." + std::string(member.key()));
    }
  }
  std::set<std::string> writable = {"extensionAttributes", "operatingSystem.extensionAttributes"};
  for (const char* name :
       {"name", "lastIpAddress", "barcode1", "barcode2", "assetTag", "managed", "siteId", "extensionAttributes"}) {
    writable.insert(std::string("general.") + name);
  }
  for (const char* name :
       {"networkAdapterType", "macAddress", "altNetworkAdapterType", "altMacAddress", "extensionAttributes"}) {
    writable.insert(std::string("hardware.") + name);
  }
  for (const char* name :
       {"leased", "purchased", "poNumber", "poDate", "vendor", "warrantyDate", "appleCareId", "leaseDate",
        "purchasePrice", "lifeExpectancy", "purchasingAccount", "purchasingContact", "extensionAttributes"}) {
    writable.insert(std::string("purchasing.") + name);
  }
  for (const char* name : {"username", "realname", "email", "position", "phone", "departmentId", "buildingId", "room",
                           "extensionAttributes"}) {
    writable.insert(std::string("userAndLocation.") + name);
  }
  EXPECT_EQ(kept, writable);
}

TEST(Fields, CreationHasSpellingsOfItsOwn) {
  auto record = check_record(object_of(R"({"general":{"name":"n","platform":"MAC","mdmCapable":true,"siteId":"5"}})"),
                             How::create);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->sections.at(Section::general),
            object_of(R"({"name":"n","platform":"Mac","mdmCapable":{"capable":true},"site":{"id":"5","name":""}})"));
  auto wrong = check_record(object_of(R"({"general":{"platform":"AMIGA"}})"), How::create);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.failure().where, "general.platform");
}

// --- The table against the written facts of the wire
// ------------------------------------------------------------------

struct WrittenField {
  std::string name;
  std::string type;
};
using WrittenShapes = std::map<std::string, std::vector<WrittenField>>;

// Lines such as `- **ComputerService** — name:s, size:enum(A|B)?`.
WrittenShapes read_shapes(std::istream& reference) {
  WrittenShapes shapes;
  std::string line;
  bool inside = false;
  while (std::getline(reference, line)) {
    if (line.starts_with("#### Record layout")) inside = true;
    if (line.starts_with("#### PATCH")) break;
    auto dash = line.find("** — ");
    if (!inside || !line.starts_with("- **") || dash == std::string::npos) continue;
    std::string name = line.substr(4, dash - 4);
    std::string fields = line.substr(dash + std::string_view("** — ").size());
    fields = text::replace_all(fields, ", ", "\n");
    for (std::string_view field : text::split(fields, '\n')) {
      auto colon = field.find(':');
      shapes[name].push_back({std::string(field.substr(0, colon)), std::string(field.substr(colon + 1))});
    }
  }
  return shapes;
}

std::string without_suffixes(std::string type) {
  for (std::string_view suffix : {"?", "†"}) {
    if (type.ends_with(suffix)) type.resize(type.size() - suffix.size());
  }
  return type;
}

void expect_same(const WrittenShapes& shapes, const std::string& shape, std::span<const Field> fields, int& compared) {
  for (const WrittenField& written : shapes.at(shape)) {
    auto found = std::ranges::find(fields, written.name, &Field::name);
    ASSERT_NE(found, fields.end()) << shape << "." << written.name;
    const Field& field = *found;
    std::string type = without_suffixes(written.type);
    std::string label = shape + "." + written.name + " is " + type;
    ++compared;
    static const std::map<std::string, Kind> kPlain = {{"i", Kind::integer}, {"i64", Kind::long_integer},
                                                       {"b", Kind::boolean}, {"ts", Kind::timestamp},
                                                       {"d", Kind::date},    {"[s]", Kind::texts}};
    if (type == "s") {
      EXPECT_TRUE(field.kind == Kind::text || field.kind == Kind::id) << label;
    } else if (kPlain.contains(type)) {
      EXPECT_EQ(field.kind, kPlain.at(type)) << label;
    } else if (type.starts_with("enum(")) {
      EXPECT_EQ(field.kind, Kind::choice) << label;
      EXPECT_EQ("enum(" + std::string(field.choices) + ")", type) << label;
    } else {
      bool list = type.starts_with("[{");
      EXPECT_EQ(field.kind, list ? Kind::objects : Kind::object) << label;
      std::string inner = list ? type.substr(2, type.size() - 4) : type.substr(1, type.size() - 2);
      ASSERT_TRUE(shapes.contains(inner)) << label;
      expect_same(shapes, inner, field.members, compared);
    }
  }
}

TEST(Fields, TheTableIsTheReferenceFieldByField) {
  std::ifstream reference("../shared/reference/jamf.md");
  if (!reference) GTEST_SKIP() << "../shared/reference/jamf.md is not there, so the table was not compared with it";
  WrittenShapes shapes = read_shapes(reference);
  ASSERT_TRUE(shapes.contains("ComputerInventoryV4"));
  int compared = 0;
  for (const WrittenField& written : shapes.at("ComputerInventoryV4")) {
    if (written.name == "id" || written.name == "udid" || written.name == "groupMemberships") continue;
    auto section = section_from_member_name(written.name);
    ASSERT_TRUE(section.has_value()) << written.name;
    std::string shape = text::replace_all(text::replace_all(written.type, "[", ""), "]", "");
    expect_same(shapes, shape.substr(1, shape.size() - 2), field_of(*section).members, compared);
  }
  EXPECT_GT(compared, 250);
}

}  // namespace
}  // namespace wardbridge::inventory
