// Compression of HTTP answers, with zlib itself as the other side.
#include "compression_world.hpp"

#include "sioxx/net/content_coding.hpp"
#include "sioxx/net/zip.hpp"

#include <random>

namespace sioxx::net::test {
namespace {

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

}  // namespace
}  // namespace sioxx::net::test
