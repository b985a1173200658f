// One turn:
//
//   wait -> read the clock -> take letters -> descriptors -> open letters -> timers -> turn end -> bury
//
// Letters are taken before the descriptors are served but opened after them: whatever became readable before
// a letter was posted is served before that letter. So "5 on the WebSocket, then a GET that another shard
// hands over" stays in the order in which the client did it.

#include "sioxx/loop/shard.hpp"

#include "sioxx/loop/fault.hpp"
#include "sioxx/loop/mailbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace sioxx::loop {
namespace {

constexpr std::size_t scratch_bytes = 65'536;
/// So few that what a turn has gathered for its sockets is still in the processor's cache when it is sent, and so many that
/// what belongs to one socket still leaves together.
constexpr int events_a_turn_max = 64;
constexpr int letters_a_flush_max = 64;
/// Work that asks for another turn end from inside one gets it at once this often, then waits for the next
/// turn.
constexpr int turn_end_rounds_max = 8;

thread_local Shard* current_shard = nullptr;

std::int64_t monotonic_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

WallMs wall_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

class ListEnd final : public TurnEnd {
 public:
  void on_turn_end() override {}
};

}  // namespace

struct Shard::State {
  const unsigned index;
  int epoll = -1;
  Mailbox mailbox{mailbox_letters_max};
  std::int64_t now_ns = monotonic_ns();
  WallMs wall = wall_ms();
  Timers timers{now_ns / 1'000'000};
  ListEnd turn_ends;
  std::vector<std::unique_ptr<Buried>> dead;
  std::vector<LetterPtr> letters;
  std::unique_ptr<char[]> scratch{new char[scratch_bytes]};
  std::array<epoll_event, events_a_turn_max> events{};
  int event_at = 0, event_count = 0;  ///< what of `events` is still to be served
  bool fine_waits = true;             ///< epoll_pwait2 exists (Linux 5.11)

  explicit State(unsigned shard_index) : index(shard_index) {
    epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) throw std::system_error(errno, std::generic_category(), "epoll for a shard");
    make_empty(turn_ends);
    epoll_event mail{};
    mail.events = EPOLLIN;
    mail.data.ptr = this;  // told from a Pollable by its value: it is ours alone
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, mailbox.descriptor(), &mail) < 0) {
      const int error = errno;
      ::close(epoll);
      throw std::system_error(error, std::generic_category(), "epoll for a shard's mailbox");
    }
  }

  ~State() {
    while (!empty(turn_ends)) unlink(*turn_ends.next_turn_);
    letters.clear();
    while (!dead.empty()) std::exchange(dead, {}).clear();
    ::close(epoll);
  }

  static void make_empty(TurnEnd& list) { list.previous_turn_ = list.next_turn_ = &list; }
  static bool empty(const TurnEnd& list) { return list.next_turn_ == &list; }
  static void unlink(TurnEnd& work) {
    work.previous_turn_->next_turn_ = work.next_turn_;
    work.next_turn_->previous_turn_ = work.previous_turn_;
    work.previous_turn_ = work.next_turn_ = nullptr;
  }
  static void append(TurnEnd& list, TurnEnd& work) {
    work.previous_turn_ = list.previous_turn_;
    work.next_turn_ = &list;
    list.previous_turn_->next_turn_ = &work;
    list.previous_turn_ = &work;
  }

  void read_clock() {
    now_ns = monotonic_ns();
    wall = wall_ms();
  }

  /// How long this turn may sleep, in nanoseconds.
  std::int64_t sleep_ns(int wait_max_ms) {
    if (!empty(turn_ends) || !dead.empty()) return 0;
    std::int64_t sleep = std::int64_t{wait_max_ms} * 1'000'000;
    if (const auto due = timers.next_due()) {
      sleep = std::clamp(*due * 1'000'000 - monotonic_ns(), std::int64_t{0}, sleep);
    }
    return sleep;
  }

  int wait(std::int64_t ns) {
    if (fine_waits) {
      timespec time{};
      time.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
      time.tv_nsec = static_cast<long>(ns % 1'000'000'000);
      const int count = ::epoll_pwait2(epoll, events.data(), events_a_turn_max, &time, nullptr);
      if (count >= 0) return count;
      if (errno != ENOSYS) return 0;  // EINTR: the turn goes on with nothing
      fine_waits = false;
    }
    const int count =
        ::epoll_wait(epoll, events.data(), events_a_turn_max, static_cast<int>((ns + 999'999) / 1'000'000));
    return std::max(count, 0);
  }

  void serve_descriptors() {
    while (event_at < event_count) {
      const epoll_event event = events[static_cast<std::size_t>(event_at++)];
      if (event.data.ptr == nullptr || event.data.ptr == this) continue;
      static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
    }
  }

  void open_letters() {
    int opened = 0;
    for (LetterPtr& letter : letters) {
      letter->open();
      letter.reset();
      if (++opened % letters_a_flush_max == 0) end_turn();
    }
    letters.clear();
  }

  void end_turn() {
    for (int round = 0; round < turn_end_rounds_max && !empty(turn_ends); ++round) {
      ListEnd now_due;
      now_due.previous_turn_ = turn_ends.previous_turn_;
      now_due.next_turn_ = turn_ends.next_turn_;
      now_due.previous_turn_->next_turn_ = &now_due;
      now_due.next_turn_->previous_turn_ = &now_due;
      make_empty(turn_ends);
      while (!empty(now_due)) {
        TurnEnd* work = now_due.next_turn_;
        unlink(*work);
        work->on_turn_end();
      }
      now_due.previous_turn_ = now_due.next_turn_ = nullptr;
    }
    // What dies here may bury others; they go with the next turn, which then does not sleep.
    std::vector<std::unique_ptr<Buried>> going;
    going.swap(dead);
    going.clear();
    if (dead.empty()) dead.swap(going);  // keeps the capacity
  }
};

TurnEnd::~TurnEnd() {
  if (next_turn_ == nullptr) return;
  previous_turn_->next_turn_ = next_turn_;
  next_turn_->previous_turn_ = previous_turn_;
}

Shard::Shard(unsigned index) : state_(std::make_unique<State>(index)) {}
Shard::~Shard() = default;

unsigned Shard::index() const { return state_->index; }
bool Shard::post(LetterPtr letter, Mail mail) { return state_->mailbox.put(std::move(letter), mail); }
std::uint64_t Shard::refused_letters() const { return state_->mailbox.refused(); }
void Shard::stop() { state_->mailbox.close(); }

void Shard::run() {
  while (!state_->mailbox.closed()) turn(60'000);
  turn(0);  // what was posted before the stop is still opened
}

void Shard::turn(int wait_max_ms) {
  Shard* const outer = std::exchange(current_shard, this);
  State& state = *state_;
  state.event_at = 0;
  state.event_count = state.wait(state.sleep_ns(wait_max_ms));
  state.read_clock();
  for (int at = 0; at < state.event_count; ++at) {
    if (state.events[static_cast<std::size_t>(at)].data.ptr == &state) state.mailbox.take(state.letters);
  }
  state.serve_descriptors();
  state.open_letters();
  state.timers.advance(now());
  state.end_turn();
  current_shard = outer;
}

TimeMs Shard::now() const { return state_->now_ns / 1'000'000; }
WallMs Shard::wall() const { return state_->wall; }
Timers& Shard::timers() { return state_->timers; }

bool Shard::watch(int fd, std::uint32_t events, Pollable& pollable) {
  if (fault::at(fault::Point::watch) != 0) return false;
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  return ::epoll_ctl(state_->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Shard::change(int fd, std::uint32_t events, Pollable& pollable) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  ::epoll_ctl(state_->epoll, EPOLL_CTL_MOD, fd, &event);
}

void Shard::unwatch(int fd, Pollable& pollable) {
  epoll_event unused{};
  ::epoll_ctl(state_->epoll, EPOLL_CTL_DEL, fd, &unused);
  for (int at = state_->event_at; at < state_->event_count; ++at) {
    epoll_event& event = state_->events[static_cast<std::size_t>(at)];
    if (event.data.ptr == &pollable) event.data.ptr = nullptr;
  }
}

void Shard::at_turn_end(TurnEnd& work) {
  if (work.next_turn_ == nullptr) State::append(state_->turn_ends, work);
}

void Shard::bury(std::unique_ptr<Buried> dead) { state_->dead.push_back(std::move(dead)); }
std::span<char> Shard::scratch() { return {state_->scratch.get(), scratch_bytes}; }
Shard* Shard::here() { return current_shard; }

}  // namespace sioxx::loop
