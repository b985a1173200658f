#include "sioxx/engine/utf8.hpp"
#include "sioxx/net/frame.hpp"
#include "sioxx/net/zip.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sioxx::net::FrameReader;
using Kind = FrameReader::Kind;

constexpr std::size_t message_bytes_max = 4'096;

/// What was heard of one event: enough to compare two readings.
struct Heard {
  Kind kind;
  std::uint16_t code;
  bool compressed;
  std::string data;
  bool operator==(const Heard&) const = default;
};

std::vector<Heard> read(std::string_view wire, std::size_t piece, bool deflate) {
  std::vector<Heard> heard;
  FrameReader reader;
  std::string bytes(wire);  // its content is unmasked in place
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::span<char> rest = std::span<char>(bytes).subspan(at, std::min(piece, bytes.size() - at));
    for (;;) {
      const FrameReader::Event event = reader.next(rest, message_bytes_max, deflate);
      if (event.kind == Kind::nothing) {
        if (!rest.empty()) std::abort();
        break;
      }
      heard.push_back(
          {event.kind, static_cast<std::uint16_t>(event.code), event.compressed, std::string(event.data)});
      if (event.kind == Kind::error) return heard;
    }
  }
  return heard;
}

void check(const Heard& one, bool deflate) {
  static sioxx::net::Zip zip;
  if (one.data.size() > message_bytes_max || (one.compressed && !deflate)) std::abort();
  const bool message = one.kind == Kind::text || one.kind == Kind::binary;
  if (one.kind == Kind::text && !one.compressed && !sioxx::engine::is_utf8(one.data)) std::abort();
  if (!message && one.data.size() > 125) std::abort();
  if (!one.compressed) return;
  std::string plain, packed, again;
  if (zip.plain(plain, one.data, message_bytes_max) != sioxx::net::Zip::Result::ok) return;
  if (plain.size() > message_bytes_max) std::abort();
  if (plain.empty()) return;
  // What we make of it ourselves is read back as the same.
  if (!zip.message(packed, plain)) std::abort();
  if (zip.plain(again, packed, plain.size()) != sioxx::net::Zip::Result::ok || again != plain) std::abort();
}

}  // namespace

/// Any bytes as what a client sends after the upgrade, with and without compression. However they are cut, the same is heard;
/// texts are UTF-8, nothing is longer than allowed, also when it inflates.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data + 1), size - 1);
  const bool deflate = (data[0] & 1) != 0;
  const std::vector<Heard> whole = read(wire, wire.size() + 1, deflate);
  if (whole != read(wire, 1 + (data[0] >> 1) % 40, deflate)) std::abort();
  for (const Heard& one : whole) check(one, deflate);
  return 0;
}
