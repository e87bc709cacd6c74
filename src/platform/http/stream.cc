#include "platform/http/stream.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

#include "base/check.h"

namespace wardbridge::http {
namespace {

Failure bad_tls(const std::string& what, const error_code& error) {
  return invalid("tls", what + ": " + error.message());
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned int i = 0; i < offered_size && i + 1 + offered[i] <= offered_size; i += 1U + offered[i]) {
    if (std::string_view(reinterpret_cast<const char*>(offered + i + 1), offered[i]) != kHttp11) continue;
    *chosen = offered + i + 1;
    *chosen_size = offered[i];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;  // SPEC: RFC 7301 section 3.2: no_application_protocol
}

// SPEC: RFC 8446 section 4.2.4, RFC 5246 section 7.4.4: the names go out with the request for a certificate.
Status name_authorities(SSL_CTX* context, const std::vector<std::string>& names) {
  auto free_all = [](STACK_OF(X509_NAME) * list) { sk_X509_NAME_pop_free(list, X509_NAME_free); };
  std::unique_ptr<STACK_OF(X509_NAME), decltype(free_all)> list(sk_X509_NAME_new_null(), free_all);
  for (const std::string& der : names) {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    X509_NAME* name = d2i_X509_NAME(nullptr, &data, static_cast<long>(der.size()));
    if (name == nullptr) return invalid("tls", "the name of a client authority is not a distinguished name");
    CHECK(sk_X509_NAME_push(list.get(), name) > 0);
  }
  SSL_CTX_set_client_CA_list(context, list.release());
  return done();
}

}  // namespace

Result<asio::ssl::context> make_server_tls(const ServerOptions& options) {
  const TlsIdentity& identity = *options.tls;
  asio::ssl::context context(asio::ssl::context::tls_server);
  error_code error;
  // Without this, OpenSSL would ask the terminal for the password of an encrypted key.
  context.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); });
  if (context.use_certificate_chain(asio::buffer(identity.certificate_chain_pem), error)) {
    return bad_tls("the server's certificate can't be used", error);
  }
  if (context.use_private_key(asio::buffer(identity.private_key_pem), asio::ssl::context::pem, error)) {
    return bad_tls("the server's private key can't be used", error);
  }
  SSL_CTX* native = context.native_handle();
  if (SSL_CTX_check_private_key(native) != 1) {
    return invalid("tls", "the server's private key does not belong to its certificate");
  }
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                  SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  // A resumed session carries the client certificate of the first; the context id keeps it from being resumed
  // elsewhere.
  constexpr std::string_view kSessionContext = "wardbridge";
  SSL_CTX_set_session_id_context(native, reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                 static_cast<unsigned int>(kSessionContext.size()));
  if (options.ask_for_client_certificate) {
    // The handshake proves that the client holds the key; whose certificate it is, and whether it counts, the handler
    // judges: device certificates come from authorities that are data, not configuration of this socket.
    context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_client_once);
    context.set_verify_callback([](bool, asio::ssl::verify_context&) { return true; });
    TRY(name_authorities(native, options.client_authorities));
  }
  return context;
}

Stream::Stream(Tcp::socket socket, asio::ssl::context* tls) : socket_(std::move(socket)) {
  error_code ignored;
  // Without it, Nagle and delayed acknowledgements together cost 40 ms an answer.
  socket_.set_option(Tcp::no_delay(true), ignored);
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

void Stream::handshake(Done done) {
  if (!tls_) {
    asio::post(socket_.get_executor(), [done = std::move(done)] { done({}, 0); });
    return;
  }
  tls_->async_handshake(asio::ssl::stream_base::server,
                        [done = std::move(done)](const error_code& error) { done(error, 0); });
}

void Stream::read_some(asio::mutable_buffer buffer, Done done) {
  if (tls_) {
    tls_->async_read_some(buffer, std::move(done));
  } else {
    socket_.async_read_some(buffer, std::move(done));
  }
}

void Stream::write_some(asio::const_buffer buffer, Done done) {
  if (tls_) {
    tls_->async_write_some(buffer, std::move(done));
  } else {
    socket_.async_write_some(buffer, std::move(done));
  }
}

void Stream::finish_writing(Done done) {
  auto shut = [this, done = std::move(done)](const error_code&) {
    error_code error;
    socket_.shutdown(Tcp::socket::shutdown_send, error);
    done(error, 0);
  };
  if (tls_) {
    tls_->async_shutdown(std::move(shut));
  } else {
    asio::post(socket_.get_executor(), [shut = std::move(shut)] { shut({}); });
  }
}

void Stream::read_remains(asio::mutable_buffer buffer, Done done) { socket_.async_read_some(buffer, std::move(done)); }

void Stream::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

std::string Stream::peer_address() const {
  error_code error;
  auto endpoint = socket_.remote_endpoint(error);
  return error ? std::string() : endpoint.address().to_string();
}

std::string Stream::client_certificate_der() {
  if (!tls_) return {};
  SSL* native = tls_->native_handle();
  std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(native), &X509_free);
  if (certificate == nullptr) return {};
  int size = i2d_X509(certificate.get(), nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(certificate.get(), &out);
  return der;
}

}  // namespace wardbridge::http
