// Disputes and the lists of them: a page by its sort key, then each row by its id, as for orders.
#include "rozmova/store/cursor.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>
#include <string>

namespace rozmova::store {
namespace {

constexpr int page_disputes_max = 200;

std::string listed(const std::vector<DisputeStatus>& statuses) {
  std::string list;
  for (const DisputeStatus status : statuses)
    list += (list.empty() ? "," : "") + std::string(text(status)) + ',';
  return list;
}

std::string whose(DisputeFilter::Assigned assigned, const Uuid& reader) {
  switch (assigned) {
    case DisputeFilter::Assigned::any: break;
    case DisputeFilter::Assigned::somebody: return "somebody";
    case DisputeFilter::Assigned::nobody: return "nobody";
    case DisputeFilter::Assigned::reader: return reader.text();
  }
  return {};
}

}  // namespace

std::optional<DisputeRef> SqlStore::newest_dispute(const Uuid& order) {
  auto row = workflow_.newest_dispute.run();
  if (!row.bind(order).row()) return std::nullopt;
  return DisputeRef{row.uuid(0), parse_dispute_status(row.text(1)).value_or(DisputeStatus::open)};
}

std::optional<DisputeSummary> SqlStore::dispute(const Uuid& id, const Uuid& reader) {
  const Moment moment(connection_);
  return dispute_summary(id, reader);
}

std::optional<DisputeSummary> SqlStore::dispute_summary(const Uuid& id, const Uuid& reader) {
  DisputeSummary summary;
  bool has_read = false;
  {
    auto row = workflow_.dispute.run();
    if (!row.bind(id).bind(reader).row()) return std::nullopt;
    Dispute& dispute = summary.dispute;
    dispute.id = id;
    dispute.order_id = row.uuid(0);
    dispute.opened_by = row.uuid(1);
    dispute.moderator_id = row.uuid_or_null(2);
    dispute.reason = row.string(3);
    dispute.status = parse_dispute_status(row.text(4)).value_or(DisputeStatus::open);
    dispute.created_at = row.time(5);
    dispute.updated_at = row.time(6);
    summary.order_number = row.number(7);
    summary.order_title = row.string(8);
    summary.order_status = parse_order_status(row.text(9)).value_or(OrderStatus::disputed);
    summary.client_id = row.uuid(10);
    summary.performer_id = row.uuid(11);
    summary.client_name = row.string(12);
    summary.performer_name = row.string(13);
    summary.moderator_name = row.string(14);
    has_read = !row.is_null(15);
    summary.last_read_seq = row.number(15);
    summary.last_seq = row.number(16);
  }
  {
    auto row = workflow_.outcome.run();
    if (row.bind(id).row()) summary.outcome = row.string(0);
  }
  if (summary.last_seq > 0) summary.last_message = last_message({ChatKind::dispute, id});
  const bool concerned = reader == summary.client_id || reader == summary.performer_id ||
                         summary.dispute.moderator_id == reader || has_read;
  if (concerned && summary.last_seq > summary.last_read_seq) {
    auto row = workflow_.unread.run();
    row.bind(id).bind(summary.last_read_seq).bind(reader).bind(unread_count_max);
    if (row.row()) summary.unread = row.number(0);
  }
  return summary;
}

DisputeList SqlStore::disputes(const Uuid& reader, bool all, const DisputeFilter& filter, int limit,
                               std::optional<std::string_view> cursor) {
  DisputeList list;
  Cursor from{after_every_time, {}};
  if (cursor) {
    auto decoded = decode_cursor(*cursor);
    if (!decoded) return list;
    from = *std::move(decoded);
  }
  const std::string statuses = listed(filter.statuses);
  const std::string assigned = whose(filter.assigned, reader);
  const Moment moment(connection_);
  const int rows_max = std::clamp(limit, 1, page_disputes_max);
  std::vector<Cursor> keys;
  {
    auto row = (all ? workflow_.all_disputes : workflow_.own_disputes).run();
    row.bind_time_us(from.activity_us).bind(from.id).bind(std::int64_t{rows_max} + 1).bind(reader);
    row.bind(statuses).bind(assigned);
    while (row.row()) keys.push_back({row.time_us(1), row.uuid(0)});
  }
  if (static_cast<int>(keys.size()) > rows_max) {
    keys.pop_back();
    list.next_cursor = encode(keys.back());
  }
  for (const Cursor& key : keys) {
    if (auto row = dispute_summary(key.id, reader)) list.disputes.push_back(*std::move(row));
  }
  return list;
}

}  // namespace rozmova::store
