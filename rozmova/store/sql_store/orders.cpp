// Orders and the lists of them. A page of a list is found by its sort key alone (activity, id); each of its
// rows is then read by key, all in one moment of the database.
#include "rozmova/store/cursor.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>

namespace rozmova::store {
namespace {

constexpr int page_orders_max = 200;

}  // namespace

Result<Order> SqlStore::create_order(const NewOrder& order, WallMs now) {
  if (auto no = not_ours(false, "orders are created by the marketplace")) return *std::move(no);
  if (order.client_id == order.performer_id) {
    return Refusal{ErrorCode::invalid_payload, "client and performer are the same person"};
  }
  if (!order.currency.empty() && order.currency.size() != 3) {
    return Refusal{ErrorCode::invalid_payload, "currency is not three letters (ISO 4217)"};
  }
  if (order.title.find('\0') != std::string::npos || order.currency.find('\0') != std::string::npos) {
    return Refusal{ErrorCode::invalid_payload, "title must not contain U+0000"};
  }
  Order made;
  made.id = order.id.value_or(Uuid::v7(now));
  hold({});  // two nodes would give the same number
  {
    auto row = next_number_.run();
    row.row();
    made.number = row.number(0);
  }
  made.title = order.title;
  made.status = order.status;
  made.amount_minor = order.amount_minor;
  made.currency = order.currency;
  made.client_id = order.client_id;
  made.performer_id = order.performer_id;
  made.created_at = made.updated_at = now;
  made.deadline_at = order.deadline_at;

  auto row = insert_order_.run();
  row.bind(made.id).bind(made.number).bind(made.title).bind(text(made.status)).bind(made.amount_minor);
  row.bind(made.currency).bind(made.client_id).bind(made.performer_id).bind_time(now).bind_time(now);
  if (made.deadline_at) {
    row.bind_time(*made.deadline_at);
  } else {
    row.bind_null();
  }
  switch (row.write()) {
    case Wrote::yes: return made;
    case Wrote::unique_taken: return Refusal{ErrorCode::conflict, "an order with this id exists"};
    case Wrote::parent_missing: break;
  }
  return Refusal{ErrorCode::not_found, "client or performer is not known here"};
}

std::optional<OrderSummary> SqlStore::order(const Uuid& id, const Uuid& reader) {
  const Moment moment(connection_);
  return summary(id, reader);
}

std::optional<OrderSummary> SqlStore::summary(const Uuid& id, const Uuid& reader) {
  OrderSummary summary;
  bool has_read = false;
  {
    auto row = order_.run();
    if (!row.bind(id).bind(reader).row()) return std::nullopt;
    Order& order = summary.order;
    order.id = id;
    order.number = row.number(0);
    order.title = row.string(1);
    order.status = parse_order_status(row.text(2)).value_or(OrderStatus::created);
    order.amount_minor = row.number(3);
    order.currency = row.string(4);
    order.client_id = row.uuid(5);
    order.performer_id = row.uuid(6);
    order.created_at = row.time(7);
    order.updated_at = row.time(8);
    order.deadline_at = row.time_or_null(9);
    summary.client_name = row.string(10);
    summary.performer_name = row.string(11);
    has_read = !row.is_null(12);
    summary.last_read_seq = row.number(12);
    summary.last_seq = row.number(13);
  }
  if (summary.last_seq > 0) summary.last_message = last_message({ChatKind::order, id});
  summary.dispute = newest_dispute(id);
  const bool party = reader == summary.order.client_id || reader == summary.order.performer_id;
  if ((party || has_read) && summary.last_seq > summary.last_read_seq) {
    auto row = unread_.run();
    row.bind(id).bind(summary.last_read_seq).bind(reader).bind(unread_count_max);
    if (row.row()) summary.unread = row.number(0);
  }
  return summary;
}

OrderList SqlStore::orders(const Uuid& reader, bool all, int limit, std::optional<std::string_view> cursor) {
  OrderList list;
  Cursor from{after_every_time, {}};
  if (cursor) {
    auto decoded = decode_cursor(*cursor);
    if (!decoded) return list;
    from = *std::move(decoded);
  }
  const Moment moment(connection_);
  const int rows_max = std::clamp(limit, 1, page_orders_max);
  std::vector<Cursor> keys;
  {
    auto row = (all ? all_orders_ : own_orders_).run();
    row.bind_time_us(from.activity_us).bind(from.id).bind(std::int64_t{rows_max} + 1);
    if (!all) row.bind(reader);
    while (row.row()) keys.push_back({row.time_us(1), row.uuid(0)});
  }
  if (static_cast<int>(keys.size()) > rows_max) {
    keys.pop_back();
    list.next_cursor = encode(keys.back());
  }
  for (const Cursor& key : keys) {
    if (auto row = summary(key.id, reader)) list.orders.push_back(*std::move(row));
  }
  return list;
}

}  // namespace rozmova::store
