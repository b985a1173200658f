#pragma once

#include "sioxx/server.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rozmova::api {

struct StaticOptions {
  std::size_t file_bytes_max = 8'388'608;  ///< a bigger file is left out, with a warning
  std::size_t total_bytes_max = 67'108'864;
  std::size_t files_max = 2'000;
  std::string connect_sources;  ///< added to connect-src of the content security policy
};

/// The web app, read into memory when the server starts: what is not in this table does not exist, so no path can lead
/// out of the folder. Immutable; all shards use it.
///
///   GET /assets/app-3f9c2a1b.js   hashed name: may be kept for ever
///   GET /                         index.html, asked for again every time (by ETag)
///   GET /orders/42                a page of the app (only for navigations: GET with Accept: text/html): index.html
///   GET /assets/gone.js           404
class StaticFiles {
 public:
  /// An empty or missing folder is allowed: then every page says that there is no web app and how to build it.
  explicit StaticFiles(const std::filesystem::path& folder, StaticOptions options = {});
  StaticFiles(StaticFiles&&) noexcept;
  ~StaticFiles();

  sioxx::http::Response serve(const sioxx::http::Request& request) const;
  void handle(sioxx::http::Request&& request, sioxx::http::Reply reply) const;

  bool has_app() const;
  std::size_t files() const;
  std::size_t bytes() const;
  const std::vector<std::string>& warnings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where the web app is: `setting` when given, else `../share/rozmova/web` seen from the program, else the source tree the
/// program was built from; the first that holds an index.html.
std::optional<std::filesystem::path> find_web_dir(const std::string& setting);

enum class Encoding : std::uint8_t { identity, gzip, brotli };
/// The best of `have_*` that Accept-Encoding allows (RFC 9110 §12.5.3): by q, then brotli, gzip, identity; nothing when the
/// client refuses all of them.
std::optional<Encoding> choose_encoding(std::string_view accept_encoding, bool have_gzip, bool have_brotli);

}  // namespace rozmova::api
