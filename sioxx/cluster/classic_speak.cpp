// What we say to the Socket.IO world, and what comes back; what it says to us stands in classic.cpp.

#include "sioxx/cluster/classic.hpp"
#include "sioxx/cluster/shards.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace json = boost::json;

namespace sioxx::cluster {

using classic::number_of;
using classic::Type;

// ---- we speak

void Classic::publish(const std::shared_ptr<const Message>& message) {
  const bool concerned = std::visit(
      [this](const auto& one) {
        using Kind = std::decay_t<decltype(one)>;
        // A signal to rooms is for those who know its rooms; and who may say nothing to our servers hears nothing from them.
        if constexpr (std::is_same_v<Kind, ServerSide>)
          return one.target.rooms.empty() && takes_part(one.nsp) &&
                 (rules_.operations & ClassicRules::server_side) != 0 && !rules_.is_own(one.event);
        if constexpr (requires { one.target; }) return !one.target.children && takes_part(one.nsp);
        return false;
      },
      *message);
  if (concerned) {
    shard_.post([this, message] { tell(*message); });
    return;
  }
  // A question that does not concern them is waited for all the same.
  std::visit(
      [this](const auto& one) {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, Fetch> || std::is_same_v<Kind, Ask>) {
          shards_.answered(them, Silent{one.question, 1, false});
        } else if constexpr (std::is_same_v<Kind, ServerSide>) {
          if (one.question) shards_.answered(them, Silent{*one.question, 1, false});
        }
      },
      *message);
}

void Classic::tell(const Message& message) {
  const auto command = [this](Type type, const auto& one, json::object more) {
    more["uid"] = uid_;
    more["type"] = number_of(type);
    more["opts"] = classic::opts_of(one.target);
    say(request_channel(one.nsp), classic::text(more));
  };
  if (const auto* told = std::get_if<Broadcast>(&message)) {
    std::string channel = broadcast_channel(told->nsp);
    if (told->target.rooms.size() == 1) channel += told->target.rooms.front() + "#";
    const std::string bytes = writer_.broadcast(uid_, told->nsp, *told->message, told->target);
    if (!bytes.empty()) say(channel, bytes);
  } else if (const auto* join = std::get_if<Join>(&message)) {
    command(Type::join, *join, {{"rooms", json::value_from(join->rooms)}});
  } else if (const auto* leave = std::get_if<Leave>(&message)) {
    command(Type::leave, *leave, {{"rooms", json::value_from(leave->rooms)}});
  } else if (const auto* disconnect = std::get_if<Disconnect>(&message)) {
    command(Type::disconnect, *disconnect, {{"close", disconnect->close}});
  } else if (const auto* fetch = std::get_if<Fetch>(&message)) {
    Ours ours{fetch->question, Type::fetch, {}, 0, 0, 0, {}, shard_.now() + fetch_timeout_ms_max};
    ask_them(fetch->nsp, std::move(ours), [&](std::string_view id) {
      return classic::text({{"uid", uid_},
                            {"requestId", id},
                            {"type", number_of(Type::fetch)},
                            {"opts", classic::opts_of(fetch->target)}});
    });
  } else if (const auto* ask = std::get_if<Ask>(&message)) {
    Ours ours{ask->question, Type::ask, {}, 0, 0, 0, {}, shard_.now() + ask->timeout_ms};
    ask_them(ask->nsp, std::move(ours), [&](std::string_view id) {
      return writer_.ask(uid_, id, ask->nsp, *ask->event, ask->target, ask->timeout_ms);
    });
  } else if (const auto* said = std::get_if<ServerSide>(&message)) {
    json::array data{said->event};
    data.insert(data.end(), said->args.begin(), said->args.end());
    json::object request{{"uid", uid_}, {"type", number_of(Type::server_side)}, {"data", std::move(data)}};
    if (!said->question) {
      say(request_channel(said->nsp), classic::text(request));
      return;
    }
    Ours ours{*said->question, Type::server_side, {}, 0, 0, 0, {}, shard_.now() + question_ms_max};
    ask_them(said->nsp, std::move(ours), [&](std::string_view id) {
      request["requestId"] = id;
      return classic::text(request);
    });
  }
}

/// First who will answer, as Redis counts them; then the question. Ours is one of those that are counted.
void Classic::ask_them(const std::string& nsp, Ours ours,
                       const std::function<std::string(std::string_view id)>& request) {
  const std::string id = uid_ + ":" + std::to_string(++ids_);
  const std::string bytes = request(id);
  const Question question = ours.question;
  const auto nobody = [this, question] { shards_.answered(them, Silent{question, 1, false}); };
  if (!ready_ || ours_.size() >= waiting_max || bytes.empty()) return nobody();
  const std::string channel = request_channel(nsp);
  ours_.emplace(id, std::move(ours));
  if (ours_.size() >= forget_from) forget_old(shard_.now());
  const auto counted = [this, id](const redis::Reply* reply) {
    const auto found = ours_.find(id);
    if (found == ours_.end()) return;
    const bool told = reply != nullptr && reply->size() == 2;
    const auto subscribers =
        told ? static_cast<std::size_t>(std::max<std::int64_t>((*reply)[1].integer(), 1)) : 1;
    const std::size_t peers = subscribers - 1;
    found->second.left = peers > found->second.early ? peers - found->second.early : 0;
    if (*found->second.left == 0) finish_ours(id, found->second);
  };
  if (!speaker_->connection.command({"PUBSUB", "NUMSUB", channel}, counted) || !say(channel, bytes)) {
    ours_.erase(id);
    nobody();
  }
}

void Classic::heard_response(const std::string& nsp, std::string_view bytes) {
  // Everybody's answers come by on the common channel; ours name one of our questions, in plain bytes.
  if (bytes.find(uid_) == std::string_view::npos) return;
  auto response = reader_.response(bytes, nsp);
  if (!response) {
    ++stats_.garbage;
    return;
  }
  const auto found = ours_.find(response->id);
  if (found == ours_.end()) return;
  Ours& ours = found->second;
  switch (ours.type) {
    case Type::ask:
      if (response->type == number_of(Type::client_ack)) {
        shards_.answered(them, ClientAck{ours.question, std::move(response->answer)});
        ++ours.acked;
        if (ours.left == std::size_t{0} && ours.acked >= ours.clients) ours_.erase(found);
        return;
      }
      ours.clients += response->clients;
      break;
    case Type::server_side:
      if (!response->of_our_kind) {
        ++ours.clients;
        shards_.answered(them, ClientAck{ours.question, std::move(response->answer)});
      }
      break;
    default:
      for (RemoteSocket& socket : response->sockets) ours.sockets.push_back(std::move(socket));
  }
  heard_of(response->id, ours);
}

void Classic::heard_of(const std::string& id, Ours& ours) {
  if (!ours.left) {
    ++ours.early;
  } else if (*ours.left > 0 && --*ours.left == 0) {
    finish_ours(id, ours);
  }
}

void Classic::finish_ours(const std::string& id, Ours& ours) {
  if (ours.type == Type::fetch) {
    shards_.answered(them, Sockets{ours.question, std::move(ours.sockets)});
    ours_.erase(id);
    return;
  }
  shards_.answered(them, Clients{ours.question, ours.clients});
  // The acks of clients may still come.
  if (ours.type == Type::server_side || ours.acked >= ours.clients) ours_.erase(id);
}

void Classic::forget_old(loop::TimeMs now) {
  std::erase_if(theirs_, [now](const auto& one) { return one.second.forget_at <= now; });
  std::erase_if(ours_, [now](const auto& one) { return one.second.forget_at <= now; });
}

}  // namespace sioxx::cluster
