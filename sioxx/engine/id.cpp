#include "sioxx/engine/id.hpp"

namespace sioxx::engine {

NodeTag NodeTag::of(const ProcessId& process) {
  const std::string text = process.text();
  return {{text[0], text[1], text[2]}};
}

std::optional<NodeTag> NodeTag::parse(std::string_view text) {
  if (text.size() != length) return std::nullopt;
  NodeTag tag;
  for (std::size_t i = 0; i < length; ++i) {
    if (!Id::value(text[i])) return std::nullopt;
    tag.letters[i] = text[i];
  }
  return tag;
}

std::optional<NodeTag> Id::node_of(std::string_view text) {
  if (!shaped(text)) return std::nullopt;
  return NodeTag::parse(text.substr(1, NodeTag::length));
}

std::optional<unsigned> Id::value(char letter) {
  if (letter >= 'A' && letter <= 'Z') return static_cast<unsigned>(letter - 'A');
  if (letter >= 'a' && letter <= 'z') return static_cast<unsigned>(letter - 'a' + 26);
  if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0' + 52);
  if (letter == '-') return 62u;
  if (letter == '_') return 63u;
  return std::nullopt;
}

bool Id::shaped(std::string_view text) {
  if (text.size() != length) return false;
  for (const char letter : text) {
    if (!value(letter)) return false;
  }
  return true;
}

}  // namespace sioxx::engine
