#pragma once

#include "sioxx/engine/packet.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sioxx::engine {

/// The byte between two packets of a long-polling body of protocol 4.
inline constexpr char payload_separator = '\x1e';

/// How several packets stand in one body: one way of protocol 4, two of protocol 3.
enum class PayloadForm : std::uint8_t { v4, v3_text, v3_bytes };

/// Walks the packets of one POST body in order. Decodes lazily, so what stands before a bad packet has been
/// seen when the bad one is met (as the reference does).
class PayloadReader {
 public:
  enum class Step : std::uint8_t { packet, end, bad };

  /// `body` must outlive the reader.
  explicit PayloadReader(std::string_view body, PayloadForm form = PayloadForm::v4)
      : rest_(body), form_(form) {}

  /// On Step::packet, `packet.data` lasts until the next call.
  Step next(Packet& packet);

 private:
  bool take_v4(Packet& packet);
  bool take_v3_text(Packet& packet);
  bool take_v3_bytes(Packet& packet);
  bool take_base64(std::string_view text, Packet& packet);

  std::string_view rest_;
  std::string bytes_;  ///< the decoded base64 of the current packet
  PayloadForm form_;
  bool ended_ = false;
};

/// Builds one GET body, never longer than `bytes_max` unless it is a single packet.
class PayloadWriter {
 public:
  explicit PayloadWriter(std::size_t bytes_max, PayloadForm form = PayloadForm::v4)
      : bytes_max_(bytes_max), form_(form) {}

  /// Room for so many bytes in all, if they may be so many.
  void expect(std::size_t bytes) { body_.reserve(std::min(bytes, bytes_max_)); }
  /// False: it would not fit and was not added.
  bool add_text(std::string_view packet);
  bool add_binary(std::string_view bytes);
  bool empty() const { return body_.empty(); }
  std::string take() && { return std::move(body_); }

 private:
  bool has_room_for(std::size_t bytes) const { return body_.empty() || body_.size() + bytes <= bytes_max_; }
  bool add_text_v3(std::string_view packet);
  bool add_binary_v3(std::string_view bytes);

  std::size_t bytes_max_;
  PayloadForm form_;
  std::string body_;
};

}  // namespace sioxx::engine
