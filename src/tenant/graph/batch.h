// JSON batching: many requests in one body, each answered as if it had come alone. Private to this room.
#pragma once

#include "platform/http/http.h"
#include "tenant/graph/graph.h"

namespace wardbridge::graph {

// `version` is where the batch was sent to; its requests go through `router`, in that version, as the same caller.
http::Response answer_batch(const Dependencies& with, const http::Router& router, std::string_view version,
                            const http::Request& request);

}  // namespace wardbridge::graph
