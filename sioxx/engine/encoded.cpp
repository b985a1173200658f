#include "sioxx/engine/encoded.hpp"

#include "sioxx/engine/packet.hpp"

#include <cassert>
#include <cstring>

namespace sioxx::engine {
namespace {

// Room in front of a payload: the longest frame header, then the engine's type digit.
constexpr std::size_t front_bytes = frame_header_bytes_max + 1;
constexpr std::uint8_t opcode_text = 1;
constexpr std::uint8_t opcode_binary = 2;

}  // namespace

// RFC 6455 §5.2, server side (no mask), FIN set:
//   81 LL            payload of up to 125 bytes
//   81 7E HH LL      up to 65 535
//   81 7F 8 × byte   above
std::size_t put_frame_header(char* end, std::uint8_t opcode, std::size_t payload_bytes) {
  const auto first = static_cast<char>(0x80 | opcode);
  if (payload_bytes <= 125) {
    end[-2] = first;
    end[-1] = static_cast<char>(payload_bytes);
    return 2;
  }
  const bool shorter = payload_bytes <= 0xffff;
  const std::size_t length_bytes = shorter ? 2 : 8;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    end[-1 - static_cast<std::ptrdiff_t>(i)] = static_cast<char>(payload_bytes >> (8 * i));
  }
  const auto size = 2 + length_bytes;
  end[-static_cast<std::ptrdiff_t>(size)] = first;
  end[1 - static_cast<std::ptrdiff_t>(size)] = static_cast<char>(shorter ? 126 : 127);
  return size;
}

Encoded::Builder::Builder(std::size_t payload_bytes_hint) {
  buffer_.reserve(front_bytes + payload_bytes_hint);
  buffer_.resize(front_bytes);
}

Encoded::Builder& Encoded::Builder::operator<<(std::string_view part) {
  buffer_ += part;
  return *this;
}

Encoded::Builder& Encoded::Builder::operator<<(char part) {
  buffer_ += part;
  return *this;
}

EncodedPtr Encoded::Builder::finish(std::uint64_t order, EncodedPtr next) && {
  assert(buffer_.size() >= front_bytes);
  auto encoded = std::make_shared<Encoded>(Key{});
  encoded->buffer_ = std::move(buffer_);
  encoded->buffer_[frame_header_bytes_max] = digit(PacketType::message);
  const std::size_t payload_bytes = encoded->buffer_.size() - frame_header_bytes_max;
  const std::size_t header_bytes =
      put_frame_header(encoded->buffer_.data() + frame_header_bytes_max, opcode_text, payload_bytes);
  encoded->frame_at_ = static_cast<std::uint8_t>(frame_header_bytes_max - header_bytes);
  encoded->packet_at_ = frame_header_bytes_max;
  encoded->order_ = order;
  encoded->compress_ = compress_;
  encoded->offset_ = offset_;
  encoded->next_ = std::move(next);
  return encoded;
}

EncodedPtr Encoded::text(std::string_view payload, std::uint64_t order) {
  Builder builder(payload.size());
  builder << payload;
  return std::move(builder).finish(order);
}

EncodedPtr Encoded::binary(std::string_view payload, EncodedPtr next, bool compress) {
  auto encoded = std::make_shared<Encoded>(Key{});
  encoded->buffer_.reserve(frame_header_bytes_max + payload.size());
  encoded->buffer_.resize(frame_header_bytes_max);
  encoded->buffer_ += payload;
  const std::size_t header_bytes =
      put_frame_header(encoded->buffer_.data() + frame_header_bytes_max, opcode_binary, payload.size());
  encoded->frame_at_ = static_cast<std::uint8_t>(frame_header_bytes_max - header_bytes);
  encoded->packet_at_ = frame_header_bytes_max;
  encoded->binary_ = true;
  encoded->compress_ = compress;
  encoded->next_ = std::move(next);
  return encoded;
}

std::size_t Encoded::chain_size() const {
  std::size_t bytes = 0;
  for (const Encoded* part = this; part != nullptr; part = part->next_.get()) bytes += part->size();
  return bytes;
}

}  // namespace sioxx::engine
