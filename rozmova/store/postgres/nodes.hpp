#pragma once

#include "rozmova/store/among.hpp"
#include "rozmova/store/postgres/connection.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rozmova::store::postgres {

/// Keeps this server's row in rozmova_nodes alive, knows who else lives, and closes the rows of websocket_connections
/// that a server left which has died. One thread with a connection of its own, owned here.
class Nodes {
 public:
  struct Times {
    int heartbeat_ms = 1'000;
    int dead_after_ms = 20'000;  ///< as close_stale_connections() counts
    /// Who was away himself does not know yet who else was.
    int tidy_after_ms = 10'000;
  };
  /// Throws StoreError when the row cannot be written.
  Nodes(PostgresOptions options, NodeRow self, MembershipHooks hooks);
  Nodes(PostgresOptions options, NodeRow self, MembershipHooks hooks, Times times);
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  ~Nodes();  ///< takes the row away

 private:
  void run();
  void beat();
  void tidy();

  const PostgresOptions options_;
  const NodeRow self_;
  const MembershipHooks hooks_;
  const Times times_;

  std::unique_ptr<Connection> connection_;
  std::int64_t here_since_ms_ = 0;  ///< on the steady clock
  std::vector<NodeRow> living_;
  bool failing_ = false;

  std::mutex mutex_;
  std::condition_variable ending_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace rozmova::store::postgres
