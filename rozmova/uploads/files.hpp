#pragma once

#include "rozmova/refusal.hpp"
#include "rozmova/uploads/file_type.hpp"
#include "rozmova/uploads/image_size.hpp"
#include "rozmova/uuid.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova::uploads {

/// What a file turned out to be.
struct Stored {
  std::uint64_t bytes = 0;
  std::string mime_type;
  std::string sha256;  ///< 64 hexadecimal digits
  std::optional<ImageSize> image;
};

/// One file on its way to the disk, as `tmp/ID.part`; only the thread of Files looks inside. Destroyed unfinished: the
/// file is gone.
class Draft {
 public:
  Draft(const std::filesystem::path& folder, const Uuid& id, std::string file_name,
        std::string declared_type);
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft();

  /// UNAVAILABLE when the disk takes no more.
  std::optional<Refusal> write(std::string_view bytes);
  /// Flushed to the disk and in its place under its id: whole or not at all.
  Result<Stored> finish();

 private:
  struct Digest;
  std::optional<Refusal> failed(std::string_view doing);

  const std::filesystem::path folder_;
  const Uuid id_;
  const std::string file_name_, declared_type_;
  std::string part_;
  int fd_ = -1;
  std::uint64_t bytes_ = 0;
  std::string head_;
  ImageScanner image_;
  std::unique_ptr<Digest> digest_;
};

/// The folder of uploaded files and the one thread that writes there, so that no shard waits for a disk. Files lie in
/// `FOLDER/ab/ID`, `ab` being the end of the id. post() and open() from any thread.
class Files {
 public:
  /// Makes the folder (mode 0700) and empties `tmp` of what a crash has left. Throws std::runtime_error with a sentence.
  explicit Files(std::filesystem::path folder);
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files();

  /// Does what was posted, then ends the thread; what is posted later is dropped.
  void end();

  const std::filesystem::path& folder() const { return folder_; }
  /// Runs on the thread of the files, in order.
  void post(std::function<void()> task);

  /// For reading; nothing when it is not there or not `bytes` long. Any thread.
  std::shared_ptr<const int> open(const Uuid& id, std::uint64_t bytes) const;

  // ---- on the thread of the files
  void remove(std::span<const Uuid> ids) const;
  /// Files in one of the 256 subfolders that are older than `age_ms`.
  std::vector<Uuid> old_files(unsigned subfolder, std::int64_t age_ms) const;

  static std::filesystem::path path_of(const std::filesystem::path& folder, const Uuid& id);

 private:
  struct Worker;
  const std::filesystem::path folder_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace rozmova::uploads
