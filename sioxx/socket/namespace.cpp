#include "sioxx/socket/namespace.hpp"

#include "sioxx/socket/packet.hpp"

#include <stdexcept>
#include <utility>

namespace sioxx {

Next::~Next() { finish(ConnectError{"Connection refused", {}}); }

void Next::finish(std::optional<ConnectError> error) {
  const Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(error));
}

void Namespace::must_be_open() const {
  if (frozen_)
    throw std::logic_error("handlers of namespace " + name_ + " must be registered before the server runs");
}

Namespace& Namespace::use(Middleware middleware) {
  must_be_open();
  middleware_.push_back(std::move(middleware));
  return *this;
}

Namespace& Namespace::on_connect(std::function<void(Socket&)> handler) {
  must_be_open();
  connect_.push_back(std::move(handler));
  return *this;
}

Namespace& Namespace::on_disconnect(std::function<void(Socket&, CloseReason)> handler) {
  must_be_open();
  disconnect_.push_back(std::move(handler));
  return *this;
}

Namespace& Namespace::on(std::string event, EventHandler handler) {
  must_be_open();
  if (socket::is_reserved(event)) throw std::logic_error("\"" + event + "\" is a reserved event name");
  handlers_.insert_or_assign(std::move(event), std::move(handler));
  return *this;
}

Namespace& Namespace::on_any(EventHandler handler) {
  must_be_open();
  any_ = std::move(handler);
  return *this;
}

BroadcastOperator Namespace::to(std::string_view room) {
  BroadcastOperator target(*adapter_, name_);
  target.to(room);
  return target;
}

void Namespace::broadcast(engine::EncodedPtr message, BroadcastOptions options) {
  adapter_->broadcast(name_, std::move(message), std::move(options));
}

}  // namespace sioxx
