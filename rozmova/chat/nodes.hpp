#pragma once

#include "rozmova/chat/rollcall.hpp"
#include "rozmova/chat/sequencer.hpp"
#include "rozmova/model.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova::chat {

class House;
class Seats;
class SharedAddresses;
class SharedRates;

/// An event and its JSON.
struct Told {
  std::string_view event;
  std::string_view json;
};

/// The other nodes, as the chat sees them; there only where there may be some. What has a number goes through the
/// Sequencers, as signals to the shards that have readers; questions go to where the user's devices are. Everything
/// else (typing, read marks, presence, notifications) is an ordinary broadcast and reaches other nodes by itself.
/// Owned by House; any thread unless it says otherwise.
class Nodes {
 public:
  /// News with more text are told as a hint, and read from the store by whoever is told: every bus carries this much.
  static constexpr std::size_t signal_bytes_max = 6'000;
  static constexpr std::int64_t answer_timeout_ms = 1'500;
  static constexpr std::int64_t look_timeout_ms = 500;

  /// Before the server runs.
  explicit Nodes(House& house);
  ~Nodes();

  /// To all readers of the chat, wherever they are, when it is this number's turn.
  void tell(News::Kind kind, const Message& message, std::span<const Told> events);
  /// On that shard's thread.
  Sequencer& sequencer(unsigned shard) { return *sequencers_[shard]; }

  /// On that shard's thread: the rates of its users.
  SharedRates& rates(unsigned shard) { return *rates_[shard]; }
  /// Likewise: the limit of their connections.
  Seats& seats(unsigned shard) { return *seats_[shard]; }
  SharedAddresses& addresses() { return *addresses_; }
  /// So many nodes live, this one among them.
  void living(std::size_t count);

  /// What other nodes have to do about `unread`.
  void unread_changed(const Uuid& user);
  /// On a shard's thread: is a device of his in the chat, is one of his not? Of the other nodes; `then` on the same
  /// thread, with what is known when the time is up.
  struct Looks {
    bool on = false, away = false;
  };
  void look(const Uuid& user, const ChatKey& chat, std::function<void(Looks)> then);

  /// As of rollcall.hpp, of the other nodes. On a shard's thread.
  void list_connections(const ConnectionQuery& query, std::function<void(ConnectionPage)> then);
  void end_connection(const std::string& socket_id, std::function<void(bool)> then);

 private:
  // On the bus's thread.
  void bus_is(bool up, std::string_view why);
  void room_is_heard(std::string_view room);
  void hear(const boost::json::array& signal);

  House& house_;
  std::vector<std::unique_ptr<Sequencer>> sequencers_;
  std::vector<std::unique_ptr<SharedRates>> rates_;
  std::vector<std::unique_ptr<Seats>> seats_;
  std::unique_ptr<SharedAddresses> addresses_;
};

}  // namespace rozmova::chat
