// A results file that another program wrote to: bytes of it changed, or values in its tables. What
// opens is listed, loaded and shown in every view.
#include "results/store.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "isa/error.h"
#include "results/view.h"
#include "tests/fuzz/target.h"
#include "tests/results/records.h"

namespace ane::fuzz {
namespace {

using results::Database;
using results::Statement;
using results::Store;

std::string make_file() {
  const File file("");
  {
    Store store(file.path());
    store.add(results::ane_record());
    store.add(results::cpu_record());
    Database(file.path(), Database::Open::existing)
        .execute("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
  }
  std::ifstream in(file.path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Cell {
  std::string table, column;
};
std::vector<Cell> cells_of(const std::string& path) {
  std::vector<Cell> cells;
  Database db(path, Database::Open::existing);
  Statement rows(db,
                 "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c "
                 "WHERE m.type = 'table' ORDER BY m.name, c.cid");
  while (rows.step()) cells.push_back({rows.text(0), rows.text(1)});
  return cells;
}

// Anything that a column can hold: an integer, a real, a text.
void change_value(Database& db, const Cell& cell, Choices& choices) {
  const std::size_t kind = choices.below(4);
  Statement update(db, "UPDATE OR IGNORE " + cell.table + " SET " + cell.column + " = ?");
  if (kind == 0) {
    update.bind_at(1, static_cast<std::int64_t>(choices.number(8)));
  } else if (kind == 1) {
    const std::uint64_t bits = choices.number(8);
    double value = 0;
    std::memcpy(&value, &bits, 8);
    update.bind_at(1, value);
  } else if (kind == 2) {
    update.bind_at(1, choices.piece(choices.below(32)));
  } else {
    update.bind_at(1, static_cast<std::int64_t>(static_cast<std::int8_t>(choices.number(1))));
  }
  update.run();
}

void change_bytes(std::string& file, Choices& choices) {
  while (!choices.empty()) {
    const std::size_t at = choices.number(3) % file.size();
    const std::string_view bytes = choices.piece(choices.below(8) + 1);
    file.replace(at, std::min(bytes.size(), file.size() - at), bytes.substr(0, file.size() - at));
  }
}

void show(Store& store) {
  std::vector<results::Record> records;
  for (const results::Listing& l : store.list()) try {
      store.find(l.run);
      records.push_back(store.load(l.id));
    } catch (const InputError&) {
    }
  if (records.empty()) return;
  for (const results::View& view : results::views())
    for (const auto style : {results::Style::text, results::Style::json, results::Style::csv}) try {
        results::render(view.name, records, style);
      } catch (const InputError&) {
      }
}

}  // namespace

void read(std::string_view bytes) {
  static const std::string original = make_file();
  Choices choices(bytes);
  const bool values = choices.flag();
  std::string changed = original;
  if (!values) change_bytes(changed, choices);
  const File file(changed);
  if (values) {
    static const std::vector<Cell> cells = cells_of(file.path());
    Database db(file.path(), Database::Open::existing);
    db.execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN");
    while (!choices.empty()) try {
        change_value(db, choices.one_of(cells), choices);
      } catch (const InputError&) {  // refused by the table's own rules
      }
    db.execute("COMMIT");
  }
  Store store(file.path(), Store::Open::existing);
  show(store);
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (char column = 0; column < 100; column += 9)
    all.push_back(std::string("\1") + column + std::string("\3\x7f", 2));
  all.push_back(std::string("\0\0\x10\0\3abcd", 8));
  all.push_back(std::string("\0\0\0\x3c\3\0\0\0\2", 9));
  return all;
}

}  // namespace ane::fuzz
