#pragma once

#include "sioxx/cluster/bus.hpp"
#include "sioxx/cluster/directory.hpp"
#include "sioxx/cluster/message.hpp"
#include "sioxx/cluster/node.hpp"
#include "sioxx/engine/id.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/socket/local.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sioxx::cluster {

/// The Adapter of one process: tells the shards that have members, by mailbox, and the bus, if there is one. Owned
/// by the Server. Any thread.
///
/// Order. All that one thread sends reaches each shard in the order of its calls: a shard's own thread serves its own
/// sockets at once and posts to the others; any other thread posts to all. Delivery calls nobody back, so a broadcast
/// cannot begin inside another one. Between two threads there is no order (a chat's `seq` is made for that).
class Shards final : public Adapter {
 public:
  /// With a single shard and no bus there is no directory: every room is there or nowhere.
  Shards(std::vector<loop::Shard*> shards, const Log& log) : shards_(std::move(shards)), log_(log) {}

  /// Before the shards run: what lives on each, and where other processes are.
  void settle(const std::vector<socket::Local*>& locals);
  void attach(Bus& bus) {
    bus_ = &bus;
    tag_ = engine::NodeTag::of(bus.self());
  }
  engine::ProcessId self() const { return bus_ == nullptr ? engine::ProcessId{} : bus_->self(); }
  /// After the shards have stopped, and before what lives on them goes: whoever still waits for answers gets none.
  void drop_questions() {
    for (const auto& node : nodes_) node->questions().drop();
  }

  void broadcast(std::string_view nsp, engine::EncodedPtr message, BroadcastOptions options) override;
  void broadcast_with_ack(std::string_view nsp, engine::EncodedPtr event, BroadcastOptions options,
                          std::int64_t timeout_ms, OnAnswers done) override;
  void sockets_join(std::string_view nsp, BroadcastOptions target, std::vector<std::string> rooms) override;
  void sockets_leave(std::string_view nsp, BroadcastOptions target, std::vector<std::string> rooms) override;
  void disconnect_sockets(std::string_view nsp, BroadcastOptions target, bool close) override;
  void fetch_sockets(std::string_view nsp, BroadcastOptions target, std::int64_t timeout_ms,
                     OnFetched done) override;
  void server_side_emit(std::string_view nsp, std::string_view event, boost::json::array args,
                        BroadcastOptions target, std::int64_t timeout_ms, OnAnswers done) override;
  void room_opened(unsigned shard, std::string_view nsp, std::string_view room) override;
  void room_closed(unsigned shard, std::string_view nsp, std::string_view room) override;
  /// A Join has been opened on that shard, or will never be: whether the room has members there now.
  void joined(unsigned shard, std::string_view nsp, std::string_view room, bool there);

  std::uint64_t next_offset() override { return ++offsets_; }
  void claim_session(unsigned shard, SessionClaim claim, std::int64_t timeout_ms,
                     std::function<void(std::optional<Recovered>)> done) override;
  void session_moved(unsigned home, std::string_view pid, std::optional<unsigned> shard) override;

  // ---- for nodes and for the bus
  void forward(unsigned shard, Message message, engine::ProcessId from = {});
  void answer(const Question& question, Message message);
  /// From another process: a broadcast, a command, a signal or a question, for whichever shards have members. Whoever
  /// asked is answered for the others at once.
  void receive(const std::shared_ptr<const Message>& message);
  /// From another process: an answer to a question of ours.
  void answered(engine::ProcessId from, Message message);
  /// Another process is there (with so many shards), or does not come through for the moment, or has gone.
  void process_came(engine::ProcessId id, std::size_t shards, bool reachable = true);
  void process_gone(engine::ProcessId id);

  const Directory& directory() const { return directory_; }
  /// One bit per shard that may have members in the room. Any thread.
  Directory::Mask where(std::string_view nsp, std::string_view room) const {
    return directed() ? directory_.find(nsp, room) : 1;
  }
  std::size_t count() const { return shards_.size(); }

 private:
  class Letter;
  using Mask = Directory::Mask;
  static constexpr Mask bit(unsigned shard) { return Mask{1} << shard; }

  bool directed() const { return shards_.size() > 1 || bus_ != nullptr; }
  Mask everybody() const;
  Mask targets(std::string_view nsp, const BroadcastOptions& options) const;
  /// The calling shard, if it is one of ours; else null.
  Node* here() const;
  /// To each shard of the mask, to one's own at once. `unreached`: called for each shard whose mailbox refused.
  void send(Mask mask, const std::shared_ptr<const Message>& message,
            const std::function<void(unsigned)>& unreached);
  void announce(Mask mask, const Join& join);
  /// A broadcast, a command or a signal: our shards, then the bus.
  void tell(Mask mask, bool local, Message message);
  enum class Reach : std::uint8_t { process, cluster };
  static Reach reach(const BroadcastOptions& target) {
    return target.local ? Reach::process : Reach::cluster;
  }
  /// `make(question)` is the message. Runs on the calling shard, or else on shard 0.
  void ask(Mask mask, Reach reach, std::int64_t timeout_ms, std::function<Message(const Question&)> make,
           Questions::Done done);
  /// Nobody waits for that message, and the shard did not get it.
  void missed(unsigned shard, const Message& message);

  std::vector<loop::Shard*> shards_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Bus* bus_ = nullptr;
  engine::NodeTag tag_;  ///< of this process in its ids, when there is a bus
  const Log& log_;
  bool recovery_ = false;  ///< broadcasts get an offset
  std::atomic<std::uint64_t> offsets_{0};
  Directory directory_;
};

}  // namespace sioxx::cluster
