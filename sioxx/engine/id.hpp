#pragma once

#include "sioxx/engine/process_id.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sioxx::engine {

/// Names a process among those that serve together: three letters of an id, 18 bits. A value.
struct NodeTag {
  static constexpr std::size_t length = 3;

  std::array<char, length> letters{'A', 'A', 'A'};

  std::string_view view() const { return {letters.data(), length}; }
  friend bool operator==(const NodeTag&, const NodeTag&) = default;

  /// The beginning of that process's text: of 18 random bits, so that two of ten processes have the same one once in six
  /// thousand starts. Then each calls the other's sessions unknown, as if they had ended; nothing worse.
  static NodeTag of(const ProcessId& process);
  /// Three letters of ids and nothing else.
  static std::optional<NodeTag> parse(std::string_view text);
};

/// Twenty characters of A–Z a–z 0–9 _ - held in place: the shape of every session's and socket's id in the
/// field (socketio-wire: "Id shape"). A value; reads as a string wherever one is wanted.
///
///   id = shard (1 letter)  node tag (3)  96 random bits (16)
class Id {
 public:
  static constexpr std::size_t length = 20;

  Id() = default;
  explicit Id(const std::array<char, length>& text) : text_(text) {}

  std::string_view view() const { return {text_.data(), length}; }
  std::string str() const { return std::string(view()); }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  operator std::string() const { return str(); }        // NOLINT(google-explicit-constructor)

  static constexpr std::size_t size() { return length; }
  const char* data() const { return text_.data(); }

  friend bool operator==(const Id& a, const Id& b) { return a.text_ == b.text_; }
  friend bool operator==(const Id& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const Id& a, const std::string& b) { return a.view() == b; }
  friend bool operator==(const Id& a, const char* b) { return a.view() == b; }
  friend std::string operator+(std::string a, const Id& b) { return a.append(b.view()); }
  friend std::string operator+(const Id& a, std::string_view b) { return a.str().append(b); }

  /// Whether `text` has the shape of an id.
  static bool shaped(std::string_view text);
  /// The 64 letters of ids in order of value.
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  /// Which process an id of our shape was made by, or nothing.
  static std::optional<NodeTag> node_of(std::string_view text);
  /// Value of a letter, or nothing.
  static std::optional<unsigned> value(char letter);

 private:
  std::array<char, length> text_{};
};

/// Ids are random, so any eight characters of one are its hash. Strings that are not ids may collide:
/// harmless, because only ids of our own making are ever stored.
struct IdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const noexcept {
    if (id.size() != Id::length) return 0;
    std::size_t hash;
    std::memcpy(&hash, id.data() + Id::length - sizeof hash, sizeof hash);
    return hash;
  }
};

}  // namespace sioxx::engine

template <>
struct std::hash<sioxx::engine::Id> {
  std::size_t operator()(const sioxx::engine::Id& id) const noexcept {
    return sioxx::engine::IdHash{}(id.view());
  }
};
