// Files over HTTP: in as they are or as a form, out whole or a part, and addresses for pages that cannot send a token.
#include "rozmova/api/byte_range.hpp"
#include "rozmova/api/json.hpp"
#include "rozmova/api/routes.hpp"
#include "rozmova/api/upload_sink.hpp"
#include "rozmova/chat/payload.hpp"
#include "rozmova/chat/render.hpp"
#include "rozmova/uploads/file_name.hpp"
#include "rozmova/uploads/file_type.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;
using chat::payload::invalid;

/// What the form adds to a file: boundaries, heads of parts, fields.
constexpr std::uint64_t form_bytes_max = 65'536;

/// `X-File-Name`: percent-encoded UTF-8 (encodeURIComponent), because headers carry no other letters safely.
std::string decoded(std::string_view header) {
  std::string query = "n=";
  for (const char c : header) query += c == '+' ? "%2B" : c == '&' ? "%26" : std::string(1, c);
  return http::query_value(query, "n");
}

/// Both ids, or a broken one, is a refusal; none is none.
Result<std::optional<ChatKey>> chat_of(const Call& call) {
  std::optional<ChatKey> chat;
  for (const auto& [key, kind] :
       {std::pair("orderId", ChatKind::order), std::pair("disputeId", ChatKind::dispute)}) {
    const auto text = call.query(key);
    if (!text) continue;
    const auto id = Uuid::parse(*text);
    if (!id) return invalid(fmt::format("{} must be a UUID", key));
    if (chat) return invalid("give one of orderId and disputeId, once");
    chat = ChatKey{kind, *id};
  }
  return chat;
}

std::uint64_t announced_bytes(const http::Request& request) {
  const std::string_view text = request.header("content-length");
  std::uint64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

/// `POST /v1/uploads`
std::unique_ptr<http::BodySink> take(const Floor& floor, uploads::Uploads& uploads, Call&& call,
                                     http::Reply&& raw_reply, const http::Resume& resume) {
  const SharedReply reply(floor.metrics(), std::move(raw_reply));
  const auto refuse = [&](const Refusal& refusal) {
    reply.refuse(refusal);
    return nullptr;
  };
  const auto chat = chat_of(call);
  if (!chat) return refuse(chat.refusal());
  const std::string_view type = call.request.header("content-type");
  const bool is_form = type.substr(0, 10).find("multipart/") == 0;
  auto boundary = uploads::multipart_boundary(type);
  if (is_form && !boundary)
    return refuse(invalid("Content-Type must be multipart/form-data with a boundary"));
  if (!is_form && !*chat) return refuse(invalid("say which chat it is for: ?orderId= or ?disputeId="));

  uploads::NewUpload wanted;
  wanted.chat = chat->value_or(ChatKey{});
  wanted.file_name = call.query("fileName").value_or(decoded(call.request.header("x-file-name")));
  wanted.announced_bytes = announced_bytes(call.request);
  if (!is_form) wanted.declared_type = type;
  const std::uint64_t bytes_max = uploads.options().bytes_max;
  if (wanted.announced_bytes > bytes_max + (is_form ? form_bytes_max : 0)) {
    return refuse({ErrorCode::payload_too_large, fmt::format("a file may have {} bytes", bytes_max)});
  }
  const auto body = std::make_shared<UploadBody>(uploads, reply, resume, std::move(boundary),
                                                 std::move(wanted), chat->has_value());
  floor.as_person(call, reply, [body](const Caller& who) { body->begin(who); });
  return std::make_unique<UploadSink>(body, bytes_max + (is_form ? form_bytes_max : 0));
}

/// The same address without a body.
void no_body(const Floor&, Call&&, const SharedReply& reply) { reply.refuse(invalid("the file is empty")); }

http::Response file_response(const uploads::OpenUpload& found, const http::Request& request, WallMs link_ends,
                             WallMs now) {
  const store::Upload& upload = found.upload;
  const bool shown =
      uploads::shown_inline(upload.mime_type) && http::query_value(request.query, "download").empty();
  const auto size = static_cast<std::uint64_t>(upload.bytes);
  const Validators validators{"\"" + upload.sha256.substr(0, 32) + "\"", upload.created_at};
  http::Response response;
  response.headers = {
      {"Content-Type", uploads::content_type(upload.mime_type)},
      {"Content-Disposition", uploads::content_disposition(shown, upload.file_name)},
      {"X-Content-Type-Options", "nosniff"},
      {"Content-Security-Policy", "sandbox; default-src 'none'"},
      {"Referrer-Policy", "no-referrer"},
      {"Accept-Ranges", "bytes"},
      {"ETag", validators.etag},
      {"Last-Modified", http_date(validators.modified_at)},
      // A copy is kept by who fetched it alone, and asked for again: what was deleted or closed to him is gone then.
      {"Cache-Control",
       link_ends == 0 ? std::string("private, no-cache")
                      : fmt::format("private, max-age={}", std::max<WallMs>(0, link_ends - now) / 1'000)},
  };
  if (not_modified(request, validators)) {
    response.status = 304;
    return response;
  }
  const ByteRange range = byte_range(request, validators, size);
  switch (range.answer) {
    case ByteRange::Answer::whole: break;
    case ByteRange::Answer::part:
      response.status = 206;
      response.headers.emplace_back(
          "Content-Range", fmt::format("bytes {}-{}/{}", range.first, range.first + range.size - 1, size));
      break;
    case ByteRange::Answer::none:
      response = refusal_response(invalid("the file has no such bytes"));
      response.status = 416;
      response.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
      return response;
  }
  response.file = {found.fd, range.first, range.size};
  return response;
}

/// `GET /v1/uploads/{id}`
void give(const Floor& floor, uploads::Uploads& uploads, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const bool by_link = !http::query_value(call.request.query, "sig").empty();
  const WallMs link_ends = by_link ? call.who.expires_at : 0;
  const auto shared = std::make_shared<Call>(std::move(call));
  floor.as_caller(*shared, reply, [&uploads, shared, reply, id = *id, link_ends](const Caller& who) {
    uploads.open(who, id, [shared, reply, link_ends](Result<uploads::OpenUpload> found) {
      if (!found) return reply.refuse(found.refusal());
      reply.send(file_response(*found, shared->request, link_ends, shared->now));
    });
  });
}

/// `POST /v1/uploads/{id}/link`
void link(const Floor& floor, uploads::Uploads& uploads, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  floor.as_caller(call, reply, [&uploads, reply, id = *id, now = call.now](const Caller& who) {
    uploads.make_link(who, id, now, [reply](Result<uploads::Links::Link> made) {
      if (!made) return reply.refuse(made.refusal());
      std::string json;
      chat::ObjectText(json).text("url", made->url).time("expiresAt", made->expires_at).close();
      reply.send(200, std::move(json));
    });
  });
}

}  // namespace

void add_uploads_routes(Router& router, const FloorPtr& floor, uploads::Uploads& uploads) {
  const auto with = [&](auto deed) {
    return [floor, &uploads, deed](Call&& call, http::Reply reply) {
      deed(*floor, uploads, std::move(call), SharedReply(floor->metrics(), std::move(reply)));
    };
  };
  Route upload{"POST", "/v1/uploads", Guard::user, Body::stream, "Upload a file for a chat", {}};
  upload.stream = [floor, &uploads](Call&& call, http::Reply reply, const http::Resume& resume) {
    return take(*floor, uploads, std::move(call), std::move(reply), resume);
  };
  add(router, floor, std::move(upload), no_body);
  router.add(
      {"GET", "/v1/uploads/{id}", Guard::user_or_link, Body::none, "The file, or a part of it", with(give)});
  router.add({"POST", "/v1/uploads/{id}/link", Guard::user, Body::none,
              "An address of the file that needs no token for some minutes", with(link)});
}

}  // namespace rozmova::api
