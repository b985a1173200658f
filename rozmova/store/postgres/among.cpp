#include "rozmova/store/postgres/among.hpp"

#include "rozmova/store/postgres/nodes.hpp"
#include "rozmova/store/postgres/notices.hpp"

#include <string>
#include <utility>

namespace rozmova::store::postgres {
namespace {

/// One for all: PostgreSQL looks through the channels of a listener for each notice, and whoever gets it knows himself
/// whether it concerns him.
constexpr std::string_view channel = "rozmova_nodes";

class PostgresMembership final : public Membership {
 public:
  PostgresMembership(const PostgresOptions& options, const NodeRow& self, MembershipHooks hooks)
      : nodes_(options, self, std::move(hooks)) {}

 private:
  Nodes nodes_;
};

class PostgresWire final : public Wire {
 public:
  PostgresWire(const PostgresOptions& options, WireHooks hooks)
      : notices_(options, {.heard = [heard = std::move(hooks.heard)](
                                        std::string_view, std::string_view payload) { heard(payload); },
                           .back = std::move(hooks.back),
                           .lost = std::move(hooks.lost)}) {
    notices_.listen(std::string(channel));
  }
  bool say(std::string_view payload) override { return notices_.notify(channel, payload); }

 private:
  Notices notices_;
};

}  // namespace

std::unique_ptr<Membership> make_membership(const PostgresOptions& options, const NodeRow& self,
                                            MembershipHooks hooks) {
  return std::make_unique<PostgresMembership>(options, self, std::move(hooks));
}

std::unique_ptr<Wire> make_wire(const PostgresOptions& options, WireHooks hooks) {
  return std::make_unique<PostgresWire>(options, std::move(hooks));
}

}  // namespace rozmova::store::postgres
