#include "sioxx/socket/packet.hpp"

#include "sioxx/socket/socket.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

using namespace sioxx;
using namespace sioxx::socket;
namespace json = boost::json;

namespace {

Defect defect_of(std::string_view wire, PacketLimits limits = {}) {
  JsonReader reader(32);
  Packet packet;
  return decode(wire, reader, limits, packet);
}

Packet must(std::string_view wire) {
  static JsonReader reader(32);
  Packet packet;
  EXPECT_EQ(decode(wire, reader, {}, packet), Defect::none) << wire;
  return packet;
}

std::string printed(const json::value& value) {
  std::string out;
  write_json(out, value);
  return out;
}

}  // namespace

TEST(Json, NumbersComeBackAsTheyWere) {
  JsonReader reader(4);
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto exponent = static_cast<int>(random() % 600) - 300;
    const double number = std::ldexp(static_cast<double>(random() >> 11), exponent);
    std::string text;
    write_json(text, boost::json::value(number));
    boost::json::value back;
    ASSERT_TRUE(reader.read(text, back)) << text;
    EXPECT_EQ(back.to_number<double>(), number) << text;
  }
  boost::json::value value;
  EXPECT_TRUE(reader.read(" -0.30000000000000004 ", value));
  EXPECT_EQ(value.as_double(), -0.30000000000000004);
  EXPECT_FALSE(reader.read("1 2", value));
  EXPECT_FALSE(reader.read("", value));
  EXPECT_TRUE(reader.read("[1e-400,{\"a\":1}]", value));
}

TEST(SocketPacket, ReadsWhatTheProtocolShows) {
  EXPECT_EQ(must("0").type, PacketType::connect);
  EXPECT_TRUE(must("0").data.is_null());
  EXPECT_EQ(printed(must(R"(0{"token":"x"})").data), R"({"token":"x"})");
  EXPECT_EQ(must("0/admin,").nsp, "/admin");
  EXPECT_EQ(must("0/admin").nsp, "/admin");
  EXPECT_EQ(printed(must(R"(0/admin,{"a":1})").data), R"({"a":1})");
  EXPECT_EQ(must("1").type, PacketType::disconnect);
  EXPECT_EQ(must("1/admin,").nsp, "/admin");
  EXPECT_EQ(must("1/admin").nsp, "/admin");
  EXPECT_EQ(printed(must(R"(2["hello",1])").data), R"(["hello",1])");
  EXPECT_FALSE(must(R"(2["hello",1])").id);
  EXPECT_EQ(must(R"(212["hello"])").id, 12u);
  const Packet event = must(R"(2/admin,456["project:delete",123])");
  EXPECT_EQ(event.nsp, "/admin");
  EXPECT_EQ(event.id, 456u);
  EXPECT_EQ(must("3/admin,456[]").type, PacketType::ack);
  const Packet binary =
      must(R"(52-/admin,7["hello",{"_placeholder":true,"num":0},{"a":[{"_placeholder":true,"num":1}]}])");
  EXPECT_EQ(binary.type, PacketType::binary_event);
  EXPECT_EQ(binary.attachments, 2u);
  EXPECT_EQ(binary.id, 7u);
  EXPECT_EQ(must(R"(61-15[{"_placeholder":true,"num":0}])").id, 15u);
}

TEST(SocketPacket, RefusesEachDefect) {
  const std::pair<std::string_view, Defect> cases[] = {
      {"", Defect::type},
      {"7", Defect::type},
      {"abc", Defect::type},
      {"-1", Defect::type},
      {"4", Defect::type},
      {R"(4{"message":"x"})", Defect::type},
      {"5", Defect::attachments},
      {R"(5["a"])", Defect::attachments},
      {R"(50-["a"])", Defect::attachments},
      {R"(511-["a"])", Defect::attachments},
      {R"(5-1-["a"])", Defect::attachments},
      {R"(51["a"])", Defect::attachments},
      {R"(599999999999999999999-["a"])", Defect::attachments},
      {R"(60-1["a"])", Defect::attachments},
      {R"(51-["a",{"_placeholder":true,"num":1}])", Defect::attachments},
      {R"(51-["a",{"_placeholder":true,"num":-1}])", Defect::attachments},
      {R"(51-["a",{"_placeholder":true,"num":"0"}])", Defect::attachments},
      {R"(51-["a",{"_placeholder":true}])", Defect::attachments},
      {R"(51-["a",[[{"x":{"_placeholder":true,"num":9}}]]])", Defect::attachments},
      {R"(29007199254740993["a"])", Defect::id},
      {R"(299999999999999999999999["a"])", Defect::id},
      {"3[]", Defect::id},
      {"3", Defect::id},
      {"2[", Defect::json},
      {"2[\"a\"]x", Defect::json},
      {"2[\"a\",]", Defect::json},
      {"2[\"a\",NaN]", Defect::json},
      {"2[\"\xff\"]", Defect::json},
      {"2[\"a\"] []", Defect::json},
      {"0{", Defect::json},
      {"2abc", Defect::json},
      {"2", Defect::payload},
      {"2{}", Defect::payload},
      {"2[]", Defect::payload},
      {"21", Defect::payload},
      {R"(2"a")", Defect::payload},
      {"0[]", Defect::payload},
      {"0null", Defect::payload},
      {R"(0"x")", Defect::payload},
      {"1{}", Defect::payload},
      {"1null", Defect::payload},
      {"31", Defect::payload},
      {"31{}", Defect::payload},
      {"2[true]", Defect::event_name},
      {"2[null]", Defect::event_name},
      {"2[{}]", Defect::event_name},
      {R"(2["connect"])", Defect::event_name},
      {R"(2["connect_error"])", Defect::event_name},
      {R"(2["disconnect"])", Defect::event_name},
      {R"(2["disconnecting"])", Defect::event_name},
      {R"(2["newListener"])", Defect::event_name},
      {R"(2["removeListener"])", Defect::event_name},
  };
  for (const auto& [wire, defect] : cases) {
    EXPECT_EQ(defect_of(wire), defect) << wire << ": " << text(defect_of(wire));
    EXPECT_FALSE(text(defect).empty());
  }
}

TEST(SocketPacket, BoundsNamesDepthAndIds) {
  EXPECT_EQ(defect_of("0/" + std::string(255, 'n')), Defect::none);
  EXPECT_EQ(defect_of("0/" + std::string(256, 'n')), Defect::nsp);
  EXPECT_EQ(defect_of("0/" + std::string(900'000, 'n') + ","), Defect::nsp);
  EXPECT_EQ(defect_of(R"(2[")" + std::string(256, 'e') + R"("])"), Defect::none);
  EXPECT_EQ(defect_of(R"(2[")" + std::string(257, 'e') + R"("])"), Defect::event_name);
  EXPECT_EQ(defect_of("2[\"a\"," + std::string(31, '[') + std::string(31, ']') + "]"), Defect::none);
  EXPECT_EQ(defect_of("2[\"a\"," + std::string(32, '[') + std::string(32, ']') + "]"), Defect::json);
  EXPECT_EQ(defect_of("2[\"a\"," + std::string(500'000, '[')), Defect::json);
  EXPECT_EQ(must(R"(29007199254740992["a"])").id, ack_id_max);
  EXPECT_EQ(defect_of("2" + std::string(50'000, '9') + R"(["a"])"), Defect::id);
  PacketLimits none;
  none.attachments_max = 0;
  EXPECT_EQ(defect_of(R"(51-["a"])", none), Defect::attachments);
}

TEST(SocketPacket, NoiseNeverHurts) {
  std::mt19937 random(5);
  const std::string seeds[] = {R"(2/admin,12["hello",{"a":[1,2,{"b":null}]}])",
                               R"(51-["x",{"_placeholder":true,"num":0}])", R"(0/a,{"token":"é"})", "31[]"};
  constexpr std::string_view letters = "0123456789-/,[]{}\":\\\"aé\xff\x00 tfn";
  int good = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string wire = seeds[random() % std::size(seeds)];
    for (auto edits = random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % wire.size();
      switch (random() % 3) {
        case 0: wire[at] = letters[random() % letters.size()]; break;
        case 1: wire.insert(at, 1, letters[random() % letters.size()]); break;
        case 2: wire.resize(at + 1); break;
      }
    }
    if (defect_of(wire) == Defect::none) ++good;
  }
  EXPECT_GT(good, 1'000);
  EXPECT_LT(good, 19'000);
}

TEST(SocketPacket, PrintsAsTheReferenceDoes) {
  std::string out;
  encode_connect(out, "/", "ABC");
  EXPECT_EQ(out, R"(0{"sid":"ABC"})");
  out.clear();
  encode_connect(out, "/custom", "ABC");
  EXPECT_EQ(out, R"(0/custom,{"sid":"ABC"})");
  out.clear();
  encode_connect_error(out, "/random", "Invalid namespace", {});
  EXPECT_EQ(out, R"(4/random,{"message":"Invalid namespace"})");
  out.clear();
  encode_connect_error(out, "/", "no \"entry\"", {{"code", "UNAUTHORIZED"}, {"retry", 5}});
  EXPECT_EQ(out, R"(4{"message":"no \"entry\"","data":{"code":"UNAUTHORIZED","retry":5}})");
  out.clear();
  encode_disconnect(out, "/");
  encode_disconnect(out, "/a");
  EXPECT_EQ(out, "11/a,");
  out.clear();
  encode_event(out, "/", "hello", {1, "x", nullptr});
  EXPECT_EQ(out, R"(2["hello",1,"x",null])");
  out.clear();
  encode_event(out, "/a", "ping!", {}, 0, 12);
  EXPECT_EQ(out, R"(2/a,12["ping!"])");
  out.clear();
  encode_event(out, "/a", "file", {placeholder(0)}, 1);
  EXPECT_EQ(out, R"(51-/a,["file",{"_placeholder":true,"num":0}])");
  out.clear();
  encode_ack(out, "/", 3, R"([{"ok":true}])");
  encode_ack(out, "/a", 4, json::array{1, 2});
  encode_ack(out, "/", 5, json::array{placeholder(0)}, 1);
  EXPECT_EQ(out, R"(33[{"ok":true}]3/a,4[1,2]61-5[{"_placeholder":true,"num":0}])");
  EXPECT_EQ(encode_event("/", "order_message", R"({"a":1},2)", 9)->packet(),
            R"(42["order_message",{"a":1},2])");
  EXPECT_EQ(encode_event("/n", "e", "")->packet(), R"(42/n,["e"])");
  EXPECT_EQ(encode_event("/", "order_message", "", 9)->order(), 9u);
}

TEST(Json, KeepsOrderAndPrintsNumbersLikeJavaScript) {
  const std::pair<json::value, std::string_view> cases[] = {
      {1.0, "1"},
      {0.1, "0.1"},
      {-0.0, "0"},
      {1e21, "1e+21"},
      {-1.5, "-1.5"},
      {100000.0, "100000"},
      {1e20, "100000000000000000000"},
      {0.000001, "0.000001"},
      {-123456.789, "-123456.789"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {std::nan(""), "null"},
      {std::numeric_limits<double>::infinity(), "null"},
      {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615"},
      {true, "true"},
      {nullptr, "null"},
      {"Олена \" \\ \n \x01 /", "\"Олена \\\" \\\\ \\n \\u0001 /\""},
      {json::value{{"z", 1}, {"a", json::array{}}, {"m", json::object{}}}, R"({"z":1,"a":[],"m":{}})"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(printed(value), text);
}

TEST(Json, HalfASurrogatePairIsReadAsTheReplacementCharacter) {
  JsonReader reader(4);
  const auto read = [&](std::string_view text) {
    json::value value;
    if (!reader.read(text, value)) return std::string("refused");
    const json::string& content = value.as_string();
    return std::string(content.data(), content.size());
  };
  EXPECT_EQ(read(R"("cut \ud83d")"), "cut \xef\xbf\xbd");
  EXPECT_EQ(read(R"("\udc00 \ud83d\ud83d\ude00")"), "\xef\xbf\xbd \xef\xbf\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(read(R"("a whole one: \ud83d\ude00, and \\ud83d is text")"),
            "a whole one: \xf0\x9f\x98\x80, and \\ud83d is text");
  EXPECT_EQ(read(R"("\ud83d\)"), "refused");
  EXPECT_EQ(read(R"("\ud83d" 1)"), "refused");
}

TEST(Json, ReaderIsUsedAgainAfterABadText) {
  JsonReader reader(4);
  json::value value;
  EXPECT_FALSE(reader.read("[1,", value));
  EXPECT_FALSE(reader.read("[[[[[1]]]]]", value));
  EXPECT_FALSE(reader.read("", value));
  EXPECT_TRUE(reader.read("[1,{\"a\":2}]", value));
  EXPECT_EQ(printed(value), R"([1,{"a":2}])");
}
