#pragma once

#include "rozmova/api/api.hpp"
#include "rozmova/api/router.hpp"
#include "rozmova/auth.hpp"
#include "rozmova/chat/chat.hpp"
#include "rozmova/log.hpp"
#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "rozmova/uploads/uploads.hpp"
#include "sioxx/server.hpp"
#include "tests/unit/polling_client.hpp"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace rozmova::testing {

namespace json = boost::json;
using testing_clients::Answer;
using testing_clients::Device;
using testing_clients::Http;

struct Person {
  Uuid id;
  std::string name;
  Role role;
};

struct WorldOptions {
  unsigned threads = 1;
  chat::ChatOptions chat;
  std::int64_t leeway_ms = 5'000;
  bool demo = false;
  std::string service_token;
};

/// A whole server in this process: real store in a folder of its own, real sockets, real threads.
class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  std::uint16_t port() const { return server_->port(); }
  static WallMs now();

  /// Somebody new, known to the server from here on.
  Person person(Role role, std::string name);
  std::string token(const Person& person, std::int64_t valid_ms = 3'600'000) const;
  std::unique_ptr<Device> device(const Person& person);
  /// An order between two people: its id as text.
  std::string order(const Person& client, const Person& performer);

  Answer ask(const std::string& token, std::string_view method, std::string_view target,
             const json::value& body = nullptr);
  sioxx::Server& server() { return *server_; }
  const api::Router& router() const { return *router_; }
  /// Changes the store behind the server's back.
  void behind_the_scenes(const std::function<void(store::Store&)>& work);

  void sql(const std::string& statements);

  /// Everything logged so far, complete once the world is closed.
  std::string log_text();
  std::uint64_t count(Count what) const { return metrics_.total(what); }
  /// Takes the server down; what the store holds can still be looked at.
  void close();

 private:
  std::filesystem::path folder_;
  std::mutex log_mutex_;
  std::string log_text_;
  std::unique_ptr<Log> log_;
  Metrics metrics_;
  std::unique_ptr<Auth> auth_;
  std::unique_ptr<sioxx::Server> server_;
  std::unique_ptr<store::StoreFactory> factory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<chat::Chat> chat_;
  std::unique_ptr<uploads::Uploads> uploads_;
  std::unique_ptr<api::Router> router_;
  std::thread thread_;
};

}  // namespace rozmova::testing
