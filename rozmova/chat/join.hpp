#pragma once

#include "rozmova/chat/answer.hpp"
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/render.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace rozmova::chat {

/// Coming into chats and leaving them, for the sockets of one shard. Owned by Chat, one a shard, on that
/// shard's thread.
///
/// A join takes a walk: the room is entered with its gate shut (Socket::join_held), then the snapshot is
/// read, then it is asked who is online, then the snapshot is acked and the gate opened at its last seq: what
/// came meanwhile and is not in the snapshot follows, the rest is dropped. So snapshot and live stream meet
/// without hole or double.
///
/// A join that is refused because the server is busy leaves the socket where it was: one that was in and
/// hearing goes on hearing.
///
/// Joins and leaves of one socket and one chat are done one after the other, in the order they came: they
/// stand in a line.
class Joins {
 public:
  Joins(House& house, unsigned shard) : house_(house), shard_(shard) {}

  void join(const JoinPayload& payload, Answer answer);
  void leave(const ChatKey& chat, Answer answer);

 private:
  /// Waiting in line for one chat on one socket; past it: RATE_LIMITED.
  static constexpr std::size_t line_steps_max = 64;
  /// A room that outruns the snapshot this often within one join cannot be caught up with.
  static constexpr int catch_up_rounds_max = 8;

  struct Place {
    Uuid device;
    ChatKey chat;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const {
      return std::hash<Uuid>{}(place.device) * 31 + std::hash<ChatKey>{}(place.chat);
    }
  };
  struct Step {
    std::optional<JoinPayload> join;  ///< nothing: leave
    Answer answer;
  };
  /// What the walk carries.
  struct Walk {
    Place place;
    Answer answer;
    std::optional<std::int64_t> after_seq;
    bool was_in = false;  ///< and hearing, before this join
    ChatFacts facts;
    bool hears_notes = false;
    JoinText text;
    std::int64_t last_seq = 0;
    std::vector<bool> online;
    std::vector<bool> elsewhere = {};  ///< at other nodes
    std::optional<std::int64_t> after_change_seq = std::nullopt;
    std::int64_t last_change_seq = 0;
  };
  /// What a reader has, when a gate could not hold what came.
  struct Have {
    std::int64_t seq = 0, change_seq = 0;
  };
  using WalkPtr = std::shared_ptr<Walk>;

  void stand_in_line(const Place& place, Step step);
  void begin(const Place& place);
  void next(const Place& place);
  /// On this shard: into the room, and read.
  void enter(const WalkPtr& walk);
  /// On a database thread.
  static store::ChangePage missed_changes(store::Store& store, const Walk& walk, const ChatOptions& options);
  static std::optional<Refusal> look(store::Store& store, Walk& walk, const ChatOptions& options);
  /// From home to home: is each participant online?
  static void ask_presence(House& house, Joins& joins, const WalkPtr& walk, std::size_t index);
  void arrive(const WalkPtr& walk);
  void refuse(const WalkPtr& walk, const Refusal& refusal);
  void step_out(const Place& place, const Answer& answer);
  /// The gate has lost messages: sends what the database has after `have`, then tries to open it again.
  void catch_up(const Place& place, const Caller& who, Have have, int round);
  void caught_up(const Place& place, const Caller& who, const store::MessagePage& page,
                 const store::ChangePage& changes, Have have, int round);

  House& house_;
  unsigned shard_;
  std::unordered_map<Place, std::deque<Step>, PlaceHash> lines_;
};

}  // namespace rozmova::chat
