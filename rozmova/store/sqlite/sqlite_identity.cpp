// What was done and by whom, which tokens are not good any more, whose access may have changed.
#include "rozmova/store/sqlite/sqlite.hpp"

namespace rozmova::store::sqlite {

void Sqlite::audit(const AuditEntry& entry, WallMs now) {
  audit_.run()
      .bind_time(now)
      .bind(entry.actor_id)
      .bind(entry.action)
      .bind(entry.subject_kind)
      .bind(entry.subject_id)
      .bind(entry.detail)
      .done();
}

}  // namespace rozmova::store::sqlite
