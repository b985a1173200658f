#include "sioxx/engine/encoded.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace sioxx::engine;

namespace {

/// A client's view of one unmasked frame: opcode and payload, by RFC 6455 §5.2.
struct Frame {
  int opcode;
  std::string payload;
};

Frame parse(std::string_view frame) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frame[i]); };
  EXPECT_EQ(byte(0) & 0xf0, 0x80);  // FIN, no extension bits
  EXPECT_EQ(byte(1) & 0x80, 0);     // a server does not mask
  std::size_t size = byte(1), at = 2;
  if (size == 126) {
    size = std::size_t{byte(2)} << 8 | byte(3);
    at = 4;
    EXPECT_GT(size, 125u);
  } else if (size == 127) {
    size = 0;
    for (std::size_t i = 0; i < 8; ++i) size = size << 8 | byte(2 + i);
    at = 10;
    EXPECT_GT(size, 65'535u);
  }
  EXPECT_EQ(frame.size(), at + size);
  return {byte(0) & 15, std::string(frame.substr(at))};
}

}  // namespace

TEST(Encoded, TextOfEveryHeaderSize) {
  for (const std::size_t size : {0u, 1u, 123u, 124u, 125u, 126u, 65'533u, 65'534u, 65'535u, 70'000u}) {
    const std::string payload(size, 'x');
    const auto encoded = Encoded::text(payload, 42);
    EXPECT_EQ(encoded->packet(), "4" + payload);
    const Frame frame = parse(encoded->frame());
    EXPECT_EQ(frame.opcode, 1);
    EXPECT_EQ(frame.payload, "4" + payload);
    EXPECT_EQ(encoded->size(), encoded->frame().size());
    EXPECT_EQ(encoded->order(), 42u);
    EXPECT_FALSE(encoded->is_binary());
  }
}

TEST(Encoded, BinaryOfEveryHeaderSize) {
  for (const std::size_t size : {0u, 125u, 126u, 65'535u, 65'536u}) {
    const std::string payload(size, '\xfe');
    const auto encoded = Encoded::binary(payload);
    EXPECT_EQ(encoded->packet(), payload);
    const Frame frame = parse(encoded->frame());
    EXPECT_EQ(frame.opcode, 2);
    EXPECT_EQ(frame.payload, payload);
    EXPECT_TRUE(encoded->is_binary());
  }
}

TEST(Encoded, BuilderAppendsInPlace) {
  Encoded::Builder builder(3);
  builder << "2[\"a\"" << ',' << "1]";
  builder.buffer() += " ";
  EXPECT_EQ(std::move(builder).finish(7)->packet(), "42[\"a\",1] ");
}

TEST(Encoded, ChainCountsAll) {
  Encoded::Builder builder;
  builder << "51-[]";
  const auto chain = std::move(builder).finish(0, Encoded::binary("abc", Encoded::binary("de")));
  ASSERT_NE(chain->next(), nullptr);
  EXPECT_EQ(chain->next()->packet(), "abc");
  EXPECT_EQ(chain->next()->next()->packet(), "de");
  EXPECT_EQ(chain->chain_size(), (2u + 6u) + (2u + 3u) + (2u + 2u));
}

TEST(FrameHeader, EndsWhereAsked) {
  char buffer[frame_header_bytes_max];
  EXPECT_EQ(put_frame_header(buffer + sizeof buffer, 9, 0), 2u);
  EXPECT_EQ(std::string(buffer + 8, 2), std::string("\x89\x00", 2));
  EXPECT_EQ(put_frame_header(buffer + sizeof buffer, 8, 300), 4u);
  EXPECT_EQ(std::string(buffer + 6, 4), std::string("\x88\x7e\x01\x2c", 4));
  EXPECT_EQ(put_frame_header(buffer + sizeof buffer, 2, 0x10203), 10u);
  EXPECT_EQ(std::string(buffer, 10), std::string("\x82\x7f\0\0\0\0\0\x01\x02\x03", 10));
}

TEST(Encoded, CarriesWhetherItMayBeCompressed) {
  EXPECT_TRUE(Encoded::text("x")->compress());
  Encoded::Builder builder;
  builder.compress(false) << "x";
  const EncodedPtr message = std::move(builder).finish(0, Encoded::binary("b", nullptr, false));
  EXPECT_FALSE(message->compress());
  EXPECT_FALSE(message->next()->compress());
  EXPECT_TRUE(Encoded::binary("b")->compress());
}
