#include "sioxx/cluster/exchange.hpp"

#include "sioxx/cluster/shards.hpp"
#include "sioxx/engine/id.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace sioxx::cluster {
namespace {

/// What a queued message costs beside its frame.
constexpr std::size_t queued_cost_bytes = 256;

/// So that the end of a namespace's name in a channel is told from its beginning: "a:room:b" may be a name as well.
std::string without_colons(std::string_view name) {
  std::string text;
  text.reserve(name.size());
  for (const char letter : name) {
    if (letter == ':') {
      text += "%3A";
    } else if (letter == '%') {
      text += "%25";
    } else {
      text += letter;
    }
  }
  return text;
}

/// To whom it is said: null when it is an answer.
const BroadcastOptions* target_of(const Message& message) {
  return std::visit(
      [](const auto& one) -> const BroadcastOptions* {
        if constexpr (requires { one.target; }) return &one.target;
        return nullptr;
      },
      message);
}

/// Questions go to everybody, because everybody is waited for.
bool asks(const Message& message) {
  if (const auto* said = std::get_if<ServerSide>(&message)) return said->question.has_value();
  return std::holds_alternative<Fetch>(message) || std::holds_alternative<Ask>(message);
}

bool is_answer(const Message& message) { return target_of(message) == nullptr; }

}  // namespace

Exchange::Exchange(loop::Shard& shard, Shards& shards, std::unique_ptr<Carrier> carrier,
                   engine::ProcessId self, ExchangeLimits limits, BusWatch watch, const Log& log)
    : shard_(shard),
      shards_(shards),
      carrier_(std::move(carrier)),
      self_(self),
      limits_(std::move(limits)),
      watch_(std::move(watch)),
      log_(log) {
  stats_.attached = true;
}

Exchange::~Exchange() { carrier_->stop(); }

void Exchange::start() {
  carrier_->start(shard_, *this);
  shard_.timers().arm(*this, shard_.now() + limits_.beat_ms);
}

void Exchange::leave() {
  shard_.post([this] {
    if (state_ == State::gathering || state_ == State::open) {
      flush();
      Hello goodbye{shards_.count(), false, true};
      Outgoing last{{all_channel()}, encode(goodbye), true};
      write(last);
    }
    shard_.post([this] { shard_.stop(); });  // a turn later, when what was written has left
  });
}

bool Exchange::stats(std::function<void(const BusStats&)> done) {
  return shard_.post([this, done = std::move(done)] {
    BusStats stats = stats_;
    stats.ready = state_ == State::open || state_ == State::gathering;
    stats.rooms = interests_.size();
    stats.processes = static_cast<std::uint64_t>(std::count_if(
        processes_.begin(), processes_.end(), [](const auto& one) { return one.second.reachable; }));
    done(stats);
  });
}

// ---- channels

std::string Exchange::process_channel(engine::ProcessId process) const {
  return limits_.prefix + ":process:" + process.text();
}

std::string Exchange::node_channel(const engine::NodeTag& tag) const {
  return limits_.prefix + ":node:" + std::string(tag.view());
}

std::string Exchange::room_channel(std::string_view nsp, std::string_view room) const {
  return limits_.prefix + ":" + without_colons(nsp) + ":room:" + std::string(room);
}

std::vector<std::string> Exchange::channels_of(const Message& message) const {
  const BroadcastOptions& target = *target_of(message);
  const std::string* const nsp = std::visit(
      [](const auto& one) -> const std::string* {
        if constexpr (requires { one.nsp; }) return &one.nsp;
        return nullptr;
      },
      message);
  // A pattern's rooms go by the names of its namespaces.
  const bool anywhere = asks(message) || target.children || target.rooms.empty() ||
                        target.rooms.size() > limits_.rooms_of_a_message_max;
  if (anywhere) return {all_channel()};
  std::vector<std::string> channels;
  for (const std::string& room : target.rooms) {
    channels.push_back(room_channel(*nsp, room));
    // Nobody joins the room that a socket's own id is; and a room may look like an id.
    if (const auto tag = engine::Id::node_of(room)) channels.push_back(node_channel(*tag));
  }
  return channels;
}

// ---- out

void Exchange::publish(const std::shared_ptr<const Message>& message) {
  const BroadcastOptions* const target = target_of(*message);
  if (target == nullptr) return;
  const bool ephemeral = asks(*message) || target->delivery == engine::Delivery::ephemeral;
  std::string frame = encode(*message);
  if (!frame.empty()) post({channels_of(*message), std::move(frame), ephemeral});
}

void Exchange::answer(engine::ProcessId asker, const std::shared_ptr<const Message>& message) {
  std::string frame = encode(*message);
  if (!frame.empty()) post({{process_channel(asker)}, std::move(frame), true});
}

void Exchange::post(Outgoing outgoing) {
  shard_.post([this, outgoing = std::move(outgoing)]() mutable { send(std::move(outgoing)); });
}

void Exchange::send(Outgoing outgoing) {
  if (state_ == State::open && queue_.empty() && write(outgoing)) return;
  const bool talks = state_ == State::open || state_ == State::gathering;
  if (outgoing.ephemeral && talks && write(outgoing)) return;  // questions and answers overtake what waits
  keep(std::move(outgoing));
}

/// False: none of its channels has got it.
bool Exchange::write(Outgoing& outgoing) {
  put_front(outgoing.frame, {self_, ++number_});
  bool sent = false;
  for (const std::string& channel : outgoing.channels) sent |= carrier_->publish(channel, outgoing.frame);
  if (sent) ++stats_.published;
  return sent;
}

void Exchange::keep(Outgoing outgoing) {
  const std::size_t bytes = outgoing.frame.size() + queued_cost_bytes;
  if (outgoing.ephemeral || bytes > limits_.queue_bytes_max) {
    ++stats_.dropped;
    return;
  }
  while (stats_.queue_bytes + bytes > limits_.queue_bytes_max) {
    if (!std::exchange(told_full_, true))
      log(LogLine::Level::warning, "bus_queue_full", "the oldest of what waits for the bus is dropped");
    ++stats_.dropped;
    stats_.queue_bytes -= queue_.front().frame.size() + queued_cost_bytes;
    queue_.pop_front();
  }
  stats_.queue_bytes += bytes;
  queue_.push_back(std::move(outgoing));
}

void Exchange::flush() {
  while (!queue_.empty() && write(queue_.front())) {
    stats_.queue_bytes -= queue_.front().frame.size() + queued_cost_bytes;
    queue_.pop_front();
  }
  if (queue_.empty()) told_full_ = false;
}

void Exchange::say_hello(const std::string& channel, bool newcomer) {
  Outgoing hello{{channel}, encode(Hello{shards_.count(), newcomer, false}), true};
  write(hello);
}

// ---- rooms

void Exchange::room_changed(std::string_view nsp, std::string_view room) {
  shard_.post([this, nsp = std::string(nsp), room = std::string(room)] { look_at(nsp, room); });
}

/// Two threads may tell of one room in the wrong order, so what counts is what the directory says now.
void Exchange::look_at(const std::string& nsp, const std::string& room) {
  const bool wanted = shards_.where(nsp, room) != 0;
  std::string channel = room_channel(nsp, room);
  const auto found = interests_.find(channel);
  if (found != interests_.end()) {
    if (found->second.wanted && !wanted)
      unwanted_.emplace_back(shard_.now() + limits_.linger_ms, std::move(channel));
    found->second.wanted = wanted;
  } else if (wanted) {
    interests_.emplace(channel, Interest{nsp, room});
    if (state_ != State::away) subscribe(channel);
  }
}

void Exchange::drop_unwanted(loop::TimeMs now) {
  for (; !unwanted_.empty() && unwanted_.front().first <= now; unwanted_.pop_front()) {
    const auto found = interests_.find(unwanted_.front().second);
    if (found == interests_.end() || found->second.wanted) continue;
    if (state_ != State::away) carrier_->unsubscribe(found->first);
    interests_.erase(found);
  }
}

void Exchange::subscribe(const std::string& channel) {
  ++unconfirmed_;
  carrier_->subscribe(channel);
}

// ---- the carrier speaks

void Exchange::on_ready() {
  state_ = State::subscribing;
  told_refused_ = false;
  unconfirmed_ = 0;
  subscribe(all_channel());
  subscribe(process_channel(self_));
  subscribe(node_channel(engine::NodeTag::of(self_)));
  for (const auto& [channel, interest] : interests_) subscribe(channel);
}

void Exchange::on_subscribed(std::string_view channel) {
  if (state_ == State::away || unconfirmed_ == 0) return;
  const bool all = --unconfirmed_ == 0;
  if (state_ == State::subscribing) return all ? all_subscribed() : void();
  const auto found = interests_.find(std::string(channel));
  if (found == interests_.end() || !std::exchange(found->second.fresh, false)) return;
  if (watch_.subscribed) watch_.subscribed(found->second.nsp, found->second.room);
}

void Exchange::all_subscribed() {
  state_ = State::gathering;
  for (auto& [channel, interest] : interests_) interest.fresh = false;
  const loop::TimeMs now = shard_.now();
  gather_until_ = now + limits_.gather_ms;
  for (auto& [id, process] : processes_) process.heard = now;
  say_hello(all_channel(), true);
  log(LogLine::Level::info, "bus_back", {});
  if (watch_.back) watch_.back();
  open_if_gathered(now);
}

/// What waited here while the carrier was away would be lost upon those who are not back themselves.
void Exchange::open_if_gathered(loop::TimeMs now) {
  if (state_ != State::gathering) return;
  const bool missing = std::any_of(processes_.begin(), processes_.end(),
                                   [](const auto& one) { return !one.second.reachable; });
  if (missing && now < gather_until_) return shard_.timers().arm(*this, gather_until_);
  state_ = State::open;
  flush();
}

void Exchange::on_lost(std::string_view why) {
  const bool was_there = std::exchange(state_, State::away) != State::away;
  ++stats_.losses;
  for (auto& [id, process] : processes_) {
    if (std::exchange(process.reachable, false) && process.shards > 0)
      shards_.process_came(id, process.shards, false);
  }
  log(LogLine::Level::warning, "bus_lost", why);
  if (was_there && watch_.lost) watch_.lost(why);
}

void Exchange::on_refused(std::string_view why) {
  ++stats_.dropped;
  if (!std::exchange(told_refused_, true)) log(LogLine::Level::warning, "bus_refused", why);
}

void Exchange::on_heard(std::string_view, std::string_view bytes) {
  const auto front = front_of(bytes);
  if (!front || !front->from) {
    ++stats_.garbage;
    return;
  }
  if (front->from == self_) return;
  const auto known = processes_.find(front->from);
  const bool full = known == processes_.end() && processes_.size() >= limits_.processes_max;
  // A message to two rooms comes twice.
  if (known != processes_.end() && front->number <= known->second.number) return;
  auto frame = full ? std::nullopt : decoder_.decode(bytes);
  if (!frame) {
    if (stats_.garbage++ == 0)
      log(LogLine::Level::warning, "bus_garbage", "a message on the bus was not understood");
    return;
  }
  Process& process = processes_[front->from];
  process.number = front->number;
  process.heard = shard_.now();
  ++stats_.heard;
  if (const Hello* const hello = std::get_if<Hello>(&*frame)) return greeted(front->from, process, *hello);
  auto& message = std::get<Message>(*frame);
  if (is_answer(message)) {
    shards_.answered(front->from, std::move(message));
  } else {
    shards_.receive(std::make_shared<const Message>(std::move(message)));
  }
}

// ---- who is there

void Exchange::greeted(engine::ProcessId from, Process& process, const Hello& hello) {
  if (hello.leaving) return gone(from);
  const bool news = process.shards != hello.shards || !process.reachable;
  process.shards = hello.shards;
  process.reachable = true;
  if (news) {
    log(LogLine::Level::info, "bus_process_came", from.text());
    shards_.process_came(from, hello.shards);
  }
  if (hello.newcomer) say_hello(process_channel(from), false);
  open_if_gathered(shard_.now());
}

void Exchange::gone(engine::ProcessId id) {
  processes_.erase(id);
  log(LogLine::Level::info, "bus_process_gone", id.text());
  shards_.process_gone(id);
  open_if_gathered(shard_.now());
}

void Exchange::drop_silent(loop::TimeMs now) {
  std::vector<engine::ProcessId> silent;
  for (const auto& [id, process] : processes_) {
    if (now - process.heard > limits_.silent_ms) silent.push_back(id);
  }
  for (const engine::ProcessId id : silent) gone(id);
}

void Exchange::on_timer(loop::TimeMs now) {
  shard_.timers().arm(*this, now + limits_.beat_ms);
  drop_unwanted(now);
  open_if_gathered(now);
  if (state_ == State::open) flush();
  if (state_ != State::open && state_ != State::gathering) return;
  say_hello(all_channel(), false);
  drop_silent(now);
}

void Exchange::log(LogLine::Level level, std::string_view event, std::string_view detail) const {
  if (!log_) return;
  LogLine line;
  line.level = level;
  line.event = event;
  line.detail = detail;
  log_(line);
}

}  // namespace sioxx::cluster
