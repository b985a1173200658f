// Names of the enums as they stand on the wire and in the tables, and times:
//
//   time     = date "T" hh ":" mm ":" ss [ "." 1*9DIGIT ] ( "Z" | ("+" | "-") hh ":" mm )    RFC 3339
//   printed  = 2026-03-01T09:30:00.000Z                                                      24 characters
#include "rozmova/model.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace rozmova {
namespace {

using namespace std::string_view_literals;

template <class Enum, std::size_t size>
std::string_view name_of(const std::array<std::string_view, size>& names, Enum value) {
  const auto at = static_cast<std::size_t>(value);
  return at < size ? names[at] : std::string_view{};
}

template <class Enum, std::size_t size>
std::optional<Enum> value_of(const std::array<std::string_view, size>& names, std::string_view text) {
  for (std::size_t i = 0; i < size; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// In the order of the enums.
constexpr std::array<std::string_view, 4> roles = {"client", "performer", "moderator", "admin"};
constexpr std::array<std::string_view, 7> order_statuses = {
    "created", "accepted", "in_progress", "delivered", "completed", "cancelled", "disputed"};
constexpr std::array<std::string_view, 5> dispute_statuses = {"open", "under_review", "resolved", "rejected",
                                                              "closed"};
constexpr std::array<std::string_view, 2> chat_kinds = {"order", "dispute"};
constexpr std::array<std::string_view, 3> message_types = {"text", "file", "system"};

/// What Unicode calls White_Space, and what has no width: U+00AD, U+200B to U+200F, U+2060, U+FEFF. The blanks of
/// Braille and Hangul are letters somewhere.
constexpr std::array blanks = {" "sv,      "\t"sv,     "\n"sv,     "\v"sv,     "\f"sv,     "\r"sv,
                               "\u0085"sv, "\u00A0"sv, "\u00AD"sv, "\u1680"sv, "\u2000"sv, "\u2001"sv,
                               "\u2002"sv, "\u2003"sv, "\u2004"sv, "\u2005"sv, "\u2006"sv, "\u2007"sv,
                               "\u2008"sv, "\u2009"sv, "\u200A"sv, "\u200B"sv, "\u200C"sv, "\u200D"sv,
                               "\u200E"sv, "\u200F"sv, "\u2028"sv, "\u2029"sv, "\u202F"sv, "\u205F"sv,
                               "\u2060"sv, "\u3000"sv, "\uFEFF"sv};

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr WallMs first_ms = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr WallMs last_ms = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

void put_digits(char* at, unsigned count, unsigned value) {
  while (count-- > 0) {
    at[count] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

/// Takes pieces off the front of a text; any miss makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char c) {
    if (!take(c)) fail();
  }

  /// Milliseconds of ".123456789"; what is finer is cut.
  int fraction_ms() {
    constexpr int digits_max = 9;
    int ms = 0;
    int count = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (++count > digits_max) return fail();
      if (count <= 3) ms = ms * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (count == 0) return fail();
    for (; count < 3; ++count) ms *= 10;
    return ms;
  }

  int fail() {
    good_ = false;
    return 0;
  }
  bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

void append_iso_time(std::string& out, WallMs time) {
  if (time < first_ms) time = first_ms;
  if (time > last_ms) time = last_ms;
  std::int64_t day = time / ms_per_day;
  std::int64_t ms = time % ms_per_day;
  if (ms < 0) {
    --day;
    ms += ms_per_day;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  const auto ms_of_day = static_cast<unsigned>(ms);
  std::array<char, 24> text = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                               '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
  put_digits(&text[0], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(&text[5], 2, static_cast<unsigned>(date.month()));
  put_digits(&text[8], 2, static_cast<unsigned>(date.day()));
  put_digits(&text[11], 2, ms_of_day / 3'600'000);
  put_digits(&text[14], 2, ms_of_day / 60'000 % 60);
  put_digits(&text[17], 2, ms_of_day / 1'000 % 60);
  put_digits(&text[20], 3, ms_of_day % 1'000);
  out.append(text.data(), text.size());
}

std::string iso_time(WallMs time) {
  std::string out;
  append_iso_time(out, time);
  return out;
}

std::optional<WallMs> parse_iso_time(std::string_view text) {
  Reader in(text);
  const int year = in.digits(4);
  in.expect('-');
  const int month = in.digits(2);
  in.expect('-');
  const int day = in.digits(2);
  in.expect('T');
  const int hour = in.digits(2);
  in.expect(':');
  const int minute = in.digits(2);
  in.expect(':');
  const int second = in.digits(2);
  const int ms = in.take('.') ? in.fraction_ms() : 0;
  int offset_minutes = 0;
  if (!in.take('Z')) {
    const bool east = in.take('+');
    if (!east) in.expect('-');
    const int offset_hour = in.digits(2);
    in.expect(':');
    const int offset_minute = in.digits(2);
    if (offset_hour > 23 || offset_minute > 59) return std::nullopt;
    offset_minutes = (offset_hour * 60 + offset_minute) * (east ? 1 : -1);
  }
  if (!in.done() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t minutes = hour * 60 + minute - offset_minutes;
  const WallMs time = days * ms_per_day + minutes * 60'000 + second * 1'000 + ms;
  if (time < first_ms || time > last_ms) return std::nullopt;
  return time;
}

bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const auto* const blank = std::find_if(blanks.begin(), blanks.end(),
                                           [text](std::string_view one) { return text.starts_with(one); });
    if (blank == blanks.end()) return false;
    text.remove_prefix(blank->size());
  }
  return true;
}

std::string_view text(Role role) { return name_of(roles, role); }
std::optional<Role> parse_role(std::string_view text) { return value_of<Role>(roles, text); }

std::string_view text(OrderStatus status) { return name_of(order_statuses, status); }
std::optional<OrderStatus> parse_order_status(std::string_view text) {
  return value_of<OrderStatus>(order_statuses, text);
}
bool closes_chat(OrderStatus status) { return status == OrderStatus::cancelled; }

std::string_view text(DisputeStatus status) { return name_of(dispute_statuses, status); }
std::optional<DisputeStatus> parse_dispute_status(std::string_view text) {
  return value_of<DisputeStatus>(dispute_statuses, text);
}
bool closes_chat(DisputeStatus status) { return status == DisputeStatus::closed; }

std::string_view text(ChatKind kind) { return name_of(chat_kinds, kind); }

std::string statuses_of(ChatKind kind) {
  std::string all;
  const auto add = [&all](const auto& names) {
    for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  };
  kind == ChatKind::order ? add(order_statuses) : add(dispute_statuses);
  return all;
}

std::string room_of(const ChatKey& chat) {
  std::string room(text(chat.kind));
  room.push_back(':');
  chat.id.append_to(room);
  return room;
}

std::string room_of_user(const Uuid& user) {
  std::string room = "user:";
  user.append_to(room);
  return room;
}

std::optional<ChatKey> chat_of_room(std::string_view room) {
  const std::size_t colon = room.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto kind = value_of<ChatKind>(chat_kinds, room.substr(0, colon));
  const auto id = kind ? Uuid::parse(room.substr(colon + 1)) : std::nullopt;
  if (!id) return std::nullopt;
  return ChatKey{*kind, *id};
}

std::string_view text(MessageType type) { return name_of(message_types, type); }
std::optional<MessageType> parse_message_type(std::string_view text) {
  return value_of<MessageType>(message_types, text);
}

}  // namespace rozmova
