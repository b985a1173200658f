#pragma once

#include "rozmova/chat/house.hpp"
#include "rozmova/refusal.hpp"
#include "sioxx/server.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rozmova::chat {

/// The answer to one event: its ack, or `chat_error` for a refusal when none was asked for. A value that goes
/// with the deed; may be given from any thread, arrives on the socket's shard. To be given once.
class Answer {
 public:
  /// `event` must be one of the names in events.hpp: it is kept by reference.
  Answer(House& house, const Caller& caller, sioxx::Ack ack, std::string_view event)
      : house_(&house),
        caller_(caller),
        ack_(ack ? std::make_shared<sioxx::Ack>(std::move(ack)) : nullptr),
        event_(event) {}

  const Caller& caller() const { return caller_; }
  std::string_view event() const { return event_; }

  /// `fields`: JSON of the ack's own fields, without braces.
  void ok(std::string_view fields) const;
  void refuse(const Refusal& refusal) const;

 private:
  void send(std::string ack) const;

  House* house_;
  Caller caller_;
  std::shared_ptr<sioxx::Ack> ack_;  ///< null: none was asked for
  std::string_view event_;
};

/// The same on the spot, for events that are known to nobody.
void refuse_here(House& house, sioxx::Socket& socket, sioxx::Ack* ack, std::string_view event,
                 const Refusal& refusal);

}  // namespace rozmova::chat
