#pragma once

#include "tests/unit/chat_world.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rozmova::testing {

inline std::string text_at(const json::value& value, const char* key) {
  return value.at(key).as_string().c_str();
}
inline bool ok(const json::value& ack) { return ack.at("ok").as_bool(); }
inline std::string code_of(const json::value& ack) {
  return ok(ack) ? "ok" : text_at(ack.at("error"), "code");
}
template <class T>
Device::Wanted with(const char* key, const T& value) {
  return [key, wanted = json::value_from(value)](const json::value& data) { return data.at(key) == wanted; };
}
inline std::vector<std::int64_t> seqs(const json::value& messages) {
  std::vector<std::int64_t> all;
  for (const auto& message : messages.as_array()) all.push_back(message.at("seq").as_int64());
  return all;
}
inline std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> all;
  for (auto seq = first; seq <= last; ++seq) all.push_back(seq);
  return all;
}

/// Limits out of the way and times short enough to wait for.
inline WorldOptions usual(unsigned threads) {
  WorldOptions options;
  options.threads = threads;
  options.chat.messages_per_10s = options.chat.messages_burst = 1'000'000;
  options.chat.actions_per_s = options.chat.actions_burst = 1'000'000;
  options.chat.joins_per_s = options.chat.joins_burst = 1'000'000;
  options.chat.events_per_s = options.chat.events_burst = 1'000'000;
  options.chat.typing_per_s = options.chat.typing_burst = 1'000'000;
  options.chat.typing_timeout_ms = 300;
  options.chat.presence_grace_ms = 200;
  return options;
}

class ChatTest : public ::testing::TestWithParam<unsigned> {
 protected:
  void open(WorldOptions options) {
    world = std::make_unique<World>(std::move(options));
    alice = world->person(Role::client, "Аліса");
    bob = world->person(Role::performer, "Богдан");
    order = world->order(alice, bob);
  }
  void SetUp() override { open(usual(GetParam())); }
  void TearDown() override {
    devices.clear();
    world.reset();
  }

  Device& device(const Person& person) { return *devices.emplace_back(world->device(person)); }
  /// A device of somebody, in the chat of the order.
  Device& joined(const Person& person) {
    Device& one = device(person);
    EXPECT_TRUE(ok(one.asks("join_order_chat", {{"orderId", order}})));
    return one;
  }
  json::value sends(Device& device, const std::string& content, json::object more = {}) {
    more["orderId"] = order;
    more["content"] = content;
    return device.asks("order_message", more);
  }
  json::value types(Device& device, bool is_typing = true) {
    return device.asks("order_typing", {{"orderId", order}, {"isTyping", is_typing}});
  }

  std::unique_ptr<World> world;
  std::vector<std::unique_ptr<Device>> devices;
  Person alice, bob;
  std::string order;
};

}  // namespace rozmova::testing
