#pragma once

#include "rozmova/chat/rollcall.hpp"
#include "rozmova/chat/sequencer.hpp"
#include "rozmova/chat/shared_addresses.hpp"
#include "rozmova/chat/spending.hpp"
#include "rozmova/model.hpp"

#include <boost/json/array.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rozmova::chat {

struct Told;

/// What nodes say to each other, as arguments of server-side events. Reading takes any JSON: nothing for what one of ours
/// would not have written.
struct NewsSignal {
  News news;  ///< without its parcel
  std::vector<std::pair<std::string, std::string>> events;
};
/// The events are left out when they are more than `bytes_max` together.
boost::json::array write_news(const News& news, std::span<const Told> events, std::size_t bytes_max);
std::optional<NewsSignal> read_news(const boost::json::array& signal);

std::optional<Uuid> read_user(const boost::json::array& signal);
boost::json::array write_look(const Uuid& user, const ChatKey& chat);
std::optional<std::pair<Uuid, ChatKey>> read_look(const boost::json::array& signal);

inline constexpr std::string_view spent_signal = "rozmova:spent";
struct SpentSignal {
  std::uint64_t node = 0;
  std::vector<Spending::Spent> spent;
};
boost::json::array write_spent(std::uint64_t node, std::span<const Spending::Spent> spent);
std::optional<SpentSignal> read_spent(const boost::json::array& signal);

inline constexpr std::string_view addresses_signal = "rozmova:addresses";
struct AddressesSignal {
  std::uint64_t node = 0;
  std::vector<sioxx::AddressCount> counts;
  SharedAddresses::Took took;
};
boost::json::array write_addresses(std::uint64_t node, std::span<const sioxx::AddressCount> counts,
                                   const SharedAddresses::Took& took);
std::optional<AddressesSignal> read_addresses(const boost::json::array& signal);

boost::json::array write_query(const ConnectionQuery& query);
std::optional<ConnectionQuery> read_query(const boost::json::array& signal);
boost::json::array write_page(const ConnectionPage& page);
/// What cannot be read of it is left out.
ConnectionPage read_page(const boost::json::array& answer);

}  // namespace rozmova::chat
