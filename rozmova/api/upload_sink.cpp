#include "rozmova/api/upload_sink.hpp"

#include "rozmova/chat/payload.hpp"
#include "rozmova/chat/render.hpp"

#include <fmt/format.h>

#include <utility>

namespace rozmova::api {

using chat::payload::invalid;

std::string upload_json(const store::Upload& upload) {
  std::string json;
  chat::ObjectText object(json);
  object.id("id", upload.id).text("fileUrl", upload.file_url()).text("fileName", upload.file_name);
  object.number("size", upload.bytes).text("mimeType", upload.mime_type);
  const auto side = [&](std::string_view key, const std::optional<std::int32_t>& value) {
    if (value)
      object.number(key, *value);
    else
      object.raw(key, "null");
  };
  side("width", upload.width);
  side("height", upload.height);
  object.text("sha256", upload.sha256).time("createdAt", upload.created_at);
  object.close();
  return json;
}

UploadBody::UploadBody(uploads::Uploads& uploads, SharedReply reply, http::Resume resume,
                       std::optional<std::string> boundary, uploads::NewUpload wanted, bool has_chat)
    : uploads_(uploads),
      reply_(std::move(reply)),
      resume_(std::move(resume)),
      wanted_(std::move(wanted)),
      has_chat_(has_chat) {
  if (boundary) form_.emplace(*boundary);
}

void UploadBody::begin(const chat::Caller& who) {
  if (state_ == State::over) return;
  who_ = who;
  if (!form_) return ask();
  state_ = State::reading;
  resume_();
}

void UploadBody::ask() {
  if (!has_chat_) return refuse(invalid("say which chat it is for: orderId or disputeId, before the file"));
  state_ = State::asking;
  const auto self = weak_from_this();
  const auto ready = [self] {
    if (const auto here = self.lock()) here->resume_();
  };
  uploads_.begin(who_, wanted_, ready,
                 [self = shared_from_this()](auto intake) { self->begun(std::move(intake)); });
}

void UploadBody::begun(Result<std::shared_ptr<uploads::Uploads::Intake>> intake) {
  if (state_ != State::asking) return;  // the client has not waited
  if (!intake) return refuse(intake.refusal());
  intake_ = std::move(*intake);
  state_ = State::taking;
  const bool room = form_ ? read_form() : true;
  if (state_ != State::taking) return;
  if (is_whole_) return finish();
  if (room) resume_();
}

bool UploadBody::take(std::string_view bytes) {
  if (state_ == State::over || state_ == State::ending) return true;
  if (form_) {
    form_->feed(bytes);
    return read_form();
  }
  return write(std::string(bytes));
}

bool UploadBody::write(std::string bytes) {
  if (intake_->has_failed()) {
    finish();  // says what is wrong
    return true;
  }
  file_bytes_ += bytes.size();
  if (file_bytes_ > uploads_.options().bytes_max) {
    refuse({ErrorCode::payload_too_large,
            fmt::format("a file may have {} bytes", uploads_.options().bytes_max)});
    return true;
  }
  return intake_->write(std::move(bytes));
}

bool UploadBody::read_form() {
  if (state_ == State::asking) return false;
  bool room = true;
  while (state_ == State::reading || state_ == State::taking) {
    switch (form_->next()) {
      case uploads::Multipart::Event::more: return room;
      case uploads::Multipart::Event::field:
        if (!read_field()) return true;
        break;
      case uploads::Multipart::Event::file:
        if (!form_->file_name().empty()) wanted_.file_name = form_->file_name();
        wanted_.declared_type = form_->file_type();
        ask();
        return false;
      case uploads::Multipart::Event::bytes: room = write(form_->piece()) && room; break;
      case uploads::Multipart::Event::end: file_is_whole_ = true; return true;
      case uploads::Multipart::Event::wrong: refuse(invalid(form_->reason())); return true;
    }
  }
  return room;
}

bool UploadBody::read_field() {
  const bool order = form_->name() == "orderId", dispute = form_->name() == "disputeId";
  if (form_->name() == "fileName") wanted_.file_name = form_->value();
  if (!order && !dispute) return true;
  const auto id = Uuid::parse(form_->value());
  if (!id || has_chat_) {
    refuse(invalid(id ? "give one of orderId and disputeId, once" : form_->name() + " must be a UUID"));
    return false;
  }
  wanted_.chat = {order ? ChatKind::order : ChatKind::dispute, *id};
  has_chat_ = true;
  return true;
}

void UploadBody::end() {
  is_whole_ = true;
  if (state_ == State::taking) finish();
  if (state_ == State::reading) refuse(invalid("the form has no file: a part with a filename is expected"));
}

void UploadBody::finish() {
  if (form_ && is_whole_ && !file_is_whole_) return refuse(invalid("the form ends before its last boundary"));
  state_ = State::ending;
  intake_->finish([reply = reply_](Result<store::Upload> upload) {
    if (upload)
      reply.send(201, upload_json(*upload));
    else
      reply.refuse(upload.refusal());
  });
}

void UploadBody::refuse(const Refusal& refusal) {
  state_ = State::over;
  intake_.reset();
  reply_.refuse(refusal);
}

void UploadBody::cut() {
  if (is_whole_) return;
  state_ = State::over;
  intake_.reset();
}

}  // namespace rozmova::api
