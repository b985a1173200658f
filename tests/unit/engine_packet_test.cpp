#include "sioxx/engine/close_reason.hpp"
#include "sioxx/engine/id.hpp"
#include "sioxx/engine/packet.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

using namespace sioxx;
using namespace sioxx::engine;

TEST(EnginePacket, ReadsEveryType) {
  const struct {
    std::string_view wire;
    PacketType type;
    std::string_view data;
  } cases[] = {{"0{}", PacketType::open, "{}"},
               {"1", PacketType::close, ""},
               {"2probe", PacketType::ping, "probe"},
               {"3", PacketType::pong, ""},
               {"4hello", PacketType::message, "hello"},
               {"5", PacketType::upgrade, ""},
               {"6", PacketType::noop, ""}};
  for (const auto& one : cases) {
    const auto packet = decode_text(one.wire);
    ASSERT_TRUE(packet) << one.wire;
    EXPECT_EQ(packet->type, one.type);
    EXPECT_EQ(packet->data, one.data);
    EXPECT_FALSE(packet->binary);
    EXPECT_EQ(digit(packet->type), one.wire.front());
  }
}

TEST(EnginePacket, RefusesWhatIsNone) {
  for (const std::string_view wire : {"", "7", "abc", "b4", " 4", "/", ":", "\0"})
    EXPECT_FALSE(decode_text(wire)) << wire;
  for (int c = 0; c < 256; ++c) {
    const std::string wire(1, static_cast<char>(c));
    EXPECT_EQ(decode_text(wire).has_value(), c >= '0' && c <= '6') << c;
  }
}

TEST(Id, ShapeAndValue) {
  EXPECT_TRUE(Id::shaped("ABCDEFGHIJabcdefg0_-"));
  EXPECT_FALSE(Id::shaped("ABCDEFGHIJabcdefg0_"));
  EXPECT_FALSE(Id::shaped("ABCDEFGHIJabcdefg0_-x"));
  EXPECT_FALSE(Id::shaped("ABCDEFGHIJabcdefg0_:"));
  std::set<unsigned> values;
  for (std::size_t i = 0; i < Id::letters.size(); ++i) {
    ASSERT_TRUE(Id::value(Id::letters[i]));
    EXPECT_EQ(*Id::value(Id::letters[i]), i);
    values.insert(*Id::value(Id::letters[i]));
  }
  EXPECT_EQ(values.size(), 64u);
  EXPECT_FALSE(Id::value('+'));
  EXPECT_FALSE(Id::value('\0'));
}

TEST(Id, ReadsAsAString) {
  std::array<char, Id::length> text;
  std::string_view("ABCDEFGHIJKLMNOPQRST").copy(text.data(), text.size());
  const Id id(text);
  const std::string copy = id;
  const std::string_view view = id;
  EXPECT_EQ(copy, "ABCDEFGHIJKLMNOPQRST");
  EXPECT_EQ(view, copy);
  EXPECT_TRUE(id == "ABCDEFGHIJKLMNOPQRST");
  EXPECT_EQ("x:" + id, "x:ABCDEFGHIJKLMNOPQRST");
  EXPECT_EQ(std::hash<Id>{}(id), IdHash{}(view));
}

TEST(CloseReason, SaysTheFieldsWords) {
  EXPECT_EQ(text(CloseReason::ping_timeout), "ping timeout");
  EXPECT_EQ(text(CloseReason::transport_close), "transport close");
  EXPECT_EQ(text(CloseReason::transport_error), "transport error");
  EXPECT_EQ(text(CloseReason::parse_error), "parse error");
  EXPECT_EQ(text(CloseReason::forced_close), "forced close");
  EXPECT_EQ(text(CloseReason::server_shutting_down), "server shutting down");
  EXPECT_EQ(text(CloseReason::slow_consumer), "slow consumer");
  EXPECT_EQ(text(CloseReason::client_namespace_disconnect), "client namespace disconnect");
  EXPECT_EQ(text(CloseReason::server_namespace_disconnect), "server namespace disconnect");
  EXPECT_TRUE(may_reconnect(CloseReason::slow_consumer));
  EXPECT_FALSE(may_reconnect(CloseReason::server_namespace_disconnect));
}
