#include "rozmova/store/postgres/nodes.hpp"

#include "rozmova/store/postgres/steady.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <utility>

namespace rozmova::store::postgres {
namespace {

constexpr const char* say_alive =
    "INSERT INTO rozmova_nodes (id, address) VALUES (CAST($1 AS TEXT), CAST($2 AS TEXT)) ON CONFLICT (id) DO UPDATE SET "
    "address = excluded.address, heartbeat_at = clock_timestamp()";
constexpr const char* who_lives =
    "SELECT id, address FROM rozmova_nodes "
    "WHERE heartbeat_at > clock_timestamp() - make_interval(secs => CAST(CAST($1 AS TEXT) AS BIGINT) / 1000.0) ORDER BY id";
constexpr const char* bury =
    "DELETE FROM rozmova_nodes "
    "WHERE heartbeat_at <= clock_timestamp() - make_interval(secs => CAST(CAST($1 AS TEXT) AS BIGINT) / 1000.0)";

/// Of the rows of those that are no more; whose they were.
constexpr const char* close_behind =
    "WITH closed AS (UPDATE websocket_connections SET is_active = FALSE WHERE is_active AND NOT EXISTS "
    "(SELECT 1 FROM rozmova_nodes n WHERE n.id = node) RETURNING user_id) SELECT DISTINCT user_id FROM closed";
constexpr const char* leave = "DELETE FROM rozmova_nodes WHERE id = CAST($1 AS TEXT)";

}  // namespace

Nodes::Nodes(PostgresOptions options, NodeRow self, MembershipHooks hooks)
    : Nodes(std::move(options), std::move(self), std::move(hooks), Times()) {}

Nodes::Nodes(PostgresOptions options, NodeRow self, MembershipHooks hooks, Times times)
    : options_(std::move(options)), self_(std::move(self)), hooks_(std::move(hooks)), times_(times) {
  beat();
  thread_ = std::thread([this] { run(); });
}

Nodes::~Nodes() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ending_.notify_one();
  thread_.join();
  try {
    if (connection_ == nullptr) return;
    connection_->ask(leave, {self_.id});
  } catch (const StoreError&) {
    // Then it is found dead.
  }
}

void Nodes::run() {
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, std::chrono::milliseconds(times_.heartbeat_ms), [this] { return end_; })) {
    lock.unlock();
    try {
      beat();
      failing_ = false;
    } catch (const StoreError& error) {
      if (!std::exchange(failing_, true) && hooks_.log) hooks_.log(error.what());
      connection_.reset();
    }
    lock.lock();
  }
}

void Nodes::beat() {
  if (connection_ == nullptr) {
    connection_ = std::make_unique<Connection>(options_, Access::write);
    here_since_ms_ = steady_ms();
  }
  connection_->ask(say_alive, {self_.id, self_.address});
  if (steady_ms() - here_since_ms_ >= times_.tidy_after_ms) tidy();
  std::vector<NodeRow> living;
  const std::string dead_after = std::to_string(times_.dead_after_ms);
  const Answer rows = connection_->ask(who_lives, {dead_after});
  for (int row = 0; row < PQntuples(rows.get()); ++row)
    living.push_back({PQgetvalue(rows.get(), row, 0), PQgetvalue(rows.get(), row, 1)});
  if (living == living_) return;
  living_ = std::move(living);
  if (hooks_.living) hooks_.living(living_);
}

void Nodes::tidy() {
  const std::string dead_after = std::to_string(times_.dead_after_ms);
  const Answer buried = connection_->ask(bury, {dead_after});
  if (std::string_view(PQcmdTuples(buried.get())) == "0") return;
  const Answer rows = connection_->ask(close_behind, {});
  std::vector<Uuid> users;
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    if (const auto user = Uuid::parse(PQgetvalue(rows.get(), row, 0))) users.push_back(*user);
  }
  if (!users.empty() && hooks_.left_behind) hooks_.left_behind(users);
}

}  // namespace rozmova::store::postgres
