// gzip     1F 8B 08 00  4 × 00  00 FF   DEFLATE   crc32 and size of the plain form, little endian   (RFC 1952)
// zlib     78 5E                        DEFLATE   adler32 of the plain form, big endian              (RFC 1950)
// message  DEFLATE ended by an empty block, without that block's last four octets 00 00 FF FF        (RFC 7692)

#include "sioxx/net/zip.hpp"

#include <algorithm>
#include <array>
#include <limits>

#define ZLIB_CONST
#include <zlib.h>

namespace sioxx::net {
namespace {

constexpr int raw_window = -15;
constexpr int usual_memory = 8;
constexpr std::size_t piece_bytes = 16'384;
constexpr std::string_view gzip_head("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
constexpr std::string_view zlib_head("\x78\x5e", 2);
constexpr std::string_view empty_block_tail("\0\0\xff\xff", 4);

const Bytef* bytes_of(std::string_view text) { return reinterpret_cast<const Bytef*>(text.data()); }

void give(z_stream& stream, std::string_view input) {
  stream.next_in = bytes_of(input);
  stream.avail_in = static_cast<uInt>(input.size());
}

bool fits_zlib(std::string_view text) { return text.size() <= std::numeric_limits<uInt>::max(); }

void append_number(std::string& out, unsigned long number, bool big_endian) {
  for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(number >> (big_endian ? 24 - 8 * i : 8 * i));
}

}  // namespace

struct Zip::Streams {
  z_stream in{};   ///< inflates
  z_stream out{};  ///< deflates
  bool in_ready = false, out_ready = false;
  std::array<char, piece_bytes> piece{};

  ~Streams() {
    if (in_ready) ::inflateEnd(&in);
    if (out_ready) ::deflateEnd(&out);
  }

  void aim(z_stream& stream) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
  }

  bool deflate_all(std::string& to, std::string_view plain, int flush) {
    if (!fits_zlib(plain)) return false;
    if (!out_ready) {
      out_ready =
          ::deflateInit2(&out, level, Z_DEFLATED, raw_window, usual_memory, Z_DEFAULT_STRATEGY) == Z_OK;
    }
    if (!out_ready || ::deflateReset(&out) != Z_OK) return false;
    give(out, plain);
    do {
      aim(out);
      const int result = ::deflate(&out, flush);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return false;
      to.append(piece.data(), piece.size() - out.avail_out);
    } while (out.avail_out == 0);
    return true;
  }

  /// One stretch of input into `to`; a final block (which RFC 7692 §7.2.3.4 allows anywhere) starts a new stream.
  Result inflate_all(std::string& to, std::string_view deflated, std::size_t end_max) {
    give(in, deflated);
    for (;;) {
      aim(in);
      const int result = ::inflate(&in, Z_SYNC_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return Result::broken;
      const std::size_t got = piece.size() - in.avail_out;
      if (to.size() + got > end_max) return Result::too_large;
      to.append(piece.data(), got);
      if (result == Z_STREAM_END) {
        if (::inflateReset(&in) != Z_OK) return Result::broken;
        if (in.avail_in == 0) return Result::ok;
      } else if (in.avail_out != 0) {
        return in.avail_in == 0 ? Result::ok : Result::broken;
      }
    }
  }
};

Zip::Zip() : streams_(std::make_unique<Streams>()) {}
Zip::~Zip() = default;

bool Zip::body(std::string& out, std::string_view plain, Format format) {
  const std::size_t before = out.size();
  const bool gzip = format == Format::gzip;
  out += gzip ? gzip_head : zlib_head;
  if (!streams_->deflate_all(out, plain, Z_FINISH)) {
    out.resize(before);
    return false;
  }
  const auto size = static_cast<uInt>(plain.size());
  if (gzip) {
    append_number(out, ::crc32(0, bytes_of(plain), size), false);
    append_number(out, plain.size(), false);
  } else {
    append_number(out, ::adler32(1, bytes_of(plain), size), true);
  }
  return true;
}

bool Zip::message(std::string& out, std::string_view plain) {
  const std::size_t before = out.size();
  if (streams_->deflate_all(out, plain, Z_SYNC_FLUSH) &&
      std::string_view(out).substr(before).ends_with(empty_block_tail)) {
    out.resize(out.size() - empty_block_tail.size());
    return true;
  }
  out.resize(before);
  return false;
}

Zip::Result Zip::plain(std::string& out, std::string_view message, std::size_t bytes_max) {
  Streams& streams = *streams_;
  if (!fits_zlib(message)) return Result::too_large;
  if (!streams.in_ready) streams.in_ready = ::inflateInit2(&streams.in, raw_window) == Z_OK;
  if (!streams.in_ready || ::inflateReset(&streams.in) != Z_OK) return Result::broken;
  const std::size_t end_max = out.size() + bytes_max;
  const Result result = streams.inflate_all(out, message, end_max);
  return result == Result::ok ? streams.inflate_all(out, empty_block_tail, end_max) : result;
}

}  // namespace sioxx::net
