#include "sioxx/socket/legacy.hpp"

#include "sioxx/engine/query.hpp"
#include "sioxx/engine/utf8.hpp"

namespace sioxx::socket {
namespace {

void append_head(std::string& out, PacketType type, std::string_view nsp) {
  out += static_cast<char>('0' + static_cast<int>(type));
  if (nsp != "/") out.append(nsp) += ',';
}

}  // namespace

void take_connect_query(Packet& packet) {
  const std::size_t mark = packet.nsp.find('?');
  if (mark == std::string_view::npos) return;
  boost::json::object payload;
  for (const auto& [name, value] : engine::parse_query(packet.nsp.substr(mark + 1))) {
    if (engine::is_utf8(name) && engine::is_utf8(value)) payload[name] = value;
  }
  packet.nsp = packet.nsp.substr(0, mark);
  packet.data = std::move(payload);
}

void encode_connect_v4(std::string& out, std::string_view nsp) { append_head(out, PacketType::connect, nsp); }

void encode_connect_error_v4(std::string& out, std::string_view nsp, std::string_view message,
                             const boost::json::object& data) {
  append_head(out, PacketType::connect_error, nsp);
  if (data.empty()) {
    write_json(out, message);
  } else {
    write_json(out, data);
  }
}

}  // namespace sioxx::socket
