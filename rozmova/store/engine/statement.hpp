#pragma once

#include "rozmova/store/engine/engine.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rozmova::store {

/// One SQL statement, prepared at its first use and kept as long as its connection. The SQL is what all our
/// engines understand; where they differ, each connection teaches its engine the other's word.
class Statement {
 public:
  Statement(EngineConnection& connection, const char* sql) : connection_(connection), sql_(sql) {
    connection.announce(sql);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// One execution: bind, then row() until it says no, or done(). Resets the statement when it goes. Texts
  /// that are bound must outlive it.
  class Run {
   public:
    explicit Run(Statement& statement);
    ~Run() { prepared_.reset(); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    Run& bind(std::string_view text) { return prepared_.bind_text(next_++, text), *this; }
    Run& bind(std::int64_t number) { return prepared_.bind_number(next_++, number), *this; }
    Run& bind(const Uuid& id) { return prepared_.bind_uuid(next_++, id), *this; }
    Run& bind_time(WallMs time) { return prepared_.bind_time(next_++, time), *this; }
    Run& bind_time(const std::optional<WallMs>& time) { return time ? bind_time(*time) : bind_null(); }
    Run& bind_time_us(std::int64_t us) { return prepared_.bind_time_us(next_++, us), *this; }
    Run& bind_null() { return prepared_.bind_null(next_++), *this; }
    template <class Value>
    Run& bind(const std::optional<Value>& value) {
      return value ? bind(*value) : bind_null();
    }

    bool row() { return prepared_.step(); }
    void done();  ///< expects no row
    Wrote write() {
      return prepared_.write();
    }  ///< as done(), but a constraint that stands against it is an answer

    bool is_null(int column) const { return prepared_.is_null(column); }
    std::int64_t number(int column) const { return prepared_.number(column); }
    std::string_view text(int column) const { return prepared_.text(column); }  ///< until the next row
    std::string string(int column) const { return std::string(text(column)); }
    Uuid uuid(int column) const { return prepared_.uuid(column); }
    WallMs time(int column) const { return prepared_.time(column); }
    std::int64_t time_us(int column) const { return prepared_.time_us(column); }
    std::optional<Uuid> uuid_or_null(int column) const;
    std::optional<WallMs> time_or_null(int column) const;
    std::optional<std::int64_t> number_or_null(int column) const;
    /// Nothing also for what is no time of ours, in tables that others write.
    std::optional<WallMs> time_if_one(int column) const;

   private:
    const char* sql_;
    Prepared& prepared_;
    int next_ = 1;
  };

  Run run() { return Run(*this); }

 private:
  Prepared& prepared();

  EngineConnection& connection_;
  const char* sql_;
  std::unique_ptr<Prepared> prepared_;
};

}  // namespace rozmova::store
