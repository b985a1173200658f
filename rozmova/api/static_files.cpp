#include "rozmova/api/static_files.hpp"

#include "rozmova/api/json.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

namespace rozmova::api {

namespace {

namespace fs = std::filesystem;
namespace http = sioxx::http;
using Bytes = std::shared_ptr<const std::string>;

constexpr std::size_t compress_bytes_min = 1'024;

struct Kind {
  std::string_view extension, type;
  bool compressible;
};
constexpr std::array<Kind, 21> kinds{{
    {".html", "text/html; charset=utf-8", true},
    {".js", "text/javascript; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".css", "text/css; charset=utf-8", true},
    {".json", "application/json", true},
    {".map", "application/json", true},
    {".webmanifest", "application/manifest+json", true},
    {".svg", "image/svg+xml", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".xml", "application/xml", true},
    {".wasm", "application/wasm", true},
    {".ico", "image/x-icon", true},
    {".png", "image/png", false},
    {".jpg", "image/jpeg", false},
    {".jpeg", "image/jpeg", false},
    {".gif", "image/gif", false},
    {".webp", "image/webp", false},
    {".avif", "image/avif", false},
    {".woff2", "font/woff2", false},
    {".woff", "font/woff", false},
    {".mp3", "audio/mpeg", false},
}};
constexpr Kind unknown_kind{"", "application/octet-stream", false};

Kind kind_of(const fs::path& path) {
  const std::string extension = path.extension().string();
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.extension == extension; });
  return found == kinds.end() ? unknown_kind : *found;
}

/// "index-BxY12_3a.js": a name that changes with its content, as the bundler writes it into /assets/.
bool has_hashed_name(std::string_view path) {
  if (!path.starts_with("/assets/")) return false;
  path.remove_prefix(path.rfind('/') + 1);
  const std::string_view stem = path.substr(0, path.find('.'));
  if (stem.size() < 10 || stem[stem.size() - 9] != '-') return false;
  const std::string_view hash = stem.substr(stem.size() - 8);
  const auto is_letter = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  };
  // An ordinary word of eight letters is no hash.
  const auto is_telling = [](char c) {
    return c == '_' || (std::islower(static_cast<unsigned char>(c)) == 0 && c != '-');
  };
  return std::all_of(hash.begin(), hash.end(), is_letter) &&
         std::any_of(hash.begin(), hash.end(), is_telling);
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int gzip_window_bits = 15 + 16;
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window_bits, 9, Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return status == Z_STREAM_END ? out : std::string();
}

std::string content_hash(const std::string& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string out;
  for (std::size_t i = 0; i < 12; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", digest[i]);
  return out;
}

std::optional<std::string> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return file.bad() ? std::nullopt : std::optional(std::move(bytes));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `visit` for each element of a comma-separated header until it returns true; whether it did.
template <class Visit>
bool any_element(std::string_view list, Visit visit) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (visit(trimmed(list.substr(0, comma)))) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// "0.5" -> 500; 1000 when absent; 0 when it cannot be read (RFC 9110 §12.4.2: at most three digits after the point).
int quality(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return 1000;
  const std::string_view text = trimmed(parameters.substr(at + 2));
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || value > 1) return 0;
  return static_cast<int>(value * 1000);
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
  return any_element(if_none_match, [&](std::string_view item) {
    if (item.starts_with("W/")) item.remove_prefix(2);
    return item == "*" || item == etag;
  });
}

bool accepts_html(std::string_view accept) {
  return any_element(
      accept, [](std::string_view item) { return trimmed(item.substr(0, item.find(';'))) == "text/html"; });
}

constexpr std::string_view no_app_page = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Rozmova</title>
<h1>Rozmova is running</h1>
<p>The chat server is up, but no web app was found, so there is nothing to show here.</p>
<p>Build it once, then start the server again:</p>
<pre>npm --prefix web ci
npm --prefix web run build</pre>
<p>or set <code>WEB_DIR</code> to the folder that holds <code>index.html</code>. <code>./run.sh</code> does all of this by itself.</p>
</html>
)";

}  // namespace

std::optional<Encoding> choose_encoding(std::string_view accept_encoding, bool have_gzip, bool have_brotli) {
  // Unmentioned codings are refused, but identity is allowed unless it, or *, is given q=0 (RFC 9110 §12.5.3).
  int gzip_q = -1, brotli_q = -1, identity_q = -1, any_q = -1;
  any_element(accept_encoding, [&](std::string_view item) {
    const std::size_t semicolon = item.find(';');
    std::string name(trimmed(item.substr(0, semicolon)));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const int q = semicolon == std::string_view::npos ? 1000 : quality(item.substr(semicolon + 1));
    if (name == "gzip" || name == "x-gzip") gzip_q = q;
    if (name == "br") brotli_q = q;
    if (name == "identity") identity_q = q;
    if (name == "*") any_q = q;
    return false;
  });
  if (gzip_q < 0) gzip_q = std::max(any_q, 0);
  if (brotli_q < 0) brotli_q = std::max(any_q, 0);
  if (identity_q < 0) identity_q = any_q == 0 ? 0 : 1;
  if (!have_gzip) gzip_q = 0;
  if (!have_brotli) brotli_q = 0;
  if (brotli_q > 0 && brotli_q >= gzip_q && brotli_q >= identity_q) return Encoding::brotli;
  if (gzip_q > 0 && gzip_q >= identity_q) return Encoding::gzip;
  if (identity_q > 0) return Encoding::identity;
  return std::nullopt;
}

std::optional<fs::path> find_web_dir(const std::string& setting) {
  if (!setting.empty()) return fs::path(setting);
  std::error_code error;
  std::vector<fs::path> places;
  if (const fs::path self = fs::read_symlink("/proc/self/exe", error); !error) {
    places.push_back(self.parent_path().parent_path() / "share/rozmova/web");
  }
  places.emplace_back(ROZMOVA_SOURCE_WEB_DIR);
  for (const fs::path& place : places) {
    if (fs::is_regular_file(place / "index.html", error)) return place;
  }
  return std::nullopt;
}

struct StaticFiles::Impl {
  struct File {
    Bytes plain, gzip, brotli;
    std::string hash;
    std::string_view type;
    bool immutable = false;
    bool html = false;
  };

  StaticOptions options;
  std::map<std::string, File, std::less<>> files;  ///< by path, "/assets/x.js"
  std::size_t bytes = 0;
  std::vector<std::string> warnings;
  std::string policy;

  void load(const fs::path& folder);
  Bytes keep(const fs::path& path);
  http::Response file_response(const File& file, const http::Request& request) const;
  http::Response no_app() const;
  void add_safety(http::Response& response, bool html) const;
};

void StaticFiles::Impl::load(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    // Links could lead anywhere, and names with a dot in front are nobody's business.
    if (it->path().filename().string().starts_with('.')) {
      if (it->is_directory(error)) it.disable_recursion_pending();
    } else if (it->symlink_status(error).type() == fs::file_type::regular) {
      paths.push_back(it->path());
    }
  }
  if (error) warnings.push_back(fmt::format("{}: {}", folder.string(), error.message()));
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    const std::string extension = path.extension().string();
    if ((extension == ".gz" || extension == ".br") && fs::exists(fs::path(path).replace_extension(), error))
      continue;
    if (files.size() >= options.files_max) {
      warnings.push_back(fmt::format("{} holds more than {} files; the rest is left out", folder.string(),
                                     options.files_max));
      return;
    }
    File file;
    file.plain = keep(path);
    if (!file.plain) continue;
    const Kind kind = kind_of(path);
    const std::string url = "/" + path.lexically_relative(folder).generic_string();
    file.type = kind.type;
    file.html = path.extension() == ".html";
    file.hash = content_hash(*file.plain);
    file.immutable = has_hashed_name(url);
    for (const auto& [suffix, encoded] : {std::pair(".gz", &file.gzip), std::pair(".br", &file.brotli)}) {
      fs::path compressed = path;
      compressed += suffix;
      if (fs::is_regular_file(fs::symlink_status(compressed, error))) *encoded = keep(compressed);
    }
    if (!file.gzip && kind.compressible && file.plain->size() >= compress_bytes_min) {
      std::string compressed = gzip(*file.plain);
      if (!compressed.empty() && compressed.size() < file.plain->size()) {
        bytes += compressed.size();
        file.gzip = std::make_shared<const std::string>(std::move(compressed));
      }
    }
    files.emplace(url, std::move(file));
  }
}

Bytes StaticFiles::Impl::keep(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > options.file_bytes_max || bytes + size > options.total_bytes_max) {
    warnings.push_back(
        fmt::format("{} is left out: {}", path.string(), error ? error.message() : "it is too large"));
    return nullptr;
  }
  auto content = read_file(path);
  if (!content) {
    warnings.push_back(fmt::format("{} is left out: it cannot be read", path.string()));
    return nullptr;
  }
  bytes += content->size();
  return std::make_shared<const std::string>(std::move(*content));
}

void StaticFiles::Impl::add_safety(http::Response& response, bool html) const {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  if (!html) return;
  response.headers.emplace_back("Content-Security-Policy", policy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()");
}

http::Response StaticFiles::Impl::no_app() const {
  http::Response response;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = no_app_page;
  add_safety(response, true);
  return response;
}

http::Response StaticFiles::Impl::file_response(const File& file, const http::Request& request) const {
  http::Response response;
  const auto encoding =
      choose_encoding(request.header("accept-encoding"), file.gzip != nullptr, file.brotli != nullptr);
  if (!encoding) {
    response.status = 406;
    response.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Vary", "Accept-Encoding"}};
    response.body = "None of the accepted encodings is available.\n";
    return response;
  }
  const bool is_brotli = *encoding == Encoding::brotli, is_gzip = *encoding == Encoding::gzip;
  const std::string etag = fmt::format("\"{}{}\"", file.hash, is_brotli ? "-br" : is_gzip ? "-gz" : "");
  response.headers = {{"ETag", etag},
                      {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"Vary", "Accept-Encoding"}};
  add_safety(response, file.html);
  if (etag_matches(request.header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", file.type);
  if (is_brotli || is_gzip) response.headers.emplace_back("Content-Encoding", is_brotli ? "br" : "gzip");
  response.shared_body = is_brotli ? file.brotli : is_gzip ? file.gzip : file.plain;
  return response;
}

StaticFiles::StaticFiles(const fs::path& folder, StaticOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  impl_->policy = fmt::format(
      "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'{}{}; img-src 'self' blob: data:; "
      "base-uri 'none'; frame-ancestors 'none'; object-src 'none'; form-action 'self'",
      impl_->options.connect_sources.empty() ? "" : " ", impl_->options.connect_sources);
  std::error_code error;
  if (!folder.empty() && fs::is_directory(folder, error)) impl_->load(folder);
}

StaticFiles::StaticFiles(StaticFiles&&) noexcept = default;
StaticFiles::~StaticFiles() = default;

http::Response StaticFiles::serve(const http::Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response =
        refusal_response({ErrorCode::invalid_payload, "Only GET and HEAD are possible here."});
    response.status = 405;
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const std::string_view path = request.path;
  if (const auto found = impl_->files.find(path == "/" ? "/index.html" : path); found != impl_->files.end()) {
    return impl_->file_response(found->second, request);
  }
  const bool is_root = path == "/";
  const bool is_page = path.find('.') == std::string_view::npos && !path.starts_with("/assets/") &&
                       !path.starts_with("/v1") && !path.starts_with("/socket.io");
  if (is_root || (is_page && accepts_html(request.header("accept")))) {
    const auto index = impl_->files.find("/index.html");
    return index == impl_->files.end() ? impl_->no_app() : impl_->file_response(index->second, request);
  }
  return refusal_response({ErrorCode::not_found, "There is nothing at this address."});
}

void StaticFiles::handle(http::Request&& request, http::Reply reply) const { reply.send(serve(request)); }

bool StaticFiles::has_app() const { return impl_->files.contains("/index.html"); }
std::size_t StaticFiles::files() const { return impl_->files.size(); }
std::size_t StaticFiles::bytes() const { return impl_->bytes; }
const std::vector<std::string>& StaticFiles::warnings() const { return impl_->warnings; }

}  // namespace rozmova::api
