#include "sioxx/cluster/node.hpp"

#include "sioxx/cluster/shards.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace sioxx::cluster {
void Node::handle(const Message& message, engine::ProcessId from) {
  const engine::ProcessId outer =
      std::exchange(from_, from);  // an answer may lead to the next question at once
  std::visit([this](const auto& one) { on(one); }, message);
  from_ = outer;
}

void Node::process_came(const Process& process) {
  const auto known = std::find_if(processes_.begin(), processes_.end(),
                                  [&](const Process& one) { return one.id == process.id; });
  if (known == processes_.end()) {
    processes_.push_back(process);
  } else {
    *known = process;
  }
  if (!process.reachable) questions_.gone(process.id);
}

void Node::process_gone(engine::ProcessId id) {
  std::erase_if(processes_, [&](const Process& one) { return one.id == id; });
  questions_.gone(id);
}

template <class F>
void Node::each_socket(std::string_view nsp, const BroadcastOptions& target, F&& what) {
  local_.each_of(nsp, target.children, [&](socket::LocalNamespace& space) {
    for (const auto& socket : space.select(target)) what(*socket);
  });
}

void Node::on(const Broadcast& message) { local_.deliver(message.nsp, message.message, message.target); }

void Node::on(const Join& message) {
  each_socket(message.nsp, message.target, [&](Socket& socket) {
    for (const std::string& room : message.rooms) socket.join(room);
  });
  if (message.target.children) return;
  const socket::LocalNamespace* const space = local_.find(message.nsp);
  for (const std::string& room : message.rooms) {
    const bool there = space != nullptr && space->rooms().find(room) != nullptr;
    shards_.joined(local_.shard(), message.nsp, room, there);
  }
}

void Node::on(const Leave& message) {
  each_socket(message.nsp, message.target, [&](Socket& socket) {
    for (const std::string& room : message.rooms) socket.leave(room);
  });
}

void Node::on(const Disconnect& message) {
  each_socket(message.nsp, message.target, [&](Socket& socket) { socket.disconnect(message.close); });
}

void Node::on(const Fetch& message) {
  Sockets answer{message.question, {}};
  local_.each_of(message.nsp, message.target.children, [&](socket::LocalNamespace& space) {
    for (const auto& socket : space.select(message.target)) answer.sockets.push_back(space.describe(*socket));
  });
  shards_.answer(message.question, std::move(answer));
}

void Node::on(const Ask& message) {
  const auto on_each = [&shards = shards_, question = message.question](std::optional<Answer> answer) {
    shards.answer(question, ClientAck{question, std::move(answer)});
  };
  const std::size_t asked =
      local_.ask(message.nsp, message.event, message.target, message.timeout_ms, on_each);
  shards_.answer(message.question, Clients{message.question, asked});
}

void Node::on(const Claim& message) {
  const auto elsewhere = local_.recoveries().whereabouts(message.claim.pid);
  if (elsewhere && *elsewhere != local_.shard()) return shards_.forward(*elsewhere, message);
  shards_.answer(message.question, Claimed{message.question, local_.recoveries().claim(message.claim)});
}

void Node::on(const ServerSide& message) {
  ServerSideReply reply;
  if (message.question) {
    reply = ServerSideReply(
        [&shards = shards_, question = *message.question](std::optional<boost::json::array> args) {
          shards.answer(question, ServerSideAnswer{question, std::move(args)});
        });
  }
  const Namespace* const table = local_.table(message.nsp);
  const ServerSideHandler* const handler = table == nullptr ? nullptr : table->server_side(message.event);
  if (handler == nullptr) return;  // the reply dies: nothing to say
  try {
    (*handler)(message.args, std::move(reply));
  } catch (const std::exception& error) {
    local_.handler_failed(message.event, {}, error.what());
  } catch (...) {
    local_.handler_failed(message.event, {}, "not a std::exception");
  }
}

}  // namespace sioxx::cluster
