#include "sioxx/net/shared_run.hpp"

namespace sioxx::net {

bool SharedRun::extend(Piece& piece, std::string_view frame) {
  if (!is_last(frame) && !take_in(frame)) return false;
  if (piece.bytes == 0) {
    piece.at = static_cast<std::uint32_t>(last_at_);
    ++pieces_;
  } else if (piece.at + piece.bytes != last_at_) {
    return false;
  }
  piece.bytes += static_cast<std::uint32_t>(frame.size());
  return true;
}

void SharedRun::take(Piece& piece, std::size_t bytes) {
  piece.at += static_cast<std::uint32_t>(bytes);
  piece.bytes -= static_cast<std::uint32_t>(bytes);
  if (piece.bytes != 0 || --pieces_ != 0) return;
  bytes_.clear();
  if (bytes_.capacity() > kept_bytes_max) bytes_ = {};
  last_at_ = 0;
}

/// By content: two messages may have stood at one address, one after the other.
bool SharedRun::is_last(std::string_view frame) const {
  return !bytes_.empty() && std::string_view(bytes_).substr(last_at_) == frame;
}

bool SharedRun::take_in(std::string_view frame) {
  if (frame.data() != seen_) times_seen_ = 0;
  seen_ = frame.data();
  if (times_seen_ < copied_first) {
    ++times_seen_;
    return false;
  }
  if (bytes_.size() + frame.size() > bytes_max) return false;
  last_at_ = bytes_.size();
  bytes_ += frame;
  return true;
}

}  // namespace sioxx::net
