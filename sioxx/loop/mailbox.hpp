#pragma once

#include "sioxx/loop/shard.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sioxx::loop {

/// The only door between shards: many threads put letters in, the owner takes them all in one swap. Owned by
/// a Shard. put(), close() and closed() from any thread; take() and the descriptor for the owner alone.
class Mailbox {
 public:
  explicit Mailbox(std::size_t letters_max);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  /// False: full (a reply is taken even so) or closed; the letter is destroyed. Wakes the owner only when the box was
  /// empty.
  bool put(LetterPtr letter, Mail mail = Mail::news);
  /// Letters refused because it was full.
  std::uint64_t refused() const;
  /// Swaps the content with `letters`, which must be empty (it lends its capacity). Also quiets the
  /// descriptor.
  void take(std::vector<LetterPtr>& letters);

  /// Takes nothing more from now on, and wakes the owner.
  void close();
  bool closed() const;

  /// Readable while there is something to take (eventfd).
  int descriptor() const { return wake_fd_; }

 private:
  void wake();

  const std::size_t letters_max_;
  const int wake_fd_;
  mutable std::mutex mutex_;
  std::vector<LetterPtr> letters_;
  std::uint64_t refused_ = 0;
  bool closed_ = false;
};

}  // namespace sioxx::loop
