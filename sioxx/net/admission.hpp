#pragma once

#include "sioxx/engine/transport.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct sockaddr;

namespace sioxx::net {

/// A peer's address as 16 bytes; IPv4 in its mapped form.
struct IpAddress {
  std::array<unsigned char, 16> bytes{};

  bool operator==(const IpAddress&) const = default;
  static IpAddress of(const sockaddr& address);
  /// Unspecified (all zero) when the text is no address.
  static IpAddress parse(const std::string& text);
  /// "203.0.113.7" or "2001:db8::1".
  std::string text() const;
};

/// Who may come in and where to: counts connections in all, per address (IPv6: per /64) and per shard. One
/// per Server, used by the listener and by every shard (one short lock at coming and going, never in
/// between).
///
/// Sessions that poll are counted beside the connections that carry them, with the same two limits, because
/// one connection can open any number of them and a polling client comes and goes on up to two. Who has both
/// is counted once in each, never twice in one: an upgrade gives the session's place back and keeps the
/// connection's.
class Admission {
 public:
  enum class Verdict : std::uint8_t { welcome, full, too_many_from_address };

  /// One connection's place; leaves when it dies. Belongs to the connection and moves with it. 16 bytes.
  class Seat {
   public:
    Seat() = default;
    Seat(Seat&& other) noexcept;
    Seat& operator=(Seat&& other) noexcept;
    ~Seat();
    explicit operator bool() const { return admission_ != nullptr; }

    /// The connection moved to another shard.
    void move_to(unsigned shard);
    /// Counts this connection under another address from now on (behind a trusted proxy, once it is known).
    Verdict rename(const IpAddress& address);

    /// Counts it in all, and under no address (one that carries requests of many people).
    void uncount();

   private:
    friend class Admission;
    struct Place;
    Admission* admission_ = nullptr;
    Place* place_ = nullptr;
  };

  /// Limits of 0 mean unlimited.
  Admission(unsigned shards, std::size_t connections_max, std::size_t per_address_max);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

  struct Entry {
    Verdict verdict = Verdict::full;
    Seat seat;           ///< set when welcome
    unsigned shard = 0;  ///< the one with the fewest connections
  };
  /// `count_address` false: only the total counts (the peer is a proxy).
  Entry enter(const IpAddress& address, bool count_address = true);

  struct PollingEntry {
    Verdict verdict = Verdict::full;
    std::unique_ptr<engine::PollingPlace> place;  ///< set when welcome; may die on any thread, before we do
  };
  /// A session that begins by polling, by the address of its handshake (behind a trusted proxy the one that
  /// the proxy has told).
  PollingEntry enter_polling(const IpAddress& address);

  // ---- beside other processes, which count for themselves
  struct Count {
    IpAddress address;
    std::size_t connections = 0, polling = 0;
  };
  /// Addresses that have at least `least` of either here, the busiest first, at most so many.
  std::vector<Count> busy(std::size_t least, std::size_t most);
  /// What all others count together; from now on the limits of an address are of all of us.
  void elsewhere(const std::vector<Count>& counts);

  std::size_t polling_sessions() const;
  std::size_t connections() const;
  std::size_t connections(unsigned shard) const;

 private:
  struct State;
  class PollingSeat;
  std::unique_ptr<State> state_;
};

}  // namespace sioxx::net
