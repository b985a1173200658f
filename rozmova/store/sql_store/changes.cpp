// Messages that change after they were sent:
//
//   there? → may its chat be written to? → sender's own, no system message, young enough → what it said goes into
//   message_revisions → the row says something else, and stands last in its chat's count of changes
//
// A deleted message is an empty row: whoever reads the table, with or without us, finds no text in it.
#include "rozmova/access.hpp"
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>
#include <string>

namespace rozmova::store {
namespace {

constexpr std::int64_t page_changes_max = 1'000;

Refusal forbidden(std::string why) { return {ErrorCode::forbidden, std::move(why)}; }

std::optional<Refusal> unchangeable(const Message& message, const MessageChange& wish) {
  if (message.type == MessageType::system) return forbidden("system messages stay as they are");
  if (message.sender_id != wish.by) return forbidden("a message is changed by its author alone");
  if (wish.content && message.deleted_at) return Refusal{ErrorCode::conflict, "this message was deleted"};
  return std::nullopt;
}

std::optional<Refusal> unfit(const Message& message, const MessageChange& wish, WallMs now) {
  if (now - message.created_at >= wish.window_ms) {
    return forbidden("a message can be changed for " + std::to_string(wish.window_ms / 60'000) + " minutes");
  }
  if (!wish.content) return std::nullopt;
  if (wish.content->find('\0') != std::string::npos)
    return Refusal{ErrorCode::invalid_payload, "content must not contain U+0000"};
  if (message.attachments.empty() && is_blank(*wish.content))
    return Refusal{ErrorCode::invalid_payload, "content is empty"};
  return std::nullopt;
}

}  // namespace

Result<MessageChanged> SqlStore::change_message(const MessageChange& wish, WallMs now) {
  hold(wish.chat);
  ChatFacts* const facts = cached_facts(wish.chat);
  if (facts == nullptr) return Refusal{ErrorCode::not_found, "there is no such chat"};
  if (auto no = may(wish.by, wish.role, Deed::edit, *facts)) return *std::move(no);
  auto found = one_message(wish.chat, wish.message_id);
  if (!found) return Refusal{ErrorCode::not_found, "there is no such message in this chat"};
  Message message = *std::move(found);
  if (auto no = unchangeable(message, wish)) return *std::move(no);
  const bool is_so = wish.content ? message.content == *wish.content : message.deleted_at.has_value();
  if (is_so) return MessageChanged{std::move(message), *facts, true};
  if (auto no = unfit(message, wish, now)) return *std::move(no);

  auto revision = insert_revision_.run();
  revision.bind(text(wish.chat.kind)).bind(wish.chat.id).bind(message.id).bind(message.content).bind(wish.by);
  revision.bind_time(now).bind(wish.content ? std::string_view("edit") : std::string_view("delete")).done();
  message.change_seq = last_change_seq(wish.chat) + 1;
  if (wish.content) {
    message.content = *wish.content;
    message.edited_at = now;
    auto row = edit_message_[wish.chat.kind].run();
    row.bind(message.id).bind(message.content).bind_time(now).bind(*message.change_seq).done();
  } else {
    message.content.clear();
    message.attachments.clear();
    message.deleted_at = now;
    auto row = delete_message_[wish.chat.kind].run();
    row.bind(message.id).bind_time(now).bind(*message.change_seq).done();
  }
  return MessageChanged{std::move(message), *facts, false};
}

std::optional<Message> SqlStore::one_message(const ChatKey& chat, const Uuid& id) {
  auto row = one_message_[chat.kind].run();
  if (!row.bind(chat.id).bind(id).row()) return std::nullopt;
  return read_message(row, chat);
}

std::vector<ChatPosition> SqlStore::positions(std::span<const ChatKey> chats) {
  std::vector<ChatPosition> all;
  for (const ChatKey& chat : chats) {
    auto row = position_[chat.kind].run();
    if (row.bind(chat.id).row()) all.push_back({chat, row.number(0), row.number(1)});
  }
  return all;
}

std::int64_t SqlStore::last_change_seq(const ChatKey& chat) {
  auto row = last_change_seq_[chat.kind].run();
  return row.bind(chat.id).row() ? row.number(0) : 0;
}

ChangePage SqlStore::changes(const ChatKey& chat, const ChangesWanted& wanted) {
  const std::int64_t limit = std::clamp<std::int64_t>(wanted.limit, 0, page_changes_max);
  const bool forward = wanted.after.has_value();
  const Moment moment(connection_);
  ChangePage page;
  page.last_change_seq = last_change_seq(chat);
  {
    auto row = (forward ? changes_after_ : last_changes_)[chat.kind].run();
    row.bind(chat.id).bind(wanted.after.value_or(0)).bind(wanted.up_to_seq).bind(forward ? limit + 1 : limit);
    while (row.row()) {
      if (static_cast<std::int64_t>(page.messages.size()) == limit) {
        page.has_more = true;
        break;
      }
      page.messages.push_back(read_message(row, chat));
    }
  }
  if (!forward) std::reverse(page.messages.begin(), page.messages.end());
  if (page.has_more)
    page.last_change_seq = page.messages.empty() ? *wanted.after : *page.messages.back().change_seq;
  return page;
}

std::optional<Revisions> SqlStore::revisions(const ChatKey& chat, const Uuid& id) {
  const Moment moment(connection_);
  auto message = one_message(chat, id);
  if (!message) return std::nullopt;
  Revisions all;
  all.message = *std::move(message);
  Message whole = all.message;
  if (whole.attachments.empty()) read_attachments(whole);
  all.attachments = std::move(whole.attachments);
  auto row = revisions_.run();
  row.bind(id);
  while (row.row()) {
    const auto reason = row.text(0) == "delete" ? Revision::Reason::deleted : Revision::Reason::edited;
    all.revisions.push_back({reason, row.string(1), row.uuid(2), row.time(3)});
  }
  return all;
}

}  // namespace rozmova::store
