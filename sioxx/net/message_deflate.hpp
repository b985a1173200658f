#pragma once

#include "sioxx/net/frame.hpp"
#include "sioxx/net/zip.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sioxx::net {

struct Options;

/// permessage-deflate of one shard: what its WebSockets send and receive compressed passes through here, whole messages
/// one after the other. A broadcast is compressed once, because the last message is remembered. Owned by Connections,
/// from the first compressed message on; shard's thread only.
class MessageDeflate {
 public:
  /// Buffers that have grown beyond this are given back after use.
  static constexpr std::size_t kept_bytes_max = 65'536;

  MessageDeflate(Zip& zip, const Options& options) : zip_(zip), options_(options) {}

  /// The whole frame of a message, compressed; empty when it is better sent as it is. Lasts until the next call.
  std::string_view frame(Opcode opcode, std::string_view payload);

  struct Plain {
    Zip::Result result = Zip::Result::ok;
    std::string_view data;  ///< lasts until done_with_plain()
  };
  /// The content of a received message; bounded by Options::max_payload_bytes.
  Plain plain(std::string_view compressed);
  void done_with_plain();

 private:
  Zip& zip_;
  const Options& options_;
  std::string last_payload_;  ///< what frame_ was made of
  Opcode last_opcode_ = Opcode::text;
  std::string frame_;  ///< empty: it did not shrink
  std::string packed_;
  std::string plain_;
};

}  // namespace sioxx::net
