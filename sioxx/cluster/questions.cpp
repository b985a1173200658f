#include "sioxx/cluster/questions.hpp"

#include <utility>

namespace sioxx::cluster {

struct Questions::Open final : loop::Timer {
  Open(Questions& its_owner, std::uint64_t its_id, std::size_t its_nodes, Done its_done)
      : owner(its_owner), id(its_id), nodes(its_nodes), done(std::move(its_done)) {}
  void on_timer(loop::TimeMs) override { owner.finish(id); }

  Questions& owner;
  const std::uint64_t id;
  std::size_t nodes;         ///< that have not said their part
  std::size_t asked = 0;     ///< clients, as far as nodes have said
  std::size_t answered = 0;  ///< of these; may run ahead, because an answer may come before the count
  Gathered gathered;
  Done done;
};

Questions::Questions(loop::Timers& timers) : timers_(timers) {}
Questions::~Questions() = default;

std::optional<std::uint64_t> Questions::open(std::size_t nodes, loop::TimeMs deadline, Done done) {
  if (open_.size() >= waiting_max) return std::nullopt;
  const std::uint64_t id = next_++;
  auto one = std::make_unique<Open>(*this, id, nodes, std::move(done));
  timers_.arm(*one, deadline);
  open_.emplace(id, std::move(one));
  return id;
}

Questions::Open* Questions::find(std::uint64_t id) {
  const auto found = open_.find(id);
  return found == open_.end() ? nullptr : found->second.get();
}

void Questions::heard(Open& open) {
  if (open.nodes == 0 && open.answered >= open.asked) finish(open.id);
}

void Questions::sockets(std::uint64_t id, const std::vector<RemoteSocket>& sockets) {
  Open* const open = find(id);
  if (open == nullptr) return;
  --open->nodes;
  open->gathered.sockets.insert(open->gathered.sockets.end(), sockets.begin(), sockets.end());
  heard(*open);
}

void Questions::node_answer(std::uint64_t id, const std::optional<boost::json::array>& args) {
  if (!args) return lost(id);
  Open* const open = find(id);
  if (open == nullptr) return;
  --open->nodes;
  open->gathered.answers.push_back({*args, {}});
  heard(*open);
}

void Questions::session(std::uint64_t id, const std::optional<Recovered>& session) {
  Open* const open = find(id);
  if (open == nullptr) return;
  --open->nodes;
  open->gathered.session = session;
  heard(*open);
}

void Questions::clients(std::uint64_t id, std::size_t asked) {
  Open* const open = find(id);
  if (open == nullptr) return;
  --open->nodes;
  open->asked += asked;
  heard(*open);
}

void Questions::client_answer(std::uint64_t id, const std::optional<Answer>& answer) {
  Open* const open = find(id);
  if (open == nullptr) return;
  ++open->answered;
  if (answer) {
    open->gathered.answers.push_back(*answer);
  } else {
    ++open->gathered.missing;
  }
  heard(*open);
}

void Questions::drop() { open_.clear(); }

void Questions::lost(std::uint64_t id) {
  Open* const open = find(id);
  if (open == nullptr) return;
  --open->nodes;
  ++open->gathered.missing;
  heard(*open);
}

void Questions::finish(std::uint64_t id) {
  const auto found = open_.find(id);
  const auto one = std::move(found->second);
  open_.erase(found);
  one->disarm();
  one->gathered.missing += one->nodes;
  if (one->asked > one->answered) one->gathered.missing += one->asked - one->answered;
  one->done(std::move(one->gathered));
}

}  // namespace sioxx::cluster
