// A file's way: tmp/ID.part (written) -> fsync -> ab/ID (renamed) -> fsync of ab. A crash leaves a .part, which the next
// start removes, or a whole file without a row, which Uploads finds on its rounds.

#include "rozmova/uploads/files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace rozmova::uploads {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view drafts = "tmp";

bool sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

std::string hex_text(std::span<const unsigned char> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string subfolder_name(unsigned number) {
  const auto byte = static_cast<unsigned char>(number);
  return hex_text({&byte, 1});
}

}  // namespace

// ---- one file

struct Draft::Digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() { EVP_MD_CTX_free(context); }
};

Draft::Draft(const fs::path& folder, const Uuid& id, std::string file_name, std::string declared_type)
    : folder_(folder),
      id_(id),
      file_name_(std::move(file_name)),
      declared_type_(std::move(declared_type)),
      part_((folder / drafts / (id.text() + ".part")).string()),
      digest_(std::make_unique<Digest>()) {}

Draft::~Draft() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(part_.c_str());
}

std::optional<Refusal> Draft::failed(std::string_view doing) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  return Refusal{ErrorCode::unavailable,
                 full ? std::string("there is no room for files now; try later")
                      : std::string(doing) + " the file failed; try again",
                 1'000};
}

std::optional<Refusal> Draft::write(std::string_view bytes) {
  if (fd_ < 0) fd_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) return failed("opening");
  bytes_ += bytes.size();
  if (head_.size() < sniffed_bytes_max) head_ += bytes.substr(0, sniffed_bytes_max - head_.size());
  image_.feed(bytes);
  EVP_DigestUpdate(digest_->context, bytes.data(), bytes.size());
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd_, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return failed("writing");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return std::nullopt;
}

Result<Stored> Draft::finish() {
  if (bytes_ == 0) return Refusal{ErrorCode::invalid_payload, "the file is empty"};
  auto type = file_type(head_, declared_type_, file_name_);
  if (!type) return type.refusal();
  Stored stored;
  stored.bytes = bytes_;
  stored.mime_type = *std::move(type);
  if (stored.mime_type.starts_with("image/")) stored.image = image_.size();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(digest_->context, digest, &size);
  stored.sha256 = hex_text({digest, size});

  const fs::path place = Files::path_of(folder_, id_);
  const bool is_new = ::mkdir(place.parent_path().c_str(), 0700) == 0;
  if (!is_new && errno != EEXIST) return *failed("storing");
  if (::fsync(fd_) != 0 || ::rename(part_.c_str(), place.c_str()) != 0) return *failed("storing");
  ::close(std::exchange(fd_, -1));
  if (!sync_folder(place.parent_path()) || (is_new && !sync_folder(folder_))) {
    auto refusal = *failed("storing");
    ::unlink(place.c_str());
    return refusal;
  }
  return stored;
}

// ---- all of them

struct Files::Worker {
  Worker() : thread([this] { run(); }) {}
  ~Worker() { end(); }

  void end() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    arrived.notify_one();
    if (thread.joinable()) thread.join();
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "files");
    std::vector<std::function<void()>> taken;
    for (;;) {
      {
        std::unique_lock lock(mutex);
        arrived.wait(lock, [this] { return !waiting.empty() || ending; });
        if (waiting.empty()) return;
        taken.swap(waiting);
      }
      for (auto& task : taken) {
        task();
        task = nullptr;  // what it held goes here, in order
      }
      taken.clear();
    }
  }

  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::function<void()>> waiting;
  bool ending = false;
  std::thread thread;
};

Files::Files(fs::path folder) : folder_(std::move(folder)) {
  try {
    fs::create_directories(folder_ / drafts);
    fs::permissions(folder_, fs::perms::owner_all);
    for (const auto& left : fs::directory_iterator(folder_ / drafts)) fs::remove(left.path());
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error("the folder for uploads " + folder_.string() +
                             " cannot be used: " + error.code().message());
  }
  worker_ = std::make_unique<Worker>();
}

Files::~Files() = default;

void Files::end() { worker_->end(); }

void Files::post(std::function<void()> task) {
  {
    const std::lock_guard lock(worker_->mutex);
    if (worker_->ending) return;
    worker_->waiting.push_back(std::move(task));
  }
  worker_->arrived.notify_one();
}

/// The end of an id is random, its start is a time.
fs::path Files::path_of(const fs::path& folder, const Uuid& id) {
  return folder / subfolder_name(id.bytes.back()) / id.text();
}

std::shared_ptr<const int> Files::open(const Uuid& id, std::uint64_t bytes) const {
  const int fd = ::open(path_of(folder_, id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return nullptr;
  const auto close = [](const int* held) {
    ::close(*held);
    delete held;
  };
  std::shared_ptr<const int> file(new int(fd), close);
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != bytes)
    return nullptr;
  return file;
}

void Files::remove(std::span<const Uuid> ids) const {
  for (const Uuid& id : ids) ::unlink(path_of(folder_, id).c_str());
}

std::vector<Uuid> Files::old_files(unsigned subfolder, std::int64_t age_ms) const {
  std::vector<Uuid> old;
  std::error_code error;
  const auto before = fs::file_time_type::clock::now() - std::chrono::milliseconds(age_ms);
  for (fs::directory_iterator at(folder_ / subfolder_name(subfolder), error), end; !error && at != end;
       at.increment(error)) {
    std::error_code of_file;
    const auto id = Uuid::parse(at->path().filename().string());
    if (id && at->last_write_time(of_file) < before && !of_file) old.push_back(*id);
  }
  return old;
}

}  // namespace rozmova::uploads
