#include "sioxx/redis/reply.hpp"

#include <hiredis/hiredis.h>

namespace sioxx::redis {

Reply::Kind Reply::kind() const {
  switch (raw_->type) {
    case REDIS_REPLY_STRING: return Kind::text;
    case REDIS_REPLY_INTEGER: return Kind::integer;
    case REDIS_REPLY_ARRAY: return Kind::array;
    case REDIS_REPLY_NIL: return Kind::nil;
    case REDIS_REPLY_STATUS: return Kind::status;
    default: return Kind::error;
  }
}

std::string_view Reply::text() const {
  return raw_->str == nullptr ? std::string_view() : std::string_view(raw_->str, raw_->len);
}

std::int64_t Reply::integer() const { return raw_->type == REDIS_REPLY_INTEGER ? raw_->integer : 0; }

std::size_t Reply::size() const { return raw_->type == REDIS_REPLY_ARRAY ? raw_->elements : 0; }

Reply Reply::operator[](std::size_t n) const { return Reply(raw_->element[n]); }

}  // namespace sioxx::redis
