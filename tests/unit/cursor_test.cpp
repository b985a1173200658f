#include "rozmova/store/cursor.hpp"

#include "rozmova/model.hpp"
#include "rozmova/store/store.hpp"

#include <gtest/gtest.h>

namespace rozmova::store {
namespace {

TEST(Cursor, ComesBackAsItWent) {
  const Cursor cursor{1'772'357'400'007'042, Uuid::v7(1'772'357'400'007)};
  const std::string text = encode(cursor);
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  const auto back = decode_cursor(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->activity_us, cursor.activity_us);
  EXPECT_EQ(back->id, cursor.id);
  EXPECT_TRUE(valid_cursor(text));
}

TEST(Cursor, RefusesWhatItDidNotMake) {
  const std::string good = encode({0, Uuid::v7(0)});
  EXPECT_FALSE(valid_cursor(""));
  EXPECT_FALSE(valid_cursor(good + "A"));
  EXPECT_FALSE(valid_cursor(good.substr(1)));
  EXPECT_FALSE(valid_cursor(std::string(84, 'A')));
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'!', '+', '/', '=', '\0', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      EXPECT_FALSE(valid_cursor(bad));
    }
  }
}

}  // namespace
}  // namespace rozmova::store
