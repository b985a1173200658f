#pragma once

#include <cstdint>
#include <string_view>

namespace bench {

/// What the client needs of Engine.IO v4 and Socket.IO v5 (text packets of the default namespace).
///
///   open           0{"sid":…,"pingInterval":…}
///   close          1
///   ping, pong     2, 3
///   connected      40{"sid":…}
///   disconnected   41
///   event          42["order_message",{…}]         body: ["order_message",{…}]
///   ack            437[{"ok":true,…}]              ack_id: 7, body: [{"ok":true,…}]
///   connect_error  44{"message":…}
enum class PacketKind : std::uint8_t {
  open,
  close,
  ping,
  pong,
  connected,
  disconnected,
  event,
  ack,
  connect_error,
  unknown
};

struct Packet {
  PacketKind kind = PacketKind::unknown;
  std::uint64_t ack_id = 0;
  std::string_view body;
};

[[nodiscard]] Packet parse_packet(std::string_view text) noexcept;

/// True when the answer of an ack says ok.
[[nodiscard]] bool is_ok(std::string_view ack_body) noexcept;

/// Finds `"key":` in JSON text by looking first where it was the last time: frames of one server have the
/// same layout, so a delivery costs one comparison instead of a scan. Trusts that no string of the payload
/// holds the quoted key, which is true of what this client sends.
class FieldFinder {
 public:
  /// `pattern` is the quoted key with its colon, e.g. `"seq":`; it must outlive the finder.
  explicit FieldFinder(std::string_view pattern) noexcept : pattern_(pattern) {}

  /// The text after the colon up to the end of `json`; empty when the key is not there.
  [[nodiscard]] std::string_view after(std::string_view json) noexcept;

 private:
  std::string_view pattern_;
  std::size_t last_offset_ = 0;
};

/// The unsigned decimal at the start of `text` (after spaces); `fallback` when there is none.
[[nodiscard]] std::uint64_t leading_number(std::string_view text, std::uint64_t fallback) noexcept;

/// The content of the JSON string at the start of `text`, escapes left as they are; empty when there is none.
[[nodiscard]] std::string_view leading_string(std::string_view text) noexcept;

}  // namespace bench
