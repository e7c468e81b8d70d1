// The module `anesim` of Python (docs/python.md): a door to price(). What it takes are the texts
// that the command line takes; what it gives are plain dicts, lists and arrays of doubles.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "isa/error.h"
#include "sim/explore/point.h"
#include "sim/explore/sweep.h"
#include "sim/price/price.h"
#include "sim/price/version.h"

namespace py = pybind11;

namespace {

using namespace ane;
using namespace ane::sim;

// {"ane.l2": "4MiB"}; values may be numbers.
using Settings = std::map<std::string, std::variant<std::string, std::int64_t, double>>;
using AxisValues = std::map<
    std::string,
    std::variant<std::string, std::vector<std::variant<std::string, std::int64_t, double>>>>;

std::string text_of(const std::variant<std::string, std::int64_t, double>& value) {
  return std::visit([](const auto& v) { return fmt::format("{}", v); }, value);
}

std::vector<std::string> overrides_of(const Settings& settings) {
  std::vector<std::string> all;
  for (const auto& [name, value] : settings)
    all.push_back(fmt::format("{}={}", name, text_of(value)));
  return all;
}

py::object number(double v) {
  return v == v ? py::object(py::float_(v)) : py::object(py::none());
}

py::dict dict_of(const results::Parts& parts) {
  py::dict d;
  for (const results::Part& p : parts) d[p.name.c_str()] = number(p.value);
  return d;
}

// A count of which 0 says that there is none.
py::object count(std::int64_t n) {
  return n == 0 ? py::object(py::none()) : py::object(py::int_(n));
}

// An array.array of doubles, which NumPy reads without a copy.
py::object doubles(const std::vector<double>& values) {
  return py::module_::import("array").attr("array")(
      "d", py::bytes(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)));
}

py::dict dict_of(const results::Record& r) {
  const results::Totals& t = r.totals;
  py::dict d;
  d["request"] = r.run.request;
  d["chip"] = r.run.chip;
  d["unit"] = r.run.unit;
  d["runtime"] = r.run.runtime;
  d["precision"] = r.run.precision;
  d["batch"] = r.run.batch;
  d["latency_s"] = number(t.latency_s);
  d["throughput_items_per_s"] = number(t.throughput_items_per_s);
  d["energy_j"] = number(t.energy_j);
  d["power_w"] = number(t.power_w);
  d["peak_memory_bytes"] = count(t.peak_memory_bytes);
  d["dram_bytes"] = count(t.dram_bytes);
  d["macs"] = count(t.macs);
  d["bound"] = t.bound;
  d["causes"] = dict_of(t.causes);
  d["energy"] = dict_of(t.energy_parts);
  d["memory"] = dict_of(t.memory_parts);
  d["notes"] = r.notes;
  if (!r.operators.empty()) {
    py::list rows;
    for (const results::OperatorRow& o : r.operators) {
      py::dict row;
      row["name"] = o.name;
      row["op"] = o.op;
      row["unit"] = o.unit;
      row["seconds"] = number(o.seconds);
      row["energy_j"] = number(o.energy_j);
      row["macs"] = o.macs;
      row["dram_bytes"] = o.dram_bytes;
      row["bound"] = o.bound;
      rows.append(std::move(row));
    }
    d["operators"] = std::move(rows);
  }
  return d;
}

results::Record record_on(workloads::Request request, const Chip& chip, Detail detail) {
  const Target target = target_of(request, chip);
  request.conditions.unit = target.unit;
  return record_of(request, target, sim::price(request, target, detail));
}

py::dict price_text(const std::string& request, const std::string& chip, const Settings& set,
                    bool operators) {
  results::Record record;
  {
    const py::gil_scoped_release free;
    record = record_on(workloads::parse_request(request), load_chip(chip, overrides_of(set)),
                       operators ? Detail::operators : Detail::totals);
  }
  return dict_of(record);
}

py::list compare_texts(const std::vector<std::string>& requests,
                       const std::vector<std::string>& chips, const std::vector<std::string>& units,
                       const Settings& set) {
  std::vector<results::Record> records;
  {
    const py::gil_scoped_release free;
    const std::vector<std::string> overrides = overrides_of(set);
    for (const std::string& name : chips) {
      const Chip chip = load_chip(name, overrides);
      for (const std::string& text : requests) {
        const workloads::Request request = workloads::parse_request(text);
        if (units.empty()) records.push_back(record_on(request, chip, Detail::totals));
        for (const std::string& unit : units)
          records.push_back(
              record_on(workloads::with(request, "unit", unit), chip, Detail::totals));
      }
    }
  }
  py::list rows;
  for (const results::Record& r : records) rows.append(dict_of(r));
  return rows;
}

SweepPlan plan_of(const std::string& request, const AxisValues& axes, const std::string& chip,
                  const Settings& set, const std::vector<std::string>& where,
                  const std::string& sample, std::int64_t points, std::uint64_t seed) {
  SweepPlan plan;
  plan.request = workloads::to_text(workloads::parse_request(request));
  plan.set = overrides_of(set);
  plan.chip = load_chip(chip).name();
  for (const auto& [name, values] : axes) {
    std::string text;
    if (const auto* one = std::get_if<std::string>(&values)) text = *one;
    if (const auto* list = std::get_if<1>(&values))
      for (const auto& v : *list) text += (text.empty() ? "" : ",") + text_of(v);
    plan.axes.push_back(parse_axis(name + "=" + text));
  }
  plan.sampling = sampling_named(sample, "sample");
  plan.samples = points;
  plan.seed = seed;
  for (const std::string& c : where) plan.where.emplace_back(c);
  check(plan);
  return plan;
}

py::dict sweep(const std::string& request, const AxisValues& axes, const std::string& chip,
               const Settings& set, const std::vector<std::string>& where,
               const std::string& sample, std::int64_t points, std::uint64_t seed, int threads) {
  std::vector<results::SweepPoint> rows;
  SweepPlan plan;
  {
    const py::gil_scoped_release free;
    plan = plan_of(request, axes, chip, set, where, sample, points, seed);
    SweepRun run;
    run.threads =
        threads > 0 ? threads : static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    if (run.threads > 256) throw InputError("threads", "1 to 256");
    run.keep = [&](std::span<const results::SweepPoint> more) {
      rows.insert(rows.end(), more.begin(), more.end());
    };
    run_sweep(plan, run);
    std::ranges::sort(rows, {}, &results::SweepPoint::index);
  }
  py::dict d;
  for (std::size_t a = 0; a < plan.axes.size(); ++a) {
    py::list column;
    for (const results::SweepPoint& p : rows) column.append(p.values[a]);
    d[plan.axes[a].name.c_str()] = std::move(column);
  }
  const auto add = [&](const char* key, auto&& value) {
    std::vector<double> column;
    for (const results::SweepPoint& p : rows) column.push_back(value(p));
    d[key] = doubles(column);
  };
  using results::SweepPoint;
  add("latency_s", [](const SweepPoint& p) { return p.latency_s; });
  add("energy_j", [](const SweepPoint& p) { return p.energy_j; });
  add("power_w", [](const SweepPoint& p) { return p.objective("power"); });
  add("throughput_items_per_s", [](const SweepPoint& p) { return p.throughput_items_per_s; });
  add("peak_memory_bytes", [](const SweepPoint& p) { return p.objective("memory"); });
  py::list bound, feasible, refused;
  for (const SweepPoint& p : rows) {
    bound.append(p.bound);
    feasible.append(p.feasible);
    refused.append(p.refused.empty() ? py::object(py::none()) : py::object(py::str(p.refused)));
  }
  d["bound"] = std::move(bound);
  d["feasible"] = std::move(feasible);
  d["refused"] = std::move(refused);
  return d;
}

}  // namespace

PYBIND11_MODULE(anesim, m) {
  m.doc() = "what a model costs on an Apple-Neural-Engine-like accelerator";
  m.attr("__version__") = code_version();
  // As the command line says it: the line, and the note below it.
  static py::exception<InputError> error(m, "InputError", PyExc_ValueError);
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const InputError& e) {
      error(fmt::format("{}{}{}{}{}", e.place(), e.place().empty() ? "" : ": ", e.what(),
                        e.note().empty() ? "" : "\nnote: ", e.note())
                .c_str());
    }
  });
  const Settings nothing;
  m.def("price", price_text, py::arg("request"), py::arg("chip") = "M4", py::arg("set") = nothing,
        py::arg("operators") = false,
        "The cost of one call, as `anesim run` prices it: a dict of SI figures.");
  m.def(
      "compare",
      [](const std::string& request, const std::vector<std::string>& chips,
         const std::vector<std::string>& units,
         const Settings& set) { return compare_texts({request}, chips, units, set); },
      py::arg("request"), py::arg("chips"), py::arg("units") = std::vector<std::string>(),
      py::arg("set") = nothing, "One request on chips and units: a dict each.");
  m.def("compare", compare_texts, py::arg("requests"), py::arg("chips"),
        py::arg("units") = std::vector<std::string>(), py::arg("set") = nothing,
        "Requests on chips and units: a dict each.");
  m.def("sweep", sweep, py::arg("request"), py::arg("axes"), py::arg("chip") = "M4",
        py::arg("set") = nothing, py::arg("where") = std::vector<std::string>(),
        py::arg("sample") = "grid", py::arg("points") = 0, py::arg("seed") = 1,
        py::arg("threads") = 0,
        "One request on many machines: a dict of columns, a place a point; numbers are arrays of "
        "doubles, NaN where a point is refused.");
  m.def("chips", chip_names, "The names that `chip` takes.");
}
