#include "sioxx/cluster/classic.hpp"

#include "sioxx/cluster/shards.hpp"
#include "sioxx/engine/id.hpp"

#include <algorithm>
#include <utility>

namespace json = boost::json;

namespace sioxx::cluster {
namespace {

using classic::number_of;
using classic::Type;

/// What our uid begins with; a Node server's is six letters and digits.
constexpr std::string_view kin_mark = "sioxx:";
/// A broadcast begins with the uid of whoever says it: an array's mark, a text's mark, the text.
constexpr std::size_t uid_within_bytes = 2 + kin_mark.size();
ClassicRules::Operation operation_of(Type type) {
  switch (type) {
    case Type::join: return ClassicRules::join;
    case Type::leave: return ClassicRules::leave;
    case Type::disconnect: return ClassicRules::disconnect;
    case Type::server_side: return ClassicRules::server_side;
    case Type::ask: return ClassicRules::ask;
    default: return ClassicRules::fetch;
  }
}

}  // namespace

Classic::Classic(loop::Shard& shard, Shards& shards, redis::Options redis, engine::ProcessId self,
                 ClassicRules rules, const Log& log)
    : shard_(shard),
      shards_(shards),
      redis_(std::move(redis)),
      self_(self),
      rules_(std::move(rules)),
      log_(log),
      uid_(std::string(kin_mark) + self.text()) {}

Classic::~Classic() = default;

void Classic::start() {
  speaker_ = std::make_unique<Line>(*this, shard_, redis_, redis::Connection::Use::commander);
  listener_ = std::make_unique<Line>(*this, shard_, redis_, redis::Connection::Use::subscriber);
  listener_->connection.start();
  speaker_->connection.start();
}

void Classic::stop() {
  ready_ = false;
  if (speaker_ != nullptr) speaker_->connection.stop();
  if (listener_ != nullptr) listener_->connection.stop();
}

bool Classic::stats(std::function<void(const ClassicStats&)> done) {
  return shard_.post([this, done = std::move(done)] {
    ClassicStats stats = stats_;
    stats.attached = true;
    stats.ready = ready_;
    done(stats);
  });
}

bool Classic::takes_part(std::string_view nsp) const {
  return std::find(rules_.namespaces.begin(), rules_.namespaces.end(), nsp) != rules_.namespaces.end();
}

std::string Classic::request_channel(std::string_view nsp) const {
  return rules_.prefix + "-request#" + std::string(nsp) + "#";
}

std::string Classic::response_channel(std::string_view nsp) const {
  return rules_.prefix + "-response#" + std::string(nsp) + "#";
}

void Classic::line_ready() {
  if (ready_ || !speaker_->connection.ready() || !listener_->connection.ready()) return;
  ready_ = true;
  for (const std::string& nsp : rules_.namespaces) {
    // Pattern letters in a prefix or a namespace mean themselves.
    std::string pattern;
    for (const char letter : broadcast_channel(nsp)) {
      if (std::string_view("*?[]\\").find(letter) != std::string_view::npos) pattern += '\\';
      pattern += letter;
    }
    listener_->connection.command({"PSUBSCRIBE", pattern + "*"});
    listener_->connection.command({"SUBSCRIBE", response_channel(nsp), response_channel(nsp) + uid_ + "#"});
    // Last: from here on we are counted, and must answer.
    listener_->connection.command({"SUBSCRIBE", request_channel(nsp)});
  }
  shards_.process_came(them, 1);
}

void Classic::line_lost() {
  if (!std::exchange(ready_, false)) return;
  theirs_.clear();
  ours_.clear();
  shards_.process_gone(them);
}

bool Classic::say(const std::string& channel, std::string_view bytes) {
  if (!ready_ || !speaker_->connection.command({"PUBLISH", channel, bytes})) return false;
  ++stats_.sent;
  return true;
}

void Classic::pushed(const redis::Reply& push) {
  const std::string_view kind = push[0].text();
  const bool by_pattern = kind == "pmessage" && push.size() == 4;
  if (!by_pattern && (kind != "message" || push.size() != 3)) return;
  const std::string_view channel = push[by_pattern ? 2 : 1].text();
  const std::string_view bytes = push[by_pattern ? 3 : 2].text();
  for (const std::string& nsp : rules_.namespaces) {
    if (by_pattern) {
      const std::string front = broadcast_channel(nsp);
      if (!channel.starts_with(front)) continue;
      std::string_view room = channel.substr(front.size());
      if (room.ends_with('#')) room.remove_suffix(1);
      return heard_broadcast(nsp, room, bytes);
    }
    if (channel == request_channel(nsp)) return heard_request(nsp, bytes);
    if (channel.starts_with(response_channel(nsp))) return heard_response(nsp, bytes);
  }
}

// ---- they speak

void Classic::heard_broadcast(const std::string& nsp, std::string_view room, std::string_view bytes) {
  if (bytes.substr(0, uid_within_bytes).find(kin_mark) != std::string_view::npos) return;
  // Most of what is said is for nobody here: not worth decoding.
  if (!room.empty() && shards_.where(nsp, room) == 0 && !engine::Id::shaped(room)) return;
  auto told = reader_.broadcast(bytes, nsp);
  if (!told) {
    ++stats_.garbage;
    return;
  }
  ++stats_.heard;
  if (!rules_.may(ClassicRules::emit, told->target, {}, told->event)) {
    ++stats_.refused;
    return;
  }
  shards_.receive(
      std::make_shared<const Message>(Broadcast{nsp, std::move(told->target), std::move(told->message)}));
}

void Classic::heard_request(const std::string& nsp, std::string_view bytes) {
  auto request = reader_.request(bytes, nsp);
  if (!request) {
    ++stats_.garbage;
    return;
  }
  if (request->uid == uid_) return;
  const bool kin = request->uid.starts_with(kin_mark);
  if (!kin) ++stats_.heard;
  const bool may = rules_.may(operation_of(request->type), request->target, request->rooms, request->event);
  if (kin || !may) {
    if (!kin) ++stats_.refused;
    return respond_nothing(nsp, *request, kin);
  }
  switch (request->type) {
    case Type::join:
    case Type::leave:
    case Type::disconnect: return command(nsp, std::move(*request));
    case Type::server_side:
      if (request->id) return ask_shards(nsp, std::move(*request));
      return shards_.receive(std::make_shared<const Message>(
          ServerSide{nsp, {}, std::move(request->event), std::move(request->args), std::nullopt}));
    default: return ask_shards(nsp, std::move(*request));
  }
}

void Classic::command(const std::string& nsp, classic::Request request) {
  if (request.type == Type::disconnect) {
    shards_.receive(
        std::make_shared<const Message>(Disconnect{nsp, std::move(request.target), request.close}));
  } else if (request.type == Type::join) {
    shards_.receive(
        std::make_shared<const Message>(Join{nsp, std::move(request.target), std::move(request.rooms)}));
  } else {
    shards_.receive(
        std::make_shared<const Message>(Leave{nsp, std::move(request.target), std::move(request.rooms)}));
  }
  // The old form is answered by the server that has the socket.
  if (!request.sid.empty() && engine::Id::node_of(request.sid) == engine::NodeTag::of(self_) && request.id)
    respond(nsp, {{"requestId", *request.id}}, false);
}

void Classic::ask_shards(const std::string& nsp, classic::Request request) {
  if (!request.id) return;
  if (theirs_.size() >= waiting_max) return respond_nothing(nsp, request, false);
  const std::uint64_t id = ++ids_;
  const Question question{them, 0, id};
  Theirs theirs;
  theirs.id = id;
  theirs.nsp = nsp;
  theirs.shards_left = shards_.count();
  theirs.forget_at = shard_.now() + question_ms_max;
  std::shared_ptr<const Message> message;
  switch (request.type) {
    case Type::ask:
      theirs.forget_at = shard_.now() + request.timeout_ms;
      message = std::make_shared<const Message>(
          Ask{nsp, request.target, request.message, request.timeout_ms, question});
      break;
    case Type::server_side:
      message = std::make_shared<const Message>(
          ServerSide{nsp, {}, request.event, std::move(request.args), question});
      break;
    default: message = std::make_shared<const Message>(Fetch{nsp, request.target, question});
  }
  theirs.request = std::move(request);
  theirs_.emplace(id, std::move(theirs));
  if (theirs_.size() >= forget_from) forget_old(shard_.now());
  shards_.receive(message);
}

void Classic::respond(const std::string& nsp, json::object response, bool to_kin) {
  if (to_kin) response["sioxx"] = true;
  say(response_channel(nsp), classic::text(response));
}

void Classic::respond_nothing(const std::string& nsp, const classic::Request& request, bool to_kin) {
  if (!request.id) return;
  json::object response{{"requestId", *request.id}};
  switch (request.type) {
    case Type::sockets:
    case Type::fetch: response["sockets"] = json::array(); break;
    case Type::rooms: response["rooms"] = json::array(); break;
    case Type::ask:
      response["type"] = number_of(Type::client_count);
      response["clientCount"] = 0;
      break;
    case Type::server_side:
      response["type"] = number_of(Type::server_side);
      response["data"] = nullptr;
      break;
    default: return;  // a command that was refused was not obeyed
  }
  respond(nsp, std::move(response), to_kin);
}

/// Any thread: our shards answer.
void Classic::answer(engine::ProcessId, const std::shared_ptr<const Message>& message) {
  shard_.post([this, message] { answered(*message); });
}

void Classic::answered(const Message& message) {
  std::visit(
      [this](const auto& said) {
        if constexpr (requires { said.question.id; }) {
          const auto found = theirs_.find(said.question.id);
          if (found != theirs_.end()) take(found->second, said);
        }
      },
      message);
}

void Classic::take(Theirs& theirs, const Silent& said) { shard_said(theirs, said.shards); }

void Classic::take(Theirs& theirs, const Sockets& said) {
  theirs.sockets.insert(theirs.sockets.end(), said.sockets.begin(), said.sockets.end());
  shard_said(theirs, 1);
}

void Classic::take(Theirs& theirs, const Clients& said) {
  theirs.clients += said.asked;
  shard_said(theirs, 1);
}

void Classic::take(Theirs& theirs, const ServerSideAnswer& said) {
  if (said.args) theirs.answers.push_back({*said.args, {}});
  shard_said(theirs, 1);
}

void Classic::take(Theirs& theirs, const ClientAck& ack) {
  ++theirs.acked;
  if (!theirs.told) {
    if (ack.answer) theirs.answers.push_back(*ack.answer);
    return;
  }
  if (ack.answer) say(response_channel(theirs.nsp), classic::client_ack(*theirs.request.id, *ack.answer));
  if (theirs.acked >= theirs.clients) theirs_.erase(ack.question.id);
}

void Classic::shard_said(Theirs& theirs, std::size_t shards) {
  if (theirs.shards_left < shards) return;
  theirs.shards_left -= shards;
  const bool first_answer = theirs.request.type == Type::server_side && !theirs.answers.empty();
  if (theirs.shards_left > 0 && !first_answer) return;
  finish_theirs(theirs);
  if (theirs.request.type != Type::ask || theirs.acked >= theirs.clients) theirs_.erase(theirs.id);
}

/// Every shard has said its part. The acks of clients may still come.
void Classic::finish_theirs(Theirs& theirs) {
  json::object response{{"requestId", *theirs.request.id}};
  json::array all;
  switch (theirs.request.type) {
    case Type::ask:
      theirs.told = true;
      response["type"] = number_of(Type::client_count);
      response["clientCount"] = theirs.clients;
      respond(theirs.nsp, std::move(response), false);
      for (const Answer& answer : std::exchange(theirs.answers, {}))
        say(response_channel(theirs.nsp), classic::client_ack(*theirs.request.id, answer));
      return;
    case Type::server_side: {
      // Node takes one value; each shard had a handler, and the first one that spoke speaks for this process.
      const bool said = !theirs.answers.empty() && !theirs.answers.front().args.empty();
      response["type"] = number_of(Type::server_side);
      response["data"] = said ? theirs.answers.front().args.front() : json::value(nullptr);
      break;
    }
    case Type::rooms: {
      std::vector<std::string> rooms;
      for (const RemoteSocket& socket : theirs.sockets) {
        rooms.push_back(socket.id);
        rooms.insert(rooms.end(), socket.rooms.begin(), socket.rooms.end());
      }
      std::sort(rooms.begin(), rooms.end());
      rooms.erase(std::unique(rooms.begin(), rooms.end()), rooms.end());
      for (const std::string& room : rooms) all.emplace_back(room);
      response["rooms"] = std::move(all);
      break;
    }
    case Type::sockets:
      for (const RemoteSocket& socket : theirs.sockets) all.emplace_back(socket.id);
      response["sockets"] = std::move(all);
      break;
    default:
      for (const RemoteSocket& socket : theirs.sockets) all.emplace_back(classic::describe(socket));
      response["sockets"] = std::move(all);
  }
  respond(theirs.nsp, std::move(response), false);
}

}  // namespace sioxx::cluster
