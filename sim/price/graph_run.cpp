#include "sim/price/graph_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "isa/error.h"
#include "sim/devices/estimate.h"
#include "sim/price/ane_run.h"
#include "sim/price/device_run.h"
#include "workloads/compile/compile.h"

namespace ane::sim {
namespace {

using workloads::Graph;
using workloads::Node;
using workloads::Tensors;
using workloads::Value;
using workloads::ValueId;

// Nodes [first, last) as a graph of their own: what they read from outside becomes inputs, what is
// read after them becomes outputs. Values keep their names, by which segments exchange them.
Graph cut(const Graph& whole, std::size_t first, std::size_t last) {
  Graph part;
  part.name = whole.name;
  std::map<ValueId, ValueId> renamed;
  const auto add = [&](ValueId v) {
    part.values.push_back(whole.values[static_cast<std::size_t>(v)]);
    return renamed[v] = static_cast<ValueId>(part.values.size()) - 1;
  };
  std::set<ValueId> needed_later(whole.outputs.begin(), whole.outputs.end());
  for (std::size_t i = last; i < whole.nodes.size(); ++i)
    needed_later.insert(whole.nodes[i].inputs.begin(), whole.nodes[i].inputs.end());
  for (std::size_t i = first; i < last; ++i) {
    Node n = whole.nodes[i];
    for (ValueId& v : n.inputs) {
      const auto known = renamed.find(v);
      if (known != renamed.end()) {
        v = known->second;
        continue;
      }
      const Value& value = whole.values[static_cast<std::size_t>(v)];
      const bool outside =
          value.producer >= 0 || std::ranges::find(whole.inputs, v) != whole.inputs.end();
      v = add(v);
      part.values.back().producer = -1;
      if (outside) part.inputs.push_back(v);
    }
    const ValueId old = n.output;
    n.output = add(old);
    part.values.back().producer = static_cast<int>(part.nodes.size());
    if (needed_later.count(old)) part.outputs.push_back(n.output);
    part.nodes.push_back(std::move(n));
  }
  return part;
}

const std::string& name_of(const Graph& g, ValueId v) {
  return g.values[static_cast<std::size_t>(v)].name;
}

}  // namespace

std::vector<Placement> place(const Graph& graph, const isa::Machine& machine) {
  std::vector<Placement> placements;
  for (const Node& n : graph.nodes) {
    const auto refusal = n.op->refuse(graph.call(n), machine);
    placements.push_back(refusal ? Placement{"cpu", refusal->label, refusal->reason}
                                 : Placement{"ane", "takes", "the accelerator takes it"});
  }
  return placements;
}

struct GraphRun::Impl {
  struct Segment {
    bool on_ane = true;
    Graph graph;
    std::vector<Placement> placements;
    workloads::Compiled compiled;
    std::unique_ptr<AneMachine> machine;
  };
  Chip chip;
  Runtime runtime, cpu_runtime;
  std::vector<Segment> segments;
  std::vector<std::string> outputs;

  results::Record cpu_record(const Segment& s, results::Run run) const;
};

GraphRun::GraphRun(const Graph& graph, const Target& target, const kernels::arith::Profile& profile,
                   const GraphRunOptions& options)
    : impl_(new Impl{.chip = target.chip,
                     .runtime = target.runtime,
                     .cpu_runtime = load_runtime("accelerate"),
                     .segments = {},
                     .outputs = {}}) {
  const isa::Machine machine = target.chip.machine();
  const std::vector<Placement> placements = place(graph, machine);
  for (std::size_t first = 0; first < graph.nodes.size();) {
    std::size_t last = first;
    while (last < graph.nodes.size() && placements[last].unit == placements[first].unit) ++last;
    Impl::Segment s;
    s.on_ane = placements[first].unit == "ane";
    s.graph = cut(graph, first, last);
    s.placements.assign(placements.begin() + static_cast<std::ptrdiff_t>(first),
                        placements.begin() + static_cast<std::ptrdiff_t>(last));
    if (s.on_ane) {
      s.compiled = workloads::compile(
          s.graph, machine, profile,
          {.with_values = options.with_values, .keep_in_l2 = options.keep_in_l2});
      s.machine = std::make_unique<AneMachine>(target.chip, s.compiled.program);
      for (isa::Section& section : s.compiled.program.sections) section.contents = {};
      for (const std::string& race : s.machine->races()) throw InputError(graph.name, race);
    } else if (!target.chip.has_cpu()) {
      throw InputError(
          graph.nodes[first].name,
          fmt::format("the accelerator does not take it ({}), and no CPU of {} is known",
                      placements[first].reason, target.chip.name()));
    }
    impl_->segments.push_back(std::move(s));
    first = last;
  }
  for (const ValueId v : graph.outputs) impl_->outputs.push_back(name_of(graph, v));
}

GraphRun::~GraphRun() = default;
GraphRun::GraphRun(GraphRun&&) noexcept = default;

int GraphRun::segments() const {
  return static_cast<int>(impl_->segments.size());
}

Tensors GraphRun::run(Tensors values) {
  for (std::size_t i = 0; i < impl_->segments.size(); ++i) {
    Impl::Segment& s = impl_->segments[i];
    const auto read_later = [&](const std::string& name) {
      for (std::size_t later = i + 1; later < impl_->segments.size(); ++later)
        for (const ValueId v : impl_->segments[later].graph.inputs)
          if (name_of(impl_->segments[later].graph, v) == name) return true;
      return std::ranges::find(impl_->outputs, name) != impl_->outputs.end();
    };
    if (s.on_ane) {
      for (const ValueId v : s.graph.inputs) {
        const auto given = values.find(name_of(s.graph, v));
        if (given == values.end())
          throw InputError(s.graph.name, "no values for input '" + name_of(s.graph, v) + "'");
        s.machine->write(given->first, given->second);
        if (!read_later(given->first)) values.erase(given);
      }
      s.machine->execute();
      for (const ValueId v : s.graph.outputs)
        values[name_of(s.graph, v)] = s.machine->read(name_of(s.graph, v));
    } else {
      for (auto& [name, t] : workloads::evaluate(s.graph, kernels::float_arithmetic(), values))
        values[name] = std::move(t);
    }
  }
  Tensors results;
  for (const std::string& name : impl_->outputs) results[name] = std::move(values.at(name));
  return results;
}

// CPU work in float32; what crosses is read and written once in binary16, which its bytes contain.
results::Record GraphRun::Impl::cpu_record(const Segment& s, results::Run run) const {
  const Target cpu{chip, cpu_runtime, "cpu"};
  results::Record record = device_record(std::move(run), s.graph, cpu, "fp32");
  const std::vector<kernels::Work> work = work_list(s.graph, "fp32");
  double start = 0;
  for (std::size_t i = 0; i < s.graph.nodes.size(); ++i) {
    const DeviceEstimate e =
        price_cpu({&work[i], 1}, chip, cpu_runtime, {.precision = Precision::fp32});
    results::OperatorRow row;
    row.index = static_cast<int>(i);
    row.name = s.graph.nodes[i].name;
    row.op = s.graph.nodes[i].op->name;
    row.unit = "cpu";
    row.placement = s.placements[i].label;
    row.reason = s.placements[i].reason;
    row.start_s = start;
    row.seconds = e.seconds();
    row.macs = work[i].macs.count;
    row.dram_bytes = work[i].read.count + work[i].written.count + work[i].weights.count;
    row.energy_j = e.joules();
    row.bound = e.bound();
    start += row.seconds;
    record.operators.push_back(std::move(row));
  }
  results::Totals& t = record.totals;
  t.causes = {{"cpu fallback", t.latency_s}};
  t.energy_parts = {{"cpu fallback", t.energy_j}};
  return record;
}

results::Record GraphRun::record(results::Run run) const {
  results::Record whole;
  bool first = true;
  for (const Impl::Segment& s : impl_->segments) {
    results::Record part = s.on_ane ? ane_record(run, impl_->chip, impl_->runtime, s.graph,
                                                 s.compiled, s.machine->time())
                                    : impl_->cpu_record(s, run);
    if (first) {
      whole = std::move(part);
      first = false;
    } else {
      append_calls(whole, part, 1);
    }
  }
  int calls = 0;
  std::map<std::string, std::pair<int, std::string>> refused;
  for (const Impl::Segment& s : impl_->segments) {
    calls += s.on_ane ? 1 : 0;
    if (!s.on_ane)
      for (const Placement& p : s.placements) {
        ++refused[p.label].first;
        refused[p.label].second = p.reason;
      }
  }
  for (const auto& [label, why] : refused)
    whole.notes.push_back(fmt::format("{} operator{} on the CPU [{}]: {}", why.first,
                                      why.first == 1 ? " runs" : "s run", label, why.second));
  if (!refused.empty())
    whole.notes.push_back(calls == 0 ? std::string("no call of the accelerator")
                          : calls == 1
                              ? std::string("1 call of the accelerator")
                              : fmt::format("{} calls of the accelerator instead of one", calls));
  const std::string broken = results::check(whole);
  ANE_CHECK(broken.empty(), broken.c_str());
  return whole;
}

void append_calls(results::Record& whole, const results::Record& part, double count) {
  results::Totals& t = whole.totals;
  const results::Totals& p = part.totals;
  const double start = t.latency_s;
  for (const results::Part& c : p.causes) results::add(t.causes, c.name, c.value * count);
  for (const results::Part& e : p.energy_parts)
    results::add(t.energy_parts, e.name, e.value * count);
  t.latency_s = results::sum(t.causes);
  t.energy_j = results::sum(t.energy_parts);
  t.power_w = t.energy_j / t.latency_s;
  t.throughput_items_per_s = static_cast<double>(whole.run.batch) / t.latency_s;
  t.bound = results::largest(t.causes);
  const auto times = [&](std::int64_t x) {
    return static_cast<std::int64_t>(static_cast<double>(x) * count);
  };
  t.macs += times(p.macs);
  t.dram_bytes += times(p.dram_bytes);
  if (p.peak_memory_bytes > t.peak_memory_bytes) {
    t.peak_memory_bytes = p.peak_memory_bytes;
    t.memory_parts = p.memory_parts;
  }
  const int base = static_cast<int>(whole.operators.size());
  for (results::OperatorRow row : part.operators) {
    row.index += base;
    row.start_s += start;
    row.seconds *= count;
    row.macs = times(row.macs);
    row.dram_bytes = times(row.dram_bytes);
    row.weight_bytes = times(row.weight_bytes);
    row.l2_bytes = times(row.l2_bytes);
    row.energy_j *= count;
    for (results::Part& c : row.causes) c.value *= count;
    whole.operators.push_back(std::move(row));
  }
  const Picoseconds shift{static_cast<std::int64_t>(start * 1e12)};
  for (results::TaskRow row : part.tasks) {
    row.index = static_cast<int>(whole.tasks.size());
    row.operator_index += base;
    row.start += shift;
    row.end += shift;
    for (results::StageInterval& s : row.stages) s.start += shift, s.end += shift;
    whole.tasks.push_back(std::move(row));
  }
}

}  // namespace ane::sim
