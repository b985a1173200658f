#pragma once

#include <cstdint>
#include <vector>

namespace bench {

/// The acks one sender waits for: id -> the moment the message was sent (or was due). A ring, because ids
/// rise by one; a slot is free when it holds 0. Owned by a sender, on the client's one thread.
class AckWindow {
 public:
  /// `capacity` is how far ids may run ahead of the oldest unanswered one; a power of two.
  explicit AckWindow(std::size_t capacity) : sent_at_(capacity, 0) {}

  /// False when the slot is still taken by an unanswered older message: the window is full.
  [[nodiscard]] bool open(std::uint64_t id, std::uint64_t sent_at_ns) noexcept {
    std::uint64_t& slot = sent_at_[id & (sent_at_.size() - 1)];
    if (slot != 0) return false;
    slot = sent_at_ns;
    ++waiting_;
    return true;
  }

  /// When `id` was sent; 0 when nobody waits for it (an unknown or a second ack).
  [[nodiscard]] std::uint64_t close(std::uint64_t id) noexcept {
    std::uint64_t& slot = sent_at_[id & (sent_at_.size() - 1)];
    const std::uint64_t sent_at_ns = slot;
    if (sent_at_ns != 0) --waiting_;
    slot = 0;
    return sent_at_ns;
  }

  [[nodiscard]] std::uint64_t waiting() const noexcept { return waiting_; }

 private:
  std::vector<std::uint64_t> sent_at_;
  std::uint64_t waiting_ = 0;
};

}  // namespace bench
