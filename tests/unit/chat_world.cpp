#include "tests/unit/chat_world.hpp"

#include <sqlite3.h>
#include <boost/json/serialize.hpp>

#include <atomic>
#include <chrono>
#include <stdexcept>

#include <unistd.h>

namespace rozmova::testing {

namespace {

std::atomic<int> worlds = 0;
const std::string secret = "unit-test-secret-0123456789-0123456789";

}  // namespace

WallMs World::now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

World::World(WorldOptions options) {
  folder_ = std::filesystem::temp_directory_path() /
            ("rozmova-chat-" + std::to_string(::getpid()) + "-" + std::to_string(++worlds));
  std::filesystem::create_directories(folder_);
  LogOptions log_options;
  log_options.write = [this](std::string_view lines) {
    const std::lock_guard lock(log_mutex_);
    log_text_ += lines;
  };
  log_ = std::make_unique<Log>(log_options);
  AuthOptions auth_options;
  auth_options.secret = secret;
  auth_options.leeway_ms = options.leeway_ms;
  auth_ = std::make_unique<Auth>(auth_options);

  sioxx::Options server_options;
  server_options.host = "127.0.0.1";
  server_options.port = 0;
  server_options.threads = options.threads;
  server_options.rooms_per_socket_max = chat::rooms_for(options.chat.chats_per_connection_max);
  server_ = std::make_unique<sioxx::Server>(server_options);

  factory_ = store::make_store("sqlite:" + (folder_ / "chat.db").string());
  factory_->migrate();
  const auto log_error = [this](std::string_view what) { log_->error("database", {{"reason", what}}); };
  database_ = std::make_unique<store::Database>(*factory_, store::DatabaseOptions{}, log_error);
  chat_ = std::make_unique<chat::Chat>(*server_, *database_, *auth_, options.chat, *log_, metrics_);
  api::RouterOptions router_options;
  router_options.service_token = options.service_token;
  router_ = std::make_unique<api::Router>(*auth_, metrics_, router_options);
  uploads::UploadOptions uploading;
  uploading.folder = (folder_ / "uploads").string();
  uploads_ = std::make_unique<uploads::Uploads>(chat_->deeds().house(), uploading, secret);
  api::add_routes(*router_, *chat_, *auth_, {.demo = options.demo, .uploads = uploads_.get()});
  server_->http(
      [this](auto&& request, auto reply) { router_->handle(std::move(request), std::move(reply)); });
  server_->http_bodies([this](auto& head, auto& reply, const auto& resume) {
    return router_->take_body(head, reply, resume);
  });
  server_->listen();
  thread_ = std::thread([this] { server_->run(); });
}

World::~World() {
  close();
  std::filesystem::remove_all(folder_);
}

void World::close() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
  chat_->finish();
  database_->drain();
  router_.reset();
  uploads_.reset();
  chat_.reset();
  database_.reset();
  log_.reset();
}

std::string World::log_text() {
  const std::lock_guard lock(log_mutex_);
  return log_text_;
}

Person World::person(Role role, std::string name) {
  const Person person{Uuid::v7(now()), std::move(name), role};
  const Answer me = ask(token(person), "GET", "/v1/me");
  if (me.status != 200) throw std::runtime_error("GET /v1/me: " + me.body);
  return person;
}

std::string World::token(const Person& person, std::int64_t valid_ms) const {
  Identity identity;
  identity.user_id = person.id;
  identity.name = person.name;
  identity.role = person.role;
  identity.issued_at = now();
  identity.expires_at = now() + valid_ms;
  return auth_->mint(identity, now());
}

std::unique_ptr<Device> World::device(const Person& person) {
  auto device = std::make_unique<Device>(port(), json::object{{"token", token(person)}});
  if (!device->connected()) throw std::runtime_error("refused: " + json::serialize(device->refusal()));
  return device;
}

std::string World::order(const Person& client, const Person& performer) {
  const Person admin{Uuid::v7(now()), "Адміністраторка", Role::admin};
  const Answer made = ask(token(admin), "POST", "/v1/orders",
                          json::object{{"title", "Полагодити кран"},
                                       {"clientId", client.id.text()},
                                       {"performerId", performer.id.text()}});
  if (made.status != 201) throw std::runtime_error("POST /v1/orders: " + made.body);
  return made.json().at("id").as_string().c_str();
}

Answer World::ask(const std::string& token, std::string_view method, std::string_view target,
                  const json::value& body) {
  Http http(port());
  std::string headers = token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
  if (body.is_null()) return http.ask(method, target, headers);
  return http.ask(method, target, headers + "Content-Type: application/json\r\n", json::serialize(body));
}

void World::behind_the_scenes(const std::function<void(store::Store&)>& work) {
  const auto writer = factory_->open_writer();
  writer->begin();
  work(*writer);
  writer->commit();
}

void World::sql(const std::string& statements) {
  sqlite3* database = nullptr;
  const int opened = sqlite3_open((folder_ / "chat.db").c_str(), &database);
  sqlite3_busy_timeout(database, 10'000);
  const bool done = opened == SQLITE_OK &&
                    sqlite3_exec(database, statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string error = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(statements + ": " + error);
}

}  // namespace rozmova::testing
