#pragma once

#include "rozmova/model.hpp"
#include "sioxx/server.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

/// Who is typing where, never stored. A mark ends by stop(), by its device going, or by itself when it is not
/// repeated in time; each end is told once. Lives on the user's home shard, so that all of his devices share
/// one mark a chat.
class Typing {
 public:
  using Stopped = std::function<void(const ChatKey&, const Uuid& user)>;

  Typing(sioxx::loop::Timers& timers, std::int64_t timeout_ms, std::size_t chats_per_user_max,
         Stopped stopped);
  ~Typing();

  /// Sets or repeats the mark. False: he types in too many chats at once for it to be true.
  bool start(const ChatKey& chat, const Uuid& user, const Uuid& device, sioxx::loop::TimeMs now);
  /// Ends the mark if there is one, whichever device set it.
  void stop(const ChatKey& chat, const Uuid& user);
  /// Ends the mark in one chat if this device was the last to set it.
  void stop(const ChatKey& chat, const Uuid& user, const Uuid& device);
  /// Ends every mark that this device was the last to set.
  void stop_device(const Uuid& user, const Uuid& device);
  std::size_t size() const { return marks_; }

 private:
  struct Mark;
  using Marks = std::vector<std::unique_ptr<Mark>>;
  template <class Which>
  void stop_where(const Uuid& user, Which which);

  sioxx::loop::Timers& timers_;
  std::int64_t timeout_ms_;
  std::size_t chats_per_user_max_;
  Stopped stopped_;
  std::unordered_map<Uuid, Marks> users_;
  std::size_t marks_ = 0;
};

}  // namespace rozmova::chat
