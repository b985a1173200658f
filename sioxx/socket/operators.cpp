#include "sioxx/socket/operators.hpp"

#include "sioxx/socket/packet.hpp"
#include "sioxx/socket/socket.hpp"

#include <utility>

namespace sioxx {

BroadcastOperator::BroadcastOperator(Adapter& adapter, std::string_view nsp, bool children)
    : adapter_(adapter), nsp_(nsp) {
  options_.children = children;
}

BroadcastOperator& BroadcastOperator::to(std::string_view room) {
  options_.rooms.emplace_back(room);
  return *this;
}

BroadcastOperator& BroadcastOperator::except(std::string_view room) {
  options_.except.emplace_back(room);
  return *this;
}

BroadcastOperator& BroadcastOperator::ephemeral() {
  options_.delivery = engine::Delivery::ephemeral;
  return *this;
}

BroadcastOperator& BroadcastOperator::local() {
  options_.local = true;
  return *this;
}

BroadcastOperator& BroadcastOperator::elsewhere() {
  options_.elsewhere = true;
  return *this;
}

BroadcastOperator& BroadcastOperator::compress(bool wanted) {
  options_.compress = wanted;
  return *this;
}

BroadcastOperator& BroadcastOperator::timeout(std::int64_t ms) {
  timeout_ms_ = ms;
  return *this;
}

engine::EncodedPtr BroadcastOperator::encoded(std::string_view event, const boost::json::array& args,
                                              std::span<const std::string> attachments) const {
  engine::Encoded::Builder builder;
  socket::encode_event(builder.buffer(), nsp_, event, args, attachments.size());
  builder.compress(options_.compress);
  return std::move(builder).finish(0, socket::chain_attachments(attachments, options_.compress));
}

void BroadcastOperator::emit_array(std::string_view event, const boost::json::array& args,
                                   std::span<const std::string> attachments) {
  send(encoded(event, args, attachments));
}

void BroadcastOperator::send(engine::EncodedPtr message) {
  adapter_.broadcast(nsp_, std::move(message), std::move(options_));
}

void BroadcastOperator::emit_array_with_ack(std::string_view event, const boost::json::array& args,
                                            OnAnswers done, std::span<const std::string> attachments) {
  adapter_.broadcast_with_ack(nsp_, encoded(event, args, attachments), std::move(options_), timeout_ms_,
                              std::move(done));
}

void BroadcastOperator::fetch_sockets(OnFetched done) {
  adapter_.fetch_sockets(nsp_, std::move(options_), timeout_ms_, std::move(done));
}

Later<Fetched> BroadcastOperator::fetch_sockets() {
  Later<Fetched> fetched;
  fetch_sockets(fetched.resolver());
  return fetched;
}

void BroadcastOperator::sockets_join(std::vector<std::string> rooms) {
  adapter_.sockets_join(nsp_, std::move(options_), std::move(rooms));
}

void BroadcastOperator::sockets_leave(std::vector<std::string> rooms) {
  adapter_.sockets_leave(nsp_, std::move(options_), std::move(rooms));
}

void BroadcastOperator::disconnect_sockets(bool close) {
  adapter_.disconnect_sockets(nsp_, std::move(options_), close);
}

void BroadcastOperator::server_side_emit_array(std::string_view event, boost::json::array args) {
  adapter_.server_side_emit(nsp_, event, std::move(args), std::move(options_), timeout_ms_, {});
}

void BroadcastOperator::server_side_emit_with_ack(std::string_view event, boost::json::array args,
                                                  OnAnswers done) {
  adapter_.server_side_emit(nsp_, event, std::move(args), std::move(options_), timeout_ms_, std::move(done));
}

Later<Answers> BroadcastOperator::server_side_emit_with_ack(std::string_view event, boost::json::array args) {
  Later<Answers> answers;
  server_side_emit_with_ack(event, std::move(args), answers.resolver());
  return answers;
}

// ---- to one socket

DirectOperator& DirectOperator::ephemeral() {
  delivery_ = engine::Delivery::ephemeral;
  return *this;
}

DirectOperator& DirectOperator::compress(bool wanted) {
  compress_ = wanted;
  return *this;
}

DirectOperator& DirectOperator::timeout(std::int64_t ms) {
  timeout_ms_ = ms;
  return *this;
}

void DirectOperator::emit_array(std::string_view event, const boost::json::array& args,
                                std::span<const std::string> attachments) {
  engine::Encoded::Builder builder;
  socket::encode_event(builder.buffer(), socket_.nsp(), event, args, attachments.size());
  builder.compress(compress_);
  socket_.send(std::move(builder).finish(0, socket::chain_attachments(attachments, compress_)), delivery_);
}

Later<Answer> DirectOperator::ask(std::string_view event, const boost::json::array& args) {
  Later<Answer> answer;
  socket_.emit_with_ack(event, args, timeout_ms_, [resolve = answer.resolver()](std::optional<Answer> came) {
    if (!came) return resolve.nothing();
    resolve(std::move(*came));
  });
  return answer;
}

}  // namespace sioxx
