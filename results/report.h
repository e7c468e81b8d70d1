// What a view says, before it is text, JSON or CSV: lines of prose and tables with typed columns. A
// table holds SI units in full precision. The text fits a number of columns: what is the same in
// all rows stands above the table, sentences are broken, and a table that is still too wide goes on
// below itself, led by its first column again. JSON and CSV write the plain SI value under the
// column's key.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/record.h"

namespace ane::results {

// A figure of which the text shows so many digits; JSON and CSV hold all.
struct Estimate {
  double value;
  int digits;
};

// monostate: no meaning; `-` in text, null in JSON, empty in CSV. So is a NaN.
using Cell = std::variant<std::monostate, std::string, double, std::int64_t, Estimate>;

inline constexpr std::size_t usual_columns = 100;  // where the output is no terminal
inline constexpr std::size_t all_columns = 1'000'000'000;

struct Column {
  std::string key{};    // in JSON and CSV: "latency_s"; empty: text only
  std::string title{};  // in text: "latency"; empty: JSON and CSV only
  // "s", "J", "B", "W", "MAC/s", "items/s"...: each cell scaled by its own prefix; the header names
  // the unit where all agree, else each cell does. "count": the same, of a bare prefix. "%": a
  // share of 1. "x": a ratio. "#": a share of 1 drawn as a bar. "...": a sentence, broken into
  // lines.
  // ">": text that stands to the right, as numbers do. Empty: text, or a number as it is.
  std::string unit{};
  bool joined = false;  // never on another line than the column before it
  bool stays = false;   // in the text even where all rows agree
};

struct Table {
  std::string key{};  // of the array in JSON: "operators"
  std::vector<Column> columns{};
  std::vector<std::vector<Cell>> rows{};
  bool in_full = false;  // columns stay in the text even where all rows agree
};

struct Block {
  std::vector<std::string> before{};
  Table table{};  // without rows: not in the text
  std::vector<std::string> after{};
};

struct Report {
  std::string heading{};
  const Record* record = nullptr;  // whose report it is; none where several share one table
  std::vector<Block> blocks{};
};

// "readqc mlp on M4 ane (coreml, ane16, fp16), batch 100"
std::string heading(const Run& run);

// A part's share of a whole; no meaning where the whole is unknown or nothing.
Cell share_of(double part, double whole);
Cell known(double value);  // monostate for NaN
// The same with no more digits than its band justifies: a third is noise where the ends of the band
// are more than a tenth apart.
Cell estimated(double value, const std::optional<Band>& band);
int digits_of(const std::optional<Band>& band);
// The same for a count of which 0 says that there is none.
Cell nonzero(std::int64_t count);

std::string text_of(const std::vector<Report>& reports, std::size_t columns = usual_columns);
// A column as text shows it: its header, which may name a unit, and a text for each row.
struct TextColumn {
  std::string header{};
  std::vector<std::string> cells{};
  bool left = false;  // words rather than numbers
};
// Of all columns that have a title, bars apart.
std::vector<TextColumn> text_columns(const Table& table);

// A table alone.
std::string table_text(const Table& table, std::size_t columns = usual_columns);
// One table of each report, the first or that of the key `table`, under one header. In reports of
// one run each line is led by run (its id, empty where it is not stored), run_workload,
// run_variant, run_chip, run_unit, run_runtime, run_precision and run_batch. RFC 4180 with "\n"
// line ends. InputError for a table that no report has.
std::string csv_of(const std::vector<Report>& reports, std::string_view table = "");

std::string csv_cell(const Cell& cell);

}  // namespace ane::results
