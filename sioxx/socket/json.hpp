#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace sioxx::socket {

/// Writers append to `out`, compact, key order kept, text left as UTF-8, numbers as JavaScript prints them. A
/// number that JSON cannot say (NaN, infinity) becomes null.
void write_json(std::string& out, const boost::json::value& value);
void write_json(std::string& out, const boost::json::object& object);
void write_json(std::string& out, std::string_view text);
/// The elements with commas between them and no brackets.
void write_elements(std::string& out, const boost::json::array& array);

/// A JSON reader that is used again and again. Numbers are read exactly, as JavaScript reads them. Values own their memory (the default storage), because
/// handlers may move them out and keep them. One per shard, its thread only.
class JsonReader {
 public:
  explicit JsonReader(std::size_t depth_max);
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;
  ~JsonReader();
  /// False: not exactly one JSON value (RFC 8259, UTF-8 checked), or too deep. Half a surrogate pair, which JavaScript
  /// writes as `\ud83d` when a text was cut within an emoji, is read as U+FFFD: the grammar allows it (RFC 8259
  /// §8.2), and who sent it did nothing wrong.
  bool read(std::string_view text, boost::json::value& out);

 private:
  bool parse(std::string_view text, boost::json::value& out);

  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sioxx::socket
