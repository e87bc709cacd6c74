// What scripts of other origins may read (CORS): documents, by anyone; tokens, by the single page application that they
// are for.
#pragma once

#include <string_view>

#include "platform/http/http.h"
#include "tenant/directory/directory.h"

namespace wardbridge::oauth {

// `https://app.example` of a redirect URI.
std::string_view origin_of(std::string_view uri);
void let_anyone_read(http::Response& response);
// Only where the request comes from an origin that the client registered for a single page application.
void let_client_read(http::Response& response, const http::Request& request, const directory::Application& client);

}  // namespace wardbridge::oauth
