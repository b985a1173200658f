#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "packet.hpp"

namespace bench {

/// Every message names its run, sender and place in the sender's row, so that each delivery can be judged:
///
///   clientMessageId = run "-" side "-" counter     e.g. 5f0c11aa-0-0000002a
///   run     = 8 hex digits, new for each run       (a store that is kept must not see repeats)
///   side    = 0 client, 1 performer
///   counter = 8 hex digits, 1, 2, 3 … per sender; it is the ack id as well
class MessageWriter {
 public:
  MessageWriter(std::uint32_t run, std::size_t content_bytes);

  /// The packet `42<counter>["order_message",{…}]`. Valid until the next call.
  [[nodiscard]] std::string_view write(std::string_view order_id, unsigned side, std::uint32_t counter);

 private:
  std::string run_;
  std::string content_;
  std::string packet_;
};

/// What was found wrong with the deliveries, over the whole run.
struct DeliveryFaults {
  std::uint64_t overtaken = 0;     ///< a sender's message came after a later one of the same sender
  std::uint64_t seq_disorder = 0;  ///< seq was not the one after the previous
  std::uint64_t misdelivered = 0;  ///< the message of another chat
  std::uint64_t unreadable = 0;    ///< no orderId or no clientMessageId of this run

  [[nodiscard]] std::uint64_t total() const { return overtaken + seq_disorder + misdelivered + unreadable; }
};

/// Judges each `order_message` that arrives. Owned by a scenario, on the client's one thread.
class DeliveryCheck {
 public:
  struct Delivery {
    bool is_message = false;  ///< an order_message of this run
    unsigned side = 0;
    std::uint32_t counter = 0;
  };

  DeliveryCheck(std::uint32_t run, std::size_t members);

  /// `body` is the event array as it came, `expected_order` the chat of the member who received it.
  [[nodiscard]] Delivery check(std::size_t member, std::string_view expected_order, std::string_view body);

  [[nodiscard]] const DeliveryFaults& faults() const { return faults_; }
  [[nodiscard]] std::uint64_t deliveries() const { return deliveries_; }
  [[nodiscard]] bool has_seen_seq() const { return has_seen_seq_; }
  /// Mean size of a delivered packet (the WebSocket payload) in bytes.
  [[nodiscard]] double packet_bytes_mean() const;

 private:
  struct Member {
    std::uint64_t last_seq = 0;
    std::uint32_t last_counter[2] = {0, 0};
  };

  std::string run_;
  std::vector<Member> members_;
  FieldFinder order_id_{R"("orderId":)"};
  FieldFinder seq_{R"("seq":)"};
  FieldFinder client_message_id_{R"("clientMessageId":)"};
  DeliveryFaults faults_;
  std::uint64_t deliveries_ = 0;
  std::uint64_t packet_bytes_ = 0;
  bool has_seen_seq_ = false;
};

}  // namespace bench
