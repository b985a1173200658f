#include "rozmova/chat/sequencer.hpp"

#include "rozmova/chat/events.hpp"
#include "rozmova/chat/house.hpp"
#include "rozmova/chat/message_change.hpp"
#include "rozmova/chat/render.hpp"

#include <algorithm>
#include <utility>

namespace rozmova::chat {

/// Wakes when what has not come by itself is to be read.
class Sequencer::Holes final : public sioxx::loop::Timer {
 public:
  explicit Holes(Sequencer& s) : sequencer(s) {}
  void on_timer(sioxx::loop::TimeMs) override { sequencer.fill_holes(); }
  Sequencer& sequencer;
};

/// The pause between two looks at everything.
class Sequencer::Rounds final : public sioxx::loop::Timer {
 public:
  explicit Rounds(Sequencer& s) : sequencer(s) {}
  void on_timer(sioxx::loop::TimeMs) override { sequencer.round(); }
  Sequencer& sequencer;
};

Sequencer::Sequencer(House& house, unsigned shard)
    : house_(house),
      shard_(shard),
      holes_timer_(std::make_unique<Holes>(*this)),
      rounds_(std::make_unique<Rounds>(*this)) {}

Sequencer::~Sequencer() = default;

void Sequencer::begin() {
  auto& shard = house_.server().shard(shard_);
  shard.timers().arm(*rounds_, shard.now() + (bus_is_up_ ? look_interval_ms : look_interval_alone_ms));
}

bool Sequencer::is_empty(const ChatKey& chat) const {
  return (house_.server().shards_with("/", room_of(chat)) >> shard_ & 1) == 0;
}

// ---- readers

void Sequencer::entering(const ChatKey& chat) {
  bool is_first = true;
  house_.server().each_local_socket(shard_, "/", room_of(chat), [&](sioxx::Socket&) { is_first = false; });
  Track& track = tracks_[chat];
  if (!is_first) return;
  const bool reading = track.reading;  // what it brings is for nobody, or for those who come
  track = {};
  track.reading = reading;
}

bool Sequencer::arrived(const ChatKey& chat, std::int64_t seq, std::int64_t change_seq) {
  Track& track = tracks_[chat];
  if (track.messages.known()) return seq >= track.first_seq && change_seq >= track.first_change;
  track.first_seq = seq;
  track.first_change = change_seq;
  deliver(chat, track.messages.begin(seq));
  deliver(chat, track.changes.begin(change_seq));
  mind(chat, track, 0);
  return true;
}

// ---- news

void Sequencer::hear(News news) {
  const auto found = tracks_.find(news.chat);
  if (found == tracks_.end()) return;
  Track& track = found->second;
  if (news.kind == News::Kind::message) {
    deliver(news.chat, track.messages.put(news.number, std::move(news.parcel)));
  } else if (track.messages.known() && news.seq > track.messages.position()) {
    // What was changed has not come yet: both are read, in their order.
    track.messages.put(news.seq, {});
    track.changes.put(news.number, {});
  } else {
    deliver(news.chat, track.changes.put(news.number, std::move(news.parcel)));
  }
  mind(news.chat, track, bus_is_up_ ? patience_ms : 0);
}

void Sequencer::deliver(const ChatKey& chat, const std::vector<Parcel>& parcels) {
  for (const Parcel& parcel : parcels) deliver(chat, parcel);
}

void Sequencer::deliver(const ChatKey& chat, const Parcel& parcel) {
  sioxx::BroadcastOptions target;
  target.rooms.push_back(room_of(chat));
  for (const auto& event : parcel) house_.server().deliver_here("/", event, target);
}

/// As it would have been told by the node that stored it.
Parcel Sequencer::parcel_of(const Message& message) const {
  const EventNames& event = names(message.chat.kind);
  std::string json;
  append_message(json, message);
  Parcel parcel{house_.encode(event.message, json, static_cast<std::uint64_t>(message.seq))};
  if (message.change != nullptr && message.change->what == Change::What::status)
    parcel.push_back(house_.encode(event.status_update, status_update_json(message)));
  return parcel;
}

// ---- holes

void Sequencer::mind(const ChatKey& chat, const Track& track, sioxx::loop::TimeMs patience) {
  if (!track.messages.has_hole() && !track.changes.has_hole()) return;
  if (track.reading) return;  // looked at once more when that is done
  holes_.insert(chat);
  auto& shard = house_.server().shard(shard_);
  const auto due = shard.now() + patience;
  if (!holes_timer_->armed() || holes_timer_->due() > due) shard.timers().arm(*holes_timer_, due);
}

void Sequencer::fill_holes() {
  while (!holes_.empty() && reads_ < reads_max) {
    const ChatKey chat = holes_.extract(holes_.begin()).value();
    const auto found = tracks_.find(chat);
    if (found == tracks_.end() || found->second.reading) continue;
    if (found->second.messages.has_hole() || found->second.changes.has_hole()) read(chat, found->second);
  }
}

void Sequencer::read(const ChatKey& chat, Track& track) {
  track.reading = true;
  ++reads_;
  const auto asked_seq = track.messages.highest(), asked_change = track.changes.highest();
  const store::Page wanted{track.messages.position(), std::nullopt, page_messages};
  const store::ChangesWanted changed{track.changes.position(), INT64_MAX, page_messages};
  const bool accepted = house_.database().read(
      [this, chat, asked_seq, asked_change, wanted, changed](store::Store& store) {
        auto page = store.messages(chat, wanted);
        auto changes = store.changes(chat, changed);
        house_.at(shard_,
                  [this, chat, asked_seq, asked_change, page = std::move(page), changes = std::move(changes)](
                      House::Part&) { has_read(chat, asked_seq, asked_change, page, changes); });
      },
      [this, chat](const Refusal&) {
        house_.at(shard_, [this, chat](House::Part&) { could_not_read(chat); });
      });
  if (!accepted) could_not_read(chat);
}

void Sequencer::has_read(const ChatKey& chat, std::int64_t asked_seq, std::int64_t asked_change,
                         const store::MessagePage& page, const store::ChangePage& changes) {
  --reads_;
  const auto found = tracks_.find(chat);
  if (found == tracks_.end()) return fill_holes();
  Track& track = found->second;
  track.reading = false;
  std::uint64_t filled = 0;
  if (track.messages.known()) {
    for (const Message& message : page.messages) {
      if (!track.messages.pass(message.seq)) continue;
      ++filled;
      deliver(chat, parcel_of(message));
    }
    // Changes of messages that are still to be read come with these.
    if (!page.has_more) {
      deliver(chat, track.messages.read_to_end(asked_seq));
      for (const Message& message : changes.messages) {
        if (!track.changes.pass(*message.change_seq)) continue;
        ++filled;
        std::string json;
        append_message(json, message);
        deliver(chat, Parcel{house_.encode(changed_event(message), json)});
      }
      // A message that was changed twice is there once: the numbers before its last one are nobody's.
      if (!changes.has_more)
        deliver(chat, track.changes.read_to_end(std::max(asked_change, changes.last_change_seq)));
    }
  }
  if (filled > 0) {
    house_.metrics().count(Count::news_caught_up, filled);
    house_.log().event("caught_up", {{"chat", room_of(chat)}, {"news", filled}});
  }
  mind(chat, track, 0);
  fill_holes();
}

void Sequencer::could_not_read(const ChatKey& chat) {
  --reads_;
  const auto found = tracks_.find(chat);
  if (found == tracks_.end()) return;
  found->second.reading = false;
  mind(chat, found->second, retry_ms);
}

// ---- looks at the store

void Sequencer::bus(bool is_up) {
  if (std::exchange(bus_is_up_, is_up) == is_up) return;
  round();
}

void Sequencer::round() {
  const auto chats = std::make_shared<std::vector<ChatKey>>();
  for (auto track = tracks_.begin(); track != tracks_.end();) {
    if (is_empty(track->first) && !track->second.reading) {
      track = tracks_.erase(track);
      continue;
    }
    chats->push_back(track->first);
    ++track;
  }
  rounds_->disarm();
  if (chats->empty()) return begin();
  compare(chats, true);
}

void Sequencer::look_at(std::vector<ChatKey> chats) {
  compare(std::make_shared<std::vector<ChatKey>>(std::move(chats)), false);
}

void Sequencer::compare(const Chats& chats, bool is_round) {
  const std::size_t some = std::min(chats->size(), chats_per_look);
  const std::vector<ChatKey> piece(chats->end() - static_cast<std::ptrdiff_t>(some), chats->end());
  chats->resize(chats->size() - some);
  const auto failed = [this, is_round](const auto&) {
    house_.at(shard_, [this, is_round](House::Part&) {
      if (is_round) begin();
    });
  };
  const bool accepted = house_.database().read(
      [this, chats, piece, is_round](store::Store& store) {
        auto positions = store.positions(piece);
        house_.at(shard_, [this, chats, positions = std::move(positions), is_round](House::Part&) {
          compared(chats, positions, is_round);
        });
      },
      failed);
  if (!accepted) failed(busy());
}

void Sequencer::compared(const Chats& chats, const std::vector<store::ChatPosition>& positions,
                         bool is_round) {
  for (const store::ChatPosition& now : positions) {
    const auto found = tracks_.find(now.chat);
    if (found == tracks_.end()) continue;
    found->second.messages.put(now.seq, {});
    found->second.changes.put(now.change_seq, {});
    mind(now.chat, found->second, bus_is_up_ ? patience_ms : 0);
  }
  if (!chats->empty()) return compare(chats, is_round);
  if (is_round) begin();
}

}  // namespace rozmova::chat
