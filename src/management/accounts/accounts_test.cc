#include "management/accounts/accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/crypto/crypto.h"
#include "support/empty_store.h"

namespace wardbridge::accounts {
namespace {

class AccountsTest : public ::testing::Test {
 protected:
  AccountsTest() : store_(test_support::empty_store()) {
    const store::Schema schemas[] = {audit::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
  }

  template <class Body>
  auto write(Body body) {
    return store_->write(body);
  }

  void make_account(std::string name, PrivilegeSet set, std::vector<std::string> privileges = {}, bool enabled = true) {
    std::string hash = crypto::hash_password("correct horse", entropy_, {.memory_kib = 1024, .passes = 1});
    Account account{
        .username = std::move(name), .privilege_set = set, .privileges = std::move(privileges), .enabled = enabled};
    ASSERT_TRUE(write([&](store::Transaction& tx) { return create_account(tx, account, hash, by_, now_); }).ok());
  }

  ClientCredentials make_client(std::vector<std::string> privileges, std::int64_t lifetime_seconds = 60) {
    return *write([&](store::Transaction& tx) -> Result<ClientCredentials> {
      ApiRole role{.display_name = "role " + std::to_string(++count_), .privileges = privileges};
      role.id = TRY(create_role(tx, role, by_, now_));
      ApiIntegration integration{.display_name = "client " + std::to_string(count_),
                                 .access_token_lifetime_seconds = lifetime_seconds,
                                 .roles = {role.id}};
      integration_ = TRY(create_integration(tx, integration, by_, now_));
      return make_credentials(tx, integration_, entropy_, by_, now_);
    });
  }

  SystemEntropy entropy_;
  std::unique_ptr<store::Store> store_;
  audit::Actor by_{.name = "test"};
  Time now_ = from_unix_seconds(1'800'000'000);
  int count_ = 0;
  IntegrationId integration_;
};

TEST_F(AccountsTest, AnAccountLogsInWithItsPasswordOnly) {
  make_account("Admin", PrivilegeSet::administrator);
  auto token = log_in(*store_, entropy_, "admin", "correct horse", now_);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->expires, now_ + kUserTokenLife);
  EXPECT_EQ(log_in(*store_, entropy_, "admin", "wrong", now_).failure().reason, "bad_credentials");
  EXPECT_EQ(log_in(*store_, entropy_, "nobody", "correct horse", now_).failure().reason, "bad_credentials");
}

TEST_F(AccountsTest, ADisabledAccountCannotLogIn) {
  make_account("gone", PrivilegeSet::administrator, {}, false);
  EXPECT_EQ(log_in(*store_, entropy_, "gone", "correct horse", now_).failure().reason, "bad_credentials");
}

TEST_F(AccountsTest, ATokenExpires) {
  make_account("admin", PrivilegeSet::administrator);
  auto token = log_in(*store_, entropy_, "admin", "correct horse", now_);
  EXPECT_TRUE(authenticate(*store_, token->text, now_ + kUserTokenLife - Duration{1}).ok());
  EXPECT_EQ(authenticate(*store_, token->text, now_ + kUserTokenLife).failure().reason, "bad_token");
}

TEST_F(AccountsTest, PrivilegesAreThoseOfTheSet) {
  make_account("admin", PrivilegeSet::administrator);
  make_account("auditor", PrivilegeSet::auditor);
  make_account("desk", PrivilegeSet::custom, {"Read Computers"});
  auto caller_of = [&](const char* name) {
    return *authenticate(*store_, log_in(*store_, entropy_, name, "correct horse", now_)->text, now_);
  };
  EXPECT_TRUE(caller_of("admin").may("Delete Computers"));
  EXPECT_TRUE(caller_of("auditor").may("Read Computers"));
  EXPECT_FALSE(caller_of("auditor").may("Update Computers"));
  EXPECT_TRUE(caller_of("desk").may("Read Computers"));
  EXPECT_FALSE(caller_of("desk").may("Read Accounts"));
}

TEST_F(AccountsTest, KeepAliveReplacesTheToken) {
  make_account("admin", PrivilegeSet::administrator);
  auto first = log_in(*store_, entropy_, "admin", "correct horse", now_);
  auto second = keep_alive(*store_, entropy_, first->text, now_ + minutes{20});
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(authenticate(*store_, first->text, now_ + minutes{20}).ok());
  EXPECT_TRUE(authenticate(*store_, second->text, now_ + minutes{40}).ok());
}

TEST_F(AccountsTest, AnInvalidatedTokenIsGone) {
  make_account("admin", PrivilegeSet::administrator);
  auto token = log_in(*store_, entropy_, "admin", "correct horse", now_);
  ASSERT_TRUE(invalidate(*store_, token->text).ok());
  EXPECT_FALSE(authenticate(*store_, token->text, now_).ok());
}

TEST_F(AccountsTest, AClientHasThePrivilegesOfItsRolesForItsLifetime) {
  auto credentials = make_client({"Read Computers", "Update Computers"}, 60);
  auto token = log_in_client(*store_, entropy_, credentials.client_id, credentials.client_secret, now_);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->expires, now_ + seconds{60});
  auto caller = authenticate(*store_, token->text, now_);
  EXPECT_TRUE(caller->may("Update Computers"));
  EXPECT_FALSE(caller->may("Delete Computers"));
  EXPECT_EQ(keep_alive(*store_, entropy_, token->text, now_).failure().reason, "bad_token");
}

TEST_F(AccountsTest, MakingCredentialsAgainRotatesTheSecretAndEndsTokens) {
  auto old = make_client({"Read Computers"});
  auto token = log_in_client(*store_, entropy_, old.client_id, old.client_secret, now_);
  auto fresh = *write([&](store::Transaction& tx) { return make_credentials(tx, integration_, entropy_, by_, now_); });
  EXPECT_EQ(fresh.client_id, old.client_id);
  EXPECT_FALSE(log_in_client(*store_, entropy_, old.client_id, old.client_secret, now_).ok());
  EXPECT_FALSE(authenticate(*store_, token->text, now_).ok());
  EXPECT_TRUE(log_in_client(*store_, entropy_, fresh.client_id, fresh.client_secret, now_).ok());
}

TEST_F(AccountsTest, ARoleThatIsNarrowedCountsAtOnce) {
  auto credentials = make_client({"Read Computers", "Delete Computers"});
  auto token = log_in_client(*store_, entropy_, credentials.client_id, credentials.client_secret, now_);
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
                ApiRole role = roles(tx).front();
                role.privileges = {"Read Computers"};
                return replace_role(tx, role, by_, now_);
              }).ok());
  EXPECT_FALSE(authenticate(*store_, token->text, now_)->may("Delete Computers"));
}

TEST_F(AccountsTest, UnknownPrivilegesAndDuplicatesAreRefused) {
  auto create = [&](ApiRole role) {
    return write([&](store::Transaction& tx) { return create_role(tx, role, by_, now_); });
  };
  EXPECT_EQ(create({.display_name = "a", .privileges = {"Fly"}}).failure().reason, "unknown_privilege");
  EXPECT_TRUE(create({.display_name = "a"}).ok());
  EXPECT_EQ(create({.display_name = "a"}).failure().reason, "already_exists");
  EXPECT_EQ(create({.display_name = " "}).failure().reason, "missing_field");
}

TEST_F(AccountsTest, ARoleInUseStays) {
  make_client({"Read Computers"});
  auto status = write([&](store::Transaction& tx) { return remove_role(tx, roles(tx).front().id, by_, now_); });
  EXPECT_EQ(status.failure().reason, "has_dependencies");
}

TEST_F(AccountsTest, EveryChangeHasItsAuditRow) {
  make_client({"Read Computers"});
  auto actions = *store_->read([](store::Transaction& tx) -> Result<std::vector<std::string>> {
    std::vector<std::string> found;
    for (const auto& stored : audit::list(tx, "", "", 10))
      found.push_back(stored.entry.action + " " + stored.entry.object_type);
    return found;
  });
  EXPECT_THAT(actions, ::testing::ElementsAre("update API Integration", "create API Integration", "create API Role"));
}

TEST_F(AccountsTest, NoSecretIsStoredInClear) {
  auto credentials = make_client({"Read Computers"});
  auto token = log_in_client(*store_, entropy_, credentials.client_id, credentials.client_secret, now_);
  auto dump = *store_->read([](store::Transaction& tx) -> Result<std::string> {
    std::string all;
    for (const auto& row : tx.query("SELECT secret_hash FROM account_api_integration")) all += row.text(0);
    for (const auto& row : tx.query("SELECT token_hash FROM account_token")) all += row.text(0);
    return all;
  });
  EXPECT_EQ(dump.find(credentials.client_secret), std::string::npos);
  EXPECT_EQ(dump.find(token->text), std::string::npos);
}

TEST_F(AccountsTest, ExpiredTokensAreForgotten) {
  make_account("admin", PrivilegeSet::administrator);
  ASSERT_TRUE(log_in(*store_, entropy_, "admin", "correct horse", now_).ok());
  auto forgotten =
      write([&](store::Transaction& tx) -> Result<std::int64_t> { return forget_expired_tokens(tx, now_ + hours{1}); });
  EXPECT_EQ(*forgotten, 1);
}

}  // namespace
}  // namespace wardbridge::accounts
