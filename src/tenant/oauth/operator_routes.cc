#include "tenant/oauth/operator_routes.h"

#include <memory>

#include "tenant/directory/credentials.h"
#include "tenant/directory/second_factors.h"
#include "tenant/oauth/hop.h"

namespace wardbridge::oauth {
namespace {

struct Desk {
  store::Store& store;
  tokens::Authority& authority;
};

// One authenticated, permitted request.
struct Order {
  const Desk& desk;
  const http::Request& request;
  directory::TenantId tenant;
  audit::Actor by;

  Time now() const { return request.received; }
};
using OrderHandler = Result<http::Response> (*)(const Order&);

json::Object to_json(const tokens::KeyRecord& key) {
  auto moment = [](Time time) { return time == kNever ? json::Value() : json::Value(to_iso8601(time, false)); };
  return {{"kid", key.id},
          {"algorithm", crypto::name_of(key.algorithm)},
          {"state", tokens::name_of(key.state)},
          {"createdDateTime", moment(key.created)},
          {"activeFromDateTime", moment(key.active_from)},
          {"retiringDateTime", moment(key.retiring)},
          {"retiredDateTime", moment(key.retired)},
          {"isRetained", key.is_retained}};
}

Result<http::Response> list_keys(const Order& order) {
  json::Array keys;
  for (const tokens::KeyRecord& key : TRY(order.desk.authority.keys(order.tenant, order.now())))
    keys.push_back(to_json(key));
  return http::json_response(200, json::Object{{"value", std::move(keys)}});
}

Result<http::Response> rotate_key(const Order& order) {
  const json::Value body =
      order.request.body.empty() ? json::Value(json::Object{}) : TRY(json::parse(order.request.body));
  const json::Object& object = TRY(json::as_object(body));
  tokens::Rotation rotation{.withdraws_old = TRY(json::optional_bool(object, "withdrawsOld", false))};
  constexpr std::int64_t kLongestLeadHours = 24 * 30;
  const std::int64_t usual_lead = rotation.withdraws_old ? 0 : tokens::kKeyLead / hours{1};
  const std::int64_t lead_hours = TRY(json::optional_integer(object, "leadHours", usual_lead));
  if (lead_hours < 0 || lead_hours > kLongestLeadHours)
    return invalid("bad_lead", "`leadHours` must be from 0 to 720", "leadHours");
  rotation.lead = hours{lead_hours};
  const std::string algorithm = TRY(json::optional_text(object, "algorithm"));
  if (algorithm == "RS256") rotation.algorithm = crypto::Algorithm::RS256;
  if (algorithm == "ES256") rotation.algorithm = crypto::Algorithm::ES256;
  if (!algorithm.empty() && !rotation.algorithm)
    return invalid("bad_algorithm", "`algorithm` must be `RS256` or `ES256`", "algorithm");
  TRY(order.desk.authority.rotate_key(order.tenant, order.by, order.now(), rotation));
  return list_keys(order);
}

Result<http::Response> change_key(const Order& order) {
  const json::Value body = TRY(json::parse(order.request.body));
  const json::Object& object = TRY(json::as_object(body));
  TRY(order.desk.authority.retain_key(order.tenant, order.request.path_parameter("kid"),
                                      TRY(json::required_bool(object, "isRetained")), order.by, order.now()));
  return http::no_content();
}

Result<http::Response> list_expiring(const Order& order) {
  const auto span = text::parse_integer(order.request.query_parameter("days").value_or("60"));
  if (!span || *span < 0 || *span > 3650) return invalid("bad_days", "`days` must be a number from 0 to 3650", "days");
  using Expiring = std::vector<directory::ExpiringCredential>;
  const auto found = TRY(order.desk.store.read([&](store::Transaction& tx) -> Result<Expiring> {
    return directory::expiring_credentials(tx, order.tenant, order.now() + days{*span}, order.now());
  }));
  json::Array list;
  for (const directory::ExpiringCredential& expiring : found) {
    const directory::Credential& credential = expiring.credential;
    const bool is_secret = credential.kind == directory::Credential::Kind::secret;
    list.push_back(json::Object{{"appId", expiring.app.value},
                                {"appDisplayName", expiring.app_display_name},
                                {"keyId", credential.key_id},
                                {"displayName", credential.display_name},
                                {"type", is_secret ? "password" : "certificate"},
                                {"endDateTime", to_iso8601(credential.end, false)},
                                {"isExpired", credential.end <= order.now()}});
  }
  return http::json_response(200, json::Object{{"value", std::move(list)}});
}

Result<http::Response> remove_factor(const Order& order) {
  const std::string& name = order.request.path_parameter("user");
  TRY(order.desk.store.write([&](store::Transaction& tx) -> Status {
    auto user = text::is_guid(name) ? directory::find_user(tx, order.tenant, {text::lower(name)})
                                    : directory::find_user_by_name(tx, order.tenant, name);
    if (!user) return not_found("no_user", "there is no user `" + name.substr(0, 256) + "`");
    return directory::remove_second_factor(tx, order.tenant, user->id, order.by, order.now());
  }));
  return http::no_content();
}

// What is left over of a Mac that was registered again.
Result<http::Response> list_duplicates(const Order& order) {
  auto found = TRY(order.desk.store.read([&](store::Transaction& tx) -> Result<std::vector<directory::Duplicates>> {
    return directory::duplicate_devices(tx, order.tenant);
  }));
  json::Array groups;
  for (const directory::Duplicates& duplicates : found) {
    json::Array devices;
    for (const directory::Device& device : duplicates.devices)
      devices.push_back(json::Object{{"id", device.id.value},
                                     {"deviceId", device.device_id.value},
                                     {"displayName", device.display_name},
                                     {"registeredOwner", device.registered_owner.value},
                                     {"registrationDateTime", to_iso8601(device.registration, false)},
                                     {"isCompliant", device.is_compliant_at(order.now())}});
    groups.push_back(json::Object{{"physicalId", duplicates.physical_id}, {"devices", std::move(devices)}});
  }
  return http::json_response(200, json::Object{{"value", std::move(groups)}});
}

http::Response refuse_order(const Failure& failure) {
  struct Word {
    Code code;
    int status;
    const char* error;
  };
  constexpr Word kWords[] = {{Code::unauthenticated, 401, "invalid_token"},
                             {Code::forbidden, 403, "insufficient_scope"},
                             {Code::not_found, 404, "not_found"},
                             {Code::conflict, 409, "conflict"},
                             {Code::invalid_argument, 400, "invalid_request"}};
  Word word{failure.code, 500, "server_error"};
  for (const Word& known : kWords)
    if (known.code == failure.code) word = known;
  http::Response response = http::json_response(
      word.status,
      json::Object{{"error", word.error}, {"reason", failure.reason}, {"error_description", failure.message}});
  if (word.status == 401) response.headers.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
  return response;
}

Result<Order> admit(const Desk& desk, const http::Request& request, std::string_view permission) {
  const tokens::Caller caller = TRY(desk.authority.authenticate(request, directory::kGraphAppId));
  auto tenant = find_tenant(desk.store, request.path_parameter("tenant"));
  // Another tenant is one that does not exist.
  if (!tenant.ok() || tenant->id != caller.tenant) return not_found("unknown_tenant", "there is no such tenant");
  if (!caller.may(permission))
    return Failure{Code::forbidden, "no_permission", "this needs the permission `" + std::string(permission) + "`"};
  return Order{desk, request, caller.tenant, caller.actor(request)};
}

http::Response carry_out(const Desk& desk, const http::Request& request, std::string_view permission,
                         OrderHandler handler) {
  auto order = admit(desk, request, permission);
  if (!order.ok()) return refuse_order(order.failure());
  auto response = handler(*order);
  return response.ok() ? *std::move(response) : refuse_order(response.failure());
}

}  // namespace

void register_operator_routes(http::Router& router, store::Store& store, tokens::Authority& authority) {
  struct Line {
    const char* method;
    const char* path;
    std::string_view permission;
    OrderHandler handler;
  };
  constexpr Line kLines[] = {
      {"GET", "signingKeys", "Directory.Read.All", list_keys},
      {"POST", "signingKeys/rotate", "Directory.ReadWrite.All", rotate_key},
      {"PATCH", "signingKeys/{kid}", "Directory.ReadWrite.All", change_key},
      {"GET", "expiringCredentials", "Application.Read.All", list_expiring},
      {"GET", "duplicateDevices", "Device.Read.All", list_duplicates},
      {"DELETE", "users/{user}/secondFactor", "User.ReadWrite.All", remove_factor},
  };
  const auto desk = std::make_shared<const Desk>(Desk{store, authority});
  for (const Line& line : kLines)
    router.add(line.method, std::string("/{tenant}/wardbridge/") + line.path,
               [desk, line](const http::Request& request) {
                 return carry_out(*desk, request, line.permission, line.handler);
               });
}

}  // namespace wardbridge::oauth
