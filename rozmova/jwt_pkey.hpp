#pragma once

#include "rozmova/jwt_key.hpp"

#include <openssl/evp.h>

#include <memory>
#include <string>

// What the two files about keys share of OpenSSL; nobody else includes it.

namespace rozmova::jwt {

template <auto free>
struct Freed {
  template <class T>
  void operator()(T* thing) const {
    free(thing);
  }
};
template <class T, auto free>
using Owned = std::unique_ptr<T, Freed<free>>;
using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;

/// OpenSSL keeps errors a thread; what was a wrong signature must not surface elsewhere.
void forget_errors();

/// Pins the algorithm that belongs to the key; refused when it belongs to none of ours, or is too weak.
Result<KeyPtr> public_key(PkeyPtr key, std::string id);

}  // namespace rozmova::jwt
