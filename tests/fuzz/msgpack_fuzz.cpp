#include "sioxx/socket/msgpack.hpp"

#include "sioxx/engine/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

/// A Socket.IO packet in MessagePack: what is let in says nothing but valid UTF-8, and can be written again and read
/// as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sioxx::socket;
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  Packet packet;
  sioxx::Attachments attachments;
  if (decode_msgpack(wire, 32, {}, packet, attachments) != Defect::none) return 0;
  std::string one;
  write_json(one, packet.data);
  if (!sioxx::engine::is_utf8(one) || !sioxx::engine::is_utf8(packet.nsp)) std::abort();
  // Who writes a placeholder by hand gets that attachment twice.
  if (wire.find("_placeholder") != std::string_view::npos) return 0;

  // Of two equal keys the last one counts; an attachment that hung on the first is there, and nothing speaks of it.
  std::size_t spoken_of = 0;
  for (auto at = one.find("_placeholder"); at != std::string::npos; at = one.find("_placeholder", at + 1))
    ++spoken_of;
  if (spoken_of != attachments.size()) return 0;

  std::string text;
  const std::vector<std::string_view> parts(attachments.begin(), attachments.end());
  encode_msgpack(text, packet, parts);
  Packet again;
  sioxx::Attachments back;
  if (decode_msgpack(text, 32, {}, again, back) != Defect::none) std::abort();
  std::string two;
  write_json(two, again.data);
  const bool same = one == two && packet.type == again.type && packet.nsp == again.nsp &&
                    packet.id == again.id && attachments == back;
  if (!same) std::abort();
  return 0;
}
