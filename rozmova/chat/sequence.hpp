#pragma once

#include "sioxx/server.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace rozmova::chat {

/// What one piece of news is to its readers: events, encoded, in this order.
using Parcel = std::vector<sioxx::engine::EncodedPtr>;

/// How far the readers of one shard have been told of one chat's numbered news (its messages by `seq`, or its edits by
/// their change numbers), and what came too early. Whatever way news come, twice, late, in any order, or only as a hint
/// that there are some, they go out once each and in the order of the store. Pure; owned by a Sequencer.
///
///   state    | news come                                   | begin(n)             | news are read from the store
///   ---------+---------------------------------------------+----------------------+-----------------------------
///   unknown  | wait                                        | known, from n on     | -
///   known    | next: out, and what waited behind them;     | -                    | out, if they are ahead
///            | behind: forgotten; ahead: wait, has_hole()  |                      |
class Sequence {
 public:
  /// News that wait with their text; more are remembered as a number alone, and read when it is their turn.
  static constexpr std::size_t waiting_max = 64;

  bool known() const { return known_; }
  std::int64_t position() const { return position_; }
  /// The highest number that is said to exist.
  std::int64_t highest() const { return highest_; }
  /// Something that exists has not gone out, and what would come next is not here.
  bool has_hole() const { return known_ && highest_ > position_; }

  /// The readers have everything up to here by another way. What goes out then.
  std::vector<Parcel> begin(std::int64_t position);
  void forget() { *this = {}; }
  /// What goes out now. An empty parcel is a hint.
  std::vector<Parcel> put(std::int64_t number, Parcel parcel);
  /// One of the news that were read from the store after position(), in their order; true: it goes out. Numbers that the
  /// store has not any more are passed over.
  bool pass(std::int64_t number);
  /// All there was after position() has been read, when `asked` was the highest: what is still missing up to there does
  /// not exist. What goes out then.
  std::vector<Parcel> read_to_end(std::int64_t asked);

 private:
  std::vector<Parcel> take_ready();

  bool known_ = false;
  std::int64_t position_ = 0, highest_ = 0;
  std::map<std::int64_t, Parcel> waiting_;
};

}  // namespace rozmova::chat
