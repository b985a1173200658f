#include "sioxx/engine/utf8.hpp"
#include "sioxx/socket/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// A Socket.IO packet as text: what is let in can be written again, as valid UTF-8, and is read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sioxx::socket;
  static JsonReader reader(32);
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  Packet packet;
  if (decode(wire, reader, {}, packet) != Defect::none) return 0;
  const auto* const array = packet.data.if_array();
  if (array == nullptr || !sioxx::engine::is_utf8(packet.nsp)) return 0;

  std::string text;
  if (packet.type == PacketType::ack || packet.type == PacketType::binary_ack) {
    encode_ack(text, packet.nsp, *packet.id, *array, packet.attachments);
  } else {
    const auto* const name = array->front().if_string();
    if (name == nullptr) return 0;  // a number: we say names as texts
    boost::json::array args(array->begin() + 1, array->end());
    encode_event(text, packet.nsp, {name->data(), name->size()}, args, packet.attachments, packet.id);
  }
  if (!sioxx::engine::is_utf8(text)) std::abort();
  Packet again;
  if (decode(text, reader, {}, again) != Defect::none) std::abort();
  std::string one, two;
  write_json(one, packet.data);
  write_json(two, again.data);
  const bool same = one == two && packet.type == again.type && packet.nsp == again.nsp &&
                    packet.id == again.id && packet.attachments == again.attachments;
  if (!same) std::abort();
  return 0;
}
