#pragma once

#include "rozmova/chat/render.hpp"

#include <optional>
#include <string>
#include <string_view>

// What several renderings have in common. For render.cpp and its neighbours alone.

namespace rozmova::chat {

/// `[…]`: each item as `append(out, item)` writes it.
template <class Items, class Append>
void append_each(std::string& out, const Items& items, const Append& append) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    append(out, item);
  }
  out += ']';
}

/// `{"<name>":[…],"nextCursor":…}`
template <class Items, class Append>
std::string page_json(std::string_view name, const Items& items,
                      const std::optional<std::string>& next_cursor, const Append& append) {
  std::string out = "{\"" + std::string(name) + "\":";
  append_each(out, items, append);
  out += R"(,"nextCursor":)";
  append_cursor(out, next_cursor);
  out += '}';
  return out;
}

/// The two of an order, by id and by name; `names` has client_name and performer_name.
template <class Names>
void append_parties(ObjectText& object, std::string& out, const Uuid& client, const Uuid& performer,
                    const Names& names) {
  object.id("clientId", client).id("performerId", performer).key("client");
  append_party(out, client, names.client_name);
  object.key("performer");
  append_party(out, performer, names.performer_name);
}

/// What a list shows of a chat: `summary` is that of an order or of a dispute.
template <class Summary>
void append_activity(ObjectText& object, std::string& out, const Summary& summary) {
  object.key("lastMessage");
  if (summary.last_message)
    append_message(out, *summary.last_message);
  else
    out += "null";
  object.number("lastSeq", summary.last_seq)
      .number("lastReadSeq", summary.last_read_seq)
      .number("unread", summary.unread);
}

}  // namespace rozmova::chat
