#include "rozmova/store/sql_store/their_writes.hpp"

namespace rozmova::store {

TheirWrites::TheirWrites(const Mapping* mapping, Dialect dialect) {
  if (mapping == nullptr) return;
  // PostgreSQL wants to know what a parameter is.
  const bool typed = dialect == Dialect::postgres;
  const char* const id_status_time =
      typed ? "CAST(?1 AS UUID), CAST(?2 AS TEXT), CAST(?3 AS TIMESTAMPTZ)" : "?1, ?2, ?3";
  const char* const id_person_time =
      typed ? "CAST(?1 AS UUID), CAST(?2 AS UUID), CAST(?3 AS TIMESTAMPTZ)" : "?1, ?2, ?3";
  const char* const new_dispute = typed ? "CAST(?1 AS UUID), CAST(?2 AS UUID), CAST(?3 AS UUID), "
                                          "CAST(?4 AS TEXT), CAST(?5 AS TIMESTAMPTZ), CAST('open' AS TEXT)"
                                        : "?1, ?2, ?3, ?4, ?5, 'open'";
  set_order_status =
      mapped_write(mapping->orders, mapping->orders.set_status, "id status now", id_status_time);
  set_dispute_status =
      mapped_write(mapping->disputes, mapping->disputes.set_status, "id status now", id_status_time);
  set_moderator =
      mapped_write(mapping->disputes, mapping->disputes.set_moderator, "id moderator now", id_person_time);
  insert_dispute = mapped_write(mapping->disputes, mapping->disputes.insert,
                                "id order_id by_whom reason now status", new_dispute);
}

}  // namespace rozmova::store
