// Namespaces with doors: a token decides who comes in and what he may do there.
//
//   namespaces_auth [--port 3000] [--threads 1]
//
//   /order-<number>   a room for each order, made when somebody comes: `say`, heard by the others as `said`. A
//                     "reader" may listen only. A client that loses its connection gets back what it missed.
//   /staff            for those with the role "staff": `who` lists everybody in the orders, `announce` speaks to all
//                     of them, `move` puts a user's sockets into a room, `kick` sends a user away
//
//   const order = io("http://localhost:3000/order-12", { auth: { token: "token-of-olena" } });
#include "sioxx/server.hpp"

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace json = boost::json;

namespace {

struct User {
  std::string name, role;
};

/// In earnest: a signed token, looked at here.
const std::map<std::string, User, std::less<>> users = {
    {"token-of-olena", {"olena", "client"}},
    {"token-of-petro", {"petro", "client"}},
    {"token-of-reader", {"reader", "reader"}},
    {"token-of-marta", {"marta", "staff"}},
};

std::string_view text(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

const User& user_of(const sioxx::Socket& socket) { return *socket.data<const User>(); }

/// Lets in whoever has a token, and the role if one is asked for.
sioxx::Middleware with_token(std::string role = {}) {
  return [role](sioxx::Socket& socket, sioxx::Next next) {
    const auto found = users.find(text(socket.auth().if_contains("token")));
    if (found == users.end()) return next.refuse({"who are you?", {{"code", "UNAUTHORIZED"}}});
    if (!role.empty() && found->second.role != role) {
      return next.refuse({"not for you", {{"code", "FORBIDDEN"}}});
    }
    socket.data(std::make_shared<User>(found->second));
    socket.join("user:" + found->second.name);
    next();
  };
}

sioxx::Namespace& orders_of(sioxx::Server& io) {
  sioxx::Namespace& orders = io.of_matching(sioxx::glob("/order-*"));
  orders.use(with_token());
  orders.use_event([](sioxx::Socket& socket, sioxx::Event&, sioxx::Next next) {
    if (user_of(socket).role == "reader") return next.refuse({"readers listen", {}});
    next();
  });
  orders.recover_as([](const sioxx::Socket& socket) { return user_of(socket).name; });
  orders.describe([](const sioxx::Socket& socket) { return json::value{{"name", user_of(socket).name}}; });
  orders.on("say", [](sioxx::Socket& socket, sioxx::Event& event) {
    socket.broadcast().emit("said", user_of(socket).name, text(event.arg(0)));
    event.ack()("ok");
  });
  return orders;
}

void open_staff(sioxx::Server& io, sioxx::Namespace& orders) {
  sioxx::Namespace& staff = io.of("/staff");
  staff.use(with_token("staff"));
  staff.on("announce", [&orders](sioxx::Socket&, sioxx::Event& event) {
    orders.emit("announcement", text(event.arg(0)));
    event.ack()("ok");
  });
  staff.on("who", [&orders](sioxx::Socket&, sioxx::Event event) -> sioxx::Task {
    const auto fetched = co_await orders.fetch_sockets();
    json::array all;
    for (const sioxx::RemoteSocket& one : fetched->sockets) {
      all.push_back(json::object{{"name", one.data.at("name")}, {"nsp", one.nsp}});
    }
    event.ack()(all);
  });
  staff.on("move", [&orders](sioxx::Socket&, sioxx::Event& event) {
    orders.to("user:" + std::string(text(event.arg(0)))).sockets_join(text(event.arg(1)));
    orders.to(text(event.arg(1))).emit("moved", text(event.arg(1)));
    event.ack()("ok");
  });
  staff.on("kick", [&orders](sioxx::Socket&, sioxx::Event& event) {
    orders.to("user:" + std::string(text(event.arg(0)))).disconnect_sockets(true);
    event.ack()("ok");
  });
}

}  // namespace

int main(int argc, char** argv) {
  sioxx::Options options;
  options.cors_origins = {"*"};
  options.recovery_window_ms = 120'000;
  options.threads = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--port") options.port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
    if (flag == "--threads") options.threads = static_cast<unsigned>(std::atoi(argv[i + 1]));
  }
  sioxx::Server io(options);
  open_staff(io, orders_of(io));
  io.run();
}
