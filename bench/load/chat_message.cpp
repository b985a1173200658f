#include "chat_message.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace bench {

namespace {

constexpr std::string_view event_start = R"(["order_message",)";
constexpr std::string_view filler =
    "Is it ready for the courier today? I would like to collect it in person. ";
constexpr std::size_t run_digits = 8;
constexpr std::size_t counter_offset = run_digits + 3;
constexpr std::size_t id_size = counter_offset + 8;

void append_hex8(std::string& out, std::uint32_t value) {
  static constexpr char digits[] = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[(value >> shift) & 15U];
}

}  // namespace

MessageWriter::MessageWriter(std::uint32_t run, std::size_t content_bytes)
    : run_(fmt::format("{:08x}", run)) {
  while (content_.size() < content_bytes) content_ += filler;
  content_.resize(content_bytes);
}

std::string_view MessageWriter::write(std::string_view order_id, unsigned side, std::uint32_t counter) {
  packet_.assign("42");
  char number[16];
  const auto end = std::to_chars(std::begin(number), std::end(number), counter).ptr;
  packet_.append(number, static_cast<std::size_t>(end - number));
  packet_.append(R"(["order_message",{"orderId":")");
  packet_.append(order_id);
  packet_.append(R"(","content":")");
  packet_.append(content_);
  packet_.append(R"(","clientMessageId":")");
  packet_.append(run_);
  packet_ += '-';
  packet_ += static_cast<char>('0' + side);
  packet_ += '-';
  append_hex8(packet_, counter);
  packet_.append(R"("}])");
  return packet_;
}

DeliveryCheck::DeliveryCheck(std::uint32_t run, std::size_t members)
    : run_(fmt::format("{:08x}", run)), members_(members) {}

DeliveryCheck::Delivery DeliveryCheck::check(std::size_t member, std::string_view expected_order,
                                             std::string_view body) {
  if (!body.starts_with(event_start)) return {};
  const std::string_view id = client_message_id_.after(body);
  const std::string_view order = order_id_.after(body);
  Delivery delivery;
  if (id.size() < id_size + 2 || id[0] != '"' || id.substr(1, run_digits) != run_ ||
      order.size() < expected_order.size() + 2) {
    ++faults_.unreadable;
    return delivery;
  }
  delivery.side = id[run_digits + 2] == '1' ? 1U : 0U;
  const char* digits = id.data() + 1 + counter_offset;
  if (std::from_chars(digits, digits + 8, delivery.counter, 16).ec != std::errc{}) {
    ++faults_.unreadable;
    return delivery;
  }
  delivery.is_message = true;
  ++deliveries_;
  packet_bytes_ += body.size() + 2;
  if (order.substr(1, expected_order.size()) != expected_order) {
    ++faults_.misdelivered;
    return delivery;
  }

  Member& state = members_[member];
  std::uint32_t& last_counter = state.last_counter[delivery.side];
  if (delivery.counter <= last_counter) {
    ++faults_.overtaken;
  } else {
    last_counter = delivery.counter;
  }
  const std::uint64_t seq = leading_number(seq_.after(body), 0);
  if (seq != 0) {
    has_seen_seq_ = true;
    if (state.last_seq != 0 && seq != state.last_seq + 1) ++faults_.seq_disorder;
    state.last_seq = seq;
  }
  return delivery;
}

double DeliveryCheck::packet_bytes_mean() const {
  return deliveries_ == 0 ? 0 : static_cast<double>(packet_bytes_) / static_cast<double>(deliveries_);
}

}  // namespace bench
