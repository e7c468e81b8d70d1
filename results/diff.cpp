#include "results/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "isa/error.h"
#include "results/text.h"
#include "results/views/views.h"

namespace ane::results {
namespace {

// 0 bytes or products of a record are none that are known.
double counted(std::int64_t n) {
  return n == 0 ? unknown : static_cast<double>(n);
}

struct Quantity {
  std::string_view name, key, title, unit;
  double (*of)(const Totals&);
};
constexpr Quantity quantities[] = {
    {"latency", "latency_s", "latency", "s", [](const Totals& t) { return t.latency_s; }},
    {"throughput", "throughput_items_per_s", "items/s", "count",
     [](const Totals& t) { return t.throughput_items_per_s; }},
    {"energy", "energy_j", "energy", "J", [](const Totals& t) { return t.energy_j; }},
    {"energy_per_item", "energy_per_item_j", "energy an item", "J",
     [](const Totals& t) { return t.energy_j / items_per_call(t); }},
    {"power", "power_w", "power", "W", [](const Totals& t) { return t.power_w; }},
    {"memory", "peak_memory_bytes", "peak memory", "B",
     [](const Totals& t) { return counted(t.peak_memory_bytes); }},
    {"dram", "dram_bytes", "to and from DRAM", "B",
     [](const Totals& t) { return counted(t.dram_bytes); }},
    {"macs", "macs", "MACs", "count", [](const Totals& t) { return counted(t.macs); }},
};

const Quantity& quantity_named(std::string_view name) {
  return *std::ranges::find(quantities, name, &Quantity::name);
}

Cell change_of(double a, double b) {
  return known(a != 0 ? b / a - 1 : b == 0 ? 0.0 : unknown);
}

Block question(const Record& a, const Record& b) {
  struct Field {
    std::string_view name;
    std::string Run::*text;
  };
  static constexpr Field fields[] = {{"workload", &Run::workload}, {"variant", &Run::variant},
                                     {"input", &Run::input},       {"chip", &Run::chip},
                                     {"unit", &Run::unit},         {"runtime", &Run::runtime},
                                     {"profile", &Run::profile},   {"precision", &Run::precision},
                                     {"form", &Run::form},         {"set", &Run::overrides},
                                     {"request", &Run::request},   {"version", &Run::code_version}};
  Block block;
  block.table = {"asked", {{"field", "asked", ""}, {"a", "A", ""}, {"b", "B", "..."}}, {}, true};
  for (const Field& f : fields)
    if (a.run.*f.text != b.run.*f.text)
      block.table.rows.push_back({std::string(f.name), a.run.*f.text, b.run.*f.text});
  const auto numbers = [&](const char* name, std::int64_t of_a, std::int64_t of_b) {
    if (of_a != of_b)
      block.table.rows.push_back({std::string(name), std::to_string(of_a), std::to_string(of_b)});
  };
  numbers("batch", a.run.batch, b.run.batch);
  numbers("items", a.run.items, b.run.items);
  if (a.run.input == b.run.input && a.run.input_digest != b.run.input_digest)
    block.table.rows.push_back(
        {std::string("content of the input"), a.run.input_digest, b.run.input_digest});
  if (block.table.rows.empty()) block.before = {"  one question, one version of the program"};
  return block;
}

// Each figure in its own unit, so that the text's columns need no common one.
Block totals(const Record& a, const Record& b) {
  Block block;
  block.table = {"changes",
                 {{"quantity", "", ""},
                  {"a", "", ""},
                  {"b", "", ""},
                  {"", "figure", ""},
                  {"", "A", ">"},
                  {"", "B", ">"},
                  {"change_share", "change", "%"}},
                 {},
                 true};
  for (const Quantity& q : quantities) {
    const double of_a = q.of(a.totals), of_b = q.of(b.totals);
    if (std::isnan(of_a) && std::isnan(of_b)) continue;
    const std::string unit = q.unit == "count" ? "" : std::string(q.unit);
    block.table.rows.push_back({std::string(q.key), known(of_a), known(of_b), std::string(q.title),
                                with_unit(of_a, unit), with_unit(of_b, unit),
                                change_of(of_a, of_b)});
  }
  std::vector<std::string> metrics;
  for (const Record* r : {&a, &b})
    for (const Part& p : r->totals.accuracy)
      if (std::ranges::find(metrics, p.name) == metrics.end()) metrics.push_back(p.name);
  const auto value = [](const Record& r, const std::string& name) {
    const auto at = std::ranges::find(r.totals.accuracy, name, &Part::name);
    return at == r.totals.accuracy.end() ? unknown : at->value;
  };
  for (const std::string& m : metrics) {
    const double of_a = value(a, m), of_b = value(b, m);
    if (of_a == of_b) continue;
    block.table.rows.push_back({m, known(of_a), known(of_b), m, significant(of_a, 4),
                                significant(of_b, 4), change_of(of_a, of_b)});
  }
  if (!a.totals.digest.empty() && !b.totals.digest.empty())
    block.after = {a.totals.digest == b.totals.digest ? "  the outputs have the same bits"
                                                      : "  the outputs differ"};
  return block;
}

// Seconds of one name in two runs; NaN in the one that lacks it.
struct Line {
  std::string name, unit_a, unit_b;
  double a = unknown, b = unknown;
  double change() const { return (std::isnan(b) ? 0 : b) - (std::isnan(a) ? 0 : a); }
};

Block lines_block(const std::string& key, const std::string& title, std::vector<Line> lines,
                  double whole, bool with_units) {
  std::ranges::stable_sort(lines, [](const Line& x, const Line& y) {
    return std::fabs(x.change()) > std::fabs(y.change());
  });
  Block block;
  block.table.key = key;
  block.table.in_full = true;
  auto& columns = block.table.columns;
  columns.push_back({"name", title, ""});
  if (with_units) {
    columns.push_back({"unit_a", "on A", ""});
    columns.push_back({"unit_b", "on B", ""});
  }
  columns.push_back({"a_s", "A", "s"});
  columns.push_back({"b_s", "B", "s"});
  columns.push_back({"change_s", "change", "s"});
  columns.push_back({"change_share", "of its own", "%"});
  columns.push_back({"of_whole_share", "of the call's", "%"});
  for (const Line& l : lines) {
    std::vector<Cell> row{l.name};
    if (with_units) {
      row.push_back(l.unit_a.empty() ? Cell{} : Cell{l.unit_a});
      row.push_back(l.unit_b.empty() ? Cell{} : Cell{l.unit_b});
    }
    row.push_back(known(l.a));
    row.push_back(known(l.b));
    row.emplace_back(l.change());
    row.push_back(change_of(l.a, l.b));
    row.push_back(whole != 0 ? Cell{l.change() / whole} : Cell{});
    block.table.rows.push_back(std::move(row));
  }
  return block;
}

std::vector<Line> joined(const Parts& a, const Parts& b) {
  std::vector<Line> lines;
  for (const Part& p : a) lines.push_back({p.name, "", "", p.value, unknown});
  for (const Part& p : b) {
    const auto at = std::ranges::find(lines, p.name, &Line::name);
    if (at == lines.end())
      lines.push_back({p.name, "", "", unknown, p.value});
    else
      at->b = p.value;
  }
  return lines;
}

std::vector<Line> operators(const Record& a, const Record& b) {
  std::vector<Line> lines;
  std::map<std::pair<std::string, int>, std::size_t> at;
  std::map<std::string, int> seen;
  for (const OperatorRow& o : a.operators) {
    at.emplace(std::pair(o.name, seen[o.name]++), lines.size());
    lines.push_back({o.name, o.unit, "", o.seconds, unknown});
  }
  seen.clear();
  for (const OperatorRow& o : b.operators) {
    const auto found = at.find({o.name, seen[o.name]++});
    if (found == at.end()) {
      lines.push_back({o.name, "", o.unit, unknown, o.seconds});
    } else {
      lines[found->second].b = o.seconds;
      lines[found->second].unit_b = o.unit;
    }
  }
  return lines;
}

Parts by_unit(const Record& r) {
  Parts parts;
  for (const OperatorRow& o : r.operators) add(parts, o.unit, o.seconds);
  return parts;
}

std::string named(const Record& r) {
  return r.stored.id == 0 ? heading(r.run) : fmt::format("run {}: {}", r.stored.id, heading(r.run));
}

}  // namespace

Report diff(const Record& a, const Record& b) {
  const double whole = b.totals.latency_s - a.totals.latency_s;
  Report report;
  report.blocks.push_back(question(a, b));
  auto& names = report.blocks.front().before;
  names.insert(names.begin(), {"A: " + named(a), "B: " + named(b)});
  report.blocks.push_back(totals(a, b));
  report.blocks.push_back(lines_block("cause_changes", "cause",
                                      joined(a.totals.causes, b.totals.causes), whole, false));
  report.blocks.push_back(
      lines_block("unit_changes", "operators on", joined(by_unit(a), by_unit(b)), whole, false));
  report.blocks.push_back(
      lines_block("operator_changes", "operator", operators(a, b), whole, true));
  return report;
}

ChangeLimit change_limit(const std::string& text, const std::string& option) {
  ChangeLimit limit;
  limit.text = text;
  const std::size_t sign = text.find_first_of("<>");
  const std::string example = "latency>2%, energy>1mJ or throughput<-5%";
  if (sign == std::string::npos)
    throw InputError(option, fmt::format("'{}' says neither > nor <", text), example);
  limit.quantity = text.substr(0, sign);
  while (limit.quantity.ends_with(' ')) limit.quantity.pop_back();
  limit.above = text[sign] == '>';
  std::vector<std::string> names;
  for (const Quantity& q : quantities) names.emplace_back(q.name);
  if (std::ranges::find(names, limit.quantity) == names.end())
    throw InputError(option, fmt::format("no quantity '{}'", limit.quantity),
                     choice_note(limit.quantity, names));
  std::string_view rest = std::string_view(text).substr(sign + 1);
  const auto trim = [&] {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    while (rest.ends_with(' ')) rest.remove_suffix(1);
  };
  trim();
  if (rest.starts_with('+')) rest.remove_prefix(1);
  const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), limit.bound);
  if (fault != std::errc{} || !std::isfinite(limit.bound))
    throw InputError(option, fmt::format("'{}' has no number", text), example);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  trim();
  if (rest == "%") {
    limit.bound /= 100;
    return limit;
  }
  limit.relative = false;
  const Quantity& q = quantity_named(limit.quantity);
  const std::string base = q.unit == "count" ? "" : std::string(q.unit);
  const std::pair<std::string_view, double> prefixes[] = {
      {"p", 1e-12}, {"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3},  {"", 1},         {"k", 1e3},
      {"M", 1e6},   {"G", 1e9},  {"T", 1e12}, {"Ki", 1024}, {"Mi", 1 << 20}, {"Gi", 1 << 30}};
  for (const auto& [prefix, factor] : prefixes)
    if (rest == std::string(prefix) + base) {
      limit.bound *= factor;
      return limit;
    }
  throw InputError(option, fmt::format("'{}' is no unit of {}", rest, limit.quantity),
                   base.empty() ? "a number, or %" : fmt::format("{}, or %", base));
}

std::vector<std::string> broken_limits(const Record& a, const Record& b,
                                       const std::vector<ChangeLimit>& limits) {
  std::vector<std::string> broken;
  for (const ChangeLimit& limit : limits) {
    const Quantity& q = quantity_named(limit.quantity);
    const double of_a = q.of(a.totals), of_b = q.of(b.totals);
    const std::string unit = q.unit == "count" ? "" : std::string(q.unit);
    const double change = limit.relative ? of_b / of_a - 1 : of_b - of_a;
    if (!std::isnan(change) && !(limit.above ? change > limit.bound : change < limit.bound))
      continue;
    broken.push_back(fmt::format(
        "{}: {} is {}, was {}{}", limit.text, q.name, with_unit(of_b, unit), with_unit(of_a, unit),
        limit.relative && !std::isnan(change) ? fmt::format(" ({:+.3g} %)", change * 100) : ""));
  }
  return broken;
}

}  // namespace ane::results
