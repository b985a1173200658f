#pragma once

#include "sioxx/engine/packet.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sioxx::engine {

/// The byte between two packets of a long-polling body.
inline constexpr char payload_separator = '\x1e';

/// Walks the packets of one POST body in order. Decodes lazily, so what stands before a bad packet has been
/// seen when the bad one is met (as the reference does).
class PayloadReader {
 public:
  enum class Step : std::uint8_t { packet, end, bad };

  /// `body` must outlive the reader.
  explicit PayloadReader(std::string_view body) : rest_(body) {}

  /// On Step::packet, `packet.data` lasts until the next call.
  Step next(Packet& packet);

 private:
  std::string_view rest_;
  std::string bytes_;  ///< the decoded base64 of the current packet
  bool ended_ = false;
};

/// Builds one GET body: packets joined by the separator, never more than `bytes_max` unless a single packet
/// is.
class PayloadWriter {
 public:
  explicit PayloadWriter(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// False: it would not fit and was not added.
  bool add_text(std::string_view packet);
  bool add_binary(std::string_view bytes);
  bool empty() const { return body_.empty(); }
  std::string take() && { return std::move(body_); }

 private:
  bool make_room(std::size_t bytes);
  std::size_t bytes_max_;
  std::string body_;
};

}  // namespace sioxx::engine
