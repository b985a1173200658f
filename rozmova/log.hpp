#pragma once

#include "rozmova/uuid.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace rozmova {

enum class LogLevel : std::uint8_t { debug, info, warning, error, off };
std::string_view text(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view text);

/// `json`: one object a line, for machines. `text`: for eyes.
enum class LogFormat : std::uint8_t { json, text };

/// One named value of a line. Refers to its text, so it lives no longer than the call it is written in. An empty text or
/// nil id is left out of the line.
struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool, Uuid> value;

  template <class T>
    requires std::convertible_to<const T&, std::string_view> LogField(std::string_view n, const T& v)
        : name(n), value(std::string_view(v)) {}
    LogField(std::string_view n, const Uuid& v) : name(n), value(v) {}
    LogField(std::string_view n, bool v) : name(n), value(v) {}
    LogField(std::string_view n, double v) : name(n), value(v) {}
    template <std::integral T>
      requires(!std::same_as<T, bool>)
    LogField(std::string_view n, T v) : name(n), value(static_cast<std::int64_t>(v)) {}
};
using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::json;
  bool colour = false;                  ///< text only
  std::size_t queue_lines_max = 8'192;  ///< past it the oldest waiting line is dropped and counted
  /// Where lines go; empty: standard output. Called on the writer's thread with whole lines, newline included.
  std::function<void(std::string_view)> write;
};

/// One line an event, `ts level event` and the fields given: who (user, socket), where (chat), why (reason), how long
/// (duration_ms). Never tokens, never message text: that is the duty of whoever calls. Any thread; the caller never
/// waits for the disk or the terminal. Owned by main.
class Log {
 public:
  explicit Log(LogOptions options = {});
  ~Log();  ///< writes what waits
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// For callers whose fields cost something to compute.
  bool on(LogLevel level) const { return level >= level_ && level != LogLevel::off; }

  void event(std::string_view event, LogFields fields = {}) { write(LogLevel::info, event, fields); }
  void debug(std::string_view event, LogFields fields = {}) { write(LogLevel::debug, event, fields); }
  void warning(std::string_view event, LogFields fields = {}) { write(LogLevel::warning, event, fields); }
  void error(std::string_view event, LogFields fields = {}) { write(LogLevel::error, event, fields); }
  void write(LogLevel level, std::string_view event, LogFields fields);

  /// Lines lost because the reader of the log was too slow.
  std::uint64_t dropped() const;

 private:
  struct Impl;
  LogLevel level_;
  std::unique_ptr<Impl> impl_;
};

/// A line without its newline, as Log writes it; pure, for tests.
std::string format_log_line(LogFormat format, bool colour, std::int64_t wall_ms, LogLevel level,
                            std::string_view event, LogFields fields);

}  // namespace rozmova
