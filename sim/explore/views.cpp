#include "sim/explore/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "isa/error.h"
#include "results/text.h"
#include "sim/chips/unit_text.h"
#include "sim/explore/axis.h"
#include "sim/explore/plan.h"

namespace ane::sim {
namespace {

using results::Cell;
using results::Column;
using results::Sweep;
using results::SweepPoint;
using results::Table;

std::vector<std::string> objectives_of(const Sweep& s) {
  return s.objectives.empty() ? std::vector<std::string>{"latency", "energy"} : s.objectives;
}

std::string objective_of(const Sweep& s, const SweepViewOptions& o) {
  return std::string(
      objective_named(o.objective.empty() ? objectives_of(s).front() : o.objective).name);
}

// Smaller is better, whatever the objective.
double cost_of(const SweepPoint& p, std::string_view objective) {
  const double v = p.objective(objective);
  return objective_named(objective).largest ? -v : v;
}

// The number of an axis' value in base units; nothing for a word.
std::optional<double> number_of(const std::string& value) {
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(value.data() + value.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const std::optional<Unit> known = parse_unit(unit);
  if (!known) return std::nullopt;
  return number * known->scale;
}

bool is_numeric(const Sweep& s, std::size_t axis) {
  return !s.rows.empty() && std::ranges::all_of(s.rows, [&](const SweepPoint& p) {
    const auto v = number_of(p.values[axis]);
    return v && *v > 0;
  });
}

std::vector<std::string> distinct(const Sweep& s, std::size_t axis) {
  std::vector<std::string> values;
  std::map<std::string, bool> seen;
  for (const SweepPoint& p : s.rows)
    if (seen.emplace(p.values[axis], true).second) values.push_back(p.values[axis]);
  return values;
}

std::string key_of(std::string_view objective) {
  return objective == "latency"           ? "latency_s"
         : objective == "energy"          ? "energy_j"
         : objective == "energy_per_item" ? "energy_per_item_j"
         : objective == "edp"             ? "edp_js"
         : objective == "power"           ? "power_w"
         : objective == "memory"          ? "peak_memory_bytes"
         : objective == "agreement"       ? "agreement"
                                          : "throughput_items_per_s";
}

void add_axes(Table& t, const Sweep& s) {
  t.columns.push_back({"point", "#", ""});
  for (const std::string& axis : s.axes) t.columns.push_back({axis, axis, ">"});
}
// Those of which some point has a value.
std::vector<const Objective*> costs_of(const Sweep& s) {
  const bool answered =
      std::ranges::any_of(s.rows, [](const SweepPoint& p) { return p.agreement == p.agreement; });
  std::vector<const Objective*> all;
  for (const Objective& o : objectives())
    if (answered || o.name != "agreement") all.push_back(&o);
  return all;
}
void add_costs(Table& t, const Sweep& s) {
  for (const Objective* o : costs_of(s))
    t.columns.push_back({key_of(o->name), std::string(o->name), std::string(o->unit)});
  t.columns.push_back({"bound", "bound", ""});
}
std::vector<Cell> row_of(const Sweep& s, const SweepPoint& p) {
  std::vector<Cell> row{p.index};
  for (const std::string& v : p.values) row.emplace_back(v);
  for (const Objective* o : costs_of(s)) row.push_back(results::known(p.objective(o->name)));
  row.emplace_back(p.bound.empty() ? Cell{} : Cell{p.bound});
  return row;
}

std::string heading(const Sweep& s, const std::string& what) {
  const auto feasible = std::ranges::count_if(s.rows, &SweepPoint::feasible);
  const auto refused =
      std::ranges::count_if(s.rows, [](const SweepPoint& p) { return !p.refused.empty(); });
  std::string text = fmt::format("sweep{}: {}; {} of {} points computed",
                                 s.id == 0 ? "" : fmt::format(" {}", s.id), what,
                                 std::ssize(s.rows) - refused, s.points);
  if (refused > 0) text += fmt::format(", {} refused", refused);
  if (feasible < std::ssize(s.rows) - refused)
    text += fmt::format(", {} within all conditions", feasible);
  return text;
}

// Why points have no cost, the most frequent first.
std::vector<std::string> refusals(const Sweep& s) {
  std::map<std::string, int> reasons;
  for (const SweepPoint& p : s.rows)
    if (!p.refused.empty()) ++reasons[p.refused];
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [reason, n] : reasons) sorted.emplace_back(-n, reason);
  std::ranges::sort(sorted);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < sorted.size() && i < 3; ++i)
    lines.push_back(fmt::format("  {} refused: {}", -sorted[i].first, sorted[i].second));
  return lines;
}

results::Report points(const Sweep& s, const SweepViewOptions&) {
  results::Block b;
  b.table.key = "points";
  add_axes(b.table, s);
  add_costs(b.table, s);
  b.table.columns.push_back({"feasible", "", ""});
  b.table.columns.push_back({"refused", "refused", "..."});
  for (const SweepPoint& p : s.rows) {
    std::vector<Cell> row = row_of(s, p);
    row.emplace_back(std::int64_t{p.feasible ? 1 : 0});
    row.push_back(p.refused.empty() ? Cell{} : Cell{p.refused});
    b.table.rows.push_back(std::move(row));
  }
  return {heading(s, "all points"), nullptr, {std::move(b)}};
}

results::Report front(const Sweep& s, const SweepViewOptions& o) {
  std::vector<std::string> names = objectives_of(s);
  if (!o.objective.empty()) {
    names.clear();
    std::string word;
    for (const char c : o.objective + ",")
      if (c == ',')
        names.emplace_back(objective_named(word).name), word.clear();
      else
        word += c;
  }
  const std::vector<std::size_t> on = pareto_front(s, names);
  const std::size_t knee = names.size() == 2 ? knee_of(s, on, names[0], names[1]) : on.size();
  results::Block b;
  b.table.key = "front";
  add_axes(b.table, s);
  add_costs(b.table, s);
  b.table.columns.push_back({"knee", "knee", ""});
  for (std::size_t i = 0; i < on.size(); ++i) {
    std::vector<Cell> row = row_of(s, s.rows[on[i]]);
    row.emplace_back();
    if (i == knee) row.back() = std::string("knee");
    b.table.rows.push_back(std::move(row));
  }
  b.after = refusals(s);
  if (on.empty()) b.before = {"  no point is within all conditions"};
  return {heading(s, fmt::format("what no other point beats in {}", fmt::join(names, " and "))),
          nullptr,
          {std::move(b)}};
}

results::Report best(const Sweep& s, const SweepViewOptions& o) {
  const std::vector<std::string> names =
      o.objective.empty() ? objectives_of(s) : std::vector<std::string>{objective_of(s, o)};
  const auto chip = std::ranges::find(s.axes, "chip");
  std::vector<std::string> groups{""};
  const auto at = static_cast<std::size_t>(chip - s.axes.begin());
  if (chip != s.axes.end()) groups = distinct(s, at);
  results::Block b;
  b.table.key = "best";
  b.table.columns.push_back({"objective", "least", ""});
  add_axes(b.table, s);
  add_costs(b.table, s);
  for (const std::string& name : names)
    for (const std::string& group : groups) {
      const SweepPoint* least = nullptr;
      for (const SweepPoint& p : s.rows)
        if (p.feasible && (group.empty() || p.values[at] == group) &&
            (least == nullptr || cost_of(p, name) < cost_of(*least, name)))
          least = &p;
      if (least == nullptr) {
        if (!group.empty())
          b.after.push_back(fmt::format("  {}: no point is within all conditions", group));
        continue;
      }
      std::vector<Cell> row{name};
      for (Cell& cell : row_of(s, *least)) row.push_back(std::move(cell));
      b.table.rows.push_back(std::move(row));
    }
  return {heading(s, "the best"), nullptr, {std::move(b)}};
}

results::Report sensitivity(const Sweep& s, const SweepViewOptions& o) {
  const std::string name = objective_of(s, o);
  const std::vector<double> e = elasticities(s, name);
  std::vector<std::size_t> order(s.axes.size());
  for (std::size_t a = 0; a < order.size(); ++a) order[a] = a;
  const auto size = [&](std::size_t a) { return std::isnan(e[a]) ? -1 : std::fabs(e[a]); };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return size(a) > size(b); });
  results::Block b;
  b.table = {"axes",
             {{"axis", "axis", ""},
              {"elasticity", "elasticity", ""},
              {"minus_10_percent_share", "-10 % of it", "%"},
              {"plus_10_percent_share", "+10 % of it", "%"},
              {"", "0 to 10 %", "#"}},
             {},
             true};
  for (const std::size_t a : order) {
    const double plus = std::pow(1.1, e[a]) - 1, minus = std::pow(0.9, e[a]) - 1;
    b.table.rows.push_back(
        {s.axes[a], results::known(e[a]), results::known(minus), results::known(plus),
         results::known(plus == plus ? std::min(1.0, 10 * std::fabs(plus)) : plus)});
  }
  return {heading(s, fmt::format("what a tenth of each axis does to {}", name)),
          nullptr,
          {std::move(b)}};
}

std::size_t axis_named(const Sweep& s, const std::string& name, const char* option) {
  const auto at = std::ranges::find(s.axes, name);
  if (at == s.axes.end())
    throw InputError(option, fmt::format("the sweep has no axis '{}'", name),
                     choice_note(name, s.axes));
  return static_cast<std::size_t>(at - s.axes.begin());
}

results::Report heat(const Sweep& s, const SweepViewOptions& o) {
  std::vector<std::size_t> several;
  for (std::size_t a = 0; a < s.axes.size(); ++a)
    if (distinct(s, a).size() > 1) several.push_back(a);
  if (several.size() < 2 && (o.x.empty() || o.y.empty()))
    throw InputError("--view heat", "needs two axes with several values", "--view knee shows one");
  const std::size_t y = o.y.empty() ? several[0] : axis_named(s, o.y, "--y");
  const std::size_t x = !o.x.empty()      ? axis_named(s, o.x, "--x")
                        : several[0] == y ? several[1]
                                          : several[0];
  if (x == y) throw InputError("--x", fmt::format("'{}' is both axes", s.axes[x]));
  const std::string name = objective_of(s, o);
  const std::vector<std::string> columns = distinct(s, x), rows = distinct(s, y);
  constexpr std::size_t most = 64;
  if (columns.size() > most)
    throw InputError("--x",
                     fmt::format("{} has {} values, more than {}", s.axes[x], columns.size(), most),
                     "the other way round, or fewer steps");
  std::map<std::pair<std::string, std::string>, double> least;
  for (const SweepPoint& p : s.rows) {
    if (!p.feasible) continue;
    const auto [at, added] = least.emplace(std::pair(p.values[y], p.values[x]), p.objective(name));
    if (!added && objective_named(name).largest)
      at->second = std::max(at->second, p.objective(name));
    else if (!added)
      at->second = std::min(at->second, p.objective(name));
  }
  results::Block b;
  b.table.key = "heat";
  b.table.columns.push_back({s.axes[y], fmt::format("{} \\ {}", s.axes[y], s.axes[x]), ">"});
  const std::string unit(objective_named(name).unit);
  for (const std::string& c : columns)
    b.table.columns.push_back({fmt::format("{}={}", s.axes[x], c), c, unit});
  b.table.in_full = true;
  for (const std::string& r : rows) {
    std::vector<Cell> row{r};
    for (const std::string& c : columns) {
      const auto at = least.find({r, c});
      row.push_back(at == least.end() ? Cell{} : Cell{at->second});
    }
    b.table.rows.push_back(std::move(row));
  }
  return {
      heading(s, fmt::format("{}, the best over all other axes", name)), nullptr, {std::move(b)}};
}

results::Report knee(const Sweep& s, const SweepViewOptions& o) {
  const std::string name = objective_of(s, o);
  const bool largest = objective_named(name).largest;
  results::Block b;
  b.table = {"knee",
             {{"axis", "axis", ""},
              {"value", "value", ">"},
              {key_of(name), "best " + name, std::string(objective_named(name).unit)},
              {"per_doubling_share", "a doubling gives", "%"},
              {"knee", "knee", ""}},
             {},
             true};
  for (std::size_t a = 0; a < s.axes.size(); ++a) {
    if (!is_numeric(s, a)) continue;
    std::map<double, std::pair<std::string, double>> least;
    for (const SweepPoint& p : s.rows) {
      if (!p.feasible) continue;
      const auto [at, added] =
          least.emplace(*number_of(p.values[a]), std::pair(p.values[a], p.objective(name)));
      if (!added &&
          (largest ? p.objective(name) > at->second.second : p.objective(name) < at->second.second))
        at->second.second = p.objective(name);
    }
    if (least.size() < 2) continue;
    std::vector<double> values, rates;
    for (const auto& [number, point] : least) {
      values.push_back(number);
      rates.push_back(largest ? point.second : 1 / point.second);
    }
    const std::vector<double> gains = gains_of(values, rates);
    const std::size_t turn = knee_at(values, gains);
    std::size_t i = 0;
    for (const auto& [number, point] : least) {
      const bool here = i == turn;
      b.table.rows.push_back({i == 0 ? Cell{s.axes[a]} : Cell{std::string(" ")}, point.first,
                              point.second, i < gains.size() ? Cell{gains[i]} : Cell{},
                              here ? Cell{std::string("knee")} : Cell{}});
      ++i;
    }
  }
  if (b.table.rows.empty())
    throw InputError("--view knee", "no axis of numbers with two values", "--view best");
  return {heading(s, fmt::format("where more of an axis stops paying for {}", name)),
          nullptr,
          {std::move(b)}};
}

}  // namespace

std::vector<std::size_t> pareto_front(const Sweep& sweep, const std::vector<std::string>& names) {
  std::vector<std::vector<double>> costs(sweep.rows.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < sweep.rows.size(); ++i) {
    if (!sweep.rows[i].feasible) continue;
    for (const std::string& n : names) costs[i].push_back(cost_of(sweep.rows[i], n));
    if (std::ranges::none_of(costs[i], [](double v) { return std::isnan(v); })) order.push_back(i);
  }
  // In this order nothing is beaten by what comes later.
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return costs[a] < costs[b]; });
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    const auto beats = [&](std::size_t f) {
      for (std::size_t k = 0; k < names.size(); ++k)
        if (costs[f][k] > costs[i][k]) return false;
      return true;
    };
    // Of two objectives the last of the front is the only one that may.
    const bool beaten = names.size() == 2 ? !front.empty() && beats(front.back())
                                          : std::ranges::any_of(front, beats);
    if (!beaten) front.push_back(i);
  }
  return front;
}

std::size_t knee_of(const Sweep& sweep, const std::vector<std::size_t>& front, const std::string& x,
                    const std::string& y) {
  if (front.size() < 3) return front.size();
  const auto log_of = [&](std::size_t i, const std::string& name) {
    const double v = std::log(sweep.rows[front[i]].objective(name));
    return objective_named(name).largest ? -v : v;
  };
  const double x0 = log_of(0, x), x1 = log_of(front.size() - 1, x);
  const double y0 = log_of(0, y), y1 = log_of(front.size() - 1, y);
  std::size_t knee = front.size();
  double most = 1e-9;
  for (std::size_t i = 1; i + 1 < front.size(); ++i) {
    // Both axes from 0 to 1: the line between the ends is x + y = 1.
    const double below = 1 - (log_of(i, x) - x0) / (x1 - x0) - (log_of(i, y) - y1) / (y0 - y1);
    if (below > most) most = below, knee = i;
  }
  return knee;
}

std::vector<double> gains_of(const std::vector<double>& values, const std::vector<double>& rates) {
  std::vector<double> gains;
  for (std::size_t i = 0; i + 1 < values.size(); ++i)
    gains.push_back(std::pow(rates[i + 1] / rates[i], 1 / std::log2(values[i + 1] / values[i])) -
                    1);
  return gains;
}

std::size_t knee_at(const std::vector<double>& values, const std::vector<double>& gains) {
  constexpr double pays = 0.05;
  std::size_t turn = gains.size();
  while (turn > 0 && gains[turn - 1] < pays) --turn;
  return turn < gains.size() ? turn : values.size();
}

std::vector<double> elasticities(const Sweep& sweep, const std::string& objective) {
  const std::size_t axes = sweep.axes.size();
  std::vector<std::size_t> numeric;
  for (std::size_t a = 0; a < axes; ++a)
    if (is_numeric(sweep, a)) numeric.push_back(a);
  // Means of each group of equal words are taken off: what differs between chips is no slope.
  struct Group {
    std::vector<double> sum;
    double n = 0;
  };
  std::map<std::string, Group> groups;
  std::vector<std::pair<std::string, std::vector<double>>> lines;
  for (const SweepPoint& p : sweep.rows) {
    const double v = p.feasible ? p.objective(objective) : results::unknown;
    if (!(v > 0)) continue;
    std::string words;
    for (std::size_t a = 0; a < axes; ++a)
      if (std::ranges::find(numeric, a) == numeric.end()) words += p.values[a] + "\n";
    std::vector<double> logs;
    for (const std::size_t a : numeric) logs.push_back(std::log(*number_of(p.values[a])));
    logs.push_back(std::log(v));
    Group& g = groups[words];
    g.sum.resize(logs.size());
    for (std::size_t i = 0; i < logs.size(); ++i) g.sum[i] += logs[i];
    ++g.n;
    lines.emplace_back(std::move(words), std::move(logs));
  }
  // Normal equations of the deviations; an axis that does not vary is left out.
  const std::size_t k = numeric.size();
  std::vector<std::vector<double>> m(k, std::vector<double>(k + 1, 0));
  for (auto& [words, logs] : lines) {
    const Group& g = groups[words];
    for (std::size_t i = 0; i < logs.size(); ++i) logs[i] -= g.sum[i] / g.n;
    for (std::size_t i = 0; i < k; ++i)
      for (std::size_t j = 0; j <= k; ++j) m[i][j] += logs[i] * logs[j];
  }
  std::vector<double> slopes(axes, results::unknown);
  std::vector<bool> used(k, false);
  std::vector<std::size_t> pivot_row(k, k);
  for (std::size_t c = 0; c < k; ++c) {
    std::size_t best = k;
    for (std::size_t r = 0; r < k; ++r)
      if (!used[r] && (best == k || std::fabs(m[r][c]) > std::fabs(m[best][c]))) best = r;
    if (best == k || std::fabs(m[best][c]) < 1e-9) continue;
    used[best] = true;
    pivot_row[c] = best;
    for (std::size_t r = 0; r < k; ++r) {
      if (r == best) continue;
      const double f = m[r][c] / m[best][c];
      for (std::size_t j = c; j <= k; ++j) m[r][j] -= f * m[best][j];
    }
  }
  for (std::size_t c = 0; c < k; ++c)
    if (pivot_row[c] < k) slopes[numeric[c]] = m[pivot_row[c]][k] / m[pivot_row[c]][c];
  return slopes;
}

std::span<const SweepView> sweep_views() {
  static const SweepView all[] = {
      {"front", "what no other point beats",
       "The points of which none is beaten in all objectives at once, by the first objective. "
       "knee: "
       "the one farthest from the line between the ends, both on logarithmic scales.",
       front},
      {"best", "the best point by each objective, of each chip",
       "Of the points within all conditions, the best by each objective; a line a chip where chips "
       "are an axis.",
       best},
      {"sensitivity", "what a tenth more or less of each axis gives",
       "elasticity: by how many percent the objective moves with a percent of the axis, by least "
       "squares on logarithms over all points within the conditions, among those that agree in the "
       "axes of words. `-`: words, or it does not vary.",
       sensitivity},
      {"heat", "two axes against each other",
       "Rows and columns are the values of two axes (--y, --x), a cell the best over all others.",
       heat},
      {"knee", "where more of an axis stops paying",
       "The best over all other axes at each value. a doubling gives: by the step to the next "
       "value. "
       "knee: the first value from which on no step gives 5 % a doubling; none where the last step "
       "still does.",
       knee},
      {"points", "all points",
       "A line a point, in the order of the plan: its values, what it costs, and why where it has "
       "no "
       "cost.",
       points},
  };
  return all;
}

const SweepView& sweep_view_named(std::string_view name) {
  std::vector<std::string> names;
  for (const SweepView& v : sweep_views()) {
    if (v.name == name) return v;
    names.emplace_back(v.name);
  }
  throw InputError("--view", fmt::format("a sweep has no view '{}'", name),
                   choice_note(std::string(name), names));
}

}  // namespace ane::sim
