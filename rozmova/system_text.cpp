#include "rozmova/system_text.hpp"

#include <optional>

namespace rozmova {
namespace {

std::string_view of_order(OrderStatus now, std::string_view before) {
  switch (now) {
    case OrderStatus::created: return "The order waits to be accepted";
    case OrderStatus::accepted: return "The order was accepted";
    case OrderStatus::in_progress:
      return before == text(OrderStatus::delivered) ? "The order was sent back" : "The work is in progress";
    case OrderStatus::delivered: return "The order was delivered";
    case OrderStatus::completed: return "The order was completed";
    case OrderStatus::cancelled: return "The order was cancelled";
    case OrderStatus::disputed: return "A dispute was opened";
  }
  return {};
}

std::string_view of_dispute(DisputeStatus now) {
  switch (now) {
    case DisputeStatus::open: return "The dispute was opened";
    case DisputeStatus::under_review: return "The dispute is under review";
    case DisputeStatus::resolved: return "The dispute was resolved";
    case DisputeStatus::rejected: return "The dispute was rejected";
    case DisputeStatus::closed: return "The dispute was closed";
  }
  return {};
}

}  // namespace

std::string sentence_of(ChatKind kind, const Change& change, std::string_view moderator_name) {
  std::string sentence;
  if (change.what == Change::What::moderator) {
    if (change.value.empty()) return "The dispute has no moderator now";
    return "The dispute is in the hands of " +
           (moderator_name.empty() ? std::string("a moderator") : std::string(moderator_name));
  }
  if (kind == ChatKind::order) {
    const auto status = parse_order_status(change.value);
    sentence = status ? of_order(*status, change.previous) : std::string_view("The order has changed");
    if (change.dispute_id && status != OrderStatus::disputed)
      sentence = "The dispute is decided. " + sentence;
  } else {
    const auto status = parse_dispute_status(change.value);
    sentence = status ? of_dispute(*status) : std::string_view("The dispute has changed");
  }
  if (!change.note.empty()) sentence += ": " + change.note;
  return sentence;
}

}  // namespace rozmova
