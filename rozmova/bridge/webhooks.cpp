#include "rozmova/bridge/webhooks.hpp"

#include "rozmova/bridge/webhook_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace rozmova::bridge {

namespace {

constexpr std::size_t error_characters_max = 200;

std::string reason_of(const HttpAnswer& answer) {
  return answer.status != 0 ? "status " + std::to_string(answer.status)
                            : answer.failure.substr(0, error_characters_max);
}

}  // namespace

struct Webhooks::Poll final : sioxx::loop::Timer {
  Poll(Webhooks& w, sioxx::loop::Shard& s) : webhooks(w), shard(s) {}
  void arm() { shard.timers().arm(*this, shard.now() + webhooks.options_.poll_ms); }
  void on_timer(sioxx::loop::TimeMs) override {
    webhooks.look();
    arm();
  }
  Webhooks& webhooks;
  sioxx::loop::Shard& shard;
};

Webhooks::Webhooks(chat::House& house, store::StoreFactory& factory, WebhookOptions options)
    : house_(house),
      options_(std::move(options)),
      random_(std::random_device{}()),
      poll_(std::make_unique<Poll>(*this, house.server().shard(0))),
      client_(options_.user_agent,
              options_.at_once_per_endpoint * std::max<std::size_t>(1, options_.endpoints.size())) {
  const auto writer = factory.open_writer();
  writer->begin();
  const std::int64_t dropped = writer->set_webhook_endpoints(options_.endpoints);
  writer->commit();
  if (dropped > 0)
    house_.log().warning("webhooks_dropped",
                         {{"events", dropped}, {"reason", "their endpoint is not in WEBHOOK_URL any more"}});
  for (const store::WebhookEndpoint& endpoint : options_.endpoints) endpoints_[endpoint.url];
  if (!endpoints_.empty()) poll_->shard.post([poll = poll_.get()] { poll->arm(); });
}

Webhooks::~Webhooks() = default;

WallMs Webhooks::now() const { return poll_->shard.wall(); }

void Webhooks::look() {
  for (auto& [url, endpoint] : endpoints_) look_for(url, endpoint);
  if (now() - counted_at_ < options_.count_ms) return;
  counted_at_ = now();
  count();
}

void Webhooks::look_for(const std::string& url, Endpoint& endpoint) {
  const bool failing = endpoint.failures > 0;
  const std::size_t places = failing ? 1 : options_.at_once_per_endpoint;
  if (endpoint.is_looked_for || endpoint.under_way.size() >= places || endpoint.quiet_until > now()) return;
  // What is under way is still in the queue, and due.
  const int rows_max = static_cast<int>(places + endpoint.under_way.size());
  endpoint.is_looked_for = house_.database().read(
      [this, url, rows_max, at = now()](store::Store& store) {
        house_.at(0, [this, url, due = store.webhooks_due(url, at, rows_max)](chat::House::Part&) {
          send(url, due);
        });
      },
      [this, url](const Refusal&) {
        house_.at(0, [this, url](chat::House::Part&) { endpoints_[url].is_looked_for = false; });
      });
}

void Webhooks::send(const std::string& url, std::vector<store::WebhookRow> due) {
  Endpoint& endpoint = endpoints_[url];
  endpoint.is_looked_for = false;
  const std::size_t places = endpoint.failures > 0 ? 1 : options_.at_once_per_endpoint;
  for (const store::WebhookRow& row : due) {
    if (endpoint.under_way.size() >= places) return;
    if (!endpoint.under_way.insert(row.position).second) continue;
    if (row.is_gone()) {  // nothing is left to tell
      settle(row, [position = row.position](store::Store& store) { store.webhook_delivered(position); });
    } else {
      post(row);
    }
  }
}

void Webhooks::post(const store::WebhookRow& row) {
  HttpAsk ask;
  ask.method = "POST";
  ask.url = row.endpoint;
  ask.body = webhook_body(row, options_.with_content);
  ask.timeout_ms = options_.timeout_ms;
  ask.connect_timeout_ms = options_.timeout_ms;
  ask.answer_bytes_max = 65'536;
  ask.headers = {
      {"Content-Type", "application/json"},
      {"X-Rozmova-Event", row.type},
      {"X-Rozmova-Delivery", row.id.text()},
      {"X-Rozmova-Attempt", std::to_string(row.attempts + 1)},
      {"X-Rozmova-Signature", webhook_signature(options_.secret, now() / 1'000, ask.body)},
  };
  client_.ask(std::move(ask), [this, row](HttpAnswer answer) {
    house_.at(0, [this, row, answer = std::move(answer)](chat::House::Part&) { answered(row, answer); });
  });
}

void Webhooks::answered(const store::WebhookRow& row, const HttpAnswer& answer) {
  Endpoint& endpoint = endpoints_[row.endpoint];
  const bool taken = answer.status >= 200 && answer.status < 300;
  if (taken) {
    const bool recovered = std::exchange(endpoint.failures, 0) > 0;
    endpoint.quiet_until = 0;
    house_.metrics().count(Count::webhooks_delivered);
    if (recovered) house_.log().event("webhook_endpoint_back", {{"endpoint", row.endpoint}});
    return settle(row,
                  [position = row.position, recovered, url = row.endpoint, at = now()](store::Store& store) {
                    store.webhook_delivered(position);
                    if (recovered) store.webhooks_may_go(url, at);
                  });
  }
  house_.metrics().count(Count::webhooks_failed);
  const std::string reason = reason_of(answer);
  if (answer.status == 410 || now() - row.created_at > options_.give_up_ms) {
    house_.metrics().count(Count::webhooks_given_up);
    house_.log().error("webhook_given_up", {{"endpoint", row.endpoint},
                                            {"delivery", row.id},
                                            {"name", row.type},
                                            {"attempts", row.attempts + 1},
                                            {"reason", reason}});
    return settle(row, [position = row.position, reason](store::Store& store) {
      store.webhook_given_up(position, reason);
    });
  }
  // Requests that were under way together fail for one reason. What the endpoint minds of this one event alone says
  // nothing of the others.
  constexpr std::array of_one_event = {400, 409, 413, 415, 422};
  const bool of_this =
      std::find(of_one_event.begin(), of_one_event.end(), answer.status) != of_one_event.end();
  if (!of_this && endpoint.quiet_until <= now()) {
    ++endpoint.failures;
    endpoint.quiet_until = now() + delay_ms(endpoint.failures, answer);
    if (endpoint.failures == 1)
      house_.log().warning("webhook_endpoint_fails", {{"endpoint", row.endpoint}, {"reason", reason}});
  }
  const WallMs next = now() + delay_ms(row.attempts + 1, answer);
  settle(row, [position = row.position, next, reason](store::Store& store) {
    store.webhook_failed(position, next, reason);
  });
}

/// The row is under way until this is committed: so it is never sent twice by one server.
void Webhooks::settle(const store::WebhookRow& row, std::function<void(store::Store&)> write) {
  const auto settled = [this, url = row.endpoint, position = row.position](chat::House::Part&) {
    Endpoint& endpoint = endpoints_[url];
    endpoint.under_way.erase(position);
    look_for(url, endpoint);
  };
  // Refused: the row is as it was and is sent again, with its id.
  const bool accepted = house_.database().write(
      {}, std::move(write), [this, settled](const Result<Done>&) { house_.at(0, settled); });
  if (!accepted) house_.at(0, settled);
}

std::int64_t Webhooks::delay_ms(int failures, const HttpAnswer& answer) {
  const int doublings = std::clamp(failures - 1, 0, 30);
  std::int64_t delay = std::min(options_.retry_max_ms, options_.retry_first_ms << doublings);
  const std::string_view text = answer.header("retry-after");
  std::int64_t asked_s = 0;
  std::from_chars(text.data(), text.data() + text.size(), asked_s);
  if (asked_s > 0) delay = std::clamp(asked_s, std::int64_t{1}, options_.retry_max_ms / 1'000 + 1) * 1'000;
  return delay + std::uniform_int_distribution<std::int64_t>(0, delay / 5)(random_);
}

void Webhooks::count() {
  static_cast<void>(house_.database().read(
      [this](store::Store& store) {
        const store::Backlog backlog = store.webhook_backlog();
        house_.metrics().set(Gauge::webhooks_waiting, backlog.waiting);
        house_.metrics().set(Gauge::webhooks_dead, backlog.dead);
      },
      {}));
  static_cast<void>(house_.database().write(
      {},
      [before = now() - options_.dead_kept_ms](store::Store& store) { store.forget_dead_webhooks(before); },
      {}));
}

}  // namespace rozmova::bridge
