// One process of several on a Redis. Whatever a server can do, a client asks it to do.
//
//   redis_node PORT THREADS REDIS_URL [OPTION VALUE]…      --adapter KEY, --rooms PATTERN, --operations a,b --queue BYTES
//
//   join(room), leave(room)  -> ack
//   do({op, to, except, flags, event, args, rooms, close, timeout}) -> ack with what came of it; op: emit, ask, fetch, join,
//                             leave, disconnect, signal, signal-ask; flags: local, elsewhere, volatile
//   stats()                  -> ack {bus: {…}, redis_adapter: {…}, watched: [text…]}
//
// The server-side event "greet" is told to this process's clients as greeted(args) and answered with the first argument;
// "silence" is heard and never answered.
#include "sioxx/server.hpp"

#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::vector<std::string> texts_in(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::value* const array = object.if_contains(key);
  if (array == nullptr || !array->is_array()) return texts;
  for (const json::value& one : array->get_array()) texts.push_back(text_of(one));
  return texts;
}

json::array array_in(const json::object& object, std::string_view key) {
  const json::value* const array = object.if_contains(key);
  return array != nullptr && array->is_array() ? array->get_array() : json::array{};
}

std::string text_in(const json::object& object, std::string_view key) {
  const json::value* const value = object.if_contains(key);
  return value == nullptr ? std::string() : text_of(*value);
}

json::value told(const sioxx::Answers& all) {
  json::array answers;
  for (const sioxx::Answer& one : all.answers) answers.push_back(one.args);
  return {{"answers", std::move(answers)}, {"missing", all.missing}};
}

json::value told(const sioxx::Fetched& all) {
  json::array sockets;
  for (const sioxx::RemoteSocket& one : all.sockets) {
    sockets.push_back({{"id", one.id},
                       {"rooms", json::value_from(one.rooms)},
                       {"data", one.data},
                       {"address", one.handshake.address}});
  }
  return {{"sockets", std::move(sockets)}, {"missing", all.missing}};
}

sioxx::BroadcastOperator target_of(sioxx::Namespace& space, const json::object& wish) {
  sioxx::BroadcastOperator target = space.all();
  for (const std::string& room : texts_in(wish, "to")) target.to(room);
  for (const std::string& room : texts_in(wish, "except")) target.except(room);
  for (const std::string& flag : texts_in(wish, "flags")) {
    if (flag == "local") target.local();
    if (flag == "elsewhere") target.elsewhere();
    if (flag == "volatile") target.ephemeral();
  }
  const json::value* const timeout = wish.if_contains("timeout");
  if (timeout != nullptr && timeout->is_int64()) target.timeout(timeout->get_int64());
  return target;
}

sioxx::Task obey(sioxx::Namespace& space, sioxx::Event event) {
  if (event.arg(0) == nullptr || !event.arg(0)->is_object()) co_return;
  const json::object wish = event.arg(0)->get_object();
  const std::string op = text_in(wish, "op"), name = text_in(wish, "event");
  const json::array args = array_in(wish, "args");
  sioxx::BroadcastOperator target = target_of(space, wish);
  if (op == "emit") target.emit_array(name, args, event.attachments());
  if (op == "join") target.sockets_join(texts_in(wish, "rooms"));
  if (op == "leave") target.sockets_leave(texts_in(wish, "rooms"));
  if (op == "disconnect") target.disconnect_sockets(text_in(wish, "close") == "true");
  if (op == "signal") target.server_side_emit_array(name, args);
  if (op == "fetch") {
    const auto all = co_await target.fetch_sockets();
    event.ack()(told(*all));
  } else if (op == "ask") {
    sioxx::Later<sioxx::Answers> later;
    target.emit_array_with_ack(name, args, later.resolver(), event.attachments());
    const auto all = co_await later;
    event.ack()(told(*all));
  } else if (op == "signal-ask") {
    const auto all = co_await target.server_side_emit_with_ack(name, args);
    event.ack()(told(*all));
  } else {
    event.ack()(true);
  }
}

void serve(sioxx::Namespace& space) {
  space.use([](sioxx::Socket& socket, sioxx::Next next) {
    socket.data(std::make_shared<std::string>(text_in(socket.auth(), "name")));
    next();
  });
  space.describe([](const sioxx::Socket& socket) {
    return json::value{{"name", *socket.data<std::string>()}};
  });
  space.on("join", [](sioxx::Socket& socket, sioxx::Event& event) {
    event.ack()(event.arg(0) != nullptr && socket.join(text_of(*event.arg(0))));
  });
  space.on("leave", [](sioxx::Socket& socket, sioxx::Event& event) {
    if (event.arg(0) != nullptr) socket.leave(text_of(*event.arg(0)));
    event.ack()(true);
  });
  space.on("do", [&space](sioxx::Socket&, sioxx::Event event) { return obey(space, std::move(event)); });
  space.on_server_side("greet", [&space](const json::array& args, sioxx::ServerSideReply reply) {
    space.local().emit("greeted", args);
    reply(args.empty() ? json::value(nullptr) : args.front());
  });
  space.on_server_side("silence", [](const json::array&, sioxx::ServerSideReply reply) {
    static std::mutex mutex;
    static std::vector<sioxx::ServerSideReply> kept;  // until the process ends
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(reply));
  });
}

json::value told(const sioxx::Stats& stats) {
  const sioxx::cluster::BusStats& bus = stats.bus;
  const sioxx::cluster::ClassicStats& adapter = stats.redis_adapter;
  return {{"bus",
           {{"ready", bus.ready},
            {"processes", bus.processes},
            {"rooms", bus.rooms},
            {"published", bus.published},
            {"heard", bus.heard},
            {"dropped", bus.dropped},
            {"garbage", bus.garbage},
            {"losses", bus.losses},
            {"queue_bytes", bus.queue_bytes}}},
          {"redis_adapter",
           {{"heard", adapter.heard},
            {"refused", adapter.refused},
            {"garbage", adapter.garbage},
            {"sent", adapter.sent}}}};
}

sioxx::Options options_of(int argc, char** argv) {
  sioxx::Options options;
  options.port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  options.threads = static_cast<unsigned>(argc > 2 ? std::atoi(argv[2]) : 1);
  options.redis_url = argc > 3 ? argv[3] : "";
  options.connections_per_ip_max = 0;
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string value = argv[i + 1];
    if (flag == "--adapter") options.redis_adapter_prefix = value;
    if (flag == "--rooms") options.redis_adapter_rooms = {value};
    if (flag == "--operations") options.redis_adapter_operations = {value};
    if (flag == "--queue") options.bus_queue_bytes_max = static_cast<std::size_t>(std::atoi(value.c_str()));
  }
  options.redis_adapter_namespaces = {"/", "/other"};
  options.log = [](const sioxx::LogLine& line) {
    if (line.level != sioxx::LogLine::Level::debug)
      std::cerr << line.event << ": " << line.reason << " " << line.detail << std::endl;
  };
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  sioxx::Server io(options_of(argc, argv));
  serve(io.of("/"));
  serve(io.of("/other"));

  std::mutex mutex;
  json::array watched;
  const auto watch = [&mutex, &watched](std::string text) {
    const std::lock_guard lock(mutex);
    watched.emplace_back(std::move(text));
  };
  io.watch_bus({.subscribed =
                    [&](std::string_view nsp, std::string_view room) {
                      watch("subscribed " + std::string(nsp) + " " + std::string(room));
                    },
                .back = [&] { watch("back"); },
                .lost = [&](std::string_view) { watch("lost"); }});
  io.of("/").on("stats", [&](sioxx::Socket& socket, sioxx::Event& event) {
    const unsigned shard = socket.ref().shard();
    auto ack = std::make_shared<sioxx::Ack>(std::move(event.ack()));
    io.stats(shard, [ack, &mutex, &watched](const sioxx::Stats& stats) {
      json::value all = told(stats);
      const std::lock_guard lock(mutex);
      all.get_object()["watched"] = watched;
      (*ack)(all);
    });
  });
  io.listen();
  std::cout << "listening on " << io.port() << std::endl;
  std::thread([&io, signals]() mutable {
    int signal = 0;
    sigwait(&signals, &signal);
    io.stop();
  }).detach();
  io.run();
}
