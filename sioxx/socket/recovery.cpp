// Connection state recovery (socketio-wire §3.7).
//
//   client                shard B (has the connection)           shard A (has the session)
//   40{pid,offset,auth} ->  middleware, identity
//                           take pid --------------------------->  identity, offset; the half-open one is closed
//                           joins its rooms  <------------------  sid, rooms, data, missed so far
//                           rest of pid ------------------------>  (still in its rooms)
//                           drops what it heard twice  <--------  missed meanwhile
//   missed events       <-
//   40{sid,pid}         <-  done with pid ---------------------->  leaves its rooms, forgets it
//
// Both shards are in the rooms for a moment, so nothing falls between them; what both heard has the same offset. When
// the client goes again on the way, its session goes back: it waits where it was. On one shard all steps are one.

#include "sioxx/socket/recovery.hpp"

#include "sioxx/engine/sessions.hpp"
#include "sioxx/socket/client.hpp"
#include "sioxx/socket/local.hpp"
#include "sioxx/socket/rare.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace sioxx::socket {
namespace {

constexpr int offset_base = 36;
/// How long another shard may take to answer before the client starts anew.
constexpr loop::TimeMs claim_timeout_ms = 2'000;
/// In how many parts all sessions are looked through in one window.
constexpr int sweeps_a_window = 64;

std::string_view text_of(const boost::json::object& auth, std::string_view key) {
  const boost::json::value* const value = auth.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::optional<engine::Id> id_of(std::string_view text) {
  if (!engine::Id::shaped(text)) return std::nullopt;
  std::array<char, engine::Id::length> letters;
  text.copy(letters.data(), letters.size());
  return engine::Id(letters);
}

}  // namespace

std::string offset_text(std::uint64_t offset) {
  char text[16];
  return {text, std::to_chars(text, text + sizeof text, offset, offset_base).ptr};
}

std::optional<std::uint64_t> offset_number(std::string_view text) {
  std::uint64_t offset = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset, offset_base);
  if (error != std::errc{} || end != text.data() + text.size() || offset == 0) return std::nullopt;
  return offset;
}

// ---- what is kept

void Recovery::keep(engine::EncodedPtr message, loop::TimeMs now, const Limits& limits) {
  bytes += message->chain_size();
  ++pushed;
  kept.push_back({std::move(message), now});
  trim(now, limits);
}

void Recovery::trim(loop::TimeMs now, const Limits& limits) {
  const loop::TimeMs too_old = now - limits.recovery_window_ms;
  while (!kept.empty() && (kept.size() > limits.recovery_packets_max || bytes > limits.recovery_bytes_max ||
                           kept.front().at < too_old)) {
    bytes -= kept.front().message->chain_size();
    base = kept.front().message->offset();
    kept.pop_front();
  }
}

std::optional<std::vector<engine::EncodedPtr>> Recovery::after(std::optional<std::uint64_t> offset) const {
  std::size_t at = 0;
  if (offset.value_or(0) != base) {
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const Kept& one) {
      return offset && one.message->offset() == *offset;
    });
    if (found == kept.end()) return std::nullopt;
    at = static_cast<std::size_t>(found - kept.begin()) + 1;
  }
  std::vector<engine::EncodedPtr> missed;
  for (; at < kept.size(); ++at) missed.push_back(kept[at].message);
  return missed;
}

// ---- sessions of this shard

Recoveries::~Recoveries() = default;

/// A new session, whose pid names this shard.
void Recoveries::begin(Socket& socket) {
  auto recovery = std::make_unique<Recovery>();
  recovery->pid = socket.client_->session().home().mint();
  recovery->identity = socket.nsp_->identity(socket);
  socket.rare().recovery = std::move(recovery);
  know(socket);
}

void Recoveries::know(Socket& socket) {
  known_[socket.rare_->recovery->pid] = &socket;
  if (!sweep_.armed()) arm_sweep();
}

void Recoveries::arm_sweep() {
  const loop::TimeMs pause_ms = local_.limits().recovery_window_ms / sweeps_a_window;
  local_.timers().arm(sweep_, local_.now() + std::max<loop::TimeMs>(pause_ms, 1));
}

void Recoveries::sweep(loop::TimeMs now) {
  if (known_.empty()) return;
  const std::size_t buckets = known_.bucket_count();
  for (std::size_t left = buckets / sweeps_a_window + 1; left > 0; --left) {
    sweep_.at = sweep_.at + 1 < buckets ? sweep_.at + 1 : 0;
    for (auto one = known_.begin(sweep_.at); one != known_.end(sweep_.at); ++one) {
      Socket& socket = *one->second;
      if (socket.connected()) socket.rare_->recovery->trim(now, local_.limits());
    }
  }
  arm_sweep();
}

void Recoveries::park(const std::shared_ptr<Socket>& socket) {
  Recovery& recovery = *socket->rare_->recovery;
  recovery.collects = true;
  recovery.until = local_.now() + local_.limits().recovery_window_ms;
  parked_.push_back(socket);
  while (parked_.size() > local_.limits().recovery_sessions_max) {
    const auto oldest = parked_.front();
    parked_.pop_front();
    if (oldest->stage_ == Socket::Stage::parked) release(*oldest);
  }
  arm();
}

/// A session that ends for good; its first shard need not know any more where it is.
void Recoveries::forget(Socket& socket) {
  if (socket.rare_ == nullptr || socket.rare_->recovery == nullptr) return;
  const engine::Id pid = socket.rare_->recovery->pid;
  const auto known = known_.find(pid);
  if (known != known_.end() && known->second == &socket) known_.erase(known);
  if (socket.rare_->recovery->handed_at) return;  // whoever has it now says where it is
  const auto home = engine::Sessions::home_of(pid);
  if (home && *home != local_.shard()) {
    local_.adapter().session_moved(*home, pid, std::nullopt);
  } else {
    moved_.erase(pid);
  }
}

void Recoveries::release(Socket& socket) {
  forget(socket);
  socket.nsp_->vacate(socket);
}

void Recoveries::arm() {
  if (parked_.empty()) return disarm();
  if (!armed()) local_.timers().arm(*this, parked_.front()->rare_->recovery->until);
}

void Recoveries::on_timer(loop::TimeMs now) {
  while (!parked_.empty()) {
    const auto oldest = parked_.front();
    if (oldest->stage_ == Socket::Stage::parked) {
      if (oldest->rare_->recovery->until > now) break;
      release(*oldest);
    }
    parked_.pop_front();
  }
  arm();
}

std::optional<unsigned> Recoveries::whereabouts(std::string_view pid) const {
  const auto id = id_of(pid);
  const auto found = id ? moved_.find(*id) : moved_.end();
  if (found == moved_.end()) return std::nullopt;
  return found->second;
}

void Recoveries::moved(std::string_view pid, std::optional<unsigned> shard) {
  const auto id = id_of(pid);
  if (!id) return;
  if (shard && *shard != local_.shard()) {
    moved_[*id] = *shard;
  } else {
    moved_.erase(*id);
  }
}

// ---- giving a session away

std::optional<Recovered> Recoveries::claim(const SessionClaim& claim) {
  const auto pid = id_of(claim.pid);
  const auto found = pid ? known_.find(*pid) : known_.end();
  if (found == known_.end()) return std::nullopt;
  const auto socket = found->second->shared_from_this();
  Recovery& recovery = *socket->rare_->recovery;
  if (claim.step != SessionClaim::Step::take) return go_on(*socket, claim.step);
  if (socket->nsp() != claim.nsp || recovery.identity != claim.identity || recovery.handed_at)
    return std::nullopt;
  if (!recovery.after(claim.offset)) return std::nullopt;
  // Its client has come back before we noticed that it went. What others are told about that is missed, too.
  if (socket->connected()) socket->client_->session().close(CloseReason::forced_close);
  const auto missed = recovery.after(claim.offset);
  if (!missed || socket->stage_ != Socket::Stage::parked) return std::nullopt;
  recovery.handed_at = recovery.pushed;
  Recovered session;
  session.sid = socket->id();
  session.rooms = socket->rooms();
  session.data = recovery.data;
  session.missed = *missed;
  session.base = claim.offset.value_or(0);
  session.holder = local_.shard();
  return session;
}

/// The later steps, of who has been promised it.
std::optional<Recovered> Recoveries::go_on(Socket& socket, SessionClaim::Step step) {
  Recovery& recovery = *socket.rare_->recovery;
  if (!recovery.handed_at || socket.stage_ != Socket::Stage::parked) return std::nullopt;
  if (step == SessionClaim::Step::back) {
    recovery.handed_at.reset();
    return std::nullopt;
  }
  if (step == SessionClaim::Step::done) {
    release(socket);
    return std::nullopt;
  }
  const std::uint64_t more = recovery.pushed - *recovery.handed_at;
  if (more > recovery.kept.size()) {
    recovery.handed_at.reset();
    release(socket);
    return std::nullopt;
  }
  Recovered rest;
  for (auto at = recovery.kept.end() - static_cast<std::ptrdiff_t>(more); at != recovery.kept.end(); ++at) {
    rest.missed.push_back(at->message);
  }
  return rest;
}

// ---- taking one over

/// Who still waits to be connected, or nobody.
std::shared_ptr<Socket> Recoveries::still_there(const std::weak_ptr<Socket>& waiting) {
  auto here = waiting.lock();
  if (here != nullptr && here->stage_ != Socket::Stage::connecting) here.reset();
  return here;
}

void Recoveries::tell(unsigned holder, std::string_view pid, SessionClaim::Step step) {
  SessionClaim last;
  last.pid = pid;
  last.step = step;
  local_.adapter().claim_session(holder, std::move(last), claim_timeout_ms,
                                 [](const std::optional<Recovered>&) {});
}

void Recoveries::admit(const std::shared_ptr<Socket>& socket) {
  begin(*socket);
  SessionClaim claim;
  claim.pid = text_of(socket->auth(), "pid");
  const std::string_view offset = text_of(socket->auth(), "offset");
  claim.offset = offset_number(offset);
  const auto home = engine::Id::shaped(claim.pid) ? engine::Sessions::home_of(claim.pid) : std::nullopt;
  if (!home || (!offset.empty() && !claim.offset)) return socket->client_->connected(*socket);
  claim.nsp = socket->nsp();
  claim.identity = socket->rare_->recovery->identity;
  local_.adapter().claim_session(
      *home, claim, claim_timeout_ms,
      [this, waiting = std::weak_ptr(socket), pid = claim.pid](std::optional<Recovered> session) {
        const auto here = still_there(waiting);
        if (here != nullptr && session) return recover(here, std::move(*session));
        if (here != nullptr) return here->client_->connected(*here);
        if (session) tell(session->holder, pid, SessionClaim::Step::back);
      });
}

/// Its rooms first, so that it hears what is sent from now on; then what its last shard has heard meanwhile.
void Recoveries::recover(const std::shared_ptr<Socket>& socket, Recovered session) {
  const auto pid = id_of(text_of(socket->auth(), "pid"));
  Recovery& recovery = *socket->rare_->recovery;
  recovery.base = session.base;
  recovery.data = std::move(session.data);
  recovery.collects = true;
  auto fresh = socket->nsp_->become(*socket, *id_of(session.sid), session.rooms);

  SessionClaim rest;
  rest.pid = pid->str();
  rest.step = SessionClaim::Step::rest;
  local_.adapter().claim_session(
      session.holder, rest, claim_timeout_ms,
      [this, waiting = std::weak_ptr(socket), pid = *pid, holder = session.holder,
       missed = std::move(session.missed), fresh = std::move(fresh)](std::optional<Recovered> more) mutable {
        const auto here = still_there(waiting);
        if (here == nullptr) return tell(holder, pid, SessionClaim::Step::back);
        if (!more) return give_up(here, fresh);
        missed.insert(missed.end(), more->missed.begin(), more->missed.end());
        tell(holder, pid, SessionClaim::Step::done);
        complete(here, pid, std::move(missed));
      });
}

void Recoveries::complete(const std::shared_ptr<Socket>& socket, const engine::Id& pid,
                          std::vector<engine::EncodedPtr> missed) {
  Recovery& recovery = *socket->rare_->recovery;
  known_.erase(recovery.pid);  // the one that it had got for itself
  recovery.pid = pid;
  know(*socket);
  const auto home = engine::Sessions::home_of(recovery.pid);
  if (home && *home == local_.shard()) {
    moved(recovery.pid, std::nullopt);
  } else if (home) {
    local_.adapter().session_moved(*home, recovery.pid, local_.shard());
  }
  std::unordered_set<std::uint64_t> heard;
  for (const engine::EncodedPtr& message : missed) heard.insert(message->offset());
  for (Recovery::Kept& one : std::exchange(recovery.kept, {})) {
    if (heard.insert(one.message->offset()).second) missed.push_back(std::move(one.message));
  }
  recovery.bytes = 0;
  recovery.collects = false;
  for (const engine::EncodedPtr& message : missed) {
    socket->put(message);
    recovery.keep(message, local_.now(), local_.limits());
  }
  socket->recovered_ = true;
  socket->nsp_->restore(*socket, recovery.data);
  if (socket->stage_ == Socket::Stage::connecting) socket->client_->connected(*socket);
}

/// Something was lost on the way: it begins anew, under an id and in rooms of its own.
void Recoveries::give_up(const std::shared_ptr<Socket>& socket, const std::vector<std::string>& fresh) {
  for (const std::string& room : fresh) socket->leave(room);
  forget(*socket);
  socket->nsp_->become(*socket, socket->client_->session().home().mint(), {});
  begin(*socket);
  socket->client_->connected(*socket);
}

}  // namespace sioxx::socket
