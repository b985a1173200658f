#include "sioxx/engine/handshake.hpp"

namespace sioxx::engine {

Handshake::Handshake() = default;
Handshake::Handshake(const Handshake& other)
    : address(other.address),
      issued(other.issued),
      revision(other.revision),
      secure(other.secure),
      cross_origin(other.cross_origin),
      request_(other.request_ == nullptr ? nullptr : std::make_unique<Request>(*other.request_)) {}
Handshake::Handshake(Handshake&&) noexcept = default;
Handshake& Handshake::operator=(Handshake other) noexcept {
  address = std::move(other.address);
  issued = other.issued;
  revision = other.revision;
  secure = other.secure;
  cross_origin = other.cross_origin;
  request_ = std::move(other.request_);
  return *this;
}
Handshake::~Handshake() = default;

const Handshake::Request& Handshake::request() const {
  static const Request forgotten;
  return request_ != nullptr ? *request_ : forgotten;
}

Handshake::Request& Handshake::request() {
  if (request_ == nullptr) request_ = std::make_unique<Request>();
  return *request_;
}

std::string_view Handshake::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : request().headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

std::string_view Handshake::parameter(std::string_view name) const {
  for (const auto& [key, value] : request().query) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace sioxx::engine
