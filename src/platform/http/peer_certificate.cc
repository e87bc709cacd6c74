#include "platform/http/peer_certificate.h"

#include <array>
#include <vector>

#include "platform/crypto/crypto.h"
#include "platform/http/curl_easy.h"

namespace wardbridge::http {
namespace {

constexpr std::string_view kPemOfChain = "Cert:";

enum class Check { everything, name_only, nothing };

struct Handshake {
  CURLcode code = CURLE_OK;
  std::string explanation;
  std::vector<crypto::CertificateOutline> chain;  // the peer's own first
};

std::vector<crypto::CertificateOutline> chain_of(CURL* easy) {
  std::vector<crypto::CertificateOutline> chain;
  curl_certinfo* presented = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &presented) != CURLE_OK || presented == nullptr) return chain;
  for (int i = 0; i < presented->num_of_certs; ++i) {
    for (const curl_slist* line = presented->certinfo[i]; line != nullptr; line = line->next) {
      std::string_view text = line->data;
      if (!text.starts_with(kPemOfChain)) continue;
      auto der = crypto::der_from_pem(text.substr(kPemOfChain.size()));
      if (!der.ok()) continue;
      if (auto outline = crypto::outline_certificate(*der); outline.ok()) chain.push_back(std::move(*outline));
    }
  }
  return chain;
}

Handshake shake_hands(const std::string& url, const ClientOptions& options, Duration deadline, Check check) {
  Easy easy(curl_easy_init());
  CHECK(easy != nullptr, "curl_easy_init");
  std::array<char, CURL_ERROR_SIZE> explanation{};
  set_trust(easy.get(), options.ca_file, options.use_system_store);
  if (check != Check::everything) set(easy.get(), CURLOPT_SSL_VERIFYPEER, 0L);
  if (check == Check::nothing) set(easy.get(), CURLOPT_SSL_VERIFYHOST, 0L);
  set(easy.get(), CURLOPT_CONNECT_ONLY, 1L);
  set(easy.get(), CURLOPT_CERTINFO, 1L);
  set(easy.get(), CURLOPT_NOSIGNAL, 1L);
  set(easy.get(), CURLOPT_PROTOCOLS_STR, "https");
  set(easy.get(), CURLOPT_PROXY, options.proxy.c_str());
  set(easy.get(), CURLOPT_NOPROXY, options.no_proxy.c_str());
  set(easy.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(deadline.count()));
  set(easy.get(), CURLOPT_ERRORBUFFER, explanation.data());
  set(easy.get(), CURLOPT_URL, url.c_str());
  Handshake done{.code = curl_easy_perform(easy.get()), .explanation = {}, .chain = {}};
  done.explanation = explanation[0] != '\0' ? explanation.data() : curl_easy_strerror(done.code);
  done.chain = chain_of(easy.get());
  return done;
}

// An authority that has but the name of a trusted one ends the handshake with the error of a broken one.
bool may_be_refused(const Handshake& handshake) {
  const char* reason = reason_of_unavailable(handshake.code);
  return reason && std::string_view(reason) == "tls";
}

Failure failure_of(const Handshake& handshake, const std::string& origin) {
  if (handshake.code == CURLE_OPERATION_TIMEDOUT) {
    return {Code::timeout, "timeout", "`" + origin + "` did not answer in time"};
  }
  const char* reason = reason_of_unavailable(handshake.code);
  return unavailable(reason ? reason : "connect", "no answer from `" + origin + "`: " + handshake.explanation);
}

}  // namespace

Result<PeerCertificate> look_at_certificate(const std::string& url, const ClientOptions& options, Duration deadline,
                                            Time now) {
  std::string origin = TRY(parse_url(url)).origin();
  start_curl();
  Handshake handshake = shake_hands(origin, options, deadline, Check::everything);
  const bool trusted = handshake.code == CURLE_OK;
  if (!trusted && !may_be_refused(handshake)) return failure_of(handshake, origin);
  // libcurl tells one cause, and not in a way that programs can read: so each is asked for by itself.
  const bool is_other_name = !trusted && may_be_refused(shake_hands(origin, options, deadline, Check::name_only));
  if (!trusted) handshake = shake_hands(origin, options, deadline, Check::nothing);
  if (handshake.code != CURLE_OK) return failure_of(handshake, origin);
  if (handshake.chain.empty()) return unavailable("tls", "`" + origin + "` presents no certificate that can be read");
  PeerCertificate found{.subject = handshake.chain.front().subject_common_name,
                        .issuer = handshake.chain.front().issuer_common_name};
  bool is_valid_now = true;
  for (const crypto::CertificateOutline& each : handshake.chain) {
    is_valid_now = is_valid_now && each.not_before <= now && now < each.not_after;
    if (each.not_after >= found.ends) continue;
    found.ends = each.not_after;
    found.ending = each.subject_common_name;
  }
  if (trusted) return found;
  found.trust = is_other_name  ? PeerCertificate::Trust::wrong_name
                : is_valid_now ? PeerCertificate::Trust::unknown_authority
                               : PeerCertificate::Trust::expired;
  return found;
}

}  // namespace wardbridge::http
