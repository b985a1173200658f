#include "rozmova/api/static_files.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rozmova::api {
namespace {

namespace fs = std::filesystem;
namespace http = sioxx::http;

constexpr std::string_view navigation = "text/html,application/xhtml+xml,*/*;q=0.8";

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

std::string body(const http::Response& response) {
  return response.shared_body ? *response.shared_body : response.body;
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int status = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  if (status != Z_STREAM_END) throw std::runtime_error("no gzip");
  return out;
}

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "rozmova-unit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for the test");
    outside = pattern;
    folder = outside / "dist";
    write("dist/index.html", "<!doctype html><title>app</title>");
    write("dist/assets/index-BxY12_3a.js", std::string(4'000, 'j'));
    write("dist/assets/index-BxY12_3a.js.br", "brotli bytes");
    write("dist/assets/index-BxY12_3a.js.gz", "gzip bytes");
    write("dist/assets/style-Ab3dEf9h.css", std::string(5'000, 'c'));
    write("dist/assets/my-longname.js", "x");
    write("dist/favicon.svg", "<svg/>");
    write("dist/pic.png", std::string(4'000, 'p'));
    write("dist/.env", "SECRET=1");
    write("dist/.git/config", "x");
    write("secret.txt", "outside");
    fs::create_symlink(outside / "secret.txt", folder / "link.txt");
    fs::create_directory_symlink(outside, folder / "up");
  }
  ~StaticFilesTest() override { fs::remove_all(outside); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((outside / name).parent_path());
    std::ofstream(outside / name, std::ios::binary) << text;
  }

  http::Response get(const std::string& path, http::Headers headers = {},
                     const std::string& method = "GET") const {
    http::Request request;
    request.method = method;
    request.path = path;
    request.headers = std::move(headers);
    return StaticFiles(folder).serve(request);
  }

  fs::path outside, folder;
};

TEST_F(StaticFilesTest, ServesFilesWithTheirTypes) {
  EXPECT_EQ(body(get("/")), "<!doctype html><title>app</title>");
  EXPECT_EQ(header(get("/"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(header(get("/favicon.svg"), "Content-Type"), "image/svg+xml");
  EXPECT_EQ(header(get("/pic.png"), "Content-Type"), "image/png");
  EXPECT_EQ(body(get("/assets/style-Ab3dEf9h.css")), std::string(5'000, 'c'));
}

TEST_F(StaticFilesTest, PagesHaveAStrictPolicy) {
  const http::Response page = get("/");
  EXPECT_EQ(
      header(page, "Content-Security-Policy"),
      "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
      "base-uri 'none'; frame-ancestors 'none'; object-src 'none'; form-action 'self'");
  EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(header(page, "Referrer-Policy"), "no-referrer");
  EXPECT_EQ(header(get("/assets/style-Ab3dEf9h.css"), "X-Content-Type-Options"), "nosniff");
}

TEST_F(StaticFilesTest, HashedNamesAreKeptForEverOthersAreAskedForAgain) {
  EXPECT_EQ(header(get("/assets/index-BxY12_3a.js"), "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(header(get("/assets/my-longname.js"), "Cache-Control"), "no-cache");
  EXPECT_EQ(header(get("/"), "Cache-Control"), "no-cache");
  EXPECT_EQ(header(get("/favicon.svg"), "Cache-Control"), "no-cache");
}

TEST_F(StaticFilesTest, TheSameEtagMeansNoBody) {
  const std::string etag = header(get("/"), "ETag");
  ASSERT_FALSE(etag.empty());
  for (const std::string& match : std::vector<std::string>{etag, "W/" + etag, "\"x\", " + etag, "*"}) {
    const http::Response response = get("/", {{"if-none-match", match}});
    EXPECT_EQ(response.status, 304) << match;
    EXPECT_EQ(body(response), "");
    EXPECT_EQ(header(response, "ETag"), etag);
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
  }
  EXPECT_EQ(get("/", {{"if-none-match", "\"x\""}}).status, 200);
  const std::string js = "/assets/index-BxY12_3a.js";
  EXPECT_NE(header(get(js), "ETag"), header(get(js, {{"accept-encoding", "br"}}), "ETag"))
      << "each encoding has an ETag of its own";
}

TEST_F(StaticFilesTest, ServesTheCompressedFilesThatLieBeside) {
  const std::string js = "/assets/index-BxY12_3a.js";
  const http::Response br = get(js, {{"accept-encoding", "gzip, deflate, br"}});
  EXPECT_EQ(header(br, "Content-Encoding"), "br");
  EXPECT_EQ(body(br), "brotli bytes");
  EXPECT_EQ(header(br, "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(header(br, "Vary"), "Accept-Encoding");
  EXPECT_EQ(body(get(js, {{"accept-encoding", "gzip"}})), "gzip bytes");
  EXPECT_EQ(header(get(js), "Content-Encoding"), "");
  EXPECT_EQ(get(js, {{"accept-encoding", "identity;q=0, deflate"}}).status, 406);
  EXPECT_EQ(get(js + ".br").status, 404) << "they are no files of their own";
}

TEST_F(StaticFilesTest, CompressesTextItselfWhenNothingLiesBeside) {
  const http::Response response = get("/assets/style-Ab3dEf9h.css", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(gunzip(body(response)), std::string(5'000, 'c'));
  EXPECT_EQ(header(get("/pic.png", {{"accept-encoding", "gzip"}}), "Content-Encoding"), "")
      << "pictures are compressed already";
  EXPECT_EQ(header(get("/favicon.svg", {{"accept-encoding", "gzip"}}), "Content-Encoding"), "")
      << "too small to gain";
}

TEST_F(StaticFilesTest, NavigationsGetTheAppNothingElseDoes) {
  const http::Headers html = {{"accept", std::string(navigation)}};
  EXPECT_EQ(body(get("/orders/42", html)), "<!doctype html><title>app</title>");
  EXPECT_EQ(header(get("/orders/42", html), "Cache-Control"), "no-cache");
  EXPECT_EQ(get("/orders/42", {{"accept", "application/json"}}).status, 404);
  EXPECT_EQ(get("/orders/42").status, 404);
  for (const char* path :
       {"/assets/gone.js", "/assets/gone", "/gone.js", "/v1/gone", "/v1", "/socket.io/", "/socket.io"}) {
    EXPECT_EQ(get(path, html).status, 404) << path;
  }
}

TEST_F(StaticFilesTest, NothingOutsideTheFolderExists) {
  const http::Headers html = {{"accept", std::string(navigation)}};
  for (const char* path :
       {"/../secret.txt", "/secret.txt", "/link.txt", "/up/secret.txt", "/.env", "/.git/config",
        "//etc/passwd", "/assets/../index.html", "/etc/passwd.txt", "", "index.html"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(get("/../secret.txt", html).status, 404);
}

TEST_F(StaticFilesTest, OnlyGetAndHead) {
  EXPECT_EQ(get("/", {}, "HEAD").status, 200);
  const http::Response response = get("/", {}, "POST");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD");
}

TEST_F(StaticFilesTest, WithoutAnAppThePageSaysSo) {
  const StaticFiles none(outside / "nowhere");
  EXPECT_FALSE(none.has_app());
  http::Request request;
  request.method = "GET";
  request.path = "/";
  const http::Response page = none.serve(request);
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(body(page).find("npm --prefix web run build"), std::string::npos);
  EXPECT_FALSE(header(page, "Content-Security-Policy").empty());
  request.path = "/favicon.ico";
  EXPECT_EQ(none.serve(request).status, 404);
  EXPECT_FALSE(StaticFiles({}).has_app());
}

TEST_F(StaticFilesTest, WhatIsTooMuchIsLeftOutWithAWarning) {
  const StaticFiles small(folder, {.file_bytes_max = 100, .connect_sources = ""});
  EXPECT_TRUE(small.has_app());
  EXPECT_FALSE(small.warnings().empty());
  EXPECT_LT(small.bytes(), 1'000U);
  const StaticFiles few(folder, {.files_max = 2, .connect_sources = ""});
  EXPECT_EQ(few.files(), 2U);
  EXPECT_FALSE(few.warnings().empty());
}

TEST_F(StaticFilesTest, TheFolderIsTheSettingElseOneThatHasAnApp) {
  EXPECT_EQ(find_web_dir("/some/where"), fs::path("/some/where"));
  if (const auto found = find_web_dir("")) {
    EXPECT_TRUE(fs::exists(*found / "index.html"));
  }
}

TEST(ChooseEncoding, ByQualityThenByGain) {
  struct Case {
    std::string_view accept;
    std::optional<Encoding> both, gzip_only, none;
  };
  constexpr auto br = Encoding::brotli;
  constexpr auto gz = Encoding::gzip;
  constexpr auto id = Encoding::identity;
  const std::vector<Case> cases = {
      {"", id, id, id},
      {"gzip, deflate, br", br, gz, id},
      {"gzip", gz, gz, id},
      {"br", br, id, id},
      {"BR , GZIP", br, gz, id},
      {"br;q=0.5, gzip;q=0.9", gz, gz, id},
      {"br;q=0, gzip", gz, gz, id},
      {"br;q=0, gzip;q=0", id, id, id},
      {"identity, gzip;q=0.5", id, id, id},
      {"identity;q=0.4, gzip;q=0.5", gz, gz, id},
      {"*", br, gz, id},
      {"*;q=0", std::nullopt, std::nullopt, std::nullopt},
      {"gzip, *;q=0", gz, gz, std::nullopt},
      {"identity;q=0", std::nullopt, std::nullopt, std::nullopt},
      {"identity;q=0, br", br, std::nullopt, std::nullopt},
      {"gzip;q=nonsense", id, id, id},
      {"gzip;q=2", id, id, id},
      {",,;,", id, id, id},
      {"x-gzip", gz, gz, id},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(choose_encoding(c.accept, true, true), c.both) << c.accept;
    EXPECT_EQ(choose_encoding(c.accept, true, false), c.gzip_only) << c.accept;
    EXPECT_EQ(choose_encoding(c.accept, false, false), c.none) << c.accept;
  }
}

}  // namespace
}  // namespace rozmova::api
