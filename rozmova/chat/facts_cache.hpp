#pragma once

#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

/// The facts of chats, for a moment, so that typing does not cost a read of the database at every key press.
/// Whoever asks while a read is under way waits for it, so questions about one chat are answered in the order
/// asked. One per shard.
class FactsCache {
 public:
  /// A refusal when the chat does not exist or could not be read.
  using Then = std::function<void(const Result<ChatFacts>&)>;
  enum class Ask : std::uint8_t { answered, waiting, read_it };

  FactsCache(std::int64_t keep_ms, std::size_t chats_max) : keep_ms_(keep_ms), chats_max_(chats_max) {}

  /// answered: `then` has run. waiting: it will. read_it: it will, and the caller is to read and then call
  /// loaded().
  Ask ask(const ChatKey& chat, std::int64_t now_ms, Then then);
  void loaded(const ChatKey& chat, std::int64_t now_ms, const Result<ChatFacts>& facts);
  /// Runs at once, or after the read under way for this chat.
  void after_read(const ChatKey& chat, std::function<void()> task);
  /// The same for every chat that is being read.
  void after_reads(const std::function<void()>& task);
  /// The chat has changed: the next question reads it.
  void forget(const ChatKey& chat);
  void sweep(std::int64_t now_ms);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    ChatFacts facts;
    std::int64_t read_at_ms = 0;
    bool loading = true;
    bool outdated = false;  ///< forgotten while it was being read: for who waits, not to be kept
    std::vector<Then> waiting;
  };
  std::int64_t keep_ms_;
  std::size_t chats_max_;
  std::unordered_map<ChatKey, Entry> entries_;
};

}  // namespace rozmova::chat
