#include "net_world.hpp"

#include "sioxx/net/shared_run.hpp"

namespace sioxx::net::test {
namespace {

TEST(SharedRun, TakesInWhatManyGetInARow) {
  SharedRun run;
  const std::string frame = "one for many";
  SharedRun::Piece piece;
  for (unsigned i = 0; i < SharedRun::copied_first; ++i) EXPECT_FALSE(run.extend(piece, frame));
  SharedRun::Piece another;
  ASSERT_TRUE(run.extend(piece, frame));
  ASSERT_TRUE(run.extend(another, frame));
  EXPECT_EQ(run.text(piece), frame);
  EXPECT_EQ(run.text(another), frame);
}

TEST(SharedRun, WhatIsSentToOthersBetweenIsNotManyInARow) {
  SharedRun run;
  const std::string frame = "a chat of two, again and again at one address";
  SharedRun::Piece piece;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(run.extend(piece, frame));
    EXPECT_FALSE(run.extend(piece, frame));
    run.interrupt();
  }
}

TEST(SharedRun, APieceGrowsOnlyAtItsEnd) {
  SharedRun run;
  std::string frame = "first";
  SharedRun::Piece all, late, early;
  for (unsigned i = 0; i < SharedRun::copied_first; ++i) run.extend(all, frame);
  ASSERT_TRUE(run.extend(all, frame));
  ASSERT_TRUE(run.extend(early, frame));
  frame.replace(0, 5, "other");  // another frame at the same place
  ASSERT_TRUE(run.extend(all, frame));
  ASSERT_TRUE(run.extend(late, frame));
  EXPECT_EQ(run.text(all), "firstother");
  EXPECT_EQ(run.text(early), "first");
  EXPECT_EQ(run.text(late), "other");
  frame.replace(0, 5, "third");
  ASSERT_TRUE(run.extend(all, frame));
  EXPECT_FALSE(run.extend(early, frame)) << "it would get what lies between";
  EXPECT_EQ(run.text(early), "first");
}

TEST(SharedRun, EmptiesItselfWithTheLastPiece) {
  SharedRun run;
  const std::string frame = "some bytes";
  SharedRun::Piece one, two;
  for (unsigned i = 0; i < SharedRun::copied_first; ++i) run.extend(one, frame);
  ASSERT_TRUE(run.extend(one, frame));
  ASSERT_TRUE(run.extend(two, frame));
  run.take(one, 4);
  EXPECT_EQ(run.text(one), " bytes");
  run.take_all(one);
  EXPECT_EQ(one.bytes, 0u);
  EXPECT_EQ(run.text(two), frame);
  run.take_all(two);
  run.take_all(two);
  run.interrupt();
  EXPECT_FALSE(run.extend(one, frame)) << "counted anew";
}

TEST(SharedRun, IsBounded) {
  SharedRun run;
  const std::string frame(SharedRun::bytes_max / 2 + 1, 'x');
  const std::string other(SharedRun::bytes_max / 2 + 1, 'y');
  SharedRun::Piece piece;
  for (unsigned i = 0; i < SharedRun::copied_first; ++i) run.extend(piece, frame);
  ASSERT_TRUE(run.extend(piece, frame));
  for (unsigned i = 0; i < 10; ++i) EXPECT_FALSE(run.extend(piece, other));
  EXPECT_EQ(run.text(piece), frame);
}

/// What everybody got, with what some got besides and some could not take at once, in the order of sending.
TEST(SharedRun, EverybodyGetsHisOwnOrder) {
  constexpr std::size_t people = 12, slow = 7, rounds = 5;
  engine::Settings settings;
  settings.send_queue_bytes_max = 64 << 20;
  World world({}, 1, settings);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::shared_ptr<engine::Session>> sessions;
  std::vector<std::vector<std::string>> expected(people);
  for (std::size_t i = 0; i < people; ++i) {
    clients.push_back(std::make_unique<Client>(world));
    if (i == slow) clients[i]->small_receive_buffer();
    clients[i]->send(Client::upgrade_request(websocket));
    ASSERT_EQ(clients[i]->answer().status, 101);
    sessions.push_back(world.sessions(0, 0).find(sid_of(clients[i]->next_text())));
    ASSERT_NE(sessions[i], nullptr);
  }
  for (std::size_t round = 0; round < rounds; ++round) {
    for (std::size_t message = 0; message < 6; ++message) {
      std::string text = std::to_string(round) + "." + std::to_string(message);
      if (message == 4) text += std::string(100'000, 'x');
      const engine::EncodedPtr encoded = engine::Encoded::text(text);
      for (std::size_t i = 0; i < people; ++i) {
        if (i % 5 == 3 && message == 2) continue;  // no member of this room
        sessions[i]->send(encoded);
        expected[i].push_back("4" + text);
        if (i % 4 == 2 && message % 3 == 1) {
          sessions[i]->send_text("for " + std::to_string(i));
          expected[i].push_back("4for " + std::to_string(i));
        }
      }
    }
    if (round == 2) clients[0]->close();
    world.steps(3);  // the slow one does not read
  }
  for (std::size_t i = 1; i < people; ++i) {
    for (const std::string& text : expected[i]) ASSERT_EQ(clients[i]->next_text(), text) << "client " << i;
  }
  EXPECT_EQ(world.session_count(), people - 1);
}

TEST(SharedRun, APieceThatLeavesWithinTheTurnMayGrowAgain) {
  constexpr std::size_t people = 8;
  engine::Settings settings;
  settings.send_queue_bytes_max = 250;  // flushed whenever it is full
  World world({}, 1, settings);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::shared_ptr<engine::Session>> sessions;
  for (std::size_t i = 0; i < people; ++i) {
    clients.push_back(std::make_unique<Client>(world));
    clients[i]->send(Client::upgrade_request(websocket));
    ASSERT_EQ(clients[i]->answer().status, 101);
    sessions.push_back(world.sessions(0, 0).find(sid_of(clients[i]->next_text())));
  }
  for (int message = 0; message < 20; ++message) {
    const engine::EncodedPtr encoded = engine::Encoded::text(std::to_string(message) + std::string(90, 'x'));
    for (const auto& session : sessions) session->send(encoded);
  }
  for (std::size_t i = 0; i < people; ++i) {
    for (int message = 0; message < 20; ++message)
      ASSERT_EQ(clients[i]->next_text(), "4" + std::to_string(message) + std::string(90, 'x'))
          << "client " << i;
  }
  EXPECT_EQ(world.session_count(), people);
}

}  // namespace
}  // namespace sioxx::net::test
