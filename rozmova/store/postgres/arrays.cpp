// array = ndim(1) has_null(0|1) element_oid length lower_bound(1) element*        all 32 bits, big-endian
// element = -1 | byte_count bytes
#include "rozmova/store/postgres/arrays.hpp"

namespace rozmova::store::postgres {
namespace {

constexpr std::size_t has_null_at = 4, length_at = 12;
constexpr std::int64_t unix_ms_of_2000 = 946'684'800'000;  ///< PostgreSQL counts from 2000-01-01
constexpr std::int32_t null_element = -1;

template <class Number>
void put(std::string& out, std::size_t at, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i)
    out[at + i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * (sizeof number - 1 - i)));
}

template <class Number>
void append(std::string& out, Number number) {
  out.resize(out.size() + sizeof number);
  put(out, out.size() - sizeof number, number);
}

}  // namespace

BinaryArray::BinaryArray(Of type) {
  append(bytes_, std::int32_t{1});
  append(bytes_, std::int32_t{0});
  append(bytes_, static_cast<std::uint32_t>(type));
  append(bytes_, std::int32_t{0});
  append(bytes_, std::int32_t{1});
}

void BinaryArray::add(std::int64_t number) {
  append(bytes_, static_cast<std::int32_t>(sizeof number));
  append(bytes_, number);
  ++count_;
}

void BinaryArray::add(std::string_view text) {
  append(bytes_, static_cast<std::int32_t>(text.size()));
  bytes_.append(text);
  ++count_;
}

void BinaryArray::add(const Uuid& id) {
  append(bytes_, static_cast<std::int32_t>(id.bytes.size()));
  bytes_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  ++count_;
}

void BinaryArray::add_null() {
  append(bytes_, null_element);
  has_null_ = true;
  ++count_;
}

void BinaryArray::add_time(WallMs time) { add((time - unix_ms_of_2000) * 1'000); }

std::string_view BinaryArray::bytes() {
  put(bytes_, has_null_at, std::int32_t{has_null_});
  put(bytes_, length_at, count_);
  return bytes_;
}

}  // namespace rozmova::store::postgres
