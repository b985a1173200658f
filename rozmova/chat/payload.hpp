#pragma once

#include "rozmova/chat/options.hpp"
#include "rozmova/model.hpp"
#include "rozmova/refusal.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The words in which payloads are read: one key, its type, and the refusal that names it. For events.cpp and its
// neighbours alone. Pure.

namespace rozmova::chat::payload {

namespace json = boost::json;

/// The largest whole number that a JavaScript number holds exactly.
inline constexpr std::int64_t safe_integer_max = (std::int64_t{1} << 53) - 1;

Refusal invalid(std::string message);
/// A present, non-null value of a key; null otherwise.
const json::value* find(const json::object& object, std::string_view key);
std::string_view view(const json::string& text);
/// PostgreSQL cannot hold U+0000 in a text, so nobody may store one.
bool has_nul(std::string_view text);
bool has_control(std::string_view text);

Result<const json::object*> object_of(const json::value* payload);
Result<std::string_view> text_of(const json::object& object, std::string_view key);
Result<Uuid> uuid_of(std::string_view key, const json::value& value);
Result<Uuid> uuid_of(const json::object& object, std::string_view key);
Result<std::optional<Uuid>> optional_uuid_of(const json::object& object, std::string_view key);
/// A whole number, 0 or more.
Result<std::int64_t> seq_of(std::string_view key, const json::value& value);
/// `orderId` or `disputeId`
Result<ChatKey> chat_of(ChatKind kind, const json::object& object);
/// An event's payload: the chat that it names, and all that it holds.
struct Addressed {
  ChatKey chat;
  const json::object* body;
};
Result<Addressed> addressed(ChatKind kind, const json::value* payload);
Result<std::optional<std::string>> client_message_id_of(const json::object& body, const ChatOptions& limits);
/// Words of a person that are no message: a note, a reason. `characters_max` in code points.
Result<std::string> words_of(const json::object& body, std::string_view key, std::size_t characters_max);

}  // namespace rozmova::chat::payload
