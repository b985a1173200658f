#pragma once

#include "rozmova/chat/house.hpp"
#include "rozmova/http_client.hpp"
#include "rozmova/store/bridge.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace rozmova::bridge {

struct WebhookOptions {
  std::vector<store::WebhookEndpoint> endpoints;
  std::string secret;
  std::string user_agent = "Rozmova";
  bool with_content = false;  ///< what people wrote goes out too
  std::size_t at_once_per_endpoint = 4;
  std::int64_t poll_ms = 250;           ///< how often is looked for something due
  std::int64_t timeout_ms = 10'000;     ///< of one attempt
  std::int64_t retry_first_ms = 2'000;  ///< doubled at each failure, with a fifth of chance
  std::int64_t retry_max_ms = 600'000;
  std::int64_t give_up_ms = 3 * 86'400'000LL;
  std::int64_t dead_kept_ms = 30 * 86'400'000LL;
  std::int64_t count_ms = 10'000;  ///< how often the backlog is counted
};

/// Tells other servers what has happened: takes what is due from the queue, signs it, posts it, and strikes it off when
/// it was taken (2xx). At least once, with an id that stays the same; in order within a chat, because only the first
/// of a chat is ever due. While an endpoint fails it is asked by one request at a time, less and less often.
///
///   answer                       what follows
///   2xx                          delivered
///   410                          given up: the endpoint says so
///   anything else, or none       again later (Retry-After is kept), for give_up_ms; then given up
///
/// Owned by main, above the chat. Everything in it belongs to shard 0.
class Webhooks {
 public:
  /// Writes the endpoints into the store, in a transaction of its own, before the first client comes.
  Webhooks(chat::House& house, store::StoreFactory& factory, WebhookOptions options);
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;
  ~Webhooks();

 private:
  struct Endpoint {
    std::set<std::int64_t> under_way;  ///< positions
    int failures = 0;                  ///< in a row
    WallMs quiet_until = 0;
    bool is_looked_for = false;  ///< a read is under way
  };
  struct Poll;

  void look();
  void look_for(const std::string& url, Endpoint& endpoint);
  void send(const std::string& url, std::vector<store::WebhookRow> due);
  void post(const store::WebhookRow& row);
  void answered(const store::WebhookRow& row, const HttpAnswer& answer);
  void settle(const store::WebhookRow& row, std::function<void(store::Store&)> write);
  std::int64_t delay_ms(int failures, const HttpAnswer& answer);
  void count();
  WallMs now() const;

  chat::House& house_;
  const WebhookOptions options_;
  std::map<std::string, Endpoint> endpoints_;
  std::minstd_rand random_;
  WallMs counted_at_ = 0;
  std::unique_ptr<Poll> poll_;
  HttpClient client_;  ///< first to go: its answers come back here
};

}  // namespace rozmova::bridge
