#include "rozmova/store/sql_store/their_writes.hpp"

namespace rozmova::store {

TheirWrites::TheirWrites(const Mapping* mapping) {
  if (mapping == nullptr) return;
  set_order_status = mapped_write(mapping->orders, mapping->orders.set_status, "id status now", "?1, ?2, ?3");
  set_dispute_status =
      mapped_write(mapping->disputes, mapping->disputes.set_status, "id status now", "?1, ?2, ?3");
  set_moderator =
      mapped_write(mapping->disputes, mapping->disputes.set_moderator, "id moderator now", "?1, ?2, ?3");
  insert_dispute = mapped_write(mapping->disputes, mapping->disputes.insert,
                                "id order_id by_whom reason now status", "?1, ?2, ?3, ?4, ?5, 'open'");
}

}  // namespace rozmova::store
