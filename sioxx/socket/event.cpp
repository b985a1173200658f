#include "sioxx/socket/event.hpp"

#include "sioxx/socket/local.hpp"
#include "sioxx/socket/socket.hpp"

#include <boost/json/object.hpp>

namespace sioxx {

Socket* SocketRef::get() const {
  const socket::Local* const here = socket::Local::here();
  if (here == nullptr || here->shard() != shard_) return nullptr;
  // A socket that goes is buried, not freed, so the pointer is good until the handler returns.
  const auto socket = socket_.lock();
  return socket != nullptr && socket->present() ? socket.get() : nullptr;
}

boost::json::value placeholder(std::size_t num) {
  boost::json::object object;
  object["_placeholder"] = true;
  object["num"] = static_cast<std::int64_t>(num);  // as a reader of JSON has it
  return object;
}

void Ack::send(const boost::json::array& args, std::span<const std::string> attachments) {
  if (!id_) return;
  const std::uint64_t id = *std::exchange(id_, std::nullopt);
  Socket* const socket = socket_.get();
  if (socket == nullptr) return;
  if (attachments.empty()) {
    std::string& out = socket->nsp_->local().scratch();
    socket::encode_ack(out, socket->nsp(), id, args);
    return socket->send_text(out);
  }
  engine::Encoded::Builder builder;
  socket::encode_ack(builder.buffer(), socket->nsp(), id, args, attachments.size());
  socket->send(std::move(builder).finish(0, socket::chain_attachments(attachments)));
}

void Ack::send_raw(std::string_view json_args) {
  if (!id_) return;
  const std::uint64_t id = *std::exchange(id_, std::nullopt);
  Socket* const socket = socket_.get();
  if (socket == nullptr) return;
  std::string& out = socket->nsp_->local().scratch();
  socket::encode_ack(out, socket->nsp(), id, json_args);
  socket->send_text(out);
}

}  // namespace sioxx
