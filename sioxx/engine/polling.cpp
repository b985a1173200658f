#include "sioxx/engine/polling.hpp"

#include "sioxx/engine/base64.hpp"
#include "sioxx/engine/sessions.hpp"

#include <algorithm>
#include <utility>

namespace sioxx::engine {

std::size_t Session::Polling::cost(const Encoded& message) {
  const std::size_t bytes = message.packet().size();
  return packet_cost_bytes + (message.is_binary() ? base64_size(bytes) : bytes);
}

void Session::Polling::push(EncodedPtr message) {
  for (; message != nullptr; message = message->next()) {
    bytes_ += cost(*message);
    queue_.push_back({message, PacketType::message});
  }
}

void Session::Polling::push(PacketType control) {
  const bool said = !queue_.empty() && queue_.back().message == nullptr && queue_.back().control == control;
  if (!said) queue_.push_back({nullptr, control});
}

/// Bytes only for who takes them, and only when there are any (reference: `encodePayload` of protocol 3).
PayloadForm Session::Polling::form() const {
  if (session_.revision() == Revision::v4) return PayloadForm::v4;
  const bool some_binary = std::any_of(queue_.begin(), queue_.end(), [](const Item& item) {
    return item.message != nullptr && item.message->is_binary();
  });
  return some_binary && session_.revision() == Revision::v3 ? PayloadForm::v3_bytes : PayloadForm::v3_text;
}

Body Session::Polling::take_payload(std::size_t bytes_max, bool is_last) {
  const PayloadForm one_form = form();
  PayloadWriter body(bytes_max, one_form);
  body.expect(bytes_ + queue_.size());
  std::size_t taken = 0;
  bool compress = false;
  for (; taken < queue_.size(); ++taken) {
    const Item& item = queue_[taken];
    // As the reference does: a client that reads a close ends at once, while the messages before it in the same body
    // are still on their way to its handlers, which then never hear them.
    const bool ends = item.message == nullptr && item.control == PacketType::close;
    if (ends && taken > 0 && !is_last) break;
    const char control = digit(item.control);
    const bool fits = item.message == nullptr     ? body.add_text({&control, 1})
                      : item.message->is_binary() ? body.add_binary(item.message->packet())
                                                  : body.add_text(item.message->packet());
    if (!fits) break;
    if (item.message == nullptr) continue;
    bytes_ -= cost(*item.message);
    compress = compress || item.message->compress();
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken));
  if (queue_.empty()) queue_.shrink_to_fit();
  Body answer(std::move(body).take(), one_form == PayloadForm::v3_bytes);
  answer.compress = compress;
  return answer;
}

void Session::Polling::drain_to(Transport& websocket) {
  for (const Item& item : std::exchange(queue_, {})) {
    if (item.message != nullptr) {
      write_message(websocket, *item.message, session_.revision());
    } else if (item.control != PacketType::close) {  // a WebSocket says so by its own frame
      websocket.write(item.control, {});
    }
  }
  bytes_ = 0;
}

void Session::Polling::drop_queue() {
  queue_ = {};
  bytes_ = 0;
}

void Session::Polling::start_probe(loop::Timers& timers, loop::TimeMs now, loop::TimeMs timeout_ms) {
  probed_ = false;
  deadline_ = now + timeout_ms;
  next_noop_ = now;
  timers.arm(*this, deadline_);
}

void Session::Polling::stop_probe() {
  probed_ = false;
  disarm();
}

bool Session::Polling::may_noop(loop::Timers& timers, loop::TimeMs now) {
  if (now >= next_noop_) {
    next_noop_ = now + noop_interval_ms;
    return true;
  }
  timers.arm(*this, std::min(next_noop_, deadline_));
  return false;
}

void Session::Polling::on_timer(loop::TimeMs now) {
  if (now >= deadline_) {
    session_.drop_probe();
    return;
  }
  session_.home_.timers().arm(*this, deadline_);
  if (get != nullptr) {
    next_noop_ = now + noop_interval_ms;
    session_.answer_noop();
  }
}

}  // namespace sioxx::engine
