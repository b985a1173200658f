// How many durable messages the lanes take: `store_bench PATH|postgres://… BATCH CHATS SECONDS [LANES]`. Keeps BATCH
// deeds in flight over CHATS chats (so a batch is about that large, over all lanes) and prints rows/s, CPU µs a row,
// and the latency of an append.
#include "rozmova/store/database.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <semaphore>

namespace {

using namespace rozmova;
using namespace rozmova::store;
using Clock = std::chrono::steady_clock;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<Order> make_orders(StoreFactory& factory, int count, WallMs now) {
  auto store = factory.open_writer();
  std::vector<Order> orders;
  store->begin();
  store->set_webhook_endpoints({});  // as a server does that has none
  for (int i = 0; i < count; ++i) {
    const User client = store->ensure_user({Uuid::v7(now), "client", Role::client, "uk"}, now);
    const User performer = store->ensure_user({Uuid::v7(now), "performer", Role::performer, "en"}, now);
    NewOrder order;
    order.title = "bench";
    order.client_id = client.id;
    order.performer_id = performer.id;
    orders.push_back(*store->create_order(order, now));
  }
  store->commit();
  return orders;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "store_bench PATH|postgres://… BATCH CHATS SECONDS [LANES]\n");
    return 2;
  }
  const std::ptrdiff_t in_flight = std::atol(argv[2]);
  const int chats = std::atoi(argv[3]);
  const auto until = Clock::now() + std::chrono::seconds(std::atoi(argv[4]));
  const WallMs now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  const std::string url = argv[1];
  const bool on_postgres = url.starts_with("postgres");
  auto factory = make_store(on_postgres ? url : "sqlite:" + url);
  DatabaseOptions options;
  options.lanes = on_postgres && argc == 6 ? static_cast<unsigned>(std::atoi(argv[5])) : 1;
  factory->migrate();
  const std::vector<Order> orders = make_orders(*factory, chats, now);

  std::counting_semaphore<> window(in_flight);
  std::mutex mutex;  // of what the lanes tell
  std::vector<std::uint32_t> latencies_us;
  latencies_us.reserve(10'000'000);
  std::uint64_t refused = 0;
  std::mt19937 random(7);
  const std::string content(120, 'x');
  DatabaseStats stats;
  const auto start = Clock::now();
  const double cpu_start = cpu_seconds();
  {
    Database database(*factory, options, [](std::string_view error) {
      std::fprintf(stderr, "%.*s\n", static_cast<int>(error.size()), error.data());
    });
    while (Clock::now() < until) {
      window.acquire();
      const Order& order = orders[random() % orders.size()];
      NewMessage message;
      message.chat = {ChatKind::order, order.id};
      message.sender_id = (random() & 1U) != 0 ? order.client_id : order.performer_id;
      message.content = content;
      message.client_message_id = Uuid::v7(now).text();
      database.append(std::move(message), [&, sent = Clock::now()](const Result<Appended>& result) {
        {
          const std::lock_guard lock(mutex);
          if (!result) ++refused;
          latencies_us.push_back(static_cast<std::uint32_t>(
              std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sent).count()));
        }
        window.release();
      });
    }
    database.drain();
    stats = database.stats();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double cpu = cpu_seconds() - cpu_start;
  std::sort(latencies_us.begin(), latencies_us.end());
  const auto at = [&](double q) {
    return latencies_us.empty()
               ? 0U
               : latencies_us[static_cast<std::size_t>(q * static_cast<double>(latencies_us.size() - 1))];
  };
  const auto rows = static_cast<double>(stats.deeds);
  std::printf(
      "%9.0f rows/s  cpu %5.1f us/row  batch %6.1f  batch ms mean %.2f max %.1f  "
      "append ms p50 %.2f p99 %.2f max %.1f  refused %lu\n",
      rows / seconds, cpu * 1e6 / rows, rows / static_cast<double>(stats.batches),
      static_cast<double>(stats.commit_us_total) / 1e3 / static_cast<double>(stats.batches),
      static_cast<double>(stats.commit_us_max) / 1e3, at(0.5) / 1e3, at(0.99) / 1e3, at(1.0) / 1e3,
      static_cast<unsigned long>(refused));
}
