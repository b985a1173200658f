#pragma once

#include "rozmova/api/router.hpp"
#include "rozmova/auth.hpp"
#include "rozmova/bridge/webhooks.hpp"
#include "rozmova/chat/options.hpp"
#include "rozmova/config.hpp"
#include "rozmova/jwks_source.hpp"
#include "rozmova/log.hpp"
#include "rozmova/secret.hpp"
#include "rozmova/store/database.hpp"
#include "rozmova/uploads/uploads.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>

namespace rozmova {

namespace chat {
class House;
}

/// What main's page would be too long with: settings turned into the options of each part, and what is said at the start.

WallMs wall_now_ms();

LogOptions log_options(const Config& config);
AuthOptions auth_options(const Config& config, const Secret& secret);
/// Null when no key set is given.
std::unique_ptr<JwksSource> jwks_source(const Config& config, Log& log);
sioxx::Options server_options(const Config& config, const Secret& secret, Log& log);
store::DatabaseOptions database_options(const Config& config);
/// `node`: this process, among several.
chat::ChatOptions chat_options(const Config& config, std::string_view node = {});
uploads::UploadOptions upload_options(const Config& config);
bridge::WebhookOptions webhook_options(const Config& config);
api::RouterOptions router_options(const Config& config, Log& log);

/// Brings the issuer's keys to `auth` as long as this lives. `source` may be null.
class KeyFetching {
 public:
  KeyFetching(JwksSource* source, const Auth& auth) : source_(source) {
    if (source != nullptr)
      source->start([&auth](std::vector<jwt::KeyPtr> keys) { auth.publish(std::move(keys)); });
  }
  KeyFetching(const KeyFetching&) = delete;
  KeyFetching& operator=(const KeyFetching&) = delete;
  ~KeyFetching() {
    if (source_ != nullptr) source_->stop();
  }

 private:
  JwksSource* source_;
};

/// Raises RLIMIT_NOFILE to the hard limit; a warning when connections_max does not fit.
void raise_descriptor_limit(Log& log, const Config& config);

/// Holds DATA_DIR/rozmova.lock and DATABASE.lock, beside the real file, while an SQLite server runs: two processes on one
/// file would each believe to know who is there. Given back by the kernel however the process ends. Throws
/// std::runtime_error when somebody else has one of them.
class DataLock {
 public:
  explicit DataLock(const Config& config);
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;

 private:
  struct Lock {
    Lock() = default;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();
    int fd = -1;
  };
  Lock folder_, database_;
};

/// The database that DATABASE_URL and [marketplace] name.
std::unique_ptr<store::StoreFactory> store_of(const Config& config);

/// Reads the TLS files again; what is wrong with them is logged, and the old ones stay in force. Any thread.
void reload_certificate(sioxx::Server& server, Log& log);

/// `server_draining {retryAfterMs}` to every socket, each with a moment of its own. Any thread.
void tell_draining(chat::House& house, std::int64_t spread_ms);

void say_warnings(Log& log, const LoadedConfig& loaded);
void say_secret(Log& log, const Secret& secret);
/// One friendly line, with the address; and in demo mode how to try it.
void say_started(Log& log, const Config& config, std::uint16_t port, std::string_view store,
                 bool has_web_app);
/// Why it did not start, with what to change.
void say_failure(Log& log, const Config& config, const std::exception& problem);

}  // namespace rozmova
