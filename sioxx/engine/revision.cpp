#include "sioxx/engine/revision.hpp"

#include "sioxx/engine/base64.hpp"
#include "sioxx/engine/transport.hpp"

// Grammar of a binary packet in a WebSocket message:
//
//   v4           *BYTE                in a binary message
//   v3           %x04 *BYTE           in a binary message      04 01 02 03
//   v3_base64    "b4" base64          in a text message        b4AQID

namespace sioxx::engine {
namespace {

constexpr char binary_type_v3 = static_cast<char>(PacketType::message);
constexpr std::string_view base64_prefix_v3 = "b4";

}  // namespace

std::optional<Packet> decode_message(std::string_view data, bool binary, Revision revision,
                                     std::string& bytes) {
  if (binary) {
    if (revision == Revision::v4) return Packet{PacketType::message, true, data};
    if (data.empty() || data.front() != binary_type_v3) return std::nullopt;
    return Packet{PacketType::message, true, data.substr(1)};
  }
  if (revision == Revision::v4 || !data.starts_with(base64_prefix_v3)) return decode_text(data);
  bytes.clear();
  if (!base64_decode(data.substr(base64_prefix_v3.size()), bytes)) return std::nullopt;
  return Packet{PacketType::message, true, bytes};
}

void write_message(Transport& to, const Encoded& part, Revision revision) {
  if (revision == Revision::v4 || !part.is_binary()) return to.write(part);
  std::string message;
  if (revision == Revision::v3) {
    message.reserve(1 + part.packet().size());
    message += binary_type_v3;
    message += part.packet();
  } else {
    message = base64_prefix_v3;
    base64_encode(part.packet(), message);
  }
  to.write_message(message, revision == Revision::v3);
}

}  // namespace sioxx::engine
