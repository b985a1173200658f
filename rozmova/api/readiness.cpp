#include "rozmova/api/readiness.hpp"

#include <utility>

namespace rozmova::api {

namespace {

constexpr std::int64_t answer_ms_max = 2'000;
constexpr std::int64_t good_for_ms = 500;

}  // namespace

//   idle ──ask──> asking ──answer──> idle (known for good_for_ms)
//                   └──answer_ms_max──> silent ──answer──> idle       silent: everybody is told so at once
struct Readiness::Probe final : sioxx::loop::Timer {
  enum class State : std::uint8_t { idle, asking, silent };
  using Then = std::function<void(std::optional<std::string>)>;

  explicit Probe(sioxx::loop::Shard& s) : shard(s) {}

  void ask(store::Database& database, Then then) {
    if (state == State::silent) return then(problem);
    if (state == State::idle && known && shard.now() - known_at < good_for_ms) return then(problem);
    waiting.push_back(std::move(then));
    if (state == State::asking) return;
    state = State::asking;
    shard.timers().arm(*this, shard.now() + answer_ms_max);
    const bool accepted = database.write(
        {}, [](store::Store&) {},
        [this](const Result<Done>& done) {
          shard.post([this, problem = done ? std::nullopt
                                           : std::optional(done.refusal().message)] { answered(problem); },
                     sioxx::loop::Mail::reply);
        });
    if (!accepted) answered("the queue of the store is full");
  }
  void answered(std::optional<std::string> what) {
    disarm();
    state = State::idle;
    known = true;
    known_at = shard.now();
    problem = std::move(what);
    tell();
  }
  void on_timer(sioxx::loop::TimeMs) override {
    state = State::silent;
    problem = "the store does not answer";
    tell();
  }
  void tell() {
    for (const Then& then : std::exchange(waiting, {})) then(problem);
  }

  sioxx::loop::Shard& shard;
  State state = State::idle;
  bool known = false;
  sioxx::loop::TimeMs known_at = 0;
  std::optional<std::string> problem;
  std::vector<Then> waiting;
};

Readiness::Readiness(sioxx::Server& server, store::Database& database,
                     std::function<std::optional<std::string>()> problem)
    : database_(database), problem_(std::move(problem)) {
  for (unsigned i = 0; i < server.shards(); ++i) probes_.push_back(std::make_unique<Probe>(server.shard(i)));
}

Readiness::~Readiness() = default;

void Readiness::ask(std::function<void(std::optional<std::string>)> then) {
  if (auto no = problem_()) return then(std::move(no));
  probes_[sioxx::loop::Shard::here()->index()]->ask(database_, std::move(then));
}

}  // namespace rozmova::api
