#include "tenant/oauth/oauth_fixture.h"
#include "tenant/oauth/pending_sign_ins.h"

namespace wardbridge::oauth {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kChosen = "Tomatoes-are-1-fruit";

class NewPassword : public OAuthTest {
 protected:
  void must_change(bool must = true) {
    Status marked = store_->write([&](store::Transaction& tx) -> Status {
      directory::User user = stored(tx);
      user.must_change_password = must;
      return directory::update_user(tx, kContoso, user, {}, kNow);
    });
    ASSERT_TRUE(marked.ok()) << marked.failure().message;
  }
  directory::User stored(store::Transaction& tx) const { return *directory::find_user(tx, kContoso, amina_.id); }
  directory::User stored() {
    return store_->read([&](store::Transaction& tx) -> Result<directory::User> { return stored(tx); }).value();
  }
  http::Response choose(const http::Response& page, const std::string& password, const std::string& repeated) {
    return answer_form(page, {{"newpasswd", password}, {"repeated", repeated}});
  }
  http::Response choose(const http::Response& page, const std::string& password) {
    return choose(page, password, password);
  }
};

TEST_F(NewPassword, WhoMustChangeItIsAskedAndThenSignedIn) {
  must_change();
  http::Response page = log_in(authorize(mac_asks()));
  ASSERT_EQ(page.status, 200) << page.body;
  EXPECT_THAT(page.body, HasSubstr("Choose a new password"));
  EXPECT_THAT(page.body, HasSubstr("autocomplete=\"new-password\""));
  EXPECT_FALSE(has_session());
  http::Response redirect = choose(page, kChosen);
  ASSERT_EQ(redirect.status, 303) << redirect.body;
  EXPECT_EQ(token(redemption(answer_member(redirect, "code"))).status, 200);
  EXPECT_FALSE(stored().must_change_password);
  // From now on the new one counts, and nobody is asked again.
  EXPECT_EQ(number_of(log_in(authorize(mac_asks()))), 50126);
  EXPECT_EQ(log_in(authorize(mac_asks()), kChosen).status, 303);
}

TEST_F(NewPassword, WhatIsNoGoodIsRefusedAndAskedForAgain) {
  must_change();
  http::Response page;
  for (const auto& [password, repeated, number] : {std::tuple{"Tomatoes-1", "Tomatoes-2", 120020},
                                                   {"short-1A", "short-1a", 120020},
                                                   {"Short-1", "Short-1", 120002},
                                                   {"My-amina-1", "My-amina-1", 120003},
                                                   {"", "", 120002}}) {
    // A sign-in bears five wrong answers; each here begins anew.
    page = log_in(authorize(mac_asks()));
    http::Response again = choose(page, password, repeated);
    EXPECT_EQ(number_of(again), number) << password;
    EXPECT_THAT(again.body, HasSubstr("Choose a new password"));
    EXPECT_THAT(again.body, Not(HasSubstr("value=\"" + std::string(password) + "\"")));
  }
  EXPECT_EQ(choose(page, kChosen).status, 303) << "after a mistake";
}

TEST_F(NewPassword, TheOldOneIsNoNewOneAndTriesAreCounted) {
  Status set = store_->write([&](store::Transaction& tx) -> Status {
    directory::User user = stored(tx);
    user.password_hash = crypto::hash_password(kChosen, entropy_, {.memory_kib = 64, .passes = 1});
    user.must_change_password = true;
    return directory::update_user(tx, kContoso, user, {}, kNow);
  });
  ASSERT_TRUE(set.ok());
  http::Response page = log_in(authorize(mac_asks()), kChosen);
  for (int i = 0; i < kAttempts; ++i) EXPECT_EQ(number_of(choose(page, kChosen)), 120020);
  EXPECT_EQ(number_of(choose(page, "Another-1-of-them")), 50089);
}

TEST_F(NewPassword, OneSignInChangesItOnce) {
  must_change();
  http::Response page = log_in(authorize(mac_asks()));
  EXPECT_EQ(choose(page, kChosen).status, 303);
  EXPECT_EQ(number_of(choose(page, "Another-1-of-them")), 50089);
  // Somebody reset it while the page was open: what was proved then counts no more.
  must_change();
  page = log_in(authorize(mac_asks()), kChosen);
  Status reset = store_->write([&](store::Transaction& tx) -> Status {
    directory::User user = stored(tx);
    user.password_hash = crypto::hash_password(kPassword, entropy_, {.memory_kib = 64, .passes = 1});
    return directory::update_user(tx, kContoso, user, {}, kNow);
  });
  ASSERT_TRUE(reset.ok());
  EXPECT_EQ(number_of(choose(page, "Another-1-of-them")), 50089);
}

TEST_F(NewPassword, NothingElseLetsInMeanwhile) {
  const text::Form offline = with(mac_asks(), "scope", "api://payroll/Pay.Read openid offline_access");
  const json::Object body = object_of(token(redemption(answer_member(sign_in(offline), "code"))));
  must_change();
  // A program is told, and asks a person.
  http::Response told = log_in(authorize(mac_asks()), kPassword, {{"Accept", "application/json"}});
  EXPECT_EQ(number_of(told), 50055);
  EXPECT_THAT(told.body, HasSubstr("in a browser"));
  EXPECT_EQ(number_of(token({{"grant_type", "refresh_token"},
                             {"client_id", kPayrollMac.value},
                             {"refresh_token", std::string(*json::text_at(body, "refresh_token"))}})),
            50055);
}

TEST_F(NewPassword, ASessionOfBeforeDoesNotGoOn) {
  ASSERT_EQ(sign_in(mac_asks()).status, 303);
  ASSERT_TRUE(has_session());
  must_change();
  EXPECT_EQ(number_of(authorize_again(with(mac_asks(), "prompt", "none"))), 50058);
  EXPECT_THAT(authorize_again(mac_asks()).body, HasSubstr("name=\"passwd\""));
}

}  // namespace
}  // namespace wardbridge::oauth
