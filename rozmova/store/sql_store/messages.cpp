// Rows of `messages` and `dispute_messages`: in and out.
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>

namespace rozmova::store {
namespace {

constexpr std::int64_t page_messages_max = 1'000;

}  // namespace

SqlStore::Inserted SqlStore::insert(const Message& message) {
  const bool with_attachments = !message.attachments.empty();
  if (with_attachments) connection_.exec("SAVEPOINT message");  // several rows: all of them or none
  Wrote wrote = Wrote::yes;
  {
    auto row = insert_[message.chat.kind].run();
    row.bind(message.id)
        .bind(message.seq)
        .bind(message.chat.id)
        .bind(message.sender_id)
        .bind(message.content);
    row.bind(text(message.type))
        .bind(message.client_message_id)
        .bind(message.reply_to)
        .bind_time(message.created_at);
    row.bind(static_cast<std::int64_t>(message.attachments.size()));
    if (message.chat.kind == ChatKind::order) {
      row.bind(message.receiver_id);
      if (with_attachments) {
        row.bind(message.attachments.front().file_url).bind(message.attachments.front().file_name);
      } else {
        row.bind_null().bind_null();
      }
    }
    wrote = row.write();
  }
  Inserted inserted = Inserted::yes;
  if (wrote == Wrote::parent_missing) {
    inserted = Inserted::sender_unknown;
  } else if (wrote == Wrote::unique_taken) {
    // (chat, seq) and id are ours alone inside this transaction: only a damaged index says so.
    throw StoreError(StoreError::Kind::broken,
                     "the store: a message's id or seq is taken; run PRAGMA integrity_check");
  } else if (connection_.changes() == 0) {
    inserted = Inserted::duplicate;
  } else if (with_attachments && !insert_attachments(message)) {
    inserted = Inserted::attachment_id_taken;
  }
  if (with_attachments) {
    if (inserted != Inserted::yes) connection_.exec("ROLLBACK TO message");
    connection_.exec("RELEASE message");
  }
  return inserted;
}

bool SqlStore::insert_attachments(const Message& message) {
  std::int64_t position = 0;
  for (const Attachment& attachment : message.attachments) {
    if (attachment.is_upload) {
      auto row = send_upload_[message.chat.kind].run();
      row.bind(attachment.id).bind(message.id).bind(position++).bind(attachment.file_name).done();
      if (connection_.changes() == 0) return false;
      continue;
    }
    auto row = insert_attachment_[message.chat.kind].run();
    row.bind(attachment.id)
        .bind(message.id)
        .bind(position++)
        .bind(message.sender_id)
        .bind(attachment.file_url);
    row.bind(attachment.file_name).bind(attachment.size).bind(attachment.mime_type);
    row.bind(std::optional<std::int64_t>(attachment.width))
        .bind(std::optional<std::int64_t>(attachment.height));
    row.bind_time(message.created_at);
    if (row.write() != Wrote::yes) return false;
  }
  return true;
}

Message SqlStore::read_message(Statement::Run& row, const ChatKey& chat) {
  Message message;
  message.chat = chat;
  message.id = row.uuid(0);
  message.seq = row.number(1);
  message.sender_id = row.uuid(2);
  message.content = row.string(3);
  message.type = parse_message_type(row.text(4)).value_or(MessageType::text);
  if (!row.is_null(5)) message.client_message_id = row.string(5);
  message.reply_to = row.uuid_or_null(6);
  message.edited_at = row.time_or_null(7);
  message.deleted_at = row.time_or_null(8);
  message.created_at = row.time_or_null(9).value_or(0);
  message.change_seq = row.number_or_null(11);
  message.receiver_id = row.uuid_or_null(12);
  message.read_at = row.time_or_null(13);
  if (message.type == MessageType::system) message.change = read_change(chat, message.seq);
  if (message.deleted_at) return message;  // what it held is in its revisions
  if (row.number(10) > 0) {
    read_attachments(message);
  } else if (!row.is_null(14)) {
    // Another program wrote this row, with the two columns alone: its file is shown like any other.
    Attachment attachment;
    attachment.id = message.id;
    attachment.file_url = row.string(14);
    attachment.file_name = row.string(15);
    message.attachments.push_back(std::move(attachment));
  }
  return message;
}

void SqlStore::read_attachments(Message& message) {
  const auto narrow = [](std::optional<std::int64_t> value) -> std::optional<std::int32_t> {
    if (!value) return std::nullopt;
    return static_cast<std::int32_t>(*value);
  };
  auto row = attachments_[message.chat.kind].run();
  row.bind(message.id);
  while (row.row()) {
    Attachment& attachment = message.attachments.emplace_back();
    attachment.id = row.uuid(0);
    attachment.file_url = row.string(1);
    attachment.file_name = row.string(2);
    attachment.size = row.number_or_null(3);
    attachment.mime_type = row.string(4);
    attachment.width = narrow(row.number_or_null(5));
    attachment.height = narrow(row.number_or_null(6));
  }
}

MessagePage SqlStore::messages(const ChatKey& chat, const Page& page) {
  constexpr std::int64_t after_the_last = INT64_MAX;
  const std::int64_t limit = std::clamp<std::int64_t>(page.limit, 0, page_messages_max);
  const bool forward = page.after_seq.has_value();
  const Moment moment(connection_);
  MessagePage result;
  {
    auto row = (forward ? messages_after_ : messages_before_)[chat.kind].run();
    row.bind(chat.id)
        .bind(forward ? *page.after_seq : page.before_seq.value_or(after_the_last))
        .bind(limit + 1);
    while (row.row()) {
      if (static_cast<std::int64_t>(result.messages.size()) == limit) {
        result.has_more = true;
        break;
      }
      result.messages.push_back(read_message(row, chat));
    }
  }
  if (!forward) std::reverse(result.messages.begin(), result.messages.end());
  return result;
}

std::optional<Message> SqlStore::first_of(const NewMessage& message) {
  if (!message.client_message_id) return std::nullopt;
  auto row = first_of_[message.chat.kind].run();
  row.bind(message.chat.id).bind(message.sender_id).bind(*message.client_message_id);
  if (!row.row()) return std::nullopt;
  return read_message(row, message.chat);
}

std::optional<Message> SqlStore::last_message(const ChatKey& chat) {
  auto row = messages_before_[chat.kind].run();
  row.bind(chat.id).bind(std::int64_t{INT64_MAX}).bind(std::int64_t{1});
  if (!row.row()) return std::nullopt;
  return read_message(row, chat);
}

}  // namespace rozmova::store
