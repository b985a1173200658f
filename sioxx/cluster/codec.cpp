// Grammar of a frame between processes:
//
//   frame   = version:1 from:8 number:8 kind:1 body          integers of fixed size: the highest byte first
//   n       = LEB128, at most 64 bits                        text = n bytes          flags = 1 byte
//   texts   = n text*                                        json = text, of exactly one value
//   target  = flags(1 ephemeral, 2 uncompressed, 4 children) rooms:texts except:texts
//   ask     = process:8 shard:n id:n                         whose question
//   packet  = flags(1 uncompressed) order:n text texts       an EVENT as clients get it, and its attachments
//
//   kind  1 hello      flags(1 newcomer, 2 leaving) shards:n
//         3 broadcast  nsp target packet
//         4 join, 5 leave   nsp target rooms:texts           6 disconnect  nsp target flags(1 close)
//         7 fetch      nsp target ask                        8 sockets     ask n socket*
//         9 event      nsp target name:text args:json flags(1 ask follows) [ask]
//        10 its answer ask flags(1 args follow) [args:json]
//        11 clients    ask n                                12 client ack  ask flags(1 follows) [args:json texts]
//        13 ask        nsp target packet timeout_ms:n ask   14 silent      ask n flags(1 lost)
//   socket  = id nsp rooms:texts data:json address url pairs pairs issued:8 flags(1 secure, 2 cross origin, 4 protocol 3)
//   pairs   = n (text text)*                                 headers, then query
//
// The kinds are the field's numbers (socketio-wire §3.3) as far as it has them.

#include "sioxx/cluster/codec.hpp"

#include "sioxx/engine/sessions.hpp"
#include "sioxx/engine/utf8.hpp"
#include "sioxx/socket/packet.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace json = boost::json;

namespace sioxx::cluster {
namespace {

constexpr char version = 1;
/// A day: nobody waits that long for an answer, and times can be added to it.
constexpr std::uint64_t duration_ms_max = 86'400'000;

enum class Kind : std::uint8_t {
  hello = 1,
  broadcast = 3,
  join,
  leave,
  disconnect,
  fetch,
  sockets,
  event,
  event_answer,
  clients,
  client_ack,
  ask,
  silent
};

using Texts = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr unsigned bit(unsigned n, bool set) { return set ? 1u << n : 0u; }

// ---- writing

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void byte(unsigned value) { out_ += static_cast<char>(value); }
  void fixed(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) byte(static_cast<unsigned>(value >> shift & 0xff));
  }
  void number(std::uint64_t value) {
    for (; value > 0x7f; value >>= 7) byte(static_cast<unsigned>(value & 0x7f) | 0x80u);
    byte(static_cast<unsigned>(value));
  }
  void text(std::string_view text) {
    number(text.size());
    out_ += text;
  }
  void texts(const Texts& texts) {
    number(texts.size());
    for (const std::string& one : texts) text(one);
  }
  void pairs(const Pairs& pairs) {
    number(pairs.size());
    for (const auto& [name, value] : pairs) {
      text(name);
      text(value);
    }
  }
  void value(const json::value& value) {
    json_.clear();
    socket::write_json(json_, value);
    text(json_);
  }
  void target(const BroadcastOptions& target) {
    byte(bit(0, target.delivery == engine::Delivery::ephemeral) | bit(1, !target.compress) |
         bit(2, target.children));
    texts(target.rooms);
    texts(target.except);
  }
  void question(const Question& question) {
    fixed(question.process.value());
    number(question.shard);
    number(question.id);
  }
  void packet(const engine::Encoded& packet) {
    byte(bit(0, !packet.compress()));
    number(packet.order());
    text(packet.packet().substr(1));  // without the engine's digit
    std::size_t attachments = 0;
    for (auto part = packet.next().get(); part != nullptr; part = part->next().get()) ++attachments;
    number(attachments);
    for (auto part = packet.next().get(); part != nullptr; part = part->next().get()) text(part->packet());
  }
  void socket(const RemoteSocket& socket) {
    text(socket.id);
    text(socket.nsp);
    texts(socket.rooms);
    value(socket.data);
    const engine::Handshake& came = socket.handshake;
    text(came.address);
    text(came.request().url);
    pairs(came.request().headers);
    pairs(came.request().query);
    fixed(static_cast<std::uint64_t>(came.issued));
    byte(bit(0, came.secure) | bit(1, came.cross_origin) | bit(2, came.revision == engine::Revision::v3));
  }

  Kind put(const Broadcast& one) {
    text(one.nsp);
    target(one.target);
    packet(*one.message);
    return Kind::broadcast;
  }
  template <class Command>
  Kind put_rooms(const Command& one, Kind kind) {
    text(one.nsp);
    target(one.target);
    texts(one.rooms);
    return kind;
  }
  Kind put(const Join& one) { return put_rooms(one, Kind::join); }
  Kind put(const Leave& one) { return put_rooms(one, Kind::leave); }
  Kind put(const Disconnect& one) {
    text(one.nsp);
    target(one.target);
    byte(bit(0, one.close));
    return Kind::disconnect;
  }
  Kind put(const Fetch& one) {
    text(one.nsp);
    target(one.target);
    question(one.question);
    return Kind::fetch;
  }
  Kind put(const Sockets& one) {
    question(one.question);
    number(one.sockets.size());
    for (const RemoteSocket& each : one.sockets) socket(each);
    return Kind::sockets;
  }
  Kind put(const ServerSide& one) {
    text(one.nsp);
    target(one.target);
    text(one.event);
    value(one.args);
    byte(bit(0, one.question.has_value()));
    if (one.question) question(*one.question);
    return Kind::event;
  }
  Kind put(const ServerSideAnswer& one) {
    question(one.question);
    byte(bit(0, one.args.has_value()));
    if (one.args) value(*one.args);
    return Kind::event_answer;
  }
  Kind put(const Ask& one) {
    text(one.nsp);
    target(one.target);
    packet(*one.event);
    number(std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(one.timeout_ms, 0)), duration_ms_max));
    question(one.question);
    return Kind::ask;
  }
  Kind put(const Clients& one) {
    question(one.question);
    number(one.asked);
    return Kind::clients;
  }
  Kind put(const ClientAck& one) {
    question(one.question);
    byte(bit(0, one.answer.has_value()));
    if (one.answer) {
      value(one.answer->args);
      texts(one.answer->attachments);
    }
    return Kind::client_ack;
  }
  Kind put(const Silent& one) {
    question(one.question);
    number(one.shards);
    byte(bit(0, one.lost));
    return Kind::silent;
  }

 private:
  std::string& out_;
  std::string json_;
};

constexpr std::size_t kind_at = front_bytes;

std::string blank() {
  std::string out(kind_at + 1, '\0');
  out[0] = version;
  return out;
}

// ---- reading

/// Everything is read even when something before it failed (as zeros); ok() is asked once, at the end.
class Reader {
 public:
  Reader(std::string_view rest, socket::JsonReader& json) : rest_(rest), json_(json) {}

  bool ok() const { return ok_ && rest_.empty(); }
  unsigned byte(unsigned flags_max) {
    if (rest_.empty()) return fail();
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value > flags_max ? fail() : value;
  }
  std::uint64_t fixed() {
    if (rest_.size() < 8) return fail();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte(0xff);
    return value;
  }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned part = byte(0xff);
      if (shift == 63 && part > 1) return fail();
      value |= std::uint64_t{part & 0x7f} << shift;
      if (part <= 0x7f) return part == 0 && shift > 0 ? fail() : value;  // the shortest form alone
    }
    return fail();
  }
  std::string text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) return fail(), std::string();
    std::string text(rest_.substr(0, static_cast<std::size_t>(size)));
    rest_.remove_prefix(text.size());
    return text;
  }
  std::string utf8() {
    std::string text = this->text();
    if (!engine::is_utf8(text)) fail();
    return text;
  }
  template <class One>
  auto many(One&& one) {
    std::vector<decltype(one())> all;
    // Each takes a byte at least, so a count beyond that is a lie; and none is made before its bytes are read.
    for (std::uint64_t left = number(); left > 0 && ok_; --left) {
      if (left > rest_.size()) return fail(), decltype(all)();
      all.push_back(one());
    }
    return all;
  }
  Texts texts() {
    return many([this] { return utf8(); });
  }
  Texts blobs() {
    return many([this] { return text(); });
  }
  Pairs pairs() {
    return many([this] {
      std::string name = text();
      return std::pair(std::move(name), text());
    });
  }
  json::value value() {
    json::value value;
    const std::string text = this->text();
    if (!ok_ || !json_.read(text, value)) fail();
    return value;
  }
  json::array array() {
    json::value value = this->value();
    if (json::array* const array = value.if_array()) return std::move(*array);
    fail();
    return {};
  }
  BroadcastOptions target() {
    BroadcastOptions target;
    const unsigned flags = byte(7);
    if ((flags & 1) != 0) target.delivery = engine::Delivery::ephemeral;
    target.compress = (flags & 2) == 0;
    target.children = (flags & 4) != 0;
    target.rooms = texts();
    target.except = texts();
    return target;
  }
  Question question() {
    Question question;
    question.process = engine::ProcessId(fixed());
    const std::uint64_t shard = number();
    question.shard = static_cast<unsigned>(shard < engine::Sessions::shards_max ? shard : fail());
    question.id = number();
    return question;
  }
  engine::EncodedPtr packet();
  RemoteSocket socket();
  std::size_t shards() {
    const std::uint64_t count = number();
    return static_cast<std::size_t>(count > 0 && count <= engine::Sessions::shards_max ? count : fail());
  }
  std::int64_t duration_ms() {
    const std::uint64_t ms = number();
    return static_cast<std::int64_t>(ms <= duration_ms_max ? ms : fail());
  }
  std::size_t count() { return static_cast<std::size_t>(number()); }

 private:
  unsigned fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  socket::JsonReader& json_;
  bool ok_ = true;
};

/// How many attachments an EVENT's text speaks of; nothing when it is none. What follows is the clients' business: a
/// broadcast was checked where it was made.
std::optional<std::size_t> attachments_of(std::string_view text) {
  if (text.starts_with('2')) return 0;
  std::size_t count = 0;
  if (!text.starts_with('5')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), count);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '-') return std::nullopt;
  return count;
}

engine::EncodedPtr Reader::packet() {
  engine::Encoded::Builder builder;
  const bool compress = byte(1) == 0;
  const std::uint64_t order = number();
  const std::string text = utf8();
  const Texts attachments = blobs();
  if (!ok_ || attachments_of(text) != attachments.size()) return fail(), nullptr;
  builder << text;
  builder.compress(compress);
  return std::move(builder).finish(order, socket::chain_attachments(attachments, compress));
}

RemoteSocket Reader::socket() {
  RemoteSocket socket;
  socket.id = utf8();
  socket.nsp = utf8();
  socket.rooms = texts();
  socket.data = value();
  engine::Handshake& came = socket.handshake;
  came.address = text();
  came.request().url = text();
  came.request().headers = pairs();
  came.request().query = pairs();
  came.issued = static_cast<loop::WallMs>(fixed());
  const unsigned flags = byte(7);
  came.secure = (flags & 1) != 0;
  came.cross_origin = (flags & 2) != 0;
  if ((flags & 4) != 0) came.revision = engine::Revision::v3;
  return socket;
}

// Members are read in the order in which they are written here, which braces guarantee.
std::optional<Decoder::Frame> read(Reader& in, Kind kind) {
  switch (kind) {
    case Kind::hello: {
      const unsigned flags = in.byte(3);
      return Hello{in.shards(), (flags & 1) != 0, (flags & 2) != 0};
    }
    case Kind::broadcast: return Message(Broadcast{in.utf8(), in.target(), in.packet()});
    case Kind::join: return Message(Join{in.utf8(), in.target(), in.texts()});
    case Kind::leave: return Message(Leave{in.utf8(), in.target(), in.texts()});
    case Kind::disconnect: return Message(Disconnect{in.utf8(), in.target(), in.byte(1) != 0});
    case Kind::fetch: return Message(Fetch{in.utf8(), in.target(), in.question()});
    case Kind::sockets: return Message(Sockets{in.question(), in.many([&in] { return in.socket(); })});
    case Kind::event: {
      ServerSide said{in.utf8(), in.target(), in.utf8(), in.array(), std::nullopt};
      if (in.byte(1) != 0) said.question = in.question();
      return Message(std::move(said));
    }
    case Kind::event_answer: {
      ServerSideAnswer answer{in.question(), std::nullopt};
      if (in.byte(1) != 0) answer.args = in.array();
      return Message(std::move(answer));
    }
    case Kind::clients: return Message(Clients{in.question(), in.count()});
    case Kind::client_ack: {
      ClientAck ack{in.question(), std::nullopt};
      if (in.byte(1) != 0) ack.answer = Answer{in.array(), in.blobs()};
      return Message(std::move(ack));
    }
    case Kind::ask: return Message(Ask{in.utf8(), in.target(), in.packet(), in.duration_ms(), in.question()});
    case Kind::silent: return Message(Silent{in.question(), in.count(), in.byte(1) != 0});
  }
  return std::nullopt;
}

}  // namespace

std::string encode(const Message& message) {
  return std::visit(
      [](const auto& one) {
        std::string out = blank();
        Writer writer(out);
        if constexpr (requires { writer.put(one); }) {
          out[kind_at] = static_cast<char>(writer.put(one));
        } else {
          out.clear();
        }
        return out;
      },
      message);
}

std::string encode(const Hello& hello) {
  std::string out = blank();
  out[kind_at] = static_cast<char>(Kind::hello);
  Writer writer(out);
  writer.byte(bit(0, hello.newcomer) | bit(1, hello.leaving));
  writer.number(hello.shards);
  return out;
}

void put_front(std::string& frame, const Front& front) {
  std::string written;
  Writer writer(written);
  writer.fixed(front.from.value());
  writer.fixed(front.number);
  frame.replace(1, written.size(), written);
}

bool is_hello(std::string_view frame) {
  return frame.size() > kind_at &&
         static_cast<std::uint8_t>(frame[kind_at]) == static_cast<std::uint8_t>(Kind::hello);
}

std::optional<Front> front_of(std::string_view frame) {
  if (frame.size() <= front_bytes || frame[0] != version) return std::nullopt;
  const auto fixed = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(frame[at + i]);
    return value;
  };
  return Front{engine::ProcessId(fixed(1)), fixed(9)};
}

std::optional<Decoder::Frame> Decoder::decode(std::string_view frame) {
  if (frame.size() <= front_bytes || frame[0] != version) return std::nullopt;
  Reader in(frame.substr(kind_at + 1), json_);
  auto read_frame = read(in, static_cast<Kind>(frame[kind_at]));
  if (!read_frame || !in.ok()) return std::nullopt;
  return read_frame;
}

}  // namespace sioxx::cluster
