// SQLite with its handles owned and its errors told as the user's: what the store needs, no more.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ane::results {

class Database {
 public:
  enum class Open { create, existing };  // existing: an absent file is the user's error
  Database(std::string path, Open open);

  void execute(const std::string& sql);         // several statements, no result
  bool try_execute(const std::string& sql);     // false: another connection holds the file
  std::int64_t number(const std::string& sql);  // first column of the first row, 0 when no row
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  // Throws an InputError that names the file and what SQLite found wrong with it.
  [[noreturn]] void fail(int code) const;

  struct Close {
    void operator()(sqlite3* handle) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// Parameters count from 1 in the order of the `?`, columns from 0. A NaN is stored as NULL and NULL
// read as NaN, the empty text or 0.
class Statement {
 public:
  Statement(Database& database, const std::string& sql);

  template <class... Values>
  Statement& bind(const Values&... values) {
    int at = 0;
    (bind_at(++at, values), ...);
    return *this;
  }
  void bind_at(int at, std::string_view value);
  void bind_at(int at, double value);
  void bind_at(int at, std::int64_t value);
  void bind_at(int at, int value) { bind_at(at, std::int64_t{value}); }

  bool step();  // true: a row can be read
  void run();   // to its end, then ready to be bound again

  std::string text(int column) const;
  double real(int column) const;
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const;
  };
  Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Takes the write lock at once, so that what is read inside still holds when it is written. Rolled
// back unless commit() is reached.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace ane::results
