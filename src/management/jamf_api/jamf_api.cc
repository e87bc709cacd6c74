#include "management/jamf_api/jamf_api.h"

#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {

void register_routes(http::Router& router, const Dependencies& dependencies) {
  Api api(router, dependencies.store);
  register_session_routes(api, dependencies);
  register_inventory_routes(api, dependencies);
  register_group_routes(api, dependencies);
  register_compliance_routes(api, dependencies);
  register_connection_routes(api, dependencies);
  register_mac_routes(api, dependencies);
  register_import_routes(api, dependencies);
  router.set_fallback([](const http::Request& request, int status, std::string_view message) {
    const char* code = status == 404   ? "NOT_FOUND"
                       : status == 405 ? "METHOD_NOT_ALLOWED"
                       : status == 400 ? "INVALID_REQUEST"
                                       : "INTERNAL";
    return error_response(status, code, "", std::string(message), request);
  });
}

}  // namespace wardbridge::jamf_api
