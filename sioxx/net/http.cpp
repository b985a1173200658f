#include "sioxx/net/http.hpp"

namespace sioxx::http {
namespace {

void append_json_string(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

void Reply::send(Response response) {
  if (sink_ == nullptr) return;
  const std::unique_ptr<Sink> sink = std::move(sink_);
  sink->send(std::move(response));
}

void Reply::error(int status, std::string_view code, std::string_view message) {
  Response response;
  response.status = status;
  response.headers.emplace_back("content-type", "application/json; charset=utf-8");
  response.body = R"({"error":{"code":)";
  append_json_string(response.body, code);
  response.body += R"(,"message":)";
  append_json_string(response.body, message);
  response.body += "}}";
  send(std::move(response));
}

}  // namespace sioxx::http
