#include "platform/http/curl_easy.h"

#include <openssl/x509.h>

namespace wardbridge::http {

void append_to(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  CHECK(longer != nullptr, "out of memory");
  static_cast<void>(list.release());
  list.reset(longer);
}

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(started == CURLE_OK, curl_easy_strerror(started));
}

void set_trust(CURL* easy, const std::string& ca_file, bool use_system_store) {
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // Without these two lines libcurl trusts the bundle that it was built with, whatever was asked for.
  const char* directory = use_system_store ? X509_get_default_cert_dir() : nullptr;
  set(easy, CURLOPT_CAPATH, directory);
  set(easy, CURLOPT_CAINFO, ca_file.empty() ? nullptr : ca_file.c_str());
}

const char* reason_of_unavailable(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "dns";
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return "connect";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_ENGINE_INITFAILED:
      return "tls";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return "reset";
    default:
      return nullptr;
  }
}

}  // namespace wardbridge::http
