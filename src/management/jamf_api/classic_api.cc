#include "management/jamf_api/classic_api.h"

#include "platform/http/status.h"

namespace wardbridge::jamf_api {
namespace {

const char* phrase_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Request Entity Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Internal Server Error";
  }
}

int classic_status(const Failure& failure) {
  if (failure.reason == "bad_xml") return 400;
  if (failure.reason == "unsupported_media_type") return 415;
  // JAMF: a document that can be read but not taken is a conflict.
  if (failure.code == Code::invalid_argument) return 409;
  return http::status_of(failure.code);
}

bool wants_json(const http::Request& request) {
  std::string accept = text::lower(request.headers.get("Accept").value_or(""));
  auto as_json = accept.find("application/json");
  return as_json != std::string::npos && as_json < accept.find("xml");
}

Failure bad_element(std::string_view name, const char* what) {
  return invalid("bad_xml", "`" + std::string(name) + "` " + what, std::string(name));
}

}  // namespace

http::Response status_page(int status, std::string_view reason, std::string_view detail) {
  std::string page = "<html>\n<head>\n   <title>Status page</title>\n</head>\n<body>\n";
  for (std::string_view paragraph : {std::string_view(phrase_of(status)), reason, detail}) {
    if (!paragraph.empty()) page += "<p>" + text::escape_markup(paragraph) + "</p>\n";
  }
  http::Response response = http::html_response(status, page + "</body>\n</html>\n");
  if (status == 503) response.headers.set("Retry-After", "5");
  return response;
}

Failure classic_refusal(std::string words) { return conflict("classic_refusal", std::move(words)); }

http::Response classic_error(const Failure& failure, const http::Request&) {
  int status = classic_status(failure);
  std::string message = failure.message;
  if (failure.reason == "classic_refusal") return status_page(status, message);
  if (status == 401) return status_page(status, "The request requires user authentication");
  if (status == 404) return status_page(status, "The server has not found what the URI names", message);
  if (failure.reason == "bad_xml") return status_page(status, "Error in XML file", message);
  // JAMF: these words are matched by clients.
  if (failure.reason == "already_exists") return status_page(status, "Error: Duplicate name", message);
  if (failure.where.starts_with("criteria")) return status_page(status, "Problem with criteria", message);
  if (failure.reason == "unknown_computer") return status_page(status, "Error: Unable to match computer", message);
  if (!message.empty()) message[0] = text::upper(message.substr(0, 1))[0];
  return status_page(status, status == 409 ? "Error: " + message : message);
}

http::Response classic_response(int status, const http::Request& request, const sources::XmlTree& tree) {
  if (wants_json(request)) {
    // JAMF: JSON is sent as plain text.
    return http::text_response(status, json::to_text(json::Object{{tree.root, tree.value}}),
                               "text/plain;charset=UTF-8");
  }
  return http::text_response(status, sources::write_classic_xml(tree), "text/xml;charset=UTF-8");
}

Result<json::Object> classic_body(const http::Request& request, std::string_view root) {
  // JAMF: writes are XML only, though reads may be JSON.
  std::string type = text::lower(request.headers.get("Content-Type").value_or("text/xml"));
  if (!type.starts_with("text/xml") && !type.starts_with("application/xml")) {
    return invalid("unsupported_media_type", "the body must be sent as `text/xml` or `application/xml`");
  }
  sources::XmlTree tree = TRY(sources::read_classic_xml(request.body));
  if (tree.root != root) {
    return invalid("bad_xml",
                   "the document must be a `" + std::string(root) + "`, not a `" + tree.root.substr(0, 60) + "`");
  }
  if (json::Object* object = tree.value.if_object()) return std::move(*object);
  return json::Object{};  // an element without children
}

Result<std::optional<std::string>> element_text(const json::Object& parent, std::string_view name) {
  const json::Value* value = json::find(parent, name);
  if (!value) return std::optional<std::string>();
  if (value->is_array()) return bad_element(name, "is there more than once");
  if (!value->is_string()) return bad_element(name, "must hold text, not other elements");
  return std::optional<std::string>(std::string_view(value->get_string()));
}

Result<std::optional<std::int64_t>> element_integer(const json::Object& parent, std::string_view name) {
  auto words = TRY(element_text(parent, name));
  if (!words || text::trim(*words).empty()) return std::optional<std::int64_t>();
  auto number = text::parse_integer(text::trim(*words));
  if (!number) return bad_element(name, "must be a whole number");
  return std::optional<std::int64_t>(*number);
}

Result<std::optional<bool>> element_flag(const json::Object& parent, std::string_view name) {
  auto words = TRY(element_text(parent, name));
  if (!words || text::trim(*words).empty()) return std::optional<bool>();
  bool yes = text::equal_ignoring_case(text::trim(*words), "true");
  if (!yes && !text::equal_ignoring_case(text::trim(*words), "false"))
    return bad_element(name, "must be true or false");
  return std::optional<bool>(yes);
}

}  // namespace wardbridge::jamf_api
