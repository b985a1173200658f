#include "sioxx/socket/gate.hpp"

#include <algorithm>
#include <utility>

namespace sioxx::socket {

void Gate::push(engine::EncodedPtr message, engine::Delivery delivery, std::size_t messages_max,
                std::size_t bytes_max) {
  bytes_ += message->chain_size();
  messages_.push_back({std::move(message), delivery});
  while (messages_.size() > messages_max || (bytes_ > bytes_max && messages_.size() > 1)) {
    const Held& oldest = messages_.front();
    bytes_ -= oldest.message->chain_size();
    if (oldest.delivery == engine::Delivery::durable) {
      lost_order_ = std::max(lost_order_, oldest.message->order());
      if (oldest.message->order() == 0) lost_without_order_ = true;
    }
    messages_.pop_front();
  }
}

bool Gate::complete(std::uint64_t after) {
  const bool all_here = lost_order_ <= after && !lost_without_order_;
  lost_order_ = 0;
  lost_without_order_ = false;
  return all_here;
}

}  // namespace sioxx::socket
