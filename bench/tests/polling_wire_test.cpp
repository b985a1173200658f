#include "../load/polling_wire.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bench {
namespace {

using Status = HttpAnswer::Status;

TEST(HttpAnswer, IsReadWhole) {
  const std::string bytes =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH:  5\r\n\r\nhelloHTTP/1.1";
  const HttpAnswer answer = parse_http_answer(bytes);
  ASSERT_EQ(answer.status, Status::complete);
  EXPECT_EQ(answer.code, 200U);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.bytes, bytes.size() - 8);
}

TEST(HttpAnswer, WaitsForEveryMissingByte) {
  const std::string bytes = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}";
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    ASSERT_EQ(parse_http_answer(std::string_view(bytes).substr(0, n)).status, Status::need_more) << n;
  }
  EXPECT_EQ(parse_http_answer(bytes).code, 400U);
}

TEST(HttpAnswer, RefusesWhatItCannotMeasure) {
  for (const char* bytes :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 xyz OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Content-Length: 3\r\n\r\nabc"}) {
    EXPECT_EQ(parse_http_answer(bytes).status, Status::invalid) << bytes;
  }
  EXPECT_EQ(parse_http_answer(std::string(20'000, 'x')).status, Status::invalid);
}

TEST(Payload, IsTakenPacketByPacket) {
  std::string_view payload =
      "40{\"sid\":\"x\"}\x1e"
      "2\x1e"
      "431[]";
  EXPECT_EQ(take_packet(payload), "40{\"sid\":\"x\"}");
  EXPECT_EQ(take_packet(payload), "2");
  EXPECT_EQ(take_packet(payload), "431[]");
  EXPECT_TRUE(payload.empty());
}

TEST(PollingWire, SendsTogetherWhatWasQueuedMeanwhile) {
  PollingWire wire;
  std::string out;
  wire.get(out);
  EXPECT_EQ(out, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  EXPECT_FALSE(wire.may_get());
  wire.on_get_answered();
  wire.queue("40{}");
  EXPECT_FALSE(wire.may_post());  // no sid yet
  wire.set_sid("abc");
  ASSERT_TRUE(wire.may_post());
  out.clear();
  wire.post(out);
  EXPECT_TRUE(out.starts_with("POST /socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1\r\n")) << out;
  EXPECT_TRUE(out.ends_with("Content-Length: 4\r\n\r\n40{}")) << out;

  wire.queue("421[]");
  wire.queue("422[]");
  EXPECT_FALSE(wire.may_post());  // one POST at a time
  wire.on_post_answered();
  ASSERT_TRUE(wire.may_post());
  out.clear();
  wire.post(out);
  EXPECT_TRUE(
      out.ends_with("Content-Length: 11\r\n\r\n421[]\x1e"
                    "422[]"))
      << out;
  EXPECT_FALSE(wire.may_post());
  EXPECT_TRUE(wire.may_get());
}

}  // namespace
}  // namespace bench
