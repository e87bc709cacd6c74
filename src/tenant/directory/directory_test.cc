#include "tenant/directory/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/empty_store.h"

namespace wardbridge::directory {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TenantId kTenant{"11111111-1111-1111-1111-111111111111"};
const TenantId kOther{"22222222-2222-2222-2222-222222222222"};
const DeviceId kDevice{"dddddddd-0000-0000-0000-000000000001"};
const ObjectId kAnn{"aaaaaaaa-0000-0000-0000-000000000001"};
const AppId kClient{"cccccccc-0000-0000-0000-000000000001"};
const AppId kResource{"cccccccc-0000-0000-0000-000000000002"};
const audit::Actor kAdmin{audit::Actor::Kind::user, "admin", "Admin", ""};
const Time kNow = from_unix_seconds(1'800'000'000);

class Directory : public testing::Test {
 protected:
  void SetUp() override {
    store_ = test_support::empty_store();
    const store::Schema schemas[] = {audit::kSchema, kSchema};
    ASSERT_TRUE(store_->migrate(schemas).ok());
    ASSERT_TRUE(write([](store::Transaction& tx) -> Status {
                  TRY(create_tenant(tx, {kTenant, "Example", {"example.org", "Example.COM"}, kNow}));
                  return create_tenant(tx, {kOther, "Other", {"other.org"}, kNow + seconds{1}});
                }).ok());
  }

  template <class Body>
  Status write(Body body) {
    return store_->write(std::move(body));
  }
  template <class Body>
  auto read(Body body) {
    using Value = std::invoke_result_t<Body, store::Transaction&>;
    return std::move(store_->read([&](store::Transaction& tx) -> Result<Value> { return body(tx); })).value();
  }
  std::vector<std::string> activities(const TenantId& tenant = kTenant) {
    return read([&](store::Transaction& tx) {
      std::vector<std::string> words;
      for (const auto& row : audit_rows(tx, tenant, 1000)) words.push_back(row.entry.action);
      std::reverse(words.begin(), words.end());
      return words;
    });
  }

  static Device mac() {
    Device device;
    device.id = {"eeeeeeee-0000-0000-0000-000000000001"};
    device.device_id = kDevice;
    device.display_name = "Ann's Mac";
    device.operating_system = "macOS";
    device.operating_system_version = "15.1";
    device.registered_owner = kAnn;
    device.registration = kNow;
    return device;
  }
  static Device::Compliance verdict(std::int64_t epoch, std::int64_t sequence, bool compliant = true) {
    return {.is_compliant = compliant,
            .is_managed = true,
            .expiration = kNow + hours{24},
            .mdm_app_id = kIntuneAppId.value,
            .partner_id = "partner-1",
            .epoch = epoch,
            .sequence = sequence,
            .reason = compliant ? "" : "FileVault is off",
            .reported = kEpoch};
  }
  Status add_mac() {
    return write([](store::Transaction& tx) { return create_device(tx, kTenant, mac(), kAdmin, kNow); });
  }
  Result<Applied> apply(const Device::Compliance& compliance, const TenantId& tenant = kTenant) {
    return store_->write(
        [&](store::Transaction& tx) { return set_compliance(tx, tenant, kDevice, compliance, {}, kNow); });
  }
  Device stored_mac() {
    auto found = read([](store::Transaction& tx) { return find_device(tx, kTenant, kDevice); });
    CHECK(found.has_value());
    return *found;
  }

  std::unique_ptr<store::Store> store_;
};

TEST_F(Directory, FindsATenantByIdAndByDomainWithoutCase) {
  const auto by = [&](std::string name) {
    return read([&](store::Transaction& tx) {
      const auto tenant = find_tenant(tx, name);
      return tenant ? tenant->display_name : "nobody";
    });
  };
  EXPECT_EQ(by(kTenant.value), "Example");
  EXPECT_EQ(by("EXAMPLE.org"), "Example");
  EXPECT_EQ(by("example.com"), "Example");
  EXPECT_EQ(by("example.net"), "nobody");
  EXPECT_EQ(by(""), "nobody");
  EXPECT_EQ(read([](store::Transaction& tx) { return tenants(tx).size(); }), 2U);
}

TEST_F(Directory, ADomainBelongsToOneTenantOnly) {
  const TenantId third{"33333333-3333-3333-3333-333333333333"};
  const Status status = write([&](store::Transaction& tx) {
    return create_tenant(tx, {third, "Third", {"third.org", "other.org"}, kNow});
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().reason, "already_exists");
  EXPECT_FALSE(read([&](store::Transaction& tx) { return find_tenant(tx, "third.org").has_value(); }));
}

TEST_F(Directory, ATenantIdIsALowerCaseGuid) {
  for (const char* id : {"", "example", "AAAAAAAA-0000-0000-0000-000000000001"}) {
    const Status status = write([&](store::Transaction& tx) { return create_tenant(tx, {{id}, "X", {}, kNow}); });
    ASSERT_FALSE(status.ok()) << id;
    EXPECT_EQ(status.failure().reason, "bad_tenant_id");
  }
}

TEST_F(Directory, KeepsAUserWhole) {
  const User ann{.id = kAnn,
                 .user_principal_name = "Ann@Example.org",
                 .display_name = "Ann",
                 .given_name = "A",
                 .surname = "N",
                 .mail = "ann@mail",
                 .department = "IT",
                 .job_title = "Admin",
                 .user_type = "Guest",
                 .account_enabled = false,
                 .password_hash = "hash",
                 .created = kNow};
  ASSERT_TRUE(write([&](store::Transaction& tx) { return create_user(tx, kTenant, ann, kAdmin, kNow); }).ok());
  const auto found = read([](store::Transaction& tx) { return find_user_by_name(tx, kTenant, "ann@EXAMPLE.org"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, kAnn);
  EXPECT_EQ(found->user_principal_name, "Ann@Example.org");
  EXPECT_EQ(found->given_name + found->surname + found->mail, "ANann@mail");
  EXPECT_EQ(found->department + found->job_title + found->user_type, "ITAdminGuest");
  EXPECT_FALSE(found->account_enabled);
  EXPECT_EQ(found->password_hash, "hash");
  EXPECT_EQ(found->created, kNow);
  EXPECT_THAT(activities(), ElementsAre("Create company", "Add user"));
}

TEST_F(Directory, UserNamesAreUniqueWithoutCaseInsideATenant) {
  const auto add = [&](const TenantId& tenant, const char* id, const char* name) {
    return write([&](store::Transaction& tx) {
      return create_user(tx, tenant, {.id = {id}, .user_principal_name = name}, kAdmin, kNow);
    });
  };
  ASSERT_TRUE(add(kTenant, "u1", "ann@example.org").ok());
  const Status twice = add(kTenant, "u2", "ANN@example.org");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.failure().reason, "already_exists");
  EXPECT_TRUE(add(kOther, "u1", "ann@example.org").ok());
  EXPECT_FALSE(read([](store::Transaction& tx) { return find_user(tx, kOther, {"u2"}).has_value(); }));
  EXPECT_THAT(activities(), ElementsAre("Create company", "Add user"));
}

TEST_F(Directory, MembershipIsTransitiveAndSurvivesCycles) {
  ASSERT_TRUE(write([](store::Transaction& tx) -> Status {
                TRY(create_user(tx, kTenant, {.id = kAnn, .user_principal_name = "ann"}, kAdmin, kNow));
                for (const char* id : {"g1", "g2", "g3"})
                  TRY(create_group(tx, kTenant, {.id = {id}, .display_name = id}, kAdmin, kNow));
                TRY(add_member(tx, kTenant, {"g1"}, kAnn, kAdmin, kNow));
                TRY(add_member(tx, kTenant, {"g2"}, {"g1"}, kAdmin, kNow));
                return add_member(tx, kTenant, {"g1"}, {"g2"}, kAdmin, kNow);
              }).ok());
  const auto groups_of_ann = [](store::Transaction& tx) { return transitive_groups_of(tx, kTenant, kAnn); };
  EXPECT_THAT(read(groups_of_ann), ElementsAre(ObjectId{"g1"}, ObjectId{"g2"}));
  EXPECT_THAT(read([](store::Transaction& tx) { return transitive_groups_of(tx, kOther, kAnn); }), IsEmpty());
  EXPECT_THAT(read([](store::Transaction& tx) { return members(tx, kTenant, {"g1"}); }),
              ElementsAre(kAnn, ObjectId{"g2"}));

  ASSERT_TRUE(
      write([](store::Transaction& tx) { return remove_member(tx, kTenant, {"g1"}, kAnn, kAdmin, kNow); }).ok());
  EXPECT_THAT(read(groups_of_ann), IsEmpty());
}

TEST_F(Directory, RefusesMembershipOfNothingInNothing) {
  ASSERT_TRUE(write([](store::Transaction& tx) {
                return create_group(tx, kTenant, {.id = {"g1"}, .display_name = "g1"}, kAdmin, kNow);
              }).ok());
  const auto reason = [&](const char* group, const char* member) {
    return write([&](store::Transaction& tx) { return add_member(tx, kTenant, {group}, {member}, kAdmin, kNow); })
        .failure()
        .reason;
  };
  EXPECT_EQ(reason("g2", "g1"), "no_group");
  EXPECT_EQ(reason("g1", "nobody"), "no_object");
  EXPECT_EQ(reason("g1", "G1"), "own_member");
}

TEST_F(Directory, KeepsADeviceAndFindsItEveryWay) {
  ASSERT_TRUE(add_mac().ok());
  EXPECT_EQ(add_mac().failure().reason, "already_exists");
  EXPECT_EQ(stored_mac().display_name, "Ann's Mac");
  EXPECT_FALSE(stored_mac().compliance);
  EXPECT_FALSE(stored_mac().is_compliant_at(kNow));
  EXPECT_TRUE(read([](store::Transaction& tx) {
    return find_device(tx, kTenant, {"DDDDDDDD-0000-0000-0000-000000000001"}).has_value() &&
           find_device_by_object_id(tx, kTenant, mac().id).has_value() &&
           devices_of_user(tx, kTenant, kAnn).size() == 1 && devices(tx, kTenant).size() == 1;
  }));
  EXPECT_TRUE(read([](store::Transaction& tx) {
    return !find_device(tx, kOther, kDevice) && !find_device_by_object_id(tx, kOther, mac().id) &&
           devices(tx, kOther).empty() && devices_of_user(tx, kTenant, {}).empty();
  }));
}

TEST_F(Directory, UpdateCannotReachComplianceOrIds) {
  ASSERT_TRUE(add_mac().ok());
  ASSERT_TRUE(apply(verdict(1, 1, false)).ok());
  Device forged = mac();
  forged.id = {"another"};
  forged.display_name = "Renamed";
  forged.compliance = verdict(9, 9, true);
  ASSERT_TRUE(write([&](store::Transaction& tx) { return update_device(tx, kTenant, forged, kAdmin, kNow); }).ok());
  EXPECT_EQ(stored_mac().display_name, "Renamed");
  EXPECT_EQ(stored_mac().id, mac().id);
  EXPECT_FALSE(stored_mac().compliance->is_compliant);
  EXPECT_EQ(stored_mac().compliance->sequence, 1);
}

TEST_F(Directory, AnUpdateThatChangesNothingLeavesNoAuditRow) {
  ASSERT_TRUE(add_mac().ok());
  ASSERT_TRUE(write([](store::Transaction& tx) { return update_device(tx, kTenant, mac(), kAdmin, kNow); }).ok());
  EXPECT_THAT(activities(), ElementsAre("Create company", "Add device"));
}

TEST_F(Directory, ComplianceMovesOnlyForward) {
  ASSERT_TRUE(add_mac().ok());
  EXPECT_EQ(apply(verdict(1, 5, true)).value(), Applied::applied);
  EXPECT_TRUE(stored_mac().is_compliant_at(kNow));
  EXPECT_EQ(apply(verdict(1, 5, false)).value(), Applied::stale);
  EXPECT_EQ(apply(verdict(1, 4, false)).value(), Applied::stale);
  EXPECT_EQ(apply(verdict(0, 99, false)).value(), Applied::stale);
  EXPECT_TRUE(stored_mac().is_compliant_at(kNow));
  EXPECT_THAT(activities(), ElementsAre("Create company", "Add device", "Update device"));
  EXPECT_EQ(apply(verdict(2, 1, false)).value(), Applied::applied);
  EXPECT_FALSE(stored_mac().is_compliant_at(kNow));
  EXPECT_EQ(stored_mac().compliance->reason, "FileVault is off");
  EXPECT_EQ(stored_mac().compliance->reported, kNow);
}

TEST_F(Directory, WhateverTheOrderOfDeliveryTheNewestVerdictStays) {
  ASSERT_TRUE(add_mac().ok());
  std::vector<Device::Compliance> messages;
  for (std::int64_t epoch = 1; epoch <= 3; ++epoch)
    for (std::int64_t sequence = 1; sequence <= 8; ++sequence)
      messages.push_back(verdict(epoch, sequence, (epoch * 7 + sequence) % 3 == 0));
  const Device::Compliance newest = messages.back();
  std::mt19937 rng(4);
  std::shuffle(messages.begin(), messages.end(), rng);
  for (const auto& message : messages) ASSERT_TRUE(apply(message).ok());
  EXPECT_EQ(stored_mac().compliance->epoch, newest.epoch);
  EXPECT_EQ(stored_mac().compliance->sequence, newest.sequence);
  EXPECT_EQ(stored_mac().compliance->is_compliant, newest.is_compliant);
}

TEST_F(Directory, TheFirstPartnerOwnsTheDevice) {
  ASSERT_TRUE(add_mac().ok());
  ASSERT_TRUE(apply(verdict(1, 1, true)).ok());
  Device::Compliance intruder = verdict(9, 9, false);
  intruder.partner_id = "partner-2";
  const auto refused = apply(intruder);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().code, Code::forbidden);
  EXPECT_EQ(refused.failure().reason, "other_partner");
  EXPECT_TRUE(stored_mac().is_compliant_at(kNow));
  EXPECT_EQ(stored_mac().compliance->partner_id, "partner-1");
}

TEST_F(Directory, ComplianceOfAnUnknownDeviceOrAnotherTenantIsNotFound) {
  EXPECT_EQ(apply(verdict(1, 1)).failure().reason, "no_device");
  ASSERT_TRUE(add_mac().ok());
  EXPECT_EQ(apply(verdict(1, 1), kOther).failure().reason, "no_device");
}

TEST_F(Directory, ExpiredUnmanagedOrDisabledIsNotCompliant) {
  ASSERT_TRUE(add_mac().ok());
  ASSERT_TRUE(apply(verdict(1, 1)).ok());
  EXPECT_TRUE(stored_mac().is_compliant_at(kNow + hours{24} - milliseconds{1}));
  EXPECT_FALSE(stored_mac().is_compliant_at(kNow + hours{24}));

  Device::Compliance unmanaged = verdict(1, 2);
  unmanaged.is_managed = false;
  ASSERT_TRUE(apply(unmanaged).ok());
  EXPECT_FALSE(stored_mac().compliance->is_compliant);

  ASSERT_TRUE(apply(verdict(1, 3)).ok());
  Device disabled = mac();
  disabled.account_enabled = false;
  ASSERT_TRUE(write([&](store::Transaction& tx) { return update_device(tx, kTenant, disabled, kAdmin, kNow); }).ok());
  EXPECT_FALSE(stored_mac().is_compliant_at(kNow));
}

TEST_F(Directory, AReportRefreshesNameAndSystem) {
  ASSERT_TRUE(add_mac().ok());
  const auto applied = store_->write([](store::Transaction& tx) {
    return set_compliance(tx, kTenant, kDevice, verdict(1, 1), {}, kNow, {"New name", "", "15.2"});
  });
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(stored_mac().display_name, "New name");
  EXPECT_EQ(stored_mac().operating_system, "macOS");
  EXPECT_EQ(stored_mac().operating_system_version, "15.2");
}

TEST_F(Directory, DeletingADeviceTakesItsMemberships) {
  ASSERT_TRUE(add_mac().ok());
  ASSERT_TRUE(write([](store::Transaction& tx) -> Status {
                TRY(create_group(tx, kTenant, {.id = {"g1"}, .display_name = "Macs"}, kAdmin, kNow));
                TRY(add_member(tx, kTenant, {"g1"}, mac().id, kAdmin, kNow));
                return delete_device(tx, kTenant, kDevice, kAdmin, kNow);
              }).ok());
  EXPECT_TRUE(read([](store::Transaction& tx) {
    return !find_device(tx, kTenant, kDevice) && members(tx, kTenant, {"g1"}).empty();
  }));
  EXPECT_THAT(activities(),
              ElementsAre("Create company", "Add device", "Add group", "Add member to group", "Delete device"));
  const Status again = write([](store::Transaction& tx) { return delete_device(tx, kTenant, kDevice, kAdmin, kNow); });
  EXPECT_EQ(again.failure().reason, "no_device");
}

TEST_F(Directory, SigningInTouchesForwardOnly) {
  ASSERT_TRUE(add_mac().ok());
  for (const Time at : {kNow + hours{2}, kNow + hours{1}})
    ASSERT_TRUE(write([&](store::Transaction& tx) { return touch_device(tx, kTenant, kDevice, at), done(); }).ok());
  EXPECT_EQ(stored_mac().approximate_last_sign_in, kNow + hours{2});
}

Application resource_application() {
  return {.id = {"object-of-resource"},
          .app_id = kResource,
          .display_name = "Partner API",
          .sign_in_audience = "AzureADMyOrg",
          .identifier_uris = {"https://api.example.org/", "api://partner"},
          .web_redirect_uris = {"https://web"},
          .public_client_redirect_uris = {"app://public"},
          .spa_redirect_uris = {"https://spa"},
          .is_public_client = true,
          .app_roles = {{"role-1", "update_device_attributes", "Update"}, {"role-2", "other", "Other"}},
          .scopes = {{"scope-1", "User.Read"}},
          .required = {{kGraphAppId, "permission-1", true}},
          .created = kNow};
}

TEST_F(Directory, KeepsAnApplicationWholeAndFindsItByUri) {
  ASSERT_TRUE(write([](store::Transaction& tx) {
                return create_application(tx, kTenant, resource_application(), kAdmin, kNow);
              }).ok());
  const auto by = [&](std::string name) {
    return read([&](store::Transaction& tx) { return find_resource(tx, kTenant, name).has_value(); });
  };
  for (const char* name : {"https://api.example.org/", "https://api.example.org", "https://api.example.org//",
                           "HTTPS://API.example.org", "api://partner", "CCCCCCCC-0000-0000-0000-000000000002"})
    EXPECT_TRUE(by(name)) << name;
  for (const char* name : {"", "/", "https://api.example", "https://web"}) EXPECT_FALSE(by(name)) << name;

  const auto found = read([](store::Transaction& tx) { return find_application(tx, kTenant, kResource); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->identifier_uris, resource_application().identifier_uris);
  EXPECT_THAT(found->web_redirect_uris, ElementsAre("https://web"));
  EXPECT_THAT(found->public_client_redirect_uris, ElementsAre("app://public"));
  EXPECT_THAT(found->spa_redirect_uris, ElementsAre("https://spa"));
  EXPECT_TRUE(found->is_public_client);
  ASSERT_EQ(found->app_roles.size(), 2U);
  EXPECT_EQ(found->app_roles[0].value, "update_device_attributes");
  EXPECT_EQ(found->scopes.at(0).value, "User.Read");
  EXPECT_EQ(found->required.at(0).resource, kGraphAppId);
  EXPECT_TRUE(found->required.at(0).is_role);
  EXPECT_EQ(found->created, kNow);
}

TEST_F(Directory, AnIdentifierUriBelongsToOneApplication) {
  ASSERT_TRUE(write([](store::Transaction& tx) {
                return create_application(tx, kTenant, resource_application(), kAdmin, kNow);
              }).ok());
  Application second = resource_application();
  second.id = {"second"};
  second.app_id = {"second"};
  second.identifier_uris = {"api://PARTNER/"};
  const Status status =
      write([&](store::Transaction& tx) { return create_application(tx, kTenant, second, kAdmin, kNow); });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().reason, "already_exists");
}

TEST_F(Directory, CredentialsComeBackAndNeverReachTheAuditLog) {
  const Credential secret{.key_id = "key-1",
                          .display_name = "first",
                          .kind = Credential::Kind::secret,
                          .secret_hash = "very-secret-hash",
                          .hint = "abc",
                          .certificate_pem = "",
                          .thumbprint = "",
                          .start = kNow,
                          .end = kNow + hours{24}};
  EXPECT_EQ(write([&](store::Transaction& tx) { return add_credential(tx, kTenant, kResource, secret, kAdmin, kNow); })
                .failure()
                .reason,
            "no_application");
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
                TRY(create_application(tx, kTenant, resource_application(), kAdmin, kNow));
                return add_credential(tx, kTenant, kResource, secret, kAdmin, kNow);
              }).ok());
  const auto found = read([](store::Transaction& tx) { return credentials(tx, kTenant, kResource); });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].secret_hash, "very-secret-hash");
  EXPECT_EQ(found[0].kind, Credential::Kind::secret);
  EXPECT_EQ(found[0].end, kNow + hours{24});
  for (const auto& row : read([](store::Transaction& tx) { return audit_rows(tx, kTenant, 10); }))
    EXPECT_EQ(json::to_text(row.entry.details).find("very-secret"), std::string::npos);
}

TEST_F(Directory, ConsentIsARecordPerClientAndResource) {
  ASSERT_TRUE(write([](store::Transaction& tx) -> Status {
                TRY(create_application(tx, kTenant, resource_application(), kAdmin, kNow));
                TRY(create_service_principal(tx, kTenant, {{"sp"}, kClient, "Client", true}, kAdmin, kNow));
                TRY(grant_app_role(tx, kTenant, kClient, kResource, "ROLE-1", kAdmin, kNow));
                TRY(grant_app_role(tx, kTenant, kClient, kResource, "role-1", kAdmin, kNow));
                TRY(grant_scopes(tx, kTenant, kClient, kResource, "User.Read  profile", kAdmin, kNow));
                return grant_scopes(tx, kTenant, kClient, kResource, "profile", kAdmin, kNow);
              }).ok());
  read([](store::Transaction& tx) {
    EXPECT_THAT(app_roles_of(tx, kTenant, kClient, kResource), ElementsAre("update_device_attributes"));
    EXPECT_THAT(scopes_of(tx, kTenant, kClient, kResource), ElementsAre("User.Read", "profile"));
    EXPECT_THAT(app_roles_of(tx, kTenant, kClient, kGraphAppId), IsEmpty());
    EXPECT_THAT(app_roles_of(tx, kOther, kClient, kResource), IsEmpty());
    EXPECT_THAT(scopes_of(tx, kTenant, kResource, kResource), IsEmpty());
    return 0;
  });
  // What was already granted is no change.
  EXPECT_THAT(activities(), ElementsAre("Create company", "Add application", "Add service principal",
                                        "Add app role assignment to service principal", "Consent to application"));
  const auto grant = [&](const AppId& resource, const char* role) {
    return write(
        [&](store::Transaction& tx) { return grant_app_role(tx, kTenant, kClient, resource, role, kAdmin, kNow); });
  };
  EXPECT_EQ(grant(kResource, "role-9").failure().reason, "no_app_role");
  EXPECT_EQ(grant(kGraphAppId, "role-1").failure().reason, "no_application");
}

TEST_F(Directory, EndpointsAreReplacedWhole) {
  const auto set = [&](std::vector<Endpoint> list) {
    return write([&](store::Transaction& tx) { return set_endpoints(tx, kTenant, kIntuneAppId, list), done(); });
  };
  const auto names = [&] {
    return read([](store::Transaction& tx) {
      std::vector<std::string> found;
      for (const Endpoint& one : endpoints(tx, kTenant, kIntuneAppId)) found.push_back(one.provider_name + one.uri);
      return found;
    });
  };
  ASSERT_TRUE(set({{"e1", "c", "p", "B", "r", "https://b"}, {"e2", "c", "p", "A", "r", "https://a"}}).ok());
  EXPECT_THAT(names(), ElementsAre("Bhttps://b", "Ahttps://a"));
  ASSERT_TRUE(set({{"e3", "c", "p", "C", "r", "https://c"}}).ok());
  EXPECT_THAT(names(), ElementsAre("Chttps://c"));
}

TEST_F(Directory, AuditRowsOfOneTenantAreNotSeenByAnother) {
  ASSERT_TRUE(add_mac().ok());
  EXPECT_THAT(activities(kTenant), ElementsAre("Create company", "Add device"));
  EXPECT_THAT(activities(kOther), ElementsAre("Create company"));
  const auto rows = read([](store::Transaction& tx) { return audit_rows(tx, kTenant, 1); });
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].entry.actor.id, "admin");
  EXPECT_TRUE(rows[0].entry.details.contains("DisplayName"));
  EXPECT_EQ(read([&](store::Transaction& tx) { return audit_rows(tx, kTenant, 9, rows[0].sequence).size(); }), 1U);
}

TEST_F(Directory, AFailedChangeLeavesNeitherChangeNorAuditRow) {
  const Status status = write([](store::Transaction& tx) -> Status {
    TRY(create_device(tx, kTenant, mac(), kAdmin, kNow));
    return invalid("changed_my_mind", "no");
  });
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(activities(), ElementsAre("Create company"));
  EXPECT_FALSE(read([](store::Transaction& tx) { return find_device(tx, kTenant, kDevice).has_value(); }));
}

}  // namespace
}  // namespace wardbridge::directory
