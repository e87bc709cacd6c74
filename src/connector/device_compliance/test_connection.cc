// What works of a connection and what does not, step by step.
#include <algorithm>

#include "connector/device_compliance/device_compliance.h"

namespace wardbridge::device_compliance {
namespace {

constexpr Duration kReachDeadline = seconds{10};

class Test {
 public:
  // Whether to go on.
  template <class T>
  bool take(const char* name, const partner::Answer<T>& answer, const std::string& when_it_works) {
    if (answer.ok()) {
      steps_.push_back({.name = name, .works = true, .message = when_it_works});
      return true;
    }
    fail(name, answer.failure().reason, answer.failure().message);
    return false;
  }
  void pass(const char* name, const std::string& message) { steps_.push_back({name, true, message}); }
  void fail(const char* name, const std::string& reason, const std::string& message) {
    steps_.push_back({.name = name, .works = false, .message = message, .reason = reason});
  }
  std::vector<Step> steps() && { return std::move(steps_); }

 private:
  std::vector<Step> steps_;
};

// The layers below HTTP. Any answer at all shows that they work.
bool reach(Test& test, http::Transport& transport, const std::string& login_base, const std::string& tenant) {
  Result<http::Response> answer =
      transport.send({.method = "GET",
                      .url = login_base + "/" + text::percent_encode(tenant) + "/v2.0/.well-known/openid-configuration",
                      .headers = {},
                      .body = ""},
                     kReachDeadline);
  if (!answer.ok()) {
    const Failure& failure = answer.failure();
    if (failure.reason == "dns") {
      test.fail("name_resolution", failure.reason, failure.message);
      return false;
    }
    test.pass("name_resolution", "the host of " + login_base + " is known");
    test.fail(failure.reason == "tls" ? "tls" : "reachability", failure.reason, failure.message);
    return false;
  }
  test.pass("name_resolution", "the host of " + login_base + " is known");
  test.pass("tls", "its certificate is trusted");
  return true;
}

bool sign_in_and_discover(Test& test, partner::Client& client, bool one_permission, Time now) {
  partner::Answer<std::string> tenant = client.tenant_id(now);
  if (!test.take("token", tenant, tenant.ok() ? "the tenant is " + *tenant : "")) return false;
  if (one_permission) {
    partner::Answer<std::vector<std::string>> permissions = client.check_permissions(now);
    bool unread = permissions.ok() && permissions->empty();
    if (!test.take("permission", permissions,
                   unread ? "not checked: the token can't be read" : "exactly `update_device_attributes` is granted")) {
      return false;
    }
  }
  partner::Answer<partner::Services> services = client.discover(now);
  return test.take("services", services, services.ok() ? "the partner services are at " + services->tenant_base : "");
}

}  // namespace

std::vector<Step> test_connection(partner::Client& client, Time now) {
  Test test;
  if (sign_in_and_discover(test, client, false, now) &&
      test.take("heartbeat", client.heartbeat(now), "the service takes heartbeats")) {
    test.take("policies", client.policies(now), "compliance policies can be managed");
  }
  return std::move(test).steps();
}

std::vector<Step> test_connection(http::Transport& transport, const Link::Road& road, Provisions provisions, Time now) {
  const Settings& settings = road.connection.settings;
  bool is_manual = settings.type == Type::manual;
  Test test;
  if (!reach(test, transport, settings.endpoints.login_base, settings.tenant)) return std::move(test).steps();
  if (!sign_in_and_discover(test, *road.client, is_manual, now)) return std::move(test).steps();
  if (provisions == Provisions::no) return std::move(test).steps();
  if (!test.take("provisioning", road.client->provision(settings.pages, now), "the tenant is provisioned"))
    return std::move(test).steps();
  if (!test.take("heartbeat", road.client->heartbeat(now), "the service takes heartbeats"))
    return std::move(test).steps();
  if (!is_manual) test.take("policies", road.client->policies(now), "compliance policies can be managed");
  return std::move(test).steps();
}

json::Object steps_json(const std::vector<Step>& steps, Time now) {
  json::Array shown;
  for (const Step& step : steps) {
    json::Object object{{"name", step.name}, {"works", step.works}, {"message", step.message}};
    if (!step.works) {
      partner::Advice advice = partner::advice_on(step.reason);
      object["reason"] = step.reason;
      object["cause"] = advice.cause;
      object["remedy"] = advice.remedy;
    }
    shown.push_back(std::move(object));
  }
  bool works = std::ranges::all_of(steps, &Step::works);
  // JAMF: section 4.6, the vendor's own sentences come first, so that people find what they search for.
  std::string message = "The connection to Microsoft Intune works.";
  if (!works) {
    // Ports that are closed are one of the causes of a token that can't be had.
    constexpr std::string_view kUpToTheToken[] = {"name_resolution", "reachability", "tls", "token"};
    bool no_token = std::ranges::find(kUpToTheToken, steps.back().name) != std::end(kUpToTheToken);
    message = no_token ? "Could not retrieve the access token for Microsoft Graph API. Check the configuration for "
                         "Microsoft Intune Integration."
                       : "Unable to connect to Microsoft Intune. Check your Microsoft Intune Integration "
                         "configuration.";
  }
  return {{"time", to_iso8601(now)}, {"works", works}, {"message", message}, {"steps", std::move(shown)}};
}

}  // namespace wardbridge::device_compliance
