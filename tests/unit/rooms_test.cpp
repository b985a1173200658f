#include "sioxx/socket/rooms.hpp"
#include "sioxx/socket/gate.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace sioxx;
using namespace sioxx::socket;

namespace {

class Guest final : public Member {
 public:
  explicit Guest(int number) : id(number) {}
  int id;
};

std::set<int> in(const Rooms& rooms, std::string_view name) {
  std::set<int> ids;
  if (const Room* const room = rooms.find(name)) {
    EXPECT_EQ(room->name(), name);
    for (const Member* member : room->members()) {
      EXPECT_TRUE(ids.insert(static_cast<const Guest*>(member)->id).second) << "twice in a room";
    }
  }
  return ids;
}

}  // namespace

TEST(Rooms, OpenWithTheFirstAndCloseWithTheLast) {
  Rooms rooms;
  Guest alice(1), bob(2);
  EXPECT_TRUE(rooms.join(alice, "kitchen").opened);
  EXPECT_FALSE(rooms.join(alice, "kitchen").fresh);
  const auto second = rooms.join(bob, "kitchen");
  EXPECT_TRUE(second.fresh);
  EXPECT_FALSE(second.opened);
  EXPECT_EQ(rooms.leave(alice, "kitchen"), Rooms::Left::left);
  EXPECT_EQ(rooms.leave(alice, "kitchen"), Rooms::Left::was_not_in);
  EXPECT_EQ(rooms.leave(bob, "cellar"), Rooms::Left::was_not_in);
  EXPECT_EQ(rooms.leave(bob, "kitchen"), Rooms::Left::closed);
  EXPECT_EQ(rooms.size(), 0u);
  EXPECT_EQ(rooms.find("kitchen"), nullptr);
}

TEST(Rooms, LeaveAllNamesWhatCloses) {
  Rooms rooms;
  Guest alice(1), bob(2);
  for (const char* name : {"a", "b", "", "d"}) rooms.join(alice, name);
  rooms.join(bob, "b");
  std::set<std::string> closed;
  rooms.leave_all(alice, [&](std::string_view name) { closed.emplace(name); });
  EXPECT_EQ(closed, (std::set<std::string>{"a", "", "d"}));
  EXPECT_TRUE(alice.seats().empty());
  rooms.leave_all(bob, [](std::string_view) {});
  EXPECT_EQ(rooms.size(), 0u);
}

TEST(Rooms, VisitMeetsEachOnce) {
  Rooms rooms;
  Guest alice(1);
  rooms.begin_visit();
  EXPECT_FALSE(rooms.visited(alice));
  EXPECT_TRUE(rooms.first_time(alice));
  EXPECT_FALSE(rooms.first_time(alice));
  EXPECT_TRUE(rooms.visited(alice));
  rooms.begin_visit();
  EXPECT_TRUE(rooms.first_time(alice));
}

TEST(Rooms, BehaveLikeTwoMaps) {
  std::mt19937 random(3);
  for (int round = 0; round < 30; ++round) {
    Rooms rooms;
    std::vector<std::unique_ptr<Guest>> guests;
    const int guest_count = round % 3 == 0 ? 200 : 8;
    for (int i = 0; i < guest_count; ++i) guests.push_back(std::make_unique<Guest>(i));
    std::vector<std::string> names;
    for (int i = 0; i < 12; ++i) names.push_back("room-" + std::string(static_cast<std::size_t>(i * 7), 'x'));
    std::map<std::string, std::set<int>> model;
    std::set<std::pair<std::string, int>> held;

    for (int step = 0; step < 2'000; ++step) {
      Guest& guest = *guests[random() % guests.size()];
      const std::string& name = names[random() % names.size()];
      switch (random() % 6) {
        case 0:
        case 1: {
          const bool opened = !model.contains(name), fresh = !model[name].contains(guest.id);
          const auto joined = rooms.join(guest, name);
          ASSERT_EQ(joined.opened, opened);
          ASSERT_EQ(joined.fresh, fresh);
          model[name].insert(guest.id);
          break;
        }
        case 2:
        case 3: {
          const bool was_in = model.contains(name) && model[name].contains(guest.id);
          const auto left = rooms.leave(guest, name);
          if (!was_in) {
            ASSERT_EQ(left, Rooms::Left::was_not_in);
            break;
          }
          held.erase({name, guest.id});
          model[name].erase(guest.id);
          ASSERT_EQ(left, model[name].empty() ? Rooms::Left::closed : Rooms::Left::left);
          if (model[name].empty()) model.erase(name);
          break;
        }
        case 4:
          if (Member::Seat* const seat = Rooms::seat(guest, name)) {
            if (random() % 2 == 0) {
              Rooms::hold(*seat);
              held.emplace(name, guest.id);
            } else {
              Rooms::release(*seat, 0);
              held.erase({name, guest.id});
            }
          }
          break;
        case 5:
          if (random() % 8 != 0) break;
          rooms.leave_all(guest, [&](std::string_view closed) {
            ASSERT_EQ(model[std::string(closed)], std::set<int>{guest.id});
          });
          for (const std::string& one : names) {
            held.erase({one, guest.id});
            if (!model.contains(one)) continue;
            model[one].erase(guest.id);
            if (model[one].empty()) model.erase(one);
          }
          break;
      }
    }
    ASSERT_EQ(rooms.size(), model.size());
    for (const std::string& name : names) {
      ASSERT_EQ(in(rooms, name), model.contains(name) ? model[name] : std::set<int>{});
      std::size_t held_here = 0;
      for (const auto& [room, id] : held) held_here += room == name ? 1 : 0;
      const Room* const room = rooms.find(name);
      ASSERT_EQ(room != nullptr ? room->held() : 0u, held_here);
      for (const auto& guest : guests) {
        const Member::Seat* const seat = Rooms::seat(*guest, name);
        ASSERT_EQ(seat != nullptr, model.contains(name) && model[name].contains(guest->id));
        if (seat != nullptr) {
          ASSERT_EQ(room->members()[seat->at], guest.get());
        }
      }
    }
    for (const auto& guest : guests) rooms.leave_all(*guest, [](std::string_view) {});
  }
}

TEST(Rooms, ARoomOfTwoIsSmall) {
  EXPECT_LE(sizeof(Room), 48u);
  EXPECT_LE(sizeof(Member), 80u);
}

TEST(Small, GivesTheHeapBack) {
  Small<int, 2> small;
  for (int i = 0; i < 1'000; ++i) small.push_back(i);
  for (std::uint32_t i = 0; i < 1'000; ++i) ASSERT_EQ(small[i], static_cast<int>(i));
  while (small.size() > 1) small.pop_back();
  EXPECT_EQ(small[0], 0);
  small.push_back(7);
  EXPECT_EQ(small.back(), 7);
  EXPECT_EQ(std::vector<int>(small.begin(), small.end()), (std::vector<int>{0, 7}));
}

// ---- gate ------------------------------------------------------------------------------------------------------------

namespace {

struct GateTest : ::testing::Test {
  Rooms rooms;
  Guest alice{1};
  const Room& room = *rooms.join(alice, "r").room;
  Gate gate{room};
  void push(std::uint64_t order, engine::Delivery delivery = engine::Delivery::durable, std::size_t max = 3) {
    gate.push(engine::Encoded::text("m" + std::to_string(order), order), delivery, max, 1'000'000);
  }
  ~GateTest() override {
    rooms.leave_all(alice, [](std::string_view) {});
  }
};

}  // namespace

TEST_F(GateTest, KeepsOrder) {
  for (const std::uint64_t order : std::vector<std::uint64_t>{4, 5, 6}) push(order);
  EXPECT_TRUE(gate.complete(0));
  EXPECT_EQ(gate.messages().size(), 3u);
  EXPECT_EQ(gate.messages().front().message->order(), 4u);
}

TEST_F(GateTest, LosesTheOldestAndSaysSoUnlessTheSnapshotHasIt) {
  for (const std::uint64_t order : std::vector<std::uint64_t>{4, 5, 6, 7, 8}) push(order);
  EXPECT_EQ(gate.messages().front().message->order(), 6u);
  EXPECT_FALSE(gate.complete(4));
  EXPECT_TRUE(gate.complete(4));  // taken again since
  push(9);
  EXPECT_TRUE(gate.complete(6));
}

TEST_F(GateTest, MessagesWithoutOrderCannotBeInASnapshot) {
  push(0);
  for (const std::uint64_t order : std::vector<std::uint64_t>{4, 5, 6}) push(order);
  EXPECT_FALSE(gate.complete(100));
}

TEST_F(GateTest, EphemeralLossIsNone) {
  push(0, engine::Delivery::ephemeral);
  for (const std::uint64_t order : std::vector<std::uint64_t>{4, 5, 6}) push(order);
  EXPECT_TRUE(gate.complete(3));
}

TEST_F(GateTest, IsBoundedInBytesToo) {
  for (int i = 0; i < 50; ++i) {
    gate.push(engine::Encoded::text(std::string(1'000, 'x'), 1), engine::Delivery::durable, 1'000, 10'000);
  }
  EXPECT_LE(gate.messages().size(), 10u);
  EXPECT_GE(gate.messages().size(), 9u);
}
