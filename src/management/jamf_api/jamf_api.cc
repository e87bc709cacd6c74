#include "management/jamf_api/jamf_api.h"

#include "management/jamf_api/classic_api.h"
#include "management/jamf_api/landing_pages.h"
#include "management/jamf_api/routes.h"

namespace wardbridge::jamf_api {

void register_routes(http::Router& router, const Dependencies& dependencies) {
  Api api(router, dependencies.store);
  register_session_routes(api, dependencies);
  register_inventory_routes(api, dependencies);
  register_group_routes(api, dependencies);
  register_static_group_routes(api, dependencies);
  register_group_list_routes(api, dependencies);
  register_explain_routes(api, dependencies);
  register_chain_routes(api, dependencies);
  register_change_log_routes(api, dependencies);
  register_rehearsal_routes(api, dependencies);
  Api classic(router, dependencies.store, classic_error);
  register_classic_group_routes(classic, dependencies);
  register_webhook_routes(classic, dependencies);
  register_extension_attribute_routes(api, dependencies);
  register_compliance_routes(api, dependencies);
  register_connection_routes(api, dependencies);
  register_conditional_access_routes(api, dependencies);
  register_cloud_connection_routes(api, dependencies);
  register_landing_pages(api);
  register_migration_routes(api, dependencies);
  register_mac_routes(api, dependencies);
  register_mac_self_service_routes(api, dependencies);
  register_self_service_routes(api, dependencies);
  register_import_routes(api, dependencies);
  register_notice_routes(api, dependencies);
  router.set_fallback([](const http::Request& request, int status, std::string_view message) {
    if (request.path.starts_with("/JSSResource")) return status_page(status, message);
    const char* code = status == 404   ? "NOT_FOUND"
                       : status == 405 ? "METHOD_NOT_ALLOWED"
                       : status == 400 ? "INVALID_REQUEST"
                                       : "INTERNAL";
    return error_response(status, code, "", std::string(message), request);
  });
}

}  // namespace wardbridge::jamf_api
