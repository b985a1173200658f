#pragma once

#include "rozmova/store/away.hpp"
#include "rozmova/store/database.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace rozmova::store {

/// The reading threads, each with a connection of its own, and the one bounded queue they take from. Owned by
/// Database; add() from any thread.
class Readers {
 public:
  using Log = std::function<void(std::string_view)>;
  using Failed = std::function<void(const Refusal&)>;

  Readers(StoreFactory& factory, const DatabaseOptions& options, const Database::Later& later,
          const Log& log);
  ~Readers();  ///< runs what was accepted, then ends the threads

  bool add(Database::Work work, Failed failed);  ///< false: full or drained
  void wake();                                   ///< as many as there is work for
  void drain();

 private:
  enum class Phase : std::uint8_t { accepting, refusing, ending };

  struct Read {
    Database::Work work;
    Failed failed;
  };

  struct Reader {
    std::unique_ptr<Store> store;
    Away away;
  };

  void run(Reader reader);
  void execute(Reader& reader, Read& read);
  void refuse(Read& read, const Refusal& refusal);

  StoreFactory& factory_;
  const std::size_t reads_max_;
  const Database::Later& later_;
  const Log log_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable finished_;
  std::deque<Read> waiting_;
  std::size_t asleep_ = 0;  ///< threads in arrived_
  std::uint64_t accepted_ = 0;
  std::uint64_t finished_count_ = 0;
  Phase phase_ = Phase::accepting;

  std::vector<std::thread> threads_;
};

}  // namespace rozmova::store
