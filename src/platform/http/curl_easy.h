// What every user of libcurl shares: owned handles, options that can't silently fail, whom to trust, and what its
// errors mean. For platform's own sources; nothing else in the house sees libcurl.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace wardbridge::http {

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;

struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCleanup>;
void append_to(List& list, const std::string& line);

// An option that libcurl does not know would mean a limit or a check that silently is not there.
template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CURLcode code = curl_easy_setopt(easy, option, value);
  CHECK(code == CURLE_OK, curl_easy_strerror(code));
}

// Once a process, before the first handle; later calls do nothing.
void start_curl();

// Certificates and host names are verified, against the CA file (empty: none) and the system's store when asked;
// TLS 1.2 at least. `ca_file` must outlive the transfer.
void set_trust(CURL* easy, const std::string& ca_file, bool use_system_store);

// `dns`, `connect`, `tls`, `reset` for the ways in which a peer can be out of reach; nothing for everything else.
const char* reason_of_unavailable(CURLcode code);

}  // namespace wardbridge::http
