#include "results/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "isa/error.h"

namespace ane::results {

std::string_view sqlite_version() {
  return sqlite3_libversion();
}

namespace {

constexpr int busy_milliseconds = 30'000;  // how long a writer waits for another

// What the user can do about it.
std::string_view advice(int primary) {
  switch (primary) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "give another file with --db, or move this one away";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "give --db FILE in a folder that exists and that you may write to";
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "the disk is full or unreadable; what was being written is not in the file";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program has held the file for too long; try again";
    default:
      return "the file does not hold what its version says; give another with --db";
  }
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

namespace {

// SQLite reads "", ":memory:" and "file:..." as something else than a file of this name.
std::string file_name(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

std::string immutable_uri(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : file_name(path))
    uri += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02x}", static_cast<unsigned char>(c))
                                            : std::string(1, c);
  return uri + "?immutable=1";
}

bool allowed(const std::string& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

// SQLite writes the file and, beside it, the log of what is new.
bool writable(const std::string& path) {
  return allowed(path, W_OK) &&
         allowed(std::filesystem::path(file_name(path)).parent_path().string(), W_OK);
}

bool has_bytes(const std::string& path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return !absent && size > 0;
}

}  // namespace

Database::Database(std::string path, Open how) : path_(std::move(path)) {
  if (path_.empty())
    throw InputError("", "the name of the results file is empty", "give a file with --db");
  if (std::error_code unknown;
      how == Open::existing && !std::filesystem::exists(path_, unknown) && !unknown)
    throw InputError(path_, "there is no such results file",
                     "a run makes it: anesim run resnet50 --db " + path_);
  if (how == Open::create) {
    open(file_name(path_), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  } else if (!allowed(path_, R_OK) || writable(path_)) {
    open(file_name(path_), SQLITE_OPEN_READWRITE);
  } else if (!has_bytes(path_ + "-wal")) {
    // The log's index is a file that every reader writes to; without a log none is needed.
    open(immutable_uri(path_), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  } else {
    // Its writer's index may be readable.
    open(file_name(path_), SQLITE_OPEN_READONLY);
    if (!try_read())
      throw InputError(path_, "has runs in its log, " + path_ + "-wal, that cannot be read here",
                       "copy both files to a folder that you may write to");
  }
}

Database Database::in_memory() {
  Database memory;
  memory.path_ = ":memory:";
  memory.open(memory.path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY);
  return memory;
}

void Database::open(const std::string& name, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_milliseconds);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
}

bool Database::try_read() {
  const int code =
      sqlite3_exec(handle_.get(), "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  const int primary = code & 0xff;
  if (code != SQLITE_OK && primary != SQLITE_CANTOPEN && primary != SQLITE_READONLY) fail(code);
  return code == SQLITE_OK;
}

void Database::continue_in_memory() {
  sqlite3_int64 size = 0;
  unsigned char* const image = sqlite3_serialize(handle_.get(), "main", &size, 0);
  if (image == nullptr) fail(SQLITE_NOMEM);
  // Bytes 18 and 19 of the header: 2 says that there is a log.
  if (size > 19) image[18] = image[19] = 1;
  const std::string name = path_;
  *this = in_memory();
  path_ = name;
  const int code =
      sqlite3_deserialize(handle_.get(), "main", image, size, size,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
  if (code != SQLITE_OK) fail(code);
}

bool Database::read_only() const {
  return sqlite3_db_readonly(handle_.get(), "main") == 1;
}

void Database::fail(int code) const {
  const int primary = code & 0xff;
  ANE_CHECK(primary != SQLITE_MISUSE && primary != SQLITE_RANGE, "SQLite used wrongly");
  const char* what = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  throw InputError(path_, fmt::format("results database: {}", what), std::string(advice(primary)));
}

void Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

bool Database::try_execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) fail(code);
  return code == SQLITE_OK;
}

std::int64_t Database::number(const std::string& sql) {
  Statement s(*this, sql);
  return s.step() ? s.integer(0) : 0;
}

void Statement::Finalize::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(database.handle_.get(), sql.c_str(), -1, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind_at(int at, std::string_view value) {
  // A null pointer would store NULL; the text may be gone before the step.
  const char* data = value.data() ? value.data() : "";
  const int code =
      sqlite3_bind_text(handle_.get(), at, data, static_cast<int>(value.size()), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind_at(int at, double value) {
  const int code = sqlite3_bind_double(handle_.get(), at, value);
  if (code != SQLITE_OK) database_.fail(code);
}

void Statement::bind_at(int at, std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), at, value);
  if (code != SQLITE_OK) database_.fail(code);
}

bool Statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
  sqlite3_reset(handle_.get());
}

std::string Statement::text(int column) const {
  const auto* data = sqlite3_column_text(handle_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return data ? std::string(reinterpret_cast<const char*>(data), size) : std::string();
}

double Statement::real(int column) const {
  return is_null(column) ? std::numeric_limits<double>::quiet_NaN()
                         : sqlite3_column_double(handle_.get(), column);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const InputError&) {
    // SQLite has already rolled back (disk full, I/O error); the first error is on its way.
  }
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace ane::results
