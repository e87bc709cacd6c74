// The handlers behind the routes. Private to this room.
#pragma once

#include <optional>
#include <string>

#include "tenant/oauth/clients.h"
#include "tenant/oauth/hop.h"

namespace wardbridge::oauth {

// --- Authorization endpoint, and the steps that follow it: each is a page whose form comes back to the next handler.
http::Response authorize_endpoint(const Hop& hop, tokens::Version version);
http::Response account_step(const Hop& hop);
http::Response password_step(const Hop& hop);
http::Response new_password_step(const Hop& hop);
http::Response device_step(const Hop& hop);
http::Response second_factor_step(const Hop& hop);
http::Response enrolment_step(const Hop& hop);
http::Response recovery_codes_step(const Hop& hop);
http::Response consent_step(const Hop& hop);
http::Response approval_step(const Hop& hop);

// --- Other ways to begin.
http::Response device_code_endpoint(const Hop& hop, tokens::Version version);  // of the device
http::Response user_code_page(const Hop& hop);                                 // of the person
http::Response user_code_step(const Hop& hop);
http::Response admin_consent_endpoint(const Hop& hop, tokens::Version version);

// --- Tokens and what is known with them.
http::Response token_endpoint(const Hop& hop, tokens::Version version);
// The same where nothing needs to be waited for; nothing otherwise.
std::optional<http::Response> prompt_token_endpoint(const Hop& hop, tokens::Version version);
http::Response user_info_endpoint(const Hop& hop);
http::Response logout_endpoint(const Hop& hop);
http::Response logout_step(const Hop& hop);

// --- Documents.
http::Response openid_configuration(const Hop& hop, tokens::Version version);
http::Response key_set(const Hop& hop, tokens::Version version);
http::Response instance_discovery(const Hop& hop);
http::Response error_explanation(const Hop& hop);

}  // namespace wardbridge::oauth
