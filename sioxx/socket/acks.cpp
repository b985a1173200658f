#include "sioxx/socket/acks.hpp"

#include "sioxx/socket/socket.hpp"

#include <algorithm>
#include <utility>

namespace sioxx::socket {

bool Acks::expect(std::uint64_t id, loop::TimeMs deadline, const OnAnswer& on_answer) {
  if (waiting_.size() >= waiting_max) return false;
  waiting_.push_back({id, deadline, on_answer});
  arm();
  return true;
}

void Acks::arm() {
  if (waiting_.empty()) return disarm();
  const auto soonest =
      std::min_element(waiting_.begin(), waiting_.end(),
                       [](const Waiting& a, const Waiting& b) { return a.deadline < b.deadline; });
  if (!armed() || due() != soonest->deadline) timers_.arm(*this, soonest->deadline);
}

void Acks::answered(std::uint64_t id, Answer answer) {
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(), [id](const Waiting& one) { return one.id == id; });
  if (found == waiting_.end()) return;
  const OnAnswer on_answer = std::move(found->on_answer);
  waiting_.erase(found);
  arm();
  on_answer(std::move(answer));
}

void Acks::give_up() {
  disarm();
  for (const Waiting& one : std::exchange(waiting_, {})) one.on_answer(std::nullopt);
}

void Acks::on_timer(loop::TimeMs now) {
  std::vector<Waiting> late;
  const auto cut = std::stable_partition(waiting_.begin(), waiting_.end(),
                                         [now](const Waiting& one) { return one.deadline > now; });
  std::move(cut, waiting_.end(), std::back_inserter(late));
  waiting_.erase(cut, waiting_.end());
  arm();
  const auto owner = owner_.shared_from_this();
  for (const Waiting& one : late) one.on_answer(std::nullopt);  // may do anything to us
  owner->trim_acks();
}

}  // namespace sioxx::socket
