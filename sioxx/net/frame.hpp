#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sioxx::net {

/// RFC 6455 §5.2; what is not named here is reserved.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// RFC 6455 §7.4.1, those that we say or tell apart.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  no_status = 1005,  ///< never on the wire: an empty close frame
  bad_utf8 = 1007,
  policy = 1008,
  too_big = 1009,
};

/// Whether a peer may send this code.
bool close_code_is_valid(std::uint16_t code);

/// Reads what a client sends (masked frames), in place: no copy and no allocation for a message that is one
/// frame and wholly in the buffer. Pure. 8 bytes while nothing is half received.
class FrameReader {
 public:
  enum class Kind : std::uint8_t {
    nothing,  ///< all bytes are used up, more are needed
    text,
    binary,
    ping,
    pong,
    close,  ///< `code` (1005 when empty), `data` the reason
    error,  ///< `code` is what to close with; the reader must not be used again
  };
  struct Event {
    Kind kind = Kind::nothing;
    std::string_view data;  ///< unmasked; lasts until the next call or until the buffer changes
    CloseCode code = CloseCode::no_status;
    bool compressed = false;  ///< text or binary as the peer has deflated it: not even its UTF-8 is checked
  };

  FrameReader();
  FrameReader(FrameReader&&) noexcept;
  FrameReader& operator=(FrameReader&&) noexcept;
  ~FrameReader();

  /// Takes one event off the front of `bytes`, whose content is changed (unmasked) on the way.
  /// `message_bytes_max` is the limit of one whole message; a frame header that announces more is an error at
  /// once. `deflate`: compressed messages have been agreed upon (RFC 7692).
  Event next(std::span<char>& bytes, std::size_t message_bytes_max, bool deflate = false);

  /// Nothing is half received (between messages).
  bool idle() const { return partial_ == nullptr; }

 private:
  struct Partial;
  Event payload_in_place(std::uint8_t opcode, std::string_view data);
  Event finish_frame();

  std::unique_ptr<Partial> partial_;
};

/// Appends one unmasked frame.
void append_frame(std::string& out, Opcode opcode, std::string_view payload, bool compressed = false);
/// Appends a close frame; `no_status` gives an empty one. The reason is cut to what fits into 125 bytes.
void append_close(std::string& out, CloseCode code, std::string_view reason = {});

/// XORs `bytes` with the 4-byte key, beginning with key[0].
void unmask(std::span<char> bytes, const unsigned char (&key)[4]);

}  // namespace sioxx::net
