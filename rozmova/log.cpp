#include "rozmova/log.hpp"

#include "rozmova/model.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace rozmova {

namespace {

constexpr std::array<std::string_view, 5> level_names = {"debug", "info", "warn", "error", "off"};
constexpr std::array<std::string_view, 5> level_colours = {"\x1b[2m", "", "\x1b[33m", "\x1b[31m", ""};
constexpr std::string_view dim = "\x1b[2m", plain = "\x1b[0m";

/// Whole lines to standard output, unbuffered: a line that was written survives kill -9. A reader that has gone away
/// (EPIPE) loses its lines and nothing else happens.
void write_to_stdout(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// One thread (spdlog's) calls it, so it needs no lock.
class Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Sink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {}
  std::function<void(std::string_view)> write_;
};

/// Bytes of the character that the text starts with, 0 when that is no UTF-8 (RFC 3629 §4, the table of well-formed sequences).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = within(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = within(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

/// A JSON string. What is not UTF-8 is replaced, so that a line is JSON whatever a client sent.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      (out += '\\') += text[i];
    } else if (c < 0x20 || c == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    } else if (c < 0x80) {
      out += text[i];
    } else {
      const std::size_t length = utf8_length(text.substr(i));
      if (length == 0) {
        out += "\xEF\xBF\xBD";
      } else {
        out += text.substr(i, length);
        i += length - 1;
      }
    }
  }
  out += '"';
}

bool needs_quotes(std::string_view text) {
  return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte >= 0x7F || c == '"' || c == '=' || c == '\\';
         });
}

void append_value(std::string& out, LogFormat format, const LogField& field) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          if (format == LogFormat::json || needs_quotes(value))
            append_json_string(out, value);
          else
            out += value;
        } else if constexpr (std::is_same_v<T, Uuid>) {
          if (format == LogFormat::json) out += '"';
          value.append_to(out);
          if (format == LogFormat::json) out += '"';
        } else if constexpr (std::is_same_v<T, double>) {
          if (std::isfinite(value))
            fmt::format_to(std::back_inserter(out), "{}", value);
          else
            out += "null";
        } else {
          fmt::format_to(std::back_inserter(out), "{}", value);
        }
      },
      field.value);
}

bool says_nothing(const LogField& field) {
  if (const auto* value = std::get_if<std::string_view>(&field.value)) return value->empty();
  if (const auto* id = std::get_if<Uuid>(&field.value)) return id->is_nil();
  return false;
}

}  // namespace

std::string_view text(LogLevel level) { return level_names[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> parse_log_level(std::string_view name) {
  if (name == "warning") return LogLevel::warning;
  const auto found = std::find(level_names.begin(), level_names.end(), name);
  if (found == level_names.end()) return std::nullopt;
  return static_cast<LogLevel>(found - level_names.begin());
}

std::string format_log_line(LogFormat format, bool colour, std::int64_t wall_ms, LogLevel level,
                            std::string_view event, LogFields fields) {
  std::string line;
  line.reserve(160 + fields.size() * 48);
  if (format == LogFormat::json) {
    line += "{\"ts\":\"";
    append_iso_time(line, wall_ms);
    (line += "\",\"level\":\"") += text(level);
    line += "\",\"event\":";
    append_json_string(line, event);
  } else {
    if (colour) line += dim;
    append_iso_time(line, wall_ms);
    if (colour) line += plain;
    fmt::format_to(std::back_inserter(line), " {}{:<5} {}{}",
                   colour ? level_colours[static_cast<std::size_t>(level)] : "", text(level), event,
                   colour ? plain : "");
  }
  for (const LogField& field : fields) {
    if (says_nothing(field)) continue;
    if (format == LogFormat::json) {
      line += ',';
      append_json_string(line, field.name);
      line += ':';
    } else {
      fmt::format_to(std::back_inserter(line), " {}{}={}", colour ? dim : "", field.name,
                     colour ? plain : "");
    }
    append_value(line, format, field);
  }
  if (format == LogFormat::json) line += '}';
  return line;
}

struct Log::Impl {
  explicit Impl(LogOptions given)
      : options(std::move(given)),
        pool(std::make_shared<spdlog::details::thread_pool>(std::max<std::size_t>(options.queue_lines_max, 1),
                                                            1)),
        logger(std::make_shared<spdlog::async_logger>(
            "rozmova", std::make_shared<Sink>(options.write ? options.write : write_to_stdout), pool,
            spdlog::async_overflow_policy::overrun_oldest)) {
    logger->set_level(spdlog::level::trace);
  }

  LogOptions options;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(LogOptions options) : level_(options.level), impl_(std::make_unique<Impl>(std::move(options))) {}
Log::~Log() = default;

void Log::write(LogLevel level, std::string_view event, LogFields fields) {
  if (!on(level)) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  std::string line =
      format_log_line(impl_->options.format, impl_->options.colour, wall_ms, level, event, fields);
  line += '\n';
  impl_->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

std::uint64_t Log::dropped() const { return impl_->pool->overrun_counter(); }

}  // namespace rozmova
