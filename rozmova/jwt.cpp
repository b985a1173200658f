#include "rozmova/jwt.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace rozmova::jwt {

namespace {

namespace json = boost::json;
using boost::json::error_code;

constexpr std::size_t text_bytes_max = 4'096;

/// Listens to the parser and keeps the wanted members of the outermost object.
class Collector {
 public:
  static constexpr std::size_t max_object_size = members_max;
  static constexpr std::size_t max_array_size = members_max;
  static constexpr std::size_t max_key_size = 256;
  static constexpr std::size_t max_string_size = text_bytes_max;

  using Wanted = std::pair<std::string_view, Claim*>;
  explicit Collector(std::vector<Wanted> wanted) : wanted_(std::move(wanted)) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code& ec) {
    if (depth_ > 0) open_nested();
    return enter(ec);
  }
  bool on_object_end(std::size_t, error_code&) { return leave(); }

  bool on_array_begin(error_code& ec) {
    if (depth_ == 0) return fail(ec);
    if (depth_ == 1) {
      put(std::vector<std::string>{});
      list_ = target_ == nullptr ? nullptr : std::get_if<std::vector<std::string>>(target_);
    } else {
      open_nested();
    }
    return enter(ec);
  }
  bool on_array_end(std::size_t, error_code&) { return leave(); }

  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code& ec) {
    text_.append(part.data(), part.size());
    const std::string key = std::exchange(text_, {});
    if (depth_ != 1) return true;
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) return fail(ec);
    const auto found =
        std::find_if(wanted_.begin(), wanted_.end(), [&](const Wanted& w) { return w.first == key; });
    target_ = found == wanted_.end() ? nullptr : found->second;
    seen_.push_back(key);
    return true;
  }

  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code& ec) {
    text_.append(part.data(), part.size());
    std::string text = std::exchange(text_, {});
    if (depth_ == 2 && list_ != nullptr) {
      list_->push_back(std::move(text));
      return true;
    }
    return scalar(std::move(text), ec);
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, error_code& ec) {
    return scalar(static_cast<double>(value), ec);
  }
  bool on_uint64(std::uint64_t value, json::string_view, error_code& ec) {
    return scalar(static_cast<double>(value), ec);
  }
  bool on_double(double value, json::string_view, error_code& ec) { return scalar(value, ec); }
  bool on_bool(bool value, error_code& ec) { return scalar(value, ec); }
  bool on_null(error_code& ec) { return scalar(Null{}, ec); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  static bool fail(error_code& ec) {
    ec = json::error::syntax;
    return false;
  }
  bool enter(error_code& ec) { return ++depth_ <= json_depth_max || fail(ec); }
  bool leave() {
    --depth_;
    if (depth_ <= 1) list_ = nullptr;
    return true;
  }
  void put(Claim claim) {
    if (target_ != nullptr) *target_ = std::move(claim);
  }
  /// Something nested begins: its member is no text, no number, and no plain list either.
  void open_nested() {
    put(Nested{});
    list_ = nullptr;
  }
  bool scalar(Claim claim, error_code& ec) {
    if (depth_ == 0) return fail(ec);
    if (depth_ == 1) {
      put(std::move(claim));
    } else if (list_ != nullptr) {
      open_nested();
    }
    return true;
  }

  std::vector<Wanted> wanted_;
  std::vector<std::string> seen_;
  std::string text_;
  std::size_t depth_ = 0;
  Claim* target_ = nullptr;
  std::vector<std::string>* list_ = nullptr;
};

bool collect(std::string_view text, std::vector<Collector::Wanted> wanted) {
  json::parse_options options;
  options.max_depth = json_depth_max;
  json::basic_parser<Collector> parser(options, std::move(wanted));
  error_code ec;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), ec);
  return !ec && read == text.size() && parser.done();
}

}  // namespace

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos || first == 0) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || second == first + 1) return std::nullopt;
  if (token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

std::optional<Header> parse_header(std::string_view text) {
  Header header;
  Claim crit;
  if (!collect(text, {{"alg", &header.alg}, {"typ", &header.typ}, {"kid", &header.kid}, {"crit", &crit}}))
    return std::nullopt;
  header.has_crit = crit.index() != 0;
  return header;
}

std::optional<Claims> parse_claims(std::string_view text) {
  Claims claims;
  if (!collect(text, {{"sub", &claims.sub},
                      {"userId", &claims.user_id},
                      {"id", &claims.id},
                      {"role", &claims.role},
                      {"name", &claims.name},
                      {"jti", &claims.jti},
                      {"iss", &claims.iss},
                      {"aud", &claims.aud},
                      {"exp", &claims.exp},
                      {"nbf", &claims.nbf},
                      {"iat", &claims.iat}})) {
    return std::nullopt;
  }
  return claims;
}

}  // namespace rozmova::jwt
