#include "rozmova/chat/answer.hpp"

#include "rozmova/chat/device.hpp"
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/render.hpp"

#include <utility>

namespace rozmova::chat {

namespace {

/// A socket that is refused all the time does not fill the disk.
void log_refusal(House& house, sioxx::Socket& socket, std::string_view event, const Refusal& refusal) {
  Device* device = socket.data<Device>();
  const auto left_out = device ? device->refusal_line(house.options().refusal_lines_max,
                                                      house.options().refusal_lines_window_ms)
                               : std::optional<std::uint32_t>(0);
  if (!left_out) return;
  const Uuid user = device ? device->user() : Uuid{};
  const std::string_view code = text(refusal.code);
  if (*left_out == 0) {
    house.log().event("refusal", {{"name", event},
                                  {"code", code},
                                  {"reason", refusal.message},
                                  {"user", user},
                                  {"socket", socket.id()}});
  } else {
    house.log().event("refusal", {{"name", event},
                                  {"code", code},
                                  {"reason", refusal.message},
                                  {"user", user},
                                  {"socket", socket.id()},
                                  {"left_out", *left_out}});
  }
}

}  // namespace

void Answer::send(std::string text) const {
  house_->at(caller_.socket.shard(),
             [ack = ack_, text = std::move(text)](House::Part&) { ack->send_raw(text); });
}

void Answer::ok(std::string_view fields) const {
  house_->metrics().took(Span::ack, caller_.elapsed_us());
  if (ack_ != nullptr) send(ok_ack(fields));
}

void Answer::refuse(const Refusal& refusal) const {
  house_->metrics().took(Span::ack, caller_.elapsed_us());
  house_->at(caller_.socket.shard(),
             [house = house_, socket = caller_.socket, ack = ack_, event = event_, refusal](House::Part&) {
               if (sioxx::Socket* here = socket.get()) refuse_here(*house, *here, ack.get(), event, refusal);
             });
}

void refuse_here(House& house, sioxx::Socket& socket, sioxx::Ack* ack, std::string_view event,
                 const Refusal& refusal) {
  house.metrics().refused(refusal.code);
  log_refusal(house, socket, event, refusal);
  if (ack != nullptr && *ack)
    ack->send_raw(refusal_ack(refusal));
  else
    socket.send(house.encode(chat_error_event, chat_error_json(event, refusal)));
}

}  // namespace rozmova::chat
