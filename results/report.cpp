#include "results/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
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

int digits_of(const std::optional<Band>& band) {
  return band && band->high > 1.1 * band->low ? 2 : 3;
}

Cell estimated(double value, const std::optional<Band>& band) {
  if (std::isnan(value)) return {};
  return Estimate{value, digits_of(band)};
}

Cell nonzero(std::int64_t count) {
  if (count == 0) return {};
  return count;
}

namespace {

constexpr int bar_width = 24;

// What the text says of a cell: an estimate no further than its digits.
double number(const Cell& cell) {
  if (const auto* d = std::get_if<double>(&cell)) return *d;
  if (const auto* e = std::get_if<Estimate>(&cell)) return rounded(e->value, e->digits);
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*i);
  return unknown;
}

bool is_scaled(const Column& c) {
  constexpr std::string_view as_they_are[] = {"", "%", "x", "#", "...", ">"};
  return std::ranges::find(as_they_are, c.unit) == std::end(as_they_are);
}

int digits_in(const Cell& cell, int usual = 3) {
  const auto* e = std::get_if<Estimate>(&cell);
  return e ? e->digits : usual;
}

Scale cell_scale(const Cell& cell, const Column& column) {
  const std::string bare = column.unit == "count" ? "" : column.unit;
  const double v = number(cell);
  if (std::isnan(v) || v == 0) return {1, bare};
  // Rounded as it is shown: 999.7 us are 1.00 ms.
  const Scale scale = scale_for(v, bare);
  return scale_for(std::stod(significant(v / scale.factor, digits_in(cell))) * scale.factor, bare);
}

std::string number_text(const Cell& cell, const Column& column, const Scale& scale) {
  const double v = number(cell);
  if (column.unit == "%") return significant(v * 100, digits_in(cell));
  if (is_scaled(column) && !(scale.factor == 1 && std::holds_alternative<std::int64_t>(cell)))
    return significant(v / scale.factor, digits_in(cell));
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *i);
  return significant(v, digits_in(cell, column.unit.empty() ? 4 : 3));
}

// A column as it is printed: its header and a text for each row.
struct Printed {
  std::string header{};
  std::vector<std::string> cells{};
  bool left = false, sentence = false, joined = false;
  std::size_t width = 0;  // of the widest
};

Printed printed(const Table& table, std::size_t c) {
  const Column& column = table.columns[c];
  Printed p{column.title, {}, column.unit == "#", column.unit == "...", column.joined, 0};
  // One prefix for all, where each cell would choose that one.
  std::optional<Scale> common;
  bool agree = is_scaled(column);
  for (const auto& row : table.rows)
    if (agree && !std::isnan(number(row[c])) && number(row[c]) != 0) {
      const Scale scale = cell_scale(row[c], column);
      if (!common) common = scale;
      agree = common->factor == scale.factor;
    }
  if (is_scaled(column) && agree) {
    const std::string unit = common                   ? common->unit
                             : column.unit == "count" ? std::string()
                                                      : column.unit;
    if (!unit.empty()) p.header += " " + unit;
  } else if (column.unit == "%" || column.unit == "x") {
    p.header += " " + column.unit;
  }
  for (const auto& row : table.rows) {
    const Cell& cell = row[c];
    if (const auto* text = std::get_if<std::string>(&cell)) {
      if (column.unit != ">") p.left = true;
      p.cells.push_back(text->empty() ? "-" : *text);
    } else if (column.unit == "#") {
      p.cells.push_back(bar(number(cell), bar_width));
    } else if (std::isnan(number(cell))) {
      p.cells.emplace_back("-");
    } else {
      const Scale scale = !is_scaled(column) ? Scale{}
                          : agree            ? common.value_or(Scale{})
                                             : cell_scale(cell, column);
      p.cells.push_back(number_text(cell, column, scale));
      if (is_scaled(column) && !agree && !scale.unit.empty() && number(cell) != 0)
        p.cells.back() += " " + scale.unit;
    }
  }
  p.width = display_width(p.header);
  for (const std::string& cell : p.cells) p.width = std::max(p.width, display_width(cell));
  return p;
}

bool same_in_all(const Printed& p) {
  return p.cells.size() > 1 && std::ranges::all_of(p.cells, [&](const std::string& cell) {
           return cell == p.cells[0] && !cell.empty();
         });
}

std::string aligned(const std::string& text, const Printed& p, std::size_t width) {
  return p.left || p.sentence ? fmt::format("{:<{}}", text, width)
                              : fmt::format("{:>{}}", text, width);
}

// Header and rows of some columns beside each other; the last may be a sentence, which takes the
// room that is left.
std::string lines_of(const std::vector<const Printed*>& shown, std::size_t columns) {
  std::string all;
  const std::size_t rows = shown[0]->cells.size();
  const auto add_line = [&](std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    all += line + "\n";
  };
  for (std::size_t i = 0; i <= rows; ++i) {
    std::string line = " ";
    std::size_t at = 1;
    for (const Printed* p : shown) {
      const std::string& cell = i == 0 ? p->header : p->cells[i - 1];
      line += " ";
      if (!p->sentence) {
        line += aligned(cell, *p, p->width) + " ";
        at += p->width + 2;
        continue;
      }
      line += wrapped(cell, columns > at + 1 ? columns - at - 1 : 1, 0);
      for (std::size_t feed = line.find('\n'); feed != std::string::npos; feed = line.find('\n')) {
        add_line(line.substr(0, feed));
        line = std::string(at + 1, ' ') + line.substr(feed + 1);
      }
    }
    add_line(std::move(line));
  }
  return all;
}

constexpr std::size_t least_sentence = 28;

std::size_t width_in_line(const Printed& p) {
  return 2 + (p.sentence ? std::min(p.width, least_sentence) : p.width);
}

bool has_text(const Table& table) {
  return std::ranges::any_of(table.columns, [](const Column& c) { return !c.title.empty(); });
}

}  // namespace

std::vector<TextColumn> text_columns(const Table& table) {
  std::vector<TextColumn> all;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].title.empty() || table.columns[c].unit == "#") continue;
    Printed p = printed(table, c);
    all.push_back({std::move(p.header), std::move(p.cells), p.left || p.sentence});
  }
  return all;
}

std::string table_text(const Table& table, std::size_t columns) {
  if (table.rows.empty()) return "";
  std::vector<Printed> all;
  std::vector<std::string> constant;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].title.empty() && table.columns[c].unit != "#") continue;
    Printed p = printed(table, c);
    if (!table.in_full && !table.columns[c].stays && !all.empty() && same_in_all(p) &&
        table.columns[c].unit != "#") {
      if (p.cells[0] != "-") constant.push_back(p.header + " " + p.cells[0]);
    } else {
      all.push_back(std::move(p));
    }
  }
  if (all.empty()) return "";
  std::string text;
  if (!constant.empty())
    text += wrapped(fmt::format("  in each row: {}", fmt::join(constant, ", ")), columns, 4) + "\n";
  for (std::size_t next = 0; next < all.size();) {
    // What goes on below is led by the names of its rows again.
    std::vector<const Printed*> shown;
    std::size_t width = 1;
    for (std::size_t lead = 0; next > 0 && lead < next; ++lead) {
      const std::size_t wider = width + width_in_line(all[lead]);
      if (lead > 0 && (!all[lead].left || wider > columns / 2)) break;
      shown.push_back(&all[lead]);
      width = wider;
    }
    if (next > 0) text += "\n";
    for (const std::size_t from = next; next < all.size();) {
      std::size_t end = next + 1, wider = width + width_in_line(all[next]);
      for (; end < all.size() && all[end].joined; ++end) wider += width_in_line(all[end]);
      if (next != from && wider > columns + 1) break;
      for (width = wider; next < end; ++next) shown.push_back(&all[next]);
    }
    text += lines_of(shown, columns);
  }
  return text;
}

namespace {

// A row that lacks a cell would put every later one under its neighbour's heading.
void check_shape(const std::vector<Report>& reports) {
  for (const Report& r : reports)
    for (const Block& b : r.blocks)
      for (const auto& row : b.table.rows)
        ANE_CHECK(row.size() == b.table.columns.size(), "a row has a cell for each column");
}

}  // namespace

std::string text_of(const std::vector<Report>& reports, std::size_t columns) {
  check_shape(reports);
  std::string all;
  const auto add_prose = [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
      all += wrapped(line, columns, indent + 2) + "\n";
    }
  };
  for (const Report& r : reports) {
    if (!all.empty()) all += "\n";
    if (!r.heading.empty()) all += wrapped(r.heading, columns, 2) + "\n";
    for (const Block& b : r.blocks) {
      if (b.before.empty() && (b.table.rows.empty() || !has_text(b.table)) && b.after.empty())
        continue;
      if (&b != &r.blocks.front()) all += "\n";
      add_prose(b.before);
      all += table_text(b.table, columns);
      add_prose(b.after);
    }
  }
  return all;
}

std::string csv_cell(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return csv_field(*text);
  if (const auto* i = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *i);
  const auto* e = std::get_if<Estimate>(&cell);
  const double v = e ? e->value : number(cell);
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
