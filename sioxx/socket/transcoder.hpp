#pragma once

#include "sioxx/engine/encoded.hpp"
#include "sioxx/socket/json.hpp"

#include <span>
#include <string_view>

namespace sioxx::socket {

/// Makes MessagePack of packets that were encoded as JSON, for the few clients that speak it: a broadcast is encoded
/// once for everybody, and once more on each shard that has such clients. Owned by Local; that shard's thread.
class Transcoder {
 public:
  /// How deep what the application emits may be.
  static constexpr std::size_t depth_max = 512;

  /// One message without attachments beside it. Null: the packet cannot be read (somebody has emitted raw text that is
  /// no JSON). The last one is kept, with its source, because a broadcast asks for the same again and again.
  engine::EncodedPtr to_msgpack(const engine::EncodedPtr& packet);
  /// The same for a packet's text, without the engine's digit.
  engine::EncodedPtr to_msgpack(std::string_view packet);

 private:
  engine::EncodedPtr make(std::string_view packet, std::span<const std::string_view> attachments,
                          bool compress);

  JsonReader json_{depth_max};
  engine::EncodedPtr source_, made_;
};

}  // namespace sioxx::socket
