// SQLite with its handles owned and its errors told as the user's: what the store needs, no more. A
// file may come from anyone: what its schema holds calls no function that could do harm, and no
// other file is ever attached.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ane::results {

std::string_view sqlite_version();  // of the library in use

class Database {
 public:
  // existing: an absent file is the user's error, and one that cannot be written to is only read,
  // on a file system that cannot be written to as well.
  enum class Open { create, existing };
  Database(std::string path, Open open);
  static Database in_memory();

  // Nothing that is done from here on reaches the file.
  void continue_in_memory();
  bool read_only() const;

  void execute(const std::string& sql);         // several statements, no result
  bool try_execute(const std::string& sql);     // false: another connection holds the file
  std::int64_t number(const std::string& sql);  // first column of the first row, 0 when no row
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  Database() = default;
  void open(const std::string& name, int flags);
  bool try_read();  // false: the log's index cannot be read or made
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
