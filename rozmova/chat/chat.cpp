#include "rozmova/chat/chat.hpp"

#include "rozmova/chat/answer.hpp"
#include "rozmova/chat/deeds.hpp"
#include "rozmova/chat/devices.hpp"
#include "rozmova/chat/events.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/join.hpp"
#include "rozmova/chat/render.hpp"
#include "rozmova/chat/watch.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace rozmova::chat {

namespace {

/// What an unknown event is called where the client's own words must not go.
constexpr std::string_view unknown_event = "unknown";

}  // namespace

/// The events: each is parsed, its token looked at, and handed to the deed; the deed's result becomes the
/// answer.
struct Chat::Doors {
  Doors(House& h, Deeds& d) : house(h), deeds(d), devices(h, d) {
    for (unsigned i = 0; i < h.server().shards(); ++i) joins.push_back(std::make_unique<Joins>(h, i));
  }

  void open();
  void finish() { devices.finish(); }

 private:
  using Deed = std::function<void(const boost::json::value* payload, Answer answer)>;

  void open_chat(sioxx::Namespace& nsp, ChatKind kind);
  void open_changes(sioxx::Namespace& nsp, ChatKind kind);
  void open_workflow(sioxx::Namespace& nsp);
  void on(sioxx::Namespace& nsp, std::string_view event,
          std::function<void(const boost::json::value*, Answer)> deed);
  void unknown(sioxx::Socket& socket, sioxx::Event& event);
  /// Asked before anything is read or looked up, so on the socket's own shard: the rate of everything.
  std::optional<Refusal> too_much(const Answer& answer) {
    return house.over_rate(house.here(), answer.caller(), Rates::Kind::event, answer.event());
  }

  House& house;
  Deeds& deeds;
  Devices devices;
  std::vector<std::unique_ptr<Joins>> joins;  ///< one a shard
};

void Chat::Doors::open() {
  sioxx::Namespace& nsp = house.server().of("/");
  nsp.use([this](sioxx::Socket& socket, sioxx::Next next) { devices.admit(socket, std::move(next)); });
  nsp.on_connect([this](sioxx::Socket& socket) { devices.connected(socket); });
  nsp.on_disconnect(
      [this](sioxx::Socket& socket, sioxx::CloseReason reason) { devices.disconnected(socket, reason); });
  open_chat(nsp, ChatKind::order);
  open_chat(nsp, ChatKind::dispute);
  open_changes(nsp, ChatKind::order);
  open_changes(nsp, ChatKind::dispute);
  open_workflow(nsp);
  // The one event that an expired token may still send.
  nsp.on(std::string(auth_refresh_event), [this](sioxx::Socket& socket, sioxx::Event& event) {
    const Device* device = socket.data<Device>();
    if (device == nullptr) return;
    house.metrics().event_in(auth_refresh_event, event.bytes());
    Answer answer(house, device->caller(), std::move(event.ack()), auth_refresh_event);
    if (auto over = too_much(answer)) return answer.refuse(*over);
    auto token = parse_auth_refresh(event.arg(0));
    if (!token) return answer.refuse(token.refusal());
    devices.refresh(socket, std::move(*token), std::move(answer));
  });
  nsp.on_unknown([this](sioxx::Socket& socket, sioxx::Event& event) { unknown(socket, event); });
}

void Chat::Doors::on(sioxx::Namespace& nsp, std::string_view name, Deed deed) {
  nsp.on(std::string(name), [this, name, deed = std::move(deed)](sioxx::Socket& socket, sioxx::Event& event) {
    const Device* device = socket.data<Device>();
    if (device == nullptr) return;
    house.metrics().event_in(name, event.bytes());
    Answer answer(house, device->caller(), std::move(event.ack()), name);
    if (auto over = too_much(answer)) return answer.refuse(*over);
    if (auto no = devices.still_good(socket)) return answer.refuse(*no);
    deed(event.arg(0), std::move(answer));
  });
}

void Chat::Doors::open_chat(sioxx::Namespace& nsp, ChatKind kind) {
  const EventNames& event = names(kind);

  on(nsp, event.join, [this, kind](const boost::json::value* payload, const Answer& answer) {
    const auto join = parse_join(kind, payload);
    if (!join) return answer.refuse(join.refusal());
    joins[house.here().index]->join(*join, answer);
  });

  on(nsp, event.leave, [this, kind](const boost::json::value* payload, const Answer& answer) {
    const auto chat = parse_leave(kind, payload);
    if (!chat) return answer.refuse(chat.refusal());
    joins[house.here().index]->leave(*chat, answer);
  });

  on(nsp, event.message, [this, kind](const boost::json::value* payload, const Answer& answer) {
    auto message = parse_message(kind, payload, house.options());
    if (!message) return answer.refuse(message.refusal());
    deeds.send(answer.caller(), std::move(*message), [answer](Result<Sent> sent) {
      if (sent)
        answer.ok("\"message\":" + sent->json);
      else
        answer.refuse(sent.refusal());
    });
  });

  on(nsp, event.typing, [this, kind](const boost::json::value* payload, const Answer& answer) {
    const auto typing = parse_typing(kind, payload);
    if (!typing) return answer.refuse(typing.refusal());
    deeds.type(answer.caller(), typing->chat, typing->is_typing, [answer](Result<Done> done) {
      if (done)
        answer.ok({});
      else
        answer.refuse(done.refusal());
    });
  });

  on(nsp, event.read, [this, kind](const boost::json::value* payload, const Answer& answer) {
    const auto read = parse_read(kind, payload);
    if (!read) return answer.refuse(read.refusal());
    deeds.mark_read(answer.caller(), read->chat, read->seq, [answer](Result<std::int64_t> seq) {
      if (!seq) return answer.refuse(seq.refusal());
      std::string fields = "\"seq\":";
      append_number(fields, *seq);
      answer.ok(fields);
    });
  });
}

void Chat::Doors::open_changes(sioxx::Namespace& nsp, ChatKind kind) {
  const auto change = [this](Result<ChangePayload> wish, const Answer& answer) {
    if (!wish) return answer.refuse(wish.refusal());
    deeds.change_message(answer.caller(), std::move(*wish), [answer](Result<Sent> changed) {
      if (changed)
        answer.ok("\"message\":" + changed->json);
      else
        answer.refuse(changed.refusal());
    });
  };
  on(nsp, change_names(kind).edit,
     [this, kind, change](const boost::json::value* payload, const Answer& answer) {
       change(parse_edit(kind, payload, house.options()), answer);
     });
  on(nsp, change_names(kind).remove, [kind, change](const boost::json::value* payload, const Answer& answer) {
    change(parse_delete(kind, payload), answer);
  });
}

void Chat::Doors::open_workflow(sioxx::Namespace& nsp) {
  for (const ChatKind kind : {ChatKind::order, ChatKind::dispute}) {
    on(nsp, names(kind).status, [this, kind](const boost::json::value* payload, const Answer& answer) {
      auto wish = parse_status(kind, payload, house.options());
      if (!wish) return answer.refuse(wish.refusal());
      deeds.change_status(answer.caller(), std::move(*wish), [answer](Result<std::string> update) {
        if (!update) return answer.refuse(update.refusal());
        // The ack's own object goes around the fields.
        answer.ok(std::string_view(*update).substr(1, update->size() - 2));
      });
    });
  }
  on(nsp, dispute_note_event, [this](const boost::json::value* payload, const Answer& answer) {
    auto note = parse_note(payload, house.options());
    if (!note) return answer.refuse(note.refusal());
    deeds.add_note(answer.caller(), std::move(*note), [answer](Result<Sent> added) {
      if (added)
        answer.ok("\"note\":" + added->json);
      else
        answer.refuse(added.refusal());
    });
  });
}

void Chat::Doors::unknown(sioxx::Socket& socket, sioxx::Event& event) {
  const Device* device = socket.data<Device>();
  if (device == nullptr) return;
  house.metrics().event_in(unknown_event, event.bytes());
  const auto over = house.over_rate(house.here(), device->caller(), Rates::Kind::event, unknown_event);
  const Refusal refusal{ErrorCode::not_found, "there is no such event"};
  refuse_here(house, socket, &event.ack(), event.name(), over ? *over : refusal);
}

Chat::Chat(sioxx::Server& server, store::Database& database, const Auth& auth, ChatOptions options, Log& log,
           Metrics& metrics)
    : house_(std::make_unique<House>(server, database, auth, options, log, metrics)),
      deeds_(std::make_unique<Deeds>(*house_)),
      doors_(std::make_unique<Doors>(*house_, *deeds_)),
      watch_(std::make_unique<Watch>(*house_)) {
  doors_->open();
}

Chat::~Chat() = default;

void Chat::finish() { doors_->finish(); }

Deeds& Chat::deeds() { return *deeds_; }

Watch& Chat::watch() { return *watch_; }

const ChatOptions& Chat::options() const { return house_->options(); }

}  // namespace rozmova::chat
