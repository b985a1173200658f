// The bare server: answers the frames of an order chat and does nothing else. No token is verified, no JSON
// is read beyond the bytes that must be echoed, nothing is stored, nothing is limited. It shows how much the
// load client can measure at all: the ceiling of bench/load. Not a chat server. Linux, epoll, one thread.
//
//   GET … Sec-WebSocket-Key: K     ->  101 + 0{"sid":…}
//   GET …transport=polling         ->  200 0{"sid":"S",…}
//   GET …transport=polling&sid=S   ->  200 and what waits for S, once there is something
//   POST …transport=polling&sid=S  ->  200 ok
//   40{…}                          ->  40{"sid":…}
//   42N["join_order_chat",{"orderId":"O"}]               ->  43N[{"ok":true,…}]
//   42N["order_message",{"orderId":"O","content":"C","clientMessageId":"M"}]
//                                  ->  42["order_message",{…}] to the room O, 43N[{"ok":true,"message":{…}}]

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../../load/packet.hpp"
#include "../../load/polling_wire.hpp"
#include "../../load/ws_codec.hpp"

namespace {

using namespace bench;

constexpr std::size_t receive_buffer_bytes = std::size_t{256} * 1024;
constexpr std::size_t output_bytes_max = std::size_t{4} << 20;
constexpr std::size_t request_bytes_max = 16 * 1024;
constexpr std::size_t events_per_turn =
    64;  // small turns: the client works on the answers of one during the next

struct Client;
struct Room;

/// One session: a WebSocket, inside its Client, or somebody who polls, in BareServer's table for ever.
struct Peer {
  Client* line = nullptr;  ///< the WebSocket, or the connection whose GET waits
  bool polls = false;
  bool dirty = false;
  Room* room = nullptr;
  std::string payload;  ///< what somebody who polls has not fetched
};

/// One connection. Owned by BareServer, freed at the end of the turn in which it closed.
struct Client {
  int descriptor = -1;
  bool upgraded = false;
  bool dirty = false;
  std::size_t sent = 0;
  Peer socket;              ///< once upgraded
  Peer* waiting = nullptr;  ///< whose GET this connection holds
  std::string output;
  std::string partial;
};

struct Room {
  std::string order_id;
  std::uint64_t last_seq = 0;
  std::vector<Peer*> members;
};

constexpr std::string_view open_rest =
    R"(,"upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})";

/// What follows `name` in `text`; empty when it is not there.
std::string_view after(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string_view::npos ? std::string_view{} : text.substr(at + name.size());
}

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  char encoded[64];
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded), digest, sizeof digest);
  return {encoded, static_cast<std::size_t>(size)};
}

class BareServer {
 public:
  explicit BareServer(std::uint16_t port);
  void run();

 private:
  void accept_all();
  void on_readable(Client& client);
  bool on_bytes(Client& client, std::size_t size);
  bool consume(Client& client, char* data, std::size_t size, std::size_t& used);
  bool on_request(Client& client, std::string_view head, std::string_view body);
  bool on_upgrade(Client& client, std::string_view key);
  void open_polling(Client& client);
  bool on_packet(Peer& peer, std::string_view text);
  void on_event(Peer& peer, std::string_view text);
  void on_message(Peer& peer, std::string_view ack_id, std::string_view json);
  void send_text(Peer& peer, std::string_view packet);
  void queue(Peer& peer, std::string_view packet);
  void answer(Client& client, std::string_view body);
  void answer_waiting(Peer& peer);
  void mark_dirty(Client& client);
  void flush(Client& client);
  void drop(Client& client);

  int epoll_;
  int listener_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(receive_buffer_bytes);
  std::unordered_map<std::string, std::unique_ptr<Room>> rooms_;
  std::unordered_map<std::string, std::unique_ptr<Peer>> polling_;
  std::vector<Peer*> dirty_polling_;
  std::vector<Client*> dirty_;
  std::vector<Client*> dropped_;
  FieldFinder order_id_{R"("orderId":)"};
  FieldFinder content_{R"("content":)"};
  FieldFinder client_message_id_{R"("clientMessageId":)"};
  std::string message_;
  std::string packet_;
  std::string frame_;
};

BareServer::BareServer(std::uint16_t port)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 4096) != 0) {
    std::perror("bare: listen");
    std::exit(1);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

void BareServer::run() {
  std::vector<epoll_event> events(events_per_turn);
  while (true) {
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.ptr == nullptr) {
        accept_all();
        continue;
      }
      Client& client = *static_cast<Client*>(event.data.ptr);
      if (client.descriptor < 0) continue;
      if ((event.events & EPOLLOUT) != 0 && !client.output.empty()) mark_dirty(client);
      if ((event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) on_readable(client);
    }
    for (Peer* peer : dirty_polling_) answer_waiting(*peer);
    dirty_polling_.clear();
    for (Client* client : dirty_) flush(*client);
    dirty_.clear();
    for (Client* client : dropped_) delete client;
    dropped_.clear();
  }
}

void BareServer::accept_all() {
  while (true) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto client = std::make_unique<Client>();
    client->descriptor = descriptor;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = client.release();  // from here on drop() frees it
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
  }
}

void BareServer::on_readable(Client& client) {
  ssize_t n = 0;
  do {
    n = ::recv(client.descriptor, buffer_.get(), receive_buffer_bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0 || !on_bytes(client, static_cast<std::size_t>(n))) return drop(client);
  } while (static_cast<std::size_t>(n) == receive_buffer_bytes);
}

bool BareServer::on_bytes(Client& client, std::size_t size) {
  std::size_t used = 0;
  if (client.partial.empty()) {
    if (!consume(client, buffer_.get(), size, used)) return false;
    if (used < size) client.partial.assign(buffer_.get() + used, size - used);
    return true;
  }
  client.partial.append(buffer_.get(), size);
  if (!consume(client, client.partial.data(), client.partial.size(), used)) return false;
  client.partial.erase(0, used);
  if (client.partial.empty()) std::string().swap(client.partial);
  return true;
}

bool BareServer::consume(Client& client, char* data, std::size_t size, std::size_t& used) {
  while (!client.upgraded && used < size) {
    const std::string_view text(data + used, size - used);
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return text.size() < request_bytes_max;
    const std::string_view head = text.substr(0, end + 2);
    const std::size_t body_bytes = leading_number(after(head, "\r\nContent-Length: "), 0);
    if (text.size() < end + 4 + body_bytes) return body_bytes < request_bytes_max;
    if (!on_request(client, head, text.substr(end + 4, body_bytes))) return false;
    used += end + 4 + body_bytes;
  }
  FrameHeader header;
  while (used < size) {
    const ParseStatus status = parse_frame_header({data + used, size - used}, header);
    if (status == ParseStatus::need_more) return true;
    if (status == ParseStatus::invalid || !header.masked || header.opcode != Opcode::text) return false;
    const std::size_t frame_bytes = header.header_bytes + static_cast<std::size_t>(header.payload_bytes);
    if (size - used < frame_bytes) return true;
    char* payload = data + used + header.header_bytes;
    apply_mask(payload, static_cast<std::size_t>(header.payload_bytes), header.mask_key);
    used += frame_bytes;
    if (!on_packet(client.socket, {payload, static_cast<std::size_t>(header.payload_bytes)})) return false;
  }
  return true;
}

bool BareServer::on_request(Client& client, std::string_view head, std::string_view body) {
  const std::string_view key = after(head, "\r\nSec-WebSocket-Key: ");
  if (!key.empty()) return on_upgrade(client, key.substr(0, key.find("\r\n")));
  if (head.find("transport=polling") == std::string_view::npos) return false;
  const std::string_view sid = after(head.substr(0, head.find("\r\n")), "&sid=");
  if (sid.empty()) {
    open_polling(client);
    return true;
  }
  const auto found = polling_.find(std::string(sid.substr(0, sid.find(' '))));
  if (found == polling_.end()) return false;
  Peer& peer = *found->second;
  if (head.starts_with("GET")) {
    peer.line = &client;
    client.waiting = &peer;
    answer_waiting(peer);
    return true;
  }
  while (!body.empty()) {
    if (!on_packet(peer, take_packet(body))) return false;
  }
  answer(client, "ok");
  return true;
}

bool BareServer::on_upgrade(Client& client, std::string_view key) {
  client.output += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  client.output += "Sec-WebSocket-Accept: " + accept_of(key) + "\r\n\r\n";
  client.upgraded = true;
  client.socket.line = &client;
  send_text(client.socket, std::string(R"(0{"sid":"BareBareBareBareBare")").append(open_rest));
  return true;
}

void BareServer::open_polling(Client& client) {
  std::string sid = std::to_string(10'000'000'000'000'000'000U + polling_.size());  // twenty characters
  answer(client, R"(0{"sid":")" + sid + '"' + std::string(open_rest));
  auto peer = std::make_unique<Peer>();
  peer->polls = true;
  polling_.emplace(std::move(sid), std::move(peer));
}

void BareServer::answer(Client& client, std::string_view body) {
  client.output.append("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: ");
  client.output.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  mark_dirty(client);
}

void BareServer::answer_waiting(Peer& peer) {
  peer.dirty = false;
  if (peer.line == nullptr || peer.payload.empty()) return;
  answer(*peer.line, peer.payload);
  peer.line->waiting = nullptr;
  peer.line = nullptr;
  peer.payload.clear();
}

void BareServer::queue(Peer& peer, std::string_view packet) {
  if (!peer.payload.empty()) peer.payload += '\x1e';
  peer.payload += packet;
  if (peer.dirty) return;
  peer.dirty = true;
  dirty_polling_.push_back(&peer);
}

bool BareServer::on_packet(Peer& peer, std::string_view text) {
  if (text.starts_with("42")) {
    on_event(peer, text);
  } else if (text.starts_with("40")) {
    send_text(peer, R"(40{"sid":"bareBAREbareBAREbare"})");
  } else {
    return text == "3" || text == "2";
  }
  return true;
}

void BareServer::on_event(Peer& peer, std::string_view text) {
  const std::size_t bracket = text.find('[');
  if (bracket == std::string_view::npos) return;
  const std::string_view ack_id = text.substr(2, bracket - 2);
  const std::string_view json = text.substr(bracket);
  if (json.starts_with(R"(["order_message",)")) return on_message(peer, ack_id, json);
  if (!json.starts_with(R"(["join_order_chat",)") || peer.room != nullptr) return;
  const std::string order(leading_string(order_id_.after(json)));
  std::unique_ptr<Room>& room = rooms_[order];
  if (!room) {
    room = std::make_unique<Room>();
    room->order_id = order;
  }
  room->members.push_back(&peer);
  peer.room = room.get();
  send_text(peer, std::string("43").append(ack_id).append(R"([{"ok":true,"messages":[]}])"));
}

void BareServer::on_message(Peer& peer, std::string_view ack_id, std::string_view json) {
  if (peer.room == nullptr) return;
  char seq[24];
  const auto seq_end = std::to_chars(std::begin(seq), std::end(seq), ++peer.room->last_seq).ptr;
  message_.assign(R"({"id":"01890000-0000-7000-8000-000000000000","orderId":")");
  message_.append(peer.room->order_id).append(R"(","seq":)");
  message_.append(seq, static_cast<std::size_t>(seq_end - seq));
  message_.append(R"(,"senderId":"0badc0de-0002-4000-8000-000000000000",)");
  message_.append(R"("receiverId":"0badc0de-0002-4000-8000-000000000001","content":")");
  message_.append(leading_string(content_.after(json)));
  message_.append(R"(","type":"text","fileUrl":null,"fileName":null,"attachments":[],"replyTo":null,)");
  message_.append(R"("clientMessageId":")").append(leading_string(client_message_id_.after(json)));
  message_.append(R"(","readAt":null,"editedAt":null,"deletedAt":null,)");
  message_.append(R"("createdAt":"2026-01-01T00:00:00.000Z"})");

  packet_.assign(R"(42["order_message",)").append(message_).append("]");
  frame_.clear();
  append_server_frame(frame_, Opcode::text, packet_);
  for (Peer* member : peer.room->members) {
    if (member->polls) {
      queue(*member, packet_);
    } else {
      member->line->output.append(frame_);
      mark_dirty(*member->line);
    }
  }
  packet_.assign("43").append(ack_id).append(R"([{"ok":true,"message":)").append(message_).append("}]");
  send_text(peer, packet_);
}

void BareServer::send_text(Peer& peer, std::string_view packet) {
  if (peer.polls) return queue(peer, packet);
  append_server_frame(peer.line->output, Opcode::text, packet);
  mark_dirty(*peer.line);
}

void BareServer::mark_dirty(Client& client) {
  if (client.dirty) return;
  client.dirty = true;
  dirty_.push_back(&client);
}

void BareServer::flush(Client& client) {
  client.dirty = false;
  if (client.descriptor < 0) return;
  bool blocked = false;
  while (client.sent < client.output.size() && !blocked) {
    const ssize_t n = ::send(client.descriptor, client.output.data() + client.sent,
                             client.output.size() - client.sent, MSG_NOSIGNAL);
    if (n > 0) {
      client.sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      blocked = true;
    } else if (errno != EINTR) {
      return drop(client);
    }
  }
  if (!blocked) {
    client.output.clear();
    client.sent = 0;
    if (client.output.capacity() > 4096) std::string().swap(client.output);
  } else if (client.output.size() - client.sent > output_bytes_max) {
    return drop(client);
  }
}

void BareServer::drop(Client& client) {
  if (client.descriptor < 0) return;
  ::close(client.descriptor);
  client.descriptor = -1;
  if (client.socket.room != nullptr) std::erase(client.socket.room->members, &client.socket);
  if (client.waiting != nullptr) client.waiting->line = nullptr;
  if (!client.dirty) {
    dropped_.push_back(&client);
  } else {
    client.dirty = false;
    std::erase(dirty_, &client);
    dropped_.push_back(&client);
  }
}

}  // namespace

int main() {
  const char* port_text = std::getenv("PORT");
  const int port = port_text != nullptr ? std::atoi(port_text) : 3000;
  if (port <= 0 || port > 65'535) {
    std::fputs("PORT is not a port\n", stderr);
    return 1;
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::signal(SIGPIPE, SIG_IGN);
  BareServer server(static_cast<std::uint16_t>(port));
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  server.run();
}
