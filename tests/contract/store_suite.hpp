#pragma once

#include "rozmova/store/store.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace rozmova::store::testing {

/// An empty database of some engine, gone with this object.
class TestDatabase {
 public:
  virtual ~TestDatabase() = default;
  /// A new factory each time, as another process would have.
  virtual std::unique_ptr<StoreFactory> factory() = 0;
  /// What other programs do to the tables, in SQL that all engines understand.
  virtual void sql(const std::string& statement) = 0;
  /// The first column of the first row, as text.
  virtual std::string ask(const std::string& query) = 0;
};

struct Engine {
  std::string name;
  std::function<std::unique_ptr<TestDatabase>()> make;
};
inline void PrintTo(const Engine& engine, std::ostream* out) { *out << engine.name; }

/// The one suite that every engine passes. Instantiated once for each engine, where its TestDatabase is.
class StoreSuite : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;

  struct Person {
    Uuid id;
    Role role;
  };

  Person person(Role role, const std::string& name);
  Uuid order_between(const Person& client, const Person& performer);
  Uuid dispute_about(const Uuid& order, const std::string& status = "open");
  void set_order_status(const Uuid& order, std::string_view status);

  NewMessage message(const Person& from, const ChatKey& chat, std::string content) const;
  /// Appends in a transaction of its own.
  Result<Appended> say(const Person& from, const ChatKey& chat, std::string content);
  Result<Appended> say(const NewMessage& message);
  Appended said(const Result<Appended>& result);
  ErrorCode refused(const Result<Appended>& result);
  std::int64_t read(const Person& who, const ChatKey& chat, std::int64_t seq);
  /// Runs in a transaction of its own.
  void in_transaction(const std::function<void(Store&)>& work);

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<Store> writer_, reader_;
  WallMs now_ = 1'772'357'400'000;  ///< 2026-03-01T09:30:00.000Z; tests move it

  Person alice_, bob_;  ///< client and performer of order_
  Uuid order_id_;
  ChatKey order_;
};

/// Edits and deletions (store_suite_changes.cpp).
class StoreChanges : public StoreSuite {
 protected:
  static constexpr std::int64_t window_ms = 900'000;

  Result<MessageChanged> change(const Person& who, const Message& message,
                                std::optional<std::string> content);
  MessageChanged changed(const Person& who, const Message& message, std::optional<std::string> content);
  ErrorCode refusal_of(const Result<MessageChanged>& result);
  Message only(const ChatKey& chat) { return reader_->messages(chat, {}).messages.at(0); }
};

std::vector<std::int64_t> seqs(const MessagePage& page);
std::vector<std::string> contents(const MessagePage& page);
void expect_same(const Message& left, const Message& right);

}  // namespace rozmova::store::testing
