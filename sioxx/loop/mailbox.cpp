#include "sioxx/loop/mailbox.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace sioxx::loop {

Mailbox::Mailbox(std::size_t letters_max)
    : letters_max_(letters_max), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd for a shard's mailbox");
}

Mailbox::~Mailbox() { ::close(wake_fd_); }

bool Mailbox::put(LetterPtr letter, Mail mail) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    if (mail == Mail::news && letters_.size() >= letters_max_) {
      ++refused_;
      return false;
    }
    first = letters_.empty();
    letters_.push_back(std::move(letter));
  }
  if (first) wake();
  return true;
}

void Mailbox::take(std::vector<LetterPtr>& letters) {
  std::uint64_t ignored = 0;
  // Quiet first, then swap: a letter that comes in between wakes once too often rather than never.
  [[maybe_unused]] const auto n = ::read(wake_fd_, &ignored, sizeof ignored);
  const std::lock_guard lock(mutex_);
  letters_.swap(letters);
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake();
}

std::uint64_t Mailbox::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

bool Mailbox::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Mailbox::wake() {
  const std::uint64_t one = 1;
  // Fails only when the counter is at its maximum, and then the owner is awake anyway.
  [[maybe_unused]] const auto n = ::write(wake_fd_, &one, sizeof one);
}

}  // namespace sioxx::loop
