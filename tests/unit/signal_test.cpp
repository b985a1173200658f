#include "rozmova/chat/signal.hpp"
#include "rozmova/chat/nodes.hpp"

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace rozmova::chat {
namespace {

namespace json = boost::json;

const ChatKey chat{ChatKind::order, *Uuid::parse("0190a000-0000-7000-8000-000000000001")};

TEST(Signal, NewsAreReadAsTheyWereWritten) {
  News news;
  news.chat = chat;
  news.kind = News::Kind::change;
  news.number = 7;
  news.seq = 3;
  const std::vector<Told> events{{"order_message_edited", R"({"id":1})"}, {"x", "{}"}};
  const auto read = read_news(write_news(news, events, 1'000));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->news.chat, chat);
  EXPECT_EQ(read->news.kind, News::Kind::change);
  EXPECT_EQ(read->news.number, 7);
  EXPECT_EQ(read->news.seq, 3);
  ASSERT_EQ(read->events.size(), 2u);
  EXPECT_EQ(read->events[0].first, "order_message_edited");
  EXPECT_EQ(read->events[0].second, R"({"id":1})");
}

TEST(Signal, LongNewsAreAHint) {
  News news;
  news.chat = chat;
  news.number = news.seq = 9;
  const std::string text(2'000, 'x');
  const std::vector<Told> events{{"order_message", text}};
  const auto read = read_news(write_news(news, events, 1'000));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->news.number, 9);
  EXPECT_TRUE(read->events.empty());
}

TEST(Signal, WhatNobodyOfOursWroteIsNothing) {
  const std::string room = room_of(chat);
  for (const std::string& text : std::vector<std::string>{
           "[]", "[1,2,3,4]", "[\"nowhere\",\"message\",1,1]", "[\"" + room + "\",\"message\",0,1]",
           "[\"" + room + "\",\"message\",1,-1]", "[\"" + room + "\",\"gossip\",1,1]",
           "[\"" + room + "\",\"message\",1,1,\"event\"]", "[\"" + room + "\",\"message\",1,1,\"event\",{}]",
           "[\"" + room + "\",\"message\",1.5,1]"}) {
    EXPECT_FALSE(read_news(json::parse(text).get_array())) << text;
  }
  EXPECT_FALSE(read_user({}));
  EXPECT_FALSE(read_look({"x"}));
  EXPECT_FALSE(read_query({nullptr}));
  EXPECT_FALSE(read_query({nullptr, chat.id.text(), 0}));
  EXPECT_FALSE(read_query({1, chat.id.text(), 5}));
  EXPECT_TRUE(read_page({}).connections.empty());
  EXPECT_TRUE(read_page({true, json::array{1, 2}}).connections.empty());
}

TEST(Signal, SpendingIsReadAsItWasWritten) {
  const std::vector<Spending::Spent> spent{{chat.id, Rates::Kind::join, 3},
                                           {chat.id, Rates::Kind::message, 0}};
  const json::array signal = write_spent(77, spent);
  const auto read = read_spent(signal);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->node, 77u);
  ASSERT_EQ(read->spent.size(), 2u);
  EXPECT_EQ(read->spent[0].user, chat.id);
  EXPECT_EQ(read->spent[0].kind, Rates::Kind::join);
  EXPECT_EQ(read->spent[0].tokens, 3);
  EXPECT_EQ(read->spent[1].tokens, 0);

  for (std::size_t i = 0; i < signal.size(); ++i) {
    json::array broken = signal;
    broken[i] = nullptr;
    EXPECT_FALSE(read_spent(broken)) << i;
  }
  EXPECT_FALSE(read_spent({}));
  EXPECT_FALSE(read_spent({signal[0], signal[1]}));
  EXPECT_FALSE(read_spent({signal[0], signal[1], 0, -1}));
  EXPECT_FALSE(read_spent({signal[0], signal[1], -1, 1}));
  EXPECT_TRUE(read_spent({signal[0], signal[1], 200, 1})->spent.empty()) << "a kind of a newer version";
}

TEST(Signal, AddressesAreReadAsTheyWereWritten) {
  const std::vector<sioxx::AddressCount> counts{{"203.0.113.9", 7, 0}, {"2001:db8::", 3, 12}};
  const SharedAddresses::Took took{{{"203.0.113.9", AddressRates::Kind::bad_token}, 4}};
  const json::array signal = write_addresses(77, counts, took);
  const auto read = read_addresses(signal);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->node, 77u);
  ASSERT_EQ(read->counts.size(), 2u);
  EXPECT_EQ(read->counts[1].address, "2001:db8::");
  EXPECT_EQ(read->counts[1].connections, 3u);
  EXPECT_EQ(read->counts[1].polling, 12u);
  EXPECT_EQ(read->took, took);

  for (std::size_t i = 0; i < signal.size(); ++i) {
    json::array broken = signal;
    broken[i] = nullptr;
    EXPECT_FALSE(read_addresses(broken)) << i;
    for (std::size_t at = 0; signal[i].is_array() && at < signal[i].get_array().size(); ++at) {
      broken = signal;
      broken[i].get_array()[at] = nullptr;
      EXPECT_FALSE(read_addresses(broken)) << i << " " << at;
    }
  }
  json::array many;
  for (std::size_t i = 0; i <= SharedAddresses::addresses_max; ++i)
    many.insert(many.end(), {json::value("a"), json::value(1), json::value(1)});
  EXPECT_FALSE(read_addresses({signal[0], many, json::array()}));
  EXPECT_FALSE(read_addresses({signal[0], json::array{"a", -1, 1}, json::array()}));
}

TEST(Signal, ConnectionsAreReadAsTheyWereWritten) {
  ConnectionPage page;
  page.has_more = true;
  ConnectionInfo& info = page.connections.emplace_back();
  info.id = info.user_id = chat.id;
  info.socket_id = "socket";
  info.role = Role::moderator;
  info.transport = "websocket";
  info.address = "203.0.113.7";
  info.connected_at = 5;
  info.token_expires_at = 6;
  info.chats.push_back(chat);
  const ConnectionPage read = read_page(write_page(page));
  EXPECT_TRUE(read.has_more);
  ASSERT_EQ(read.connections.size(), 1u);
  EXPECT_EQ(read.connections[0].socket_id, "socket");
  EXPECT_EQ(read.connections[0].role, Role::moderator);
  EXPECT_EQ(read.connections[0].transport, "websocket");
  EXPECT_EQ(read.connections[0].chats, std::vector<ChatKey>{chat});

  ConnectionQuery query;
  query.user = chat.id;
  query.limit = 20;
  const auto asked = read_query(write_query(query));
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->user, query.user);
  EXPECT_EQ(asked->limit, 20u);
  EXPECT_FALSE(read_query(write_query({}))->user);
  EXPECT_EQ(read_look(write_look(chat.id, chat))->second, chat);
}

}  // namespace
}  // namespace rozmova::chat
