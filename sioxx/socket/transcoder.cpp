#include "sioxx/socket/transcoder.hpp"

#include "sioxx/socket/msgpack.hpp"
#include "sioxx/socket/packet.hpp"

#include <limits>
#include <string>
#include <vector>

namespace sioxx::socket {
namespace {

/// What we have written ourselves is not held to what clients may say.
constexpr PacketLimits unlimited{.namespace_bytes_max = std::numeric_limits<std::size_t>::max(),
                                 .event_name_bytes_max = std::numeric_limits<std::size_t>::max(),
                                 .attachments_max = std::numeric_limits<std::uint32_t>::max()};

}  // namespace

engine::EncodedPtr Transcoder::make(std::string_view text, std::span<const std::string_view> attachments,
                                    bool compress) {
  Packet packet;
  bool has_payload = false;
  if (parse(text, json_, unlimited, packet, has_payload) != Defect::none) return nullptr;
  std::string bytes;
  bytes.reserve(text.size() + 16);
  encode_msgpack(bytes, packet, attachments);
  return engine::Encoded::binary(bytes, nullptr, compress);
}

engine::EncodedPtr Transcoder::to_msgpack(std::string_view packet) { return make(packet, {}, true); }

engine::EncodedPtr Transcoder::to_msgpack(const engine::EncodedPtr& packet) {
  if (packet == source_) return made_;
  std::vector<std::string_view> attachments;
  for (const engine::Encoded* part = packet->next().get(); part != nullptr; part = part->next().get()) {
    attachments.push_back(part->packet());
  }
  made_ = make(packet->packet().substr(1), attachments, packet->compress());
  source_ = packet;
  return made_;
}

}  // namespace sioxx::socket
