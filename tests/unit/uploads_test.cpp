// What files are, what they are called, how forms carry them, where they lie.
#include "rozmova/uploads/file_name.hpp"
#include "rozmova/uploads/file_type.hpp"
#include "rozmova/uploads/files.hpp"
#include "rozmova/uploads/image_size.hpp"
#include "rozmova/uploads/links.hpp"
#include "rozmova/uploads/multipart.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

namespace rozmova::uploads {
namespace {

using namespace std::string_literals;

std::string be(std::uint32_t value, int bytes) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}
std::string le(std::uint32_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string png(std::uint32_t width, std::uint32_t height) {
  return "\x89PNG\r\n\x1a\n" + be(13, 4) + "IHDR" + be(width, 4) + be(height, 4) + "\x08\x02\0\0\0"s +
         "rest of it";
}
/// With `before` bytes of other segments (a camera's notes) in front of the frame.
std::string jpeg(std::uint32_t width, std::uint32_t height, std::size_t before = 40) {
  std::string out = "\xff\xd8\xff\xe0" + be(16, 2) + std::string(14, 'J');
  while (before > 0) {
    const std::size_t size = std::min<std::size_t>(before, 60'000);
    out += "\xff\xe1" + be(static_cast<std::uint32_t>(size + 2), 2) + std::string(size, 'E');
    before -= size;
  }
  return out + "\xff\xff\xc2" + be(17, 2) + "\x08" + be(height, 2) + be(width, 2) + std::string(30, 'x');
}
std::string webp(const std::string& kind, const std::string& data) {
  return "RIFF" + le(100, 4) + "WEBP" + kind + le(50, 4) + data + std::string(30, 'x');
}

// ---- what it is

struct TypeCase {
  std::string bytes, declared, name, kept;  ///< kept empty: refused
};

TEST(FileType, IsToldByTheBytesAndTheClaimMustNotContradict) {
  const std::string zip = "PK\x03\x04" + std::string(40, '\x01');
  const std::string docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
  const std::string unknown = "application/octet-stream";
  const TypeCase cases[] = {
      {png(1, 1), "image/png", "a.png", "image/png"},
      {png(1, 1), "", "a", "image/png"},
      {png(1, 1), unknown, "a.jpg", "image/png"},
      {png(1, 1), "image/jpeg", "a.jpg", ""},
      {jpeg(1, 1), "image/jpg", "a.jpg", "image/jpeg"},
      {"MZ\x90\0 program"s, "image/png", "a.png", ""},
      {"MZ\x90\0 program"s, "application/x-msdownload", "a.exe", unknown},
      {"GIF89a" + std::string(40, '\1'), "image/gif; x=y", "a.gif", "image/gif"},
      {webp("VP8 ", ""), "image/webp", "a", "image/webp"},
      {"\0\0\0\x20"s + "ftypisom" + std::string(20, '\0'), "video/mp4", "a", "video/mp4"},
      {"ID3\x04" + std::string(20, '\0'), "audio/mp3", "a", "audio/mpeg"},
      {"%PDF-1.7\n\xe2\xe3", "application/pdf", "a.pdf", "application/pdf"},
      {zip, docx, "a.docx", docx},
      {zip, "", "a.zip", "application/zip"},
      {zip, "application/pdf", "a.pdf", ""},
      {"просто текст\n", "text/plain", "a.txt", "text/plain"},
      {"a;b\n1;2\n", "text/csv", "a.csv", "text/csv"},
      {"{\"a\":1}", "application/json", "a.json", "application/json"},
      {"plain text", "application/pdf", "a.pdf", ""},
      {"\xff\xfe binary \x01", "text/plain", "a.txt", ""},
      // What a browser would run is never kept under its name.
      {"<!DOCTYPE html><p>", "text/html", "a.html", unknown},
      {"  <html>", "", "a.txt", unknown},
      {"<html>", "text/plain", "a.txt", unknown},
      {"<html>", "image/png", "a.png", ""},
      {"<svg onload=alert(1)>", "image/svg+xml", "a.svg", unknown},
      {"<?xml version=\"1.0\"?>", "text/xml", "a.xml", unknown},
      {"alert(1)", "text/javascript", "a.js", unknown},
      {"alert(1)", "", "a.js", unknown},
      {"GIF89a<script>alert(1)</script>" + std::string(20, ' '), "image/gif", "a.gif", "image/gif"},
  };
  for (const auto& [bytes, declared, name, kept] : cases) {
    const auto type = file_type(bytes, declared, name);
    EXPECT_EQ(type ? *type : std::string(), kept) << declared << " " << name << " " << bytes.substr(0, 20);
    if (!type) {
      EXPECT_EQ(type.refusal().code, ErrorCode::invalid_payload);
    }
  }
}

TEST(FileType, OnlyHarmlessThingsAreShownInThePage) {
  for (const char* type : {"image/png", "image/jpeg", "video/mp4", "text/plain"})
    EXPECT_TRUE(shown_inline(type)) << type;
  for (const char* type :
       {"text/html", "image/svg+xml", "application/pdf", "application/octet-stream", "text/csv", ""})
    EXPECT_FALSE(shown_inline(type)) << type;
  EXPECT_EQ(content_type("text/plain"), "text/plain; charset=utf-8");
  EXPECT_EQ(content_type(""), "application/octet-stream");
}

// ---- how big the picture is

std::optional<ImageSize> size_of(const std::string& bytes, std::size_t piece) {
  ImageScanner scanner;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    scanner.feed(std::string_view(bytes).substr(at, piece));
  return scanner.size();
}

TEST(ImageScanner, ReadsTheSizeHoweverTheFileIsCut) {
  const std::pair<std::string, std::pair<int, int>> pictures[] = {
      {png(640, 480), {640, 480}},
      {"GIF89a" + le(31, 2) + le(65'000, 2) + std::string(40, '\0'), {31, 65'000}},
      {webp("VP8 ", "\x30\x01\0\x9d\x01\x2a"s + le(300 | 0x4000, 2) + le(200, 2)), {300, 200}},
      {webp("VP8L", "\x2f" + le((299) | (199 << 14), 4)), {300, 200}},
      {webp("VP8X", std::string(4, '\0') + le(4'999, 3) + le(2'999, 3)), {5'000, 3'000}},
      {jpeg(4'000, 3'000), {4'000, 3'000}},
      {jpeg(4'000, 3'000, 1'500'000), {4'000, 3'000}},
  };
  for (const auto& [bytes, sides] : pictures) {
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{7}, std::size_t{30}, std::size_t{4'096}, bytes.size()}) {
      const auto size = size_of(bytes, piece);
      ASSERT_TRUE(size.has_value()) << bytes.substr(0, 16) << " in pieces of " << piece;
      EXPECT_EQ(std::pair(int{size->width}, int{size->height}), sides);
    }
  }
}

TEST(ImageScanner, LooksOnlySoFarAndBelievesNoNonsense) {
  EXPECT_FALSE(size_of(jpeg(10, 10, 4'000'000), 65'536));
  EXPECT_FALSE(size_of(png(0, 10), 100));
  EXPECT_FALSE(size_of(png(4'000'000'000U, 10), 100));
  EXPECT_FALSE(size_of("\xff\xd8\xff\xda" + std::string(100, 'x'), 100));
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes = round % 2 == 0 ? jpeg(100, 100, 200) : webp("VP8X", std::string(10, '\1'));
    for (int i = 0; i < 6; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    static_cast<void>(size_of(bytes, 1 + random() % 50));
  }
}

// ---- what it is called

TEST(FileName, IsSafeToShowAndToSave) {
  const std::pair<std::string, std::string> cases[] = {
      {"photo.jpg", "photo.jpg"},
      {"фото 1.jpg", "фото 1.jpg"},
      {"../../etc/passwd", "passwd"},
      {"C:\\Users\\me\\a.txt", "a.txt"},
      {"..", "file"},
      {"", "file"},
      {"  .hidden ", "hidden"},
      {"a\r\nSet-Cookie: x\0.txt"s, "aSet-Cookie x.txt"},
      {"innocent\xE2\x80\xAEgpj.exe", "innocentgpj.exe"},
      {"a\xE2\x81\xA6"
       "b",
       "ab"},
      {"\"<>|?*:a", "a"},
      {"bad\xff.txt", "bad\xEF\xBF\xBD.txt"},
      {std::string(300, 'a') + ".pdf", std::string(251, 'a') + ".pdf"},
      {std::string(300, 'a'), std::string(255, 'a')},
  };
  for (const auto& [given, safe] : cases) EXPECT_EQ(safe_file_name(given), safe) << given;
}

TEST(FileName, GoesIntoAHeaderAsItIs) {
  EXPECT_EQ(content_disposition(true, "a b.png"), "inline; filename=\"a b.png\"");
  EXPECT_EQ(content_disposition(false, "фото.png"),
            "attachment; filename=\"____.png\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE.png");
  EXPECT_EQ(content_disposition(false, "100%.txt"),
            "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt");
}

// ---- how a form carries it

struct Form {
  std::vector<std::string> fields;
  std::string file_name, type, bytes, wrong;
  bool whole = false;
};

Form read_form(const std::string& boundary, const std::string& body, std::size_t piece) {
  Multipart multipart(boundary);
  Form form;
  for (std::size_t at = 0; at < body.size(); at += piece) {
    multipart.feed(std::string_view(body).substr(at, piece));
    for (bool more = true; more;) {
      switch (multipart.next()) {
        case Multipart::Event::more: more = false; break;
        case Multipart::Event::field:
          form.fields.push_back(multipart.name() + "=" + multipart.value());
          break;
        case Multipart::Event::file:
          form.file_name = multipart.file_name();
          form.type = multipart.file_type();
          break;
        case Multipart::Event::bytes: form.bytes += multipart.piece(); break;
        case Multipart::Event::end:
          form.whole = true;
          more = false;
          break;
        case Multipart::Event::wrong: form.wrong = multipart.reason(); return form;
      }
    }
  }
  return form;
}

TEST(Multipart, IsReadHoweverItIsCut) {
  const std::string bytes = "line\r\n--XYnot the boundary\r\n-" + std::string(200, 'z') + "\r\n--X";
  const std::string body =
      "preamble\r\n--XY\r\nContent-Disposition: form-data; name=\"orderId\"\r\n\r\nabc\r\n"
      "--XY\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n"
      "--XY\r\ncontent-type: image/png\r\nContent-Disposition: form-data; name=file; filename=\"a \\\"b\\\" %22c;d.png\"\r\n\r\n" +
      bytes + "\r\n--XY--\r\nepilogue";
  // A line that begins with the delimiter ends the file, whatever follows on it (RFC 2046 §5.1.1).
  const std::string boundary = "XY";
  for (std::size_t piece = 1; piece <= body.size(); piece += piece < 80 ? 1 : 37) {
    const Form form = read_form(boundary, body, piece);
    ASSERT_EQ(form.wrong, "") << piece;
    EXPECT_EQ(form.fields, (std::vector<std::string>{"orderId=abc", "empty="}));
    EXPECT_EQ(form.file_name, "a \"b\" \"c;d.png");
    EXPECT_EQ(form.type, "image/png");
    EXPECT_EQ(form.bytes, "line");
    EXPECT_TRUE(form.whole);
  }
}

TEST(Multipart, BytesLikeABoundaryButNotOneBelongToTheFile) {
  const std::string bytes = "x\r\n--BOUND\r\n--BOUNDAR\r\r\n--\r\n-" + std::string(300, 'q') + "\r\n";
  const std::string body =
      "--BOUNDARY\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\"; filename*=utf-8''%D1%84\r\n\r\n" +
      bytes + "\r\n--BOUNDARY--";
  for (std::size_t piece = 1; piece <= body.size(); piece += 1 + piece / 20) {
    const Form form = read_form("BOUNDARY", body, piece);
    EXPECT_EQ(form.bytes, bytes) << piece;
    EXPECT_EQ(form.file_name, "ф");
    EXPECT_TRUE(form.whole);
  }
}

TEST(Multipart, AnEmptyFileAndACutOne) {
  const std::string head = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1'000}}) {
    EXPECT_TRUE(read_form("B", head + "\r\n--B--", piece).whole);
    EXPECT_EQ(read_form("B", head + "\r\n--B--", piece).bytes, "");
    EXPECT_FALSE(read_form("B", head + "half", piece).whole);
  }
}

TEST(Multipart, ASecondFileIsRefusedAndNotForgotten) {
  const std::string head = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\n";
  const std::string field =
      "--B\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\n" + std::string(5'000, 'v') + "\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    for (const std::string& between : {std::string(), field, field + field}) {
      const Form two = read_form("B", head + "one\r\n" + between + head + "two\r\n--B--", piece);
      EXPECT_EQ(two.wrong, "a form carries one file; send each in a request of its own") << piece;
      EXPECT_FALSE(two.whole);
      const Form one = read_form("B", head + "one\r\n" + between + "--B--", piece);
      EXPECT_TRUE(one.whole) << one.wrong;
      EXPECT_EQ(one.bytes, "one");
      EXPECT_TRUE(one.fields.empty());
    }
  }
}

TEST(Multipart, FieldsBehindTheFileAreCountedToo) {
  std::string form = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\none\r\n";
  for (int i = 0; i <= Multipart::fields_max; ++i)
    form += "--B\r\nContent-Disposition: form-data; name=\"late\"\r\n\r\n\r\n";
  EXPECT_EQ(read_form("B", form + "--B--", 100'000).wrong, "the form has too many fields");
}

TEST(Multipart, WhatIsNoFormIsRefusedAndBounded) {
  EXPECT_NE(read_form("B", std::string(10'000, 'x'), 100).wrong, "");
  EXPECT_NE(read_form("B", "--B\r\n" + std::string(10'000, 'h'), 100).wrong, "");
  EXPECT_NE(read_form("B", "--B\r\nX: y\r\n\r\nno name\r\n--B--", 100).wrong, "");
  EXPECT_NE(read_form("B", "--B--", 100).wrong, "");
  const std::string field = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
  EXPECT_NE(read_form("B", field + std::string(10'000, 'v'), 100).wrong, "");
  std::string many;
  for (int i = 0; i < 11; ++i) many += field + "v\r\n";
  EXPECT_NE(read_form("B", many, 100).wrong, "");
}

TEST(Multipart, Boundaries) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\""), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=\"a:b\""), "a:b");
  EXPECT_EQ(multipart_boundary("multipart/form-data"), std::nullopt);
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'b')), std::nullopt);
  EXPECT_EQ(multipart_boundary("text/plain; boundary=abc"), std::nullopt);
}

// ---- where it lies

class FilesOnDisk : public ::testing::Test {
 protected:
  FilesOnDisk() { std::filesystem::remove_all(folder_); }
  ~FilesOnDisk() override { std::filesystem::remove_all(folder_); }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_))
      count += entry.is_regular_file();
    return count;
  }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("rozmova-files-" + std::to_string(::getpid()));
  const Uuid id_ = *Uuid::parse("0190c0de-0000-7000-8000-0000000000af");
};

TEST_F(FilesOnDisk, AFileIsInItsPlaceWhenItIsWholeAndNotBefore) {
  Files files(folder_);
  {
    Draft draft(folder_, id_, "a.txt", "text/plain");
    EXPECT_FALSE(draft.write("hel"));
    EXPECT_FALSE(draft.write("lo"));
    EXPECT_EQ(files.open(id_, 5), nullptr);
    const auto stored = draft.finish();
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->bytes, 5u);
    EXPECT_EQ(stored->mime_type, "text/plain");
    EXPECT_EQ(stored->sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "af" / id_.text()));
  EXPECT_NE(files.open(id_, 5), nullptr);
  EXPECT_EQ(files.open(id_, 6), nullptr);  // not the file that the row tells of
  files.remove({&id_, 1});
  EXPECT_EQ(this->files(), 0u);
}

TEST_F(FilesOnDisk, WhatIsCutOrRefusedLeavesNothing) {
  Files files(folder_);
  { Draft(folder_, id_, "a", "").write("half"); }
  EXPECT_EQ(this->files(), 0u);
  {
    Draft draft(folder_, id_, "a.png", "image/png");
    EXPECT_FALSE(draft.write("no picture"));
    EXPECT_FALSE(draft.finish());
  }
  EXPECT_EQ(this->files(), 0u);
  EXPECT_FALSE(Draft(folder_, id_, "a", "").finish());
}

TEST_F(FilesOnDisk, TheNextStartRemovesWhatACrashHasLeft) {
  { Files files(folder_); }
  std::ofstream(folder_ / "tmp" / (id_.text() + ".part")) << "half";
  EXPECT_EQ(files(), 1u);
  Files files(folder_);
  EXPECT_EQ(this->files(), 0u);
}

TEST_F(FilesOnDisk, TasksRunInOrderAndNoneAfterTheEnd) {
  Files files(folder_);
  std::string order;
  for (const char letter : std::string("abc")) files.post([&order, letter] { order += letter; });
  files.end();
  EXPECT_EQ(order, "abc");
  files.post([&order] { order += 'd'; });
  EXPECT_EQ(order, "abc");
}

TEST_F(FilesOnDisk, ADiskThatTakesNothingIsUnavailable) {
  Files files(folder_);
  std::filesystem::remove_all(folder_ / "tmp");
  Draft draft(folder_, id_, "a", "");
  const auto failure = draft.write("x");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, ErrorCode::unavailable);
}

// ---- addresses that open it

TEST(Links, OpenOneUploadForOnePersonForAWhile) {
  const Links links("secret", 60'000);
  const Uuid upload = Uuid::v7(1), user = Uuid::v7(2);
  const auto link = links.make(upload, user, Role::performer, 1'000);
  EXPECT_EQ(link.expires_at, 61'000);
  const std::size_t mark = link.url.find('?');
  const std::string path = link.url.substr(0, mark), query = link.url.substr(mark + 1);
  const auto who = links.verify(path, query, 60'999);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->user_id, user);
  EXPECT_EQ(who->role, Role::performer);
  EXPECT_EQ(who->issued_at, 1'000);

  EXPECT_EQ(links.verify(path, query, 61'000).refusal().code, ErrorCode::token_expired);
  const auto refused = [&](const std::string& p, const std::string& q) {
    const auto no = links.verify(p, q, 2'000);
    return !no && no.refusal().code == ErrorCode::unauthorized;
  };
  EXPECT_TRUE(refused("/v1/uploads/" + Uuid::v7(3).text(), query));
  for (const auto& [from, to] :
       {std::pair("role=performer", "role=admin"), std::pair("exp=61000", "exp=91000"),
        std::pair("exp=61000", "exp=61000x"), std::pair("sig=", "sig=A"), std::pair("user=", "user=0")}) {
    std::string other = query;
    other.replace(other.find(from), std::string(from).size(), to);
    EXPECT_TRUE(refused(path, other)) << other;
  }
  EXPECT_FALSE(Links("other", 60'000).verify(path, query, 2'000));
  EXPECT_TRUE(refused("/v1/uploads/x", "sig=1"));
}

}  // namespace
}  // namespace rozmova::uploads
