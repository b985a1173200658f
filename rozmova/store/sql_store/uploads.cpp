// Uploaded files: rows of `attachments` that know the chat they were uploaded to. The file itself lies on the disk; a
// message that is sent with it makes the row its own.
#include "rozmova/store/sql_store/sql_store.hpp"

#include <algorithm>

namespace rozmova::store {
namespace {

std::optional<std::int32_t> narrow(std::optional<std::int64_t> value) {
  if (!value) return std::nullopt;
  return static_cast<std::int32_t>(*value);
}

}  // namespace

Result<Done> SqlStore::add_upload(const Upload& upload) {
  const std::string url = upload.file_url();
  auto row = insert_upload_.run();
  row.bind(upload.id).bind(upload.user_id).bind(url).bind(upload.file_name).bind(upload.bytes);
  row.bind(upload.mime_type)
      .bind(std::optional<std::int64_t>(upload.width))
      .bind(std::optional<std::int64_t>(upload.height));
  row.bind(upload.sha256).bind_time(upload.created_at).bind(text(upload.chat.kind)).bind(upload.chat.id);
  switch (row.write()) {
    case Wrote::yes: return Done{};
    case Wrote::unique_taken: return Refusal{ErrorCode::conflict, "an upload with this id exists"};
    case Wrote::parent_missing: break;
  }
  return Refusal{ErrorCode::not_found, "whoever uploads is not known here"};
}

std::optional<Upload> SqlStore::upload(const Uuid& id) {
  auto row = upload_.run();
  if (!row.bind(id).row()) return std::nullopt;
  Upload upload;
  upload.id = id;
  upload.user_id = row.uuid(0);
  upload.chat.kind = row.text(1) == text(ChatKind::dispute) ? ChatKind::dispute : ChatKind::order;
  upload.chat.id = row.uuid(2);
  upload.file_name = row.string(3);
  upload.mime_type = row.string(4);
  upload.bytes = row.number(5);
  upload.width = narrow(row.number_or_null(6));
  upload.height = narrow(row.number_or_null(7));
  upload.sha256 = row.string(8);
  upload.created_at = row.time(9);
  upload.is_sent = row.number(10) != 0;
  upload.is_deleted = row.number(11) != 0;
  return upload;
}

std::int64_t SqlStore::uploaded_bytes(const Uuid& user, WallMs since) {
  auto row = uploaded_bytes_.run();
  row.bind(user).bind_time(since);
  return row.row() ? row.number(0) : 0;
}

std::vector<Uuid> SqlStore::forget_unsent_uploads(WallMs before, int rows_max) {
  std::vector<Uuid> forgotten;
  {
    auto row = unsent_uploads_.run();
    row.bind_time(before).bind(std::int64_t{rows_max});
    while (row.row()) forgotten.push_back(row.uuid(0));
  }
  for (const Uuid& id : forgotten) forget_upload_.run().bind(id).done();
  return forgotten;
}

/// Completes the attachments that name uploads. Nothing is written yet: insert_attachments() makes the rows the
/// message's own, in the same transaction.
std::optional<Refusal> SqlStore::fill_from_uploads(Message& message) {
  const auto no = [](ErrorCode code, const char* what) { return Refusal{code, what}; };
  for (Attachment& attachment : message.attachments) {
    if (!attachment.is_upload) continue;
    const auto upload = this->upload(attachment.id);
    // Somebody else's file is not told from one that is not there.
    if (!upload || upload->user_id != message.sender_id)
      return no(ErrorCode::not_found, "you have no upload with this id");
    if (upload->chat != message.chat)
      return no(ErrorCode::invalid_payload, "the upload belongs to another chat");
    const auto same = [&](const Attachment& other) { return other.is_upload && other.id == attachment.id; };
    const bool twice = std::count_if(message.attachments.begin(), message.attachments.end(), same) > 1;
    if (upload->is_sent || twice) return no(ErrorCode::conflict, "the upload has been sent already");
    attachment.file_url = upload->file_url();
    if (attachment.file_name.empty()) attachment.file_name = upload->file_name;
    attachment.size = upload->bytes;
    attachment.mime_type = upload->mime_type;
    attachment.width = upload->width;
    attachment.height = upload->height;
    attachment.sha256 = upload->sha256;
  }
  return std::nullopt;
}

}  // namespace rozmova::store
