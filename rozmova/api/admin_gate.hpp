#pragma once

#include "rozmova/api/routes.hpp"
#include "rozmova/store/store.hpp"

#include <string>
#include <string_view>

namespace rozmova::api {

/// The one door to the admin routes. Open for SERVICE_TOKEN and for users whose role is admin, by their token or,
/// when that names none, by the users table as it is now. Behind it the deed runs on the shard of the connection
/// with `call.who.role == Role::admin`; `call.is_service` tells the two apart. add() uses it for every route with
/// Guard::admin.
void add_behind_gate(Router& router, const FloorPtr& floor, Route route, Deed deed);

/// Who acts, for the audit log and for deeds: the service has no id and no rate.
chat::Caller administrator(const Call& call);
store::AuditEntry audit_entry(const Call& call, std::string_view action, std::string_view subject_kind,
                              std::string subject_id);

}  // namespace rozmova::api
