#pragma once

#include "tests/unit/temporary_directory.hpp"

#include <string>

namespace rozmova::store::testing {

/// A real PostgreSQL of this test program's own (tests/lib/postgres.sh), started at the first question and
/// ended with the program. Tests take an empty database each.
class PostgresServer {
 public:
  static PostgresServer& instance();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// postgres://… of a fresh database.
  std::string new_database();
  /// Ends the server as if its machine had lost power / starts it again on the same port.
  void crash();
  void start_again();
  /// Every process of the server gets it: SIGSTOP makes it hang, SIGCONT lets it go on.
  void signal(int number);

 private:
  PostgresServer();
  ~PostgresServer();
  std::string call(const std::string& words) const;

  TemporaryDirectory directory_;
  std::string url_;
  int databases_ = 0;
};

}  // namespace rozmova::store::testing
