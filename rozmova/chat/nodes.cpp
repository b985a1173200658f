#include "rozmova/chat/nodes.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/seats.hpp"
#include "rozmova/chat/shared_addresses.hpp"
#include "rozmova/chat/shared_rates.hpp"
#include "rozmova/chat/signal.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

namespace rozmova::chat {

namespace json = boost::json;

namespace {

constexpr std::string_view news_signal = "rozmova:news";
constexpr std::string_view unread_signal = "rozmova:unread";
constexpr std::string_view look_question = "rozmova:look";
constexpr std::string_view roll_question = "rozmova:connections";
constexpr std::string_view end_question = "rozmova:end";

std::int64_t now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

Nodes::Nodes(House& house) : house_(house) {
  sioxx::Server& server = house.server();
  for (unsigned i = 0; i < server.shards(); ++i) {
    Sequencer& sequencer = *sequencers_.emplace_back(std::make_unique<Sequencer>(house, i));
    server.shard(i).post([&sequencer] { sequencer.begin(); });
  }
  server.watch_bus({.subscribed = [this](std::string_view, std::string_view room) { room_is_heard(room); },
                    .back = [this] { bus_is(true, {}); },
                    .lost = [this](std::string_view why) { bus_is(false, why); }});
  for (unsigned i = 0; i < server.shards(); ++i) {
    rates_.push_back(std::make_unique<SharedRates>(house.part(i)));
    seats_.push_back(std::make_unique<Seats>(house.part(i)));
  }
  house.metrics().set(Gauge::bus_since, now_s());
  sioxx::Namespace& nsp = server.of("/");
  addresses_ = std::make_unique<SharedAddresses>(house);
  server.shard(0).post([this] { addresses_->begin(); });
  nsp.on_server_side(std::string(addresses_signal),
                     [this](const json::array& signal, sioxx::ServerSideReply) { addresses_->hear(signal); });
  nsp.on_server_side(std::string(spent_signal), [this](const json::array& signal, sioxx::ServerSideReply) {
    rates(house_.here().index).hear(signal);
  });
  nsp.on_server_side(std::string(news_signal),
                     [this](const json::array& signal, sioxx::ServerSideReply) { hear(signal); });
  nsp.on_server_side(std::string(unread_signal), [this](const json::array& signal, sioxx::ServerSideReply) {
    if (const auto user = read_user(signal)) house_.notices().unread_changed_here(*user);
  });
  nsp.on_server_side(std::string(look_question),
                     [this](const json::array& question, sioxx::ServerSideReply reply) {
                       const auto asked = read_look(question);
                       if (!asked) return;
                       const Looks here = house_.looks(house_.here(), asked->first, asked->second);
                       reply(here.on, here.away);
                     });
  nsp.on_server_side(std::string(roll_question),
                     [this](const json::array& question, sioxx::ServerSideReply reply) {
                       const auto query = read_query(question);
                       if (!query) return;
                       ConnectionPage page;
                       add_connections(house_, *query, house_.here().index, page);
                       const json::array answer = write_page(page);
                       reply(answer);
                     });
  nsp.on_server_side(
      std::string(end_question), [this](const json::array& question, sioxx::ServerSideReply reply) {
        if (question.empty() || !question[0].is_string()) return;
        reply(end_connection_here(house_, std::string_view(question[0].get_string()), house_.here().index));
      });
}

Nodes::~Nodes() = default;

void Nodes::living(std::size_t count) {
  house_.at(0, [this, count](House::Part&) { addresses_->nodes(count); });
  for (unsigned i = 0; i < rates_.size(); ++i) {
    house_.at(i, [this, count](House::Part& part) {
      rates(part.index).nodes(count);
      seats(part.index).nodes(count);
    });
  }
}

// ---- news

void Nodes::tell(News::Kind kind, const Message& message, std::span<const Told> events) {
  const bool is_message = kind == News::Kind::message;
  News news;
  news.chat = message.chat;
  news.kind = kind;
  news.seq = message.seq;
  news.number = is_message ? message.seq : message.change_seq.value_or(0);
  const std::string room = room_of(message.chat);
  house_.server().at("/").to(room).elsewhere().server_side_emit_array(
      news_signal, write_news(news, events, signal_bytes_max));
  for (const Told& told : events) {
    // Only a message has a place that a reader's snapshot may have passed.
    const bool has_place = is_message && &told == &events.front();
    news.parcel.push_back(
        house_.encode(told.event, told.json, has_place ? static_cast<std::uint64_t>(message.seq) : 0));
  }
  for (auto shards = house_.server().shards_with("/", room); shards != 0; shards &= shards - 1) {
    house_.at(static_cast<unsigned>(std::countr_zero(shards)),
              [this, news](House::Part& part) { sequencer(part.index).hear(news); });
  }
  house_.metrics().count(Count::broadcasts);
}

void Nodes::hear(const json::array& signal) {
  auto read = read_news(signal);
  if (!read) return house_.log().warning("signal_unreadable", {{"name", news_signal}});
  for (const auto& [event, text] : read->events) {
    const bool has_place = read->news.kind == News::Kind::message && read->news.parcel.empty();
    read->news.parcel.push_back(
        house_.encode(event, text, has_place ? static_cast<std::uint64_t>(read->news.seq) : 0));
  }
  sequencer(house_.here().index).hear(std::move(read->news));
}

// ---- the bus

void Nodes::bus_is(bool up, std::string_view why) {
  house_.metrics().set(Gauge::bus_up, up ? 1 : 0);
  house_.metrics().set(Gauge::bus_since, now_s());
  if (up) {
    house_.log().event("bus_back", {});
  } else {
    house_.metrics().count(Count::bus_losses);
    house_.log().warning("bus_lost", {{"reason", why}});
  }
  for (unsigned i = 0; i < house_.server().shards(); ++i) {
    house_.at(i, [this, up](House::Part& part) {
      sequencer(part.index).bus(up);
      if (up) house_.tell_presence_again(part);
    });
  }
  if (up) house_.notices().unread_changed_for_all();
}

void Nodes::room_is_heard(std::string_view room) {
  const auto chat = chat_of_room(room);
  if (!chat) return;
  for (auto shards = house_.server().shards_with("/", room); shards != 0; shards &= shards - 1) {
    house_.at(static_cast<unsigned>(std::countr_zero(shards)),
              [this, chat](House::Part& part) { sequencer(part.index).look_at({*chat}); });
  }
}

// ---- questions

void Nodes::unread_changed(const Uuid& user) {
  house_.server()
      .at("/")
      .to(room_of_user(user))
      .elsewhere()
      .server_side_emit_array(unread_signal, {user.text()});
}

void Nodes::look(const Uuid& user, const ChatKey& chat, std::function<void(Looks)> then) {
  house_.server()
      .at("/")
      .to(room_of_user(user))
      .elsewhere()
      .timeout(look_timeout_ms)
      .server_side_emit_with_ack(look_question, write_look(user, chat),
                                 [then = std::move(then)](const sioxx::Answers& answers) {
                                   Looks looks;
                                   for (const auto& answer : answers.answers) {
                                     const json::array& said = answer.args;
                                     if (said.size() != 2 || !said[0].is_bool() || !said[1].is_bool())
                                       continue;
                                     looks.on = looks.on || said[0].get_bool();
                                     looks.away = looks.away || said[1].get_bool();
                                   }
                                   then(looks);
                                 });
}

void Nodes::list_connections(const ConnectionQuery& query, std::function<void(ConnectionPage)> then) {
  house_.server()
      .at("/")
      .elsewhere()
      .timeout(answer_timeout_ms)
      .server_side_emit_with_ack(roll_question, write_query(query),
                                 [then = std::move(then)](const sioxx::Answers& answers) {
                                   ConnectionPage all;
                                   for (const auto& answer : answers.answers) {
                                     if (answer.args.empty() || !answer.args[0].is_array()) continue;
                                     ConnectionPage page = read_page(answer.args[0].get_array());
                                     all.has_more = all.has_more || page.has_more;
                                     std::move(page.connections.begin(), page.connections.end(),
                                               std::back_inserter(all.connections));
                                   }
                                   then(std::move(all));
                                 });
}

void Nodes::end_connection(const std::string& socket_id, std::function<void(bool)> then) {
  house_.server()
      .at("/")
      .to(socket_id)
      .elsewhere()
      .timeout(answer_timeout_ms)
      .server_side_emit_with_ack(
          end_question, {socket_id}, [then = std::move(then)](const sioxx::Answers& answers) {
            then(std::any_of(answers.answers.begin(), answers.answers.end(), [](const auto& answer) {
              return !answer.args.empty() && answer.args[0] == true;
            }));
          });
}

}  // namespace rozmova::chat
