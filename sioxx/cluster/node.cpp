#include "sioxx/cluster/node.hpp"

#include "sioxx/cluster/shards.hpp"
#include "sioxx/socket/rewrite.hpp"

#include <exception>
#include <utility>

namespace sioxx::cluster {
namespace {

/// A pattern's message is encoded under its label; each of its namespaces hears it under its own name.
engine::EncodedPtr addressed(const engine::EncodedPtr& message, const BroadcastOptions& target,
                             const socket::LocalNamespace& space) {
  return target.children ? socket::with_namespace(message, space.name()) : message;
}

}  // namespace

void Node::handle(const Message& message) {
  std::visit([this](const auto& one) { on(one); }, message);
}

template <class F>
void Node::each_socket(std::string_view nsp, const BroadcastOptions& target, F&& what) {
  local_.each_of(nsp, target.children, [&](socket::LocalNamespace& space) {
    for (const auto& socket : space.select(target)) what(*socket);
  });
}

void Node::on(const Broadcast& message) {
  local_.each_of(message.nsp, message.target.children, [&](socket::LocalNamespace& space) {
    const engine::EncodedPtr own = addressed(message.message, message.target, space);
    if (own != nullptr) space.deliver(own, message.target);
  });
}

void Node::on(const Join& message) {
  each_socket(message.nsp, message.target, [&](Socket& socket) {
    for (const std::string& room : message.rooms) socket.join(room);
  });
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
  std::size_t asked = 0;
  local_.each_of(message.nsp, message.target.children, [&](socket::LocalNamespace& space) {
    const engine::EncodedPtr own = addressed(message.event, message.target, space);
    if (own == nullptr) return;
    asked += space.ask(own, message.target, message.timeout_ms,
                       [&shards = shards_, question = message.question](std::optional<Answer> answer) {
                         shards.answer(question, ClientAck{question, std::move(answer)});
                       });
  });
  shards_.answer(message.question, Clients{message.question, asked});
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
