#include "ws_codec.hpp"

#include <cstring>

namespace bench {

namespace {

constexpr unsigned fin_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7f;

bool is_known(unsigned opcode) noexcept { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::uint64_t read_big_endian(const char* data, std::size_t bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = (value << 8) | static_cast<unsigned char>(data[i]);
  return value;
}

void append_header(std::string& out, Opcode opcode, std::size_t payload_bytes, unsigned masked) {
  char header[10];
  std::size_t size = 2;
  header[0] = static_cast<char>(fin_bit | static_cast<unsigned>(opcode));
  std::size_t length_bytes = 0;
  if (payload_bytes < 126) {
    header[1] = static_cast<char>(masked | static_cast<unsigned>(payload_bytes));
  } else if (payload_bytes <= 0xffff) {
    header[1] = static_cast<char>(masked | 126U);
    length_bytes = 2;
  } else {
    header[1] = static_cast<char>(masked | 127U);
    length_bytes = 8;
  }
  for (std::size_t i = length_bytes; i > 0; --i) {
    header[size++] = static_cast<char>((payload_bytes >> (8 * (i - 1))) & 0xff);
  }
  out.append(header, size);
}

}  // namespace

ParseStatus parse_frame_header(std::string_view data, FrameHeader& out) noexcept {
  if (data.size() < 2) return ParseStatus::need_more;
  const auto byte0 = static_cast<unsigned char>(data[0]);
  const auto byte1 = static_cast<unsigned char>(data[1]);
  const unsigned opcode = byte0 & opcode_bits;
  if ((byte0 & fin_bit) == 0 || (byte0 & reserved_bits) != 0 || opcode == 0 || !is_known(opcode)) {
    return ParseStatus::invalid;
  }
  const unsigned short_length = byte1 & length_bits;
  if (opcode >= 8 && short_length > 125) return ParseStatus::invalid;  // control frames are short
  const std::size_t length_bytes = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
  const bool masked = (byte1 & mask_bit) != 0;
  const std::size_t header_bytes = 2 + length_bytes + (masked ? 4 : 0);
  if (data.size() < header_bytes) return ParseStatus::need_more;

  out.opcode = static_cast<Opcode>(opcode);
  out.masked = masked;
  out.header_bytes = header_bytes;
  out.payload_bytes = length_bytes == 0 ? short_length : read_big_endian(data.data() + 2, length_bytes);
  out.mask_key = 0;
  if (masked) std::memcpy(&out.mask_key, data.data() + 2 + length_bytes, sizeof out.mask_key);
  return out.payload_bytes > payload_bytes_max ? ParseStatus::invalid : ParseStatus::complete;
}

void apply_mask(char* data, std::size_t size, std::uint32_t mask_key) noexcept {
  const std::uint64_t wide = (static_cast<std::uint64_t>(mask_key) << 32) | mask_key;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    word ^= wide;
    std::memcpy(data + i, &word, 8);
  }
  char key[4];
  std::memcpy(key, &mask_key, 4);
  for (std::size_t k = 0; i < size; ++i, ++k) data[i] = static_cast<char>(data[i] ^ key[k & 3]);
}

void append_client_frame(std::string& out, Opcode opcode, std::string_view payload, std::uint32_t mask_key) {
  append_header(out, opcode, payload.size(), mask_bit);
  char key[4];
  std::memcpy(key, &mask_key, 4);
  out.append(key, 4);
  const std::size_t start = out.size();
  out.append(payload);
  apply_mask(out.data() + start, payload.size(), mask_key);
}

void append_server_frame(std::string& out, Opcode opcode, std::string_view payload) {
  append_header(out, opcode, payload.size(), 0);
  out.append(payload);
}

}  // namespace bench
