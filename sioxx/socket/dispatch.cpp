// The way of an event from the wire to its handler (see Namespace, and EventQueue for the part that may take time).

#include "sioxx/socket/event_queue.hpp"
#include "sioxx/socket/local.hpp"
#include "sioxx/socket/rare.hpp"

#include <boost/json/object.hpp>

#include <utility>

namespace json = boost::json;

namespace sioxx::socket {
namespace {

/// What a JSON value takes beside its text.
constexpr std::size_t value_cost_bytes = sizeof(json::value);

std::size_t bytes_of(const json::value& value) {
  std::size_t bytes = value_cost_bytes;
  if (const json::string* text = value.if_string()) bytes += text->size();
  if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) bytes += bytes_of(element);
  }
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) bytes += member.key().size() + bytes_of(member.value());
  }
  return bytes;
}

}  // namespace

std::size_t bytes_of(const Event& event) {
  std::size_t bytes = sizeof(Event) + event.name().size();
  for (const json::value& arg : event.args()) bytes += bytes_of(arg);
  for (const std::string& attachment : event.attachments()) bytes += attachment.size();
  return bytes;
}

void LocalNamespace::dispatch(Socket& socket, Event event) {
  ++local_.counters().events_in;
  for (const AnyHandler& listener : table_.any_) {
    if (!socket.connected()) return;
    guarded("any", socket, [&] { listener(socket, event); });
  }
  if (!socket.connected()) return;
  if (table_.event_middleware_.empty()) return handle(socket, event);

  Socket::Rare& rare = socket.rare();
  if (rare.events == nullptr) rare.events = std::make_unique<EventQueue>();
  EventQueue& queue = *rare.events;
  const std::size_t bytes = bytes_of(event);
  if (!queue.events.empty() && (queue.events.size() >= local_.limits().events_waiting_max ||
                                queue.bytes + bytes > local_.limits().events_waiting_bytes_max)) {
    return refuse_event(socket, event, {"Too many events are waiting", {}});
  }
  queue.push(std::move(event), bytes);
  if (queue.events.size() == 1) advance(socket);
}

/// Goes on with the first event until a middleware takes its time, or nothing is left.
void LocalNamespace::advance(Socket& socket) {
  EventQueue& queue = *socket.rare().events;
  while (socket.connected() && !queue.events.empty()) {
    if (queue.step == table_.event_middleware_.size()) {
      Event event = queue.pop();
      handle(socket, event);
      continue;
    }
    Next next(
        [&local = local_, asked = socket.weak_from_this(),
         question = ++queue.question](std::optional<EventError> error) {
          if (Local::here() == &local) return settle_event(asked, question, std::move(error));
          local.post([asked, question, error = std::move(error)] { settle_event(asked, question, error); });
        },
        "Event refused");
    queue.asked = queue.inside = true;
    guarded("event middleware", socket, [&] {
      table_.event_middleware_[queue.step](socket, queue.events.front().event, std::move(next));
    });
    queue.inside = false;
    if (queue.asked) return;
    if (auto no = std::exchange(queue.no, std::nullopt)) {
      Event event = queue.pop();
      refuse_event(socket, event, *no);
    } else {
      ++queue.step;
    }
  }
  // Of a socket that went, the events go with it: a middleware that is still on the stack may look at its own.
  if (socket.connected()) {
    socket.rare().events.reset();
    socket.trim_rare();
  }
}

void LocalNamespace::settle_event(const std::weak_ptr<Socket>& asked, std::uint64_t question,
                                  std::optional<EventError> error) {
  const auto socket = asked.lock();
  if (socket == nullptr || !socket->connected() || socket->rare_ == nullptr) return;
  EventQueue* const queue = socket->rare_->events.get();
  if (queue == nullptr || !queue->asked || queue->question != question) return;
  queue->asked = false;
  queue->no = std::move(error);
  if (queue->inside) return;  // advance() is below us on the stack
  if (auto no = std::exchange(queue->no, std::nullopt)) {
    Event event = queue->pop();
    socket->nsp_->refuse_event(*socket, event, *no);
  } else {
    ++queue->step;
  }
  socket->nsp_->advance(*socket);
}

void LocalNamespace::handle(Socket& socket, Event& event) {
  const auto found = table_.handlers_.find(event.name());
  const EventHandler& handler = found != table_.handlers_.end() ? found->second : table_.unknown_;
  if (!handler) return;
  // The table's own copy of the name: a coroutine takes the event's with it.
  guarded(found != table_.handlers_.end() ? std::string_view(found->first) : "unknown event", socket,
          [&] { handler(socket, event); });
}

void LocalNamespace::refuse_event(Socket& socket, Event& event, const EventError& error) {
  if (table_.refused_) {
    return guarded("refused", socket, [&] { table_.refused_(socket, event, error); });
  }
  if (!event.ack()) return;
  json::object answer{{"message", error.message}};
  if (!error.data.empty()) answer["data"] = error.data;
  event.ack()(json::object{{"error", std::move(answer)}});
}

}  // namespace sioxx::socket
