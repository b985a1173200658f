#include "rozmova/chat/payload.hpp"

#include "rozmova/chat/events.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rozmova::chat {

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

namespace payload {

Refusal invalid(std::string message) { return {ErrorCode::invalid_payload, std::move(message)}; }

const json::value* find(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

Result<const json::object*> object_of(const json::value* payload) {
  const json::object* object = payload == nullptr ? nullptr : payload->if_object();
  if (object == nullptr) return invalid("the payload must be an object");
  return object;
}

Result<std::string_view> text_of(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return invalid(fmt::format("{} is missing", key));
  const json::string* text = value->if_string();
  if (text == nullptr) return invalid(fmt::format("{} must be a string", key));
  return view(*text);
}

Result<Uuid> uuid_of(std::string_view key, const json::value& value) {
  const json::string* text = value.if_string();
  const auto id = text == nullptr ? std::nullopt : Uuid::parse(view(*text));
  if (!id) return invalid(fmt::format("{} must be a UUID", key));
  return *id;
}

Result<Uuid> uuid_of(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return invalid(fmt::format("{} is missing", key));
  return uuid_of(key, *value);
}

Result<std::int64_t> seq_of(std::string_view key, const json::value& value) {
  std::int64_t seq = -1;
  if (const auto* number = value.if_int64()) seq = *number;
  if (seq < 0 || seq > safe_integer_max)
    return invalid(fmt::format("{} must be a whole number, 0 or more", key));
  return seq;
}

}  // namespace payload
}  // namespace rozmova::chat
