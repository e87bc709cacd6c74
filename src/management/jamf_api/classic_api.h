// The manners of the Classic API (`/JSSResource`), which differ from those of its successor: XML unless JSON is asked
// for, and pages of HTML for errors; for this room's own sources.
#pragma once

#include <string>
#include <string_view>

#include "management/jamf_api/api.h"
#include "management/sources/classic_xml.h"

namespace wardbridge::jamf_api {

// JAMF: errors are an HTML document titled `Status page` with the status and a reason, on which clients match.
// `detail` is for people and ours; it may be empty.
http::Response status_page(int status, std::string_view reason, std::string_view detail = {});

// A refusal in the vendor's own words: 409.
Failure classic_refusal(std::string words);

// The one mapper from failures to the Classic API's error pages.
http::Response classic_error(const Failure& failure, const http::Request& request);

// The tree as XML, or as JSON where `Accept` asks for that.
http::Response classic_response(int status, const http::Request& request, const sources::XmlTree& tree);

// The body, an XML document with this root element, as an object. `unsupported_media_type`, `bad_xml`.
Result<json::Object> classic_body(const http::Request& request, std::string_view root);

// The text of an element. Nothing when absent; `bad_xml` when it holds other elements or is there twice.
Result<std::optional<std::string>> element_text(const json::Object& parent, std::string_view name);
Result<std::optional<std::int64_t>> element_integer(const json::Object& parent, std::string_view name);
Result<std::optional<bool>> element_flag(const json::Object& parent, std::string_view name);

}  // namespace wardbridge::jamf_api
