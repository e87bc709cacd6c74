#include <algorithm>

#include "tenant/directory/after_change.h"
#include "tenant/directory/consent.h"
#include "tenant/directory/directory.h"
#include "tenant/directory/documents.h"
#include "tenant/directory/rows.h"
#include "tenant/directory/text_keys.h"

namespace wardbridge::directory {
namespace {

#define USER_COLUMNS                                                                                     \
  "id, user_principal_name, display_name, given_name, surname, mail, department, job_title, user_type, " \
  "account_enabled, password_hash, created, manager_id, details"
#define SELECT_USER "SELECT " USER_COLUMNS " FROM directory_user WHERE tenant_id = ?"

// Of the text properties those that have columns.
constexpr std::array<std::string_view, 8> kColumnTexts{
    "userPrincipalName", "displayName", "givenName", "surname", "mail", "department", "jobTitle", "userType"};
bool has_column(std::string_view property) {
  return std::find(kColumnTexts.begin(), kColumnTexts.end(), property) != kColumnTexts.end();
}

constexpr std::string_view kMustChangePassword = "forceChangePasswordNextSignIn";

json::Object details_of(const User& user) {
  json::Object document;
  for (const UserText& property : user_text_properties())
    if (!has_column(property.name)) keep(document, property.name, user.*property.member);
  for (const UserTexts& property : user_list_properties()) keep(document, property.name, user.*property.member);
  keep(document, "onPremisesExtensionAttributes", user.extension_attributes);
  keep(document, "onPremisesSyncEnabled", user.on_premises_sync_enabled);
  keep(document, "employeeHireDate", user.employee_hire_date);
  keep(document, kMustChangePassword, user.must_change_password ? std::optional(true) : std::nullopt);
  keep(document, "onPremisesLastSyncDateTime", user.on_premises_last_sync);
  return document;
}

User user_from(const store::Row& row) {
  User user;
  user.id = {row.text(0)};
  user.user_principal_name = row.text(1);
  user.display_name = row.text(2);
  user.given_name = row.text(3);
  user.surname = row.text(4);
  user.mail = row.text(5);
  user.department = row.text(6);
  user.job_title = row.text(7);
  user.user_type = row.text(8);
  user.account_enabled = row.flag(9);
  user.password_hash = row.text(10);
  user.created = row.time(11);
  user.manager = {row.text(12)};
  if (row.text(13) == "{}") return user;
  const json::Object details = stored_document(row.text(13));
  for (const UserText& property : user_text_properties())
    if (!has_column(property.name)) user.*property.member = kept_text(details, property.name);
  for (const UserTexts& property : user_list_properties()) user.*property.member = kept_texts(details, property.name);
  user.extension_attributes = kept_attributes(details, "onPremisesExtensionAttributes");
  user.on_premises_sync_enabled = kept_flag(details, "onPremisesSyncEnabled");
  user.employee_hire_date = kept_time(details, "employeeHireDate");
  user.must_change_password = kept_flag(details, kMustChangePassword).value_or(false);
  user.on_premises_last_sync = kept_time(details, "onPremisesLastSyncDateTime");
  return user;
}

json::Object user_differences(const User& before, const User& after) {
  json::Object properties;
  json::Object old_texts = details_of(before);
  json::Object new_texts = details_of(after);
  for (const UserText& property : user_text_properties()) {
    if (!has_column(property.name)) continue;
    keep(old_texts, property.name, before.*property.member);
    keep(new_texts, property.name, after.*property.member);
  }
  note_differences(properties, old_texts, new_texts);
  note(properties, "AccountEnabled", before.account_enabled, after.account_enabled);
  note(properties, "Manager", before.manager.value, id_key(after.manager.value));
  if (before.password_hash != after.password_hash) properties["Password"] = json::Object{{"new", "replaced"}};
  return properties;
}

Change user_change(const char* activity, const User& user, json::Object properties) {
  return {.activity = activity,
          .object_type = "User",
          .object_id = id_key(user.id.value),
          .object_name = user.user_principal_name,
          .properties = std::move(properties)};
}

Failure name_taken(const User& user) {
  return conflict("already_exists", "a user named `" + user.user_principal_name + "` already exists");
}

}  // namespace

const std::vector<UserText>& user_text_properties() {
  static const auto* const kProperties =
      new std::vector<UserText>{{"userPrincipalName", &User::user_principal_name},
                                {"displayName", &User::display_name},
                                {"givenName", &User::given_name},
                                {"surname", &User::surname},
                                {"mail", &User::mail},
                                {"department", &User::department},
                                {"jobTitle", &User::job_title},
                                {"userType", &User::user_type},
                                {"city", &User::city},
                                {"companyName", &User::company_name},
                                {"country", &User::country},
                                {"employeeId", &User::employee_id},
                                {"employeeType", &User::employee_type},
                                {"faxNumber", &User::fax_number},
                                {"mailNickname", &User::mail_nickname},
                                {"mobilePhone", &User::mobile_phone},
                                {"officeLocation", &User::office_location},
                                {"onPremisesDistinguishedName", &User::on_premises_distinguished_name},
                                {"onPremisesDomainName", &User::on_premises_domain_name},
                                {"onPremisesImmutableId", &User::on_premises_immutable_id},
                                {"onPremisesSamAccountName", &User::on_premises_sam_account_name},
                                {"onPremisesSecurityIdentifier", &User::on_premises_security_identifier},
                                {"onPremisesUserPrincipalName", &User::on_premises_user_principal_name},
                                {"passwordPolicies", &User::password_policies},
                                {"postalCode", &User::postal_code},
                                {"preferredLanguage", &User::preferred_language},
                                {"state", &User::state},
                                {"streetAddress", &User::street_address},
                                {"usageLocation", &User::usage_location}};
  return *kProperties;
}

const std::vector<UserTexts>& user_list_properties() {
  static const auto* const kProperties = new std::vector<UserTexts>{{"businessPhones", &User::business_phones},
                                                                    {"otherMails", &User::other_mails},
                                                                    {"proxyAddresses", &User::proxy_addresses}};
  return *kProperties;
}

bool is_strong_password(std::string_view password) {
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_other = [&](char c) { return !is_small(c) && !is_capital(c) && !is_digit(c); };
  const int kinds = std::ranges::any_of(password, is_small) + std::ranges::any_of(password, is_capital) +
                    std::ranges::any_of(password, is_digit) + std::ranges::any_of(password, is_other);
  return password.size() >= 8 && password.size() <= 256 && kinds >= 3;
}

Status create_user(store::Transaction& tx, const TenantId& tenant, const User& user, const audit::Actor& by, Time now) {
  if (tx.execute(
          "INSERT INTO directory_user (tenant_id, principal_key, display_name_key, mail_key, " USER_COLUMNS
          ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
          {tenant.value, text::lower(user.user_principal_name), search_key(user.display_name), search_key(user.mail),
           id_key(user.id.value), user.user_principal_name, user.display_name, user.given_name, user.surname, user.mail,
           user.department, user.job_title, user.user_type, user.account_enabled, user.password_hash, user.created,
           id_key(user.manager.value), json::to_text(details_of(user))}) == 0)
    return name_taken(user);
  record_change(tx, tenant,
                user_change("Add user", user,
                            {{"UserPrincipalName", json::Object{{"new", user.user_principal_name}}},
                             {"AccountEnabled", json::Object{{"new", user.account_enabled}}},
                             {"UserType", json::Object{{"new", user.user_type}}}}),
                by, now);
  after_change(tx, tenant, ObjectKind::user, user.id, now);
  return done();
}

std::optional<User> find_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& id) {
  auto row = tx.query_one(SELECT_USER " AND id = ?", {tenant.value, id_key(id.value)});
  if (!row) return std::nullopt;
  return user_from(*row);
}

std::optional<User> find_user_by_name(store::Transaction& tx, const TenantId& tenant, std::string_view upn) {
  auto row = tx.query_one(SELECT_USER " AND principal_key = ?", {tenant.value, text::lower(upn)});
  if (!row) return std::nullopt;
  return user_from(*row);
}

std::vector<User> users_with_ids(store::Transaction& tx, const TenantId& tenant, const std::vector<ObjectId>& ids) {
  return in_order_of(ids, rows_with_ids(tx, SELECT_USER, tenant, ids), user_from);
}

std::vector<User> direct_reports(store::Transaction& tx, const TenantId& tenant, const ObjectId& manager) {
  std::vector<User> found;
  if (!manager) return found;
  for (const store::Row& row :
       tx.query(SELECT_USER " AND manager_id = ? ORDER BY display_name_key, id", {tenant.value, id_key(manager.value)}))
    found.push_back(user_from(row));
  return found;
}

Status update_user(store::Transaction& tx, const TenantId& tenant, const User& user, const audit::Actor& by, Time now) {
  const auto row =
      tx.query_one(SELECT_USER " AND id = ?" + std::string(tx.lock_rows()), {tenant.value, id_key(user.id.value)});
  if (!row) return not_found("no_user", "no user has the id `" + user.id.value + "`");
  const User before = user_from(*row);
  if (user.manager && id_key(user.manager.value) == before.id.value)
    return invalid("bad_manager", "nobody is their own manager", "manager");
  if (user.manager && !find_user(tx, tenant, user.manager))
    return invalid("bad_manager", "no user has the id `" + user.manager.value + "`", "manager");
  if (const auto holder = find_user_by_name(tx, tenant, user.user_principal_name); holder && holder->id != before.id)
    return name_taken(user);
  json::Object properties = user_differences(before, user);
  if (properties.empty()) return done();
  tx.post(
      "UPDATE directory_user SET principal_key = ?, display_name_key = ?, mail_key = ?, user_principal_name = ?,"
      " display_name = ?, given_name = ?, surname = ?, mail = ?, department = ?, job_title = ?, user_type = ?,"
      " account_enabled = ?, password_hash = ?, manager_id = ?, details = ? WHERE tenant_id = ? AND id = ?",
      {text::lower(user.user_principal_name), search_key(user.display_name), search_key(user.mail),
       user.user_principal_name, user.display_name, user.given_name, user.surname, user.mail, user.department,
       user.job_title, user.user_type, user.account_enabled, user.password_hash, id_key(user.manager.value),
       json::to_text(details_of(user)), tenant.value, before.id.value});
  record_change(tx, tenant, user_change("Update user", user, std::move(properties)), by, now);
  after_change(tx, tenant, ObjectKind::user, before.id, now);
  return done();
}

Status delete_user(store::Transaction& tx, const TenantId& tenant, const ObjectId& id, const audit::Actor& by,
                   Time now) {
  const auto user = find_user(tx, tenant, id);
  if (!user) return not_found("no_user", "no user has the id `" + id.value + "`");
  for (User& report : direct_reports(tx, tenant, user->id)) {
    report.manager = {};
    TRY(update_user(tx, tenant, report, by, now));
  }
  for (Device& device : devices_of_user(tx, tenant, user->id)) {
    device.registered_owner = {};
    TRY(update_device(tx, tenant, device, by, now));
  }
  end_memberships(tx, tenant, user->id, now);
  for (const UserScopeGrant& grant : user_scope_grants(tx, tenant))
    if (grant.user == user->id) TRY(withdraw_scopes(tx, tenant, grant.client, grant.resource, grant.user, by, now));
  tx.post("DELETE FROM directory_role_member WHERE tenant_id = ? AND member_id = ?", {tenant.value, user->id.value});
  for (const char* table : {"directory_second_factor", "directory_recovery_code"})
    tx.post("DELETE FROM " + std::string(table) + " WHERE tenant_id = ? AND user_id = ?",
            {tenant.value, user->id.value});
  tx.post("DELETE FROM directory_user WHERE tenant_id = ? AND id = ?", {tenant.value, user->id.value});
  record_change(tx, tenant, user_change("Delete user", *user, {}), by, now);
  after_removal(tx, tenant, ObjectKind::user, user->id, now);
  return done();
}

}  // namespace wardbridge::directory
