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
/// What came back to us has left the engine, but the engine may go before the others had it.
constexpr loop::TimeMs settle_ms = 1'000;

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
      std::string last = encode(goodbye);
      put_front(last, {self_, number_});
      carrier_->publish(all_channel(), last);
    }
    shard_.post([this] { shard_.stop(); });  // a turn later, when what was written has left
  });
}

bool Exchange::stats(std::function<void(const BusStats&)> done) {
  return shard_.post([this, done = std::move(done)] {
    BusStats stats = stats_;
    stats.ready = state_ == State::open || state_ == State::gathering;
    stats.rooms = interests_.size();
    const loop::TimeMs now = shard_.now();
    if (greeted_at_ != 0) stats.echo_ms = std::max(stats.echo_ms, now - greeted_at_);
    for (const auto& [id, process] : processes_)
      stats.silence_ms = std::max(stats.silence_ms, now - process.heard);
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
  const bool ephemeral =
      asks(*message) || (target->delivery == engine::Delivery::ephemeral && !target->patient);
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
  if (state_ == State::open && queue_.empty() && write(outgoing)) return remember(std::move(outgoing));
  const bool talks = state_ == State::open || state_ == State::gathering;
  if (outgoing.ephemeral && talks && overtake(outgoing)) return;
  keep(std::move(outgoing));
}

/// False: none of its channels has got it.
bool Exchange::write(Outgoing& outgoing) {
  const std::uint64_t number = outgoing.number != 0 ? outgoing.number : number_ + 1;
  put_front(outgoing.frame, {self_, number});
  bool sent = false;
  for (const std::string& channel : outgoing.channels) sent |= carrier_->publish(channel, outgoing.frame);
  if (!sent) return false;
  ++stats_.published;
  stats_.resent += outgoing.number != 0 ? 1 : 0;
  outgoing.number = number;
  number_ = std::max(number_, number);
  return true;
}

/// Questions and answers overtake what waits. If that has old numbers, they go without one: they are on one channel, so
/// nobody hears them twice.
bool Exchange::overtake(Outgoing& outgoing) {
  if (queue_.empty() || queue_.front().number == 0) return write(outgoing);
  if (outgoing.channels.size() != 1) return false;
  put_front(outgoing.frame, {self_, 0});
  const bool sent = carrier_->publish(outgoing.channels.front(), outgoing.frame);
  stats_.published += sent ? 1 : 0;
  return sent;
}

// ---- what may have been lost

void Exchange::remember(Outgoing outgoing) {
  if (outgoing.ephemeral || !carrier_->echoes()) return;
  said_bytes_ += outgoing.frame.size() + queued_cost_bytes;
  said_.push_back({std::move(outgoing), shard_.now()});
  for (; said_bytes_ > limits_.queue_bytes_max; said_.pop_front())
    said_bytes_ -= said_.front().outgoing.frame.size() + queued_cost_bytes;
}

void Exchange::came_back(std::uint64_t number, bool is_greeting) {
  confirmed_ = std::max(confirmed_, number);
  const loop::TimeMs now = shard_.now();
  if (is_greeting && greeted_at_ != 0) stats_.echo_ms = now - std::exchange(greeted_at_, 0);
  while (!said_.empty() && said_.front().outgoing.number <= confirmed_ &&
         now - said_.front().at >= settle_ms) {
    said_bytes_ -= said_.front().outgoing.frame.size() + queued_cost_bytes;
    said_.pop_front();
  }
}

/// The carrier has gone: before all that waits now comes what may not have arrived.
void Exchange::doubt() {
  greeted_at_ = 0;
  for (; !said_.empty(); said_.pop_back()) {
    Outgoing& one = said_.back().outgoing;
    const std::size_t bytes = one.frame.size() + queued_cost_bytes;
    if (stats_.queue_bytes + bytes > limits_.queue_bytes_max) break;
    stats_.queue_bytes += bytes;
    queue_.push_front(std::move(one));
  }
  stats_.dropped += said_.size();
  said_.clear();
  said_bytes_ = 0;
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
    remember(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (queue_.empty()) told_full_ = false;
}

void Exchange::say_hello(const std::string& channel, bool newcomer) {
  std::string hello = encode(Hello{shards_.count(), newcomer, false});
  put_front(hello, {self_, number_});  // the last one said: when it comes back, so has that
  const bool said = carrier_->publish(channel, hello);
  if (said && channel == all_channel() && carrier_->echoes() && greeted_at_ == 0) greeted_at_ = shard_.now();
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
  doubt();
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
  const bool is_greeting = is_hello(bytes);
  if (front->from == self_) return came_back(front->number, is_greeting);
  const auto known = processes_.find(front->from);
  const bool full = known == processes_.end() && processes_.size() >= limits_.processes_max;
  // A message to two rooms comes twice.
  const bool is_numbered = front->number != 0 && !is_greeting;
  if (is_numbered && known != processes_.end() && front->number <= known->second.number) return;
  auto frame = full ? std::nullopt : decoder_.decode(bytes);
  if (!frame) {
    if (stats_.garbage++ == 0)
      log(LogLine::Level::warning, "bus_garbage", "a message on the bus was not understood");
    return;
  }
  Process& process = processes_[front->from];
  if (is_numbered) process.number = front->number;
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
