#pragma once

#include "sioxx/engine/payload.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sioxx::test {

/// The packets of one body as far as it could be read; binary ones have a 'b' in front.
struct ReadPackets {
  std::vector<std::string> packets;
  bool good = false;
};

inline ReadPackets read(std::string_view body, engine::PayloadForm form = engine::PayloadForm::v4) {
  ReadPackets result;
  engine::PayloadReader reader(body, form);
  engine::Packet packet;
  for (;;) {
    switch (reader.next(packet)) {
      case engine::PayloadReader::Step::end: result.good = true; return result;
      case engine::PayloadReader::Step::bad: return result;
      case engine::PayloadReader::Step::packet:
        result.packets.push_back((packet.binary ? "b" : std::string(1, digit(packet.type))) +
                                 std::string(packet.data));
    }
  }
}

}  // namespace sioxx::test
