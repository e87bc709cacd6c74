// The identity platform's endpoints: where tokens are asked for, and where people sign in.
//
//   POST /{tenant}/oauth2/v2.0/token          POST /{tenant}/oauth2/token
//   POST /{tenant}/oauth2/v2.0/devicecode     POST /{tenant}/oauth2/devicecode
//   GET, POST .../oauth2/v2.0/authorize, logout           and without v2.0
//   GET  /{tenant}/v2.0/.well-known/openid-configuration  and without v2.0
//   GET  /{tenant}/discovery/v2.0/keys        GET  /{tenant}/discovery/keys
//   GET  /{tenant}/v2.0/adminconsent          GET  /{tenant}/adminconsent
//   GET, POST /{tenant}/oauth2/deviceauth     GET, POST /oidc/userinfo
//   GET  /common/discovery/instance           GET  /error?code=
//   POST /{tenant}/login...                   GET, POST /{tenant}/DeviceAuthPKeyAuth
//
// `{tenant}` is an id, a verified domain, or `common`. A sign-in, hop by hop:  authorize -> sign-in page -> login ->
// (401 PKeyAuth -> DeviceAuthPKeyAuth) -> decision -> (second factor, consent) -> redirect with a code, or a page (JSON
// for `Accept: application/json`) that says why not. The pages carry what a program needs in elements with the ids
// `error-code`, `reason`, `next-step`, `trace-id` and `correlation-id`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/entropy/entropy.h"
#include "platform/http/http.h"
#include "platform/store/store.h"
#include "tenant/directory/application_book.h"
#include "tenant/registration/registration.h"
#include "tenant/tokens/tokens.h"

namespace wardbridge::oauth {

extern const store::Schema kSchema;

struct Dependencies {
  store::Store& store;
  tokens::Authority& tokens;
  registration::DeviceCertificates& certificates;
  Entropy& entropy;
  const crypto::Sealer& sealer;  // of people's second factors
  // Where a person whose device was refused finds help: the partner's enrolment page when the device is unknown or
  // unmanaged, its remediation page when it is not compliant. May be empty, and may give nothing. Called outside of any
  // transaction.
  std::function<std::optional<std::string>(const directory::TenantId&, int error_code)> help_link = {};
  // Made by register_routes() where there is none.
  std::shared_ptr<directory::ApplicationBook> applications = {};
};

// What the dependencies refer to must outlive the router.
void register_routes(http::Router& router, Dependencies dependencies);

}  // namespace wardbridge::oauth
