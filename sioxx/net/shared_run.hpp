#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sioxx::net {

/// Frames that many sockets of a shard are sent in one turn, one behind the other, each written once. A socket that gets
/// nothing else in that turn refers to its piece instead of copying it, and sends it from here. One per Connections,
/// shard's thread only; empties itself when nobody refers to it any more.
class SharedRun {
 public:
  /// Sockets in a row that copy a frame before it is taken in: a chat of two never pays for a third copy.
  static constexpr unsigned copied_first = 3;
  /// Past that frames are copied as ever, until the turn has ended.
  static constexpr std::size_t bytes_max = 1'048'576;
  static constexpr std::size_t kept_bytes_max = 65'536;

  struct Piece {
    std::uint32_t at = 0;
    std::uint32_t bytes = 0;  ///< 0: no piece
  };

  /// `frame` behind the end of `piece`, or as a new piece. False: it is not here, or not there; copy it.
  bool extend(Piece& piece, std::string_view frame);
  std::string_view text(const Piece& piece) const {
    return std::string_view(bytes_).substr(piece.at, piece.bytes);
  }
  /// `bytes` off the front of a piece that is one; with the last of them it is none.
  void take(Piece& piece, std::size_t bytes);
  void take_all(Piece& piece) {
    if (piece.bytes != 0) take(piece, piece.bytes);
  }
  /// A socket is sent something else meanwhile: the next frame is another one, though it may stand at the same place.
  void interrupt() { seen_ = nullptr; }

 private:
  bool is_last(std::string_view frame) const;
  bool take_in(std::string_view frame);

  std::string bytes_;
  std::size_t last_at_ = 0;  ///< where the last frame begins
  std::size_t pieces_ = 0;
  const char* seen_ = nullptr;  ///< compared, never read
  unsigned times_seen_ = 0;
};

}  // namespace sioxx::net
