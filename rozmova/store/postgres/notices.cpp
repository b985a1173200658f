// A notice of PostgreSQL is text of less than 8000 bytes on a channel whose name has less than 64. So
//
//   channel = the name when it is short enough, else its beginning '#' 32 hexadecimal digits of its hash
//   notice  = number ':' ( 't' text | 'x' hexadecimal bytes | 'p' row of rozmova_parcels )
//
// The number makes equal notices different: PostgreSQL folds those of one transaction into one.
#include "rozmova/store/postgres/notices.hpp"

#include "rozmova/store/away.hpp"
#include "rozmova/store/postgres/arrays.hpp"
#include "rozmova/store/postgres/steady.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace rozmova::store::postgres {
namespace {

constexpr std::size_t notice_bytes_max = 7'900;  ///< of a payload as it is written, without number and mark
constexpr std::size_t channel_bytes_max = 63;
constexpr std::size_t channel_begin_bytes = 30;

constexpr const char* say =
    "SELECT pg_notify(c, p) FROM unnest(CAST($1 AS TEXT[]), CAST($2 AS TEXT[])) AS said (c, p)";
constexpr const char* put_parcel =
    "INSERT INTO rozmova_parcels (payload) VALUES (CAST($1 AS BYTEA)) RETURNING id";
constexpr const char* take_parcel =
    "SELECT encode(payload, 'hex') FROM rozmova_parcels WHERE id = CAST(CAST($1 AS TEXT) AS BIGINT)";
constexpr const char* forget_parcels =
    "DELETE FROM rozmova_parcels WHERE at < clock_timestamp() - make_interval(secs => CAST(CAST($1 AS TEXT) AS INTEGER))";
constexpr const char hex[] = "0123456789abcdef";

void append_hash(std::string& out, std::string_view text, std::uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  for (int shift = 60; shift >= 0; shift -= 4) out += hex[hash >> static_cast<unsigned>(shift) & 15U];
}

std::string channel_of(std::string_view name) {
  if (name.size() <= channel_bytes_max) return std::string(name);
  std::string channel;
  for (const char c : name.substr(0, channel_begin_bytes))  // never half a character
    channel += static_cast<unsigned char>(c) < 0x80 ? c : '_';
  channel += '#';
  append_hash(channel, name, 0xcbf29ce484222325ULL);
  append_hash(channel, name, 0x9e3779b97f4a7c15ULL);
  return channel;
}

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

/// Whether PostgreSQL takes it as text: characters of ASCII without NUL. Others go as hexadecimal digits, which is
/// right for every byte and needs no decision about UTF-8.
bool is_plain(std::string_view payload) {
  return std::all_of(payload.begin(), payload.end(), [](char c) { return c > 0; });
}

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += hex[byte >> 4U];
    out += hex[byte & 15U];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != digits.data() + i + 2) return std::nullopt;
    out += static_cast<char>(byte);
  }
  return out;
}

}  // namespace

Notices::Notices(PostgresOptions options, NoticeHooks hooks)
    : Notices(std::move(options), std::move(hooks), Limits()) {}

Notices::Notices(PostgresOptions options, NoticeHooks hooks, Limits limits)
    : options_(std::move(options)),
      hooks_(std::move(hooks)),
      limits_(limits),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_ < 0) throw StoreError(StoreError::Kind::lost, "no eventfd for the notices of PostgreSQL");
  thread_ = std::thread([this] { run(); });
}

Notices::~Notices() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
  ::close(wake_);
}

void Notices::listen(std::string channel) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.insert(std::move(channel));
    wanted_changed_ = true;
  }
  wake();
}

void Notices::unlisten(std::string_view channel) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = wanted_.find(channel);
    if (known == wanted_.end()) return;
    wanted_.erase(known);
    wanted_changed_ = true;
  }
  wake();
}

bool Notices::notify(std::string_view channel, std::string_view payload) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    if (!connected_ || said_bytes_ + payload.size() > limits_.queue_bytes_max) return false;
    was_empty = said_.empty();
    said_.push_back({std::string(channel), std::string(payload)});
    said_bytes_ += payload.size() + channel.size();
  }
  if (was_empty) wake();
  return true;
}

bool Notices::is_connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

void Notices::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);  // full means: it is awake already
}

void Notices::run() {
  Away away;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (ending_ && (connection_ == nullptr || said_.empty())) return;
    }
    try {
      if (connection_ == nullptr) {
        if (!away.may_try()) {
          rest(10);
          continue;
        }
        if (!connect()) continue;
        away.succeeded();
      }
      work();
    } catch (const StoreError& error) {
      away.failed();
      bool was_connected = false;
      {
        const std::lock_guard lock(mutex_);
        was_connected = std::exchange(connected_, false);
        said_.clear();  // a hint that comes late is none
        said_bytes_ = 0;
      }
      connection_.reset();
      if (was_connected && hooks_.lost) hooks_.lost(error.what());
      if (hooks_.log) hooks_.log(error.what());
    }
  }
}

bool Notices::connect() {
  auto opened = std::make_unique<Connection>(options_, Access::write);
  connection_ = std::move(opened);
  listened_.clear();
  {
    const std::lock_guard lock(mutex_);
    wanted_changed_ = true;
  }
  settle_channels();
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
  }
  if (hooks_.back) hooks_.back();
  return true;
}

void Notices::work() {
  settle_channels();
  std::vector<Said> said;
  {
    const std::lock_guard lock(mutex_);
    said.swap(said_);
    said_bytes_ = 0;
  }
  if (!said.empty()) send(std::move(said));
  hear();
  {
    const std::lock_guard lock(mutex_);
    if (!said_.empty() || wanted_changed_ || ending_) return;
  }
  pollfd sources[2] = {{PQsocket(connection_->handle()), POLLIN, 0}, {wake_, POLLIN, 0}};
  const int ready = ::poll(sources, 2, limits_.ping_ms);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(wake_, &count, sizeof count);
  if (ready == 0) connection_->exec("SELECT 1");
  if (PQconsumeInput(connection_->handle()) != 1) connection_->fail(nullptr, "listening");
  if (steady_ms() - swept_at_ms_ > std::int64_t{limits_.parcels_kept_s} * 1'000) {
    swept_at_ms_ = steady_ms();
    connection_->ask(forget_parcels, {std::to_string(limits_.parcels_kept_s)});
  }
}

void Notices::rest(int ms) {
  pollfd source{wake_, POLLIN, 0};
  ::poll(&source, 1, ms);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(wake_, &count, sizeof count);
}

/// What is listened to becomes what is wanted, all in one journey.
void Notices::settle_channels() {
  std::map<std::string, std::string, std::less<>> wanted;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(wanted_changed_, false)) return;
    for (const std::string& name : wanted_) wanted.emplace(channel_of(name), name);
  }
  std::string sql;
  for (const auto& [channel, name] : listened_) {
    if (!wanted.contains(channel)) sql += "UNLISTEN " + quoted(channel) + ";";
  }
  for (const auto& [channel, name] : wanted) {
    if (!listened_.contains(channel)) sql += "LISTEN " + quoted(channel) + ";";
  }
  if (!sql.empty()) connection_->exec(sql.c_str());
  listened_ = std::move(wanted);
}

void Notices::send(std::vector<Said> said) {
  for (std::size_t from = 0; from < said.size(); from += limits_.batch_max) {
    const std::size_t to = std::min(said.size(), from + limits_.batch_max);
    BinaryArray channels(BinaryArray::Of::text), payloads(BinaryArray::Of::text);
    for (std::size_t i = from; i < to; ++i) {
      const Said& one = said[i];
      std::string notice = std::to_string(++number_) + ':';
      const bool plain = is_plain(one.payload);
      if (one.payload.size() * (plain ? 1 : 2) <= notice_bytes_max) {
        notice += plain ? 't' : 'x';
        notice += plain ? one.payload : to_hex(one.payload);
      } else {
        const Answer parcel = connection_->ask(put_parcel, {one.payload});
        notice += 'p';
        notice += PQgetvalue(parcel.get(), 0, 0);
      }
      channels.add(std::string_view(channel_of(one.channel)));
      payloads.add(std::string_view(notice));
    }
    connection_->ask(say, {channels.bytes(), payloads.bytes()});
  }
}

void Notices::hear() {
  struct Free {
    void operator()(PGnotify* notice) const { PQfreemem(notice); }
  };
  const int self = PQbackendPID(connection_->handle());
  while (const std::unique_ptr<PGnotify, Free> notice{PQnotifies(connection_->handle())}) {
    const auto known = listened_.find(std::string_view(notice->relname));
    std::string_view text = notice->extra;
    const std::size_t colon = text.find(':');
    if (known == listened_.end() || notice->be_pid == self || colon == std::string_view::npos) continue;
    text.remove_prefix(colon + 1);
    if (text.empty()) continue;
    const char mark = text.front();
    text.remove_prefix(1);
    if (mark == 't') {
      hooks_.heard(known->second, text);
      continue;
    }
    std::optional<std::string> bytes;
    if (mark == 'x') bytes = from_hex(text);
    if (mark == 'p') {
      const Answer parcel = connection_->ask(take_parcel, {text});
      if (PQntuples(parcel.get()) == 1) bytes = from_hex(PQgetvalue(parcel.get(), 0, 0));
    }
    if (bytes) hooks_.heard(known->second, *bytes);
  }
}

}  // namespace rozmova::store::postgres
