#include "platform/http/page.h"

#include "base/text.h"
#include "platform/crypto/crypto.h"

namespace wardbridge::http {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#111827}"
    "main{max-width:26rem;margin:10vh auto;padding:2rem;background:#fff;border:1px solid #d1d5db;border-radius:8px}"
    "h1{font-size:1.4rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:1.5rem 0 0}p{margin:.5rem 0}"
    "a{color:#1d4ed8}label{display:block;margin-top:1rem}"
    "fieldset{border:0;margin:0;padding:0}ul{padding-left:1.2rem}"
    "code{font-size:1.1rem;overflow-wrap:anywhere;user-select:all}"
    ".other{color:#1d4ed8;background:#fff;border:1px solid #1d4ed8;margin-right:.5rem}"
    "input:focus-visible,button:focus-visible,a:focus-visible{outline:3px solid #f59e0b;outline-offset:2px}"
    "input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #6b7280;border-radius:4px}"
    "button{margin-top:1.5rem;padding:.5rem 1.5rem;font:inherit;color:#fff;background:#1d4ed8;border:0;"
    "border-radius:4px}"
    "#reason{color:#b91c1c}dl{font-size:.85rem;color:#4b5563}dd{margin:0;overflow-wrap:anywhere}";

}  // namespace

Response page(int status, const Page& page) {
  static const std::string style_hash = text::to_base64(crypto::sha256(kStyle));
  const std::string title = text::escape_markup(page.title);
  Response response = html_response(status,
                                    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                    "<meta name=\"viewport\" content=\"width=device-width\"><title>" +
                                        title + " - Wardbridge</title><style>" + std::string(kStyle) +
                                        "</style></head>\n<body><main>\n<h1>" + title + "</h1>\n" + page.body +
                                        "</main></body></html>\n");
  response.headers.set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-" + style_hash +
                                                      "'; base-uri 'none'; frame-ancestors 'none'; form-action " +
                                                      (page.form_targets.empty() ? "'none'" : page.form_targets));
  response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace wardbridge::http
