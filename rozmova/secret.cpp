#include "rozmova/secret.hpp"

#include "rozmova/base64url.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace rozmova {

namespace {

namespace fs = std::filesystem;
constexpr std::size_t random_bytes = 48;
constexpr std::size_t secret_bytes_min = 32;

std::string path_of(const Config& config) { return (fs::path(config.data_dir) / "jwt-secret").string(); }

std::runtime_error failure(const std::string& what, const std::string& path) {
  return std::runtime_error(fmt::format("{} {}: {}. Set DATA_DIR to a folder of yours, or JWT_SECRET.", what,
                                        path, std::strerror(errno)));
}

std::optional<std::string> read_secret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    throw failure("Cannot read", path);
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() < secret_bytes_min) {
    throw std::runtime_error(fmt::format("{} holds less than {} bytes: remove it, and a new secret is made.",
                                         path, secret_bytes_min));
  }
  return text;
}

void write_whole(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw failure("Cannot write", path);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) throw failure("Cannot write", path);
}

/// Written beside and then linked: link() fails when the name is taken, so whoever comes second reads the first one's.
bool write_secret(const std::string& path, const std::string& secret) {
  std::string beside = path + ".XXXXXX";
  const int fd = ::mkostemp(beside.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) throw failure("Cannot write", path);
  try {
    write_whole(fd, secret + "\n", beside);
  } catch (...) {
    ::close(fd);
    ::unlink(beside.c_str());
    throw;
  }
  ::close(fd);
  const bool won = ::link(beside.c_str(), path.c_str()) == 0;
  const int why = errno;
  ::unlink(beside.c_str());
  errno = why;
  if (!won && why != EEXIST) throw failure("Cannot write", path);
  return won;
}

/// Where somebody else signs, a secret that was generated here once, for the demo say, lets nobody in any more.
bool needs_secret(const Config& config) { return !config.has_public_keys() || config.demo_on(); }

}  // namespace

void ensure_data_dir(const Config& config) {
  std::error_code error;
  const fs::path folder(config.data_dir);
  if (fs::is_directory(folder, error)) return;
  if (!fs::create_directories(folder, error) && error) {
    throw std::runtime_error(
        fmt::format("DATA_DIR {} cannot be made: {}.", config.data_dir, error.message()));
  }
  fs::permissions(folder, fs::perms::owner_all, error);
}

std::optional<Secret> existing_secret(const Config& config) {
  if (!config.jwt_secret.empty()) return Secret{config.jwt_secret, {}, false};
  if (!needs_secret(config)) return std::nullopt;
  const std::string path = path_of(config);
  if (auto text = read_secret(path)) return Secret{std::move(*text), path, false};
  return std::nullopt;
}

std::string random_secret() {
  std::array<unsigned char, random_bytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw std::runtime_error("OpenSSL has no random bytes.");
  return base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Secret secret_in_force(const Config& config) {
  if (auto secret = existing_secret(config)) return std::move(*secret);
  if (!needs_secret(config)) return {};
  ensure_data_dir(config);
  const bool won = write_secret(path_of(config), random_secret());
  auto secret = existing_secret(config);
  if (!secret) throw std::runtime_error(fmt::format("{} vanished while it was made.", path_of(config)));
  secret->is_new = won;
  return std::move(*secret);
}

std::string cluster_secret(const Config& config, const Secret& secret) {
  if (!config.cluster_secret.empty() || secret.value.empty()) return config.cluster_secret;
  constexpr std::string_view purpose = "rozmova nodes";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), secret.value.data(), static_cast<int>(secret.value.size()),
         reinterpret_cast<const unsigned char*>(purpose.data()), purpose.size(), digest.data(), &size);
  return base64url({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace rozmova
