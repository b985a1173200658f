#include "redis_server.hpp"
#include "sioxx/loop/shard.hpp"
#include "sioxx/redis/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace sioxx::redis {
namespace {

using rozmova_test::RedisServer;
using testing::ElementsAre;
using testing::HasSubstr;

/// A shard turned by the test, and one connection on it.
class Ear final : public Connection::Listener {
 public:
  Ear(loop::Shard& shard, Options options, Connection::Use use) : connection(shard, options, use, *this) {}
  void on_redis_ready() override { ++ready; }
  void on_redis_lost(std::string_view why) override { losses.emplace_back(why); }
  void on_redis_push(const Reply& push) override {
    std::string text;
    for (std::size_t i = 0; i < push.size(); ++i) {
      if (i > 0) text += ' ';
      text += push[i].kind() == Reply::Kind::integer ? std::to_string(push[i].integer()) : push[i].text();
    }
    pushes.push_back(text);
  }
  int ready = 0;
  std::vector<std::string> losses, pushes;
  Connection connection;
};

class Redis : public testing::Test {
 protected:
  static constexpr int turn_ms = 5;
  static constexpr int turns_max = 2'000;

  void until(const std::function<bool()>& happened) {
    for (int i = 0; i < turns_max && !happened(); ++i) shard.turn(turn_ms);
    ASSERT_TRUE(happened());
  }
  Options options() const {
    Options options;
    options.port = server.port();
    options.ping_interval_ms = 50;
    options.ping_timeout_ms = 100;
    options.connect_timeout_ms = 500;
    return options;
  }
  RedisServer server;
  loop::Shard shard{0};
};

TEST_F(Redis, answers_come_in_the_order_of_the_commands) {
  Ear ear(shard, options(), Connection::Use::commander);
  ear.connection.start();
  until([&] { return ear.ready == 1; });
  std::vector<std::string> answers;
  const auto keep = [&](const Reply* reply) {
    answers.emplace_back(reply == nullptr ? "lost" : reply->text());
  };
  ASSERT_TRUE(ear.connection.command({"SET", "key", std::string_view("a\0b\r\n", 5)}, keep));
  ASSERT_TRUE(ear.connection.command({"GET", "key"}, keep));
  ASSERT_TRUE(ear.connection.command({"NONSENSE"}, keep));
  until([&] { return answers.size() == 3; });
  EXPECT_THAT(answers, ElementsAre("OK", std::string("a\0b\r\n", 5), HasSubstr("unknown command")));
}

TEST_F(Redis, a_subscriber_hears_what_is_published) {
  Ear subscriber(shard, options(), Connection::Use::subscriber);
  Ear commander(shard, options(), Connection::Use::commander);
  subscriber.connection.start();
  commander.connection.start();
  until([&] { return subscriber.ready == 1 && commander.ready == 1; });
  subscriber.connection.command({"SUBSCRIBE", "chat"});
  until([&] { return subscriber.pushes.size() == 1; });
  commander.connection.command({"PUBLISH", "chat", "hello"});
  until([&] { return subscriber.pushes.size() == 2; });
  EXPECT_THAT(subscriber.pushes, ElementsAre("subscribe chat 1", "message chat hello"));
}

TEST_F(Redis, a_quiet_connection_is_kept_by_pings) {
  Ear ear(shard, options(), Connection::Use::subscriber);
  ear.connection.start();
  until([&] { return ear.ready == 1; });
  ear.connection.command({"SUBSCRIBE", "quiet"});
  const loop::TimeMs end = shard.now() + 400;
  until([&] { return shard.now() >= end; });
  EXPECT_TRUE(ear.losses.empty());
  EXPECT_TRUE(ear.connection.ready());
}

TEST_F(Redis, killed_and_back_again) {
  Ear ear(shard, options(), Connection::Use::commander);
  ear.connection.start();
  until([&] { return ear.ready == 1; });
  std::string answer;
  ear.connection.command({"BLPOP", "nothing", "0"},
                         [&](const Reply* reply) { answer = reply == nullptr ? "lost" : "answered"; });
  shard.turn(0);
  server.kill();
  until([&] { return ear.losses.size() == 1; });
  EXPECT_EQ(answer, "lost");
  EXPECT_FALSE(ear.connection.command({"PING"}));
  server.start();
  until([&] { return ear.ready == 2; });
  EXPECT_EQ(ear.losses.size(), 1u) << "one loss is told once, however many attempts follow";
}

TEST_F(Redis, a_stopped_server_is_noticed) {
  Ear ear(shard, options(), Connection::Use::commander);
  ear.connection.start();
  until([&] { return ear.ready == 1; });
  server.freeze();
  until([&] { return !ear.losses.empty(); });
  EXPECT_THAT(ear.losses.front(), HasSubstr("silent"));
  server.thaw();
  until([&] { return ear.ready == 2; });
}

TEST_F(Redis, a_name_is_resolved_beside_the_loop) {
  Options by_name = options();
  by_name.host = "localhost";
  Ear ear(shard, by_name, Connection::Use::commander);
  ear.connection.start();
  EXPECT_EQ(ear.connection.state(), Connection::State::resolving);
  until([&] { return ear.ready == 1; });
}

TEST_F(Redis, nobody_there_says_so_once_and_goes_on_trying) {
  const Options right = options();
  server.kill();
  Ear ear(shard, right, Connection::Use::commander);
  ear.connection.start();
  until([&] { return ear.losses.size() == 1; });
  EXPECT_THAT(ear.losses.front(), HasSubstr("cannot connect to 127.0.0.1"));
  server.start();
  until([&] { return ear.ready == 1; });
}

TEST_F(Redis, output_is_bounded_while_the_server_does_not_read) {
  Options small = options();
  small.output_bytes_max = 1'000;
  small.replies_waiting_max = 3;
  Ear ear(shard, small, Connection::Use::commander);
  ear.connection.start();
  until([&] { return ear.ready == 1; });
  EXPECT_TRUE(ear.connection.command({"ECHO", std::string(2'000, 'x')}));
  EXPECT_FALSE(ear.connection.command({"ECHO", "one too many"})) << "bytes";
  shard.turn(0);
  EXPECT_TRUE(ear.connection.command({"PING"}));
  EXPECT_TRUE(ear.connection.command({"PING"}));
  EXPECT_FALSE(ear.connection.command({"PING"})) << "answers outstanding";
}

TEST(RedisWithAPassword, is_greeted_and_refused_by_name) {
  RedisServer server({"--requirepass", "p@ss word"});
  loop::Shard shard{0};
  std::string why;
  auto right = parse_url("redis://:p%40ss%20word@127.0.0.1:" + std::to_string(server.port()) + "/2", why);
  ASSERT_TRUE(right) << why;
  Ear ear(shard, *right, Connection::Use::commander);
  ear.connection.start();
  for (int i = 0; i < 1'000 && ear.ready == 0; ++i) shard.turn(5);
  EXPECT_EQ(ear.ready, 1);

  auto wrong = *right;
  wrong.password = "guess";
  Ear stranger(shard, wrong, Connection::Use::commander);
  stranger.connection.start();
  for (int i = 0; i < 1'000 && stranger.losses.empty(); ++i) shard.turn(5);
  ASSERT_EQ(stranger.losses.size(), 1u);
  EXPECT_THAT(stranger.losses[0], HasSubstr("refuses us"));
}

struct UrlCase {
  const char* url;
  const char* expected;  ///< "user:password@host:port/db", or a piece of the complaint after "!"
};
class RedisUrl : public testing::TestWithParam<UrlCase> {};

TEST_P(RedisUrl, is_read) {
  std::string why;
  const auto got = parse_url(GetParam().url, why);
  const std::string_view expected = GetParam().expected;
  if (expected.starts_with('!')) {
    EXPECT_FALSE(got);
    EXPECT_THAT(why, HasSubstr(std::string(expected.substr(1))));
    return;
  }
  ASSERT_TRUE(got) << why;
  EXPECT_EQ(got->user + ":" + got->password + "@" + got->host + ":" + std::to_string(got->port) + "/" +
                std::to_string(got->database),
            expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RedisUrl,
    testing::Values(UrlCase{"redis://localhost", ":@localhost:6379/0"},
                    UrlCase{"redis://10.0.0.1:7000/3", ":@10.0.0.1:7000/3"},
                    UrlCase{"redis://:secret@h", ":secret@h:6379/0"},
                    UrlCase{"redis://me:a%3Ab%2F@h:1/", "me:a:b/@h:1/0"},
                    UrlCase{"redis://[::1]:6380", ":@::1:6380/0"}, UrlCase{"rediss://h", "!stunnel"},
                    UrlCase{"http://h", "!looks like"}, UrlCase{"redis://", "!no host"},
                    UrlCase{"redis://h:0", "!port"}, UrlCase{"redis://h:70000", "!port"},
                    UrlCase{"redis://h/x", "!database"}, UrlCase{"redis://u%4@h", "!user:password"},
                    UrlCase{"redis://:%zz@h", "!broken %"}, UrlCase{"redis://[::1", "!has no ]"}));

}  // namespace
}  // namespace sioxx::redis
