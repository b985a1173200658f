#include "../load/ws_codec.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace bench {
namespace {

std::uint32_t key_of(const char (&bytes)[5]) {
  std::uint32_t key = 0;
  std::memcpy(&key, bytes, 4);
  return key;
}

TEST(WsCodec, WritesTheMaskedHelloOfTheRfc) {
  std::string out;
  append_client_frame(out, Opcode::text, "Hello", key_of("\x37\xfa\x21\x3d"));
  EXPECT_EQ(out, std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11));  // RFC 6455 §5.7
}

TEST(WsCodec, WritesTheBareHelloOfTheRfc) {
  std::string out;
  append_server_frame(out, Opcode::text, "Hello");
  EXPECT_EQ(out, "\x81\x05Hello");
}

TEST(WsCodec, ReadsBackEveryLengthForm) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{125}, std::size_t{126},
        std::size_t{65'535}, std::size_t{65'536}, std::size_t{200'003}}) {
    std::string payload(size, 'x');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>('a' + i % 23);
    for (const bool masked : {false, true}) {
      std::string frame;
      if (masked) {
        append_client_frame(frame, Opcode::text, payload, 0x0badf00d);
      } else {
        append_server_frame(frame, Opcode::text, payload);
      }
      FrameHeader header;
      ASSERT_EQ(parse_frame_header(frame, header), ParseStatus::complete) << size;
      EXPECT_EQ(header.opcode, Opcode::text);
      EXPECT_EQ(header.masked, masked);
      EXPECT_EQ(header.payload_bytes, size);
      ASSERT_EQ(frame.size(), header.header_bytes + size);
      if (masked) apply_mask(frame.data() + header.header_bytes, size, header.mask_key);
      EXPECT_EQ(frame.substr(header.header_bytes), payload) << size;
    }
  }
}

TEST(WsCodec, AsksForMoreAtEveryCutOfAHeader) {
  for (const std::size_t size : {std::size_t{5}, std::size_t{300}, std::size_t{70'000}}) {
    std::string frame;
    append_client_frame(frame, Opcode::text, std::string(size, 'x'), 1);
    FrameHeader header;
    ASSERT_EQ(parse_frame_header(frame, header), ParseStatus::complete);
    for (std::size_t cut = 0; cut < header.header_bytes; ++cut) {
      FrameHeader ignored;
      EXPECT_EQ(parse_frame_header(std::string_view(frame).substr(0, cut), ignored), ParseStatus::need_more);
    }
  }
}

TEST(WsCodec, RefusesWhatWasNeverNegotiated) {
  FrameHeader header;
  for (const char* bad : {"\xc1\x01x",      // RSV1: compression
                          "\x01\x01x",      // a fragment
                          "\x80\x01x",      // a continuation
                          "\x83\x01x",      // reserved opcode 3
                          "\x8b\x01x",      // reserved opcode 11
                          "\x89\x7e\x01"})  // a ping of 126 bytes or more
  {
    EXPECT_EQ(parse_frame_header(bad, header), ParseStatus::invalid) << bad;
  }
  EXPECT_EQ(parse_frame_header(std::string("\x81\x7f\x00\x00\x00\x01\x00\x00\x00\x00", 10), header),
            ParseStatus::invalid);  // 4 GiB
}

TEST(WsCodec, MaskIsItsOwnInverseAtAnyLength) {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string data(size, '\0');
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 37);
    const std::string before = data;
    apply_mask(data.data(), size, 0x12345678);
    for (std::size_t i = 0; i < size; ++i) {
      char key[4];
      const std::uint32_t value = 0x12345678;
      std::memcpy(key, &value, 4);
      EXPECT_EQ(data[i], static_cast<char>(before[i] ^ key[i % 4]));
    }
    apply_mask(data.data(), size, 0x12345678);
    EXPECT_EQ(data, before);
  }
}

}  // namespace
}  // namespace bench
