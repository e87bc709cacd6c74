// Graph's error body and headers. Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "platform/http/http.h"

namespace wardbridge::graph {

// The one mapper from our failures to Graph's errors.
http::Response error_response(const http::Request& request, const Failure& failure);
http::Response error_response(const http::Request& request, int status, std::string_view code,
                              std::string_view message);
http::Response reply(const http::Request& request, int status, const json::Object& body);
http::Response text_reply(const http::Request& request, int status, std::string text);
http::Response empty_reply(const http::Request& request, int status);

}  // namespace wardbridge::graph
