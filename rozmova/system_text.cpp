#include "rozmova/system_text.hpp"

#include <optional>

namespace rozmova {
namespace {

/// The same in both languages.
struct Words {
  std::string_view en, uk;
  std::string_view in(std::string_view locale) const { return locale == "uk" ? uk : en; }
};

Words of_order(std::optional<OrderStatus> now, std::string_view before) {
  if (!now) return {"The order has changed", "Замовлення змінилося"};
  switch (*now) {
    case OrderStatus::created:
      return {"The order waits to be accepted", "Замовлення чекає на згоду виконавця"};
    case OrderStatus::accepted: return {"The order was accepted", "Замовлення прийнято"};
    case OrderStatus::in_progress:
      if (before == text(OrderStatus::delivered))
        return {"The order was sent back", "Роботу повернено на доопрацювання"};
      return {"The work is in progress", "Робота триває"};
    case OrderStatus::delivered: return {"The order was delivered", "Роботу здано"};
    case OrderStatus::completed: return {"The order was completed", "Замовлення завершено"};
    case OrderStatus::cancelled: return {"The order was cancelled", "Замовлення скасовано"};
    case OrderStatus::disputed: return {"A dispute was opened", "Відкрито спір"};
  }
  return {};
}

Words of_dispute(std::optional<DisputeStatus> now) {
  if (!now) return {"The dispute has changed", "Спір змінився"};
  switch (*now) {
    case DisputeStatus::open: return {"The dispute was opened", "Відкрито спір"};
    case DisputeStatus::under_review: return {"The dispute is under review", "Спір розглядають"};
    case DisputeStatus::resolved: return {"The dispute was resolved", "Спір вирішено"};
    case DisputeStatus::rejected: return {"The dispute was rejected", "Спір відхилено"};
    case DisputeStatus::closed: return {"The dispute was closed", "Спір закрито"};
  }
  return {};
}

}  // namespace

std::string sentence_of(ChatKind kind, const Change& change, std::string_view moderator_name,
                        std::string_view locale) {
  if (change.what == Change::What::moderator) {
    if (change.value.empty()) {
      return std::string(Words{"The dispute has no moderator now", "Спір тепер без модератора"}.in(locale));
    }
    const Words by{"The dispute is in the hands of ", "Спором опікується "},
        somebody{"a moderator", "модератор"};
    return std::string(by.in(locale)) +
           std::string(moderator_name.empty() ? somebody.in(locale) : moderator_name);
  }
  if (kind == ChatKind::dispute)
    return std::string(of_dispute(parse_dispute_status(change.value)).in(locale));
  const auto status = parse_order_status(change.value);
  const bool decided = change.dispute_id && status != OrderStatus::disputed;
  const Words decision{"The dispute is decided. ", "Спір вирішено. "};
  return std::string(decided ? decision.in(locale) : std::string_view()) +
         std::string(of_order(status, decided ? std::string_view() : change.previous).in(locale));
}

}  // namespace rozmova
