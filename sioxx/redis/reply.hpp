#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

struct redisReply;

namespace sioxx::redis {

/// A look at one answer or pushed message of the server; lasts for the call that hands it out. One thread.
class Reply {
 public:
  enum class Kind : std::uint8_t { text, integer, array, nil, status, error };
  explicit Reply(const redisReply* raw) : raw_(raw) {}

  Kind kind() const;
  bool failed() const { return kind() == Kind::error; }
  /// Of text, status and error; else empty.
  std::string_view text() const;
  /// Of an integer; else 0.
  std::int64_t integer() const;
  std::size_t size() const;  ///< of an array; else 0
  Reply operator[](std::size_t n) const;

 private:
  const redisReply* raw_;
};

}  // namespace sioxx::redis
