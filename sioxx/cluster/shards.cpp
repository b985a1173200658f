#include "sioxx/cluster/shards.hpp"

#include "sioxx/engine/sessions.hpp"

#include <bit>
#include <exception>
#include <type_traits>
#include <utility>

namespace sioxx::cluster {

namespace {

Questions::Gathered nobody(std::size_t nodes) {
  Questions::Gathered gathered;
  gathered.missing = nodes;
  return gathered;
}

/// Null: nobody waits for answers to it.
const Question* question_of(const Message& message) {
  return std::visit(
      [](const auto& one) -> const Question* {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, Fetch> || std::is_same_v<Kind, Ask>) return &one.question;
        if constexpr (std::is_same_v<Kind, ServerSide>) return one.question ? &*one.question : nullptr;
        return nullptr;
      },
      message);
}

}  // namespace

class Shards::Letter final : public loop::Letter {
 public:
  Letter(std::shared_ptr<const Message> message, Node& node, engine::ProcessId from = {})
      : message_(std::move(message)), node_(node), from_(from) {}
  void open() override { node_.handle(*message_, from_); }

 private:
  std::shared_ptr<const Message> message_;
  Node& node_;
  const engine::ProcessId from_;
};

void Shards::settle(const std::vector<socket::Local*>& locals) {
  for (socket::Local* local : locals) {
    nodes_.push_back(std::make_unique<Node>(*this, *local));
    recovery_ = local->limits().recovery_window_ms > 0;
  }
}

// ---- who is meant

Shards::Mask Shards::everybody() const {
  const auto count = static_cast<unsigned>(shards_.size());
  return count == 64 ? ~Mask{0} : bit(count) - 1;
}

Shards::Mask Shards::targets(std::string_view nsp, const BroadcastOptions& options) const {
  const Mask all = everybody();
  if (options.elsewhere) return 0;
  // The namespaces of a pattern have rooms under their own names: everybody looks for himself.
  if (!directed() || options.rooms.empty() || options.children) return all;
  Mask mask = 0;
  for (const std::string& room : options.rooms) {
    mask |= directory_.find(nsp, room);
    // A socket's id is a room of its own that nobody had to join; it names its process and its shard.
    const auto shard = engine::Sessions::home_of(room);
    if (shard && (bus_ == nullptr || engine::Id::node_of(room) == tag_)) mask |= bit(*shard);
  }
  return mask & all;
}

Node* Shards::here() const {
  const socket::Local* const local = socket::Local::here();
  if (local == nullptr || local->shard() >= nodes_.size()) return nullptr;
  Node* const node = nodes_[local->shard()].get();
  return &node->local() == local ? node : nullptr;
}

// ---- telling

void Shards::send(Mask mask, const std::shared_ptr<const Message>& message,
                  const std::function<void(unsigned)>& unreached) {
  Node* const own = here();
  const Mask others = own == nullptr ? mask : mask & ~bit(own->local().shard());
  for (Mask left = others; left != 0; left &= left - 1) {
    const auto shard = static_cast<unsigned>(std::countr_zero(left));
    if (!shards_[shard]->post(std::make_unique<Letter>(message, *nodes_[shard]))) unreached(shard);
  }
  if (mask != others) own->handle(*message);  // last: it may call the application, which may say more
}

void Shards::tell(Mask mask, bool local, Message message) {
  const auto shared = std::make_shared<const Message>(std::move(message));
  send(mask, shared, [this, &shared](unsigned shard) { missed(shard, *shared); });
  if (bus_ != nullptr && !local) bus_->publish(shared);
}

void Shards::broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) {
  const Mask mask = targets(nsp, options);
  if (recovery_) options.offset = next_offset();
  Node* const own = here();
  // Most rooms are on one shard, often this one: then nothing is copied.
  if (own != nullptr && !options.children && !options.elsewhere && (bus_ == nullptr || options.local) &&
      (mask & ~bit(own->local().shard())) == 0) {
    socket::LocalNamespace* const space = mask == 0 ? nullptr : own->local().find(nsp);
    if (space != nullptr) space->deliver(message, options);
    return;
  }
  if (mask == 0 && bus_ == nullptr) return;
  const bool local = options.local;
  tell(mask, local, Broadcast{std::string(nsp), std::move(options), std::move(message)});
}

void Shards::sockets_join(std::string_view nsp, BroadcastOptions target, std::vector<std::string> rooms) {
  const Mask mask = targets(nsp, target);
  Join join{std::string(nsp), std::move(target), std::move(rooms)};
  announce(mask, join);
  const bool local = join.target.local;
  tell(mask, local, std::move(join));
}

/// What the same thread sends to these rooms next must find the way, also to a shard whose last member leaves before the
/// others join; a shard where nobody joined takes its bit back.
void Shards::announce(Mask mask, const Join& join) {
  if (!directed() || join.target.children) return;
  for (; mask != 0; mask &= mask - 1) {
    for (const std::string& room : join.rooms) {
      const auto shard = static_cast<unsigned>(std::countr_zero(mask));
      if (directory_.expect(shard, join.nsp, room) && bus_ != nullptr) bus_->room_changed(join.nsp, room);
    }
  }
}

void Shards::sockets_leave(std::string_view nsp, BroadcastOptions target, std::vector<std::string> rooms) {
  const Mask mask = targets(nsp, target);
  const bool local = target.local;
  tell(mask, local, Leave{std::string(nsp), std::move(target), std::move(rooms)});
}

void Shards::disconnect_sockets(std::string_view nsp, BroadcastOptions target, bool close) {
  const Mask mask = targets(nsp, target);
  const bool local = target.local;
  tell(mask, local, Disconnect{std::string(nsp), std::move(target), close});
}

void Shards::receive(const std::shared_ptr<const Message>& message) {
  const Mask mask = std::visit(
      [this](const auto& one) {
        if constexpr (requires { one.target; }) {
          return targets(one.nsp, one.target);
        } else {
          return Mask{0};
        }
      },
      *message);
  if (const Question* const question = question_of(*message)) {
    const auto silent = shards_.size() - static_cast<std::size_t>(std::popcount(mask));
    if (silent > 0) answer(*question, Silent{*question, silent, false});
    return send(mask, message, [this, question](unsigned) { answer(*question, Silent{*question, 1, true}); });
  }
  if (const Broadcast* const told = std::get_if<Broadcast>(message.get()); told != nullptr && recovery_) {
    Broadcast own = *told;  // its offset counted over there
    own.target.offset = next_offset();
    const auto shared = std::make_shared<const Message>(std::move(own));
    return send(mask, shared, [this, &shared](unsigned shard) { missed(shard, *shared); });
  }
  if (const Join* const join = std::get_if<Join>(message.get())) announce(mask, *join);
  send(mask, message, [this, &message](unsigned shard) { missed(shard, *message); });
}

void Shards::answered(engine::ProcessId from, Message message) {
  const unsigned shard = std::visit(
      [](const auto& one) {
        if constexpr (requires { one.question.shard; }) {
          return one.question.shard;
        } else {
          return ~0u;
        }
      },
      message);
  forward(shard, std::move(message), from);
}

void Shards::process_came(engine::ProcessId id, std::size_t shards, bool reachable) {
  const Node::Process process{id, shards, reachable};
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    shards_[i]->post([node = nodes_[i].get(), process] { node->process_came(process); }, loop::Mail::reply);
  }
}

void Shards::process_gone(engine::ProcessId id) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    shards_[i]->post([node = nodes_[i].get(), id] { node->process_gone(id); }, loop::Mail::reply);
  }
}

// ---- asking

void Shards::ask(Mask mask, Reach reach, std::int64_t timeout_ms,
                 std::function<Message(const Question&)> make, Questions::Done done) {
  Node* const own = here();
  if (own == nullptr) {
    // A thread without timers and without a place to be called back: shard 0 asks for it.
    auto shared_done = std::make_shared<Questions::Done>(std::move(done));
    const bool posted =
        shards_[0]->post([this, mask, reach, timeout_ms, make = std::move(make), shared_done]() mutable {
          ask(mask, reach, timeout_ms, std::move(make), std::move(*shared_done));
        });
    if (!posted) (*shared_done)(nobody(static_cast<std::size_t>(std::popcount(mask))));
    return;
  }
  socket::Local& local = own->local();
  std::size_t unreachable = 0, nodes = 0;
  std::vector<Questions::Asked> asked;
  if (mask != 0) asked.push_back({{}, nodes = static_cast<std::size_t>(std::popcount(mask))});
  if (reach == Reach::cluster && bus_ != nullptr) {
    for (const Node::Process& process : own->processes()) {
      if (process.reachable) asked.push_back({process.id, process.shards});
      (process.reachable ? nodes : unreachable) += process.shards;
    }
  }
  const auto guarded = [&local, unreachable, done = std::move(done)](Questions::Gathered gathered) {
    gathered.missing += unreachable;
    try {
      done(std::move(gathered));
    } catch (const std::exception& error) {
      local.handler_failed("answers", {}, error.what());
    } catch (...) {
      local.handler_failed("answers", {}, "not a std::exception");
    }
  };
  if (asked.empty()) return guarded({});
  const auto id = own->questions().open(asked, local.now() + timeout_ms, guarded);
  if (!id) return guarded(nobody(nodes));
  const auto message = std::make_shared<const Message>(make(Question{self(), local.shard(), *id}));
  // The bus first: a shard's own answer may end the question, and with it what the message is about.
  if (asked.size() > (mask != 0 ? 1u : 0u)) bus_->publish(message);
  send(mask, message, [own, id](unsigned) { own->questions().silent(*id, {}, 1, true); });
}

void Shards::answer(const Question& question, Message message) {
  if (bus_ != nullptr && question.process != self()) {
    return bus_->answer(question.process, std::make_shared<const Message>(std::move(message)));
  }
  forward(question.shard, std::move(message));
}

void Shards::forward(unsigned shard, Message message, engine::ProcessId from) {
  if (shard >= nodes_.size()) return;
  Node* const own = here();
  if (own != nullptr && own->local().shard() == shard) return own->handle(message, from);
  shards_[shard]->post(
      std::make_unique<Letter>(std::make_shared<const Message>(std::move(message)), *nodes_[shard], from),
      loop::Mail::reply);
}

void Shards::claim_session(unsigned shard, SessionClaim claim, std::int64_t timeout_ms,
                           std::function<void(std::optional<Recovered>)> done) {
  ask(
      shard < shards_.size() ? bit(shard) : 0, Reach::process, timeout_ms,
      [claim = std::move(claim)](const Question& question) {
        return Message(Claim{claim, question});
      },
      [done = std::move(done)](Questions::Gathered gathered) { done(std::move(gathered.session)); });
}

void Shards::session_moved(unsigned home, std::string_view pid, std::optional<unsigned> shard) {
  forward(home, Moved{std::string(pid), shard});
}

void Shards::broadcast_with_ack(std::string_view nsp, engine::EncodedPtr event, BroadcastOptions options,
                                std::int64_t timeout_ms, OnAnswers done) {
  const Mask mask = targets(nsp, options);
  const Reach wanted = reach(options);
  ask(
      mask, wanted, timeout_ms,
      [ask = Ask{std::string(nsp), std::move(options), std::move(event), timeout_ms, {}}](
          const Question& question) mutable {
        ask.question = question;
        return Message(ask);
      },
      [done = std::move(done)](Questions::Gathered gathered) {
        done({std::move(gathered.answers), gathered.missing});
      });
}

void Shards::fetch_sockets(std::string_view nsp, BroadcastOptions target, std::int64_t timeout_ms,
                           OnFetched done) {
  const Mask mask = targets(nsp, target);
  const Reach wanted = reach(target);
  ask(
      mask, wanted, timeout_ms,
      [fetch = Fetch{std::string(nsp), std::move(target), {}}](const Question& question) mutable {
        fetch.question = question;
        return Message(fetch);
      },
      [done = std::move(done)](Questions::Gathered gathered) {
        done({std::move(gathered.sockets), gathered.missing});
      });
}

void Shards::server_side_emit(std::string_view nsp, std::string_view event, boost::json::array args,
                              BroadcastOptions target, std::int64_t timeout_ms, OnAnswers done) {
  Node* const own = here();
  Mask mask = targets(nsp, target);
  if (own != nullptr) mask &= ~bit(own->local().shard());
  const Reach wanted = reach(target);
  ServerSide said{std::string(nsp), std::move(target), std::string(event), std::move(args), std::nullopt};
  if (!done) return tell(mask, wanted == Reach::process, std::move(said));
  ask(
      mask, wanted, timeout_ms,
      [said = std::move(said)](const Question& question) mutable {
        said.question = question;
        return Message(said);
      },
      [done = std::move(done)](Questions::Gathered gathered) {
        done({std::move(gathered.answers), gathered.missing});
      });
}

// ---- rooms

void Shards::missed(unsigned shard, const Message& message) {
  std::string_view nsp;
  std::visit(
      [&nsp](const auto& one) {
        if constexpr (requires { one.nsp; }) nsp = one.nsp;
      },
      message);
  if (const Join* const join = std::get_if<Join>(&message); join != nullptr && !join->target.children) {
    for (const std::string& room : join->rooms) joined(shard, nsp, room, false);
  }
  if (!log_) return;
  LogLine line;
  line.level = LogLine::Level::warning;
  line.event = "broadcast_lost";
  line.reason = "mailbox full or shard stopped";
  line.detail = nsp;
  log_(line);
}

void Shards::joined(unsigned shard, std::string_view nsp, std::string_view room, bool there) {
  if (directed() && directory_.settle(shard, nsp, room, there) && bus_ != nullptr)
    bus_->room_changed(nsp, room);
}

void Shards::room_opened(unsigned shard, std::string_view nsp, std::string_view room) {
  if (directed() && directory_.set(shard, nsp, room) && bus_ != nullptr) bus_->room_changed(nsp, room);
}

void Shards::room_closed(unsigned shard, std::string_view nsp, std::string_view room) {
  if (directed() && directory_.clear(shard, nsp, room) && bus_ != nullptr) bus_->room_changed(nsp, room);
}

}  // namespace sioxx::cluster
