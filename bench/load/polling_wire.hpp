#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

/// What an HTTP/1.1 answer with Content-Length looks like from its first bytes (RFC 9112). Chunked answers are
/// `invalid`: no server under test sends any here.
struct HttpAnswer {
  enum class Status : std::uint8_t { complete, need_more, invalid };
  Status status = Status::need_more;
  unsigned code = 0;
  std::string_view body;
  std::size_t bytes = 0;  ///< of the whole answer
};
[[nodiscard]] HttpAnswer parse_http_answer(std::string_view bytes) noexcept;

/// Takes the first packet off an Engine.IO payload (`packet 0x1e packet …`); the rest stays in `payload`.
[[nodiscard]] std::string_view take_packet(std::string_view& payload) noexcept;

/// The polling side of one client, pure: which request may go out now. Owned by a Connection. As the official client
/// does it: one GET waits at any time; packets are collected while a POST is unanswered and leave together in the next.
///
///   poll   idle --get()--> waiting --answer--> idle
///   post   idle --post(), when something is queued--> waiting --answer--> idle
class PollingWire {
 public:
  void set_sid(std::string_view sid) { sid_ = sid; }
  [[nodiscard]] bool has_sid() const noexcept { return !sid_.empty(); }
  void queue(std::string_view packet);

  [[nodiscard]] bool may_get() const noexcept { return !is_get_waiting_; }
  [[nodiscard]] bool may_post() const noexcept { return !is_post_waiting_ && !payload_.empty() && has_sid(); }
  /// Append the request; then its answer is waited for.
  void get(std::string& out);
  void post(std::string& out);
  void on_get_answered() noexcept { is_get_waiting_ = false; }
  void on_post_answered() noexcept { is_post_waiting_ = false; }
  [[nodiscard]] bool is_post_waiting() const noexcept { return is_post_waiting_; }

 private:
  std::string sid_;
  std::string payload_;
  bool is_get_waiting_ = false;
  bool is_post_waiting_ = false;
};

}  // namespace bench
