#include "rozmova/store/postgres/errors.hpp"

#include <array>

namespace rozmova::store::postgres {
namespace {

constexpr std::size_t doing_chars_max = 60;

std::string_view advice(std::string_view state) {
  if (state.starts_with("28")) return "; check the user and password of DATABASE_URL";
  if (state == "3D000") return "; create the database, or check its name in DATABASE_URL";
  if (state == "42501") return "; give this user the right";
  if (state == "53300") return "; raise max_connections or lower DB_LANES and DB_READERS";
  if (state == "55P03") return "; another program holds a lock";
  if (state == "25006") return "; it is a standby or was made read-only";
  if (state.starts_with("53")) return "; free space or memory there";
  return "";
}

/// What libpq says while connecting has no SQLSTATE. With several hosts it says one of these for each.
struct Said {
  std::string_view words, advice;
};
constexpr std::array connecting{
    Said{"certificate verify failed", "its certificate is not signed by the authority in sslrootcert"},
    Said{"does not match host name", "connect by a name that its certificate has"},
    Said{"root certificate file", "name the authority's certificate by sslrootcert in DATABASE_URL"},
    Said{"server does not support SSL",
         "switch ssl on there; only sslmode=prefer or less goes on without it"},
    Said{"sslmode value", "use sslmode=verify-full, require or disable"},
    Said{"session is read-only", "it is a standby or was made read-only, and no other host takes writes"},
    Said{"Connection refused", "is it running?"},
    Said{"timeout expired", "it does not answer at all"},
};

}  // namespace

StoreError::Kind kind_of(std::string_view state, bool alive) {
  if (!alive || state.empty() || state.starts_with("08")) return StoreError::Kind::lost;
  for (const std::string_view gone : {"57P01", "57P02", "57P03", "25006", "53300"}) {
    if (state == gone) return StoreError::Kind::lost;  // shutting down, a standby now, full of others
  }
  for (const std::string_view later : {"40001", "40P01", "55P03", "57014"}) {
    if (state == later) return StoreError::Kind::busy;  // serialisation, deadlock, lock or statement timeout
  }
  if (state.starts_with("53")) return StoreError::Kind::full;
  return StoreError::Kind::broken;
}

std::string sentence(std::string_view doing, std::string_view message, std::string_view state) {
  std::string what = "PostgreSQL: ";
  what.append(doing.substr(0, doing_chars_max)).append(": ");
  // libpq writes a line for each host, and its own advice on further lines.
  while (message.ends_with('\n')) message.remove_suffix(1);
  for (std::size_t at = 0; at < message.size(); ++at) {
    if (message[at] == '\n') {
      what += ';';
    } else {
      what += message[at] == '\t' ? ' ' : message[at];
    }
    if (message[at] == '\n' && at + 1 < message.size() && message[at + 1] != '\t') what += ' ';
  }
  if (!state.empty()) what.append(" (").append(state).append(")").append(advice(state));
  if (state.empty()) {
    for (const Said& said : connecting) {
      if (message.find(said.words) == std::string_view::npos) continue;
      what.append("; ").append(said.advice);
      break;
    }
  }
  return what;
}

}  // namespace rozmova::store::postgres
