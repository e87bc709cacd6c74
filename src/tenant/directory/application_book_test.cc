#include "tenant/directory/application_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tenant/directory/consent.h"
#include "tenant/directory/credentials.h"

namespace wardbridge::directory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Time kBookDay = parse_iso8601("2026-11-23T12:00:00Z").value();
const TenantId kHomeTenant{"11111111-1111-4111-8111-111111111111"};
const TenantId kOtherTenant{"22222222-2222-4222-8222-222222222222"};
const AppId kKnownClient{"aaaaaaaa-0000-4000-8000-000000000001"};
const AppId kKnownResource{"aaaaaaaa-0000-4000-8000-000000000002"};
const AppId kVisitor{"aaaaaaaa-0000-4000-8000-000000000003"};  // registered there, for any tenant
const AppId kPrivate{"aaaaaaaa-0000-4000-8000-000000000004"};  // registered there, for there
constexpr const char* kRole = "bbbbbbbb-0000-4000-8000-000000000001";

class ApplicationBookTest : public testing::Test {
 protected:
  ApplicationBookTest() {
    const store::Schema schemas[] = {audit::kSchema, kSchema};
    EXPECT_TRUE(store_->migrate(schemas).ok());
    change([](store::Transaction& tx) -> Status {
      TRY(create_tenant(tx, {kHomeTenant, "Here", {"here.example", "also.example"}, kBookDay}));
      TRY(create_tenant(tx, {kOtherTenant, "There", {"there.example"}, kBookDay}));
      TRY(add(tx, kHomeTenant, {.app_id = kKnownClient, .display_name = "Client"}));
      TRY(add(tx, kHomeTenant,
              {.app_id = kKnownResource,
               .display_name = "Resource",
               .identifier_uris = {"api://Resource/"},
               .app_roles = {{.id = kRole, .value = "Things.Read", .display_name = "Read things"}}}));
      TRY(add(tx, kOtherTenant,
              {.app_id = kVisitor,
               .display_name = "Visitor",
               .sign_in_audience = "AzureADMultipleOrgs",
               .identifier_uris = {"api://visitor", "api://resource"}}));
      TRY(add(tx, kOtherTenant, {.app_id = kPrivate, .display_name = "Private"}));
      for (const AppId& app : {kVisitor, kPrivate})
        TRY(create_service_principal(tx, kHomeTenant, principal(app, 9), {}, kBookDay));
      return done();
    });
  }

  static ServicePrincipal principal(const AppId& app, int number) {
    std::string id = app.value;
    id[0] = static_cast<char>('0' + number);
    return {.id = {id}, .app_id = app, .display_name = "Principal"};
  }
  static Status add(store::Transaction& tx, const TenantId& tenant, Application application) {
    application.id.value = application.app_id.value;
    application.id.value[0] = tenant == kHomeTenant ? '3' : '4';
    TRY(create_application(tx, tenant, application, {}, kBookDay));
    return create_service_principal(tx, tenant, principal(application.app_id, tenant == kHomeTenant ? 5 : 6), {},
                                    kBookDay);
  }
  static Credential secret(const std::string& id) {
    return {.key_id = id, .secret_hash = "hash of " + id, .start = kBookDay};
  }
  void change(const std::function<Status(store::Transaction&)>& body) {
    Status status = store_->write(body);
    EXPECT_TRUE(status.ok()) << status.failure().message;
  }
  // What a book says that has remembered everything so far, of which nothing may be old.
  const KnownApplication* now(const AppId& app) {
    view_ = book_.of("here.example").value();
    return view_->find(app.value);
  }

  std::unique_ptr<store::Store> store_ = store::open_sqlite({.path = ":memory:"}).value();
  ApplicationBook book_{*store_};
  ApplicationBook::View view_;
};

TEST_F(ApplicationBookTest, KnowsTheTenantByItsIdAndItsDomains) {
  for (const char* name : {"here.example", "ALSO.example", "11111111-1111-4111-8111-111111111111"})
    EXPECT_EQ(book_.of(name).value()->tenant(), kHomeTenant) << name;
  EXPECT_EQ(book_.of("nowhere.example").value(), nullptr);
  EXPECT_EQ(book_.of("").value(), nullptr);
}

TEST_F(ApplicationBookTest, EveryChangeShowsAtOnce) {
  EXPECT_THAT(now(kKnownClient)->credentials, IsEmpty());
  change([](auto& tx) { return add_credential(tx, kHomeTenant, kKnownClient, secret("one"), {}, kBookDay); });
  ASSERT_EQ(now(kKnownClient)->credentials.size(), 1U);
  EXPECT_EQ(now(kKnownClient)->credentials.front().secret_hash, "hash of one");
  change([](auto& tx) {
    return remove_credential(tx, kHomeTenant, kKnownClient, "one", Credential::Kind::secret, {}, kBookDay);
  });
  EXPECT_THAT(now(kKnownClient)->credentials, IsEmpty());

  change([](auto& tx) { return grant_app_role(tx, kHomeTenant, kKnownClient, kKnownResource, kRole, {}, kBookDay); });
  EXPECT_THAT(now(kKnownClient)->roles_on(kKnownResource), ElementsAre("Things.Read"));
  change([](auto& tx) -> Status {
    Application renamed = *find_application(tx, kHomeTenant, kKnownResource);
    renamed.app_roles.front().value = "Things.Look";
    return update_application(tx, kHomeTenant, renamed, {}, kBookDay);
  });
  EXPECT_THAT(now(kKnownClient)->roles_on(kKnownResource), ElementsAre("Things.Look"));
  change(
      [](auto& tx) { return withdraw_app_role(tx, kHomeTenant, kKnownClient, kKnownResource, kRole, {}, kBookDay); });
  EXPECT_THAT(now(kKnownClient)->roles_on(kKnownResource), IsEmpty());

  change([](auto& tx) { return enable_service_principal(tx, kHomeTenant, kKnownClient, false, {}, kBookDay); });
  EXPECT_FALSE(now(kKnownClient)->principal.account_enabled);
  change([](auto& tx) { return delete_service_principal(tx, kHomeTenant, kKnownClient, {}, kBookDay); });
  EXPECT_EQ(now(kKnownClient), nullptr);
  change([](auto& tx) { return create_service_principal(tx, kHomeTenant, principal(kKnownClient, 7), {}, kBookDay); });
  EXPECT_NE(now(kKnownClient), nullptr);
  change([](auto& tx) { return delete_application(tx, kHomeTenant, kKnownClient, {}, kBookDay); });
  EXPECT_EQ(now(kKnownClient), nullptr);

  EXPECT_EQ(book_.of("new.example").value(), nullptr);
  change([](auto& tx) {
    return create_tenant(tx, {{"33333333-3333-4333-8333-333333333333"}, "New", {"new.example"}, kBookDay});
  });
  EXPECT_NE(book_.of("new.example").value(), nullptr);
}

TEST_F(ApplicationBookTest, OfOtherTenantsOnlyWhatIsForAnyAndPresentIsKnown) {
  ASSERT_NE(now(kVisitor), nullptr);
  EXPECT_EQ(now(kVisitor)->home, kOtherTenant);
  EXPECT_EQ(now(kVisitor)->principal.id, principal(kVisitor, 9).id);
  EXPECT_EQ(now(kPrivate), nullptr);
  EXPECT_EQ(book_.of("there.example").value()->find(kKnownClient.value), nullptr);
  // A secret that is added at its home is good here, too, at once.
  change([](auto& tx) { return add_credential(tx, kOtherTenant, kVisitor, secret("two"), {}, kBookDay); });
  EXPECT_EQ(now(kVisitor)->credentials.size(), 1U);
  change([](auto& tx) -> Status {
    Application closed = *find_application(tx, kOtherTenant, kVisitor);
    closed.sign_in_audience = "AzureADMyOrg";
    return update_application(tx, kOtherTenant, closed, {}, kBookDay);
  });
  EXPECT_EQ(now(kVisitor), nullptr);
}

TEST_F(ApplicationBookTest, AResourceIsFoundByIdAndUriAndNobodyTakesTheTenantsOwn) {
  now(kKnownResource);
  for (const std::string& name :
       {std::string("api://resource"), std::string("API://Resource//"), kKnownResource.value}) {
    const KnownApplication* found = view_->find_resource(name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->application.app_id, kKnownResource);
  }
  EXPECT_EQ(view_->find_resource("api://visitor")->application.app_id, kVisitor);
  EXPECT_EQ(view_->find_resource("api://"), nullptr);
  EXPECT_EQ(view_->find_resource(""), nullptr);
  // Not present: its name is still not free.
  change([](auto& tx) { return delete_service_principal(tx, kHomeTenant, kKnownResource, {}, kBookDay); });
  now(kKnownResource);
  EXPECT_EQ(view_->find_resource("api://resource"), nullptr);
}

// The store and the memory must never differ in what a name means.
TEST_F(ApplicationBookTest, NamesMeanTheSameWithoutTheBook) {
  const TenantId third{"33333333-3333-4333-8333-333333333333"};
  const AppId twin{"aaaaaaaa-0000-4000-8000-000000000005"};
  change([&](auto& tx) -> Status {
    TRY(create_tenant(tx, {third, "Third", {"third.example"}, kBookDay}));
    TRY(add(tx, third,
            {.app_id = twin,
             .display_name = "Twin",
             .sign_in_audience = "AzureADMultipleOrgs",
             .identifier_uris = {"api://twin", "api://resource", "api://visitor"}}));
    return create_service_principal(tx, kHomeTenant, principal(twin, 8), {}, kBookDay);
  });
  const ApplicationBook::View view = book_.of("here.example").value();
  for (const std::string& name :
       {std::string("api://resource"), std::string("API://visitor/"), std::string("api://twin"), std::string("api://"),
        std::string(), kKnownClient.value, kKnownResource.value, kVisitor.value, kPrivate.value, twin.value}) {
    const KnownApplication* known = view->find_resource(name);
    const auto stored = store_
                            ->read([&](store::Transaction& tx) -> Result<std::optional<Application>> {
                              return find_resource(tx, kHomeTenant, name);
                            })
                            .value();
    ASSERT_EQ(known != nullptr, stored.has_value()) << name;
    EXPECT_TRUE(!known || known->application.app_id == stored->app_id) << name;
  }
  EXPECT_EQ(view->find_resource("api://visitor"), nullptr) << "two have it";
}

TEST_F(ApplicationBookTest, APermissionOnAForeignResourceIsGrantedAndCarried) {
  change([](auto& tx) -> Status {
    Application visitor = *find_application(tx, kOtherTenant, kVisitor);
    visitor.app_roles = {{.id = kRole, .value = "Visits.Read", .display_name = "Read visits"}};
    return update_application(tx, kOtherTenant, visitor, {}, kBookDay);
  });
  change([](auto& tx) { return grant_app_role(tx, kHomeTenant, kKnownClient, kVisitor, kRole, {}, kBookDay); });
  EXPECT_THAT(now(kKnownClient)->roles_on(kVisitor), ElementsAre("Visits.Read"));
  change([](auto& tx) { return withdraw_app_role(tx, kHomeTenant, kKnownClient, kVisitor, kRole, {}, kBookDay); });
  EXPECT_THAT(now(kKnownClient)->roles_on(kVisitor), IsEmpty());
}

TEST_F(ApplicationBookTest, WhatNobodyWroteSinceIsKnownWithoutTheStore) {
  EXPECT_EQ(book_.remembered("here.example"), nullptr);
  const ApplicationBook::View first = book_.of("here.example").value();
  EXPECT_EQ(book_.remembered("also.example"), first);
  EXPECT_EQ(book_.remembered("there.example"), nullptr);
  // A write of something else: looked at again, and found to be the same.
  change([](auto& tx) {
    return create_user(tx, kHomeTenant, {.id = {"u"}, .user_principal_name = "a@here.example"}, {}, kBookDay);
  });
  EXPECT_EQ(book_.remembered("here.example"), nullptr);
  EXPECT_EQ(book_.of("here.example").value(), first);
  EXPECT_EQ(book_.remembered("here.example"), first);
  // Another book of the same store is told by the revision.
  ApplicationBook other(*store_);
  EXPECT_TRUE(other.of("here.example").value()->find(kKnownClient.value)->credentials.empty());
  change([](auto& tx) { return add_credential(tx, kHomeTenant, kKnownClient, secret("one"), {}, kBookDay); });
  EXPECT_EQ(other.of("here.example").value()->find(kKnownClient.value)->credentials.size(), 1U);
  EXPECT_TRUE(first->find(kKnownClient.value)->credentials.empty()) << "a view that was given out stays as it was";
}

}  // namespace
}  // namespace wardbridge::directory
