#include "rozmova/store/sql_store/sql_store.hpp"

namespace rozmova::store {
namespace {

User read_user(Statement::Run& row) {
  User user;
  user.id = row.uuid(0);
  user.name = row.string(1);
  user.role = parse_role(row.text(2)).value_or(Role::client);
  user.locale = row.string(3);
  return user;
}

}  // namespace

// ----------------------------------------------------------------------------------------------------
// transactions

void SqlStore::begin() {
  cache_checked_ = false;
  begin_.run().done();
}

void SqlStore::commit() {
  commit_.run().done();
  connection_.committed();
}

void SqlStore::rollback() noexcept {
  cached_facts_.clear();
  // An engine may have rolled back by itself (disk full, I/O error); then there is nothing left to undo.
  if (!connection_.in_transaction()) return;
  try {
    connection_.exec("ROLLBACK");
  } catch (const std::exception&) {
    // Whatever hinders it is met again, and told, by the next begin().
  }
}

void SqlStore::savepoint() { savepoint_.run().done(); }
void SqlStore::release_savepoint() { release_.run().done(); }

void SqlStore::rollback_to_savepoint() {
  cached_facts_.clear();
  rollback_to_.run().done();
  release_.run().done();
}

// ---------------------------------------------------------------------------------------------------- people

std::optional<User> SqlStore::user(const Uuid& id) {
  auto row = user_.run();
  if (!row.bind(id).row()) return std::nullopt;
  return read_user(row);
}

std::vector<User> SqlStore::users(int limit) {
  std::vector<User> all;
  auto row = users_.run();
  row.bind(std::int64_t{limit < 0 ? 0 : limit});
  while (row.row()) all.push_back(read_user(row));
  return all;
}

User SqlStore::ensure_user(const User& user, WallMs now) {
  if (auto known = this->user(user.id)) {
    if (beside_ != nullptr || !known->name.empty() || user.name.empty())
      return *std::move(known);  // the usual case writes nothing
    name_user_.run().bind(user.id).bind(user.name).done();
    known->name = user.name;
    return *std::move(known);
  }
  if (beside_ != nullptr) return user;  // whom they do not know is nobody of theirs, and not ours to add
  insert_user_.run()
      .bind(user.id)
      .bind(user.name)
      .bind(text(user.role))
      .bind(user.locale)
      .bind_time(now)
      .done();
  return user;
}

// ----------------------------------------------------------------------------------------------------
// connections

void SqlStore::connection_opened(const ConnectionRow& row) {
  open_connection_.run()
      .bind(row.id)
      .bind(row.user_id)
      .bind(row.socket_id)
      .bind_time(row.connected_at)
      .bind(row.node)
      .done();
}

void SqlStore::connections_seen(std::span<const Uuid> ids, WallMs now) {
  for (const Uuid& id : ids) see_connection_.run().bind(id).bind_time(now).done();
}

void SqlStore::connection_closed(const Uuid& id, WallMs now) {
  close_connection_.run().bind(id).bind_time(now).done();
}

int SqlStore::close_stale_connections() {
  close_stale_.run().done();
  return static_cast<int>(connection_.changes());
}

Uuid SqlStore::forget_connections(const Uuid& after, WallMs before, int rows_max) {
  Uuid last;
  bool at_end = true;
  {
    auto row = forget_up_to_.run();
    if (!row.bind(after).bind(std::int64_t{rows_max}).row() || row.number(1) == 0) return {};
    last = row.uuid(0);
    at_end = row.number(1) < rows_max;
  }
  forget_.run().bind(after).bind(last).bind_time(before).done();
  return at_end ? Uuid{} : last;
}

std::optional<WallMs> SqlStore::last_seen(const Uuid& user) {
  auto row = last_seen_.run();
  if (!row.bind(user).row()) return std::nullopt;
  return row.time_or_null(0);
}

std::int64_t SqlStore::connections_elsewhere(const Uuid& user, std::string_view node) {
  auto row = elsewhere_.run();
  return row.bind(user).bind(node).row() ? row.number(0) : 0;
}

std::vector<ConnectionPlace> SqlStore::connections_of(const Uuid& user) {
  auto rows = connections_of_.run();
  std::vector<ConnectionPlace> places;
  for (rows.bind(user); rows.row();) places.push_back({rows.uuid(0), std::string(rows.text(1))});
  return places;
}

}  // namespace rozmova::store
