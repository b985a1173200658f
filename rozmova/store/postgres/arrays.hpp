#pragma once

#include "rozmova/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rozmova::store::postgres {

/// A one-dimensional array in PostgreSQL's binary form, built element by element: what `unnest` takes, so that
/// one statement stores many rows. Knows no connection.
class BinaryArray {
 public:
  enum class Of : std::uint32_t { int8 = 20, text = 25, timestamptz = 1184, uuid = 2950 };  ///< pg_type.oid

  explicit BinaryArray(Of type);
  void add(std::int64_t number);
  void add(std::string_view text);
  void add(const Uuid& id);
  void add_null();
  template <class Value>
  void add(const std::optional<Value>& value) {
    value ? add(*value) : add_null();
  }
  void add_time(WallMs time);
  std::int32_t size() const { return count_; }
  /// Good until the next add().
  std::string_view bytes();
  /// The same for good; this one is done with.
  std::string take() { return bytes(), std::move(bytes_); }

 private:
  std::string bytes_;
  std::int32_t count_ = 0;
  bool has_null_ = false;
};

}  // namespace rozmova::store::postgres
