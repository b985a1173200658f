#pragma once

#include "rozmova/auth.hpp"
#include "rozmova/chat/address_rates.hpp"
#include "rozmova/chat/facts_cache.hpp"
#include "rozmova/chat/nodes.hpp"
#include "rozmova/chat/notices.hpp"
#include "rozmova/chat/options.hpp"
#include "rozmova/chat/presence.hpp"
#include "rozmova/chat/rate.hpp"
#include "rozmova/chat/revocations.hpp"
#include "rozmova/chat/typing.hpp"
#include "rozmova/log.hpp"
#include "rozmova/metrics.hpp"
#include "rozmova/store/database.hpp"
#include "rozmova/workflow.hpp"
#include "sioxx/server.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rozmova::chat {

/// Whoever wants something, by event or by REST: a value that goes with the deed from thread to thread.
struct Caller {
  Uuid user;
  Role role = Role::client;
  bool role_from_token = true;   ///< false: the users table decides, anew at every action; see may()
  Uuid device = {};              ///< of the connection; nil over REST
  sioxx::SocketRef socket = {};  ///< opens nowhere over REST
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();

  std::int64_t elapsed_us() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - since)
        .count();
  }
};

/// The role that counts now: of the token, else of the users table.
Role role_of(store::Store& store, const Caller& who);
Viewer viewer_of(store::Store& store, const Caller& who);
/// access::may with that role. To be asked where the facts were read: inside the transaction, or the read.
std::optional<Refusal> may(store::Store& store, const Caller& who, Deed deed, const ChatFacts& facts);

Refusal no_such_chat(ChatKind kind);
/// The database's queue is full.
Refusal busy();
Refusal no_longer_yours();
Refusal too_many_connections();
/// The chat does not exist or is not for the one who asked.
bool is_shut_out(const Refusal& refusal);

/// All devices of those who decide about disputes: they hear of every dispute that is opened, changed or taken.
inline constexpr std::string_view moderators_room = "moderators";
/// Those of them that have joined the dispute's chat: notes go there. "notes:<uuid>"
std::string notes_room(const Uuid& dispute);
bool is_notes_room(std::string_view room);

/// What every part of the chat stands on: the references that never change, one Part per shard, and the ways
/// to get from one to the other. No locks: a Part belongs to its shard's thread, everything else here is
/// immutable or says itself that any thread may use it.
///
/// Home: what is kept of a *user* (rates, presence, typing) lives on the one shard that his id names. A deed
/// goes socket's shard -> home -> database -> socket's shard; with one shard all but the database are plain
/// calls.
class House {
 public:
  struct Part {
    Part(House& house, unsigned index, sioxx::loop::Shard& shard);
    ~Part();

    House& house;
    unsigned index;
    sioxx::loop::Shard& shard;

    // ---- of the users whose home this is
    Rates rates;
    Presence presence;
    Typing typing;
    FactsCache facts;

    // ---- of the connections of this shard
    AddressRates addresses;

    // ---- the same on every shard
    RevocationsPtr revocations;  ///< null until they have been read: nobody comes in before

   private:
    friend class House;
    /// A change of presence whose audience is being looked up; one at a time a user, the latest state wins.
    struct News {
      bool online = false;
      WallMs last_seen_at = 0;
      bool again = false;  ///< for nodes that may not have heard it
    };
    std::unordered_map<Uuid, News> news_;
    /// Of several nodes: whose presence has changed lately, or since the bus went.
    struct Change {
      sioxx::loop::TimeMs at = 0;
      WallMs last_seen_at = 0;
    };
    std::unordered_map<Uuid, Change> changes_;
    std::vector<std::pair<Uuid, WallMs>> to_tell_again_;
    /// Who looked into which chat, and when it was written down.
    std::map<std::pair<Uuid, Uuid>, sioxx::loop::TimeMs> entries_;
    struct Sweep;
    std::unique_ptr<Sweep> sweep_;
    struct Bell;
    std::unique_ptr<Bell> bell_;
  };

  House(sioxx::Server& server, store::Database& database, const Auth& auth, const ChatOptions& options,
        Log& log, Metrics& metrics);
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House();

  sioxx::Server& server() { return server_; }
  store::Database& database() { return database_; }
  const Auth& auth() const { return auth_; }
  const ChatOptions& options() const { return options_; }
  Notices& notices() { return *notices_; }
  /// Null where there can be no other node.
  Nodes* nodes() { return nodes_.get(); }
  Log& log() { return log_; }
  Metrics& metrics() { return metrics_; }

  /// What every action asks, on any shard's thread: has the token expired, or been revoked?
  std::optional<Refusal> still_good(const Identity& identity, WallMs now);

  /// On any shard's thread: one of that rate of the address, or how many milliseconds until there is one.
  std::int64_t take(std::string_view address, AddressRates::Kind kind);
  /// On any shard's thread: one more bad token from this address; RATE_LIMITED when there were too many.
  std::optional<Refusal> too_many_bad_tokens(std::string_view address);

  unsigned home_of(const Uuid& user) const;
  /// The part of the shard whose thread this is.
  Part& here();
  Part& part(unsigned shard) { return *parts_[shard]; }

  /// Runs `task(Part&)` on that shard's thread: now if this is it, else by letter. Every such letter is one that a
  /// client, a seat or a reader's access waits for, so a full mailbox takes it all the same; how many there are is bounded
  /// by the rates of events and the queue of the database. Only a shard that has stopped loses it.
  template <class F>
  void at(unsigned shard, F&& task) {
    Part& part = *parts_[shard];
    if (sioxx::loop::Shard::here() == &part.shard) {
      task(part);
    } else if (!part.shard.post([&part, task = std::forward<F>(task)]() mutable { task(part); },
                                sioxx::loop::Mail::reply)) {
      mailbox_full(shard);
    }
  }
  template <class F>
  void at_home(const Uuid& user, F&& task) {
    at(home_of(user), std::forward<F>(task));
  }

  // ---- any thread
  /// Looks anew who of the user's own connections may still hear the chat; those that may not leave the room.
  /// `then` runs afterwards: what is sent to these connections from it comes after they have left.
  void recheck(const Uuid& user, const ChatKey& chat, std::function<void()> then);

  // ---- on that part's shard: what the store has changed (see Watch)
  /// Who of this shard is in the room and may not read the chat leaves it, and is told.
  void shut_out(Part& part, const ChatKey& chat, const std::optional<ChatFacts>& facts);
  /// The users table says something else of him now.
  void change_role(Part& part, const Uuid& user, Role role);
  /// Takes the list and ends the connections that it forbids.
  void revoke(Part& part, RevocationsPtr list);

  /// Somebody has looked into a chat `by` a join, its history, a file: unless he is a party of the order, a line in the
  /// audit log, one in entry_audit_ms for the same person and chat. A list of chats is one without an id.
  void note_entry(const Caller& who, const ChatFacts& facts, std::string_view by);
  /// One event for any number of receivers, counted by its name.
  sioxx::engine::EncodedPtr encode(std::string_view event, std::string_view json, std::uint64_t order = 0);
  /// To everybody in the room, or with `except` to all but one user's devices.
  void broadcast(const ChatKey& chat, sioxx::engine::EncodedPtr message, const Uuid* except,
                 sioxx::engine::Delivery delivery);
  /// What is stored under a number, to everybody in its chat's room, in the order of the numbers: the message, or what
  /// became of it, and what belongs to it.
  void tell(News::Kind kind, const Message& message, std::span<const Told> events);
  /// On that part's shard: is a device of his in the chat, is one of his not?
  Nodes::Looks looks(Part& part, const Uuid& user, const ChatKey& chat);
  /// On that socket's shard: the rooms that his role opens to him, and no others any more.
  void seat_by_role(sioxx::Socket& socket, Role role);
  /// A node is gone that had a connection of his: tells that he is offline, unless he is anywhere else.
  void left_behind(const Uuid& user);
  /// On that part's shard: the bus is back; tells other nodes whose presence has changed while they did not hear it.
  void tell_presence_again(Part& part);
  /// What typing knows of the chat is out of date.
  void forget_facts(const ChatKey& chat);
  /// `order_typing` to the others in the room.
  void relay_typing(const ChatKey& chat, const Uuid& user, bool is_typing);
  /// Tells the connection why (`chat_error`) and ends it.
  void expel(const sioxx::SocketRef& socket, std::string event, Refusal why);

  /// On the user's home (Kind::event: anywhere): one token of the rate, of what all nodes together have left of it.
  Rates::Verdict take(Part& home, const Uuid& user, Rates::Kind kind);
  /// On the caller's home: one token of the rate, or the refusal; ends the connection of who is over too
  /// often, and all that he has when he was so over REST.
  std::optional<Refusal> over_rate(Part& home, const Caller& caller, Rates::Kind kind,
                                   std::string_view event);
  /// On the home shard: the facts of a chat, at most facts_cache_ms old; `then` may run at once.
  void with_facts(Part& home, const ChatKey& chat, FactsCache::Then then);
  /// On the home shard: ends what this device has said it types.
  void stop_typing(Part& home, const Uuid& user, const Uuid& device);

 private:
  void mailbox_full(unsigned shard);
  void expel_all(const Uuid& user, const std::string& event, const Refusal& why);
  void leave_if_lost(sioxx::Socket& socket, const ChatKey& chat, const std::optional<ChatFacts>& facts);
  void presence_changed(Part& home, const Uuid& user, bool online, WallMs last_seen_at);
  void look_up_audience(Part& home, const Uuid& user, const Part::News& news);
  void tell_presence(Part& home, const Uuid& user, const std::vector<ChatKey>& chats);
  void next_to_tell_again(Part& home);

  sioxx::Server& server_;
  store::Database& database_;
  const Auth& auth_;
  const ChatOptions options_;
  Log& log_;
  Metrics& metrics_;
  sioxx::Namespace& nsp_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::unique_ptr<Notices> notices_;
  std::unique_ptr<Nodes> nodes_;
};

}  // namespace rozmova::chat
