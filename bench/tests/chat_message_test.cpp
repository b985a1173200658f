#include "../load/chat_message.hpp"

#include <gtest/gtest.h>

#include <string>

#include "../load/ack_window.hpp"
#include "../load/identity.hpp"
#include "../load/packet.hpp"

namespace bench {
namespace {

constexpr std::uint32_t run = 0x5f0c11aa;

std::string delivered(const std::string& order, std::uint64_t seq, std::string_view sent) {
  const std::size_t id_at = sent.find(R"("clientMessageId":)");
  std::string id(sent.substr(id_at, sent.find('}', id_at) - id_at));
  return R"(["order_message",{"id":"x","orderId":")" + order + R"(","seq":)" + std::to_string(seq) + "," +
         id + "}]";
}

TEST(ChatMessage, WritesTheDocumentedPacket) {
  MessageWriter writer(run, 5);
  EXPECT_EQ(writer.write(order_id(1), 1, 42),
            R"(4242["order_message",{"orderId":"0badc0de-0001-4000-8000-000000000001","content":"Is it",)"
            R"("clientMessageId":"5f0c11aa-1-0000002a"}])");
}

TEST(ChatMessage, InOrderIsFaultless) {
  MessageWriter writer(run, 5);
  DeliveryCheck check(run, 1);
  for (std::uint32_t i = 1; i <= 1200; ++i) {  // seq grows by digits: the remembered place moves
    const auto delivery =
        check.check(0, order_id(1), delivered(order_id(1), i, writer.write(order_id(1), 0, i)));
    ASSERT_TRUE(delivery.is_message);
    EXPECT_EQ(delivery.counter, i);
    EXPECT_EQ(delivery.side, 0U);
  }
  EXPECT_EQ(check.deliveries(), 1200U);
  EXPECT_EQ(check.faults().total(), 0U);
  EXPECT_TRUE(check.has_seen_seq());
}

TEST(ChatMessage, FindsOvertakingRepeatsAndGaps) {
  MessageWriter writer(run, 5);
  DeliveryCheck check(run, 1);
  const auto hear = [&](std::uint32_t counter, std::uint64_t seq) {
    (void)check.check(0, order_id(1), delivered(order_id(1), seq, writer.write(order_id(1), 0, counter)));
  };
  hear(1, 1);
  hear(3, 2);
  hear(2, 3);  // overtaken by 3
  hear(2, 3);  // again
  hear(4, 9);  // a gap
  EXPECT_EQ(check.faults().overtaken, 2U);
  EXPECT_EQ(check.faults().seq_disorder, 2U);
  EXPECT_EQ(check.deliveries(), 5U);
}

TEST(ChatMessage, FindsMessagesOfOtherChatsAndRuns) {
  MessageWriter writer(run, 5);
  MessageWriter other_run(run + 1, 5);
  DeliveryCheck check(run, 1);
  (void)check.check(0, order_id(1), delivered(order_id(2), 1, writer.write(order_id(2), 0, 1)));
  EXPECT_EQ(check.faults().misdelivered, 1U);
  (void)check.check(0, order_id(1), delivered(order_id(1), 1, other_run.write(order_id(1), 0, 1)));
  EXPECT_EQ(check.faults().unreadable, 1U);
  EXPECT_FALSE(check.check(0, order_id(1), R"(["user_presence",{"userId":"x"}])").is_message);
  EXPECT_EQ(check.faults().total(), 2U);
}

TEST(Packet, ReadsEachKind) {
  EXPECT_EQ(parse_packet(R"(0{"sid":"x"})").kind, PacketKind::open);
  EXPECT_EQ(parse_packet("2").kind, PacketKind::ping);
  EXPECT_EQ(parse_packet(R"(40{"sid":"x"})").kind, PacketKind::connected);
  EXPECT_EQ(parse_packet(R"(44{"message":"no"})").kind, PacketKind::connect_error);
  EXPECT_EQ(parse_packet("41").kind, PacketKind::disconnected);
  const Packet ack = parse_packet(R"(43120[{"ok":true}])");
  EXPECT_EQ(ack.kind, PacketKind::ack);
  EXPECT_EQ(ack.ack_id, 120U);
  EXPECT_EQ(ack.body, R"([{"ok":true}])");
  for (const char* bad : {"", "4", "43[]", "47", "x", "43-1[]"}) {
    EXPECT_EQ(parse_packet(bad).kind, PacketKind::unknown) << bad;
  }
}

TEST(Packet, OkIsTrueOnlyWhenItSaysSo) {
  EXPECT_TRUE(is_ok(R"([{"ok":true,"message":{}}])"));
  EXPECT_TRUE(is_ok(R"([{"message":{},"ok":true}])"));
  EXPECT_FALSE(is_ok(R"([{"ok":false,"error":{"code":"FORBIDDEN"}}])"));
  EXPECT_FALSE(is_ok("[]"));
  EXPECT_FALSE(is_ok(""));
}

TEST(Packet, StringsEndAtTheirOwnQuote) {
  EXPECT_EQ(leading_string(R"( "a\"b" ,)"), R"(a\"b)");
  EXPECT_EQ(leading_string(R"("open)"), "");
  EXPECT_EQ(leading_string("null"), "");
}

TEST(AckWindow, KnowsWhoWaits) {
  AckWindow window(4);
  EXPECT_TRUE(window.open(1, 100));
  EXPECT_TRUE(window.open(2, 200));
  EXPECT_FALSE(window.open(5, 300));  // the place of 1
  EXPECT_EQ(window.close(1), 100U);
  EXPECT_EQ(window.close(1), 0U);  // a second ack
  EXPECT_TRUE(window.open(5, 300));
  EXPECT_EQ(window.waiting(), 2U);
}

TEST(Identity, TokenOfAKnownSecret) {
  // The signature was computed with an independent implementation (openssl dgst -sha256 -hmac).
  const std::string token = mint_token("secret", {user_id(1), "client", "Load 1", 2'000'000'000});
  EXPECT_EQ(token,
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwYmFkYzBkZS0wMDAyLTQwMDAtODAwMC0wMDAwMDAwM"
            "DAwMDEiLCJyb2xlIjoiY2xpZW50IiwibmFtZSI6IkxvYWQgMSIsImlhdCI6MTk5OTkxMzYwMCwiZXhwIjoyMDAwMDA"
            "wMDAwfQ.2TQXEPDHfNXRDVY6av9_WjWSt59GbNbiHeCe_rjxJfA");
}

}  // namespace
}  // namespace bench
