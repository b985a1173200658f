#pragma once

#include "rozmova/store/bridge.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace rozmova::bridge {

/// The body of a delivery: `{id, type, createdAt, data}`. Without `with_content` nothing that people wrote is in it: no
/// text, no names of files, no notes. Pure.
std::string webhook_body(const store::WebhookRow& row, bool with_content);

/// `t=1767225600,v1=<hex>`: HMAC-SHA256 of "1767225600." and the body.
std::string webhook_signature(std::string_view secret, std::int64_t unix_s, std::string_view body);

}  // namespace rozmova::bridge
