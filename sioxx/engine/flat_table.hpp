// An open-addressing hash table with linear probing: one byte of hash for each place, the entries beside them.
//
//   tags     [ . 4f . . 81 x 22 . ]     . free   x gone, a search goes on   else seven bits of the hash
//   entries  [ .  A . . B  . C  . ]
//
// A search reads the bytes and looks at an entry only where they fit, so entries may as well be pointers.

#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace sioxx::engine {

/// A set of small entries that hold their own key, for the very many: a place is a byte and the entry, and there are at
/// most 2.3 places an entry (16 to 64 for a small table). `Traits` says hash(key) and same(entry, key) for whatever is looked up, and
/// hash_of(entry). Whoever owns it uses it from one thread. Adding and dropping entries moves them.
template <class Entry, class Traits>
class FlatTable {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// The entry with this key, or null. Lasts until the next insert, erase or retain.
  template <class Key>
  Entry* find(const Key& key) {
    return const_cast<Entry*>(
        std::as_const(*this).find(key));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  }
  template <class Key>
  const Entry* find(const Key& key) const {
    if (size_ == 0) return nullptr;
    const std::size_t hash = mixed(Traits::hash(key));
    const std::uint8_t tag = tag_of(hash);
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      if (tags_[at] == free_tag) return nullptr;
      if (tags_[at] == tag && Traits::same(entries_[at], key)) return &entries_[at];
    }
  }
  /// Its key must not be there yet.
  Entry& insert(Entry entry) {
    if (used_ == places_ - places_ / 8) rehash([](const Entry&) { return true; });
    const std::size_t hash = mixed(Traits::hash_of(entry));
    std::size_t at = hash & mask();
    while (tags_[at] > gone_tag) at = (at + 1) & mask();
    if (tags_[at] == free_tag) ++used_;
    ++size_;
    tags_[at] = tag_of(hash);
    return entries_[at] = std::move(entry);
  }
  /// One that find() or insert() has given.
  void erase(Entry& entry) {
    const auto at = static_cast<std::size_t>(&entry - entries_.get());
    entry = Entry();
    const bool ends_chain = tags_[(at + 1) & mask()] == free_tag;
    tags_[at] = ends_chain ? free_tag : gone_tag;
    if (ends_chain) --used_;
    if (--size_ < places_ / 8 && places_ > places_min) rehash([](const Entry&) { return true; });
  }
  /// Drops what `wanted` does not want, and the room that it took.
  template <class Wanted>
  void retain(Wanted wanted) {
    if (size_ != 0) rehash(wanted);
  }
  /// The table must not change meanwhile.
  template <class Visit>
  void each(Visit visit) const {
    for (std::size_t at = 0; at < places_; ++at) {
      if (tags_[at] > gone_tag) visit(entries_[at]);
    }
  }

 private:
  static constexpr std::size_t places_min = 16;
  static constexpr std::uint8_t free_tag = 0, gone_tag = 1;

  std::size_t mask() const { return places_ - 1; }
  /// The hash's own low bits may be poor: ids are letters.
  static std::size_t mixed(std::size_t hash) {
    const std::uint64_t product = std::uint64_t{hash} * 0x9e37'79b9'7f4a'7c15;
    return static_cast<std::size_t>(product ^ product >> 32);
  }
  static std::uint8_t tag_of(std::size_t hash) { return static_cast<std::uint8_t>(hash >> 57 | 0x80); }

  template <class Wanted>
  void rehash(Wanted wanted) {
    std::size_t kept = 0;
    each([&](const Entry& entry) { kept += wanted(entry) ? 1 : 0; });
    FlatTable next;
    next.places_ = std::max(places_min, std::bit_ceil(kept + kept / 3 + 1));
    next.tags_ = std::make_unique<std::uint8_t[]>(next.places_);
    next.entries_ = std::make_unique<Entry[]>(next.places_);
    for (std::size_t at = 0; at < places_; ++at) {
      if (tags_[at] > gone_tag && wanted(std::as_const(entries_[at]))) next.insert(std::move(entries_[at]));
    }
    std::swap(*this, next);
  }

  std::unique_ptr<std::uint8_t[]> tags_;
  std::unique_ptr<Entry[]> entries_;
  std::size_t places_ = 0;
  std::size_t size_ = 0;
  std::size_t used_ = 0;  ///< places that are not free
};

}  // namespace sioxx::engine
