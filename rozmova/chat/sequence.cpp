#include "rozmova/chat/sequence.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

std::vector<Parcel> Sequence::begin(std::int64_t position) {
  known_ = true;
  position_ = position;
  highest_ = std::max(highest_, position);
  return take_ready();
}

std::vector<Parcel> Sequence::put(std::int64_t number, Parcel parcel) {
  if (known_ && number <= position_) return {};
  highest_ = std::max(highest_, number);
  if (parcel.empty()) return {};
  if (known_ && number == position_ + 1) {  // as nearly always
    position_ = number;
    std::vector<Parcel> out;
    out.push_back(std::move(parcel));
    auto more = take_ready();
    std::move(more.begin(), more.end(), std::back_inserter(out));
    return out;
  }
  waiting_.emplace(number, std::move(parcel));
  // The first ones are wanted first.
  if (waiting_.size() > waiting_max) waiting_.erase(std::prev(waiting_.end()));
  return known_ ? take_ready() : std::vector<Parcel>();
}

bool Sequence::pass(std::int64_t number) {
  if (number <= position_) return false;
  position_ = number;
  highest_ = std::max(highest_, number);
  return true;
}

std::vector<Parcel> Sequence::read_to_end(std::int64_t asked) {
  std::vector<Parcel> out = take_ready();
  while (position_ < asked && !waiting_.empty() && waiting_.begin()->first <= asked) {
    position_ = waiting_.begin()->first - 1;
    auto more = take_ready();
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  position_ = std::max(position_, asked);
  auto more = take_ready();
  std::move(more.begin(), more.end(), std::back_inserter(out));
  return out;
}

std::vector<Parcel> Sequence::take_ready() {
  std::vector<Parcel> out;
  for (auto first = waiting_.begin(); first != waiting_.end(); first = waiting_.erase(first)) {
    if (first->first > position_ + 1) break;
    if (first->first <= position_) continue;
    position_ = first->first;
    out.push_back(std::move(first->second));
  }
  return out;
}

}  // namespace rozmova::chat
