#include "sioxx/engine/id.hpp"

namespace sioxx::engine {

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
