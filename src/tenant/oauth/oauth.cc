#include "tenant/oauth/oauth.h"

#include "tenant/oauth/endpoints.h"

namespace wardbridge::oauth {
namespace {

using tokens::Version;

// Adds routes whose handlers get their hop.
class Routes {
 public:
  Routes(http::Router& router, Dependencies dependencies)
      : router_(router), with_(std::make_shared<const Dependencies>(std::move(dependencies))) {}

  void add(std::initializer_list<const char*> methods, const std::string& pattern,
           http::Response (*handler)(const Hop&)) {
    for (const char* method : methods)
      router_.add(method, pattern,
                  [with = with_, handler](const http::Request& request) { return handler(hop_of(*with, request)); });
  }
  using Handler = http::Response (*)(const Hop&, Version);
  using PromptHandler = std::optional<http::Response> (*)(const Hop&, Version);
  void add(std::initializer_list<const char*> methods, const std::string& pattern, Version version, Handler handler,
           PromptHandler prompt = nullptr) {
    for (const char* method : methods)
      router_.add(method, pattern, bound(handler, version), prompt ? bound(prompt, version) : http::PromptHandler());
  }

 private:
  template <class Answer>
  std::function<Answer(const http::Request&)> bound(Answer (*handler)(const Hop&, Version), Version version) const {
    return [with = with_, handler, version](const http::Request& request) {
      return handler(hop_of(*with, request), version);
    };
  }
  static Hop hop_of(const Dependencies& with, const http::Request& request) {
    return {with, request, trace_of(request, with.entropy, with.tokens.base_url())};
  }

  http::Router& router_;
  std::shared_ptr<const Dependencies> with_;
};

void add_versions(Routes& routes) {
  struct Face {
    Version version;
    std::string oauth, documents, keys;
  };
  for (const Face& face : {Face{Version::v2, "/{tenant}/oauth2/v2.0", "/{tenant}/v2.0", "/{tenant}/discovery/v2.0"},
                           Face{Version::v1, "/{tenant}/oauth2", "/{tenant}", "/{tenant}/discovery"}}) {
    routes.add({"POST"}, face.oauth + "/token", face.version, token_endpoint, prompt_token_endpoint);
    routes.add({"GET", "POST"}, face.oauth + "/authorize", face.version, authorize_endpoint);
    routes.add({"POST"}, face.oauth + "/devicecode", face.version, device_code_endpoint);
    routes.add({"GET", "POST"}, face.oauth + "/logout", logout_endpoint);
    routes.add({"GET"}, face.documents + "/.well-known/openid-configuration", face.version, openid_configuration);
    routes.add({"GET"}, face.documents + "/adminconsent", face.version, admin_consent_endpoint);
    routes.add({"GET"}, face.keys + "/keys", face.version, key_set);
  }
}

}  // namespace

void register_routes(http::Router& router, Dependencies dependencies) {
  if (!dependencies.applications)
    dependencies.applications = std::make_shared<directory::ApplicationBook>(dependencies.store);
  Routes routes(router, std::move(dependencies));
  add_versions(routes);
  routes.add({"POST"}, "/{tenant}/login", password_step);
  routes.add({"POST"}, "/{tenant}/login/account", account_step);
  routes.add({"POST"}, "/{tenant}/login/password", new_password_step);
  routes.add({"POST"}, "/{tenant}/login/code", second_factor_step);
  routes.add({"POST"}, "/{tenant}/login/enrolment", enrolment_step);
  routes.add({"POST"}, "/{tenant}/login/recovery", recovery_codes_step);
  routes.add({"POST"}, "/{tenant}/login/consent", consent_step);
  routes.add({"POST"}, "/{tenant}/login/approval", approval_step);
  routes.add({"POST"}, "/{tenant}/logout", logout_step);
  routes.add({"GET", "POST"}, "/{tenant}/DeviceAuthPKeyAuth", device_step);
  routes.add({"GET"}, "/{tenant}/oauth2/deviceauth", user_code_page);
  routes.add({"POST"}, "/{tenant}/oauth2/deviceauth", user_code_step);
  routes.add({"GET", "POST"}, "/oidc/userinfo", user_info_endpoint);
  routes.add({"GET"}, "/common/discovery/instance", instance_discovery);
  routes.add({"GET"}, "/error", error_explanation);
}

}  // namespace wardbridge::oauth
