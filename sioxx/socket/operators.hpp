#pragma once

#include "sioxx/socket/adapter.hpp"
#include "sioxx/socket/later.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx {

class Socket;

/// How long an answer is waited for when nobody says.
inline constexpr std::int64_t ack_timeout_default_ms = 5'000;

/// The arguments of an event as JSON, each by boost::json::value_from.
template <class... Args>
boost::json::array to_array(const Args&... args) {
  boost::json::array array;
  array.reserve(sizeof...(args));
  (array.push_back(boost::json::value_from(args)), ...);
  return array;
}

/// `socket.to("room").except("other").emit(…)`: collects a target, then does something with it. A value for one
/// expression; any thread. What it does reaches every shard; from one thread to one room things happen in the
/// order of the calls. The awaitable forms belong into a coroutine of a shard.
class BroadcastOperator {
 public:
  BroadcastOperator(Adapter& adapter, std::string_view nsp, bool children = false);

  // ---- who
  BroadcastOperator& to(std::string_view room);
  BroadcastOperator& in(std::string_view room) { return to(room); }
  BroadcastOperator& except(std::string_view room);
  /// This process only, when there are others.
  BroadcastOperator& local();
  /// The other processes only: what is done goes by the bus and touches nobody here.
  BroadcastOperator& elsewhere();

  // ---- how
  /// May be dropped for receivers that are behind, and is not kept for recovery (the field's `volatile`).
  BroadcastOperator& ephemeral();
  /// False: not to be compressed on its way (default true; matters only where permessage-deflate is on).
  BroadcastOperator& compress(bool wanted);
  /// How long answers are waited for.
  BroadcastOperator& timeout(std::int64_t ms);

  // ---- what
  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    emit_array(event, to_array(args...));
  }
  void emit_array(std::string_view event, const boost::json::array& args,
                  std::span<const std::string> attachments = {});
  /// Something encoded before, by encode_event() (its own compress() counts).
  void send(engine::EncodedPtr encoded);

  /// Every receiver is asked; `done` is called once, with what they answered and how many did not: because they
  /// went away, or their time was up, or they owed Acks::waiting_max answers already. On the shard that asked, or
  /// shard 0 when asked from another thread.
  void emit_array_with_ack(std::string_view event, const boost::json::array& args, OnAnswers done,
                           std::span<const std::string> attachments = {});
  template <class... Args>
  Later<Answers> emit_with_ack(std::string_view event, const Args&... args) {
    Later<Answers> answers;
    emit_array_with_ack(event, to_array(args...), answers.resolver());
    return answers;
  }

  /// The matching sockets of every shard, as values.
  void fetch_sockets(OnFetched done);
  Later<Fetched> fetch_sockets();
  void sockets_join(std::vector<std::string> rooms);
  void sockets_leave(std::vector<std::string> rooms);
  void sockets_join(std::initializer_list<std::string> rooms) {
    sockets_join(std::vector<std::string>(rooms));
  }
  void sockets_leave(std::initializer_list<std::string> rooms) {
    sockets_leave(std::vector<std::string>(rooms));
  }
  void sockets_join(std::string_view room) { sockets_join(std::vector<std::string>{std::string(room)}); }
  void sockets_leave(std::string_view room) { sockets_leave(std::vector<std::string>{std::string(room)}); }
  /// `close`: their whole connections, else this namespace only.
  void disconnect_sockets(bool close = false);

  /// A signal: to the on_server_side() handlers of every shard, of every process, that has members in one of the rooms
  /// (without rooms: of all), but not of the shard that says it. `except` does not matter.
  template <class... Args>
  void server_side_emit(std::string_view event, const Args&... args) {
    server_side_emit_array(event, to_array(args...));
  }
  void server_side_emit_array(std::string_view event, boost::json::array args);
  /// `done` hears once what they answered, and how many did not within the timeout.
  void server_side_emit_with_ack(std::string_view event, boost::json::array args, OnAnswers done);
  Later<Answers> server_side_emit_with_ack(std::string_view event, boost::json::array args);

 private:
  engine::EncodedPtr encoded(std::string_view event, const boost::json::array& args,
                             std::span<const std::string> attachments) const;
  Adapter& adapter_;
  std::string nsp_;
  BroadcastOptions options_;
  std::int64_t timeout_ms_ = ack_timeout_default_ms;
};

/// `socket.ephemeral().emit(…)`, `socket.timeout(500).emit_with_ack(…)`: how one socket is spoken to. A value for
/// one expression, on the socket's shard.
class DirectOperator {
 public:
  explicit DirectOperator(Socket& socket) : socket_(socket) {}
  DirectOperator& ephemeral();
  DirectOperator& compress(bool wanted);
  DirectOperator& timeout(std::int64_t ms);

  template <class... Args>
  void emit(std::string_view event, const Args&... args) {
    emit_array(event, to_array(args...));
  }
  void emit_array(std::string_view event, const boost::json::array& args,
                  std::span<const std::string> attachments = {});
  /// Empty when no answer came within the timeout or the socket went away.
  template <class... Args>
  Later<Answer> emit_with_ack(std::string_view event, const Args&... args) {
    return ask(event, to_array(args...));
  }

 private:
  Later<Answer> ask(std::string_view event, const boost::json::array& args);
  Socket& socket_;
  engine::Delivery delivery_ = engine::Delivery::durable;
  bool compress_ = true;
  std::int64_t timeout_ms_ = ack_timeout_default_ms;
};

}  // namespace sioxx
