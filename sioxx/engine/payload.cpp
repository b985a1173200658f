#include "sioxx/engine/payload.hpp"

#include "sioxx/engine/base64.hpp"

// Grammar (Engine.IO protocol v4, "HTTP long-polling", payload):
//
//   payload = packet *( %x1e packet )             4hello<1e>2<1e>4world
//   packet  = text packet | "b" base64            bAQIDBA==
//
// An empty body, an empty packet between two separators, an unknown type or bad base64 make the payload bad.

namespace sioxx::engine {

PayloadReader::Step PayloadReader::next(Packet& packet) {
  if (ended_) return Step::end;
  const std::size_t cut = rest_.find(payload_separator);
  const std::string_view wire = rest_.substr(0, cut);
  if (cut == std::string_view::npos) {
    ended_ = true;
  } else {
    rest_.remove_prefix(cut + 1);
  }

  if (!wire.empty() && wire.front() == 'b') {
    bytes_.clear();
    if (!base64_decode(wire.substr(1), bytes_)) {
      ended_ = true;
      return Step::bad;
    }
    packet = Packet{PacketType::message, true, bytes_};
    return Step::packet;
  }
  const auto decoded = decode_text(wire);
  if (!decoded) {
    ended_ = true;
    return Step::bad;
  }
  packet = *decoded;
  return Step::packet;
}

bool PayloadWriter::make_room(std::size_t bytes) {
  if (body_.empty()) return true;
  if (body_.size() + 1 + bytes > bytes_max_) return false;
  body_ += payload_separator;
  return true;
}

bool PayloadWriter::add_text(std::string_view packet) {
  if (!make_room(packet.size())) return false;
  body_ += packet;
  return true;
}

bool PayloadWriter::add_binary(std::string_view bytes) {
  if (!make_room(1 + base64_size(bytes.size()))) return false;
  body_ += 'b';
  base64_encode(bytes, body_);
  return true;
}

}  // namespace sioxx::engine
