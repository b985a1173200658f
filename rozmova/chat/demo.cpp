#include "rozmova/chat/demo.hpp"

#include "rozmova/chat/notice_text.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rozmova::chat {

namespace {

constexpr std::string_view olena = "0197a1b2-0001-7000-8000-000000000001";
constexpr std::string_view james = "0197a1b2-0002-7000-8000-000000000002";
constexpr std::string_view taras = "0197a1b2-0003-7000-8000-000000000003";
constexpr std::string_view sofia = "0197a1b2-0004-7000-8000-000000000004";
constexpr std::string_view mariia = "0197a1b2-0005-7000-8000-000000000005";
constexpr std::string_view iryna = "0197a1b2-0006-7000-8000-000000000006";

constexpr std::array<DemoPerson, 6> people = {{
    {olena, "Олена Коваленко", Role::client, "uk"},
    {james, "James Whitfield", Role::client, "en"},
    {taras, "Тарас Мельник", Role::performer, "uk"},
    {sofia, "Sofia Lindqvist", Role::performer, "en"},
    {mariia, "Марія Бондаренко", Role::moderator, "uk"},
    {iryna, "Ірина Гнатюк", Role::admin, "uk"},
}};

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;
constexpr std::int64_t day_ms = 24 * hour_ms;

struct Line {
  std::string_view sender;
  std::int64_t ago_ms;  ///< before the moment of seeding
  std::string_view text;
  std::size_t answers = 0;           ///< the number of a line above, from 1 on
  std::string_view first_said = {};  ///< and then edited to `text`
  bool is_deleted = false;
};

/// How far a dispute has come; each step at its time.
struct DemoDispute {
  std::string_view id;
  std::string_view opened_by;
  std::int64_t opened_ago_ms;
  std::string_view reason;
  std::vector<Line> lines;
  std::int64_t review_ago_ms = 0;    ///< the moderator takes it; 0: not yet
  std::vector<Line> notes = {};      ///< among moderators
  std::int64_t resolved_ago_ms = 0;  ///< the order is completed by that
  std::int64_t closed_ago_ms = 0;
};

struct DemoOrder {
  std::string_view id;
  std::string_view title;
  OrderStatus status;
  std::int64_t amount_minor;
  std::string_view currency;
  std::string_view client, performer;
  std::int64_t created_ago_ms;
  std::int64_t deadline_in_ms;               ///< 0: none
  std::int64_t client_read, performer_read;  ///< read positions
  std::vector<Line> lines;
  std::vector<DemoDispute> disputes = {};
};

std::vector<DemoOrder> demo_orders() {
  return {
      {"0197a1b2-1001-7000-8000-000000001001",
       "Ремонт кухонного змішувача",
       OrderStatus::in_progress,
       1'200'00,
       "UAH",
       olena,
       taras,
       2 * day_ms,
       5 * hour_ms,
       6,
       7,
       {
           {olena, 2 * day_ms - 10 * minute_ms,
            "Добрий день! Капає змішувач на кухні, вже набігло пів миски за ніч. Зможете подивитися?"},
           {taras, 2 * day_ms - 22 * minute_ms,
            "Вітаю, Олено! Так, звісно. Який у вас змішувач: одноважільний чи з двома вентилями?"},
           {olena, 2 * day_ms - 25 * minute_ms,
            "Одноважільний, років п’ять йому. Капає з носика, коли закрито."},
           {taras, 2 * day_ms - 31 * minute_ms,
            "Найімовірніше, картридж. Він коштує близько 350 грн, робота 850. Візьму два розміри, щоб не їздити двічі."},
           {olena, 2 * day_ms - 40 * minute_ms, "Чудово, погоджуюсь. Завтра після 17:00 підійде?"},
           {taras, 26 * hour_ms,
            "Так, буду о 17:30. Перекрийте, будь ласка, воду під мийкою, якщо кран там є.", 5,
            "Так, буду о 17:00. Перекрийте, будь ласка, воду під мийкою, якщо кран там є."},
           {olena, 25 * hour_ms, "Перекрила 👍 Домофон 47."},
           {taras, 38 * minute_ms,
            "Олено, картридж замінив, але прокладка на гнучкому шлангу теж тріснула. Довезу сьогодні, це безкоштовно."},
       }},
      {"0197a1b2-1002-7000-8000-000000001002",
       "Переклад договору оренди, EN → UK, 6 сторінок",
       OrderStatus::delivered,
       85'00,
       "EUR",
       olena,
       sofia,
       5 * day_ms,
       0,
       5,
       5,
       {
           {olena, 5 * day_ms - 5 * minute_ms,
            "Hello Sofia! I need a rental contract translated into Ukrainian. Six pages, no notary needed."},
           {sofia, 5 * day_ms - 50 * minute_ms,
            "Hi Olena, happy to help. Two working days, 85 EUR. Do you want the tables kept as in the original?"},
           {olena, 5 * day_ms - 55 * minute_ms,
            "Yes please, same layout. And could you keep the party names in Latin script?"},
           {sofia, 4 * day_ms,
            "Noted. One question: clause 7.2 says “fair wear and tear”. I would use «природне зношення» there."},
           {olena, 4 * day_ms - 20 * minute_ms, "Так, саме так. Дякую!", 4},
           {sofia, 3 * hour_ms,
            "Готово: переклад на шести сторінках, таблиці на своїх місцях. Please have a look and tell me if anything reads odd."},
       }},
      {"0197a1b2-1003-7000-8000-000000001003",
       "Logo for a small bakery",
       OrderStatus::accepted,
       240'50,
       "EUR",
       james,
       sofia,
       20 * hour_ms,
       9 * day_ms,
       5,
       4,
       {
           {james, 20 * hour_ms - 2 * minute_ms,
            "Hi! We are opening a bakery in spring and need a logo: warm, simple, works on a paper bag in one colour."},
           {sofia, 18 * hour_ms,
            "Lovely brief, James. Do you have a name already, and any colours you can't stand?"},
           {james, 17 * hour_ms, "“Crumb & Co.” And please no brown, everybody does brown 🙂"},
           {james, 17 * hour_ms - 5 * minute_ms, "Or perhaps a very light brown?", 0, {}, true},
           {sofia, 90 * minute_ms, "Got it, no brown. I'll send three sketches by Thursday."},
       }},
      {"0197a1b2-1004-7000-8000-000000001004",
       "Збірка книжкових полиць, 4 шт.",
       OrderStatus::created,
       900'00,
       "UAH",
       james,
       taras,
       35 * minute_ms,
       3 * day_ms,
       1,
       0,
       {
           {james, 34 * minute_ms,
            "Hello! Four bookshelves to assemble, all parts are here. I don't speak Ukrainian well, is English all right?"},
       }},
      {"0197a1b2-1005-7000-8000-000000001005",
       "Фарбування паркану, 18 м",
       OrderStatus::delivered,
       4'600'00,
       "UAH",
       olena,
       taras,
       6 * day_ms,
       0,
       3,
       3,
       {
           {olena, 6 * day_ms - 15 * minute_ms,
            "Паркан дерев’яний, 18 метрів, фарба моя, темно-зелена. Коли зможете?"},
           {taras, 5 * day_ms, "У суботу зранку. Якщо не буде дощу, за день упораюся."},
           {taras, 26 * hour_ms, "Готово, два шари. Фото надішлю, щойно доїду додому."},
       },
       {{"0197a1b2-2005-7000-8000-000000002005",
         olena,
         80 * minute_ms,
         "Нижні дошки не пофарбовано, а в оплату їх включено.",
         {
             {taras, 55 * minute_ms,
              "Там трава по коліно, попередив одразу. Скосите — дофарбую безкоштовно."},
         }}}},
      {"0197a1b2-1006-7000-8000-000000001006",
       "Product photos, 24 ceramics",
       OrderStatus::in_progress,
       310'00,
       "EUR",
       james,
       sofia,
       12 * day_ms,
       0,
       3,
       2,
       {
           {james, 12 * day_ms - 30 * minute_ms,
            "24 pieces, white background, two angles each. Can you do it by the 10th?"},
           {sofia, 11 * day_ms, "Yes, if the parcel is here by Monday."},
           {james, 4 * day_ms, "The parcel arrived a week ago. Any news?"},
       },
       {{"0197a1b2-2006-7000-8000-000000002006",
         james,
         3 * day_ms,
         "No photos, no answer for a week.",
         {
             {sofia, 2 * day_ms + 6 * hour_ms,
              "I was ill, I am sorry. Half of them are done, I can show them tomorrow."},
             {james, 2 * day_ms + 2 * hour_ms, "Tomorrow is fine if I really see them."},
             {mariia, 2 * day_ms - 2 * hour_ms,
              "I have looked at both sides. Sofia, please post the first half here today."},
         },
         2 * day_ms,
         {
             {mariia, 2 * day_ms - 60 * minute_ms,
              "Перше звернення на Софію за два роки. Варто дати час до п’ятниці."},
             {iryna, 20 * hour_ms, "Згодна. Якщо в п’ятницю нічого — скасовуємо з поверненням."},
         }}}},
      {"0197a1b2-1007-7000-8000-000000001007",
       "Заміна замка вхідних дверей",
       OrderStatus::delivered,
       1'900'00,
       "UAH",
       james,
       taras,
       20 * day_ms,
       0,
       3,
       3,
       {
           {james, 20 * day_ms - 40 * minute_ms,
            "The key turns only halfway. Could you change the whole lock?"},
           {taras, 19 * day_ms, "Yes. Tomorrow at ten, I bring a new one with five keys."},
       },
       {{"0197a1b2-2007-7000-8000-000000002007",
         james,
         17 * day_ms,
         "Only three keys came with the lock instead of five.",
         {
             {taras, 16 * day_ms, "Two were still in my bag. I left them with the concierge today."},
             {james, 15 * day_ms + 3 * hour_ms, "Got them, thank you!"},
         },
         16 * day_ms + 6 * hour_ms,
         {},
         15 * day_ms,
         14 * day_ms}}},
  };
}

Uuid id_of(std::string_view text) { return Uuid::parse(text).value(); }

Role role_of(std::string_view id) { return demo_person(id_of(id)).value().role; }

template <class T>
void must(const Result<T>& done) {
  if (!done) throw store::StoreError(store::StoreError::Kind::broken, "demo data: " + done.refusal().message);
}

/// Says them, with what happened to them a few minutes later.
std::vector<Message> say(store::Store& writer, const ChatKey& chat, const std::vector<Line>& lines,
                         WallMs now) {
  constexpr std::int64_t soon_ms = 3 * minute_ms;
  std::vector<Message> said;
  for (const Line& line : lines) {
    NewMessage message;
    message.chat = chat;
    message.sender_id = id_of(line.sender);
    message.sender_role = role_of(line.sender);
    message.content = line.first_said.empty() ? line.text : line.first_said;
    message.client_message_id = "demo-" + std::to_string(line.ago_ms);
    if (line.answers > 0) message.reply_to = said.at(line.answers - 1).id;
    const auto stored = writer.append(message, now - line.ago_ms);
    must(stored);
    said.push_back(stored->message);
    if (line.first_said.empty() && !line.is_deleted) continue;
    store::MessageChange change{chat, stored->message.id, message.sender_id, message.sender_role, {}, day_ms};
    if (!line.is_deleted) change.content = std::string(line.text);
    must(writer.change_message(change, now - line.ago_ms + soon_ms));
  }
  return said;
}

/// The last word that one of the two has not read is waiting for him as a notification.
void notify_absent(store::Store& writer, const store::NewOrder& order, const Message& last) {
  for (const Uuid& reader : {order.client_id, order.performer_id}) {
    if (reader == last.sender_id || writer.read_position(last.chat, reader) >= last.seq) continue;
    const auto sender = writer.user(last.sender_id).value();
    const MessageNews news{last.chat, last.id, last.seq, last.sender_id};
    writer.notify(message_notification(news, writer.user(reader).value(), sender.name), last.created_at);
  }
}

void seed_dispute(store::Store& writer, const Uuid& order, const DemoDispute& demo, WallMs now) {
  const ChatKey chat{ChatKind::dispute, id_of(demo.id)};
  const auto moves = [&](std::string_view status, std::int64_t ago_ms) {
    if (ago_ms == 0) return;
    store::NewStatus wish{chat, std::string(status), id_of(mariia), Role::moderator, {}, {}};
    if (status == text(DisputeStatus::resolved)) wish.order_status = OrderStatus::completed;
    must(writer.change_status(wish, now - ago_ms));
  };
  must(writer.open_dispute(
      {chat.id, order, id_of(demo.opened_by), role_of(demo.opened_by), std::string(demo.reason)},
      now - demo.opened_ago_ms));
  // In the order of their times: what was said before the review, the review, the rest.
  std::vector<Line> before, after;
  for (const Line& line : demo.lines)
    (demo.review_ago_ms == 0 || line.ago_ms > demo.review_ago_ms ? before : after).push_back(line);
  say(writer, chat, before, now);
  moves(text(DisputeStatus::under_review), demo.review_ago_ms);
  say(writer, chat, after, now);
  for (const Line& note : demo.notes) {
    must(writer.add_note({chat.id, id_of(note.sender), role_of(note.sender), std::string(note.text), {}},
                         now - note.ago_ms));
  }
  moves(text(DisputeStatus::resolved), demo.resolved_ago_ms);
  moves(text(DisputeStatus::closed), demo.closed_ago_ms);
}

/// One order with its history. What is there already stays untouched.
void seed_order(store::Store& writer, const DemoOrder& demo, WallMs now) {
  store::NewOrder order;
  order.id = id_of(demo.id);
  order.title = demo.title;
  order.client_id = id_of(demo.client);
  order.performer_id = id_of(demo.performer);
  order.amount_minor = demo.amount_minor;
  order.currency = demo.currency;
  order.status = demo.status;
  if (demo.deadline_in_ms > 0) order.deadline_at = now + demo.deadline_in_ms;
  if (!writer.create_order(order, now - demo.created_ago_ms)) return;

  const ChatKey chat{ChatKind::order, *order.id};
  const auto said = say(writer, chat, demo.lines, now);
  for (const DemoDispute& dispute : demo.disputes) seed_dispute(writer, *order.id, dispute, now);
  writer.mark_read(chat, order.client_id, demo.client_read, now - minute_ms);
  writer.mark_read(chat, order.performer_id, demo.performer_read, now - minute_ms);
  notify_absent(writer, order, said.back());
}

}  // namespace

std::span<const DemoPerson> demo_people() { return people; }

std::optional<User> demo_person(const Uuid& id) {
  for (const DemoPerson& person : people) {
    if (id_of(person.id) == id)
      return User{id, std::string(person.name), person.role, std::string(person.locale)};
  }
  return std::nullopt;
}

void seed_demo(store::Store& writer, WallMs now) {
  writer.begin();
  try {
    for (const DemoPerson& person : people)
      writer.ensure_user(*demo_person(id_of(person.id)), now - 30 * day_ms);
    for (const DemoOrder& order : demo_orders()) seed_order(writer, order, now);
    writer.commit();
  } catch (...) {
    writer.rollback();
    throw;
  }
}

}  // namespace rozmova::chat
