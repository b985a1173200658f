#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// The part of RFC 6455 §5 that a benchmark needs, pure and for both directions: the load client writes
/// masked frames and reads bare ones, the bare server the other way round. No extension is ever
/// negotiated and neither side fragments, so a reserved bit or a fragment is a protocol error.
///
///   frame  = byte0 byte1 [length16 | length64] [mask-key] payload
///   byte0  = FIN(1) RSV(3) opcode(4)      e.g. 81 = a whole text message
///   byte1  = MASK(1) length7              126: 16-bit length follows, 127: 64-bit length follows

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

enum class ParseStatus : std::uint8_t { complete, need_more, invalid };

struct FrameHeader {
  Opcode opcode = Opcode::text;
  bool masked = false;
  std::uint32_t mask_key = 0;  ///< in the order of the wire, as memcpy reads it
  std::size_t header_bytes = 0;
  std::uint64_t payload_bytes = 0;
};

inline constexpr std::uint64_t payload_bytes_max = std::uint64_t{16} << 20;

/// Reads the header at the start of `data`. `complete` means that the header is whole; the payload may
/// still be on its way. Payloads over payload_bytes_max are `invalid`.
[[nodiscard]] ParseStatus parse_frame_header(std::string_view data, FrameHeader& out) noexcept;

/// XORs `size` bytes with the key, eight at a time. Applying it twice restores the bytes.
void apply_mask(char* data, std::size_t size, std::uint32_t mask_key) noexcept;

/// Appends one whole frame, masked with `mask_key`, as a client must send it (RFC 6455 §5.3).
void append_client_frame(std::string& out, Opcode opcode, std::string_view payload, std::uint32_t mask_key);

/// Appends one whole frame without a mask, as a server sends it.
void append_server_frame(std::string& out, Opcode opcode, std::string_view payload);

}  // namespace bench
