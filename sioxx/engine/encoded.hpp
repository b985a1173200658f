#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sioxx::engine {

class Encoded;
using EncodedPtr = std::shared_ptr<const Encoded>;

/// One Engine.IO message packet, encoded once for any number of receivers, with the header of its WebSocket
/// frame already in front: a WebSocket writes frame(), a polling payload takes packet(). Immutable, so it
/// crosses shards.
///
///   text    frame = RFC 6455 header (unmasked, FIN, text)   + '4' + payload      packet = '4' + payload
///   binary  frame = RFC 6455 header (unmasked, FIN, binary) + payload            packet = payload (polling: base64)
///
/// A message with binary attachments is a chain: the text packet, then next() by next() its attachments,
/// which are sent together or not at all (Socket.IO protocol v5, "Binary").
class Encoded {
  struct Key {};

 public:
  explicit Encoded(Key) {}

  /// Collects a text payload in place, so that the finished packet is written exactly once.
  class Builder {
   public:
    explicit Builder(std::size_t payload_bytes_hint = 0);
    Builder& operator<<(std::string_view part);
    Builder& operator<<(char part);
    /// The buffer itself, for serializers that append; the caller only appends.
    std::string& buffer() { return buffer_; }
    /// See Encoded::compress().
    Builder& compress(bool wanted) {
      compress_ = wanted;
      return *this;
    }
    /// See Encoded::offset().
    Builder& offset(std::uint64_t number) {
      offset_ = number;
      return *this;
    }
    /// `order`: see Encoded::order().
    EncodedPtr finish(std::uint64_t order = 0, EncodedPtr next = nullptr) &&;

   private:
    std::string buffer_;
    bool compress_ = true;
    std::uint64_t offset_ = 0;
  };

  static EncodedPtr text(std::string_view payload, std::uint64_t order = 0);
  static EncodedPtr binary(std::string_view payload, EncodedPtr next = nullptr, bool compress = true);

  bool is_binary() const { return binary_; }
  std::string_view frame() const { return std::string_view(buffer_).substr(frame_at_); }
  std::string_view packet() const { return std::string_view(buffer_).substr(packet_at_); }
  std::size_t size() const { return buffer_.size() - frame_at_; }
  /// The attachment that must follow at once, or null.
  const EncodedPtr& next() const { return next_; }
  /// size() of this one and everything that follows.
  std::size_t chain_size() const;

  /// The application's own order of this message within its room (a chat's `seq`); 0 = none. A socket whose
  /// entry to a room is held (Socket::join_held) uses it to tell what its snapshot already contains.
  std::uint64_t order() const { return order_; }

  /// Whether a transport that has agreed on compression may use it (Socket.IO's `compress` flag). False for what
  /// does not shrink or must not share a compression window with secrets.
  bool compress() const { return compress_; }

  /// Its place among what a session may recover (Socket.IO's connection state recovery); the text says it too. 0: none.
  std::uint64_t offset() const { return offset_; }

 private:
  std::string buffer_;
  EncodedPtr next_;
  std::uint64_t order_ = 0;
  std::uint64_t offset_ = 0;
  std::uint8_t frame_at_ = 0;
  std::uint8_t packet_at_ = 0;
  bool binary_ = false;
  bool compress_ = true;
};

/// Writes an unmasked server frame header (RFC 6455 §5.2, FIN set) so that it ENDS at `end`; returns its size
/// (2, 4 or 10 bytes). `opcode`: 1 text, 2 binary, 8 close, 9 ping, 10 pong.
std::size_t put_frame_header(char* end, std::uint8_t opcode, std::size_t payload_bytes);
inline constexpr std::size_t frame_header_bytes_max = 10;

}  // namespace sioxx::engine
