#pragma once

#include "rozmova/chat/deeds.hpp"
#include "rozmova/store/bridge.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace rozmova::bridge {

struct OutboxOptions {
  std::int64_t poll_ms = 250;
  int rows_per_deed = 50;
  std::size_t payload_bytes_max = 65'536;
  std::int64_t kept_ms = 7 * 86'400'000LL;  ///< rows that were processed well
  std::int64_t count_ms = 10'000;
};

/// Turns rows of `rozmova_outbox` into events, each once: a row is marked in the transaction that does what it asks for,
/// and what it did is told after the commit. Rows are taken in the order of their ids; one that cannot be done gets its
/// reason in `error` and holds up nobody.
///
///   kind              payload
///   order_status      {orderId, status, note?}              done, or told when it is so already
///   dispute_status    {disputeId, status, note?, orderStatus?}
///   notification      {userId | userIds, content, type?, data?}
///   system_message    {orderId | disputeId, content, clientMessageId?}
///
/// Owned by main, above the chat. Its clock is shard 0's; the work is done on the database's threads.
class Outbox {
 public:
  Outbox(chat::Deeds& deeds, OutboxOptions options);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();

 private:
  /// What one row has done, to be told after the commit.
  struct Effect {
    store::Changed changed;
    std::vector<store::Appended> messages;
    std::vector<Notification> notifications;
  };
  struct Poll;

  void heard();  ///< that something waits
  void look();
  void rest();
  void take();
  void tell(const Effect& effect);
  void count();

  Result<Effect> apply(store::Store& store, const store::OutboxRow& row, WallMs now) const;
  Result<Effect> apply_status(store::Store& store, ChatKind kind, const boost::json::object& payload,
                              WallMs now) const;
  Result<Effect> apply_notification(store::Store& store, const boost::json::object& payload,
                                    WallMs now) const;
  Result<Effect> apply_message(store::Store& store, const boost::json::object& payload, WallMs now) const;

  chat::Deeds& deeds_;
  const OutboxOptions options_;
  bool is_busy_ = false;     ///< shard 0's, as the next
  bool look_again_ = false;  ///< somebody said that something waits, while it was busy
  WallMs counted_at_ = 0;
  std::unique_ptr<Poll> poll_;
};

}  // namespace rozmova::bridge
