#pragma once

#include "rozmova/store/database.hpp"
#include "sioxx/server.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rozmova::api {

/// Whether the server may be sent traffic: it is not being taken down, somebody could be let in, and the store takes
/// writes. The store is asked by an empty transaction; all who ask meanwhile share one, and its answer is good for
/// half a second, so that nobody outside can make it work. Owned by the routes; each shard has a part of its own.
class Readiness {
 public:
  /// `problem`: what stands against it whatever the store says; any thread.
  Readiness(sioxx::Server& server, store::Database& database,
            std::function<std::optional<std::string>()> problem);
  ~Readiness();

  /// On a shard's thread: nothing = ready; else why not, after answer_ms_max at most.
  void ask(std::function<void(std::optional<std::string>)> then);

 private:
  struct Probe;

  store::Database& database_;
  std::function<std::optional<std::string>()> problem_;
  std::vector<std::unique_ptr<Probe>> probes_;
};

}  // namespace rozmova::api
