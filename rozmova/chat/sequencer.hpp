#pragma once

#include "rozmova/chat/sequence.hpp"
#include "rozmova/model.hpp"
#include "rozmova/store/store.hpp"
#include "sioxx/server.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

class House;

/// One numbered thing that happened in a chat and that its readers are told of.
struct News {
  enum class Kind : std::uint8_t { message, change };
  ChatKey chat;
  Kind kind = Kind::message;
  std::int64_t number = 0;  ///< seq, or the place among the chat's changes
  std::int64_t seq = 0;     ///< of the message; the same as number, unless it is a change
  Parcel parcel;            ///< empty: the store has it
};

/// Where several nodes serve the same chats: hands out what is stored in the order of the store, to the readers of one
/// shard, whichever node has stored it and whatever the bus loses, doubles or reorders. What is missing is read from
/// the store; a look at the store now and then, and whenever the bus has begun to hear something, finds what nobody
/// told. Owned by Nodes, one a shard, on its thread; remembers nothing of chats that nobody of the shard is in.
class Sequencer {
 public:
  /// News of other nodes may come a moment later than the next one of ours.
  static constexpr sioxx::loop::TimeMs patience_ms = 30;
  static constexpr sioxx::loop::TimeMs retry_ms = 250;  ///< after a read that could not be done
  /// A look at all chats that somebody is in; `alone` while the bus is away.
  static constexpr sioxx::loop::TimeMs look_interval_ms = 10'000, look_interval_alone_ms = 1'000;
  static constexpr std::size_t chats_per_look = 200;
  static constexpr std::size_t reads_max = 32;  ///< under way at one time
  static constexpr int page_messages = 200;

  Sequencer(House& house, unsigned shard);
  ~Sequencer();

  void begin();
  /// Somebody is about to enter the room, with his gate shut.
  void entering(const ChatKey& chat);
  /// He has a snapshot up to here and his gate is about to open. False: not all that came after it is behind his gate; he
  /// has to be given the rest from the store.
  bool arrived(const ChatKey& chat, std::int64_t seq, std::int64_t change_seq);
  void hear(News news);
  /// Compares these with the store.
  void look_at(std::vector<ChatKey> chats);
  /// Whether other nodes are heard from now on; looks at everything when they are again.
  void bus(bool is_up);

 private:
  struct Track {
    Sequence messages, changes;
    std::int64_t first_seq = 0,
                 first_change = 0;  ///< everything after these has gone to all who are in the room
    bool reading = false;
  };
  /// Compared in two or more pieces: the rest of it.
  using Chats = std::shared_ptr<std::vector<ChatKey>>;
  class Holes;
  class Rounds;

  bool is_empty(const ChatKey& chat) const;
  void deliver(const ChatKey& chat, const std::vector<Parcel>& parcels);
  void deliver(const ChatKey& chat, const Parcel& parcel);
  Parcel parcel_of(const Message& message) const;
  void fill_holes();
  void read(const ChatKey& chat, Track& track);
  void has_read(const ChatKey& chat, std::int64_t asked_seq, std::int64_t asked_change,
                const store::MessagePage& page, const store::ChangePage& changes);
  void could_not_read(const ChatKey& chat);
  void mind(const ChatKey& chat, const Track& track, sioxx::loop::TimeMs patience);
  void round();
  void compare(const Chats& chats, bool is_round);
  void compared(const Chats& chats, const std::vector<store::ChatPosition>& positions, bool is_round);

  House& house_;
  const unsigned shard_;
  bool bus_is_up_ = false;
  std::size_t reads_ = 0;
  std::unordered_map<ChatKey, Track> tracks_;
  std::set<ChatKey> holes_;
  std::unique_ptr<Holes> holes_timer_;
  std::unique_ptr<Rounds> rounds_;
};

}  // namespace rozmova::chat
