#include "tenant/directory/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenant/directory/consent.h"
#include "tenant/directory/roles.h"

namespace wardbridge::directory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TenantId kHome{"11111111-1111-1111-1111-111111111111"};
const Time kThen = from_unix_seconds(1'800'000'000);

Predicate condition(Predicate::Kind kind, std::string property, store::Value value) {
  return {.kind = kind, .property = std::move(property), .value = std::move(value), .parts = {}};
}

std::vector<std::string> found(store::Store& store, ObjectKind kind, const Predicate& where) {
  return store
      .read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
        std::vector<std::string> ids;
        const Search query{.where = where, .order_by = {}, .after = std::nullopt, .limit = 10, .now = kThen};
        for (const Place& place : TRY(search(tx, kHome, kind, query))) ids.push_back(place.id.value);
        return ids;
      })
      .value();
}

// A store that an older version of this program has filled.
TEST(Search, FindsWhatWasThereBeforeItCouldSearch) {
  const auto store = store::open_sqlite({.path = ":memory:"}).value();
  store::Schema old = kSchema;
  ASSERT_GE(old.migrations.size(), 4U);
  old.migrations.resize(3);
  const store::Schema before[] = {audit::kSchema, old};
  ASSERT_TRUE(store->migrate(before).ok());
  const Status filled = store->write([](store::Transaction& tx) -> Status {
    tx.post("INSERT INTO directory_tenant (id, display_name, created) VALUES (?, 'Example', 0)", {kHome.value});
    tx.post(
        "INSERT INTO directory_user (tenant_id, id, principal_key, user_principal_name, display_name, given_name,"
        " surname, mail, department, job_title, user_type, account_enabled, password_hash, created) VALUES"
        " (?, 'u1', 'ann@example.org', 'Ann@example.org', 'Ann', '', '', 'Ann@Example.org', '', '', 'Member', 1, '', "
        "0)",
        {kHome.value});
    tx.post(
        "INSERT INTO directory_group (tenant_id, id, display_name, description, mail_nickname, security_enabled,"
        " created) VALUES (?, 'g1', 'Staff', '', '', 1, 0)",
        {kHome.value});
    tx.post(
        "INSERT INTO directory_device (tenant_id, device_id, id, display_name, operating_system,"
        " operating_system_version, manufacturer, model, trust_type, profile_type, account_enabled, registered_owner,"
        " certificate_sha1_thumbprint, public_key_pem, registration, approximate_last_sign_in)"
        " VALUES (?, 'd1', 'o1', 'Ann''s MAC', 'macOS', '', '', '', '', '', 1, 'u1', '', '', 0, 0)",
        {kHome.value});
    tx.post("INSERT INTO directory_administrator (tenant_id, user_id) VALUES (?, 'u1')", {kHome.value});
    return done();
  });
  ASSERT_TRUE(filled.ok()) << filled.failure().message;

  const store::Schema now[] = {audit::kSchema, kSchema};
  const Status migrated = store->migrate(now);
  ASSERT_TRUE(migrated.ok()) << migrated.failure().message;
  using Kind = Predicate::Kind;
  EXPECT_THAT(found(*store, ObjectKind::user, condition(Kind::equal, "displayName", "ANN")), ElementsAre("u1"));
  EXPECT_THAT(found(*store, ObjectKind::user, condition(Kind::starts_with, "mail", "ann@")), ElementsAre("u1"));
  EXPECT_THAT(found(*store, ObjectKind::group, condition(Kind::starts_with, "displayName", "st")), ElementsAre("g1"));
  EXPECT_THAT(found(*store, ObjectKind::device, condition(Kind::equal, "displayName", "ann's mac")), ElementsAre("o1"));
  EXPECT_THAT(found(*store, ObjectKind::device, condition(Kind::equal, "operatingSystem", "MACOS")), ElementsAre("o1"));
  EXPECT_THAT(found(*store, ObjectKind::device, condition(Kind::equal, "isCompliant", true)), IsEmpty());
  const bool is_still = store
                            ->read([](store::Transaction& tx) -> Result<bool> {
                              return is_administrator(tx, kHome, {"u1"}) && may_change(tx, kHome, {"u1"}, Area::permissions) &&
                                     find_user(tx, kHome, {"u1"})->city.empty() &&
                                     find_group(tx, kHome, {"g1"})->membership_rule.empty();
                            })
                            .value();
  EXPECT_TRUE(is_still);
}

TEST(Search, RefusesAPlaceOfAnotherOrder) {
  const auto store = store::open_sqlite({.path = ":memory:"}).value();
  const store::Schema schemas[] = {audit::kSchema, kSchema};
  ASSERT_TRUE(store->migrate(schemas).ok());
  const auto result = store->read([](store::Transaction& tx) {
    return search(tx, kHome, ObjectKind::user,
                  {.where = std::nullopt,
                   .order_by = "displayName",
                   .after = Place{store::Value(5), {"x"}},
                   .limit = 10,
                   .now = kThen});
  });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.failure().reason, "bad_place");
}

TEST(Search, KnowsWhatAnIndexCanSay) {
  using Kind = Predicate::Kind;
  const auto can = [](ObjectKind kind, Kind condition_kind, const char* property, store::Value value) {
    return is_searchable(kind, condition(condition_kind, property, std::move(value)));
  };
  EXPECT_TRUE(can(ObjectKind::device, Kind::equal, "displayName", "x"));
  EXPECT_FALSE(can(ObjectKind::device, Kind::equal, "displayName", ""));  // nothing is not an empty text
  EXPECT_FALSE(can(ObjectKind::device, Kind::equal, "displayName", std::string(256, 'x')));  // longer than a key
  EXPECT_FALSE(can(ObjectKind::device, Kind::contains, "displayName", "x"));
  EXPECT_FALSE(can(ObjectKind::device, Kind::less, "displayName", "x"));
  EXPECT_FALSE(can(ObjectKind::device, Kind::equal, "model", "x"));
  EXPECT_TRUE(can(ObjectKind::device, Kind::less, "registrationDateTime", 5));
  EXPECT_TRUE(can(ObjectKind::user, Kind::contains, "userPrincipalName", "x"));
  EXPECT_FALSE(is_sortable(ObjectKind::device, "isCompliant"));
  EXPECT_TRUE(is_sortable(ObjectKind::user, "userPrincipalName"));
}

}  // namespace
}  // namespace wardbridge::directory
