// What stands between the settings and the parts of the server.
#include "rozmova/start.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace rozmova {
namespace {

namespace fs = std::filesystem;

class DataLockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("rozmova-lock-" + std::to_string(::getpid()));
    fs::create_directories(root_ / "one");
    fs::create_directories(root_ / "two");
  }
  void TearDown() override { fs::remove_all(root_); }

  Config config(const char* folder, const std::string& database = {}) const {
    Config config;
    config.data_dir = (root_ / folder).string();
    config.database_url = database.empty() ? "" : "sqlite:" + database;
    return config;
  }

  fs::path root_;
};

TEST_F(DataLockTest, OneServerADataFolder) {
  {
    const DataLock first(config("one"));
    EXPECT_THROW(DataLock{config("one")}, std::runtime_error);
    EXPECT_THROW(DataLock(config("one", (root_ / "other.db").string())), std::runtime_error);
    const DataLock second(config("two"));
  }
  const DataLock again(config("one"));
}

TEST_F(DataLockTest, OneServerADatabaseByWhateverName) {
  const DataLock first(config("one"));
  const std::string database = (root_ / "one" / "rozmova.db").string();
  EXPECT_THROW(DataLock(config("two", database)), std::runtime_error);
  EXPECT_THROW(DataLock(config("two", "//" + (root_ / "two" / ".." / "one" / "rozmova.db").string())),
               std::runtime_error);
  fs::create_symlink(root_ / "one", root_ / "linked");
  EXPECT_THROW(DataLock(config("two", (root_ / "linked" / "rozmova.db").string())), std::runtime_error);
  const DataLock other(config("two", (root_ / "new" / "other.db").string()));
}

TEST(ChatOptionsOfSettings, AModeratorHasRoomForAsManyDisputesAsChatsAreAllowed) {
  Config config;
  config.rooms_per_socket_max = 7;
  EXPECT_EQ(chat_options(config).chats_per_connection_max, 7U);
  Log log({.write = [](std::string_view) {}});
  EXPECT_EQ(server_options(config, {}, log).rooms_per_socket_max, 7U * 2 + 2);
}

TEST(ChatOptionsOfSettings, ZeroIsUnlimitedForAllThatGoesWithARate) {
  Config config;
  const auto usual = chat_options(config);
  EXPECT_EQ(usual.joins_per_s, 30);
  EXPECT_EQ(usual.joins_burst, 30);
  EXPECT_EQ(usual.events_burst, 400);
  EXPECT_EQ(usual.rest_reads_burst, 200);
  config.rate_messages_per_10s = config.rate_joins_per_s = 0;
  const auto open = chat_options(config);
  for (const auto burst : {open.joins_burst, open.actions_burst, open.events_burst, open.rest_reads_burst,
                           open.sign_ins_burst, open.messages_burst}) {
    EXPECT_GE(burst, 1'000'000);
  }
}

}  // namespace
}  // namespace rozmova
