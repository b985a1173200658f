#include "payload_read.hpp"

#include "sioxx/engine/base64.hpp"
#include "sioxx/engine/payload.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace sioxx::engine;
using sioxx::test::read;

TEST(Payload, ReadsTextAndBinary) {
  const auto one = read(
      "4hello\x1e"
      "2\x1e"
      "4world");
  EXPECT_TRUE(one.good);
  EXPECT_EQ(one.packets, (std::vector<std::string>{"4hello", "2", "4world"}));
  const auto mixed = read(
      "4test\x1e"
      "bAQIDBA==");
  EXPECT_TRUE(mixed.good);
  EXPECT_EQ(mixed.packets, (std::vector<std::string>{"4test", std::string("b\x01\x02\x03\x04")}));
  EXPECT_EQ(read("b").packets, std::vector<std::string>{"b"});
}

TEST(Payload, RefusesTheBadButHasSeenWhatStoodBefore) {
  for (const std::string_view bad : {"", "\x1e", "4a\x1e",
                                     "\x1e"
                                     "4a",
                                     "4a\x1e\x1e"
                                     "4b",
                                     "abc", "9",
                                     "4a\x1e"
                                     "x",
                                     "b=", "bAQI", "bAQ=I", "bAQIDBA", "bAQID*A==", "b===="}) {
    EXPECT_FALSE(read(bad).good) << bad;
  }
  EXPECT_EQ(read("4a\x1e"
                 "4b\x1e"
                 "zzz\x1e"
                 "4c")
                .packets,
            (std::vector<std::string>{"4a", "4b"}));
}

TEST(Payload, StopsForGoodAfterABadPacket) {
  PayloadReader reader(
      "zzz\x1e"
      "4c");
  Packet packet;
  EXPECT_EQ(reader.next(packet), PayloadReader::Step::bad);
  EXPECT_EQ(reader.next(packet), PayloadReader::Step::end);
}

TEST(Payload, WriterJoinsAndKeepsWithinItsBound) {
  PayloadWriter writer(12);
  EXPECT_TRUE(writer.add_text("4hello"));
  EXPECT_TRUE(writer.add_text("4abc"));  // 6 + 1 + 4
  EXPECT_FALSE(writer.add_text("4"));    // … + 1 + 1 is one too many
  EXPECT_EQ(std::move(writer).take(),
            "4hello\x1e"
            "4abc");
}

TEST(Payload, WriterTakesOnePacketHoweverLong) {
  PayloadWriter writer(4);
  EXPECT_TRUE(writer.add_text("4much longer"));
  EXPECT_FALSE(writer.add_text("4"));
  EXPECT_EQ(std::move(writer).take(), "4much longer");
}

TEST(Payload, RoundTripOfRandomPackets) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    PayloadWriter writer(1 << 20);
    std::vector<std::string> packets;
    const auto count = 1 + random() % 8;
    for (std::size_t i = 0; i < count; ++i) {
      std::string bytes;
      const bool binary = random() % 2 == 0;
      for (auto size = random() % 40; size > 0; --size) {
        bytes += static_cast<char>(binary ? random() % 256 : 'a' + random() % 26);
      }
      ASSERT_TRUE(binary ? writer.add_binary(bytes) : writer.add_text("4" + bytes));
      packets.push_back((binary ? "b" : "4") + bytes);
    }
    const auto back = read(std::move(writer).take());
    ASSERT_TRUE(back.good);
    ASSERT_EQ(back.packets, packets);
  }
}

TEST(Payload, NoiseNeverHurts) {
  std::mt19937 random(12);
  constexpr std::string_view letters = "0123456bB=+/A\x1e\x1f~";
  for (int round = 0; round < 5'000; ++round) {
    std::string body;
    for (auto size = random() % 24; size > 0; --size) body += letters[random() % letters.size()];
    const auto got = read(body);
    if (got.good) {
      EXPECT_FALSE(got.packets.empty());
    }
  }
}

TEST(Base64, VectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    std::string out = ">";
    base64_encode(plain, out);
    EXPECT_EQ(out, ">" + std::string(coded));
    EXPECT_EQ(base64_size(plain.size()), coded.size());
    out = ">";
    ASSERT_TRUE(base64_decode(coded, out));
    EXPECT_EQ(out, ">" + std::string(plain));
  }
}

TEST(Base64, IsStrict) {
  for (const std::string_view bad :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm\n9v", "Zm9-", "Zm9_"}) {
    std::string out;
    EXPECT_FALSE(base64_decode(bad, out)) << bad;
  }
}
