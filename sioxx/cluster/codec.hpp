#pragma once

#include "sioxx/cluster/message.hpp"
#include "sioxx/engine/process_id.hpp"
#include "sioxx/socket/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sioxx::cluster {

/// "I am here", of one process to the others, again and again.
struct Hello {
  std::size_t shards = 0;
  bool newcomer = false;  ///< would like to be greeted back at once
  bool leaving = false;
};

/// What every frame begins with. Numbers of one sender grow: what does not is a second copy.
struct Front {
  engine::ProcessId from;
  std::uint64_t number = 0;
};
inline constexpr std::size_t front_bytes = 17;

/// A frame (the grammar stands in codec.cpp) with room for its front, which is filled in when its turn has come. Any
/// thread. Empty: a message between shards of one process, which has no business outside.
std::string encode(const Message& message);
std::string encode(const Hello& hello);
void put_front(std::string& frame, const Front& front);
/// Nothing: too short, or another version of us.
std::optional<Front> front_of(std::string_view frame);
bool is_hello(std::string_view frame);

/// Reads what others have sent. What anybody may write onto a bus is a value to judge: anything that encode() would not
/// have written is nothing, and no count in it is believed before the bytes are there. One thread.
class Decoder {
 public:
  /// How deep JSON within a frame may be.
  static constexpr std::size_t depth_max = 512;
  using Frame = std::variant<Hello, Message>;
  std::optional<Frame> decode(std::string_view frame);

 private:
  socket::JsonReader json_{depth_max};
};

}  // namespace sioxx::cluster
