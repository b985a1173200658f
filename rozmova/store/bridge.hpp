#pragma once

#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"
#include "rozmova/store/workflow.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What goes to other people's servers and comes from their databases: the queue of webhooks, the outbox. Rows of the
// queue are written by triggers, in the transaction of their cause.

namespace rozmova::store {

struct WebhookEndpoint {
  std::string url;
  std::vector<std::string> events;  ///< types; empty: all
};

/// One event for one endpoint, with what there is to tell of its subject now.
struct WebhookRow {
  std::int64_t position = 0;
  Uuid id;  ///< of the delivery: the same at every attempt
  std::string endpoint;
  std::string type;  ///< "message.created", …
  WallMs created_at = 0;
  int attempts = 0;
  std::optional<ChatFacts> chat;
  std::optional<Message> message;  ///< with its change, when it is a system message
  std::optional<Notification> notification;

  /// Its order or notification has been deleted meanwhile.
  bool is_gone() const { return !message && !notification; }
};

struct Backlog {
  std::int64_t waiting = 0;
  std::int64_t dead = 0;            ///< webhooks that were given up; rows of the outbox that were refused
  std::optional<WallMs> oldest_at;  ///< of those that wait
};

/// A row of rozmova_outbox as it was inserted.
struct OutboxRow {
  std::int64_t id = 0;
  std::string kind;
  std::string payload;
};

/// The part of the Store that webhooks and outbox stand on.
class BridgeStore {
 public:
  /// Who wants to know what from now on. What waits for an endpoint that is not among them is dropped; returns how much.
  virtual std::int64_t set_webhook_endpoints(const std::vector<WebhookEndpoint>& endpoints) = 0;
  /// Of one endpoint, the first of each lane that may go now, longest due first.
  virtual std::vector<WebhookRow> webhooks_due(const std::string& endpoint, WallMs now, int rows_max) = 0;
  virtual void webhook_delivered(std::int64_t position) = 0;
  virtual void webhook_failed(std::int64_t position, WallMs next_attempt_at, const std::string& error) = 0;
  virtual void webhook_given_up(std::int64_t position, const std::string& error) = 0;
  /// An endpoint answers again: what waits for its next attempt need not wait any longer.
  virtual void webhooks_may_go(const std::string& endpoint, WallMs now) = 0;
  virtual void forget_dead_webhooks(WallMs before) = 0;
  virtual Backlog webhook_backlog() = 0;

  /// In the order they were inserted.
  virtual std::vector<OutboxRow> outbox(int rows_max) = 0;
  virtual void outbox_done(std::int64_t id, const std::string& error, WallMs now) = 0;  ///< empty: well
  virtual void forget_outbox(WallMs before) = 0;  ///< rows that were processed before then, well
  virtual Backlog outbox_backlog() = 0;
  /// A status that somebody else has set already becomes a system message; `repeated` when it was told before.
  virtual Result<Changed> announce_status(const NewStatus& status, WallMs now) = 0;

 protected:
  ~BridgeStore() = default;
};

}  // namespace rozmova::store
