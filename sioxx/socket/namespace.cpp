#include "sioxx/socket/namespace.hpp"

#include "sioxx/socket/packet.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sioxx {

Next::~Next() { finish(ConnectError{dropped_, {}}); }

void Next::finish(std::optional<ConnectError> error) {
  const Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(error));
}

void ServerSideReply::finish(std::optional<boost::json::array> args) {
  const Done done = std::exchange(done_, nullptr);
  if (done) done(std::move(args));
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

Namespace& Namespace::on_unknown(EventHandler handler) {
  must_be_open();
  unknown_ = std::move(handler);
  return *this;
}

Namespace& Namespace::on_any(AnyHandler listener) {
  must_be_open();
  any_.push_back(std::move(listener));
  return *this;
}

Namespace& Namespace::prepend_any(AnyHandler listener) {
  must_be_open();
  any_.insert(any_.begin(), std::move(listener));
  return *this;
}

Namespace& Namespace::on_any_outgoing(OutgoingHandler listener) {
  must_be_open();
  outgoing_.push_back(std::move(listener));
  return *this;
}

Namespace& Namespace::prepend_any_outgoing(OutgoingHandler listener) {
  must_be_open();
  outgoing_.insert(outgoing_.begin(), std::move(listener));
  return *this;
}

Namespace& Namespace::use_event(EventMiddleware middleware) {
  must_be_open();
  event_middleware_.push_back(std::move(middleware));
  return *this;
}

Namespace& Namespace::on_refused(RefusedHandler handler) {
  must_be_open();
  refused_ = std::move(handler);
  return *this;
}

Namespace& Namespace::describe(std::function<boost::json::value(const Socket&)> describe) {
  must_be_open();
  describe_ = std::move(describe);
  return *this;
}

Namespace& Namespace::recover_as(std::function<std::string(const Socket&)> identity) {
  must_be_open();
  identity_ = std::move(identity);
  return *this;
}

Namespace& Namespace::restore(std::function<void(Socket&, const boost::json::value&)> restore) {
  must_be_open();
  restore_ = std::move(restore);
  return *this;
}

Namespace& Namespace::on_server_side(std::string event, ServerSideHandler handler) {
  must_be_open();
  server_side_.insert_or_assign(std::move(event), std::move(handler));
  return *this;
}

const ServerSideHandler* Namespace::server_side(std::string_view event) const {
  const auto found = server_side_.find(event);
  return found == server_side_.end() ? nullptr : &found->second;
}

void Namespace::broadcast(engine::EncodedPtr message, BroadcastOptions options) {
  options.children = is_pattern();
  adapter_->broadcast(name_, std::move(message), std::move(options));
}

void Namespace::server_side_emit_with_ack(std::string_view event, boost::json::array args,
                                          std::int64_t timeout_ms, OnAnswers done) const {
  adapter_->server_side_emit(name_, event, std::move(args), {}, timeout_ms, std::move(done));
}

Later<Answers> Namespace::server_side_emit_with_ack(std::string_view event, boost::json::array args,
                                                    std::int64_t timeout_ms) const {
  Later<Answers> answers;
  server_side_emit_with_ack(event, std::move(args), timeout_ms, answers.resolver());
  return answers;
}

boost::json::array Outgoing::event() const {
  boost::json::value value = boost::json::parse(packet_.substr(std::min(packet_.find('['), packet_.size())));
  return std::move(value.get_array());
}

NamespaceFilter glob(std::string pattern) {
  return [pattern = std::move(pattern)](std::string_view name) {
    // The usual two pointers: on a mismatch the last star takes one character more.
    std::size_t at = 0, star = std::string::npos, taken = 0;
    for (std::size_t i = 0; i < name.size();) {
      if (at < pattern.size() && pattern[at] == '*' && name[i] != '/') {
        star = at++;
        taken = ++i;
      } else if (at < pattern.size() && pattern[at] == name[i] && pattern[at] != '*') {
        ++at;
        ++i;
      } else if (star != std::string::npos && name[taken] != '/') {
        at = star + 1;
        i = ++taken;
      } else {
        return false;
      }
    }
    return at == pattern.size();
  };
}

}  // namespace sioxx
