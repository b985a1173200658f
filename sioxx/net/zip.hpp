#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sioxx::net {

/// The compressor and the decompressor of one shard (zlib, raw DEFLATE of RFC 1951). Everything that passes through is
/// whole: nothing is remembered from one body or message to the next, so no connection keeps a dictionary. Owned by
/// Connections; about 300 kB from first use on. Shard's thread only.
class Zip {
 public:
  /// A megabyte of JSON takes about 25 ms at this level, and 60 ms at zlib's default to become an eighth smaller.
  static constexpr int level = 3;

  /// How HTTP wraps DEFLATE (RFC 9110 §8.4.1): "deflate" is the zlib format.
  enum class Format : std::uint8_t { gzip, zlib };
  enum class Result : std::uint8_t { ok, too_large, broken };

  Zip();
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;
  ~Zip();

  /// Appends one HTTP body. False: no memory (`out` is unchanged).
  bool body(std::string& out, std::string_view plain, Format format);
  /// Appends the payload of one WebSocket message, not empty (RFC 7692 §7.2.1). False: no memory (`out` is unchanged).
  bool message(std::string& out, std::string_view plain);
  /// Appends the plain form of one WebSocket message (RFC 7692 §7.2.2), at most `bytes_max` of it; what is in `out` when
  /// it fails is of no use.
  Result plain(std::string& out, std::string_view message, std::size_t bytes_max);

 private:
  struct Streams;
  std::unique_ptr<Streams> streams_;
};

}  // namespace sioxx::net
