#pragma once

#include "rozmova/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What goes into the workflow of orders and disputes and what comes out of it. A nil `by` is the marketplace's
// backend; `role` is what the one who asks may use, so an admin may act in the name of somebody.

namespace rozmova::store {

struct NewStatus {
  ChatKey chat;
  std::string status;
  Uuid by;
  Role role = Role::client;
  std::string note;
  std::optional<OrderStatus> order_status;  ///< with the decision of a dispute: what becomes of the order
};

struct NewDispute {
  Uuid id;
  Uuid order_id;
  Uuid by;
  Role role = Role::client;
  std::string reason;
};

struct NewAssignment {
  Uuid dispute_id;
  Uuid by;
  Role role = Role::client;
  std::optional<Uuid> moderator_id;  ///< nothing: nobody has it from now on
};

/// What one deed of the workflow has done. `messages` are the system messages it left, each with its Change, in
/// the order to be told; the deed's own one comes first.
struct Changed {
  std::vector<Message> messages;
  bool repeated =
      false;  ///< it was so before: `messages` has at most the one that made it so, nothing is to be told
  Uuid client_id, performer_id;
  std::optional<Uuid> moderator_id;  ///< of the dispute, as it is now
  std::string moderator_name;
  std::vector<Notification> notifications;  ///< for everybody whom it concerns but who did it
};

/// One row of a list of disputes.
struct DisputeSummary {
  Dispute dispute;
  std::int64_t order_number = 0;
  std::string order_title;
  OrderStatus order_status = OrderStatus::created;
  Uuid client_id, performer_id;
  std::string client_name, performer_name, moderator_name;
  std::string outcome;  ///< what the decision made of the order; empty before
  std::optional<Message> last_message;
  std::int64_t last_seq = 0, last_read_seq = 0;
  std::int64_t unread = 0;  ///< as in OrderSummary
};

struct DisputeList {
  std::vector<DisputeSummary> disputes;  ///< latest activity first
  std::optional<std::string> next_cursor;
};

struct DisputeFilter {
  enum class Assigned : std::uint8_t { any, somebody, nobody, reader };
  std::vector<DisputeStatus> statuses;  ///< empty: all
  Assigned assigned = Assigned::any;
};

/// The dispute that an order points to: the newest one.
struct DisputeRef {
  Uuid id;
  DisputeStatus status = DisputeStatus::open;
};

/// A note among moderators about a dispute. Its `seq` counts notes alone, so it leaves no gap in the chat.
struct Note {
  Uuid id;
  Uuid dispute_id;
  std::int64_t seq = 0;
  Uuid author_id;
  std::string author_name;
  std::string content;
  std::optional<std::string> client_message_id;
  WallMs created_at = 0;
};

struct NewNote {
  Uuid dispute_id;
  Uuid by;
  Role role = Role::client;
  std::string content;
  std::optional<std::string> client_message_id;
};

struct AddedNote {
  Note note;
  bool duplicate = false;
};

struct NotePage {
  std::vector<Note> notes;
  bool has_more = false;
  std::int64_t last_seq = 0;
};

}  // namespace rozmova::store
