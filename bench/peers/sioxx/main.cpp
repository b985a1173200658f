// The program of the Node peer (peers/js/chat.mjs), written with our library: the token is verified once and its expiry
// compared at every action, membership is cached at join, messages are numbered, told to the room and acknowledged, and
// nothing is stored. So the library is compared with the libraries of others, without Rozmova's store. Not a chat server.
//
//   PORT, HOST, THREADS, JWT_SECRET, PING_INTERVAL_MS from the environment

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sioxx/server.hpp"

namespace {

namespace json = boost::json;

constexpr std::size_t content_chars_max = 10'000;
constexpr std::size_t token_bytes_max = 8'192;
constexpr std::size_t message_bytes_usual = 512;  ///< as JSON, without its content

/// A chat that somebody has joined. Shared by its members, on any shard.
struct Chat {
  std::string order_id, room, receiver_id;
  std::atomic<std::uint64_t> last_seq{0};
};

/// What a connection knows of itself; used on its shard only.
struct Person {
  std::string user_id;
  std::int64_t expires_at_ms = 0;
  std::vector<std::shared_ptr<Chat>> chats;
};

/// All chats by their order; asked at join only. Any thread.
class Chats {
 public:
  std::shared_ptr<Chat> of(std::string_view order_id);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Chat>, std::less<>> chats_;
};

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// A random UUID; random bytes are fetched for 256 of them at a time, as Node does.
std::string random_uuid() {
  thread_local unsigned char bytes[4096];
  thread_local std::size_t used = sizeof bytes;
  if (used == sizeof bytes) {
    if (RAND_bytes(bytes, sizeof bytes) != 1) std::abort();
    used = 0;
  }
  unsigned char* id = bytes + used;
  used += 16;
  id[6] = static_cast<unsigned char>((id[6] & 0x0fU) | 0x40U);
  id[8] = static_cast<unsigned char>((id[8] & 0x3fU) | 0x80U);
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[id[i] >> 4U];
    text += digits[id[i] & 15U];
  }
  return text;
}

/// As JavaScript's toISOString(). All messages of a millisecond have the same, so it is written once.
std::string_view iso_time(std::int64_t ms) {
  thread_local std::int64_t written_for = -1;
  thread_local std::string text;
  if (ms != written_for) {
    const std::time_t seconds = ms / 1000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
    written_for = ms;
  }
  return text;
}

/// One text of all parts, in a buffer of this thread that is used again and again; lasts until the next call.
template <class... Parts>
const std::string& joined(const Parts&... parts) {
  thread_local std::string text;
  text.clear();
  (text.append(parts), ...);
  return text;
}

std::string_view text(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::shared_ptr<Chat> Chats::of(std::string_view order_id) {
  const std::lock_guard lock(mutex_);
  auto found = chats_.find(order_id);
  if (found == chats_.end()) {
    auto chat = std::make_shared<Chat>();
    chat->order_id = order_id;
    chat->room = "order:" + chat->order_id;
    chat->receiver_id = random_uuid();
    found = chats_.emplace(chat->order_id, std::move(chat)).first;
  }
  return found->second;
}

// ---- JWT, HS256 alone (RFC 7515, RFC 7519)

std::optional<std::string> from_base64url(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : encoded) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '-' || c == '_') {
      value = c == '-' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = (bits << 6U) | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>((bits >> held) & 0xffU);
  }
  return out;
}

/// The secret as a key: made ready once a thread, like the key object that the peers verify with.
class Key {
 public:
  explicit Key(std::string secret) : secret_(std::move(secret)) {}

  /// HMAC-SHA256 of `text`.
  std::array<unsigned char, 32> sign(std::string_view text) const {
    thread_local const std::unique_ptr<EVP_MAC_CTX, FreeContext> context(make_context());
    std::array<unsigned char, 32> mac{};
    std::size_t size = 0;
    if (EVP_MAC_init(context.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()) !=
            1 ||
        EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) != 1) {
      std::abort();
    }
    return mac;
  }

 private:
  struct FreeContext {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
  };

  EVP_MAC_CTX* make_context() const {
    EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    EVP_MAC_CTX* const context = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    char digest[] = "SHA256";
    const OSSL_PARAM settings[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                                   OSSL_PARAM_construct_end()};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(secret_.data());
    if (EVP_MAC_init(context, bytes, secret_.size(), settings) != 1) std::abort();
    return context;
  }

  std::string secret_;
};

/// The claims of a token with a good signature and a good time; nothing otherwise.
std::optional<Person> verify(std::string_view token, const Key& key) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (token.size() > token_bytes_max || first == std::string_view::npos || first == last) return std::nullopt;
  const auto mac = key.sign(token.substr(0, last));
  const auto signature = from_base64url(token.substr(last + 1));
  if (!signature || signature->size() != mac.size() ||
      CRYPTO_memcmp(signature->data(), mac.data(), mac.size()) != 0) {
    return std::nullopt;
  }
  const auto head = from_base64url(token.substr(0, first));
  const auto body = from_base64url(token.substr(first + 1, last - first - 1));
  if (!head || !body) return std::nullopt;
  boost::system::error_code error;
  const json::value header = json::parse(*head, error);
  if (error || !header.is_object() || text(header.get_object().if_contains("alg")) != "HS256")
    return std::nullopt;
  const json::value claims = json::parse(*body, error);
  if (error || !claims.is_object()) return std::nullopt;
  const json::value* expires = claims.get_object().if_contains("exp");
  if (expires == nullptr || !expires->is_int64()) return std::nullopt;
  Person person{std::string(text(claims.get_object().if_contains("sub"))), expires->get_int64() * 1000, {}};
  if (person.user_id.empty() || now_ms() >= person.expires_at_ms) return std::nullopt;
  return person;
}

// ---- the events

json::object refusal(std::string_view code) {
  return {{"ok", false}, {"error", {{"code", code}, {"message", code}}}};
}

const json::object* payload_of(const sioxx::Event& event) {
  const json::value* value = event.arg(0);
  return value != nullptr ? value->if_object() : nullptr;
}

void join(sioxx::Socket& socket, sioxx::Event& event, Chats& chats) {
  Person& person = *socket.data<Person>();
  if (now_ms() >= person.expires_at_ms) return event.ack()(refusal("TOKEN_EXPIRED"));
  const json::object* payload = payload_of(event);
  const std::string_view order =
      payload != nullptr ? text(payload->if_contains("orderId")) : std::string_view{};
  if (order.empty()) return event.ack()(refusal("INVALID_PAYLOAD"));
  const std::shared_ptr<Chat> chat = chats.of(order);
  if (!socket.join(chat->room)) return event.ack()(refusal("RATE_LIMITED"));
  person.chats.push_back(chat);
  event.ack()(json::object{{"ok", true}, {"orderId", order}, {"messages", json::array{}}});
}

void leave(sioxx::Socket& socket, sioxx::Event& event) {
  const json::object* payload = payload_of(event);
  const std::string_view order =
      payload != nullptr ? text(payload->if_contains("orderId")) : std::string_view{};
  std::erase_if(socket.data<Person>()->chats, [&](const auto& chat) {
    if (chat->order_id != order) return false;
    socket.leave(chat->room);
    return true;
  });
  event.ack()(json::object{{"ok", true}});
}

void message(sioxx::Socket& socket, sioxx::Event& event, const sioxx::Namespace& chat_space) {
  Person& person = *socket.data<Person>();
  const std::int64_t now = now_ms();
  if (now >= person.expires_at_ms) return event.ack()(refusal("TOKEN_EXPIRED"));
  const json::object* payload = payload_of(event);
  if (payload == nullptr) return event.ack()(refusal("INVALID_PAYLOAD"));
  const std::string_view order = text(payload->if_contains("orderId"));
  const json::value* content = payload->if_contains("content");
  if (text(content).empty() || text(content).size() > content_chars_max) {
    return event.ack()(refusal("INVALID_PAYLOAD"));
  }
  const auto found = std::find_if(person.chats.begin(), person.chats.end(),
                                  [&](const auto& chat) { return chat->order_id == order; });
  if (found == person.chats.end()) return event.ack()(refusal("FORBIDDEN"));
  Chat& chat = **found;
  const json::value* client_id = payload->if_contains("clientMessageId");
  std::string stored;
  stored.reserve(message_bytes_usual + text(content).size());
  stored.append(R"({"id":")").append(random_uuid()).append(R"(","orderId":")").append(chat.order_id);
  stored.append(R"(","seq":)").append(std::to_string(++chat.last_seq));
  stored.append(R"(,"senderId":")").append(person.user_id);
  stored.append(R"(","receiverId":")").append(chat.receiver_id);
  stored.append(R"(","content":)");
  sioxx::append_json(stored, text(content));
  stored.append(R"(,"type":"text","fileUrl":null,"fileName":null,"attachments":[],"replyTo":null,)");
  stored.append(R"("clientMessageId":)");
  if (client_id != nullptr && client_id->is_string()) {
    sioxx::append_json(stored, text(client_id));
  } else {
    stored.append("null");
  }
  stored.append(R"(,"readAt":null,"editedAt":null,"deletedAt":null,"createdAt":")");
  stored.append(iso_time(now)).append(R"("})");
  chat_space.to(chat.room).send(sioxx::encode_event("/", "order_message", stored));
  event.ack().send_raw(joined(R"([{"ok":true,"message":)", stored, "}]"));
}

const char* setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

}  // namespace

int main() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  sioxx::Options options;
  options.host = setting("HOST", "127.0.0.1");
  options.port = static_cast<std::uint16_t>(std::atoi(setting("PORT", "3000")));
  options.threads = static_cast<unsigned>(std::atoi(setting("THREADS", "1")));
  options.ping_interval_ms = std::atoi(setting("PING_INTERVAL_MS", "25000"));
  options.http_compression = false;
  options.connections_per_ip_max = 0;
  const Key key(setting("JWT_SECRET", ""));
  Chats chats;
  sioxx::Server io(options);
  sioxx::Namespace& space = io.of("/");
  space.use([&key](sioxx::Socket& socket, sioxx::Next next) {
    auto person = verify(text(socket.auth().if_contains("token")), key);
    if (!person) return next.refuse({"Unauthorized", {{"code", "UNAUTHORIZED"}}});
    socket.data(std::make_shared<Person>(std::move(*person)));
    next();
  });
  space.on("join_order_chat", [&chats](sioxx::Socket& s, sioxx::Event& e) { join(s, e, chats); });
  space.on("leave_order_chat", [](sioxx::Socket& s, sioxx::Event& e) { leave(s, e); });
  space.on("order_message", [&space](sioxx::Socket& s, sioxx::Event& e) { message(s, e, space); });
  io.run();
}
