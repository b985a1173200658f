#include "sioxx/net/connections.hpp"

#include "sioxx/net/connection.hpp"
#include "sioxx/net/relay.hpp"

#include <ctime>
#include <utility>

namespace sioxx::net {

Tracked::~Tracked() = default;

Connections::Connections(House& house, unsigned shard) : house_(house), shard_(house.shard(shard)) {}

Connections::~Connections() {
  while (first_ != nullptr) first_->abandon();
}

void Connections::adopt(Stream stream, const IpAddress& address, Admission::Seat seat) {
  if (!secured(stream)) return;
  Connection::begin(*this, std::move(stream), address, std::move(seat));
}

void Connections::turn_away(Stream stream, const IpAddress& address, const TurnedAway& why) {
  if (turned_away_ >= turned_away_max || !secured(stream)) return;
  ++turned_away_;
  Connection::begin(*this, std::move(stream), address, {}, &why);
}

void Connections::use_peers(std::shared_ptr<const Peers> peers) {
  relay_ = std::make_shared<Relay>(shard_, std::move(peers));
}

void Connections::log_refusal(std::string_view address, std::string_view reason, std::string_view detail) {
  if (!refusals_.armed()) {
    refusals_.lines = 0;
    shard_.timers().arm(refusals_, shard_.now() + 1'000);
  }
  if (refusals_.lines >= refusal_lines_a_second_max) {
    ++refusals_.suppressed;
    return;
  }
  ++refusals_.lines;
  LogLine line;
  line.event = "http_refused";
  line.address = address;
  line.reason = reason;
  line.detail = detail;
  house_.log(line);
}

void Connections::log_failure(std::string_view why) {
  LogLine line;
  line.level = LogLine::Level::error;
  line.event = "http_handler_failed";
  line.reason = why;
  house_.log(line);
}

void Connections::Refusals::on_timer(loop::TimeMs) {
  if (suppressed == 0) return;
  const std::string detail = std::to_string(std::exchange(suppressed, 0)) + " more in this second";
  LogLine line;
  line.event = "http_refused";
  line.reason = "TOO_MANY_LINES";
  line.detail = detail;
  home_.house_.log(line);
}

bool Connections::may_shake_hands() {
  if (handshakes_.this_turn == tls_handshakes_a_turn_max) return false;
  if (handshakes_.this_turn++ == 0) shard_.at_turn_end(handshakes_);
  return true;
}

void Connections::close_all() {
  closing_ = true;
  for (Tracked* at = first_; at != nullptr;) {
    Tracked* const next = at->next_;  // wind_up() may unlink `at`, and nobody else
    at->wind_up();
    at = next;
  }
}

void Connections::keep(std::unique_ptr<Tracked> connection) {
  Tracked* const kept = connection.release();
  kept->next_ = first_;
  if (first_ != nullptr) first_->previous_ = kept;
  first_ = kept;
  ++size_;
}

void Connections::bury(Tracked& connection) {
  if (connection.previous_ != nullptr) {
    connection.previous_->next_ = connection.next_;
  } else {
    first_ = connection.next_;
  }
  if (connection.next_ != nullptr) connection.next_->previous_ = connection.previous_;
  connection.previous_ = connection.next_ = nullptr;
  --size_;
  shard_.bury(std::unique_ptr<loop::Buried>(&connection));
}

std::unique_ptr<Output> Connections::borrow_output() {
  if (spare_outputs_.empty()) return std::make_unique<Output>();
  std::unique_ptr<Output> output = std::move(spare_outputs_.back());
  spare_outputs_.pop_back();
  spare_outputs_bytes_ -= output->bytes.capacity();
  return output;
}

void Connections::give_back(std::unique_ptr<Output> output) {
  const std::size_t bytes = output->bytes.capacity();
  if (spare_outputs_.size() >= spare_outputs_max || bytes > spare_output_bytes_max ||
      spare_outputs_bytes_ + bytes > spare_outputs_bytes_max) {
    return;
  }
  spare_outputs_bytes_ += bytes;
  output->bytes.clear();
  output->sent = 0;
  output->owner = nullptr;
  spare_outputs_.push_back(std::move(output));
}

Zip& Connections::zip() {
  if (zip_ == nullptr) zip_ = std::make_unique<Zip>();
  return *zip_;
}

MessageDeflate& Connections::message_deflate() {
  if (message_deflate_ == nullptr) message_deflate_ = std::make_unique<MessageDeflate>(zip(), options());
  return *message_deflate_;
}

std::string_view Connections::date_header() {
  const loop::WallMs second = shard_.wall() / 1'000;
  if (second != date_second_) {
    date_second_ = second;
    const std::time_t time = static_cast<std::time_t>(second);
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    char text[64];
    // Without a locale set by the program these names are the English ones of RFC 9110 §5.6.7.
    const std::size_t size = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    date_.assign(text, size);
  }
  return date_;
}

}  // namespace sioxx::net
