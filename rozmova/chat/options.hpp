#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rozmova::chat {

/// Every number of the chat that is a decision (spec §6), with its unit in the name.
struct ChatOptions {
  // ---- rates of one user over all of his devices and REST; the burst is what he may do at once
  std::int64_t messages_per_10s = 20;
  std::int64_t messages_burst = 20;
  std::int64_t typing_per_s = 3;
  std::int64_t typing_burst = 6;  ///< start, stop and a new start within one breath are not abuse
  std::int64_t joins_per_s = 30;
  std::int64_t joins_burst = 30;
  std::int64_t actions_per_s = 30;  ///< read marks, token refreshes, orders created by their client
  std::int64_t actions_burst = 30;
  std::int64_t events_per_s = 200;  ///< everything a client sends, also what is unknown or invalid
  std::int64_t events_burst = 400;
  std::int64_t rest_reads_per_s = 100;
  std::int64_t rest_reads_burst = 200;
  std::int64_t sign_ins_per_s = 10;
  std::int64_t sign_ins_burst = 60;  ///< all of a user's devices at once, and some more
  std::int64_t uploads_per_minute = 30;
  std::int64_t uploads_burst = 30;
  // of one address, on each shard by itself
  std::int64_t bad_tokens_per_min = 60;
  std::int64_t bad_tokens_burst = 60;
  std::int64_t demo_sign_ins_per_min = 60;
  std::int64_t demo_sign_ins_burst = 30;
  /// This many refused bursts within a minute end the connection; see Rates.
  int over_rate_per_minute_max = 10;
  std::int64_t refused_burst_ms = 500;  ///< refusals this close to each other are one burst at least
  /// Lines about refusals of one socket; the next line says how many were left out.
  std::uint32_t refusal_lines_max = 10;
  std::int64_t refusal_lines_window_ms = 10'000;

  // ---- what a payload may hold
  std::size_t content_characters_max = 10'000;  ///< Unicode code points
  std::size_t attachments_max = 10;
  std::size_t file_url_bytes_max = 2'048;
  std::size_t file_name_characters_max = 255;
  std::size_t client_message_id_bytes_max = 64;
  std::size_t title_characters_max = 200;
  std::size_t name_characters_max = 100;
  std::size_t note_characters_max = 2'000;  ///< beside a status, among moderators, the reason of a dispute

  // ---- what an answer holds
  int newest_messages = 50;                ///< a join without afterSeq, a page of history
  int catch_up_messages_max = 200;         ///< a join with afterSeq, the largest page
  int changes_max = 200;                   ///< a join with afterChangeSeq, a page of changes
  int changes_unasked_max = 50;            ///< a join with afterSeq alone: the last ones
  std::size_t answer_bytes_max = 400'000;  ///< of messages in one answer; the rest is `hasMore`
  int orders_page_default = 50;
  int orders_page_max = 200;
  int disputes_page_default = 50;
  int disputes_page_max = 200;
  int people_max = 100;  ///< of the demo's list
  int presence_chats_max =
      1'000;  ///< chats of one user that are told of his coming and going: the latest ones

  // ---- edits and deletions
  std::int64_t edit_window_ms = 15 * 60'000;  ///< after which a message stays as it is

  // ---- notifications
  int notifications_at_connect_max = 20;  ///< the newest unread ones; the rest by REST
  int notifications_page_default = 50;
  int notifications_page_max = 200;
  std::size_t notification_ids_max = 200;          ///< marked read by one request
  std::size_t notification_receivers_max = 1'000;  ///< of one POST /v1/admin/notifications
  std::size_t notification_characters_max = 1'000;
  std::size_t notification_data_bytes_max = 4'096;
  std::size_t notification_type_bytes_max = 50;
  std::int64_t notification_interval_ms = 1'000;   ///< between two about messages of one chat to one user
  std::size_t notifications_waiting_max = 65'536;  ///< chats of absent users within that interval, one shard
  std::int64_t unread_interval_ms = 500;           ///< between two `unread` to one user
  std::size_t unread_chats_listed_max = 500;       ///< in one answer; `total` counts them all
  std::int64_t notifications_kept_ms = 90 * 24 * 3'600'000LL;

  // ---- other nodes
  bool several_nodes = false;                   ///< others may serve the same chats
  std::string node{};                           ///< this one, in websocket_connections
  std::size_t connections_per_address_max = 0;  ///< the server's own; 0: unlimited

  // ---- connections
  std::size_t connections_per_user_max = 50;
  std::size_t chats_per_connection_max = 200;
  /// Look anew at the chats that somebody is in this often; 0: the store's triggers tell what has changed.
  std::int64_t access_sweep_ms = 0;
  std::int64_t connect_answer_ms = 5'000;  ///< from CONNECT to being in, or refused as UNAVAILABLE
  std::int64_t revocations_kept_ms = 400 * 24 * 3'600'000LL;
  bool query_token = false;                ///< take `?token=` when there is nothing better
  std::int64_t token_warning_ms = 60'000;  ///< token_expiring comes this long before
  std::int64_t token_grace_ms = 30'000;    ///< after the end, until the connection is closed
  std::int64_t last_seen_interval_ms = 30'000;
  std::size_t last_seen_rows_per_deed = 500;
  std::int64_t connection_rows_gather_ms = 20;        ///< between two writes of rows
  std::int64_t connection_rows_retry_ms = 1'000;      ///< after the database could not be written
  std::size_t connection_rows_waiting_max = 100'000;  ///< of connections that came and went meanwhile
  std::int64_t connection_rows_kept_ms = 7 * 24 * 3'600'000LL;  ///< of connections that have ended
  int forget_rows_per_deed = 2'000;  ///< looked at, once every last_seen_interval_ms

  // ---- what is not stored
  std::int64_t typing_timeout_ms = 6'000;
  std::int64_t presence_grace_ms = 5'000;
  std::int64_t facts_cache_ms = 1'000;  ///< who is in a chat, for typing only
  std::size_t facts_cache_chats_max = 4'096;
  std::size_t typing_chats_per_user_max = 50;
};

/// Of a connection that is in so many chats: for each dispute its notes too, the user's own room, the moderators'.
constexpr std::size_t rooms_for(std::size_t chats) { return 2 * chats + 2; }

}  // namespace rozmova::chat
