// Users: read, found, made, changed, deleted; their devices, managers and reports.
#include <algorithm>

#include "base/limits.h"
#include "platform/crypto/crypto.h"
#include "tenant/directory/roles.h"
#include "tenant/graph/graph_wire.h"
#include "tenant/graph/input.h"
#include "tenant/graph/people.h"

namespace wardbridge::graph {
namespace {

using directory::ObjectId;
using directory::User;
using Response = Result<http::Response>;

const CollectionRules kUserRules{
    .expands = {"manager", "directReports", "memberOf", "transitiveMemberOf", "registeredDevices", "ownedDevices"},
    .searched = true,
    .advanced_queries_need_header = true};
std::vector<ObjectId> ids_of(const auto& objects) {
  std::vector<ObjectId> ids;
  for (const auto& object : objects) ids.push_back(object.id);
  return ids;
}

void expand_user(store::Transaction& tx, const Call& call, const std::string& relation, json::Object& item) {
  const directory::TenantId& tenant = call.caller.tenant;
  const ObjectId id{std::string(item.at("id").as_string())};
  if (relation == "manager") {
    const auto user = directory::find_user(tx, tenant, id);
    const auto manager = user && user->manager ? typed_object(tx, call, user->manager) : std::nullopt;
    if (manager) item["manager"] = user_type().default_view(*manager);
  } else if (relation == "directReports") {
    item[relation] = expanded_objects(tx, call, ids_of(directory::direct_reports(tx, tenant, id)));
  } else if (relation == "memberOf") {
    item[relation] = expanded_objects(tx, call, directory::groups_of(tx, tenant, id));
  } else if (relation == "transitiveMemberOf") {
    item[relation] = expanded_objects(tx, call, directory::transitive_groups_of(tx, tenant, id));
  } else {
    item[relation] = expanded_objects(tx, call, ids_of(directory::devices_of_user(tx, tenant, id)));
  }
}

Result<Walk> walk_users(const Call& call, const Query& query) {
  return walk_objects(call, directory::ObjectKind::user, query, directory::users_with_ids,
                      [](const User& user) { return to_json(user); });
}

Response list_users(const Call& call) {
  const Query query = TRY(Query::parse(call.request, user_type(), kUserRules));
  return reply_walk(call, query, "users", TRY(walk_users(call, query)),
                    [&](store::Transaction& tx, const std::string& relation, json::Object& item) {
                      expand_user(tx, call, relation, item);
                    });
}

Response count_users(const Call& call) {
  const Query query = TRY(Query::parse_count(call.request, user_type(), kUserRules));
  return reply_count(call, query, TRY(walk_users(call, query)));
}

Response get_user(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, user_type(), kUserRules.expands));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const User user = TRY(user_of(tx, call));
    json::Object shown = query.select(to_json(user));
    if (!query.expanded().empty()) {
      json::Object expanded{{"id", user.id.value}};
      expand_user(tx, call, query.expanded(), expanded);
      if (const auto* relation = expanded.if_contains(query.expanded())) shown[query.expanded()] = *relation;
    }
    return shown;
  }));
  return call.one("users", std::move(item));
}

// --- Writing

const Writers<User>& user_writers() {
  static const auto* const kWriters = [] {
    auto* writers = new Writers<User>{{"accountEnabled", writes(&User::account_enabled)},
                                      {"employeeHireDate", writes(&User::employee_hire_date)},
                                      {"onPremisesLastSyncDateTime", writes(&User::on_premises_last_sync)},
                                      {"onPremisesSyncEnabled", writes(&User::on_premises_sync_enabled)}};
    // DEVIATION: what a directory synchronisation writes can be written by anybody who may write users.
    for (const auto& property : directory::user_text_properties()) (*writers)[property.name] = writes(property.member);
    for (const auto& property : directory::user_list_properties()) (*writers)[property.name] = writes(property.member);
    (*writers)["onPremisesExtensionAttributes"] = [](const json::Value& value, std::string_view name, User& user) {
      return write_extension_attributes(value, name, user.extension_attributes);
    };
    return writers;
  }();
  return *kWriters;
}

Status check_user(store::Transaction& tx, const Call& call, const User& user) {
  const auto required = [](const std::string& value, const char* name) -> Status {
    if (!value.empty()) return done();
    return invalid("missing_field", "the property `" + std::string(name) + "` can't be empty", name);
  };
  TRY(required(user.display_name, "displayName"));
  if (user.user_type != "Member" && user.user_type != "Guest")
    return invalid("bad_user_type", "`userType` is `Member` or `Guest`", "userType");
  const std::size_t at = user.user_principal_name.rfind('@');
  const auto tenant = directory::find_tenant(tx, call.caller.tenant.value);
  const bool is_ours =
      at != std::string::npos && at > 0 && tenant &&
      std::any_of(tenant->domains.begin(), tenant->domains.end(), [&](const std::string& domain) {
        return text::equal_ignoring_case(domain, std::string_view(user.user_principal_name).substr(at + 1));
      });
  if (!is_ours)
    return invalid("bad_domain",
                   "The domain portion of the userPrincipalName property is invalid. You must use one of the verified "
                   "domain names in your organization.",
                   "userPrincipalName");
  return done();
}

// ENTRA: whoever could take over an administrator's account would have all that it may do. So what makes an account is
// changed only by people who may give roles themselves, not by applications that may write users.
Status protect_administrators(store::Transaction& tx, const Call& call, const User& user) {
  if (directory::roles_of(tx, call.caller.tenant, user.id).empty()) return done();
  const bool may = !call.caller.is_application &&
                   directory::may_change(tx, call.caller.tenant, call.caller.subject, directory::Area::permissions);
  if (may) return done();
  return Failure{Code::forbidden, "protected_administrator", "Insufficient privileges to complete the operation."};
}

bool makes_account(const json::Object& body) {
  for (const char* name :
       {"passwordProfile", "accountEnabled", "userPrincipalName", "mobilePhone", "businessPhones", "otherMails"})
    if (body.contains(name)) return true;
  return false;
}

// What a body says about the password. The hash is made outside of any transaction: it takes its time.
struct NewPassword {
  std::optional<std::string> hash;
  std::optional<bool> must_change;

  void write_to(User& user) const {
    if (hash) user.password_hash = *hash;
    // ENTRA: a password that is set without a word about it need not be changed.
    if (hash || must_change) user.must_change_password = must_change.value_or(false);
  }
};

Result<NewPassword> new_password(const Call& call, const json::Object& body) {
  const json::Object* profile = json::object_at(body, "passwordProfile");
  if (!profile) {
    if (body.contains("passwordProfile"))
      return invalid("bad_field_type", "the property `passwordProfile` must be an object", "passwordProfile");
    return NewPassword{};
  }
  NewPassword made;
  // DEVIATION: `forceChangePasswordNextSignInWithMfa` is taken for the same; whether a second factor comes with it is
  // for Conditional Access to say.
  for (const char* name : {"forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa"})
    if (json::find(*profile, name))
      made.must_change = TRY(json::required_bool(*profile, name)) || made.must_change.value_or(false);
  if (made.must_change && !json::find(*profile, "password")) return made;
  const std::string password = TRY(json::required_text(*profile, "password"));
  if (!directory::is_strong_password(password))
    return invalid("weak_password", "The specified password does not comply with password complexity requirements.",
                   "passwordProfile.password");
  made.hash = crypto::hash_password(password, call.with.entropy);
  return made;
}

Response create_user(const Call& call) {
  const json::Object body = TRY(body_of(call));
  for (const char* name : {"accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"})
    if (!json::find(body, name))
      return invalid("missing_field",
                     "A value is required for property '" + std::string(name) + "' of resource 'User'.", name);
  User user{.id = {call.with.entropy.guid()}, .created = call.now};
  TRY(write_properties(body, user_type(), user_writers(), user, {"passwordProfile"}));
  const NewPassword password = TRY(new_password(call, body));
  if (!password.hash)
    return invalid("missing_field", "A value is required for property 'password' of resource 'PasswordProfile'.",
                   "passwordProfile.password");
  password.write_to(user);
  const auto stored = TRY(call.with.store.write([&](store::Transaction& tx) -> Result<User> {
    TRY(check_user(tx, call, user));
    TRY(directory::create_user(tx, call.caller.tenant, user, call.caller.actor(call.request), call.now));
    return user;
  }));
  return created(call, "users", user_type(), to_json(stored));
}

Response update_user(const Call& call) {
  const json::Object body = TRY(body_of(call));
  const NewPassword password = TRY(new_password(call, body));
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    User user = TRY(user_of(tx, call));
    if (makes_account(body)) TRY(protect_administrators(tx, call, user));
    TRY(write_properties(body, user_type(), user_writers(), user, {"passwordProfile"}));
    password.write_to(user);
    TRY(check_user(tx, call, user));
    return directory::update_user(tx, call.caller.tenant, user, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

Response delete_user(const Call& call) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    const User user = TRY(user_of(tx, call));
    TRY(protect_administrators(tx, call, user));
    return directory::delete_user(tx, call.caller.tenant, user.id, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}

// --- Managers

Response get_manager(const Call& call) {
  const Query query = TRY(Query::parse_single(call.request, directory_object_type()));
  auto item = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<json::Object> {
    const User user = TRY(user_of(tx, call));
    auto manager = user.manager ? typed_object(tx, call, user.manager) : std::nullopt;
    if (!manager) return no_resource("manager");
    return query.select(*manager);
  }));
  return call.one("directoryObjects", std::move(item));
}

Response change_manager(const Call& call, const ObjectId& manager) {
  TRY(call.with.store.write([&](store::Transaction& tx) -> Status {
    User user = TRY(user_of(tx, call));
    user.manager = manager;
    return directory::update_user(tx, call.caller.tenant, user, call.caller.actor(call.request), call.now);
  }));
  return empty_reply(call.request, 204);
}
Response set_manager(const Call& call) { return change_manager(call, TRY(referred_by_body(call))); }
Response remove_manager(const Call& call) { return change_manager(call, {}); }

// --- Relations

using Related = std::vector<ObjectId> (*)(store::Transaction&, const directory::TenantId&, const ObjectId&);

std::vector<ObjectId> devices_related(store::Transaction& tx, const directory::TenantId& tenant, const ObjectId& user) {
  return ids_of(directory::devices_of_user(tx, tenant, user));
}
std::vector<ObjectId> reports_related(store::Transaction& tx, const directory::TenantId& tenant, const ObjectId& user) {
  return ids_of(directory::direct_reports(tx, tenant, user));
}

template <Related related>
Response list_related(const Call& call) {
  const Query query = TRY(Query::parse(call.request, directory_object_type(), kTypedRules));
  auto ids = TRY(call.with.store.read([&](store::Transaction& tx) -> Result<std::vector<ObjectId>> {
    const User user = TRY(user_of(tx, call));
    return related(tx, call.caller.tenant, user.id);
  }));
  std::sort(ids.begin(), ids.end(), [](const ObjectId& a, const ObjectId& b) { return a.value < b.value; });
  return reply_walk(call, query, "directoryObjects", walk_typed(call, query, source_of(std::move(ids))));
}

}  // namespace

const std::vector<Route>& user_routes() {
  static const auto* const kRoutes = [] {
    const AnyOf read{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    const AnyOf write{"User.ReadWrite.All", "Directory.ReadWrite.All"};
    const AnyOf me{"User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"};
    const AnyOf devices{"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"};
    constexpr auto kMethod = Effect::by_method;
    constexpr auto kBoth = Versions::both;
    return new std::vector<Route>{
        {"GET", "/me", {me}, get_user, kMethod, kBoth, "$select $expand"},
        {"GET", "/me/manager", {me}, get_manager, kMethod, kBoth, kObjectOptions},
        {"GET", "/me/ownedDevices", {me}, list_related<devices_related>, kMethod, kBoth, kTypedOptions},
        {"GET", "/me/registeredDevices", {me}, list_related<devices_related>, kMethod, kBoth, kTypedOptions},
        {"GET",
         "/users",
         {read},
         list_users,
         kMethod,
         kBoth,
         "$filter $search $select $expand $orderby $top $skiptoken $count"},
        {"POST", "/users", {write}, create_user},
        {"GET", "/users/$count", {read}, count_users, kMethod, kBoth, "$filter $search"},
        {"GET", "/users/{id}", {read}, get_user, kMethod, kBoth, "$select $expand"},
        {"PATCH", "/users/{id}", {write}, update_user},
        {"DELETE", "/users/{id}", {write}, delete_user},
        {"GET", "/users/{id}/manager", {read}, get_manager, kMethod, kBoth, kObjectOptions},
        {"PUT", "/users/{id}/manager/$ref", {write}, set_manager},
        {"DELETE", "/users/{id}/manager/$ref", {write}, remove_manager},
        {"GET", "/users/{id}/directReports", {read}, list_related<reports_related>, kMethod, kBoth, kTypedOptions},
        {"GET", "/users/{id}/ownedDevices", {devices}, list_related<devices_related>, kMethod, kBoth, kTypedOptions},
        {"GET",
         "/users/{id}/registeredDevices",
         {devices},
         list_related<devices_related>,
         kMethod,
         kBoth,
         kTypedOptions},
    };
  }();
  return *kRoutes;
}

}  // namespace wardbridge::graph
