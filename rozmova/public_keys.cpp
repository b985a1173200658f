#include "rozmova/public_keys.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace rozmova {

namespace {

bool is_loopback(std::string_view url) {
  for (const std::string_view host : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    if (!url.starts_with(host)) continue;
    const std::string_view rest = url.substr(host.size());
    if (rest.empty() || rest.front() == ':' || rest.front() == '/') return true;
  }
  return false;
}

}  // namespace

Result<std::string> read_key_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const auto unreadable = [](const char* why) {
    return Refusal{ErrorCode::invalid_payload, fmt::format("it cannot be read: {}", why)};
  };
  if (!file) return unreadable(std::strerror(errno));
  std::string text(jwt::key_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && !file.eof())) return unreadable("it is no file");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > jwt::key_file_bytes_max)
    return Refusal{ErrorCode::payload_too_large,
                   fmt::format("it is longer than {} bytes", jwt::key_file_bytes_max)};
  return text;
}

std::vector<jwt::KeyPtr> public_keys(const Config& config) {
  if (config.jwt_public_key_file.empty()) return {};
  const auto text = read_key_file(config.jwt_public_key_file);
  const auto keys = text ? jwt::keys_from_pem(*text) : Result<std::vector<jwt::KeyPtr>>(text.refusal());
  if (!keys)
    throw std::runtime_error(
        fmt::format("JWT_PUBLIC_KEY_FILE {}: {}.", config.jwt_public_key_file, keys.refusal().message));
  return *keys;
}

void check_keys(const Config& config, Findings& found) {
  try {
    public_keys(config);
  } catch (const std::runtime_error& problem) {
    found.problems.emplace_back(problem.what());
  }
  if (!config.jwt_jwks_file.empty()) {
    const auto text = read_key_file(config.jwt_jwks_file);
    const auto keys = text ? jwt::keys_from_jwks(*text) : Result<std::vector<jwt::KeyPtr>>(text.refusal());
    if (!keys)
      found.problems.push_back(
          fmt::format("JWT_JWKS_FILE {}: {}.", config.jwt_jwks_file, keys.refusal().message));
  }
  const std::string& url = config.jwt_jwks_url;
  if (!url.empty() && !config.jwt_jwks_file.empty())
    found.problems.emplace_back("JWT_JWKS_FILE and JWT_JWKS_URL are both set: the keys come from one place.");
  if (!url.empty() && !url.starts_with("https://")) {
    if (!url.starts_with("http://")) {
      found.problems.push_back(fmt::format("JWT_JWKS_URL \"{}\" must begin with https://.", url));
    } else if (!is_loopback(url)) {
      (config.production() ? found.problems : found.warnings)
          .emplace_back(
              "JWT_JWKS_URL is not https://: whoever is on the way could put keys of his own there.");
    }
  }
  std::vector<std::string> secrets = config.jwt_previous_secret;
  secrets.push_back(config.jwt_secret);
  for (const std::string& secret : secrets) {
    if (secret.find("-----BEGIN") == std::string::npos) continue;
    found.problems.emplace_back(
        "JWT_SECRET is a PEM key, which is no secret: give public keys by JWT_PUBLIC_KEY_FILE.");
  }
}

}  // namespace rozmova
