#pragma once

#include "rozmova/chat/notice_text.hpp"
#include "rozmova/model.hpp"
#include "rozmova/store/store.hpp"
#include "sioxx/server.hpp"

#include <memory>
#include <vector>

namespace rozmova::chat {

class House;

/// What users are told outside of the chats that they are looking at: stored notifications and unread counters.
/// Owned by House, which makes one Desk a shard for the users whose home that is. Any thread, unless it says
/// otherwise.
///
/// A notification is stored by whoever has the reason for it, in his transaction (Store::notify), and told here
/// after the commit: so it is never told and not stored, and at the next connect it is there.
///
/// A message is news for a participant of whom no device is in its chat. Whether one is, only the shards know, so
/// this notification is written right after the message, in the next batch, and not with it. It is one a chat,
/// written anew at most once in notification_interval_ms, and read together with the chat.
class Notices {
 public:
  explicit Notices(House& house);
  ~Notices();

  /// `notification` to all devices of its user; after the commit that stored it.
  void tell(const Notification& notification);
  /// A message is stored: who takes part and does not look will hear of it.
  void message_stored(const Message& message, const ChatFacts& chat);
  /// What was deleted does not count as unread any more.
  void message_deleted(const Message& message, const ChatFacts& chat);
  /// Something that `unread` counts has changed for this user: his devices are told, soon and once.
  void unread_changed(const Uuid& user);
  /// The same, and other nodes know it already.
  void unread_changed_here(const Uuid& user);
  /// For everybody who is on this node: what others have told meanwhile was not heard.
  void unread_changed_for_all();
  /// On the socket's shard: the newest unread notifications, oldest first.
  void greet(sioxx::Socket& socket, const Uuid& user);

 private:
  struct Look;
  struct Pending;
  struct Counter;
  /// Of one shard, touched by its thread alone.
  struct Desk;

  void look(Look look);
  void look_elsewhere(Look look);
  void conclude(const Look& look);
  void write(Pending& pending);
  void written(unsigned shard, const Uuid& user, const ChatKey& chat, bool stored);
  void count(Counter& counter);
  void counted(unsigned shard, const Uuid& user, const std::optional<store::Unread>& unread);

  House& house_;
  std::vector<std::unique_ptr<Desk>> desks_;
};

}  // namespace rozmova::chat
