#pragma once

#include "sioxx/net/http.hpp"
#include "sioxx/net/options.hpp"
#include "sioxx/net/zip.hpp"

#include <cstdint>
#include <string_view>

namespace sioxx::net {

/// What a body may be wrapped in on its way to one client.
enum class ContentCoding : std::uint8_t { identity, gzip, deflate };

/// The best of these for an Accept-Encoding header (RFC 9110 §12.5.3): the highest q, gzip before deflate; identity when
/// the header is absent, names neither, or prefers it.
ContentCoding choose_coding(std::string_view accept_encoding);

/// Compresses the body of `response` when that is worth its while and allowed: text of http_compression_bytes_min to
/// compression_bytes_max bytes in Response::body that is not coded yet. Adds Vary and Content-Encoding, weakens the
/// ETag. Files and shared bodies are left alone: who keeps them has them compressed once.
void compress_body(http::Response& response, ContentCoding coding, Zip& zip, const Options& options);

}  // namespace sioxx::net
