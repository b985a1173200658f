#pragma once

#include "rozmova/store/among.hpp"
#include "rozmova/store/postgres/connection.hpp"

#include <memory>

namespace rozmova::store::postgres {

/// Nodes and Notices behind the seam of a StoreFactory.
std::unique_ptr<Membership> make_membership(const PostgresOptions& options, const NodeRow& self,
                                            MembershipHooks hooks);
std::unique_ptr<Wire> make_wire(const PostgresOptions& options, WireHooks hooks);

}  // namespace rozmova::store::postgres
