#pragma once

#include "rozmova/api/routes.hpp"
#include "rozmova/uploads/multipart.hpp"
#include "rozmova/uploads/uploads.hpp"

#include <memory>
#include <optional>
#include <string>

namespace rozmova::api {

/// The body of one `POST /v1/uploads`, raw or as a form, on its way to Uploads. Owned by net through UploadSink and by
/// the callbacks that are under way; on the shard of the connection.
///
///   raw    asking (nothing is read) -> taking -> ending
///   form   reading (fields)         -> asking at the file's head -> taking -> ending
class UploadBody : public std::enable_shared_from_this<UploadBody> {
 public:
  UploadBody(uploads::Uploads& uploads, SharedReply reply, http::Resume resume,
             std::optional<std::string> boundary, uploads::NewUpload wanted, bool has_chat);

  /// Who uploads is known: a raw body asks for its rights, a form is read up to its file.
  void begin(const chat::Caller& who);
  bool take(std::string_view bytes);
  void end();
  /// The client is gone, or has its answer.
  void cut();

 private:
  enum class State : std::uint8_t { waiting, reading, asking, taking, ending, over };

  void ask();
  void begun(Result<std::shared_ptr<uploads::Uploads::Intake>> intake);
  /// False: something has to be waited for, or all is over.
  bool read_form();
  bool read_field();
  bool write(std::string bytes);
  void finish();
  void refuse(const Refusal& refusal);

  uploads::Uploads& uploads_;
  const SharedReply reply_;
  const http::Resume resume_;
  std::optional<uploads::Multipart> form_;
  uploads::NewUpload wanted_;
  bool has_chat_;
  chat::Caller who_;
  State state_ = State::waiting;
  bool is_whole_ = false;  ///< the body has been read to its end
  bool file_is_whole_ = false;
  std::uint64_t file_bytes_ = 0;
  std::shared_ptr<uploads::Uploads::Intake> intake_;
};

/// What net owns of it.
class UploadSink final : public http::BodySink {
 public:
  UploadSink(std::shared_ptr<UploadBody> body, std::uint64_t bytes_max)
      : body_(std::move(body)), bytes_max_(bytes_max) {}
  ~UploadSink() override { body_->cut(); }
  std::uint64_t bytes_max() const override { return bytes_max_; }
  bool on_piece(std::string_view bytes) override { return body_->take(bytes); }
  void on_end() override { body_->end(); }

 private:
  std::shared_ptr<UploadBody> body_;
  std::uint64_t bytes_max_;
};

/// `{id, fileUrl, fileName, size, mimeType, width, height, sha256, createdAt}`
std::string upload_json(const store::Upload& upload);

}  // namespace rozmova::api
