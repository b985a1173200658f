// The head of an encoded event (grammar: packet.cpp):
//
//   2[…]   2/nsp,[…]   52-[…]   52-/nsp,[…]
//   |      |           |
//   type   nsp         attachments

#include "sioxx/socket/rewrite.hpp"

#include "sioxx/socket/recovery.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace sioxx::socket {
namespace {

struct Head {
  std::string_view type;  ///< with the number of attachments
  std::string_view nsp;   ///< with its comma; empty for "/"
  std::string_view body;  ///< the JSON array
};

std::optional<Head> split(const engine::Encoded& event) {
  if (event.is_binary()) return std::nullopt;
  std::string_view rest = event.packet().substr(1);  // the engine's digit
  if (rest.empty() || (rest.front() != '2' && rest.front() != '5')) return std::nullopt;
  std::size_t at = 1;
  if (rest.front() == '5') {
    at = rest.find('-');
    if (at == std::string_view::npos) return std::nullopt;
    ++at;
  }
  Head head;
  head.type = rest.substr(0, at);
  rest.remove_prefix(at);
  if (rest.starts_with('/')) {
    const std::size_t comma = rest.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    head.nsp = rest.substr(0, comma + 1);
    rest.remove_prefix(comma + 1);
  }
  if (!rest.starts_with('[')) return std::nullopt;
  head.body = rest;
  return head;
}

engine::EncodedPtr finish(engine::Encoded::Builder&& builder, const engine::Encoded& like) {
  builder.compress(like.compress()).offset(like.offset());
  return std::move(builder).finish(like.order(), like.next());
}

}  // namespace

engine::EncodedPtr with_namespace(const engine::EncodedPtr& event, std::string_view nsp) {
  const auto head = split(*event);
  if (!head) return nullptr;
  engine::Encoded::Builder builder(head->type.size() + nsp.size() + 1 + head->body.size());
  builder << head->type;
  if (nsp != "/") builder << nsp << ',';
  builder << head->body;
  return finish(std::move(builder), *event);
}

engine::EncodedPtr with_offset(const engine::EncodedPtr& event, std::uint64_t offset) {
  const auto head = split(*event);
  if (!head || !head->body.ends_with(']')) return nullptr;
  const std::string text = offset_text(offset);
  engine::Encoded::Builder builder(event->size() + text.size() + 3);
  builder << head->type << head->nsp << head->body.substr(0, head->body.size() - 1);
  builder << R"(,")" << text << R"("])";
  builder.compress(event->compress()).offset(offset);
  return std::move(builder).finish(event->order(), event->next());
}

engine::EncodedPtr without_offset(const engine::EncodedPtr& event) {
  const std::string_view packet = event->packet().substr(1);
  const std::size_t tail = offset_text(event->offset()).size() + 4;  // ,"…"]
  engine::Encoded::Builder builder(packet.size());
  builder << packet.substr(0, packet.size() - tail) << ']';
  builder.compress(event->compress());
  return std::move(builder).finish(event->order(), event->next());
}

engine::EncodedPtr with_ack_id(const engine::EncodedPtr& event, std::uint64_t id) {
  const auto head = split(*event);
  if (!head) return nullptr;
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, id).ptr;
  engine::Encoded::Builder builder(event->size() + sizeof digits);
  builder << head->type << head->nsp << std::string_view(digits, static_cast<std::size_t>(end - digits))
          << head->body;
  return finish(std::move(builder), *event);
}

}  // namespace sioxx::socket
