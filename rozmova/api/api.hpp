#pragma once

#include "rozmova/api/router.hpp"
#include "rozmova/auth.hpp"
#include "rozmova/chat/chat.hpp"

#include <cstdint>

namespace rozmova::uploads {
class Uploads;
}

namespace rozmova::api {

struct ApiOptions {
  bool demo = false;  ///< people to choose from and sign-in without a password
  std::int64_t demo_token_ms = 12 * 3'600'000;
  uploads::Uploads* uploads = nullptr;  ///< the routes of files, when there is a place for them
};

/// Adds every route of spec §7 that exists: the same deeds as the events, over HTTP. `chat` and `auth` must
/// outlive the router. Handlers run on the shard of the connection.
void add_routes(Router& router, chat::Chat& chat, const Auth& auth, ApiOptions options = {});

}  // namespace rozmova::api
