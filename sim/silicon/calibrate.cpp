#include "sim/silicon/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "isa/error.h"
#include "isa/status.h"
#include "sim/chips/derive.h"
#include "sim/price/price.h"
#include "sim/silicon/validate.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

constexpr double huber_width = 0.1;
constexpr double pull = 0.005;

double huber(double r) {
  const double a = std::fabs(r);
  return a <= huber_width ? 0.5 * a * a / huber_width : a - 0.5 * huber_width;
}

// A chip or runtime that rows use: its description, from which trial values are rebuilt.
struct Subject {
  Description description;
  std::optional<Chip> chip;
  std::optional<Runtime> runtime;
  void rebuild() {
    derive(description);
    // Built first: a value out of its range throws, and the old one must stay.
    if (chip)
      chip = Chip(description);
    else
      runtime = Runtime(description);
  }
};

struct Row {
  bool left_out = false;
  std::string machine;
  workloads::Request request;
  std::optional<Lowered> work;
  workloads::Quantity quantity = workloads::Quantity::latency;
  Unit unit = Unit::ane;
  double value = 0;
  std::size_t chip = 0, runtime = 0;  // subjects
  double residual = 0;
};

struct Free {
  FittedParameter fitted;
  std::vector<std::size_t> subjects, rows;
};

class Fit {
 public:
  Fit(const std::vector<SiliconRow>& all, const std::vector<std::string>& only) {
    for (const SiliconRow& r : all) add(r);
    collect(only);
  }

  void run(int most_passes) {
    result.rows = rows.size();
    result.loss_before = loss();
    result.median_before = median();
    double last = result.loss_before;
    // Most fits end before the last pass.
    Progress progress("improvements at most", most_passes * std::ssize(free));
    for (int pass = 0; pass < most_passes; ++pass) {
      for (Free& f : free) {
        improve(f);
        progress.step();
      }
      const double now = loss();
      if (last - now < 1e-4 * last) break;
      last = now;
    }
    result.loss_after = loss();
    result.median_after = median();
    bands();
    for (const Free& f : free) result.parameters.push_back(f.fitted);
    residuals();
  }

  // Each chip's rows a second time as they come out of a fit without them, and each network's.
  std::vector<RowResidual> each() {
    std::vector<RowResidual> out;
    std::set<std::size_t> chips;
    for (const Row& r : rows) {
      chips.insert(r.chip);
      out.push_back({.machine = r.machine,
                     .unit = std::string(workloads::name(r.unit)),
                     .request = r.request,
                     .quantity = r.quantity,
                     .known = r.residual,
                     .work_left_out = {}});
    }
    const auto label = [](const Row& r) {
      return named_work(r.request)
                 ? std::string(r.request.kind->name) + " " + r.request.work->label()
                 : std::string();
    };
    std::set<std::string> works;
    for (const Row& r : rows) works.insert(label(r));
    works.erase("");
    Progress progress("chips and networks left out", std::ssize(chips) + std::ssize(works));
    for (const std::size_t chip : chips) {
      without([&](const Row& r) { return r.chip == chip; },
              [&](std::size_t r, double left) { out[r].left_out = left; });
      progress.step();
    }
    for (const std::string& work : works) {
      without([&](const Row& r) { return label(r) == work; },
              [&](std::size_t r, double left) { out[r].work_left_out = left; });
      progress.step();
    }
    return out;
  }

  Calibration result;

 private:
  // Work of a name of its own: what a user asks that no row measured.
  static bool named_work(const workloads::Request& r) {
    return r.kind->name == "network" || r.kind->name == "encoder" || r.kind->name == "llm";
  }

  // What the fit makes of some rows that it does not see.
  template <class IsOut, class Take>
  void without(const IsOut& is_out, const Take& take) {
    std::vector<double> values;
    for (const Free& f : free) values.push_back(f.fitted.after);
    for (Row& r : rows) r.left_out = is_out(r);
    const auto out = [&](std::size_t r) { return rows[r].left_out; };
    for (Free& f : free)
      if (std::all_of(f.rows.begin(), f.rows.end(), out)) set_as_others(f);
    // A parameter that hardly any of them sees stays.
    for (Free& f : free)
      if (const auto gone = std::count_if(f.rows.begin(), f.rows.end(), out);
          8 * gone >= std::ssize(f.rows) && gone < std::ssize(f.rows))
        improve(f);
    for (std::size_t r = 0; r < rows.size(); ++r)
      if (rows[r].left_out) take(r, residual(rows[r]));
    for (std::size_t i = 0; i < free.size(); ++i) set(free[i], values[i]);
    for (Row& r : rows) r.left_out = false, r.residual = residual(r);
  }

  // The geometric mean of the same parameter in the files of other chips; unchanged where no other
  // has it.
  void set_as_others(Free& f) {
    double sum = 0;
    int count = 0;
    for (const Free& other : free)
      if (&other != &f && other.fitted.folder == f.fitted.folder &&
          other.fitted.path == f.fitted.path &&
          std::any_of(other.rows.begin(), other.rows.end(),
                      [&](std::size_t r) { return !rows[r].left_out; })) {
        sum += std::log(other.fitted.after);
        ++count;
      }
    if (count > 0) set(f, std::exp(sum / count));
  }

  void add(const SiliconRow& r) {
    if (!r.calibrates()) return;
    Row row;
    row.machine = r.machine;
    row.request = request_of(r, r.place());
    row.quantity = quantity_of(r);
    row.value = *r.value;
    try {
      row.chip = subject("chips", r.machine);
      row.runtime = subject("runtimes", row.request.conditions.runtime);
      row.unit = unit_on(*subjects[row.chip].chip, row.request.conditions.unit.value_or(Unit::ane));
      row.work = lower(row.request, target_of_row(row));
      row.residual = residual(row);
    } catch (const InputError&) {
      return;  // not covered: validate says so
    }
    if (std::isfinite(row.residual)) rows.push_back(std::move(row));
  }

  Target target_of_row(const Row& r) const {
    return {*subjects[r.chip].chip, *subjects[r.runtime].runtime, r.unit};
  }

  std::size_t subject(const std::string& folder, const std::string& name) {
    const auto [at, fresh] = index.try_emplace(folder + ":" + name, subjects.size());
    if (!fresh) return at->second;
    try {
      Subject s;
      if (folder == "chips") {
        s.chip.emplace(chip_of_row(name));
        s.description = s.chip->description();
        keep_sold(s.description);
      } else {
        s.runtime.emplace(load_runtime(name));
        s.description = s.runtime->description();
      }
      subjects.push_back(std::move(s));
    } catch (const InputError&) {
      index.erase(at);
      throw;
    }
    return at->second;
  }

  // A parameter is free where its file says so; chips that inherit it move with it.
  void collect(const std::vector<std::string>& only) {
    std::map<std::string, Free> found;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const std::string folder = subjects[i].chip ? "chips" : "runtimes";
      for (const auto& [path, p] : subjects[i].description.parameters) {
        if (!p.free || p.value <= 0) continue;
        const std::size_t dot = p.place.find(".json:");
        if (dot == std::string::npos) continue;
        const std::string file(p.place.substr(0, dot)), name = file + ":" + path;
        if (!only.empty() && std::none_of(only.begin(), only.end(), [&](const std::string& o) {
              return name.find(o) != std::string::npos;
            }))
          continue;
        Free& f = found[folder + "/" + name];
        f.fitted = {.folder = folder,
                    .file = file,
                    .path = path,
                    .line = std::stoi(std::string(p.place.substr(dot + 6))),
                    .unit = std::string(p.unit),
                    .scale = p.scale,
                    .before = p.value,
                    .after = p.value,
                    .low = p.low.value_or(p.value),
                    .high = p.high.value_or(p.value)};
        f.subjects.push_back(i);
      }
    }
    for (auto& [name, f] : found) {
      // The rows that see it: whose residual moves with it.
      const std::vector<double> at_rest = residuals_of_all();
      if (!set(f, f.fitted.before * 1.05) && !set(f, f.fitted.before * 0.95)) continue;
      for (std::size_t r = 0; r < rows.size(); ++r) {
        if (std::find(f.subjects.begin(), f.subjects.end(), rows[r].chip) == f.subjects.end() &&
            std::find(f.subjects.begin(), f.subjects.end(), rows[r].runtime) == f.subjects.end())
          continue;
        if (std::fabs(residual(rows[r]) - at_rest[r]) > 1e-6) f.rows.push_back(r);
      }
      set(f, f.fitted.before);
      f.fitted.rows = f.rows.size();
      if (!f.rows.empty()) free.push_back(std::move(f));
    }
  }

  double residual(const Row& r) const {
    const results::Cost cost = price(*r.work, target_of_row(r), r.request.conditions);
    return std::log(quantity(cost, r.work->job(), r.quantity) / r.value);
  }
  std::vector<double> residuals_of_all() const {
    std::vector<double> out;
    for (const Row& r : rows) out.push_back(r.residual);
    return out;
  }

  // False when the value leaves what the parameter allows; the old one then stays.
  bool set(Free& f, double value) {
    const double old = f.fitted.after;
    const auto put = [&](double v) {
      for (const std::size_t i : f.subjects) {
        subjects[i].description.parameters.at(f.fitted.path).value = v;
        subjects[i].rebuild();
      }
      f.fitted.after = v;
    };
    try {
      put(value);
      return true;
    } catch (const InputError&) {
      put(old);
      return false;
    }
  }

  double loss_along(Free& f, double value) {
    if (!set(f, value)) return INFINITY;
    const double moved = std::log(value / f.fitted.before);
    double sum = pull * moved * moved;
    for (const std::size_t r : f.rows)
      if (!rows[r].left_out) sum += huber(residual(rows[r]));
    return sum;
  }

  // Golden section of ln(value) over a factor of 2 to either side of where it stands.
  void improve(Free& f) {
    constexpr double golden = 0.6180339887498949;
    const double start = f.fitted.after, at_start = loss_along(f, start);
    double a = std::log(start / 2), b = std::log(start * 2);
    double c = b - golden * (b - a), d = a + golden * (b - a);
    double at_c = loss_along(f, std::exp(c)), at_d = loss_along(f, std::exp(d));
    for (int i = 0; i < 24; ++i) {
      if (at_c <= at_d) {
        b = d, d = c, at_d = at_c;
        c = b - golden * (b - a);
        at_c = loss_along(f, std::exp(c));
      } else {
        a = c, c = d, at_c = at_d;
        d = a + golden * (b - a);
        at_d = loss_along(f, std::exp(d));
      }
    }
    const double best = std::exp(at_c <= at_d ? c : d), at_best = std::min(at_c, at_d);
    set(f, at_best < at_start ? best : start);
    for (const std::size_t r : f.rows) rows[r].residual = residual(rows[r]);
  }

  double loss() const {
    double sum = 0;
    for (const Row& r : rows) sum += huber(r.residual);
    for (const Free& f : free) {
      const double moved = std::log(f.fitted.after / f.fitted.before);
      sum += pull * moved * moved;
    }
    return sum;
  }

  double median() const {
    std::vector<double> errors;
    for (const Row& r : rows) errors.push_back(std::expm1(std::fabs(r.residual)));
    return quantile(errors, 0.5);
  }

  // Two standard deviations of ln(value), from the slopes of the residuals that see it and their
  // scatter (1.4826 times the median size, at least 2 %); no band is wider than a factor of 3.
  void bands() {
    for (Free& f : free) {
      const double value = f.fitted.after;
      const double step = set(f, value * 1.02) ? 1.02 : 0.98;
      if (step < 1) set(f, value * step);
      double slopes = 0;
      std::vector<double> sizes;
      for (const std::size_t r : f.rows) {
        const double slope = (residual(rows[r]) - rows[r].residual) / std::log(step);
        slopes += slope * slope;
        sizes.push_back(std::fabs(rows[r].residual));
      }
      set(f, value);
      const double scatter = std::max(0.02, 1.4826 * quantile(sizes, 0.5));
      const double two =
          slopes > 0 ? std::min(std::log(3.0), 2 * scatter / std::sqrt(slopes)) : std::log(3.0);
      f.fitted.low = value * std::exp(-two);
      f.fitted.high = value * std::exp(two);
    }
  }

  void residuals() {
    std::map<std::pair<std::string, std::string>, std::vector<double>> groups;
    for (const Row& r : rows)
      groups[{subjects[r.runtime].runtime->name(), std::string(workloads::name(r.unit))}].push_back(
          std::fabs(r.residual));
    for (const auto& [key, sizes] : groups)
      result.runtimes.push_back(
          {key.first, key.second, sizes.size(), quantile(sizes, 0.5), quantile(sizes, 0.9)});
  }

  std::vector<Subject> subjects;
  std::map<std::string, std::size_t> index;
  std::vector<Row> rows;
  std::vector<Free> free;
};

// Replaces or appends one `"key": value` of a parameter's object on one line.
void put(std::string& line, const std::string& key, const std::string& value) {
  const std::string quoted = "\"" + key + "\": ";
  // Inside the object: the parameter's own name may be the key.
  const std::size_t object = line.find('{');
  const std::size_t at = line.find(quoted, object);
  if (at == std::string::npos) {
    line.insert(line.rfind('}'), fmt::format(", {}{}", quoted, value));
    return;
  }
  const std::size_t from = at + quoted.size();
  std::size_t to = from;
  if (line[from] == '"')
    to = line.find('"', from + 1) + 1;
  else
    to = line.find_first_of(",}", from);
  line.replace(from, to - from, value);
}

}  // namespace

Calibration calibrate(const std::vector<SiliconRow>& rows, const std::vector<std::string>& only,
                      int most_passes) {
  Fit fit(rows, only);
  fit.run(most_passes);
  return fit.result;
}

std::vector<RowResidual> row_residuals(const std::vector<SiliconRow>& rows) {
  return Fit(rows, {}).each();
}

std::vector<ResidualGroup> measure_residuals(const std::vector<SiliconRow>& rows) {
  const std::vector<RowResidual> all = row_residuals(rows);
  std::vector<ResidualGroup> groups;
  for (const LeftOut left_out : {LeftOut::nothing, LeftOut::chip, LeftOut::work}) {
    // By unit, kind and measure; kind "all" beside them, but of works, which are of few kinds.
    std::map<std::tuple<std::string, std::string, std::string>, std::vector<double>> sizes;
    for (const RowResidual& r : all) {
      if (left_out == LeftOut::work && !r.work_left_out) continue;
      const double size = std::fabs(left_out == LeftOut::nothing ? r.known
                                    : left_out == LeftOut::chip  ? r.left_out
                                                                 : *r.work_left_out);
      for (const std::string& kind : {std::string(r.request.kind->name), std::string("all")})
        if (kind != "all" || left_out != LeftOut::work)
          sizes[{r.unit, kind, std::string(workloads::measure_of(r.quantity))}].push_back(size);
    }
    for (const auto& [key, of] : sizes)
      groups.push_back({.unit = std::get<0>(key),
                        .kind = std::get<1>(key),
                        .measure = std::get<2>(key),
                        .left_out = left_out,
                        .rows = of.size(),
                        .median = quantile(of, 0.5),
                        .p90 = quantile(of, 0.9)});
  }
  return groups;
}

std::string residuals_csv(const std::vector<ResidualGroup>& groups) {
  std::string out = "unit,kind,measure,chip,rows,median,p90\n";
  for (const ResidualGroup& g : groups)
    out += fmt::format("{},{},{},{},{},{:.3f},{:.3f}\n", g.unit, g.kind, g.measure,
                       g.left_out == LeftOut::nothing ? "known"
                       : g.left_out == LeftOut::chip  ? "new"
                                                      : "work",
                       g.rows, g.median, g.p90);
  return out;
}

std::string with_fit(const std::string& text, const std::string& folder, const std::string& file,
                     const Calibration& fit) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  for (const FittedParameter& p : fit.parameters) {
    if (p.folder != folder || p.file != file) continue;
    std::string& line = lines.at(static_cast<std::size_t>(p.line) - 1);
    const std::string leaf = p.path.substr(p.path.rfind('.') + 1);
    if (line.find("\"" + leaf + "\"") == std::string::npos || line.find('}') == std::string::npos)
      throw InputError(fmt::format("{}.json:{}", file, p.line),
                       fmt::format("{} does not stand on one line of its own", p.path));
    const auto number = [&](double v) { return fmt::format("{:.4g}", v / p.scale); };
    put(line, "value", number(p.after));
    put(line, "kind", "\"fitted\"");
    put(line, "low", number(p.low));
    put(line, "high", number(p.high));
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) out += (i > 0 ? "\n" : "") + lines[i];
  return out;
}

}  // namespace ane::sim
