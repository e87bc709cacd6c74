#include <algorithm>
#include <array>
#include <cstring>

#include "platform/http/curl_easy.h"
#include "platform/mail/mail.h"

namespace wardbridge::mail {
namespace {

constexpr Duration kLongestConnect = seconds{10};

struct Upload {
  std::string_view rest;
};

std::size_t give_bytes(char* buffer, std::size_t size, std::size_t count, void* upload_pointer) {
  auto& upload = *static_cast<Upload*>(upload_pointer);
  std::size_t bytes = std::min(size * count, upload.rest.size());
  std::memcpy(buffer, upload.rest.data(), bytes);
  upload.rest.remove_prefix(bytes);
  return bytes;
}

std::size_t drop_bytes(char*, std::size_t size, std::size_t count, void*) { return size * count; }

Failure failure_of(CURLcode code, long reply, const std::string& server, const char* explanation) {
  std::string why = explanation[0] != '\0' ? explanation : curl_easy_strerror(code);
  std::string message = "`" + server + "` did not take the mail: " + why;
  if (code == CURLE_OPERATION_TIMEDOUT) return {Code::timeout, "timeout", "`" + server + "` did not answer in time"};
  // SPEC: RFC 4954 section 6 and RFC 3207 section 4: 530, 534, 535 and 538 are about how we log in.
  bool about_login = reply == 530 || reply == 534 || reply == 535 || reply == 538;
  if (code == CURLE_LOGIN_DENIED || about_login) return {Code::unauthenticated, "mail_login", message};
  if (code == CURLE_USE_SSL_FAILED) return unavailable("tls", "`" + server + "` does not offer STARTTLS");
  if (reply >= 500 && reply <= 599) return {Code::forbidden, "mail_rejected", message};
  if (reply >= 400 && reply <= 499) return unavailable("mail_deferred", message);
  const char* reason = http::reason_of_unavailable(code);
  return unavailable(reason ? reason : "reset", message);
}

}  // namespace

SmtpTransport::SmtpTransport(SmtpOptions options) : options_(std::move(options)) { http::start_curl(); }

Status SmtpTransport::send(const Message& message, Duration deadline) {
  using http::set;
  std::string wire = TRY(write_message(message));
  std::string from = "<" + message.from + ">";
  http::List recipients;
  for (const std::string& address : message.to) http::append_to(recipients, "<" + address + ">");
  std::string host = options_.server.find(':') == std::string::npos ? options_.server : "[" + options_.server + "]";
  std::string url = std::string(options_.security == Security::tls ? "smtps" : "smtp") + "://" + host + ":" +
                    std::to_string(options_.port) + "/" + options_.own_name;
  Upload upload{wire};
  std::array<char, CURL_ERROR_SIZE> explanation{};

  http::Easy easy(curl_easy_init());
  CHECK(easy != nullptr, "curl_easy_init");
  set(easy.get(), CURLOPT_NOSIGNAL, 1L);
  set(easy.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(easy.get(), CURLOPT_PROXY, "");  // the empty text, unlike null, keeps libcurl from the environment
  set(easy.get(), CURLOPT_URL, url.c_str());
  set(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
  set(easy.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(deadline, kLongestConnect).count()));
  set(easy.get(), CURLOPT_SERVER_RESPONSE_TIMEOUT, std::max(1L, static_cast<long>(deadline.count() / 1000)));
  set(easy.get(), CURLOPT_USE_SSL,
      static_cast<long>(options_.security == Security::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  http::set_trust(easy.get(), options_.ca_file, options_.use_system_store);
  if (!options_.username.empty() && options_.security != Security::none) {
    set(easy.get(), CURLOPT_USERNAME, options_.username.c_str());
    set(easy.get(), CURLOPT_PASSWORD, options_.password.c_str());
  }
  set(easy.get(), CURLOPT_MAIL_FROM, from.c_str());
  set(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());
  set(easy.get(), CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  set(easy.get(), CURLOPT_UPLOAD, 1L);
  set(easy.get(), CURLOPT_READFUNCTION, &give_bytes);
  set(easy.get(), CURLOPT_READDATA, &upload);
  set(easy.get(), CURLOPT_WRITEFUNCTION, &drop_bytes);
  set(easy.get(), CURLOPT_ERRORBUFFER, explanation.data());
  CURLcode code = curl_easy_perform(easy.get());
  if (code == CURLE_OK) return done();
  long reply = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &reply);
  return failure_of(code, reply, options_.server, explanation.data());
}

}  // namespace wardbridge::mail
