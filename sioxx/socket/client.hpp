#pragma once

#include "sioxx/engine/sessions.hpp"
#include "sioxx/socket/dialect.hpp"
#include "sioxx/socket/local.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sioxx::socket {

/// One session's Socket.IO side: decodes packets, owns the sockets, one per namespace. Owned by its Session;
/// that shard's thread. Whatever the protocol does not allow ends the connection.
class Client final : public engine::SessionHandler {
 public:
  Client(engine::Session& session, Local& local);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() override;

  engine::Session& session() { return session_; }
  Local& local() { return local_; }

  void on_open() override;
  void on_message(std::string_view data, bool binary) override;
  void on_close(CloseReason reason) override;

  // ---- for the namespace: how admission ended
  void connected(Socket& socket);
  void refused(Socket& socket, const ConnectError& error);

  // ---- for the socket
  /// DISCONNECT and gone; with `close` the whole connection.
  void disconnect(Socket& socket, bool close);
  /// A packet of ours, in the JSON of v5; it leaves in the client's dialect.
  void send(const engine::EncodedPtr& packet, engine::Delivery delivery);
  void send_text(std::string_view packet);

 private:
  struct Assembly;
  struct Extra;

  Dialect dialect() const { return static_cast<Dialect>(session_.mark()); }
  void dialect(Dialect known) { session_.mark(static_cast<std::uint8_t>(known)); }
  void send_translated(const engine::EncodedPtr& packet, engine::Delivery delivery);
  void on_text(std::string_view data);
  void on_msgpack(std::string_view data);
  /// `attachments`: those that came in the packet itself.
  void on_packet(Packet& packet, Attachments attachments = {});
  void on_attachment(std::string_view bytes);
  void assembled();
  void connect(Packet& packet);
  void refuse(std::string_view nsp, const ConnectError& error);
  void dispatch(Socket& socket, Packet& packet, Attachments attachments);
  void fail(std::string_view detail);

  Socket* find(const LocalNamespace* nsp);
  std::size_t socket_count() const;
  std::shared_ptr<Socket> take(Socket& socket);
  std::shared_ptr<Socket> take_any();
  void remove(std::shared_ptr<Socket> socket, CloseReason reason);
  Extra& extra();
  void trim_extra();

  engine::Session& session_;
  Local& local_;
  loop::TimeMs opened_;
  std::shared_ptr<Socket> first_;  ///< most clients have one socket
  std::unique_ptr<Extra> extra_;   ///< while it waits for CONNECT or attachments, or has more sockets
};

}  // namespace sioxx::socket
