#pragma once

#include "net_world.hpp"

#include "sioxx/net/tls.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sioxx::net::test {

/// A folder with certificates of our own, gone with it.
class Papers {
 public:
  Papers() {
    char name[] = "/tmp/tls_testXXXXXX";
    folder_ = ::mkdtemp(name);
    make("one");
    make("two");
  }
  ~Papers() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    ::rmdir(folder_.c_str());
  }
  Papers(const Papers&) = delete;
  Papers& operator=(const Papers&) = delete;

  std::string cert(const std::string& name) const { return folder_ + "/" + name + ".crt"; }
  std::string key(const std::string& name) const { return folder_ + "/" + name + ".key"; }
  std::string write(const std::string& name, const std::string& content) {
    files_.push_back(folder_ + "/" + name);
    std::ofstream(files_.back()) << content;
    return files_.back();
  }

  void make(const std::string& name, const char* passphrase = nullptr) {
    EVP_PKEY* const pair = ::EVP_EC_gen("P-256");
    X509* const paper = ::X509_new();
    ::ASN1_INTEGER_set(::X509_get_serialNumber(paper), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(paper), -60);
    ::X509_gmtime_adj(::X509_getm_notAfter(paper), 3'600);
    ::X509_set_pubkey(paper, pair);
    X509_NAME* const subject = ::X509_get_subject_name(paper);
    ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    ::X509_set_issuer_name(paper, subject);
    ::X509_sign(paper, pair, ::EVP_sha256());
    files_.push_back(cert(name));
    files_.push_back(key(name));
    std::FILE* file = std::fopen(cert(name).c_str(), "w");
    ::PEM_write_X509(file, paper);
    std::fclose(file);
    file = std::fopen(key(name).c_str(), "w");
    ::PEM_write_PrivateKey(file, pair, passphrase == nullptr ? nullptr : ::EVP_aes_128_cbc(), nullptr, 0,
                           nullptr, const_cast<char*>(passphrase));
    std::fclose(file);
    ::X509_free(paper);
    ::EVP_PKEY_free(pair);
  }

 private:
  std::string folder_;
  std::vector<std::string> files_;
};

/// A client that speaks TLS over a Client's socket, while the world turns.
class TlsClient {
 public:
  explicit TlsClient(World& world, int max_version = TLS1_3_VERSION,
                     const std::string& protocols = "\x08http/1.1")
      : world_(world), socket_(world), context_(::SSL_CTX_new(::TLS_client_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own way to a socket does not ask to be spared
    ::SSL_CTX_set_max_proto_version(context_, max_version);
    ::SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    ::SSL_CTX_set_security_level(context_, 0);
    ssl_ = ::SSL_new(context_);
    if (!protocols.empty())
      ::SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
    ::SSL_set_fd(ssl_, socket_.fd());
    ::SSL_set_connect_state(ssl_);
  }
  ~TlsClient() {
    ::SSL_free(ssl_);
    ::SSL_CTX_free(context_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// 1: done, 0: ended in an orderly way, -1: broken.
  template <class Operation>
  int drive(Operation&& operation) {
    int outcome = -1;
    world_.until([&] {
      ::ERR_clear_error();
      const int result = operation();
      if (result > 0) return outcome = 1, true;
      const int error = ::SSL_get_error(ssl_, result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return false;
      outcome = error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
      return true;
    });
    return outcome;
  }
  bool shake_hands() {
    return drive([&] { return ::SSL_do_handshake(ssl_); }) == 1;
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      int n = 0;
      const int outcome =
          drive([&] { return n = ::SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())); });
      if (outcome != 1) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Reads until `got` holds that many bytes; false when it ended before.
  bool wait_for_bytes(std::size_t count) {
    while (got.size() < count) {
      char buffer[16'384];
      int n = 0;
      ended = drive([&] { return n = ::SSL_read(ssl_, buffer, sizeof buffer); });
      if (ended != 1) return false;
      got.append(buffer, static_cast<std::size_t>(n));
    }
    return true;
  }
  Answer get(const std::string& target, const std::string& headers = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    return answer();
  }
  Answer answer() {
    Answer answer;
    std::size_t end = 0;
    while ((end = got.find("\r\n\r\n")) == std::string::npos) {
      if (!wait_for_bytes(got.size() + 1)) return answer;
    }
    answer.head = got.substr(0, end + 2);
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::string length = answer.header("Content-Length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    wait_for_bytes(end + 4 + size);
    answer.body = got.substr(end + 4, size);
    got.erase(0, end + 4 + size);
    return answer;
  }
  std::string peer_name() const {
    X509* const paper = ::SSL_get1_peer_certificate(ssl_);
    char name[64] = "";
    if (paper != nullptr)
      ::X509_NAME_get_text_by_NID(::X509_get_subject_name(paper), NID_commonName, name, sizeof name);
    ::X509_free(paper);
    return name;
  }

  SSL* ssl() { return ssl_; }
  Client& socket() { return socket_; }
  std::string got;
  int ended = 1;

 private:
  World& world_;
  Client socket_;
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

}  // namespace sioxx::net::test
