// Text form (RFC 9562 §4):  xxxxxxxx-xxxx-Vxxx-Nxxx-xxxxxxxxxxxx   V = version, N = variant (8, 9, a, b)
//
// Version 7 (RFC 9562 §5.7), big-endian:
//   48 bits  Unix time in milliseconds
//    4 bits  0111
//   12 bits  rand_a   \  74 bits: random at the first id of a millisecond, then grown by a random step
//    2 bits  10        > (RFC 9562 §6.2, method 2), so that ids of one thread ascend and stay unguessable
//   62 bits  rand_b   /
#include "rozmova/uuid.hpp"

#include <pthread.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace rozmova {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::array<std::size_t, 4> hyphens = {8, 13, 18, 23};

constexpr std::uint64_t rand_b_mask = (std::uint64_t{1} << 62U) - 1;
constexpr std::uint16_t rand_a_mask = 0xfff;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The id before this one and a store of random bytes, so that most ids cost no system call. One per thread.
struct Minting {
  static constexpr std::size_t pool_bytes = 2'048;

  std::int64_t last_ms = -1;
  std::uint16_t rand_a = 0;
  std::uint64_t rand_b = 0;
  std::array<std::uint8_t, pool_bytes> pool{};
  std::size_t used_bytes = pool_bytes;

  template <class Number>
  Number random() {
    if (used_bytes + sizeof(Number) > pool.size()) refill();
    Number number;
    std::memcpy(&number, pool.data() + used_bytes, sizeof number);
    used_bytes += sizeof number;
    return number;
  }

  void refill() {
    std::size_t filled = 0;
    while (filled < pool.size()) {
      const ssize_t n = getrandom(pool.data() + filled, pool.size() - filled, 0);
      if (n > 0) {
        filled += static_cast<std::size_t>(n);
      } else if (errno != EINTR) {
        std::abort();  // a kernel without random numbers: ids would collide, nothing could be trusted
      }
    }
    used_bytes = 0;
  }
};

thread_local Minting minting;

/// A forked child must not continue the random bytes of its parent: both would mint the same ids.
[[maybe_unused]] const int forget_in_child = pthread_atfork(nullptr, nullptr, [] {
  minting.used_bytes = Minting::pool_bytes;
  minting.last_ms = -1;
});

}  // namespace

std::string Uuid::text() const {
  std::string out;
  out.reserve(text_bytes);
  append_to(out);
  return out;
}

void Uuid::append_to(std::string& out) const {
  std::array<char, text_bytes> chars;
  write_to(chars.data());
  out.append(chars.data(), chars.size());
}

void Uuid::write_to(char* out) const {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = hex_digits[bytes[i] >> 4U];
    *out++ = hex_digits[bytes[i] & 0xfU];
  }
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != text_bytes) return std::nullopt;
  for (const std::size_t hyphen : hyphens) {
    if (text[hyphen] != '-') return std::nullopt;
  }
  Uuid id;
  std::size_t at = 0;
  for (std::uint8_t& byte : id.bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    const int high = hex_value(text[at++]);
    const int low = hex_value(text[at++]);
    if (high < 0 || low < 0) return std::nullopt;
    byte = static_cast<std::uint8_t>(high * 16 + low);
  }
  return id;
}

Uuid Uuid::v7(std::int64_t unix_ms) {
  Minting& state = minting;
  if (unix_ms != state.last_ms) {
    state.last_ms = unix_ms;
    state.rand_a = state.random<std::uint16_t>() & (rand_a_mask >> 1U);  // top bit free: room to grow
    state.rand_b = state.random<std::uint64_t>() & rand_b_mask;
  } else {
    state.rand_b += std::uint64_t{1} + state.random<std::uint32_t>();
    if (state.rand_b > rand_b_mask) {
      state.rand_b &= rand_b_mask;
      state.rand_a = static_cast<std::uint16_t>((state.rand_a + 1U) & rand_a_mask);
    }
  }

  Uuid id;
  const auto ms = static_cast<std::uint64_t>(unix_ms);
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(ms >> (40U - 8U * i));
  id.bytes[6] = static_cast<std::uint8_t>(0x70U | (state.rand_a >> 8U));
  id.bytes[7] = static_cast<std::uint8_t>(state.rand_a & 0xffU);
  for (std::size_t i = 0; i < 8; ++i)
    id.bytes[8 + i] = static_cast<std::uint8_t>(state.rand_b >> (56U - 8U * i));
  id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3fU));
  return id;
}

std::int64_t Uuid::unix_ms() const {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  return ms;
}

}  // namespace rozmova

std::size_t std::hash<rozmova::Uuid>::operator()(const rozmova::Uuid& id) const noexcept {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, id.bytes.data(), 8);
  std::memcpy(&low, id.bytes.data() + 8, 8);
  // Version 7 ids of one moment share their first half: mix, so that both halves reach every bit
  // (splitmix64's finish).
  std::uint64_t mixed = low ^ (high * 0x9e3779b97f4a7c15ULL);
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return static_cast<std::size_t>(mixed ^ (mixed >> 31U));
}
