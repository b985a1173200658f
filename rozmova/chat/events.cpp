#include "rozmova/chat/events.hpp"

#include "rozmova/ascii.hpp"
#include "rozmova/chat/payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rozmova::chat {

namespace json = boost::json;
using namespace payload;

namespace {

constexpr EventNames order_names{.id_key = "orderId",
                                 .join = "join_order_chat",
                                 .leave = "leave_order_chat",
                                 .message = "order_message",
                                 .typing = "order_typing",
                                 .read = "order_read",
                                 .status = "order_status",
                                 .status_update = "order_status_update"};
constexpr EventNames dispute_names{.id_key = "disputeId",
                                   .join = "join_dispute_chat",
                                   .leave = "leave_dispute_chat",
                                   .message = "dispute_message",
                                   .typing = "dispute_typing",
                                   .read = "dispute_read",
                                   .status = "dispute_status",
                                   .status_update = "dispute_status_update"};

constexpr std::int64_t amount_minor_max = 1'000'000'000'000'00;

/// In letters of either size, as schemes are (RFC 3986 §3.1); `word` is in small ones.
bool begins_with_word(std::string_view text, std::string_view word) {
  return equal_ignoring_case(text.substr(0, word.size()), word);
}

/// An address that a browser may open without running anything: http, https, or a path of the page's own
/// origin.
bool is_file_url(std::string_view url) {
  if (has_control(url) || url.find_first_of(" \"<>\\^`{|}") != std::string_view::npos) return false;
  if (url.starts_with("/")) return url.size() > 1 && url[1] != '/';
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (begins_with_word(url, scheme)) return url.size() > scheme.size() && url[scheme.size()] != '/';
  }
  return false;
}

constexpr std::string_view uploads_path = "/v1/uploads/";

std::optional<Refusal> bad_file_name(std::size_t index, std::string_view name, const ChatOptions& limits) {
  if (!is_blank(name) && characters(name) <= limits.file_name_characters_max && !has_control(name))
    return std::nullopt;
  return invalid(
      fmt::format("attachments[{}].fileName must have 1 to {} characters and no control characters", index,
                  limits.file_name_characters_max));
}

/// `{uploadId, fileName?}`, or the address of an upload as fileUrl: the store knows the rest of it.
Result<Attachment> of_upload(std::size_t index, const Uuid& upload, const json::object& object,
                             const ChatOptions& limits) {
  Attachment attachment;
  attachment.id = upload;
  attachment.is_upload = true;
  if (find(object, "fileName") == nullptr) return attachment;
  const auto name = text_of(object, "fileName");
  if (!name) return invalid(fmt::format("attachments[{}].{}", index, name.refusal().message));
  if (auto no = bad_file_name(index, *name, limits)) return std::move(*no);
  attachment.file_name = *name;
  return attachment;
}

Result<Attachment> parse_attachment(std::size_t index, const json::value& value, const ChatOptions& limits) {
  const json::object* object = value.if_object();
  if (object == nullptr) return invalid(fmt::format("attachments[{}] must be an object", index));
  const auto named = [index](const Refusal& no) {
    return invalid(fmt::format("attachments[{}].{}", index, no.message));
  };
  if (find(*object, "uploadId") != nullptr) {
    const auto upload = uuid_of(*object, "uploadId");
    if (!upload) return named(upload.refusal());
    return of_upload(index, *upload, *object, limits);
  }
  const auto url = text_of(*object, "fileUrl");
  if (!url) return named(url.refusal());
  if (url->size() > limits.file_url_bytes_max) {
    return invalid(
        fmt::format("attachments[{}].fileUrl is longer than {} bytes", index, limits.file_url_bytes_max));
  }
  if (url->starts_with(uploads_path)) {
    if (const auto upload = Uuid::parse(std::string_view(*url).substr(uploads_path.size())))
      return of_upload(index, *upload, *object, limits);
  }
  if (!is_file_url(*url))
    return invalid(fmt::format("attachments[{}].fileUrl must be an http(s) address or a path", index));
  const auto name = text_of(*object, "fileName");
  if (!name) return named(name.refusal());
  if (auto no = bad_file_name(index, *name, limits)) return std::move(*no);
  Attachment attachment;
  attachment.file_url = *url;
  attachment.file_name = *name;
  return attachment;
}

std::optional<Refusal> parse_attachments(const json::object& body, const ChatOptions& limits,
                                         NewMessage& message) {
  const json::value* value = find(body, "attachments");
  if (value == nullptr) return std::nullopt;
  const json::array* list = value->if_array();
  if (list == nullptr) return invalid("attachments must be an array");
  if (list->size() > limits.attachments_max) {
    return invalid(fmt::format("attachments: at most {} a message", limits.attachments_max));
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto attachment = parse_attachment(i, (*list)[i], limits);
    if (!attachment) return attachment.refusal();
    message.attachments.push_back(std::move(*attachment));
  }
  if (!message.attachments.empty()) message.type = MessageType::file;
  return std::nullopt;
}

Result<PartyPayload> parse_party(const json::object& body, std::string_view id_key,
                                 std::string_view object_key, const ChatOptions& limits) {
  const json::value* nested = find(body, object_key);
  if (nested == nullptr) {
    const auto id = uuid_of(body, id_key);
    if (!id) return id.refusal();
    return PartyPayload{*id, std::nullopt};
  }
  const json::object* party = nested->if_object();
  if (party == nullptr) return invalid(fmt::format("{} must be an object", object_key));
  const auto id = uuid_of(*party, "id");
  if (!id) return invalid(fmt::format("{}.{}", object_key, id.refusal().message));
  PartyPayload result{*id, std::string()};
  if (find(*party, "name") != nullptr) {
    const auto name = text_of(*party, "name");
    if (!name || characters(*name) > limits.name_characters_max || has_control(*name)) {
      return invalid(fmt::format("{}.name must be a string of at most {} characters", object_key,
                                 limits.name_characters_max));
    }
    result.name = *name;
  }
  return result;
}

/// Money arrives as a JSON number with at most two decimals: 1200, 99.5.
std::optional<Refusal> parse_price(const json::object& body, OrderPayload& order) {
  if (const json::value* amount = find(body, "amount")) {
    double number = -1;
    if (const auto* whole = amount->if_int64()) number = static_cast<double>(*whole);
    if (const auto* real = amount->if_double()) number = *real;
    const double minor = std::round(number * 100);
    const bool in_range = number >= 0 && minor <= static_cast<double>(amount_minor_max);
    if (!in_range || std::abs(minor - number * 100) > 1e-4) {
      return invalid("amount must be a number, 0 or more, with at most two decimals");
    }
    order.amount_minor = static_cast<std::int64_t>(minor);
  }
  if (find(body, "currency") != nullptr) {
    const auto currency = text_of(body, "currency");
    const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (!currency || currency->size() != 3 || !std::all_of(currency->begin(), currency->end(), is_letter)) {
      return invalid("currency must be three capital letters (ISO 4217)");
    }
    order.currency = *currency;
  } else if (find(body, "amount") != nullptr) {
    return invalid("currency is missing: an amount needs one");
  }
  return std::nullopt;
}

}  // namespace

const EventNames& names(ChatKind kind) { return kind == ChatKind::order ? order_names : dispute_names; }

Result<JoinPayload> parse_join(ChatKind kind, const json::value* payload) {
  const auto sent = addressed(kind, payload);
  if (!sent) return sent.refusal();
  JoinPayload join{sent->chat, std::nullopt, std::nullopt};
  if (const json::value* after = find(*sent->body, "afterSeq")) {
    const auto seq = seq_of("afterSeq", *after);
    if (!seq) return seq.refusal();
    join.after_seq = *seq;
  }
  if (const json::value* after = find(*sent->body, "afterChangeSeq")) {
    const auto seq = seq_of("afterChangeSeq", *after);
    if (!seq) return seq.refusal();
    join.after_change_seq = *seq;
  }
  return join;
}

Result<ChatKey> parse_leave(ChatKind kind, const json::value* payload) {
  const auto sent = addressed(kind, payload);
  if (!sent) return sent.refusal();
  return sent->chat;
}

Result<NewMessage> parse_message(ChatKind kind, const json::value* payload, const ChatOptions& limits) {
  const auto sent = addressed(kind, payload);
  if (!sent) return sent.refusal();
  return parse_message_body(sent->chat, *sent->body, limits);
}

Result<NewMessage> parse_message_body(const ChatKey& chat, const json::object& body,
                                      const ChatOptions& limits) {
  NewMessage message;
  message.chat = chat;
  if (auto no = parse_attachments(body, limits, message)) return std::move(*no);
  // A file needs no words; everything else does.
  if (message.attachments.empty() || find(body, "content") != nullptr) {
    const auto content = text_of(body, "content");
    if (!content) return content.refusal();
    if (characters(*content) > limits.content_characters_max) {
      return Refusal{ErrorCode::payload_too_large,
                     fmt::format("content has more than {} characters", limits.content_characters_max)};
    }
    if (has_nul(*content)) return invalid("content must not contain U+0000");
    if (message.attachments.empty() && is_blank(*content)) return invalid("content is empty");
    message.content = *content;
  }
  auto client_message_id = client_message_id_of(body, limits);
  if (!client_message_id) return client_message_id.refusal();
  message.client_message_id = std::move(*client_message_id);
  const auto reply_to = optional_uuid_of(body, "replyTo");
  if (!reply_to) return reply_to.refusal();
  message.reply_to = *reply_to;
  return message;
}

Result<TypingPayload> parse_typing(ChatKind kind, const json::value* payload) {
  const auto sent = addressed(kind, payload);
  if (!sent) return sent.refusal();
  const json::value* typing = find(*sent->body, "isTyping");
  if (typing == nullptr) return invalid("isTyping is missing");
  if (!typing->is_bool()) return invalid("isTyping must be true or false");
  return TypingPayload{sent->chat, typing->get_bool()};
}

Result<ReadPayload> parse_read(ChatKind kind, const json::value* payload) {
  const auto sent = addressed(kind, payload);
  if (!sent) return sent.refusal();
  const auto seq = parse_read_body(*sent->body);
  if (!seq) return seq.refusal();
  return ReadPayload{sent->chat, *seq};
}

Result<std::int64_t> parse_read_body(const json::object& body) {
  const json::value* seq = find(body, "seq");
  if (seq == nullptr) return invalid("seq is missing");
  return seq_of("seq", *seq);
}

Result<std::string> parse_auth_refresh(const json::value* payload) {
  const auto object = object_of(payload);
  if (!object) return object.refusal();
  const auto token = text_of(**object, "token");
  if (!token) return token.refusal();
  return std::string(*token);
}

Result<OrderPayload> parse_order_body(const json::object& body, const ChatOptions& limits) {
  OrderPayload order;
  if (const json::value* value = find(body, "id")) {
    const auto id = uuid_of("id", *value);
    if (!id) return id.refusal();
    order.id = *id;
  }
  const auto title = text_of(body, "title");
  if (!title) return title.refusal();
  if (is_blank(*title) || characters(*title) > limits.title_characters_max || has_control(*title)) {
    return invalid(fmt::format("title must have 1 to {} characters and no control characters",
                               limits.title_characters_max));
  }
  order.title = *title;
  if (find(body, "clientId") != nullptr || find(body, "client") != nullptr) {
    auto client = parse_party(body, "clientId", "client", limits);
    if (!client) return client.refusal();
    order.client = std::move(*client);
  }
  auto performer = parse_party(body, "performerId", "performer", limits);
  if (!performer) return performer.refusal();
  order.performer = std::move(*performer);
  if (auto no = parse_price(body, order)) return std::move(*no);
  if (find(body, "deadlineAt") != nullptr) {
    const auto text = text_of(body, "deadlineAt");
    const auto deadline = text ? parse_iso_time(*text) : std::nullopt;
    if (!deadline) return invalid("deadlineAt must be an ISO 8601 time in UTC");
    order.deadline_at = *deadline;
  }
  return order;
}

Result<Uuid> parse_user_body(const json::object& body) { return uuid_of(body, "userId"); }

}  // namespace rozmova::chat
