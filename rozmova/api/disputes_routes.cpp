#include "rozmova/api/routes.hpp"

#include "rozmova/chat/payload.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace rozmova::api {

namespace {

using chat::Caller;
using Assigned = store::DisputeFilter::Assigned;

/// `status=open,under_review&assigned=true|false|me`
Result<store::DisputeFilter> filter_of(const Call& call) {
  store::DisputeFilter filter;
  if (const auto statuses = call.query("status")) {
    for (std::size_t at = 0; at <= statuses->size();) {
      const std::size_t end = std::min(statuses->find(',', at), statuses->size());
      const auto status = parse_dispute_status(std::string_view(*statuses).substr(at, end - at));
      if (!status) {
        return Refusal{ErrorCode::invalid_payload,
                       "\"status\" must be statuses of disputes, with commas between."};
      }
      filter.statuses.push_back(*status);
      at = end + 1;
    }
  }
  const auto assigned = call.query("assigned");
  if (!assigned) return filter;
  if (*assigned == "true")
    filter.assigned = Assigned::somebody;
  else if (*assigned == "false")
    filter.assigned = Assigned::nobody;
  else if (*assigned == "me")
    filter.assigned = Assigned::reader;
  else
    return Refusal{ErrorCode::invalid_payload, "\"assigned\" must be true, false or me."};
  return filter;
}

/// `GET /v1/disputes?status=&assigned=&limit=&cursor=`
void list_disputes(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto& options = floor.chat.options();
  const auto limit = call.query_int("limit", options.disputes_page_default, 1, options.disputes_page_max);
  if (!limit) return reply.refuse(limit.refusal());
  auto filter = filter_of(call);
  if (!filter) return reply.refuse(filter.refusal());
  auto cursor = call.query("cursor");
  if (cursor && !store::valid_cursor(*cursor)) {
    return reply.refuse({ErrorCode::invalid_payload, "\"cursor\" must be a nextCursor of this list."});
  }
  floor.as_caller(call, reply,
                  [&floor, reply, limit = static_cast<int>(*limit), filter = std::move(*filter),
                   cursor = std::move(cursor)](const Caller& who) {
                    floor.deeds().disputes(who, filter, limit, cursor, reply.json());
                  });
}

/// `GET /v1/disputes/{id}`
void show_dispute(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  floor.as_caller(call, reply, [&floor, reply, id = *id](const Caller& who) {
    floor.deeds().dispute(who, id, reply.json());
  });
}

/// `POST /v1/orders/{id}/disputes`; admins and the backend also with `openedBy`.
void open_dispute(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto order = call.params.uuid("id");
  if (!order) return reply.refuse(order.refusal());
  auto dispute = chat::parse_dispute_body(call.body, floor.chat.options());
  if (!dispute) return reply.refuse(dispute.refusal());
  const auto by = chat::payload::optional_uuid_of(call.body, "openedBy");
  if (!by) return reply.refuse(by.refusal());
  floor.as_person(
      call, reply,
      [&floor, reply, order = *order, by = *by, dispute = std::move(*dispute)](const Caller& who) {
        auto wish = dispute;
        if (by && *by != who.user) {
          if (who.role != Role::admin)
            return reply.refuse(
                {ErrorCode::forbidden, "only an admin opens a dispute in the name of somebody"});
          wish.by = by;
        }
        floor.deeds().open_dispute(who, order, std::move(wish), [reply](Result<chat::Opened> opened) {
          if (!opened) return reply.refuse(opened.refusal());
          reply.send(opened->repeated ? 200 : 201, std::move(opened->json));
        });
      });
}

/// `POST /v1/disputes/{id}/assign`
void assign_dispute(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  if (call.is_service && !call.body.contains("moderatorId")) {
    return reply.refuse({ErrorCode::invalid_payload, "moderatorId is missing"});
  }
  const auto moderator = chat::parse_assign_body(call.body, call.who.user_id);
  if (!moderator) return reply.refuse(moderator.refusal());
  floor.as_person(call, reply, [&floor, reply, id = *id, moderator = *moderator](const Caller& who) {
    floor.deeds().assign_dispute(who, id, moderator, reply.json());
  });
}

/// `GET /v1/disputes/{id}/notes?after=|before=&limit=`
void list_notes(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  const auto page = page_of(call, floor.chat.options());
  if (!page) return reply.refuse(page.refusal());
  floor.as_caller(call, reply, [&floor, reply, id = *id, page = *page](const Caller& who) {
    floor.deeds().notes(who, id, page, reply.json());
  });
}

/// `POST /v1/disputes/{id}/notes`
void add_note(const Floor& floor, Call&& call, const SharedReply& reply) {
  const auto id = call.params.uuid("id");
  if (!id) return reply.refuse(id.refusal());
  auto note = chat::parse_note_body(*id, call.body, floor.chat.options());
  if (!note) return reply.refuse(note.refusal());
  floor.as_person(call, reply, [&floor, reply, note = std::move(*note)](const Caller& who) {
    floor.deeds().add_note(who, note, [reply](Result<chat::Sent> added) {
      if (!added) return reply.refuse(added.refusal());
      reply.send(added->duplicate ? 200 : 201, R"({"note":)" + added->json + '}');
    });
  });
}

}  // namespace

void add_disputes_routes(Router& router, const FloorPtr& floor) {
  const auto put = [&](std::string method, std::string path, Guard guard, std::string summary, Deed deed) {
    const Body body = method == "GET" ? Body::none : Body::json;
    add(router, floor, {std::move(method), std::move(path), guard, body, std::move(summary), {}}, deed);
  };
  constexpr Guard anybody = Guard::user_or_service;
  put("POST", "/v1/orders/{id}/disputes", anybody, "Open a dispute about an order", open_dispute);
  put("GET", "/v1/disputes", anybody, "Disputes of whoever asks, latest activity first", list_disputes);
  put("GET", "/v1/disputes/{id}", anybody, "One dispute", show_dispute);
  put("POST", "/v1/disputes/{id}/assign", anybody, "Take a dispute, hand it over, or give it back",
      assign_dispute);
  put("GET", "/v1/disputes/{id}/notes", anybody, "Notes among moderators, oldest first", list_notes);
  put("POST", "/v1/disputes/{id}/notes", anybody, "Add a note among moderators", add_note);
}

}  // namespace rozmova::api
