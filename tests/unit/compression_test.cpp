// Compression of HTTP answers and of WebSocket messages, with zlib itself as the other side.
#include "net_world.hpp"

#include "sioxx/net/content_coding.hpp"
#include "sioxx/net/permessage_deflate.hpp"
#include "sioxx/net/zip.hpp"

#include <random>
#include <stdexcept>

#include <zlib.h>

namespace sioxx::net::test {
namespace {

std::string text_of(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += "line " + std::to_string(i) + ", ";
  text.resize(bytes);
  return text;
}

std::string noise_of(std::size_t bytes) {
  std::mt19937 random(7);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

/// What a client makes of it; `window`: 31 gzip, 15 zlib, -15 raw.
std::string unpacked(std::string packed, int window) {
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, window), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  char piece[4'096];
  int result = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = ::inflate(&stream, Z_SYNC_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  } while (result == Z_OK && (stream.avail_out == 0 || stream.avail_in != 0));
  if (window > 0) {
    EXPECT_EQ(result, Z_STREAM_END) << "the check sum is wrong";
  }
  ::inflateEnd(&stream);
  return out;
}

// ---- the streams ------------------------------------------------------------------------------------------

TEST(Zip, BodiesAreReadByZlib) {
  Zip zip;
  for (const std::string& plain :
       {std::string(), std::string("x"), text_of(3'000), text_of(300'000), noise_of(70'000)}) {
    std::string gzip, zlib;
    ASSERT_TRUE(zip.body(gzip, plain, Zip::Format::gzip));
    ASSERT_TRUE(zip.body(zlib, plain, Zip::Format::zlib));
    EXPECT_TRUE(unpacked(gzip, 31) == plain) << plain.size();
    EXPECT_TRUE(unpacked(zlib, 15) == plain) << plain.size();
  }
}

TEST(Zip, MessagesGoThereAndBackEachByItself) {
  Zip zip;
  for (const std::size_t size : {1u, 125u, 1'024u, 16'383u, 16'384u, 16'385u, 65'536u, 400'000u}) {
    for (const std::string& plain : {text_of(size), noise_of(size)}) {
      std::string message, back;
      ASSERT_TRUE(zip.message(message, plain));
      EXPECT_TRUE(unpacked(message + std::string("\0\0\xff\xff", 4), -15) == plain) << size;
      ASSERT_EQ(zip.plain(back, message, size), Zip::Result::ok);
      EXPECT_TRUE(back == plain) << size;
    }
  }
}

// RFC 7692 §7.2.3: the examples.
TEST(Zip, ReadsTheExamplesOfTheRfc) {
  Zip zip;
  const auto read = [&](std::string_view message) {
    std::string out;
    return zip.plain(out, message, 100) == Zip::Result::ok ? out : "?";
  };
  EXPECT_EQ(read(std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7)), "Hello");
  EXPECT_EQ(read(std::string_view("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11)), "Hello");
  EXPECT_EQ(read(std::string_view("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8)), "Hello") << "a final block";
  EXPECT_EQ(read(std::string_view("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13)), "Hello");
  EXPECT_EQ(read(std::string_view("\x00", 1)), "");
}

TEST(Zip, BombsAndNoiseAreStopped) {
  Zip zip;
  std::string bomb, out;
  ASSERT_TRUE(zip.message(bomb, std::string(50'000'000, 'x')));
  EXPECT_LT(bomb.size(), 300'000u);
  EXPECT_EQ(zip.plain(out, bomb, 1'000'000), Zip::Result::too_large);
  EXPECT_LE(out.size(), 1'000'000u);
  out.clear();
  EXPECT_EQ(zip.plain(out, "\xff\xff\xff\xff", 1'000), Zip::Result::broken);
  std::mt19937 random(1);
  for (int i = 0; i < 5'000; ++i) {
    std::string noise(random() % 60, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    out.clear();
    zip.plain(out, noise, 10'000);
    EXPECT_LE(out.size(), 10'000u);
  }
  out.clear();
  EXPECT_EQ(zip.plain(out, std::string_view("\xf2\x48\xcd\xc9\xc9\x07\x00", 7), 5), Zip::Result::ok);
}

// ---- HTTP -------------------------------------------------------------------------------------------------

TEST(ContentCoding, IsChosenByWeight) {
  using enum ContentCoding;
  const struct {
    std::string_view header;
    ContentCoding chosen;
  } cases[] = {
      {"", identity},
      {"gzip", gzip},
      {"GZip", gzip},
      {"x-gzip", gzip},
      {"deflate", deflate},
      {"gzip, deflate, br", gzip},
      {"deflate, gzip;q=0.5", deflate},
      {"gzip;q=0", identity},
      {"gzip;q=0.0, deflate;q=0.001", deflate},
      {"gzip ; q=0.5 , deflate;\tq=0.7", deflate},
      {"gzip;q=0.5, identity", identity},
      {"gzip;q=1, identity;q=1", gzip},
      {"*", gzip},
      {"*;q=0", identity},
      {"*;q=0.3, gzip;q=0", deflate},
      {"br, zstd", identity},
      {"gzip;q=2", identity},
      {"gzip;q=x", identity},
      {"gzip;q=0.1234", identity},
      {"gzip;foo=bar;q=0.4", gzip},
      {",,gzip,", gzip},
      {";q=1", identity},
      {"gzipped", identity},
  };
  for (const auto& one : cases) EXPECT_EQ(choose_coding(one.header), one.chosen) << one.header;
}

class HttpCompression : public ::testing::Test {
 protected:
  HttpCompression() {
    world.on_http = [this](http::Request&&, http::Reply reply) { reply.send(response); };
    response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    response.body = text_of(5'000);
  }
  Answer ask(const std::string& headers = "Accept-Encoding: gzip, deflate\r\n") {
    Client client(world);
    return client.get("/", headers);
  }

  World world;
  http::Response response;
};

TEST_F(HttpCompression, WhoAcceptsItGetsIt) {
  const Answer gzip = ask();
  EXPECT_EQ(gzip.header("Content-Encoding"), "gzip");
  EXPECT_EQ(gzip.header("Vary"), "Accept-Encoding");
  EXPECT_LT(gzip.body.size(), 2'500u);
  EXPECT_TRUE(unpacked(gzip.body, 31) == response.body);
  const Answer deflate = ask("Accept-Encoding: deflate\r\n");
  EXPECT_EQ(deflate.header("Content-Encoding"), "deflate");
  EXPECT_TRUE(unpacked(deflate.body, 15) == response.body);
  for (const char* headers : {"", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br\r\n"}) {
    const Answer plain = ask(headers);
    EXPECT_EQ(plain.header("Content-Encoding"), "");
    EXPECT_EQ(plain.header("Vary"), "Accept-Encoding") << "a cache must know that others get another one";
    EXPECT_TRUE(plain.body == response.body);
  }
}

TEST_F(HttpCompression, ErrorsToo) {
  response.status = 422;
  EXPECT_EQ(ask().header("Content-Encoding"), "gzip");
}

TEST_F(HttpCompression, AStrongTagBecomesWeak) {
  response.headers.emplace_back("ETag", "\"v1\"");
  EXPECT_EQ(ask().header("ETag"), "W/\"v1\"");
  EXPECT_EQ(ask("").header("ETag"), "\"v1\"");
}

TEST_F(HttpCompression, WhatIsSmallCodedOrNoTextStaysAsItIs) {
  const http::Response usual = response;
  const auto untouched = [&](const char* why) {
    const Answer answer = ask();
    EXPECT_TRUE(answer.body == response.body || response.shared_body != nullptr) << why;
    EXPECT_EQ(answer.header("Vary"), "") << why;
    response = usual;
  };
  response.body = text_of(1'023);
  untouched("small");
  response.headers = {{"Content-Type", "image/png"}};
  untouched("an image");
  response.headers = {};
  untouched("no type");
  response.headers.emplace_back("content-encoding", "br");
  untouched("coded");
  response.headers.emplace_back("Cache-Control", "no-store, no-transform");
  untouched("no-transform");
  response.status = 206;
  untouched("a part");
  response.shared_body = std::make_shared<const std::string>(text_of(4'000));
  untouched("shared");
  response.body = text_of(1'048'577);
  untouched("too much work");
  response.body = text_of(1'024);
  EXPECT_EQ(ask().header("Content-Encoding"), "gzip");
  response.body = noise_of(2'000);
  const Answer noise = ask();
  EXPECT_EQ(noise.header("Content-Encoding"), "") << "it would have grown";
  EXPECT_TRUE(noise.body == response.body);
}

TEST(HttpCompressionOfPolling, LargePayloadsAreCompressedAndThePlainOnesStay) {
  World world;
  const std::string sid = open_session(world);
  Client client(world);
  const std::string accept = "Accept-Encoding: gzip, deflate, br\r\n";
  client.post(polling + "&sid=" + sid, "4big 2000");
  const Answer large = client.get(polling + "&sid=" + sid, accept);
  EXPECT_EQ(large.header("Content-Encoding"), "gzip");
  EXPECT_EQ(unpacked(large.body, 31), "4" + std::string(2'000, 'B'));
  client.post(polling + "&sid=" + sid, "4big 1000");
  const Answer small = client.get(polling + "&sid=" + sid, accept);
  EXPECT_EQ(small.header("Content-Encoding"), "");
  EXPECT_EQ(small.header("Vary"), "");
  EXPECT_EQ(small.body, "4" + std::string(1'000, 'B'));
}

TEST(HttpCompressionOfPolling, CanBeSwitchedOff) {
  Options options;
  options.http_compression = false;
  World world(options);
  const std::string sid = open_session(world);
  Client client(world);
  client.post(polling + "&sid=" + sid, "4big 2000");
  EXPECT_EQ(client.get(polling + "&sid=" + sid, "Accept-Encoding: gzip\r\n").body.size(), 2'001u);
}

// ---- permessage-deflate -----------------------------------------------------------------------------------

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
