#include "sioxx/cluster/questions.hpp"

#include <utility>

namespace sioxx::cluster {

/// What one process owes.
struct Questions::Part {
  Process process;
  std::size_t nodes;         ///< that have not said their part
  std::size_t asked = 0;     ///< clients, as far as nodes have said
  std::size_t answered = 0;  ///< of these; may run ahead, because an answer may come before the count

  bool complete() const { return nodes == 0 && answered >= asked; }
  std::size_t missing() const { return nodes + (asked > answered ? asked - answered : 0); }
};

struct Questions::Open final : loop::Timer {
  Open(Questions& its_owner, std::uint64_t its_id, Done its_done)
      : owner(its_owner), id(its_id), done(std::move(its_done)) {}
  void on_timer(loop::TimeMs) override { owner.finish(id); }

  Questions& owner;
  const std::uint64_t id;
  std::vector<Part> parts;
  Gathered gathered;
  Done done;
};

Questions::Questions(loop::Timers& timers) : timers_(timers) {}
Questions::~Questions() = default;

std::optional<std::uint64_t> Questions::open(const std::vector<Asked>& asked, loop::TimeMs deadline,
                                             Done done) {
  if (open_.size() >= waiting_max) return std::nullopt;
  const std::uint64_t id = next_++;
  auto one = std::make_unique<Open>(*this, id, std::move(done));
  for (const Asked& who : asked) one->parts.push_back({who.process, who.nodes});
  timers_.arm(*one, deadline);
  open_.emplace(id, std::move(one));
  return id;
}

Questions::Open* Questions::find(std::uint64_t id) {
  const auto found = open_.find(id);
  return found == open_.end() ? nullptr : found->second.get();
}

Questions::Part* Questions::heard_of(Open* open, Process from, std::size_t nodes) {
  if (open == nullptr) return nullptr;
  for (Part& part : open->parts) {
    if (part.process != from) continue;
    if (part.nodes < nodes) return nullptr;  // more than were asked: not ours
    part.nodes -= nodes;
    return &part;
  }
  return nullptr;
}

void Questions::heard(Open& open) {
  for (const Part& part : open.parts) {
    if (!part.complete()) return;
  }
  finish(open.id);
}

void Questions::sockets(std::uint64_t id, Process from, const std::vector<RemoteSocket>& sockets) {
  Open* const open = find(id);
  if (heard_of(open, from, 1) == nullptr) return;
  open->gathered.sockets.insert(open->gathered.sockets.end(), sockets.begin(), sockets.end());
  heard(*open);
}

void Questions::node_answer(std::uint64_t id, Process from, const std::optional<boost::json::array>& args) {
  if (!args) return silent(id, from, 1, true);
  Open* const open = find(id);
  if (heard_of(open, from, 1) == nullptr) return;
  open->gathered.answers.push_back({*args, {}});
  heard(*open);
}

void Questions::session(std::uint64_t id, const std::optional<Recovered>& session) {
  Open* const open = find(id);
  if (heard_of(open, {}, 1) == nullptr) return;
  open->gathered.session = session;
  heard(*open);
}

void Questions::clients(std::uint64_t id, Process from, std::size_t asked) {
  Open* const open = find(id);
  Part* const part = heard_of(open, from, 1);
  if (part == nullptr) return;
  part->asked += asked;
  heard(*open);
}

void Questions::client_answer(std::uint64_t id, Process from, const std::optional<Answer>& answer) {
  Open* const open = find(id);
  Part* const part = heard_of(open, from, 0);
  if (part == nullptr || (part->nodes == 0 && part->answered >= part->asked)) return;
  ++part->answered;
  if (answer) {
    open->gathered.answers.push_back(*answer);
  } else {
    ++open->gathered.missing;
  }
  heard(*open);
}

void Questions::silent(std::uint64_t id, Process from, std::size_t nodes, bool lost) {
  Open* const open = find(id);
  if (heard_of(open, from, nodes) == nullptr) return;
  if (lost) open->gathered.missing += nodes;
  heard(*open);
}

void Questions::gone(Process process) {
  std::vector<std::uint64_t> concerned;
  for (const auto& [id, open] : open_) {
    for (Part& part : open->parts) {
      if (part.process != process || part.complete()) continue;
      open->gathered.missing += part.missing();
      part = {process, 0};
      concerned.push_back(id);
    }
  }
  for (const std::uint64_t id : concerned) {
    if (Open* const open = find(id)) heard(*open);
  }
}

void Questions::drop() { open_.clear(); }

void Questions::finish(std::uint64_t id) {
  const auto found = open_.find(id);
  const auto one = std::move(found->second);
  open_.erase(found);
  one->disarm();
  for (const Part& part : one->parts) one->gathered.missing += part.missing();
  one->done(std::move(one->gathered));
}

}  // namespace sioxx::cluster
