#include "results/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "isa/error.h"
#include "results/csv.h"
#include "results/text.h"

namespace ane::results {

std::string heading(const Run& run) {
  std::string text = run.workload;
  if (!run.variant.empty()) text += " " + run.variant;
  text += fmt::format(" on {} {} (", run.chip, run.unit);
  std::string within;
  for (const std::string& s : {run.runtime, run.profile, run.precision})
    if (!s.empty()) within += (within.empty() ? "" : ", ") + s;
  text += fmt::format("{}), batch {}", within, run.batch);
  if (!run.overrides.empty()) text += " [" + run.overrides + "]";
  return text;
}

Cell share_of(double part, double whole) {
  if (std::isnan(part) || !(whole > 0)) return {};
  return part / whole;
}

Cell known(double value) {
  if (std::isnan(value)) return {};
  return value;
}

Cell nonzero(std::int64_t count) {
  if (count == 0) return {};
  return count;
}

namespace {

constexpr int bar_width = 24;

double number(const Cell& cell) {
  if (const auto* d = std::get_if<double>(&cell)) return *d;
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*i);
  return unknown;
}

bool is_scaled(const Column& c) {
  return !c.unit.empty() && c.unit != "%" && c.unit != "x" && c.unit != "#";
}

// One prefix a column: that of its median, so that one odd row does not spoil the others.
Scale column_scale(const Table& table, std::size_t column) {
  const std::string& unit = table.columns[column].unit;
  std::vector<double> values;
  for (const auto& row : table.rows)
    if (const double v = number(row[column]); std::abs(v) > 0) values.push_back(std::abs(v));
  const std::string bare = unit == "count" ? "" : unit;
  if (values.empty()) return {1, bare};
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return scale_for(*middle, bare);
}

std::string cell_text(const Cell& cell, const Column& column, const Scale& scale) {
  if (const auto* text = std::get_if<std::string>(&cell)) return text->empty() ? "-" : *text;
  const double v = number(cell);
  if (column.unit == "#") return bar(v, bar_width);
  if (std::isnan(v)) return "-";
  if (column.unit == "%") return significant(v * 100);
  if (is_scaled(column) && !(scale.factor == 1 && std::holds_alternative<std::int64_t>(cell)))
    return significant(v / scale.factor);
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *i);
  return significant(v, column.unit.empty() ? 4 : 3);
}

std::string header_text(const Column& column, const Scale& scale) {
  const std::string unit = is_scaled(column) ? scale.unit : column.unit == "#" ? "" : column.unit;
  return unit.empty() ? column.title : column.title + " " + unit;
}

bool is_left(const Table& table, std::size_t column) {
  if (table.columns[column].unit == "#") return true;
  return std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
    return std::holds_alternative<std::string>(row[column]);
  });
}

std::string table_text(const Table& table) {
  std::vector<std::string> lines(table.rows.size() + 1, " ");
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].title.empty()) continue;
    const Scale scale = is_scaled(table.columns[c]) ? column_scale(table, c) : Scale{};
    std::vector<std::string> cells{header_text(table.columns[c], scale)};
    for (const auto& row : table.rows) cells.push_back(cell_text(row[c], table.columns[c], scale));
    std::size_t width = 0;
    for (const std::string& s : cells) width = std::max(width, s.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
      lines[i] += is_left(table, c) ? fmt::format(" {:<{}} ", cells[i], width)
                                    : fmt::format(" {:>{}} ", cells[i], width);
  }
  std::string all;
  for (const std::string& line : lines)
    all += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  return all;
}

// A row that lacks a cell would put every later one under its neighbour's heading.
void check_shape(const std::vector<Report>& reports) {
  for (const Report& r : reports)
    for (const Block& b : r.blocks)
      for (const auto& row : b.table.rows)
        ANE_CHECK(row.size() == b.table.columns.size(), "a row has a cell for each column");
}

}  // namespace

std::string text_of(const std::vector<Report>& reports) {
  check_shape(reports);
  std::string all;
  for (const Report& r : reports) {
    if (!all.empty()) all += "\n";
    all += r.heading + "\n";
    for (const Block& b : r.blocks) {
      if (b.before.empty() && b.table.rows.empty() && b.after.empty()) continue;
      if (&b != &r.blocks.front()) all += "\n";
      for (const std::string& line : b.before) all += line + "\n";
      if (!b.table.rows.empty()) all += table_text(b.table);
      for (const std::string& line : b.after) all += line + "\n";
    }
  }
  return all;
}

std::string csv_cell(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return csv_field(*text);
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *i);
  const double v = number(cell);
  return std::isnan(v) ? "" : fmt::format("{}", v);
}

namespace {

std::vector<std::string> table_keys(const std::vector<Report>& reports) {
  std::vector<std::string> keys;
  for (const Report& r : reports)
    for (const Block& b : r.blocks)
      if (!b.table.key.empty() && std::ranges::find(keys, b.table.key) == keys.end())
        keys.push_back(b.table.key);
  return keys;
}

// Key and value of the columns that lead a line of a run's table.
std::vector<std::pair<std::string, Cell>> run_cells(const Record& record) {
  const Run& q = record.run;
  return {{"run", nonzero(record.stored.id)},
          {"run_workload", q.workload},
          {"run_variant", q.variant},
          {"run_chip", q.chip},
          {"run_unit", q.unit},
          {"run_runtime", q.runtime},
          {"run_precision", q.precision},
          {"run_batch", q.batch}};
}

}  // namespace

std::string csv_of(const std::vector<Report>& reports, std::string_view key) {
  check_shape(reports);
  if (const auto keys = table_keys(reports);
      !key.empty() && std::ranges::find(keys, key) == keys.end())
    throw InputError("--table", fmt::format("no table '{}' in this view", key),
                     choice_note(key, keys));
  std::string all;
  for (const Report& r : reports) {
    const auto chosen = std::ranges::find_if(r.blocks, [&](const Block& b) {
      return key.empty() ? !b.table.key.empty() : b.table.key == key;
    });
    if (chosen == r.blocks.end()) continue;
    const Table& table = chosen->table;
    std::vector<std::string> names, identity;
    if (r.record)
      for (const auto& [name, cell] : run_cells(*r.record)) {
        names.push_back(name);
        identity.push_back(csv_cell(cell));
      }
    const auto add_line = [&](std::vector<std::string> fields, const auto& field_of) {
      for (std::size_t c = 0; c < table.columns.size(); ++c)
        if (!table.columns[c].key.empty()) fields.push_back(field_of(c));
      all += fmt::format("{}\n", fmt::join(fields, ","));
    };
    if (all.empty()) add_line(names, [&](std::size_t c) { return table.columns[c].key; });
    for (const auto& row : table.rows)
      add_line(identity, [&](std::size_t c) { return csv_cell(row[c]); });
  }
  return all;
}

}  // namespace ane::results
