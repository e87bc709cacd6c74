#include "management/inventory/inventory.h"

#include "management/inventory/inventory_testing.h"

namespace wardbridge::inventory {
namespace {

constexpr const char* kUdid = "4C4C4544-0000-4000-8000-000000000001";
constexpr const char* kOtherUdid = "4C4C4544-0000-4000-8000-000000000002";

class InventoryTest : public StoreTest {
 protected:
  ComputerId create_mac() {
    return create({.udid = kUdid,
                   .sections = sections_of(R"({"general":{"name":"Ann's Mac"},"hardware":{"serialNumber":"C02ANN"}})"),
                   .management_id = "m-1"});
  }
  Result<Applied> report(ComputerId id, std::string_view body, Time now, std::string ip_address = "") {
    InventoryReport report{"r", sections_of(body, How::report), std::move(ip_address)};
    return write([&](store::Transaction& tx) { return apply_report(tx, id, report, now); });
  }
  Result<Recorded> record(NewComputer computer) {
    return write([&](store::Transaction& tx) { return record_computer(tx, computer, kNow, kAdmin); });
  }
};

TEST_F(InventoryTest, EveryFieldOfTheTableIsStoredAndComesBackAsItWentIn) {
  json::Object full = fullest_record();
  auto checked = check_record(full, How::import);
  ASSERT_TRUE(checked.ok()) << checked.failure().message;
  EXPECT_TRUE(checked->without_place.empty());
  ComputerId id = create({.udid = checked->udid, .sections = checked->sections, .management_id = "unused"});
  Computer computer = loaded(id);
  for (int version = 1; version <= 4; ++version) {
    json::Object shown = show(computer, version, kAllSections);
    EXPECT_EQ(shown["udid"], full["udid"]);
    for (Section section : kAllSections) {
      if (!has_section(version, section)) {
        EXPECT_FALSE(shown.contains(member_name(section))) << member_name(section);
        continue;
      }
      json::Value expected = full[member_name(section)];
      if (section == Section::general) {
        json::Object& general = expected.get_object();
        if (version == 4) {
          general.erase("lastReportedIp");
          general.erase("lastContactTime");
        } else {
          general["lastContactTime"] = general["lastCheckIn"];  // one fact, which v4 renamed
          general.erase("lastCheckIn");
          general.erase("lastContact");
        }
      }
      if (section == Section::applications && version < 3) {
        for (json::Value& application : expected.get_array()) {
          application.get_object().erase("cfBundleShortVersionString");
          application.get_object().erase("cfBundleVersion");
        }
      }
      EXPECT_EQ(shown[member_name(section)], expected) << member_name(section) << " in v" << version;
    }
  }
}

TEST_F(InventoryTest, ANewComputerIsUnmanagedAndDueAtOnce) {
  ComputerId id = create_mac();
  Computer computer = loaded(id);
  EXPECT_EQ(computer.name, "Ann's Mac");
  EXPECT_EQ(computer.serial_number, "C02ANN");
  EXPECT_EQ(computer.management_id, "m-1");
  EXPECT_FALSE(computer.managed);
  EXPECT_EQ(computer.last_check_in, kEpoch);
  EXPECT_EQ(computer.created, kNow);
  EXPECT_EQ(computer.reassess_at, kNow);
  EXPECT_EQ(computer.revision, 1);
  auto rows = audit_of(id);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].entry.action, "create");
  EXPECT_EQ(rows[0].entry.actor.name, "Ada");
}

TEST_F(InventoryTest, CreationRefusesASecondMacWithOneUdidAndOneWithoutAnyIdentity) {
  create_mac();
  auto twin = write([&](store::Transaction& tx) {
    return create_computer(tx, {.udid = kUdid, .sections = {}, .management_id = "m"}, kNow, kAdmin);
  });
  ASSERT_FALSE(twin.ok());
  EXPECT_EQ(twin.failure().reason, "duplicate_udid");
  auto nobody = write([&](store::Transaction& tx) { return create_computer(tx, {}, kNow, kAdmin); });
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.failure().reason, "missing_field");
}

TEST_F(InventoryTest, IsFoundByEachOfItsNames) {
  ComputerId id = create_mac();
  create({.udid = "", .sections = sections_of(R"({"general":{"name":"no udid"}})"), .management_id = "m-2"});
  create({.udid = "", .sections = sections_of(R"({"general":{"name":"none either"}})"), .management_id = "m-3"});
  auto found = store_->read([&](store::Transaction& tx) -> Result<Unit> {
    EXPECT_EQ(find_by_udid(tx, kUdid), id);
    EXPECT_EQ(find_by_udid(tx, "4c4c4544-0000-4000-8000-000000000001"), id);
    EXPECT_EQ(find_by_udid(tx, kOtherUdid), std::nullopt);
    EXPECT_EQ(find_by_udid(tx, ""), std::nullopt);
    EXPECT_EQ(find_by_serial_number(tx, "c02ann"), id);
    EXPECT_EQ(find_by_serial_number(tx, ""), std::nullopt);
    EXPECT_EQ(find_by_management_id(tx, "m-1"), id);
    EXPECT_EQ(find_by_management_id(tx, "m-9"), std::nullopt);
    EXPECT_EQ(count(tx), 3);
    EXPECT_EQ(ids_after(tx, {}, 2), (std::vector<ComputerId>{{1}, {2}}));
    EXPECT_EQ(ids_after(tx, {2}, 2), (std::vector<ComputerId>{{3}}));
    EXPECT_FALSE(load(tx, {99}, kAllSections).has_value());
    std::array wanted = {Section::hardware};
    EXPECT_EQ(load(tx, id, wanted)->sections.size(), 1u);
    return Unit{};
  });
  EXPECT_TRUE(found.ok());
}

TEST_F(InventoryTest, AReportReplacesTheSectionsItBringsAndLeavesTheOthers) {
  ComputerId id = create_mac();
  ASSERT_TRUE(
      report(id, R"({"applications":[{"name":"A"},{"name":"B"}],"security":{"sipStatus":"ENABLED"}})", kNow).ok());
  auto applied = report(id, R"({"applications":[{"name":"C"}]})", kNow + hours{1});
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->changed, std::vector<Section>{Section::applications});
  Computer computer = loaded(id);
  EXPECT_EQ(computer.sections.at(Section::applications), json::parse(R"([{"name":"C"}])").value());
  EXPECT_EQ(computer.sections.at(Section::security), object_of(R"({"sipStatus":"ENABLED"})"));
  EXPECT_EQ(computer.serial_number, "C02ANN");
  EXPECT_EQ(computer.last_inventory_update, kNow + hours{1});
  EXPECT_EQ(computer.last_check_in, kNow + hours{1});
  EXPECT_EQ(computer.revision, applied->revision);
}

TEST_F(InventoryTest, AnUnchangedSectionIsNotWrittenAgain) {
  ComputerId id = create_mac();
  constexpr const char* kBody =
      R"({"hardware":{"serialNumber":"C02ANN","model":"M"},"fonts":[{"name":"F","path":"/f"}]})";
  auto first = report(id, kBody, kNow);
  EXPECT_EQ(first->changed.size(), 2u);
  // Marks the rows, so that a rewrite would show.
  auto marked = write([&](store::Transaction& tx) -> Status {
    tx.execute("UPDATE computer_section SET document = '{\"mark\":1}' WHERE section = 'FONTS'");
    return done();
  });
  ASSERT_TRUE(marked.ok());
  auto again =
      report(id, R"({"fonts":[{"path":"/f","name":"F"}],"hardware":{"model":"M","serialNumber":"C02ANN"}})", kNow);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->changed.empty());  // the order of members is no difference
  EXPECT_GT(again->revision, first->revision);
  EXPECT_EQ(loaded(id).sections.at(Section::fonts), object_of(R"({"mark":1})"));
}

TEST_F(InventoryTest, AReportDoesNotEraseWhatOthersWroteIntoSharedSections) {
  ComputerId id =
      create({.udid = kUdid,
              .sections = sections_of(R"({"general":{"name":"old","assetTag":"A-1","site":{"id":"2","name":"Bern"}},
           "hardware":{"model":"M1","extensionAttributes":[{"definitionId":"9","values":["x"]}]},
           "extensionAttributes":[{"definitionId":"9","name":"Owner","values":["ann"]},
                                  {"definitionId":"5","name":"Uptime","values":["1"]}]})"),
              .management_id = "m"});
  auto applied = report(id, R"({"general":{"name":"new","lastReportedIpV4":"10.0.0.9"},"hardware":{"model":"M2"},
      "extensionAttributes":[{"definitionId":"5","values":["2"]},{"definitionId":"6","values":["3"]}]})",
                        kNow, "203.0.113.4");
  ASSERT_TRUE(applied.ok());
  Computer computer = loaded(id);
  EXPECT_EQ(computer.name, "new");
  EXPECT_EQ(computer.sections.at(Section::general),
            object_of(R"({"assetTag":"A-1","site":{"id":"2","name":"Bern"},"lastReportedIpV4":"10.0.0.9",
                          "lastIpAddress":"203.0.113.4"})"));
  EXPECT_EQ(computer.sections.at(Section::hardware),
            object_of(R"({"model":"M2","extensionAttributes":[{"definitionId":"9","values":["x"]}]})"));
  EXPECT_EQ(computer.sections.at(Section::extension_attributes),
            json::parse(R"([{"definitionId":"9","name":"Owner","values":["ann"]},
                            {"definitionId":"5","name":"Uptime","values":["2"]},
                            {"definitionId":"6","values":["3"]}])")
                .value());
}

TEST_F(InventoryTest, AReportThatFailsLaterLeavesNothingBehind) {
  ComputerId id = create_mac();
  auto status = write([&](store::Transaction& tx) -> Status {
    TRY(apply_report(tx, id, {"r", sections_of(R"({"services":[{"name":"s"}]})"), ""}, kNow));
    return invalid("refused", "something after the report failed");
  });
  EXPECT_FALSE(status.ok());
  Computer computer = loaded(id);
  EXPECT_FALSE(computer.sections.contains(Section::services));
  EXPECT_EQ(computer.last_inventory_update, kEpoch);
  EXPECT_EQ(computer.revision, 1);
}

TEST_F(InventoryTest, ACheckInMovesOneTimeOnlyAndNeverBack) {
  ComputerId id = create_mac();
  auto check_in = [&](Time now) {
    return write([&](store::Transaction& tx) { return note_check_in(tx, id, "203.0.113.9", now); });
  };
  ASSERT_TRUE(check_in(kNow + hours{2}).ok());
  ASSERT_TRUE(check_in(kNow + hours{1}).ok());
  Computer computer = loaded(id);
  EXPECT_EQ(computer.last_check_in, kNow + hours{2});
  EXPECT_EQ(computer.last_inventory_update, kEpoch);
  EXPECT_EQ(computer.sections.at(Section::general), object_of(R"({"lastIpAddress":"203.0.113.9"})"));
  EXPECT_EQ(audit_of(id).size(), 1u);  // its creation
  auto unknown = write([&](store::Transaction& tx) { return note_check_in(tx, {77}, "", kNow); });
  EXPECT_EQ(unknown.failure().reason, "no_computer");
  EXPECT_EQ(report({77}, "{}", kNow).failure().reason, "no_computer");
}

TEST_F(InventoryTest, RemovalTakesEverythingAndLeavesAnAuditRow) {
  ComputerId id = create_mac();
  auto status = write([&](store::Transaction& tx) -> Status {
    TRY(set_credential(tx, id, "hash"));
    store_receipt(tx, id, "r", "b", {"answer", kNow});
    return remove(tx, id, kNow, kAdmin);
  });
  ASSERT_TRUE(status.ok());
  auto rest = store_->read([&](store::Transaction& tx) -> Result<std::int64_t> {
    EXPECT_FALSE(find_by_credential(tx, "hash").has_value());
    return count(tx) + tx.query_one("SELECT count(*) FROM computer_section")->integer(0) +
           tx.query_one("SELECT count(*) FROM computer_report")->integer(0);
  });
  EXPECT_EQ(*rest, 0);
  EXPECT_EQ(audit_of(id).front().entry.action, "delete");
  auto again = write([&](store::Transaction& tx) { return remove(tx, id, kNow, kAdmin); });
  EXPECT_EQ(again.failure().code, Code::not_found);
}

TEST_F(InventoryTest, TheHeartbeatSeesWhatIsDueAndNothingElse) {
  ComputerId a = create_mac();
  ComputerId b = create({.udid = kOtherUdid, .sections = {}, .management_id = "m"});
  auto status = write([&](store::Transaction& tx) -> Status {
    set_reassess_at(tx, a, kNow + hours{2});
    set_reassess_at(tx, b, kNow + hours{1});
    EXPECT_TRUE(due(tx, kNow, 10).empty());
    EXPECT_EQ(due(tx, kNow + hours{1}, 10), std::vector<ComputerId>{b});
    EXPECT_EQ(due(tx, kNow + hours{3}, 10), (std::vector<ComputerId>{b, a}));
    EXPECT_EQ(due(tx, kNow + hours{3}, 1), std::vector<ComputerId>{b});
    reassess_all(tx, kNow);
    EXPECT_EQ(due(tx, kNow, 10).size(), 2u);
    return done();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(loaded(a).revision, 1);  // looking again is not a change
}

TEST_F(InventoryTest, AReceiptAnswersARetryAndRefusesAReusedId) {
  ComputerId id = create_mac();
  auto receipt = [&](std::string_view report_id, std::string_view hash) {
    return store_->read([&](store::Transaction& tx) { return find_receipt(tx, id, report_id, hash); });
  };
  EXPECT_FALSE(receipt("r-1", "aa")->has_value());
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
                store_receipt(tx, id, "r-1", "aa", {R"({"revision":2})", kNow});
                return done();
              }).ok());
  EXPECT_EQ((**receipt("r-1", "aa")).answer, R"({"revision":2})");
  auto reused = receipt("r-1", "bb");
  ASSERT_FALSE(reused.ok());
  EXPECT_EQ(reused.failure().reason, "report_id_reused");
  EXPECT_EQ(reused.failure().code, Code::conflict);
  EXPECT_FALSE(receipt("r-2", "aa")->has_value());
  auto gone = write([&](store::Transaction& tx) -> Result<std::int64_t> {
    EXPECT_EQ(forget_receipts_before(tx, kNow), 0);
    return forget_receipts_before(tx, kNow + milliseconds{1});
  });
  EXPECT_EQ(*gone, 1);
}

TEST_F(InventoryTest, ACredentialNamesOneMacAndANewOneReplacesIt) {
  ComputerId id = create_mac();
  auto status = write([&](store::Transaction& tx) -> Status {
    TRY(set_credential(tx, id, "first"));
    EXPECT_EQ(find_by_credential(tx, "first"), id);
    TRY(set_credential(tx, id, "second"));
    EXPECT_EQ(find_by_credential(tx, "first"), std::nullopt);
    EXPECT_EQ(find_by_credential(tx, "second"), id);
    EXPECT_EQ(find_by_credential(tx, ""), std::nullopt);
    return set_credential(tx, {77}, "third");
  });
  EXPECT_EQ(status.failure().reason, "no_computer");
}

TEST_F(InventoryTest, ARecordedComputerIsMatchedByUdidThenBySerialNumber) {
  NewComputer first{.udid = kUdid,
                    .sections = sections_of(R"({"general":{"name":"n","reportDate":"2026-11-20T00:00:00Z",
                        "remoteManagement":{"managed":true}},"hardware":{"serialNumber":"S1"}})"),
                    .management_id = "m"};
  auto created = record(first);
  ASSERT_TRUE(created.ok()) << created.failure().message;
  EXPECT_EQ(created->effect, Recorded::Effect::created);
  EXPECT_TRUE(loaded(created->id).managed);
  EXPECT_EQ(to_iso8601(loaded(created->id).last_inventory_update), "2026-11-20T00:00:00.000Z");

  auto same = record(first);
  EXPECT_EQ(same->effect, Recorded::Effect::unchanged);
  EXPECT_EQ(audit_of(created->id).size(), 1u);

  NewComputer by_serial{
      .udid = "", .sections = sections_of(R"({"hardware":{"serialNumber":"s1","model":"M"}})"), .management_id = "m"};
  auto changed = record(by_serial);
  EXPECT_EQ(changed->effect, Recorded::Effect::changed);
  EXPECT_EQ(changed->id, created->id);
  EXPECT_EQ(changed->changed, std::vector<Section>{Section::hardware});
  EXPECT_EQ(audit_of(created->id).size(), 2u);
  EXPECT_EQ(loaded(created->id).udid, kUdid);

  auto nobody = record({.udid = "", .sections = sections_of(R"({"general":{"name":"n"}})"), .management_id = "m"});
  EXPECT_EQ(nobody.failure().reason, "missing_field");
}

TEST_F(InventoryTest, AnOldRecordDoesNotReplaceTheMacsLaterWord) {
  ComputerId id = create_mac();
  ASSERT_TRUE(report(id, R"({"diskEncryption":{"fileVault2Enabled":false}})", kNow).ok());
  auto stale = record({.udid = kUdid,
                       .sections = sections_of(R"({"general":{"reportDate":"2026-11-01T00:00:00Z"},
                           "diskEncryption":{"fileVault2Enabled":true}})"),
                       .management_id = "m"});
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.failure().reason, "older_than_known");
  EXPECT_EQ(loaded(id).sections.at(Section::disk_encryption), object_of(R"({"fileVault2Enabled":false})"));
}

TEST_F(InventoryTest, ShowsOnlyWhatIsAskedForAndSaysWhatIsNotKnown) {
  ComputerId id = create_mac();
  std::array asked = {Section::general, Section::hardware, Section::applications};
  json::Object shown = show(loaded(id), 4, asked);
  EXPECT_EQ(shown["id"], json::Value(std::to_string(id.value)));
  EXPECT_TRUE(shown["security"].is_null());
  EXPECT_TRUE(shown["groupMemberships"].is_null());
  EXPECT_EQ(shown["applications"], json::Value(json::Array()));
  EXPECT_FALSE(shown.contains("plugins"));
  const json::Object& general = shown["general"].get_object();
  EXPECT_EQ(general.at("name"), "Ann's Mac");
  EXPECT_EQ(general.at("site"), object_of(R"({"id":"-1","name":"None"})"));
  EXPECT_EQ(general.at("remoteManagement"), object_of(R"({"managed":false,"managementUsername":null})"));
  EXPECT_TRUE(general.at("reportDate").is_null());
  EXPECT_EQ(general.at("initialEntryDate"), "2026-11-23");
  EXPECT_EQ(shown["hardware"].get_object().at("serialNumber"), "C02ANN");
  EXPECT_TRUE(shown["hardware"].get_object().at("model").is_null());
  EXPECT_TRUE(show(loaded(id), 1, asked).contains("plugins"));
}

TEST_F(InventoryTest, LastContactIsNeverBeforeTheLastCheckIn) {
  ComputerId id =
      create({.udid = kUdid,
              .sections = sections_of(
                  R"({"general":{"lastCheckIn":"2026-11-20T00:00:00Z","lastContact":"2026-11-21T00:00:00Z"}})"),
              .management_id = "m"});
  std::array asked = {Section::general};
  json::Object before = show(loaded(id), 4, asked);
  EXPECT_EQ(before["general"].get_object()["lastContact"], "2026-11-21T00:00:00Z");
  ASSERT_TRUE(report(id, "{}", kNow).ok());
  json::Object after = show(loaded(id), 4, asked);
  EXPECT_EQ(after["general"].get_object()["lastContact"], "2026-11-23T18:00:00.000Z");
  EXPECT_EQ(after["general"].get_object()["lastCheckIn"], "2026-11-23T18:00:00.000Z");
  json::Object v3 = show(loaded(id), 3, asked);
  EXPECT_EQ(v3["general"].get_object()["lastContactTime"], "2026-11-23T18:00:00.000Z");
  EXPECT_FALSE(v3["general"].get_object().contains("lastCheckIn"));
}

}  // namespace
}  // namespace wardbridge::inventory
