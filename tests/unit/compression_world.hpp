#pragma once

#include "net_world.hpp"

#include <random>
#include <string>

#include <zlib.h>

namespace sioxx::net::test {

inline std::string text_of(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += "line " + std::to_string(i) + ", ";
  text.resize(bytes);
  return text;
}

inline std::string noise_of(std::size_t bytes) {
  std::mt19937 random(7);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

/// What a client makes of it; `window`: 31 gzip, 15 zlib, -15 raw.
inline std::string unpacked(std::string packed, int window) {
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

}  // namespace sioxx::net::test
