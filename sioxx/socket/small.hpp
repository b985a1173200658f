#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace sioxx::socket {

/// A vector that keeps up to N values in itself: most rooms have two members and most sockets few rooms, and
/// there are very many of both. Gives the heap back when it fits inside again. Order is the caller's
/// business.
template <class T, std::uint32_t N>
class Small {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

 public:
  Small() {}
  Small(const Small&) = delete;
  Small& operator=(const Small&) = delete;
  ~Small() {
    if (capacity_ > N) delete[] heap_;
  }

  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* begin() { return capacity_ > N ? heap_ : inline_; }
  T* end() { return begin() + size_; }
  const T* begin() const { return capacity_ > N ? heap_ : inline_; }
  const T* end() const { return begin() + size_; }
  T& operator[](std::uint32_t at) { return begin()[at]; }
  const T& operator[](std::uint32_t at) const { return begin()[at]; }
  T& back() { return begin()[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) resize(capacity_ * 2);
    begin()[size_++] = value;
  }
  void pop_back() {
    --size_;
    if (capacity_ > N && size_ <= N) {
      resize(N);
    } else if (capacity_ > 64 && size_ < capacity_ / 4) {
      resize(capacity_ / 2);
    }
  }

 private:
  void resize(std::uint32_t capacity) {
    T* const old = begin();
    const bool was_heap = capacity_ > N;
    T* const heap = capacity > N ? new T[capacity] : nullptr;
    T kept[N];
    if (heap == nullptr) {
      // Never more than N here; g++ 12 cannot see it and warns.
      std::memcpy(kept, old, sizeof(T) * std::min(size_, N));
    } else {
      std::memcpy(heap, old, sizeof(T) * size_);
    }
    if (was_heap) delete[] old;
    capacity_ = capacity;
    if (heap == nullptr) {
      std::memcpy(inline_, kept, sizeof(T) * std::min(size_, N));
    } else {
      heap_ = heap;
    }
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = N;
  union {
    T inline_[N];
    T* heap_;
  };
};

}  // namespace sioxx::socket
