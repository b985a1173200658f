// body    = chunk* last trailer* CRLF
// chunk   = size CRLF size-times-a-byte CRLF      size = 1..16 hexadecimal digits, not all 0
// last    = 1..16 times "0" CRLF
// trailer = name ":" value CRLF                   any field but those that say where a message ends
//
// state        byte        ->
// size_first   digit       size
// size         digit       size                CR: size_lf
// size_lf      LF          data; after the last: trailer
// data         any         data; behind the last of the chunk: data_cr
// data_cr      CR          data_lf
// data_lf      LF          size_first
// trailer      CR          trailer_lf          any other: kept until the line is whole
// trailer_lf   LF          complete behind an empty line, else trailer

#include "sioxx/net/chunked_body.hpp"

#include "sioxx/net/ascii.hpp"

#include <algorithm>
#include <array>

namespace sioxx::net {
namespace {

constexpr std::uint8_t size_digits_max = 16;

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> token_table = make_token_table();

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 9110 §6.5.1: what frames a message has no place behind it.
bool may_trail(std::string_view name) {
  return is_token(name) && !equal_ignoring_case(name, "content-length") &&
         !equal_ignoring_case(name, "transfer-encoding") && !equal_ignoring_case(name, "host");
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return token_table[static_cast<unsigned char>(c)]; });
}

ChunkedBody::Result ChunkedBody::feed(std::string_view bytes, std::string& body,
                                      std::uint64_t body_bytes_max) {
  std::size_t used = 0;
  while (used < bytes.size()) {
    if (state_ == State::data) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_, bytes.size() - used));
      body += bytes.substr(used, piece);
      used += piece;
      chunk_ -= piece;
      if (chunk_ == 0) state_ = State::data_cr;
      continue;
    }
    const Step step = take(bytes[used++], body_bytes_max);
    if (step != Step::more) return {step, used};
  }
  return {Step::more, used};
}

ChunkedBody::Step ChunkedBody::take(char byte, std::uint64_t body_bytes_max) {
  const auto expect = [&](char wanted, State next) {
    if (byte != wanted) return Step::broken;
    state_ = next;
    return Step::more;
  };
  switch (state_) {
    case State::size_first:
    case State::size: {
      const int digit = hexadecimal(byte);
      if (digit >= 0) {
        if (++digits_ > size_digits_max) return Step::broken;
        chunk_ = chunk_ << 4 | static_cast<std::uint64_t>(digit);
        state_ = State::size;
        return Step::more;
      }
      if (state_ == State::size && (byte == ';' || byte == ' ' || byte == '\t')) return Step::extension;
      if (state_ == State::size_first) return Step::broken;
      return expect('\r', State::size_lf);
    }
    case State::size_lf:
      if (byte != '\n') return Step::broken;
      if (chunk_ > body_bytes_max - std::min(body_, body_bytes_max)) return Step::too_large;
      body_ += chunk_;
      digits_ = 0;
      state_ = chunk_ == 0 ? State::trailer : State::data;
      return Step::more;
    case State::data: break;
    case State::data_cr: return expect('\r', State::data_lf);
    case State::data_lf: return expect('\n', State::size_first);
    case State::trailer:
      if (++trailer_bytes_ > trailer_bytes_max_) return Step::broken;
      if (byte == '\r') {
        state_ = State::trailer_lf;
      } else if (byte != '\t' && (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f)) {
        return Step::broken;
      } else {
        line_ += byte;
      }
      return Step::more;
    case State::trailer_lf: return byte == '\n' ? end_of_line() : Step::broken;
  }
  return Step::broken;
}

ChunkedBody::Step ChunkedBody::end_of_line() {
  if (line_.empty()) return Step::complete;
  const std::size_t colon = line_.find(':');
  if (colon == std::string::npos || !may_trail(std::string_view(line_).substr(0, colon))) return Step::broken;
  line_.clear();
  state_ = State::trailer;
  return Step::more;
}

}  // namespace sioxx::net
