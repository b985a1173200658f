#include "sioxx/loop/mailbox.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include <poll.h>

namespace sioxx::loop {
namespace {

class Note final : public Letter {
 public:
  Note(int writer, int number) : from(writer), serial(number) {}
  void open() override {}
  int from, serial;
};

bool readable(const Mailbox& box) {
  pollfd poll{box.descriptor(), POLLIN, 0};
  return ::poll(&poll, 1, 0) == 1;
}

TEST(Mailbox, KeepsTheOrderOfEachSender) {
  constexpr int senders = 4;
  constexpr int letters_each = 5'000;
  Mailbox box(1u << 20);
  std::vector<std::thread> threads;
  for (int sender = 0; sender < senders; ++sender) {
    threads.emplace_back([&box, sender] {
      for (int i = 0; i < letters_each; ++i) ASSERT_TRUE(box.put(std::make_unique<Note>(sender, i)));
    });
  }
  std::vector<int> next(senders, 0);
  int got = 0;
  std::vector<LetterPtr> letters;
  while (got < senders * letters_each) {
    pollfd poll{box.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&poll, 1, 10'000), 1);
    box.take(letters);
    for (const LetterPtr& letter : letters) {
      const auto& note = static_cast<const Note&>(*letter);
      EXPECT_EQ(note.serial, next[static_cast<std::size_t>(note.from)]++);
      ++got;
    }
    letters.clear();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(readable(box));
}

TEST(Mailbox, FullTakesRepliesAlone) {
  Mailbox box(2);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(box.put(std::make_unique<Note>(0, i)));
  EXPECT_FALSE(box.put(std::make_unique<Note>(0, 2)));
  EXPECT_TRUE(box.put(std::make_unique<Note>(0, 3), Mail::reply));
  EXPECT_EQ(box.refused(), 1u);
  std::vector<LetterPtr> letters;
  box.take(letters);
  EXPECT_EQ(letters.size(), 3u);
  box.close();
  EXPECT_FALSE(box.put(std::make_unique<Note>(0, 4), Mail::reply));
  EXPECT_EQ(box.refused(), 1u);
}

TEST(Mailbox, WakesOnlyWhenItWasEmpty) {
  Mailbox box(10);
  EXPECT_FALSE(readable(box));
  ASSERT_TRUE(box.put(std::make_unique<Note>(0, 0)));
  EXPECT_TRUE(readable(box));
  std::vector<LetterPtr> letters;
  box.take(letters);
  EXPECT_EQ(letters.size(), 1u);
  EXPECT_FALSE(readable(box));
}

TEST(Mailbox, IsBounded) {
  Mailbox box(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(box.put(std::make_unique<Note>(0, i)));
  EXPECT_FALSE(box.put(std::make_unique<Note>(0, 3)));
  std::vector<LetterPtr> letters;
  box.take(letters);
  EXPECT_EQ(letters.size(), 3u);
  EXPECT_TRUE(box.put(std::make_unique<Note>(0, 4)));
}

TEST(Mailbox, ClosedTakesNothingMoreButGivesWhatItHas) {
  Mailbox box(3);
  EXPECT_TRUE(box.put(std::make_unique<Note>(0, 0)));
  box.close();
  EXPECT_TRUE(box.closed());
  EXPECT_TRUE(readable(box));
  EXPECT_FALSE(box.put(std::make_unique<Note>(0, 1)));
  std::vector<LetterPtr> letters;
  box.take(letters);
  EXPECT_EQ(letters.size(), 1u);
}

}  // namespace
}  // namespace sioxx::loop
