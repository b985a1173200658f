// Compression of WebSocket messages, and WebSockets with nothing on top.
#include "compression_world.hpp"

#include "sioxx/net/permessage_deflate.hpp"
#include "sioxx/net/zip.hpp"

#include <stdexcept>

namespace sioxx::net::test {
namespace {

TEST(PermessageDeflate, OffersAreReadAsTheRfcSays) {
  const std::string always = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  const struct {
    std::string_view offer;
    Deflate deflate;
    std::string header;
  } cases[] = {
      {"permessage-deflate", Deflate::both, always},
      {"permessage-deflate; client_max_window_bits", Deflate::both, always},
      {"permessage-deflate;client_max_window_bits=8", Deflate::both, always},
      {"permessage-deflate; client_max_window_bits=\"15\"", Deflate::both, always},
      {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", Deflate::both, always},
      {"permessage-deflate; server_max_window_bits=15", Deflate::both,
       always + "; server_max_window_bits=15"},
      {"permessage-deflate; server_max_window_bits=9", Deflate::receive,
       always + "; server_max_window_bits=9"},
      {"permessage-deflate; server_max_window_bits=8", Deflate::receive,
       always + "; server_max_window_bits=8"},
      {"x-webkit-deflate-frame, permessage-deflate", Deflate::both, always},
      {"permessage-deflate; unknown, permessage-deflate", Deflate::both, always},
      {"permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=\"10\"",
       Deflate::receive, always + "; server_max_window_bits=10"},
      {"x; y=\"a,permessage-deflate;b\"", Deflate::off, ""},
      {"", Deflate::off, ""},
      {"permessage-deflate-2", Deflate::off, ""},
      {"permessage-deflate;", Deflate::off, ""},
      {"permessage-deflate; server_max_window_bits", Deflate::off, ""},
      {"permessage-deflate; server_max_window_bits=", Deflate::off, ""},
      {"permessage-deflate; server_max_window_bits=16", Deflate::off, ""},
      {"permessage-deflate; server_max_window_bits=09", Deflate::off, ""},
      {"permessage-deflate; server_max_window_bits=99999999999999999999", Deflate::off, ""},
      {"permessage-deflate; client_max_window_bits=7", Deflate::off, ""},
      {"permessage-deflate; client_max_window_bits=", Deflate::off, ""},
      {"permessage-deflate; server_no_context_takeover=true", Deflate::off, ""},
      {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", Deflate::off, ""},
      {"permessage-deflate; client_max_window_bits=9; client_max_window_bits=9", Deflate::off, ""},
      {"permessage-deflate; server_max_window_bits=9\"", Deflate::off, ""},
      {"permessage-deflate; \"", Deflate::off, ""},
      {"\"permessage-deflate\"", Deflate::off, ""},
  };
  for (const auto& one : cases) {
    const DeflateAnswer answer = negotiate_deflate(one.offer);
    EXPECT_EQ(answer.deflate, one.deflate) << one.offer;
    EXPECT_EQ(answer.header, one.header) << one.offer;
  }
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += "x,";
  EXPECT_EQ(negotiate_deflate(many + "permessage-deflate").deflate, Deflate::off)
      << "the list is not read for ever";
}

class CompressedWebSocket : public ::testing::Test {
 protected:
  static Options with_compression() {
    Options options;
    options.websocket_compression = true;
    options.raw_paths = {"/raw"};
    return options;
  }
  /// A frame as a client sends it, RSV1 set.
  static std::string packed_frame(int opcode, std::string_view packed, bool fin = true) {
    std::string frame = Client::frame(opcode, packed, fin);
    frame[0] = static_cast<char>(frame[0] | 0x40);
    return frame;
  }
  std::string packed(std::string_view plain) {
    std::string out;
    EXPECT_TRUE(zip.message(out, plain));
    return out;
  }
  Client connected(const std::string& offer = "permessage-deflate; client_max_window_bits") {
    Client client(world);
    client.send(Client::upgrade_request(websocket, "Sec-WebSocket-Extensions: " + offer + "\r\n"));
    const Answer answer = client.answer();
    EXPECT_EQ(answer.status, 101);
    agreed = answer.header("Sec-WebSocket-Extensions");
    EXPECT_EQ(client.next_frame().payload.substr(0, 1), "0");
    return client;
  }
  /// The next frame's first byte and its content, unpacked if it says that it is packed.
  std::pair<int, std::string> heard(Client& client) {
    EXPECT_TRUE(client.wait_for_bytes(2));
    const int first = static_cast<unsigned char>(client.got[0]);
    std::string payload = client.next_frame().payload;
    if ((first & 0x40) != 0) payload = unpacked(payload + std::string("\0\0\xff\xff", 4), -15);
    return {first, payload};
  }

  World world{with_compression()};
  Zip zip;
  std::string agreed;
};

TEST_F(CompressedWebSocket, BothDirections) {
  Client client = connected();
  EXPECT_EQ(agreed, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  const std::string large = "4" + text_of(5'000);
  client.send(packed_frame(1, packed(large)));
  EXPECT_EQ(heard(client), std::pair(0xc1, large));
  client.send(packed_frame(1, packed("4small")));
  EXPECT_EQ(heard(client), std::pair(0x81, std::string("4small"))) << "not worth it";
  client.text("4plain");
  EXPECT_EQ(heard(client), std::pair(0x81, std::string("4plain"))) << "a peer may do without";
  client.send(packed_frame(2, packed(text_of(3'000))));
  EXPECT_EQ(heard(client), std::pair(0xc2, text_of(3'000)));
  client.send(Client::frame(2, noise_of(3'000)));
  EXPECT_EQ(heard(client), std::pair(0x82, noise_of(3'000))) << "it would grow";
}

TEST_F(CompressedWebSocket, InFragmentsWithAPingBetween) {
  Client client = connected();
  const std::string plain = "4" + text_of(4'000);
  const std::string all = packed(plain);
  client.send(packed_frame(1, all.substr(0, 10), false) + Client::frame(9, "ping") +
              Client::frame(0, all.substr(10, 20), false) + Client::frame(0, all.substr(30)));
  EXPECT_EQ(heard(client), std::pair(0x8a, std::string("ping")));
  EXPECT_EQ(heard(client), std::pair(0xc1, plain));
}

TEST_F(CompressedWebSocket, AByteAtATime) {
  Client client = connected();
  const std::string plain = "4" + text_of(1'500);
  for (const char byte : packed_frame(1, packed(plain))) client.send({&byte, 1});
  EXPECT_EQ(heard(client), std::pair(0xc1, plain));
}

TEST_F(CompressedWebSocket, ASmallerWindowIsPromisedAndKeptByNotCompressing) {
  Client client = connected("permessage-deflate; server_max_window_bits=10");
  EXPECT_TRUE(agreed.ends_with("; server_max_window_bits=10"));
  const std::string large = "4" + text_of(5'000);
  client.send(packed_frame(1, packed(large)));
  EXPECT_EQ(heard(client), std::pair(0x81, large));
}

TEST_F(CompressedWebSocket, WhatIsAgainstTheRulesIsClosed) {
  const std::string good = packed("4x");
  const struct {
    const char* what;
    std::string frames;
    int code;
  } cases[] = {
      {"RSV1 on a ping", packed_frame(9, ""), 1002},
      {"RSV1 on a close", packed_frame(8, ""), 1002},
      {"RSV1 on a continuation", packed_frame(1, good.substr(0, 1), false) + packed_frame(0, good.substr(1)),
       1002},
      {"RSV2", std::string(1, '\x20') + Client::frame(1, "x").substr(1), 1002},
      {"no DEFLATE", packed_frame(1, "\xff\xff\xff\xff"), 1007},
      {"bad UTF-8 inside", packed_frame(1, packed("4\xc3\x28")), 1007},
      {"a bomb", packed_frame(1, packed(std::string(5'000'000, 'x'))), 1009},
      {"a bomb in binary", packed_frame(2, packed(std::string(5'000'000, 'x'))), 1009},
  };
  for (const auto& one : cases) {
    Client client = connected();
    client.send(one.frames);
    const Client::Frame frame = client.next_frame();
    EXPECT_EQ(frame.opcode, 8) << one.what;
    EXPECT_EQ(frame.code(), one.code) << one.what;
  }
}

TEST_F(CompressedWebSocket, WithoutAnOfferOrWithAnUnreadableOneNothingIsAgreed) {
  for (const char* offer : {"permessage-deflate; nonsense", "x-other"}) {
    Client client = connected(offer);
    EXPECT_EQ(agreed, "");
    client.send(packed_frame(1, packed("4x")));
    EXPECT_EQ(client.next_frame().code(), 1002);
  }
}

TEST_F(CompressedWebSocket, ABroadcastIsCompressedOnce) {
  const auto message = engine::Encoded::text(text_of(20'000));
  MessageDeflate& deflate = world.connections(0).message_deflate();
  const std::string_view first = deflate.frame(Opcode::text, message->packet());
  EXPECT_LT(first.size(), 10'000u);
  const std::string_view again = deflate.frame(Opcode::text, message->packet());
  EXPECT_EQ(first.data(), again.data());
  EXPECT_EQ(deflate.frame(Opcode::binary, message->packet())[0] & 0x0f, 2)
      << "the same bytes, another message";
}

TEST_F(CompressedWebSocket, MessagesThatMustNotBeCompressedAreNot) {
  Client client = connected();
  std::shared_ptr<engine::Session> session;
  world.sessions(0, 0).for_each([&](engine::Session& one) { session = one.shared_from_this(); });
  ASSERT_NE(session, nullptr);
  engine::Encoded::Builder secret;
  secret.compress(false);
  secret << text_of(3'000);
  session->send(std::move(secret).finish());
  session->send(engine::Encoded::text(text_of(3'000)));
  EXPECT_EQ(heard(client), std::pair(0x81, "4" + text_of(3'000)));
  EXPECT_EQ(heard(client), std::pair(0xc1, "4" + text_of(3'000)));
}

// ---- WebSockets without a session -------------------------------------------------------------------------

TEST_F(CompressedWebSocket, APlainOneEchoesWithoutAnyEngine) {
  world.on_raw = [](RawWebSocket& peer, std::string_view data, bool binary) {
    if (data == "close") return peer.close(4'000, "as you wish");
    if (data == "throw") throw std::runtime_error("a handler's own affair");
    peer.send(data, binary);
  };
  Client client(world);
  client.send(Client::upgrade_request("/raw", "Sec-WebSocket-Extensions: permessage-deflate\r\n") +
              Client::frame(1, "early"));
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_EQ(heard(client), std::pair(0x81, std::string("early")));
  client.send(packed_frame(2, packed(text_of(2'000))));
  EXPECT_EQ(heard(client), std::pair(0xc2, text_of(2'000)));
  client.text("throw");
  client.text("");
  EXPECT_EQ(heard(client), std::pair(0x81, std::string()));
  client.text("close");
  const Client::Frame frame = client.next_frame();
  EXPECT_EQ(frame.code(), 4'000);
  EXPECT_EQ(frame.payload.substr(2), "as you wish");
  client.send(Client::frame(8, frame.payload));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(world.session_count(), 0u);
}

TEST_F(CompressedWebSocket, APlainPathTakesNothingButUpgrades) {
  Client client(world);
  EXPECT_EQ(client.get("/raw").status, 426);
  EXPECT_EQ(client.get("/raw/more").status, 404);
  client.send(Client::upgrade_request("/raw", "Sec-WebSocket-Key: again\r\n"));
  EXPECT_EQ(client.answer().status, 101) << "the first key counts";
}

TEST_F(CompressedWebSocket, APlainOneThatDoesNotReadIsClosedAndEndsWithTheHouse) {
  world.on_raw = [](RawWebSocket& peer, std::string_view, bool binary) {
    peer.send(noise_of(900'000), binary);
  };
  Client slow(world), idle(world);
  slow.small_receive_buffer();
  for (Client* client : {&slow, &idle}) {
    client->send(Client::upgrade_request("/raw"));
    EXPECT_EQ(client->answer().status, 101);
  }
  for (int i = 0; i < 20; ++i) slow.send(Client::frame(2, "more"));
  world.steps(10);
  EXPECT_TRUE(world.until([&] {
    slow.read_some();
    return slow.got.ends_with("slow consumer");
  }));
  slow.send(Client::frame(8, std::string("\x03\xf0", 2)));
  EXPECT_TRUE(slow.ended());
  world.connections(0).close_all();
  EXPECT_EQ(idle.next_frame().code(), 1001);
}

}  // namespace
}  // namespace sioxx::net::test
