//   news    = [room, "message" | "change", number, seq, (event, json)*]
//   unread  = [user]
//   look    = [user, room]                                     answer: [on, away]
//   roll    = [user | null, after, limit]                      answer: [has more, connection*]
//   connection = [id, socketId, user, role, transport, address, connectedAt, tokenExpiresAt, [room*]]
//   spent   = [node, (user, kind, tokens)*]
//   addresses = [node, [(address, connections, polling)*], [(address, kind, tokens)*]]
//   end     = [socketId]                                       answer: [ended]

#include "rozmova/chat/signal.hpp"

#include "rozmova/chat/nodes.hpp"

#include <algorithm>

namespace rozmova::chat {

namespace json = boost::json;

namespace {

constexpr std::size_t connections_max = 1'000;  ///< of one answer

std::optional<std::string_view> text_at(const json::array& array, std::size_t at) {
  if (at >= array.size() || !array[at].is_string()) return std::nullopt;
  return std::string_view(array[at].get_string());
}
std::optional<std::int64_t> number_at(const json::array& array, std::size_t at) {
  if (at >= array.size() || !array[at].is_int64()) return std::nullopt;
  return array[at].get_int64();
}
std::optional<Uuid> id_at(const json::array& array, std::size_t at) {
  const auto text = text_at(array, at);
  return text ? Uuid::parse(*text) : std::nullopt;
}
std::optional<ChatKey> chat_at(const json::array& array, std::size_t at) {
  const auto text = text_at(array, at);
  return text ? chat_of_room(*text) : std::nullopt;
}

json::array write_connection(const ConnectionInfo& info) {
  json::array rooms;
  for (const ChatKey& chat : info.chats) rooms.emplace_back(room_of(chat));
  return {info.id.text(), info.socket_id,    info.user_id.text(),   text(info.role), info.transport,
          info.address,   info.connected_at, info.token_expires_at, std::move(rooms)};
}

std::optional<ConnectionInfo> read_connection(const json::value& value) {
  const json::array* const array = value.if_array();
  if (array == nullptr || array->size() != 9 || !array->back().is_array()) return std::nullopt;
  const auto id = id_at(*array, 0), user = id_at(*array, 2);
  const auto socket = text_at(*array, 1), role_text = text_at(*array, 3), transport = text_at(*array, 4),
             address = text_at(*array, 5);
  const auto since = number_at(*array, 6), until = number_at(*array, 7);
  const auto role = role_text ? parse_role(*role_text) : std::nullopt;
  if (!id || !user || !socket || !role || !transport || !address || !since || !until) return std::nullopt;
  ConnectionInfo info;
  info.id = *id;
  info.socket_id = *socket;
  info.user_id = *user;
  info.role = *role;
  info.transport = *transport == "websocket" ? "websocket" : "polling";
  info.address = *address;
  info.connected_at = *since;
  info.token_expires_at = *until;
  const json::array& rooms = array->back().get_array();
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    if (const auto chat = chat_at(rooms, i)) info.chats.push_back(*chat);
  }
  return info;
}

}  // namespace

json::array write_news(const News& news, std::span<const Told> events, std::size_t bytes_max) {
  json::array signal{room_of(news.chat), news.kind == News::Kind::message ? "message" : "change", news.number,
                     news.seq};
  std::size_t bytes = 0;
  for (const Told& told : events) bytes += told.event.size() + told.json.size();
  if (bytes > bytes_max) return signal;
  for (const Told& told : events) {
    signal.emplace_back(told.event);
    signal.emplace_back(told.json);
  }
  return signal;
}

std::optional<NewsSignal> read_news(const json::array& signal) {
  const auto chat = chat_at(signal, 0);
  const auto kind = text_at(signal, 1);
  const auto number = number_at(signal, 2), seq = number_at(signal, 3);
  if (!chat || !kind || !number || !seq || *number < 1 || *seq < 1 || signal.size() % 2 != 0)
    return std::nullopt;
  if (*kind != "message" && *kind != "change") return std::nullopt;
  NewsSignal read;
  read.news.chat = *chat;
  read.news.kind = *kind == "message" ? News::Kind::message : News::Kind::change;
  read.news.number = *number;
  read.news.seq = *seq;
  for (std::size_t i = 4; i < signal.size(); i += 2) {
    const auto event = text_at(signal, i), text = text_at(signal, i + 1);
    if (!event || !text) return std::nullopt;
    read.events.emplace_back(*event, *text);
  }
  return read;
}

std::optional<Uuid> read_user(const json::array& signal) { return id_at(signal, 0); }

json::array write_look(const Uuid& user, const ChatKey& chat) { return {user.text(), room_of(chat)}; }

std::optional<std::pair<Uuid, ChatKey>> read_look(const json::array& signal) {
  const auto user = id_at(signal, 0);
  const auto chat = chat_at(signal, 1);
  if (!user || !chat) return std::nullopt;
  return std::pair(*user, *chat);
}

json::array write_spent(std::uint64_t node, std::span<const Spending::Spent> spent) {
  json::array signal{sioxx::engine::ProcessId(node).text()};
  for (const Spending::Spent& one : spent) {
    signal.emplace_back(one.user.text());
    signal.emplace_back(static_cast<std::int64_t>(one.kind));
    signal.emplace_back(one.tokens);
  }
  return signal;
}

std::optional<SpentSignal> read_spent(const json::array& signal) {
  const auto text = text_at(signal, 0);
  const auto node = text ? sioxx::engine::ProcessId::parse(*text) : std::nullopt;
  if (!node || signal.size() % 3 != 1) return std::nullopt;
  SpentSignal read{node->value(), {}};
  for (std::size_t i = 1; i < signal.size(); i += 3) {
    const auto user = id_at(signal, i);
    const auto kind = number_at(signal, i + 1), tokens = number_at(signal, i + 2);
    if (!user || !kind || !tokens || *kind < 0 || *tokens < 0) return std::nullopt;
    if (*kind >= static_cast<std::int64_t>(Rates::kinds)) continue;  // of a newer one
    read.spent.push_back({*user, static_cast<Rates::Kind>(*kind), *tokens});
  }
  return read;
}

json::array write_addresses(std::uint64_t node, std::span<const sioxx::AddressCount> counts,
                            const SharedAddresses::Took& took) {
  json::array all, rates;
  for (const sioxx::AddressCount& one : counts) {
    all.emplace_back(one.address);
    all.emplace_back(static_cast<std::int64_t>(one.connections));
    all.emplace_back(static_cast<std::int64_t>(one.polling));
  }
  for (const auto& [what, tokens] : took) {
    rates.emplace_back(what.first);
    rates.emplace_back(static_cast<std::int64_t>(what.second));
    rates.emplace_back(tokens);
  }
  return {sioxx::engine::ProcessId(node).text(), std::move(all), std::move(rates)};
}

std::optional<AddressesSignal> read_addresses(const json::array& signal) {
  const auto text = text_at(signal, 0);
  const auto node = text ? sioxx::engine::ProcessId::parse(*text) : std::nullopt;
  if (!node || signal.size() != 3 || !signal[1].is_array() || !signal[2].is_array()) return std::nullopt;
  AddressesSignal read{node->value(), {}, {}};
  const auto triples = [](const json::array& array, auto&& take) {
    if (array.size() % 3 != 0 || array.size() > 3 * SharedAddresses::addresses_max) return false;
    for (std::size_t i = 0; i < array.size(); i += 3) {
      const auto address = text_at(array, i);
      const auto first = number_at(array, i + 1), second = number_at(array, i + 2);
      if (!address || !first || !second || *first < 0 || *second < 0) return false;
      take(std::string(*address), *first, *second);
    }
    return true;
  };
  const bool good =
      triples(signal[1].get_array(),
              [&](std::string address, std::int64_t a, std::int64_t b) {
                read.counts.push_back(
                    {std::move(address), static_cast<std::size_t>(a), static_cast<std::size_t>(b)});
              }) &&
      triples(signal[2].get_array(), [&](std::string address, std::int64_t kind, std::int64_t tokens) {
        if (kind < static_cast<std::int64_t>(AddressRates::kinds))
          read.took[{std::move(address), static_cast<AddressRates::Kind>(kind)}] =
              std::min<std::int64_t>(tokens, 1'000);
      });
  return good ? std::optional(std::move(read)) : std::nullopt;
}

json::array write_query(const ConnectionQuery& query) {
  return {query.user ? json::value(query.user->text()) : json::value(nullptr), query.after.text(),
          static_cast<std::int64_t>(query.limit)};
}

std::optional<ConnectionQuery> read_query(const json::array& signal) {
  const auto after = id_at(signal, 1);
  const auto limit = number_at(signal, 2);
  if (!after || !limit || *limit < 1) return std::nullopt;
  ConnectionQuery query;
  query.after = *after;
  query.limit = std::min(static_cast<std::size_t>(*limit), connections_max);
  if (signal[0].is_null()) return query;
  query.user = id_at(signal, 0);
  return query.user ? std::optional(query) : std::nullopt;
}

json::array write_page(const ConnectionPage& page) {
  json::array answer{page.has_more};
  for (const ConnectionInfo& info : page.connections) answer.emplace_back(write_connection(info));
  return answer;
}

ConnectionPage read_page(const json::array& answer) {
  ConnectionPage page;
  if (answer.empty() || !answer[0].is_bool() || answer.size() > connections_max + 1) return page;
  page.has_more = answer[0].get_bool();
  for (std::size_t i = 1; i < answer.size(); ++i) {
    if (auto info = read_connection(answer[i])) page.connections.push_back(*std::move(info));
  }
  return page;
}

}  // namespace rozmova::chat
