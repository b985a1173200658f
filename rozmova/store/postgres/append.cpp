// A batch of messages in two journeys to the server and back:
//
//   BEGIN, the chats' locks in one order, facts of all chats, who sends again, roles      expect()
//   one INSERT … SELECT FROM unnest(…) for each kind of chat                              append_all(), later:
//   COMMIT                                                                                with what comes next
//
// What is rare (files, replies, a repeated send, the word of somebody who is no party) goes the way that all
// engines go, in its place among the others.
#include "rozmova/access.hpp"
#include "rozmova/store/postgres/arrays.hpp"
#include "rozmova/store/postgres/store.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>

namespace rozmova::store::postgres {

std::int64_t lock_of(const ChatKey& chat);

namespace {

using Of = BinaryArray::Of;

#define ROZMOVA_FACTS(columns, table, key)                                \
  "SELECT c.id, " columns ", (SELECT m.seq FROM " table " m WHERE m." key \
  " = c.id ORDER BY m.seq DESC LIMIT 1) FROM unnest(CAST($1 AS UUID[])) AS asked (id) "
constexpr const char* lock_chats = "SELECT pg_advisory_xact_lock(k) FROM unnest(CAST($1 AS BIGINT[])) AS k";
constexpr const char* facts_of_orders = ROZMOVA_FACTS(
    "c.id, c.client_id, c.performer_id, NULL, c.status, "
    "EXISTS (SELECT 1 FROM disputes d WHERE d.order_id = c.id AND d.status <> 'closed')",
    "messages", "order_id") "JOIN orders c ON c.id = asked.id";
constexpr const char* facts_of_disputes = ROZMOVA_FACTS(
    "c.order_id, o.client_id, o.performer_id, c.moderator_id, c.status, TRUE", "dispute_messages",
    "dispute_id") "JOIN disputes c ON c.id = asked.id JOIN orders o ON o.id = c.order_id";
#undef ROZMOVA_FACTS
// A subquery for each, not a join: a join is planned once, perhaps over an empty table, and then reads all of it.
#define ROZMOVA_SENT(table, key)                                                                       \
  "SELECT asked.* FROM unnest(CAST($1 AS UUID[]), CAST($2 AS UUID[]), "                                \
  "CAST($3 AS TEXT[])) AS asked (chat, sender, word) WHERE (SELECT TRUE FROM " table " m WHERE m." key \
  " = asked.chat AND m.sender_id = asked.sender AND m.client_message_id = asked.word LIMIT 1)"
constexpr const char* sent_to_orders = ROZMOVA_SENT("messages", "order_id");
constexpr const char* sent_to_disputes = ROZMOVA_SENT("dispute_messages", "dispute_id");
#undef ROZMOVA_SENT
constexpr const char* roles_of = "SELECT id, role FROM users WHERE id = ANY (CAST($1 AS UUID[]))";
constexpr const char* insert_into_orders =
    "INSERT INTO messages (id, order_id, sender_id, receiver_id, content, created_at, seq, client_message_id) "
    "SELECT * FROM unnest(CAST($1 AS UUID[]), CAST($2 AS UUID[]), CAST($3 AS UUID[]), CAST($4 AS UUID[]), "
    "CAST($5 AS TEXT[]), CAST($6 AS TIMESTAMPTZ[]), CAST($7 AS BIGINT[]), CAST($8 AS TEXT[]))";
constexpr const char* insert_into_disputes =
    "INSERT INTO dispute_messages (id, dispute_id, sender_id, content, created_at, seq, client_message_id) "
    "SELECT * FROM unnest(CAST($1 AS UUID[]), CAST($2 AS UUID[]), CAST($3 AS UUID[]), "
    "CAST($4 AS TEXT[]), CAST($5 AS TIMESTAMPTZ[]), CAST($6 AS BIGINT[]), CAST($7 AS TEXT[]))";

std::string_view text_at(const Answer& rows, int row, int column) {
  return {PQgetvalue(rows.get(), row, column),
          static_cast<std::size_t>(PQgetlength(rows.get(), row, column))};
}

Uuid uuid_at(const Answer& rows, int row, int column) {
  const auto id = Uuid::parse(text_at(rows, row, column));
  if (!id) throw StoreError(StoreError::Kind::broken, "PostgreSQL: a column should hold a UUID");
  return *id;
}

/// Who asks again, of one kind of chat.
struct Asked {
  BinaryArray chats{Of::uuid}, senders{Of::uuid}, words{Of::text};
};

/// The messages of a batch, column by column. Not within Batch: clang 14 takes a nested type's initialisers too late
/// to let an optional of it be filled.
struct Rows {
  BinaryArray ids{Of::uuid}, chats{Of::uuid}, senders{Of::uuid}, receivers{Of::uuid}, contents{Of::text},
      times{Of::timestamptz}, seqs{Of::int8}, words{Of::text};
};

}  // namespace

std::size_t PostgresStore::OnceHash::operator()(const Once& once) const {
  const auto& [chat, sender, word] = once;
  return std::hash<ChatKey>{}(chat) ^ (std::hash<Uuid>{}(sender) << 1U) ^ std::hash<std::string>{}(word);
}

void PostgresStore::expect(std::span<const ChatKey> chats, std::span<const NewMessage* const> appends) {
  std::vector<std::int64_t> locks;
  BinaryArray order_ids(Of::uuid), dispute_ids(Of::uuid), senders(Of::uuid), lock_numbers(Of::int8);
  for (const ChatKey& chat : chats) {
    if (chat.id.is_nil() || !expected_.insert(chat).second) continue;
    locks.push_back(lock_of(chat));
    (chat.kind == ChatKind::order ? order_ids : dispute_ids).add(chat.id);
  }
  held_ = expected_;
  std::sort(locks.begin(), locks.end());
  for (const std::int64_t lock : locks) lock_numbers.add(lock);

  Asked asked_orders, asked_disputes;
  for (const NewMessage* message : appends) {
    if (!message->sender_role_from_token) senders.add(message->sender_id);
    if (!message->client_message_id || malformed(*message)) continue;
    Asked& asked = message->chat.kind == ChatKind::order ? asked_orders : asked_disputes;
    asked.chats.add(message->chat.id);
    asked.senders.add(message->sender_id);
    asked.words.add(std::string_view(*message->client_message_id));
  }

  std::vector<Question> questions{{lock_chats, {lock_numbers.bytes()}}};
  std::vector<std::function<void(const Answer&)>> readers{[](const Answer&) {}};
  const auto ask = [&](const char* sql, std::vector<std::string_view> parameters, auto reader) {
    questions.push_back({sql, std::move(parameters)});
    readers.emplace_back(std::move(reader));
  };
  const auto sent_before = [this](ChatKind kind) {
    return [this, kind](const Answer& rows) {
      for (int row = 0; row < PQntuples(rows.get()); ++row) {
        sent_before_.emplace(ChatKey{kind, uuid_at(rows, row, 0)}, uuid_at(rows, row, 1),
                             std::string(text_at(rows, row, 2)));
      }
    };
  };
  if (!appends.empty() && order_ids.size() > 0) {
    ask(facts_of_orders, {order_ids.bytes()}, [this](const Answer& r) { read_facts(ChatKind::order, r); });
  }
  if (!appends.empty() && dispute_ids.size() > 0) {
    ask(facts_of_disputes, {dispute_ids.bytes()},
        [this](const Answer& r) { read_facts(ChatKind::dispute, r); });
  }
  if (asked_orders.words.size() > 0) {
    ask(sent_to_orders,
        {asked_orders.chats.bytes(), asked_orders.senders.bytes(), asked_orders.words.bytes()},
        sent_before(ChatKind::order));
  }
  if (asked_disputes.words.size() > 0) {
    ask(sent_to_disputes,
        {asked_disputes.chats.bytes(), asked_disputes.senders.bytes(), asked_disputes.words.bytes()},
        sent_before(ChatKind::dispute));
  }
  if (senders.size() > 0) {
    ask(roles_of, {senders.bytes()}, [this](const Answer& rows) {
      for (int row = 0; row < PQntuples(rows.get()); ++row)
        roles_.emplace(uuid_at(rows, row, 0), parse_role(text_at(rows, row, 1)).value_or(Role::client));
    });
  }
  const std::vector<Answer> answers = postgres_.ask_all(questions);
  for (std::size_t i = 0; i < answers.size(); ++i) readers[i](answers[i]);
}

void PostgresStore::read_facts(ChatKind kind, const Answer& rows) {
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    ChatFacts facts;
    facts.chat = {kind, uuid_at(rows, row, 0)};
    facts.order_id = uuid_at(rows, row, 1);
    facts.client_id = uuid_at(rows, row, 2);
    facts.performer_id = uuid_at(rows, row, 3);
    if (PQgetisnull(rows.get(), row, 4) == 0) facts.moderator_id = uuid_at(rows, row, 4);
    facts.status = text_at(rows, row, 5);
    facts.order_has_dispute = text_at(rows, row, 6) == "t";
    const std::string_view last = text_at(rows, row, 7);
    std::from_chars(last.data(), last.data() + last.size(), facts.last_seq);
    fill_facts(facts);
    remember(std::move(facts));
  }
}

/// Messages that are made and not yet written.
struct PostgresStore::Batch {
  std::optional<Rows> orders, disputes;
  std::unordered_set<Once, OnceHash> words;
};

std::vector<Result<Appended>> PostgresStore::append_all(std::span<const NewMessage* const> messages,
                                                        WallMs now) {
  std::vector<Result<Appended>> results;
  results.reserve(messages.size());
  Batch batch;
  for (const NewMessage* message : messages) {
    if (auto result = quickly(batch, *message, now)) {
      results.push_back(*std::move(result));
      continue;
    }
    store(batch);
    results.push_back(append(*message, now));
  }
  store(batch);
  return results;
}

std::optional<Result<Appended>> PostgresStore::quickly(Batch& batch, const NewMessage& message, WallMs now) {
  if (auto no = malformed(message)) return Result<Appended>(*std::move(no));
  if (message.type != MessageType::text || !message.attachments.empty() || message.reply_to ||
      !expected_.contains(message.chat)) {
    return std::nullopt;
  }
  ChatFacts* const facts = cached_facts(message.chat);
  if (facts == nullptr) return Result<Appended>(Refusal{ErrorCode::not_found, "there is no such chat"});
  const bool party = message.sender_id == facts->client_id || message.sender_id == facts->performer_id;
  if (!party) return std::nullopt;
  Role role = message.sender_role;
  if (!message.sender_role_from_token) {
    const auto known = roles_.find(message.sender_id);
    role = known != roles_.end() ? known->second : Role::client;
  }
  std::optional<Once> once;
  if (message.client_message_id) {
    once.emplace(message.chat, message.sender_id, *message.client_message_id);
    if (batch.words.contains(*once)) return std::nullopt;
  }
  auto no = may(message.sender_id, role, Deed::send, *facts);
  if (once && sent_before_.contains(*once) && (!no || no->code == ErrorCode::chat_closed)) {
    if (auto first = first_of(message)) return Result<Appended>(Appended{*std::move(first), *facts, true});
  }
  if (no) return Result<Appended>(*std::move(no));

  Message made = make_message(message, *facts, now);
  const bool of_order = message.chat.kind == ChatKind::order;
  auto& rows = of_order ? batch.orders : batch.disputes;
  if (!rows) rows.emplace();
  rows->ids.add(made.id);
  rows->chats.add(made.chat.id);
  rows->senders.add(made.sender_id);
  rows->receivers.add(made.receiver_id);
  rows->contents.add(std::string_view(made.content));
  rows->times.add_time(made.created_at);
  rows->seqs.add(made.seq);
  if (made.client_message_id) {
    rows->words.add(std::string_view(*made.client_message_id));
  } else {
    rows->words.add_null();
  }
  if (once) batch.words.insert(*std::move(once));
  facts->last_seq = made.seq;
  return Result<Appended>(Appended{std::move(made), *facts, false});
}

void PostgresStore::store(Batch& batch) {
  if (auto& r = batch.orders) {
    postgres_.ask_later(insert_into_orders,
                        {r->ids.take(), r->chats.take(), r->senders.take(), r->receivers.take(),
                         r->contents.take(), r->times.take(), r->seqs.take(), r->words.take()});
  }
  if (auto& r = batch.disputes) {
    postgres_.ask_later(insert_into_disputes,
                        {r->ids.take(), r->chats.take(), r->senders.take(), r->contents.take(),
                         r->times.take(), r->seqs.take(), r->words.take()});
  }
  for (const auto& once : batch.words) sent_before_.insert(once);
  batch = {};
}

}  // namespace rozmova::store::postgres
