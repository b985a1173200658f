#include "sioxx/engine/sessions.hpp"

#include "sioxx/engine/payload.hpp"
#include "sioxx/engine/polling.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace sioxx::engine {

Sessions::Sessions(unsigned shard, const Settings& settings, loop::Timers& timers, Clock now, Random random,
                   HandlerFactory make_handler)
    : shard_(shard),
      settings_(settings),
      timers_(timers),
      now_(std::move(now)),
      random_(std::move(random)),
      make_handler_(std::move(make_handler)) {
  assert(shard < shards_max);
}

// Ended and not closed: nobody is left to wait for a last GET or for a promised upgrade, and a WebSocket that outlives
// us must not know a session any more.
Sessions::~Sessions() {
  for_each([](Session& session) { session.end(CloseReason::server_shutting_down); });
}

// {"sid":…,"upgrades":[…],"pingInterval":…,"pingTimeout":…,"maxPayload":…}: exactly these (protocol,
// "Handshake").
std::string Sessions::open_packet(const Session& session, bool upgradable) const {
  std::string json;
  json.reserve(160);
  json.append(R"({"sid":")").append(session.sid());
  json.append(upgradable ? R"(","upgrades":["websocket"],"pingInterval":)"
                         : R"(","upgrades":[],"pingInterval":)");
  json.append(std::to_string(settings_.ping_interval_ms));
  json.append(R"(,"pingTimeout":)").append(std::to_string(settings_.ping_timeout_ms));
  json.append(R"(,"maxPayload":)").append(std::to_string(settings_.max_payload_bytes)).append("}");
  return json;
}

std::shared_ptr<Session> Sessions::make(Handshake handshake) {
  auto session = std::make_shared<Session>(*this, mint(), std::move(handshake));
  sessions_.insert(session);
  ++counters_.opened;
  return session;
}

std::shared_ptr<Session> Sessions::open_polling(Handshake handshake, std::unique_ptr<Poll> poll,
                                                std::unique_ptr<PollingPlace> place) {
  auto session = make(std::move(handshake));
  session->start_polling(make_handler_(*session), std::move(place));
  PayloadWriter payload(settings_.max_payload_bytes,
                        session->revision() == Revision::v4 ? PayloadForm::v4 : PayloadForm::v3_text);
  payload.add_text(digit(PacketType::open) + open_packet(*session, settings_.allow_upgrades));
  poll->answer(200, std::move(payload).take());
  session->handler()->on_open();
  return session;
}

std::shared_ptr<Session> Sessions::open_websocket(Handshake handshake, Transport& websocket) {
  auto session = make(std::move(handshake));
  session->start_websocket(make_handler_(*session), websocket);
  return session;
}

std::shared_ptr<Session> Sessions::find(std::string_view sid) const {
  const std::shared_ptr<Session>* const found = sessions_.find(sid);
  return found == nullptr ? nullptr : *found;
}

void Sessions::for_each(const std::function<void(Session&)>& visit) {
  std::vector<std::shared_ptr<Session>> all;
  all.reserve(sessions_.size());
  sessions_.each([&](const std::shared_ptr<Session>& session) { all.push_back(session); });
  for (const auto& session : all) {
    if (session->state() != State::closed) visit(*session);
  }
}

void Sessions::close_all(CloseReason reason) {
  for_each([reason](Session& session) { session.close(reason); });
}

void Sessions::forget(Session& session) {
  std::shared_ptr<Session>* const found = sessions_.find(std::string_view(session.sid()));
  if (found == nullptr) return;
  ++counters_.closed;
  chores_.bury(std::move(*found));
  sessions_.erase(*found);
}

std::optional<unsigned> Sessions::home_of(std::string_view sid) {
  if (!Id::shaped(sid)) return std::nullopt;
  return Id::value(sid.front());
}

Sid Sessions::mint() {
  constexpr std::size_t random_bytes = 15;
  if (pool_at_ + random_bytes > pool_.size()) {
    random_(pool_.data(), pool_.size());
    pool_at_ = 0;
  }
  std::array<char, Id::length> text;
  for (std::size_t group = 0; group < random_bytes / 3; ++group) {
    const unsigned char* const from = pool_.data() + pool_at_ + group * 3;
    const unsigned bits =
        static_cast<unsigned>(from[0]) << 16 | static_cast<unsigned>(from[1]) << 8 | from[2];
    for (std::size_t i = 0; i < 4; ++i) text[group * 4 + i] = Id::letters[bits >> (18 - 6 * i) & 63];
  }
  pool_at_ += random_bytes;
  text[0] = Id::letters[shard_];
  std::copy(settings_.node.letters.begin(), settings_.node.letters.end(), text.begin() + 1);
  return Sid(text);
}

void Sessions::bury(std::shared_ptr<const void> dead) { chores_.bury(std::move(dead)); }

// ---- chores
// --------------------------------------------------------------------------------------------------------

void Sessions::Chores::wake() {
  if (!armed()) home_.timers_.arm(*this, home_.now_());
}

void Sessions::Chores::answer_later(Session& session) {
  answers_.push_back(session.shared_from_this());
  wake();
}

void Sessions::Chores::close_later(Session& session) {
  closes_.push_back(session.shared_from_this());
  wake();
}

void Sessions::Chores::bury(std::shared_ptr<const void> dead) {
  graves_.push_back(std::move(dead));
  wake();
}

void Sessions::Chores::on_timer(loop::TimeMs) {
  // Whatever these calls leave behind wakes the chores again.
  for (const auto& session : std::exchange(answers_, {})) session->answer_queued();
  for (const auto& session : std::exchange(closes_, {})) session->end(session->doom_);
  std::exchange(graves_, {}).clear();
}

}  // namespace sioxx::engine
