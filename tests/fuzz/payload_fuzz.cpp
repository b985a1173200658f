#include "sioxx/engine/payload.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace sioxx::engine;

struct Read {
  std::vector<std::pair<PacketType, std::string>> packets;
  std::vector<bool> binary;
  bool good = false;
};

Read read(std::string_view body, PayloadForm form) {
  Read result;
  PayloadReader reader(body, form);
  Packet packet;
  for (;;) {
    switch (reader.next(packet)) {
      case PayloadReader::Step::bad: return result;
      case PayloadReader::Step::end: result.good = true; return result;
      case PayloadReader::Step::packet:
        result.packets.emplace_back(packet.type, packet.data);
        result.binary.push_back(packet.binary);
        if (result.packets.size() > body.size()) std::abort();
    }
  }
}

}  // namespace

/// A polling body in any of its three forms (first byte): what is read and written again is read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr PayloadForm forms[] = {PayloadForm::v4, PayloadForm::v3_text, PayloadForm::v3_bytes};
  const PayloadForm form = forms[data[0] % 3];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read first = read(body, form);
  if (!first.good) return 0;
  PayloadWriter writer(SIZE_MAX / 2, form);
  for (std::size_t i = 0; i < first.packets.size(); ++i) {
    const auto& [type, text] = first.packets[i];
    const bool added = first.binary[i] ? writer.add_binary(text) : writer.add_text(digit(type) + text);
    if (!added) std::abort();
  }
  const Read second = read(std::move(writer).take(), form);
  if (!second.good || second.packets != first.packets || second.binary != first.binary) std::abort();
  return 0;
}
