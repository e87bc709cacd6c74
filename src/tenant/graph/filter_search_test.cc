// The store's answer to a filter against the filter's own: random filters over random objects, on both stores. What the
// store finds must be exactly what a look at every object finds, in the order asked for, page by page.
#include "tenant/graph/filter_search.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "support/postgres_cluster.h"
#include "tenant/directory/delta.h"
#include "tenant/directory/memberships.h"
#include "tenant/graph/graph.h"
#include "tenant/graph/resources.h"

namespace wardbridge::graph {
namespace {

using directory::ObjectKind;

const directory::TenantId kTenant{"11111111-1111-1111-1111-111111111111"};
const Time kNow = from_unix_seconds(1'800'000'000);
constexpr int kObjects = 150;

class FilterSearch : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "postgresql") {
      auto cluster = wardbridge::testing::PostgresCluster::of_this_program();
      if (!cluster.ok() && cluster.failure().reason == "no_postgres") GTEST_SKIP() << cluster.failure().message;
      ASSERT_TRUE(cluster.ok()) << cluster.failure().message;
      store_ = store::open_postgres((*cluster)->fresh_store()).value();
    } else {
      store_ = store::open_sqlite({.path = ":memory:"}).value();
    }
    const store::Schema schemas[] = {audit::kSchema, directory::kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    const Status filled = store_->write([&](store::Transaction& tx) { return fill(tx); });
    ASSERT_TRUE(filled.ok()) << filled.failure().message;
  }

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
  bool one_in(unsigned count) { return below(count) == 0; }
  // Texts that cross what SQL and we might see differently: case, wildcards, quotes, other alphabets, length, nothing.
  std::string text() {
    static const std::vector<std::string> kTexts{"Mac",
                                                 "mac 1",
                                                 "MAC_2",
                                                 "100%",
                                                 "a\\b",
                                                 "O'Hara",
                                                 "Ünïcode",
                                                 "ünïcode",
                                                 "z",
                                                 "",
                                                 "mac%",
                                                 std::string(300, 'x'),
                                                 "Mac 1",
                                                 std::string(255, 'x') + "y",
                                                 "\xF0\x9F\x8D\x8E"};
    return kTexts[below(static_cast<unsigned>(kTexts.size()))];
  }
  // Around whole seconds.
  Time moment() {
    if (one_in(5)) return kEpoch;
    return kNow + seconds{static_cast<int>(below(7)) - 3} + milliseconds{one_in(2) ? 0 : below(1000)};
  }

  Status fill(store::Transaction& tx) {
    random_.seed(7);
    TRY(directory::create_tenant(tx, {kTenant, "Example", {"example.org"}, kNow}));
    for (int number = 0; number < kObjects; ++number) {
      const std::string digits = std::to_string(1000 + number);
      directory::Device device;
      device.id = {"eeeeeeee-0000-0000-0000-00000000" + digits};
      device.device_id = {"dddddddd-0000-0000-0000-00000000" + digits};
      device.display_name = text();
      device.operating_system = one_in(3) ? "" : one_in(2) ? "macOS" : "Windows";
      device.model = text();
      device.account_enabled = !one_in(4);
      device.registration = moment();
      device.approximate_last_sign_in = moment();
      TRY(directory::create_device(tx, kTenant, device, {}, kNow));
      if (!one_in(3))
        TRY(directory::set_compliance(tx, kTenant, device.device_id,
                                      {.is_compliant = !one_in(3),
                                       .is_managed = !one_in(4),
                                       .expiration = kNow + seconds{static_cast<int>(below(5)) - 2},
                                       .partner_id = "p",
                                       .epoch = 1,
                                       .sequence = 1},
                                      {}, kNow));
      directory::User user{.id = {"aaaaaaaa-0000-0000-0000-00000000" + digits},
                           .user_principal_name = "User" + digits + "@example.org",
                           .display_name = text(),
                           .mail = one_in(3) ? "" : "U" + digits + "@Example.org",
                           .account_enabled = !one_in(3),
                           .created = moment()};
      user.city = text();
      TRY(directory::create_user(tx, kTenant, user, {}, kNow));
    }
    return done();
  }

  // Whole characters.
  std::string start_of(const std::string& text) {
    std::size_t size = std::min<std::size_t>(text.size(), below(5));
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
    return text.substr(0, size);
  }
  static std::string quoted(const std::string& text) { return "'" + text::replace_all(text, "'", "''") + "'"; }

  std::string comparison(const ResourceType& type, const std::vector<const char*>& properties) {
    const std::string name = properties[below(static_cast<unsigned>(properties.size()))];
    static const char* const kComparisons[] = {"eq", "ne", "gt", "ge", "lt", "le"};
    switch (type.find(name)->type) {
      case PropertyType::flag:
        if (one_in(4)) return name;
        return name + (one_in(2) ? " eq " : " ne ") + (one_in(5) ? "null" : one_in(2) ? "true" : "false");
      case PropertyType::date: {
        if (one_in(5)) return name + (one_in(2) ? " eq null" : " ne null");
        return name + " " + kComparisons[below(6)] + " " + to_iso8601(one_in(6) ? kNow : moment());
      }
      default:
        break;
    }
    const std::string value = one_in(4) ? "user1" + std::to_string(below(200)) : text();
    switch (below(8)) {
      case 0:
        return "startswith(" + name + "," + quoted(start_of(value)) + ")";
      case 1:
        return "endswith(" + name + "," + quoted(value) + ")";
      case 2:
        return "contains(" + name + "," + quoted(value) + ")";
      case 3:
        return name + " in (" + quoted(value) + ", " + quoted(text()) + ")";
      case 4:
        return name + (one_in(2) ? " eq null" : " ne null");
      default:
        return name + " " + kComparisons[below(6)] + " " + quoted(value);
    }
  }
  std::string filter(const ResourceType& type, const std::vector<const char*>& properties, int depth) {
    if (depth == 0 || one_in(3)) return comparison(type, properties);
    const auto part = [&] { return filter(type, properties, depth - 1); };
    switch (below(3)) {
      case 0:
        return "not (" + part() + ")";
      case 1:
        return "(" + part() + ") and (" + part() + ")";
      default:
        return "(" + part() + ") or (" + part() + ")";
    }
  }

  // All that the store finds, two at a time.
  std::vector<std::string> found(ObjectKind kind, const SearchableFilter& part, const std::string& order,
                                 bool descending) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
          directory::Search search{.where = part.where,
                                   .order_by = order,
                                   .descending = descending,
                                   .after = std::nullopt,
                                   .limit = 40,
                                   .now = kNow};
          std::vector<std::string> ids;
          while (true) {
            const auto places = TRY(directory::search(tx, kTenant, kind, search));
            for (const auto& place : places) ids.push_back(place.id.value);
            if (places.size() < search.limit) return ids;
            search.after = places.back();
          }
        })
        .value();
  }

  std::vector<json::Object> everything(ObjectKind kind) {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::vector<json::Object>> {
          std::vector<directory::ObjectId> ids;
          directory::Search search{.where = std::nullopt, .order_by = "id", .limit = 1000, .now = kNow};
          for (const auto& place : TRY(directory::search(tx, kTenant, kind, search))) ids.push_back(place.id);
          std::vector<json::Object> items;
          if (kind == ObjectKind::device)
            for (const auto& device : directory::devices_with_ids(tx, kTenant, ids))
              items.push_back(to_json(device, kNow));
          else
            for (const auto& user : directory::users_with_ids(tx, kTenant, ids)) items.push_back(to_json(user));
          return items;
        })
        .value();
  }

  void agree(ObjectKind kind, const ResourceType& type, const std::vector<const char*>& properties,
             const std::vector<const char*>& orders, int rounds) {
    const std::vector<json::Object> all = everything(kind);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(kObjects));
    int complete = 0;
    for (int round = 0; round < rounds; ++round) {
      random_.seed(static_cast<unsigned>(round) + 1);
      const std::string written = filter(type, properties, 3);
      const auto parsed = Filter::parse(written, type);
      ASSERT_TRUE(parsed.ok()) << written << ": " << parsed.failure().message;
      const SearchableFilter part = searchable_part(*parsed, kind);
      complete += part.is_complete;
      const std::string order = orders[below(static_cast<unsigned>(orders.size()))];
      const std::vector<std::string> ids = found(kind, part, order, one_in(2));
      const std::set<std::string> distinct(ids.begin(), ids.end());
      ASSERT_EQ(distinct.size(), ids.size()) << written << " by " << order;
      int matches = 0;
      for (const json::Object& item : all) {
        const std::string id(item.at("id").as_string());
        const bool is_match = parsed->matches(item);
        matches += is_match;
        const bool is_found = distinct.contains(id);
        ASSERT_TRUE(is_found || !is_match) << written << " misses " << json::to_text(item);
        ASSERT_TRUE(!part.is_complete || is_found == is_match) << written << " is wrong about " << json::to_text(item);
      }
      if (part.is_complete) {
        const auto count = store_->read([&](store::Transaction& tx) -> Result<std::int64_t> {
          return directory::count(tx, kTenant, kind, part.where, kNow);
        });
        ASSERT_EQ(*count, matches) << written;
      }
    }
    EXPECT_GT(complete, rounds / 4);
  }

  std::unique_ptr<store::Store> store_;
  std::minstd_rand random_;
};

TEST_P(FilterSearch, DevicesAreFoundAsTheFilterSays) {
  agree(ObjectKind::device, device_type(),
        {"displayName", "operatingSystem", "model", "deviceId", "id", "accountEnabled", "isCompliant", "isManaged",
         "approximateLastSignInDateTime", "registrationDateTime", "complianceExpirationDateTime"},
        {"", "displayName", "id", "approximateLastSignInDateTime", "operatingSystem"}, 700);
}

TEST_P(FilterSearch, UsersAreFoundAsTheFilterSays) {
  agree(ObjectKind::user, user_type(),
        {"displayName", "userPrincipalName", "mail", "id", "city", "accountEnabled", "createdDateTime"},
        {"", "displayName", "userPrincipalName", "createdDateTime"}, 500);
}

// What else the directory asks of a store: memberships that follow a rule, and changes in their order.
TEST_P(FilterSearch, MembershipsAndChangesAreKept) {
  const directory::ObjectId group{"bbbbbbbb-0000-0000-0000-000000000001"};
  const auto write = [&](auto body) {
    const Status status = store_->write([&](store::Transaction& tx) -> Status { return body(tx); });
    ASSERT_TRUE(status.ok()) << status.failure().message;
  };
  write([&](store::Transaction& tx) {
    return directory::create_group(
        tx, kTenant, {.id = group, .display_name = "Enabled", .membership_rule = "user.accountEnabled -eq true"}, {},
        kNow);
  });
  std::int64_t position = 0;
  bool is_done = false;
  for (int round = 0; round < 50 && !is_done; ++round) {
    write([&](store::Transaction& tx) {
      directory::process_memberships(tx, kTenant, kNow, 40);
      is_done = directory::membership_work(tx, kTenant, kNow).is_done;
      position = directory::safe_position(tx, kTenant, ObjectKind::user, kNow + hours{1});
      return done();
    });
  }
  ASSERT_TRUE(is_done);
  std::size_t enabled = 0;
  for (const json::Object& user : everything(ObjectKind::user)) enabled += user.at("accountEnabled").as_bool();
  const auto members = [&] {
    return store_
        ->read([&](store::Transaction& tx) -> Result<std::size_t> {
          return directory::members(tx, kTenant, group).size();
        })
        .value();
  };
  EXPECT_EQ(members(), enabled);

  const std::string id = everything(ObjectKind::user)[0].at("id").as_string().c_str();
  write([&](store::Transaction& tx) -> Status {
    directory::User user = *directory::find_user(tx, kTenant, {id});
    enabled -= user.account_enabled;
    TRY(directory::delete_user(tx, kTenant, {id}, {}, kNow + hours{1}));
    return done();
  });
  EXPECT_EQ(members(), enabled);
  write([&](store::Transaction& tx) {
    const auto changes = directory::changes_after(tx, kTenant, ObjectKind::user, position, 10);
    EXPECT_EQ(changes.size(), 1U);
    EXPECT_TRUE(!changes.empty() && changes[0].removed && changes[0].id.value == id);
    // Where several write, what is younger than a minute is told again.
    const bool has_one_writer = tx.lock_rows().empty();
    const std::int64_t now = directory::safe_position(tx, kTenant, ObjectKind::user, kNow + hours{1});
    EXPECT_EQ(now == position, !has_one_writer);
    EXPECT_GT(directory::safe_position(tx, kTenant, ObjectKind::user, kNow + hours{2}), position);
    directory::trim_changes(tx, kTenant, kNow + hours{1} + directory::kRemovalsRemembered + seconds{1});
    EXPECT_TRUE(directory::changes_after(tx, kTenant, ObjectKind::user, position, 10).empty());
    return done();
  });
}

INSTANTIATE_TEST_SUITE_P(Stores, FilterSearch, ::testing::Values("sqlite", "postgresql"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace wardbridge::graph
