#include "tenant/oauth/pages.h"

#include "platform/http/page.h"

namespace wardbridge::oauth {
namespace {

std::string escaped(std::string_view text) { return text::escape_markup(text); }

// What a form may be sent to, as a source of a content security policy: browsers apply it to redirects that follow too.
std::string policy_source(std::string_view uri) {
  const auto scheme_end = uri.find(':');
  const std::string_view scheme = uri.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return std::string(scheme) + ":";
  const auto authority_end = uri.find_first_of("/?#", scheme_end + 3);
  return std::string(uri.substr(0, authority_end));
}

std::string problem_paragraph(const WireError& error) {
  // Read out at once, because the page looks like the one before.
  return "<div role=\"alert\"><p id=\"reason\">" + escaped(error.reason) +
         "</p>\n<p>Error <span id=\"error-code\">AADSTS" + std::to_string(error.number) + "</span></p></div>\n";
}

std::string trace_list(const Trace& trace) {
  return "<dl><dt>Trace ID</dt><dd id=\"trace-id\">" + escaped(trace.trace_id) +
         "</dd><dt>Correlation ID</dt><dd id=\"correlation-id\">" + escaped(trace.correlation_id) +
         "</dd><dt>Timestamp</dt><dd>" + to_iso8601(trace.time, false) + "</dd></dl>\n";
}

}  // namespace

std::string paragraph(std::string_view text, std::string_view id) {
  return "<p" + (id.empty() ? "" : " id=\"" + escaped(id) + "\"") + ">" + escaped(text) + "</p>\n";
}

std::string list_of(const std::vector<std::string>& items) {
  std::string list = "<ul>\n";
  for (const std::string& item : items) list += "<li>" + escaped(item) + "</li>\n";
  return list + "</ul>\n";
}

std::string hidden_field(std::string_view name, std::string_view value) {
  return "<input type=\"hidden\" name=\"" + escaped(name) + "\" value=\"" + escaped(value) + "\">\n";
}

std::string field(const Field& field) {
  std::string attributes = "type=\"" + escaped(field.type) + "\" autocomplete=\"" + escaped(field.autocomplete) + "\"";
  if (field.is_numeric) attributes += " inputmode=\"numeric\"";
  if (!field.value.empty()) attributes += " value=\"" + escaped(field.value) + "\"";
  if (field.has_focus) attributes += " autofocus";
  const std::string name = escaped(field.name);
  return "<label for=\"" + name + "\">" + escaped(field.label) + "</label><input id=\"" + name + "\" name=\"" + name +
         "\" " + attributes + " required>\n";
}

std::string button(ButtonKind kind, std::string_view label, std::string_view name, std::string_view value) {
  // A button that goes another way must not be held up by a field that is still empty.
  const std::string is_other = kind == ButtonKind::other ? " class=\"other\" formnovalidate" : "";
  const std::string says = name.empty() ? "" : " name=\"" + escaped(name) + "\" value=\"" + escaped(value) + "\"";
  return "<button type=\"submit\"" + is_other + says + ">" + escaped(label) + "</button>\n";
}

std::string button(std::string_view label, std::string_view name, std::string_view value) {
  return button(ButtonKind::main, label, name, value);
}

bool wants_json(const http::Request& request) {
  const auto accept = request.headers.get("Accept").value_or("");
  return text::contains_ignoring_case(accept, "application/json") && !text::contains_ignoring_case(accept, "text/html");
}

http::Response form_page(const FormPage& form, const Trace& trace) {
  std::string body;
  if (form.problem) body += problem_paragraph(*form.problem);
  body += "<form method=\"" + escaped(form.method) + "\" action=\"" + escaped(form.action) + "\">\n";
  if (!form.context.empty()) body += hidden_field("ctx", form.context);
  body += form.body + "</form>\n";
  if (form.problem) body += trace_list(trace);
  const std::string target = form.redirect_uri.empty() ? "" : " " + policy_source(form.redirect_uri);
  http::Response response = http::page(form.problem ? form.problem->status : 200,
                                       {.title = form.title, .body = body, .form_targets = "'self'" + target});
  add_common_headers(response, trace);
  return response;
}

http::Response error_page(const http::Request& request, const ErrorPage& error, const Trace& trace) {
  if (wants_json(request)) {
    json::Object body = error_body(error.error, trace);
    body["reason"] = error.error.reason;
    body["next_step"] = next_step(error.error.number);
    if (error.link) body["next_step_uri"] = *error.link;
    http::Response response = http::json_response(error.error.status, body);
    add_common_headers(response, trace);
    return response;
  }
  std::string body = problem_paragraph(error.error);
  body += paragraph(next_step(error.error.number), "next-step");
  // Only web addresses become links: a `javascript:` one would run in this page.
  if (error.link && error.link->starts_with("https://"))
    body += "<p><a id=\"next-step-link\" rel=\"noreferrer\" href=\"" + escaped(*error.link) + "\">Get help</a></p>\n";
  body += trace_list(trace);
  http::Response response = http::page(error.error.status, {.title = "You can't get there from here", .body = body});
  add_common_headers(response, trace);
  return response;
}

http::Response form_post_page(const std::string& action, const text::Form& fields) {
  std::string body = "<form method=\"post\" action=\"" + escaped(action) + "\">\n";
  for (const auto& [name, value] : fields) body += hidden_field(name, value);
  body += "<button type=\"submit\">Continue</button>\n</form>\n";
  return http::page(200, {.title = "Signed in", .body = body, .form_targets = policy_source(action)});
}

http::Response message_page(const std::string& title, const std::string& body) {
  return http::page(200, {.title = title, .body = body});
}

}  // namespace wardbridge::oauth
