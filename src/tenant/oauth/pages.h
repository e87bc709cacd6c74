// The pages that people see: plain HTML that works without scripts and with a screen reader, every value escaped,
// nothing loaded from anywhere, never in a frame.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/http/http.h"
#include "tenant/oauth/wire_errors.h"

namespace wardbridge::oauth {

// --- Parts of a page. All of them escape what they are given.
std::string paragraph(std::string_view text, std::string_view id = {});
std::string list_of(const std::vector<std::string>& items);
std::string hidden_field(std::string_view name, std::string_view value);
struct Field {
  std::string_view name;
  std::string_view label;
  std::string_view type = "text";
  std::string_view autocomplete = "off";
  std::string_view value = {};
  bool is_numeric = false;  // digits on a telephone's keyboard
  bool has_focus = false;
};
std::string field(const Field& field);
std::string button(std::string_view label, std::string_view name = {}, std::string_view value = {});
enum class ButtonKind { main, other };
std::string button(ButtonKind kind, std::string_view label, std::string_view name, std::string_view value);

// --- Pages
// A question: one form, which goes to `action`.
struct FormPage {
  std::string title;
  std::string action;
  std::string method = "post";
  std::string context;               // of the sign-in; empty: none
  std::string body;                  // of the form
  std::string redirect_uri;          // where the sign-in leads in the end; may be empty
  std::optional<WireError> problem;  // what went wrong the last time
};
http::Response form_page(const FormPage& page, const Trace& trace);

struct ErrorPage {
  WireError error;
  std::optional<std::string> link = {};  // where the person finds help
};
bool wants_json(const http::Request& request);
// For `Accept: application/json` the same as a JSON body.
http::Response error_page(const http::Request& request, const ErrorPage& page, const Trace& trace);

// response_mode=form_post without scripts: a form with a button.
http::Response form_post_page(const std::string& action, const text::Form& fields);
// Something to read, and nothing to do.
http::Response message_page(const std::string& title, const std::string& body);

}  // namespace wardbridge::oauth
