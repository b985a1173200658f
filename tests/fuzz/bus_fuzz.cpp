#include "sioxx/cluster/classic_rules.hpp"
#include "sioxx/cluster/classic_wire.hpp"
#include "sioxx/cluster/codec.hpp"
#include "sioxx/engine/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

namespace {

using namespace sioxx;

/// Between our own processes: what is read can be written, and is read as the same.
void frame(std::string_view bytes) {
  static cluster::Decoder decoder;
  const auto read = decoder.decode(bytes);
  if (!read || !std::holds_alternative<cluster::Message>(*read)) return;
  const std::string written = cluster::encode(std::get<cluster::Message>(*read));
  const auto again = decoder.decode(written);
  if (!again || cluster::encode(std::get<cluster::Message>(*again)) != written) std::abort();
}

/// What the Socket.IO world writes: whatever is let in is fit for clients, and can be said again.
void broadcast(std::string_view bytes) {
  static cluster::classic::Reader reader;
  static cluster::classic::Writer writer;
  const auto told = reader.broadcast(bytes, "/");
  if (!told) return;
  if (!engine::is_utf8(told->message->packet())) std::abort();
  const cluster::ClassicRules rules;
  if (!rules.may(cluster::ClassicRules::emit, told->target, {}, told->event)) std::abort();
  const std::string written = writer.broadcast("uid", "/", *told->message, told->target);
  const auto again = reader.broadcast(written, "/");
  // Who writes a placeholder by hand gets that attachment twice, and too many of them are refused.
  if (bytes.find("_placeholder") != std::string_view::npos) return;
  if (!again || again->event != told->event || again->target.rooms != told->target.rooms) std::abort();
}

void request(std::string_view bytes) {
  static cluster::classic::Reader reader;
  const auto request = reader.request(bytes, "/");
  if (request && request->message && !engine::is_utf8(request->message->packet())) std::abort();
}

void response(std::string_view bytes) {
  static cluster::classic::Reader reader;
  const auto response = reader.response(bytes, "/");
  if (!response) return;
  for (const RemoteSocket& socket : response->sockets) {
    if (!engine::is_utf8(cluster::classic::text(cluster::classic::describe(socket)))) std::abort();
  }
}

}  // namespace

/// The first byte says whose wire it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] & 3) {
    case 0: frame(rest); break;
    case 1: broadcast(rest); break;
    case 2: request(rest); break;
    default: response(rest);
  }
  return 0;
}
