#pragma once

#include "rozmova/store/postgres/connection.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace rozmova::store::postgres {

/// What a listener is told, on the listener's own thread; be quick, post it to where it belongs.
struct NoticeHooks {
  /// What another connection has said on a channel that is listened to; any bytes.
  std::function<void(std::string_view channel, std::string_view payload)> heard;
  /// Listening, for the first time or again: what was said before may have been missed.
  std::function<void()> back{};
  /// Once for each loss.
  std::function<void(std::string_view why)> lost{};
  std::function<void(std::string_view error)> log{};
};

/// LISTEN and NOTIFY on a connection of their own: a message to whoever listens on the same database, without any other
/// server. It is a hint, not a store: what is said while the connection is away is lost. Never part of a transaction
/// that stores something, because NOTIFY makes commits wait for each other. One thread, owned here; every method from
/// any thread, none waits.
///
/// PostgreSQL looks through all channels of a connection for each notice, so listen to hundreds, not to ten thousands.
class Notices {
 public:
  struct Limits {
    std::size_t queue_bytes_max = 16U << 20U;  ///< said and not yet sent; past it notify() says no
    std::size_t batch_max = 256;               ///< notices of one journey
    int ping_ms = 5'000;                       ///< after this silence the server is asked whether it is there
    int parcels_kept_s = 300;                  ///< long payloads wait so long in rozmova_parcels
  };

  Notices(PostgresOptions options, NoticeHooks hooks);
  Notices(PostgresOptions options, NoticeHooks hooks, Limits limits);
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;
  ~Notices();  ///< sends what waits if the server is there, then ends the thread

  void listen(std::string channel);
  void unlisten(std::string_view channel);
  /// False: it is lost, because the server is away or slower than what is said. Any bytes, also more than the 8000 of a
  /// notice. Not heard by oneself.
  bool notify(std::string_view channel, std::string_view payload);
  bool is_connected() const;

 private:
  struct Said {
    std::string channel, payload;
  };

  void run();
  bool connect();
  void work();
  void settle_channels();
  void send(std::vector<Said> said);
  void hear();
  void rest(int ms);
  void wake();

  const PostgresOptions options_;
  const NoticeHooks hooks_;
  const Limits limits_;
  const int wake_;  ///< eventfd

  // The thread's:
  std::unique_ptr<Connection> connection_;
  std::map<std::string, std::string, std::less<>> listened_;  ///< as PostgreSQL names it -> as we do
  std::uint64_t number_ = 0;
  std::int64_t swept_at_ms_ = 0;

  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> wanted_;
  bool wanted_changed_ = false;
  std::vector<Said> said_;
  std::size_t said_bytes_ = 0;
  bool connected_ = false;
  bool ending_ = false;

  std::thread thread_;
};

}  // namespace rozmova::store::postgres
