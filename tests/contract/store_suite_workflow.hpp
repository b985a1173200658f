#pragma once

#include "tests/contract/store_suite.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rozmova::store::testing {

/// Words for what people do to orders and disputes; each deed is a transaction, a millisecond after the last one.
class StoreWorkflow : public StoreSuite {
 protected:
  void SetUp() override {
    StoreSuite::SetUp();
    mariia_ = person(Role::moderator, "Марія");
    ivan_ = person(Role::moderator, "Іван");
    iryna_ = person(Role::admin, "Ірина");
  }

  template <class Deed>
  auto done(Deed deed) {
    ++now_;
    writer_->begin();
    auto result = deed(*writer_);
    writer_->commit();
    return result;
  }
  Result<Changed> moves(const Person& who, const ChatKey& chat, std::string status, std::string note = {},
                        std::optional<OrderStatus> order_status = std::nullopt) {
    const NewStatus wish{chat, std::move(status), who.id, who.role, std::move(note), order_status};
    return done([&](Store& store) { return store.change_status(wish, now_); });
  }
  Changed moved(const Result<Changed>& result) {
    if (result) return *result;
    ADD_FAILURE() << text(result.refusal().code) << ": " << result.refusal().message;
    return {};
  }
  Result<Changed> opens(const Person& who, const Uuid& id, std::string reason = "Не працює") {
    const NewDispute wish{id, order_id_, who.id, who.role, std::move(reason)};
    return done([&](Store& store) { return store.open_dispute(wish, now_); });
  }
  ChatKey opened(const Person& who) {
    const Uuid id = Uuid::v7(now_);
    moved(opens(who, id));
    return {ChatKind::dispute, id};
  }
  Result<Changed> assigns(const Person& who, const ChatKey& dispute, std::optional<Uuid> to) {
    const NewAssignment wish{dispute.id, who.id, who.role, to};
    return done([&](Store& store) { return store.assign_dispute(wish, now_); });
  }
  Result<AddedNote> notes(const Person& who, const ChatKey& dispute, std::string content,
                          std::optional<std::string> client_message_id = std::nullopt) {
    const NewNote note{dispute.id, who.id, who.role, std::move(content), std::move(client_message_id)};
    return done([&](Store& store) { return store.add_note(note, now_); });
  }
  std::string code(const Result<Changed>& result) {
    return result ? (result->repeated ? "repeated" : "ok") : std::string(text(result.refusal().code));
  }
  std::string status_of(const ChatKey& chat) { return reader_->facts(chat)->status; }
  /// An order brought to `status` by those who may.
  void bring_to(std::string_view status) {
    for (const auto& [next, who] : {std::pair{"accepted", &bob_}, std::pair{"in_progress", &bob_},
                                    std::pair{"delivered", &bob_}, std::pair{"completed", &alice_}}) {
      if (status_of(order_) == status) return;
      moved(moves(*who, order_, next));
    }
  }

  Person mariia_, ivan_, iryna_;
};

}  // namespace rozmova::store::testing
