// Webhooks and outbox. The queue is filled by triggers (0007_webhooks_and_outbox.sql) and emptied here.
#include "rozmova/store/sql_store/sql_store.hpp"

#include <utility>

namespace rozmova::store {

// ------------------------------------------------------------------------------------------------ webhooks

std::int64_t SqlStore::set_webhook_endpoints(const std::vector<WebhookEndpoint>& endpoints) {
  const EngineWords& words = connection_.words();
  const std::string_view triggers = endpoints.empty() ? words.end_webhooks : words.begin_webhooks;
  if (!triggers.empty()) connection_.exec(triggers.data());
  bridge_.forget_endpoints.run().done();
  for (const WebhookEndpoint& endpoint : endpoints) {
    std::string events = endpoint.events.empty() ? "*" : ",";
    for (const std::string& event : endpoint.events) events += event + ',';
    auto row = bridge_.add_endpoint.run();
    row.bind(endpoint.url).bind(events).write();  // named twice: once is enough
  }
  bridge_.drop_unwanted.run().done();
  return connection_.changes();
}

std::vector<WebhookRow> SqlStore::webhooks_due(const std::string& endpoint, WallMs now, int rows_max) {
  struct Subject {
    std::optional<ChatKey> chat;
    std::int64_t seq = 0;
    std::optional<Uuid> notification;
  };
  const Moment moment(connection_);
  std::vector<WebhookRow> due;
  std::vector<Subject> subjects;
  {
    auto row = bridge_.due.run();
    row.bind(endpoint).bind_time(now).bind(std::int64_t{rows_max});
    while (row.row()) {
      WebhookRow& one = due.emplace_back();
      one.position = row.number(0);
      one.id = row.uuid(1);
      one.endpoint = row.string(2);
      one.type = row.string(3);
      one.created_at = row.time(4);
      one.attempts = static_cast<int>(row.number(5));
      Subject& subject = subjects.emplace_back();
      if (!row.is_null(6)) {
        const bool dispute = row.text(6) == text(ChatKind::dispute);
        subject.chat = ChatKey{dispute ? ChatKind::dispute : ChatKind::order, row.uuid(7)};
      }
      subject.seq = row.number(8);
      subject.notification = row.uuid_or_null(9);
    }
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (const auto& chat = subjects[i].chat) {
      due[i].chat = facts(*chat);
      auto page = messages(*chat, {subjects[i].seq - 1, std::nullopt, 1});
      if (due[i].chat && !page.messages.empty() && page.messages.front().seq == subjects[i].seq)
        due[i].message = std::move(page.messages.front());
    } else if (const auto& id = subjects[i].notification) {
      auto row = bridge_.notification.run();
      if (!row.bind(*id).row()) continue;
      due[i].notification = Notification{*id,           row.uuid(0), row.string(1),      row.string(2),
                                         row.string(3), row.time(4), row.time_or_null(5)};
    }
  }
  return due;
}

void SqlStore::webhook_delivered(std::int64_t position) { bridge_.delivered.run().bind(position).done(); }

void SqlStore::webhook_failed(std::int64_t position, WallMs next_attempt_at, const std::string& error) {
  bridge_.failed.run().bind(position).bind_time(next_attempt_at).bind(error).done();
}

void SqlStore::webhook_given_up(std::int64_t position, const std::string& error) {
  bridge_.given_up.run().bind(position).bind(error).done();
}

void SqlStore::webhooks_may_go(const std::string& endpoint, WallMs now) {
  bridge_.may_go.run().bind(endpoint).bind_time(now).done();
}

void SqlStore::forget_dead_webhooks(WallMs before) { bridge_.forget_dead.run().bind_time(before).done(); }

Backlog SqlStore::webhook_backlog() {
  auto row = bridge_.backlog.run();
  if (!row.row()) return {};
  return {row.number(0), row.number(1), row.time_or_null(2)};
}

// -------------------------------------------------------------------------------------------------- outbox

std::vector<OutboxRow> SqlStore::outbox(int rows_max) {
  std::vector<OutboxRow> rows;
  auto row = bridge_.outbox.run();
  row.bind(std::int64_t{rows_max});
  while (row.row()) rows.push_back({row.number(0), row.string(1), row.string(2)});
  return rows;
}

void SqlStore::outbox_done(std::int64_t id, const std::string& error, WallMs now) {
  bridge_.outbox_done.run().bind(id).bind(error).bind_time(now).done();
}

void SqlStore::forget_outbox(WallMs before) { bridge_.forget_outbox.run().bind_time(before).done(); }

Backlog SqlStore::outbox_backlog() {
  auto row = bridge_.outbox_backlog.run();
  if (!row.row()) return {};
  return {row.number(0), row.number(1),
          row.time_if_one(2)};  // whoever inserts may write the time as he likes
}

Result<Changed> SqlStore::announce_status(const NewStatus& status, WallMs now) {
  hold(status.chat);
  cached_facts_.erase(status.chat);
  const auto facts = this->facts(status.chat);
  if (!facts) return Refusal{ErrorCode::not_found, "there is no such " + std::string(text(status.chat.kind))};
  std::string told;
  {
    auto row = workflow_.last_change.run();
    row.bind(text(status.chat.kind)).bind(status.chat.id).bind("status");
    if (row.row()) {
      const auto change = read_change(status.chat, row.number(0));
      if (change) told = change->value;
    }
  }
  Changed changed;
  changed.client_id = facts->client_id;
  changed.performer_id = facts->performer_id;
  changed.moderator_id = facts->moderator_id;
  changed.repeated = told == facts->status;
  if (changed.repeated) return changed;
  Change change;
  change.value = facts->status;
  change.previous = told;
  if (!status.by.is_nil()) change.by = status.by;
  change.note = status.note;
  tell(changed, status.chat, std::move(change), now);
  return changed;
}

}  // namespace rozmova::store
