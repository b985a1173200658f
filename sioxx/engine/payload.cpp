#include "sioxx/engine/payload.hpp"

#include "sioxx/engine/base64.hpp"

// Grammar (Engine.IO protocol v4, "HTTP long-polling", payload); that of protocol 3 is in payload_v3.cpp:
//
//   payload = packet *( %x1e packet )             4hello<1e>2<1e>4world
//   packet  = text packet | "b" base64            bAQIDBA==
//
// An empty body, an empty packet between two separators, an unknown type or bad base64 make the payload bad.

namespace sioxx::engine {

PayloadReader::Step PayloadReader::next(Packet& packet) {
  if (ended_) return Step::end;
  const bool good = form_ == PayloadForm::v4        ? take_v4(packet)
                    : form_ == PayloadForm::v3_text ? take_v3_text(packet)
                                                    : take_v3_bytes(packet);
  if (good) return Step::packet;
  ended_ = true;
  return Step::bad;
}

bool PayloadReader::take_v4(Packet& packet) {
  const std::size_t cut = rest_.find(payload_separator);
  const std::string_view wire = rest_.substr(0, cut);
  if (cut == std::string_view::npos) {
    ended_ = true;
  } else {
    rest_.remove_prefix(cut + 1);
  }
  if (wire.starts_with('b')) return take_base64(wire.substr(1), packet);
  const auto decoded = decode_text(wire);
  if (decoded) packet = *decoded;
  return decoded.has_value();
}

bool PayloadReader::take_base64(std::string_view text, Packet& packet) {
  bytes_.clear();
  if (!base64_decode(text, bytes_)) return false;
  packet = Packet{PacketType::message, true, bytes_};
  return true;
}

bool PayloadWriter::add_text(std::string_view packet) {
  if (form_ != PayloadForm::v4) return add_text_v3(packet);
  if (!has_room_for(1 + packet.size())) return false;
  if (!body_.empty()) body_ += payload_separator;
  body_ += packet;
  return true;
}

bool PayloadWriter::add_binary(std::string_view bytes) {
  if (form_ != PayloadForm::v4) return add_binary_v3(bytes);
  if (!has_room_for(2 + base64_size(bytes.size()))) return false;
  if (!body_.empty()) body_ += payload_separator;
  body_ += 'b';
  base64_encode(bytes, body_);
  return true;
}

}  // namespace sioxx::engine
