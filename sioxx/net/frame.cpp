// RFC 6455 §5.2, as a client sends it (always masked):
//
//   FIN RSV1..3 opcode(4)   1 byte    RSV must be 0, but RSV1 of a message's first frame that is compressed (RFC 7692)
//   MASK(=1) length(7)      1 byte    0..125 as is; 126: two bytes follow; 127: eight; the shortest form only
//   extended length         0, 2, 8   big endian; the top bit of eight must be 0
//   key                     4
//   payload                 length    each byte XOR key[i mod 4]
//
//   message = frame(text|binary, FIN) | frame(text|binary) frame(continuation)* frame(continuation, FIN)
//   control = frame(close|ping|pong, FIN, length <= 125), also between the frames of a message
//
//   state             input                            ->
//   no frame          whole frame, not fragmented      event, straight from the buffer
//   no frame          part of a header                 kept (at most 14 bytes)
//   no frame          header, part of the payload      in a frame
//   in a frame        payload                          unmasked, checked, appended; at its end: event

#include "sioxx/net/frame.hpp"

#include "sioxx/engine/encoded.hpp"
#include "sioxx/engine/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace sioxx::net {

using engine::is_utf8;
using engine::Utf8Checker;
namespace {

constexpr std::size_t header_bytes_max = 14;
constexpr std::size_t control_bytes_max = 125;
constexpr unsigned rsv1 = 0x40;
/// What is reserved on the word of a frame header alone; beyond it memory follows what really arrives.
constexpr std::size_t trusted_reserve_bytes = 4'096;

/// Whether its text is UTF-8 shows when it has been inflated.
FrameReader::Event compressed_message(std::uint8_t opcode, std::string_view data) {
  const bool text = opcode == static_cast<std::uint8_t>(Opcode::text);
  return {text ? FrameReader::Kind::text : FrameReader::Kind::binary, data, CloseCode::no_status, true};
}

bool is_control(std::uint8_t opcode) { return (opcode & 8u) != 0; }

FrameReader::Event failure(CloseCode code) { return {FrameReader::Kind::error, {}, code}; }

struct Header {
  std::uint8_t opcode = 0;
  bool fin = false;
  bool compressed = false;
  std::uint64_t length = 0;
  unsigned char key[4] = {};
  std::size_t size = 0;  ///< of the header itself; 0: incomplete
  bool broken = false;   ///< against the grammar
};

std::uint64_t big_endian(const unsigned char* bytes, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

Header parse_header(const char* data, std::size_t size, bool deflate) {
  Header header;
  if (size < 2) return header;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(data);
  header.fin = (bytes[0] & 0x80) != 0;
  header.opcode = bytes[0] & 0x0f;
  const unsigned reserved_bits = bytes[0] & 0x70u;
  const bool masked = (bytes[1] & 0x80) != 0;
  const bool known = header.opcode <= 2 || (header.opcode >= 8 && header.opcode <= 10);
  const std::uint8_t short_length = bytes[1] & 0x7f;
  header.broken =
      !masked || !known || (is_control(header.opcode) && (!header.fin || short_length > control_bytes_max));
  if (reserved_bits != 0) [[unlikely]] {
    header.compressed = deflate && reserved_bits == rsv1 && !is_control(header.opcode) && header.opcode != 0;
    header.broken |= !header.compressed;
  }
  if (header.broken) return header;
  const std::size_t extended = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
  if (size < 2 + extended) return header;
  header.length = extended == 0 ? short_length : big_endian(bytes + 2, extended);
  header.broken = (extended == 2 && header.length < 126) || (extended == 8 && header.length < 65'536) ||
                  (header.length >> 63) != 0;
  if (header.broken || size < 2 + extended + 4) return header;
  std::memcpy(header.key, bytes + 2 + extended, 4);
  header.size = 2 + extended + 4;
  return header;
}

}  // namespace

struct FrameReader::Partial {
  std::array<char, header_bytes_max> head{};
  std::size_t head_size = 0;
  // The frame that is arriving.
  bool in_frame = false;
  bool fin = false;
  std::uint8_t opcode = 0;
  unsigned char key[4] = {};
  std::uint64_t remaining = 0;
  std::string control;
  // The message that is arriving; 0: none.
  std::uint8_t message_opcode = 0;
  bool message_compressed = false;
  bool handed_out = false;  ///< the content of `message` or `control` went out with the last event
  std::string message;
  Utf8Checker utf8;

  bool empty() const { return head_size == 0 && !in_frame && message_opcode == 0; }
};

FrameReader::FrameReader() = default;
FrameReader::FrameReader(FrameReader&&) noexcept = default;
FrameReader& FrameReader::operator=(FrameReader&&) noexcept = default;
FrameReader::~FrameReader() = default;

FrameReader::Event FrameReader::next(std::span<char>& bytes, std::size_t message_bytes_max, bool deflate) {
  if (partial_ != nullptr && partial_->handed_out) {
    partial_->handed_out = false;
    partial_->control.clear();
    if (partial_->message_opcode == 0) partial_->message.clear();
    if (partial_->empty()) partial_.reset();
  }
  for (;;) {
    if (partial_ == nullptr || !partial_->in_frame) {
      Header header;
      if (partial_ == nullptr || partial_->head_size == 0) {
        if (bytes.empty()) return {};
        header = parse_header(bytes.data(), bytes.size(), deflate);
        if (header.size != 0) bytes = bytes.subspan(header.size);
      } else {
        Partial& kept = *partial_;
        const std::size_t had = kept.head_size;
        const std::size_t more = std::min(bytes.size(), header_bytes_max - had);
        if (more == 0) return {};
        std::memcpy(kept.head.data() + had, bytes.data(), more);
        header = parse_header(kept.head.data(), had + more, deflate);
        kept.head_size = header.size == 0 ? had + more : 0;
        bytes = bytes.subspan(header.size == 0 ? more : header.size - had);
      }
      if (header.broken) return failure(CloseCode::protocol_error);
      if (header.size == 0) {
        if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
        if (partial_->head_size == 0) {
          std::memcpy(partial_->head.data(), bytes.data(), bytes.size());
          partial_->head_size = bytes.size();
        }
        bytes = {};
        return {};
      }
      const bool control = is_control(header.opcode);
      const bool in_message = partial_ != nullptr && partial_->message_opcode != 0;
      if (!control) {
        if ((header.opcode == 0) != in_message) return failure(CloseCode::protocol_error);
        const std::size_t so_far = in_message ? partial_->message.size() : 0;
        if (header.length > message_bytes_max - std::min(so_far, message_bytes_max)) {
          return failure(CloseCode::too_big);
        }
      }
      if (header.length <= bytes.size() && header.fin && (control || !in_message)) {
        const auto length = static_cast<std::size_t>(header.length);
        const std::span<char> payload = bytes.first(length);
        bytes = bytes.subspan(length);
        unmask(payload, header.key);
        if (partial_ != nullptr && partial_->empty()) partial_.reset();
        const std::string_view plain(payload.data(), payload.size());
        if (header.compressed) [[unlikely]]
          return compressed_message(header.opcode, plain);
        return payload_in_place(header.opcode, plain);
      }
      if (partial_ == nullptr) partial_ = std::make_unique<Partial>();
      Partial& starting = *partial_;
      starting.in_frame = true;
      starting.fin = header.fin;
      starting.opcode = header.opcode;
      starting.remaining = header.length;
      std::memcpy(starting.key, header.key, 4);
      if (!control && !in_message) {
        starting.message_opcode = header.opcode;
        starting.message_compressed = header.compressed;
        starting.utf8.reset();
        starting.message.reserve(
            static_cast<std::size_t>(std::min<std::uint64_t>(header.length, trusted_reserve_bytes)));
      }
    }

    Partial& frame = *partial_;
    const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(frame.remaining, bytes.size()));
    const std::span<char> piece = bytes.first(take);
    bytes = bytes.subspan(take);
    unmask(piece, frame.key);
    std::rotate(frame.key, frame.key + take % 4, frame.key + 4);
    frame.remaining -= take;
    const std::string_view plain(piece.data(), piece.size());
    if (is_control(frame.opcode)) {
      frame.control += plain;
    } else {
      const bool text = frame.message_opcode == static_cast<std::uint8_t>(Opcode::text);
      if (text && !frame.message_compressed && !frame.utf8.feed(plain)) {
        return failure(CloseCode::bad_utf8);
      }
      frame.message += plain;
    }
    if (frame.remaining != 0) return {};
    const Event event = finish_frame();
    if (event.kind != Kind::nothing) return event;
  }
}

FrameReader::Event FrameReader::payload_in_place(std::uint8_t opcode, std::string_view data) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::text:
      if (!is_utf8(data)) return failure(CloseCode::bad_utf8);
      return {Kind::text, data};
    case Opcode::binary: return {Kind::binary, data};
    case Opcode::ping: return {Kind::ping, data};
    case Opcode::pong: return {Kind::pong, data};
    case Opcode::continuation:
    case Opcode::close: break;
  }
  if (data.empty()) return {Kind::close, {}};
  if (data.size() == 1) return failure(CloseCode::protocol_error);
  const auto* const bytes = reinterpret_cast<const unsigned char*>(data.data());
  const auto code = static_cast<std::uint16_t>(big_endian(bytes, 2));
  if (!close_code_is_valid(code)) return failure(CloseCode::protocol_error);
  if (!is_utf8(data.substr(2))) return failure(CloseCode::bad_utf8);
  return {Kind::close, data.substr(2), static_cast<CloseCode>(code)};
}

FrameReader::Event FrameReader::finish_frame() {
  Partial& frame = *partial_;
  frame.in_frame = false;
  if (is_control(frame.opcode)) {
    frame.handed_out = true;
    return payload_in_place(frame.opcode, frame.control);
  }
  if (!frame.fin) return {};
  const bool text = frame.message_opcode == static_cast<std::uint8_t>(Opcode::text);
  if (text && !frame.message_compressed && !frame.utf8.complete()) return failure(CloseCode::bad_utf8);
  const std::uint8_t opcode = std::exchange(frame.message_opcode, std::uint8_t{0});
  frame.handed_out = true;
  if (frame.message_compressed) return compressed_message(opcode, frame.message);
  return {text ? Kind::text : Kind::binary, frame.message};
}

bool close_code_is_valid(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload, bool compressed) {
  char header[engine::frame_header_bytes_max];
  char* const end = header + sizeof header;
  const auto first = static_cast<std::uint8_t>(static_cast<unsigned>(opcode) | (compressed ? 0x40u : 0u));
  const std::size_t size = engine::put_frame_header(end, first, payload.size());
  out.append(end - size, size);
  out += payload;
}

void append_close(std::string& out, CloseCode code, std::string_view reason) {
  if (code == CloseCode::no_status) return append_frame(out, Opcode::close, {});
  std::string payload;
  payload += static_cast<char>(static_cast<std::uint16_t>(code) >> 8);
  payload += static_cast<char>(static_cast<std::uint16_t>(code) & 0xff);
  payload += reason.substr(0, control_bytes_max - 2);
  append_frame(out, Opcode::close, payload);
}

void unmask(std::span<char> bytes, const unsigned char (&key)[4]) {
  unsigned char twice[8];
  std::memcpy(twice, key, 4);
  std::memcpy(twice + 4, key, 4);
  std::uint64_t wide = 0;
  std::memcpy(&wide, twice, 8);
  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, at, 8);
    eight ^= wide;
    std::memcpy(at, &eight, 8);
  }
  for (std::size_t i = 0; i < left; ++i)
    at[i] = static_cast<char>(static_cast<unsigned char>(at[i]) ^ key[i & 3]);
}

}  // namespace sioxx::net
