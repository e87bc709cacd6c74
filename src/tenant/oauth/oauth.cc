#include "tenant/oauth/oauth.h"

#include "tenant/oauth/endpoints.h"
#include "tenant/oauth/pages.h"

namespace wardbridge::oauth {

void register_routes(http::Router& router, Dependencies dependencies) {
  using tokens::Version;
  const Dependencies& d = dependencies;
  struct Face {
    Version version;
    std::string oauth, metadata, keys;
  };
  for (const Face& face : {Face{Version::v2, "/{tenant}/oauth2/v2.0", "/{tenant}/v2.0", "/{tenant}/discovery/v2.0"},
                           Face{Version::v1, "/{tenant}/oauth2", "/{tenant}", "/{tenant}/discovery"}}) {
    const Version version = face.version;
    router.add("POST", face.oauth + "/token",
               [d, version](const http::Request& request) { return token_endpoint(d, request, version); });
    router.add("GET", face.oauth + "/authorize",
               [d, version](const http::Request& request) { return authorize_endpoint(d, request, version); });
    router.add("GET", face.oauth + "/logout", [](const http::Request&) { return signed_out_page(); });
    router.add("GET", face.metadata + "/.well-known/openid-configuration",
               [d, version](const http::Request& request) { return openid_configuration(d, request, version); });
    router.add("GET", face.keys + "/keys",
               [d, version](const http::Request& request) { return key_set(d, request, version); });
  }
  router.add("POST", "/{tenant}/login", [d](const http::Request& request) { return login_endpoint(d, request); });
  for (const char* method : {"GET", "POST"})
    router.add(method, "/{tenant}/DeviceAuthPKeyAuth",
               [d](const http::Request& request) { return device_endpoint(d, request); });
  router.add("GET", "/common/discovery/instance",
             [d](const http::Request& request) { return instance_discovery(d, request); });
}

}  // namespace wardbridge::oauth
