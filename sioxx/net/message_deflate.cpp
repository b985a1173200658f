#include "sioxx/net/message_deflate.hpp"

#include "sioxx/net/options.hpp"

namespace sioxx::net {
namespace {

void empty(std::string& buffer) {
  if (buffer.capacity() > MessageDeflate::kept_bytes_max) {
    buffer = {};
  } else {
    buffer.clear();
  }
}

}  // namespace

std::string_view MessageDeflate::frame(Opcode opcode, std::string_view payload) {
  const bool sized = payload.size() >= options_.websocket_compression_bytes_min &&
                     payload.size() <= options_.compression_bytes_max;
  if (!sized) return {};
  if (opcode == last_opcode_ && payload == last_payload_) return frame_;
  empty(frame_);
  last_opcode_ = opcode;
  last_payload_ = payload;
  if (zip_.message(packed_, payload) && packed_.size() < payload.size())
    append_frame(frame_, opcode, packed_, true);
  empty(packed_);
  return frame_;
}

MessageDeflate::Plain MessageDeflate::plain(std::string_view compressed) {
  const Zip::Result result = zip_.plain(plain_, compressed, options_.max_payload_bytes);
  return {result, plain_};
}

void MessageDeflate::done_with_plain() { empty(plain_); }

}  // namespace sioxx::net
