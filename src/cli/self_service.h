// `wardbridge self-service ...`: what Macs are offered in Self Service, and what became of it.
//
// Verbs return an exit code: 0 done; 1 it did not work, standard error says why; 3 there is no such policy or computer.
#pragma once

#include <string>

#include "cli/api_client.h"

namespace wardbridge::cli {

int list_self_service(ApiClient& management, bool as_json);
// `computer`: name, serial number, UDID or id.
int show_self_service_of(ApiClient& management, const std::string& computer, bool as_json);
// `policy`: name or id.
int show_policy_log(ApiClient& management, const std::string& policy, bool as_json);
// `computer_id` empty: on all.
int flush_policy_log(ApiClient& management, const std::string& policy, const std::string& computer_id);

// What the documents have an administrator prepare before anybody registers.
struct RegistrationOffer {
  std::string group;  // the applicable group: name or id
  std::string policy_name = "Register with Azure AD";
  std::string company_portal_version = "5.2406.0";
  std::string registration_app;  // client id of what Macs sign their people in with; empty: stays as it is
};
Status offer_registration(ApiClient& management, const RegistrationOffer& offer);
int make_registration_offer(ApiClient& management, const RegistrationOffer& offer);

}  // namespace wardbridge::cli
