#include "sioxx/net/tls.hpp"

#include "sioxx/loop/fault.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sioxx::net {
namespace {

namespace fault = loop::fault;

/// TLS 1.2 suites: ephemeral keys and authenticated encryption only. All of TLS 1.3 is so anyway.
constexpr const char* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";
constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char session_context[] = {'s', 'i', 'o', 'x', 'x'};

/// RFC 7301 §3.2: a client that names protocols but not ours is told so.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  const int result =
      ::SSL_select_next_proto(&found, size, protocols, sizeof protocols, offered, offered_size);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Asks nobody: a server has no terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

void check_readable(const std::string& file, const char* what) {
  if (::access(file.c_str(), R_OK) == 0) return;
  throw std::runtime_error("the TLS " + std::string(what) + " " + file +
                           " cannot be read: " + std::strerror(errno));
}

bool last_error_is_mismatch() {
  const unsigned long error = ::ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_X509 && (ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH ||
                                                ERR_GET_REASON(error) == X509_R_KEY_TYPE_MISMATCH);
}

bool speaks_plain_http(unsigned long error) {
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return false;
  const int reason = ERR_GET_REASON(error);
  return reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST;
}

}  // namespace

std::shared_ptr<const TlsContext> TlsContext::load(const std::string& cert_file,
                                                   const std::string& key_file) {
  check_readable(cert_file, "certificate");
  check_readable(key_file, "key");
  ::ERR_clear_error();
  SSL_CTX* const context = ::SSL_CTX_new(::TLS_server_method());
  if (context == nullptr) throw std::runtime_error("TLS cannot be set up: OpenSSL refuses");
  const std::shared_ptr<const TlsContext> made(new TlsContext(context));
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_cipher_list(context, tls12_ciphers);
  // Sessions live in tickets that the clients keep, not in our memory.
  ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_session_id_context(context, session_context, sizeof session_context);
  ::SSL_CTX_set_num_tickets(context, 1);
  ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  ::SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (::SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) != 1) {
    ::ERR_clear_error();
    throw std::runtime_error("the TLS certificate " + cert_file + " is no certificate in PEM form");
  }
  if (::SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1) {
    const bool mismatch = last_error_is_mismatch();
    ::ERR_clear_error();
    throw std::runtime_error(
        "the TLS key " + key_file +
        (mismatch ? " does not belong to the certificate " + cert_file
                  : " is no private key in PEM form, or it needs a passphrase: store it without"));
  }
  return made;
}

TlsContext::~TlsContext() { ::SSL_CTX_free(context_); }

std::unique_ptr<Tls> Tls::accept(const TlsContext& context, int fd) {
  std::unique_ptr<Tls> made(new Tls(fd));
  BIO* const bio = method() == nullptr ? nullptr : ::BIO_new(method());
  if (bio == nullptr) return nullptr;
  ::BIO_set_data(bio, made.get());
  ::BIO_set_init(bio, 1);
  made->ssl_ = ::SSL_new(context.context_);
  if (made->ssl_ == nullptr) {
    ::BIO_free(bio);
    return nullptr;
  }
  ::SSL_set_bio(made->ssl_, bio, bio);
  ::SSL_set_accept_state(made->ssl_);
  return made;
}

Tls::~Tls() { ::SSL_free(ssl_); }

bool Tls::shaking_hands() const { return ::SSL_is_init_finished(ssl_) == 0; }

Tls::Io Tls::failed() {
  broken_ = true;
  const bool plain = speaks_plain_http(::ERR_peek_error());
  ::ERR_clear_error();
  return {plain ? Outcome::not_tls : Outcome::failed, 0};
}

Tls::Io Tls::read(std::span<char> into) {
  if (broken_) return {};
  wants_room_ = false;
  ::ERR_clear_error();
  std::size_t got = 0;
  const int result = ::SSL_read_ex(ssl_, into.data(), into.size(), &got);
  if (result == 1) return {Outcome::done, got};
  switch (::SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ: return {Outcome::again, 0};
    case SSL_ERROR_WANT_WRITE: wants_room_ = true; return {Outcome::again, 0};
    case SSL_ERROR_ZERO_RETURN: return {Outcome::ended, 0};
    default: return failed();
  }
}

Tls::Io Tls::write(std::string_view bytes) {
  if (broken_) return {};
  ::ERR_clear_error();
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    std::size_t now = 0;
    const int result = ::SSL_write_ex(ssl_, bytes.data() + taken, bytes.size() - taken, &now);
    taken += now;
    if (result == 1) continue;
    if (::SSL_get_error(ssl_, result) != SSL_ERROR_WANT_WRITE) return failed();
    return {taken == 0 ? Outcome::again : Outcome::done, taken};
  }
  return {Outcome::done, taken};
}

void Tls::say_goodbye() {
  if (broken_ || shaking_hands() || (::SSL_get_shutdown(ssl_) & SSL_SENT_SHUTDOWN) != 0) return;
  ::ERR_clear_error();
  ::SSL_shutdown(ssl_);
  ::ERR_clear_error();
}

// ---- the way to the descriptor ----------------------------------------------------------------------------

const bio_method_st* Tls::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* const fresh =
        ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sioxx descriptor");
    if (fresh == nullptr) return fresh;
    ::BIO_meth_set_read_ex(fresh, bio_read);
    ::BIO_meth_set_write_ex(fresh, bio_write);
    ::BIO_meth_set_ctrl(fresh, bio_control);
    return fresh;
  }();
  return made;
}

int Tls::bio_read(bio_st* bio, char* into, std::size_t size, std::size_t* got) {
  Tls& tls = *static_cast<Tls*>(::BIO_get_data(bio));
  ::BIO_clear_retry_flags(bio);
  for (;;) {
    const int fault = fault::at(fault::Point::read);
    errno = fault;
    const ssize_t n = fault > 0 ? -1 : ::recv(tls.fd_, into, fault::let_through(fault, size), 0);
    if (n > 0) {
      *got = static_cast<std::size_t>(n);
      return 1;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) tls.peer_ended_ = true;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) BIO_set_retry_read(bio);
    return 0;
  }
}

int Tls::bio_write(bio_st* bio, const char* from, std::size_t size, std::size_t* taken) {
  Tls& tls = *static_cast<Tls*>(::BIO_get_data(bio));
  ::BIO_clear_retry_flags(bio);
  for (;;) {
    const int fault = fault::at(fault::Point::write);
    errno = fault;
    const ssize_t n = fault > 0 ? -1 : ::send(tls.fd_, from, fault::let_through(fault, size), MSG_NOSIGNAL);
    if (n >= 0) {
      *taken = static_cast<std::size_t>(n);
      return 1;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) BIO_set_retry_write(bio);
    return 0;
  }
}

long Tls::bio_control(bio_st* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Tls*>(::BIO_get_data(bio))->peer_ended_ ? 1 : 0;
  return 0;
}

}  // namespace sioxx::net
