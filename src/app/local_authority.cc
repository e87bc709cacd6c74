#include "app/local_authority.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace wardbridge::app {
namespace {

bool looks_like_address(const std::string& name) {
  return name.find(':') != std::string::npos || name.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found("no_file", "`" + path + "` can't be read");
  std::ostringstream content;
  content << file.rdbuf();
  if (content.str().size() > 1024 * 1024) return invalid("too_large", "`" + path + "` is larger than 1 MiB");
  return content.str();
}

Status write_file(const std::string& path, const std::string& content, int mode) {
  std::string temporary = path + ".new";
  int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return unavailable("write_failed", "`" + path + "` can't be written");
  bool written =
      ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return unavailable("write_failed", "`" + path + "` can't be written");
  }
  return done();
}

Result<LocalAuthority> LocalAuthority::open(const std::string& folder, Entropy& entropy, Time now) {
  std::string certificate_path = folder + "/ca.pem";
  std::string key_path = folder + "/ca-key.pem";
  if (std::filesystem::exists(certificate_path) && std::filesystem::exists(key_path)) {
    auto authority =
        TRY(crypto::CertificateAuthority::load(TRY(read_file(certificate_path)), TRY(read_file(key_path))));
    return LocalAuthority(std::move(authority), certificate_path);
  }
  crypto::CertificateTemplate subject{.common_name = "Wardbridge local authority",
                                      .not_before = now - hours{1},
                                      .not_after = now + days{3650},
                                      .use = crypto::CertificateTemplate::Use::authority};
  auto authority =
      TRY(crypto::CertificateAuthority::create(subject, TRY(crypto::Key::generate(crypto::Algorithm::ES256)), entropy));
  TRY(write_file(key_path, authority.private_key_pem(), 0600));
  TRY(write_file(certificate_path, authority.certificate_pem(), 0644));
  return LocalAuthority(std::move(authority), certificate_path);
}

Result<http::TlsIdentity> LocalAuthority::identity_for(std::vector<std::string> names, Entropy& entropy,
                                                       Time now) const {
  crypto::CertificateTemplate subject{.common_name = names.empty() ? "localhost" : names.front(),
                                      .dns_names = {"localhost"},
                                      .ip_addresses = {"127.0.0.1", "::1"},
                                      .not_before = now - hours{1},
                                      .not_after = now + days{397}};
  for (const std::string& name : names) {
    auto& list = looks_like_address(name) ? subject.ip_addresses : subject.dns_names;
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  }
  crypto::Key key = TRY(crypto::Key::generate(crypto::Algorithm::ES256));
  std::string der = TRY(authority_.issue(subject, key, entropy));
  return http::TlsIdentity{crypto::pem_from_der(der, "CERTIFICATE") + authority_.certificate_pem(), key.private_pem()};
}

}  // namespace wardbridge::app
