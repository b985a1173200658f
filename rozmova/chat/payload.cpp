#include "rozmova/chat/payload.hpp"

#include "rozmova/chat/events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

Result<std::optional<Uuid>> optional_uuid_of(const json::object& object, std::string_view key) {
  const json::value* value = find(object, key);
  if (value == nullptr) return std::optional<Uuid>();
  const auto id = uuid_of(key, *value);
  if (!id) return id.refusal();
  return std::optional<Uuid>(*id);
}

Result<ChatKey> chat_of(ChatKind kind, const json::object& object) {
  const auto id = uuid_of(object, names(kind).id_key);
  if (!id) return id.refusal();
  return ChatKey{kind, *id};
}

Result<Addressed> addressed(ChatKind kind, const json::value* payload) {
  const auto object = object_of(payload);
  if (!object) return object.refusal();
  const auto chat = chat_of(kind, **object);
  if (!chat) return chat.refusal();
  return Addressed{*chat, *object};
}

Result<std::optional<std::string>> client_message_id_of(const json::object& body, const ChatOptions& limits) {
  if (find(body, "clientMessageId") == nullptr) return std::optional<std::string>();
  const auto id = text_of(body, "clientMessageId");
  if (!id) return id.refusal();
  if (id->empty() || id->size() > limits.client_message_id_bytes_max || has_control(*id)) {
    return invalid(fmt::format("clientMessageId must have 1 to {} bytes and no control characters",
                               limits.client_message_id_bytes_max));
  }
  return std::optional<std::string>(*id);
}

Result<std::string> words_of(const json::object& body, std::string_view key, std::size_t characters_max) {
  const auto words = text_of(body, key);
  if (!words) return words.refusal();
  if (characters(*words) > characters_max) {
    return Refusal{ErrorCode::payload_too_large,
                   fmt::format("{} has more than {} characters", key, characters_max)};
  }
  if (has_nul(*words)) return invalid(fmt::format("{} must not contain U+0000", key));
  if (is_blank(*words)) return invalid(fmt::format("{} is empty", key));
  return std::string(*words);
}

}  // namespace payload
}  // namespace rozmova::chat
