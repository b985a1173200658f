#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rozmova {

/// Where a marketplace keeps its users, orders and disputes, when we live beside it: [marketplace] of the config file.
/// Each of the three becomes one SELECT with our names for its columns; the store reads nothing else of theirs, and
/// every engine makes a view of it. Pure.
struct Mapping {
  enum class Times : std::uint8_t { text, unix_s, unix_ms };

  /// One of ours and what it is made of.
  struct Relation {
    std::string from;  ///< a table, or tables joined; empty: there is no such thing
    std::map<std::string, std::string, std::less<>> columns;  ///< ours -> their column, or an SQL expression
    /// Our word -> theirs, for roles and statuses; the first of theirs is the one that is written. Empty: the same words.
    std::vector<std::pair<std::string, std::vector<std::string>>> words;
    std::string set_status;     ///< SQL with :id, :status, :now; empty: we may only read
    std::string set_moderator;  ///< SQL with :id, :moderator, :now
    std::string insert;         ///< SQL with :id, :order, :by, :reason, :status, :now
  };

  std::string
      attach;  ///< another SQLite file that holds them, opened for reading alone; empty: our own database
  Times times = Times::text;
  Relation users, orders, disputes;

  bool may_set_order_status() const { return !orders.set_status.empty(); }
  bool may_set_dispute_status() const { return !disputes.set_status.empty(); }
};

enum class Dialect : std::uint8_t { sqlite, postgres };

/// Which of the three.
enum class Mapped : std::uint8_t { users, orders, disputes };
std::string_view text(Mapped which);  ///< "users", …

/// The SELECT that gives this relation with our names; without disputes one that gives no row.
std::string mapped_select(const Mapping& mapping, Mapped which, Dialect dialect);
/// Their statement with values in the places of its parameters (`:id`, not within quotes). What has no value stays.
std::string with_values(std::string_view statement,
                        const std::map<std::string, std::string, std::less<>>& values);
/// Their statement as one that can be prepared: its parameters, named in `parameters` ("id status now"), are columns of a
/// row of `values` ("?1, ?2, ?3"), so that it may use each of them as often as it likes, also never. Statuses become their
/// words. Empty for an empty statement.
std::string mapped_write(const Mapping::Relation& relation, std::string_view statement,
                         std::string_view parameters, std::string_view values);

/// Questions that fail when one of their names is wrong: the setting, and an SQL that asks for it alone.
struct Probe {
  std::string setting;  ///< "marketplace.orders.client"
  std::string sql;
};
std::vector<Probe> probes(const Mapping& mapping, Dialect dialect);

/// What is wrong with it in itself: one sentence each.
std::vector<std::string> check_mapping(const Mapping& mapping);

}  // namespace rozmova
