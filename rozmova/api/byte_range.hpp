#pragma once

#include "rozmova/model.hpp"
#include "sioxx/server.hpp"

#include <cstdint>
#include <string>

namespace rozmova::api {

/// What tells one state of a file from another.
struct Validators {
  std::string etag;  ///< strong, with its quotes
  WallMs modified_at = 0;
};

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7)
std::string http_date(WallMs time);

/// If-None-Match, or without it If-Modified-Since: the client has this already (RFC 9110 §13.2.2).
bool not_modified(const sioxx::http::Request& request, const Validators& validators);

/// What a Range header asks for.
struct ByteRange {
  enum class Answer : std::uint8_t { whole, part, none };
  Answer answer = Answer::whole;  ///< none: 416
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};
/// One range is served; several, another unit, a malformed one or an If-Range that does not fit give the whole, as RFC
/// 9110 §14.2 allows.
ByteRange byte_range(const sioxx::http::Request& request, const Validators& validators, std::uint64_t size);

}  // namespace rozmova::api
