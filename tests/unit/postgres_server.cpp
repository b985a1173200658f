#include "tests/unit/postgres_server.hpp"

#include "rozmova/store/postgres/connection.hpp"

#include <cstdio>
#include <stdexcept>

namespace rozmova::store::testing {

PostgresServer& PostgresServer::instance() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() {
  // The machine does not lose power while tests run, so nothing waits for the disk.
  url_ = call("start " + directory_.path().string() + " fsync=off full_page_writes=off");
  while (url_.ends_with('\n')) url_.pop_back();
  if (!url_.starts_with("postgres://")) throw std::runtime_error("PostgreSQL did not start");
}

PostgresServer::~PostgresServer() { call("stop " + directory_.path().string() + " immediate"); }

std::string PostgresServer::call(const std::string& words) const {
  const std::string command = std::string(ROZMOVA_SOURCE_DIR) + "/tests/lib/postgres.sh " + words;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("no shell for " + command);
  std::string said;
  char bytes[256];
  while (std::fgets(bytes, sizeof bytes, pipe) != nullptr) said += bytes;
  ::pclose(pipe);
  return said;
}

std::string PostgresServer::new_database() {
  const std::string name = "test" + std::to_string(++databases_);
  postgres::Connection connection({.url = url_}, Access::write);
  connection.exec(("CREATE DATABASE " + name).c_str());
  return url_.substr(0, url_.rfind('/') + 1) + name;
}

void PostgresServer::crash() { call("stop " + directory_.path().string() + " immediate"); }
void PostgresServer::signal(int number) {
  call("signal " + directory_.path().string() + " " + std::to_string(number));
}

void PostgresServer::start_again() { call("again " + directory_.path().string()); }

}  // namespace rozmova::store::testing
