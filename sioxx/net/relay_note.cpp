//   note   = ms ";" ("http" | "https") ";" address ";" 64 hex digits
//   signed = "sioxx-relay 1" LF ms LF scheme LF address LF home's tag LF method LF target      (HMAC-SHA256)
//
//   1767225600000;https;203.0.113.7;9f86d0…

#include "sioxx/net/relay_note.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>

namespace sioxx::net {
namespace {

constexpr std::size_t note_bytes_max = 200;

std::string signature(const RelaySubject& subject, std::string_view ms, std::string_view scheme,
                      std::string_view address) {
  std::string text = "sioxx-relay 1";
  for (const std::string_view part :
       {ms, scheme, address, subject.home.view(), subject.method, subject.target}) {
    text += '\n';
    text += part;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), subject.secret.data(), static_cast<int>(subject.secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += hex[digest[i] >> 4];
    out += hex[digest[i] & 15];
  }
  return out;
}

/// The text up to the next semicolon, which is taken off with it.
std::string_view take_part(std::string_view& text) {
  const std::size_t end = text.find(';');
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

}  // namespace

std::string write_relay_note(const RelaySubject& subject, const RelayNote& note, loop::WallMs now) {
  const std::string ms = std::to_string(now);
  const std::string_view scheme = note.secure ? "https" : "http";
  std::string text = ms;
  text.append(";").append(scheme).append(";").append(note.address).append(";");
  return text.append(signature(subject, ms, scheme, note.address));
}

std::optional<RelayNote> read_relay_note(const RelaySubject& subject, std::string_view text,
                                         loop::WallMs now) {
  if (subject.secret.empty() || text.size() > note_bytes_max) return std::nullopt;
  const std::string_view ms = take_part(text), scheme = take_part(text), address = take_part(text);
  const std::string expected = signature(subject, ms, scheme, address);
  if (text.size() != expected.size() || ::CRYPTO_memcmp(text.data(), expected.data(), expected.size()) != 0) {
    return std::nullopt;
  }
  loop::WallMs written = 0;
  const auto [end, error] = std::from_chars(ms.data(), ms.data() + ms.size(), written);
  if (error != std::errc() || end != ms.data() + ms.size()) return std::nullopt;
  if (written < now - relay_note_valid_ms || written > now + relay_note_valid_ms) return std::nullopt;
  return RelayNote{std::string(address), scheme == "https"};
}

}  // namespace sioxx::net
