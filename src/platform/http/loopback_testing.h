// For this room's tests: a raw socket to a server on this machine, and certificates made on the spot.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "platform/http/server.h"

namespace wardbridge::http {

// Sends exactly the bytes it is told to; reads under a five-second limit, so that no test hangs.
class RawConnection {
 public:
  explicit RawConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval limit{5, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;

  bool connected() const { return connected_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // The next response, head and body by its Content-Length; shorter when the connection ends. `with_body` is false for
  // the answer to HEAD.
  std::string response(bool with_body = true) {
    while (received_.find("\r\n\r\n") == std::string::npos && receive()) {
    }
    auto end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return take(received_.size());
    end += 4;
    auto length = received_.find("Content-Length: ");
    if (with_body && length < end) end += std::strtoul(received_.c_str() + length + 16, nullptr, 10);
    while (received_.size() < end && receive()) {
    }
    return take(std::min(end, received_.size()));
  }

  // What is left until the server closes; "(still open)" when it does not.
  std::string rest() {
    while (receive()) {
    }
    return (ended_ ? "" : "(still open)") + take(received_.size());
  }

 private:
  bool receive() {
    char buffer[16384];
    auto count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count > 0) received_.append(buffer, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno == ECONNRESET)) ended_ = true;
    return count > 0;
  }
  std::string take(std::size_t count) {
    std::string taken = received_.substr(0, count);
    received_.erase(0, count);
    return taken;
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string received_;
};

inline int status_of(const std::string& response) {
  return response.starts_with("HTTP/1.1 ") ? std::atoi(response.c_str() + 9) : 0;
}

// A certificate authority with P-256 keys and certificates of an hour.
class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(nullptr, &X509_free) {
    certificate_ = make("Wardbridge Test CA", *key_, true);
  }

  // For a server at 127.0.0.1, or (whatever its name) for a client; `life` from now on, less than nothing for one that
  // has ended.
  TlsIdentity issue(const std::string& name, Duration life = hours{1}) const {
    PrivateKey key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    Certificate certificate = make(name, *key, false, life);
    return {pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); }), pem([&](BIO* out) {
              PEM_write_bio_PKCS8PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
  }

  std::string certificate_pem() const {
    return pem([&](BIO* out) { PEM_write_bio_X509(out, certificate_.get()); });
  }

 private:
  using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  template <class Write>
  static std::string pem(Write write) {
    std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
    write(memory.get());
    char* data = nullptr;
    auto size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  static void add_extension(X509* certificate, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  Certificate make(const std::string& name, EVP_PKEY& key, bool authority, Duration life = hours{1}) const {
    Certificate made(X509_new(), &X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), std::chrono::duration_cast<seconds>(life).count());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1,
                               0);
    X509_set_issuer_name(made.get(), X509_get_subject_name(authority ? made.get() : certificate_.get()));
    X509_set_pubkey(made.get(), &key);
    add_extension(made.get(), NID_basic_constraints, authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!authority) add_extension(made.get(), NID_subject_alt_name, "IP:127.0.0.1");
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }

  PrivateKey key_;
  mutable long serial_ = 0;
  Certificate certificate_;
};

// A file that is gone when the test is.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    std::string name = testing::TempDir() + "wardbridge-http-XXXXXX";
    int file = ::mkstemp(name.data());
    ::close(file);
    path_ = name;
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace wardbridge::http
