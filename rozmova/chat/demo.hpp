#pragma once

#include "rozmova/model.hpp"
#include "rozmova/store/store.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace rozmova::chat {

/// One person of the demo marketplace.
struct DemoPerson {
  std::string_view id;  ///< a UUID, the same in every installation
  std::string_view name;
  Role role;
  std::string_view locale;  ///< "uk" or "en"
};

std::span<const DemoPerson> demo_people();
std::optional<User> demo_person(const Uuid& id);

/// Fills an empty marketplace: people, orders in several states, some history in Ukrainian and English, dated
/// back from `now`. Idempotent: what is there stays as it is. Runs in transactions of its own; throws
/// StoreError. For main, before the Database is opened.
void seed_demo(store::Store& writer, WallMs now);

}  // namespace rozmova::chat
