#include "sim/price/placement.h"

#include <algorithm>
#include <map>
#include <set>

#include "isa/error.h"
#include "sim/place/planner.h"
#include "workloads/request/kind.h"

namespace ane::sim {
namespace {

using workloads::Graph;
using workloads::Node;
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

}  // namespace

std::vector<Placement> place(const Graph& graph, const isa::Machine& machine) {
  std::vector<Placement> placements;
  for (const Node& n : graph.nodes) {
    const auto refusal = n.op->refuse(graph.call(n), machine);
    placements.push_back(refusal ? Placement{false, refusal->label, refusal->reason}
                                 : Placement{true, "takes", "the accelerator takes it"});
  }
  return placements;
}

Planned place_by_coreml(const Graph& graph, const Chip& chip,
                        const workloads::mil::Program* program) {
  const isa::Machine machine = chip.machine();
  Planned planned{.placements = place(graph, machine), .assumed = {}};
  const workloads::mil::Program own =
      program == nullptr ? workloads::mil::program_of(graph) : workloads::mil::Program{};
  const workloads::mil::Program& all = program == nullptr ? own : *program;
  ChosenPlanner chosen = planner_of(chip.name());
  planned.assumed = std::move(chosen.assumed);
  // What this accelerator refuses is on the CPU in any case, with all that bears its name.
  std::map<std::string_view, const Placement*> refused_names;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (const Placement& p = planned.placements[i]; !p.on_ane)
      refused_names.emplace(graph.nodes[i].name, &p);
  std::vector<Incapable> refused(all.ops.size());
  for (std::size_t i = 0; i < all.ops.size(); ++i)
    for (const std::string& name : all.ops[i].names)
      if (const auto at = refused_names.find(name); at != refused_names.end())
        refused[i] = {at->second->label, at->second->reason, {}};
  const std::vector<PlacedOp> ops = plan_placement(all, chosen.planner, chip, refused);
  // A node is where its first operator is; what moves data for one bears its name.
  std::map<std::string_view, const PlacedOp*> by_name;
  for (std::size_t i = 0; i < ops.size(); ++i)
    for (const std::string& name : all.ops[i].names) by_name.emplace(name, &ops[i]);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Placement& p = planned.placements[i];
    if (!p.on_ane) continue;
    if (const auto at = by_name.find(graph.nodes[i].name); at != by_name.end()) {
      p = {at->second->on_ane, at->second->label, at->second->reason};
      continue;
    }
    // An operator that the program has not, as an identity: with what it reads.
    for (const workloads::ValueId v : graph.nodes[i].inputs)
      if (const int from = graph.values[static_cast<std::size_t>(v)].producer; from >= 0) {
        p = planned.placements[static_cast<std::size_t>(from)];
        break;
      }
  }
  return planned;
}

std::vector<Segment> segments_of(const Graph& graph, const isa::Machine& machine) {
  return segments_of(graph, place(graph, machine));
}

std::vector<Segment> segments_of(const Graph& graph, const std::vector<Placement>& placements) {
  std::vector<Segment> segments;
  for (std::size_t first = 0; first < graph.nodes.size();) {
    std::size_t last = first;
    while (last < graph.nodes.size() && placements[last].on_ane == placements[first].on_ane) ++last;
    segments.push_back(
        {.on_ane = placements[first].on_ane,
         .graph = first == 0 && last == graph.nodes.size() ? graph : cut(graph, first, last),
         .placements = {placements.begin() + static_cast<std::ptrdiff_t>(first),
                        placements.begin() + static_cast<std::ptrdiff_t>(last)}});
    first = last;
  }
  return segments;
}

Segmented segmented(const workloads::Stage& stage, const Graph& graph, const Target& target,
                    workloads::Placing placing) {
  switch (placing) {
    case workloads::Placing::coreml: {
      Planned planned = place_by_coreml(graph, target.chip, stage.program.get());
      return {segments_of(graph, planned.placements), std::move(planned.assumed)};
    }
    case workloads::Placing::best:
      return {segments_of(graph, place_best(graph, target, stage.keep_in_l2)), {}};
    default:
      return {segments_of(graph, target.chip.machine()), {}};
  }
}

std::vector<Segment> segments_of(const workloads::Request& request, const Target& target) {
  const isa::Machine machine = target.chip.machine();
  const workloads::Job job = workloads::job_of(
      request, {.machine = machine, .form = workloads::form_of(request, Unit::ane)});
  const Graph* graph = job.stages.size() == 1 ? std::get_if<Graph>(&job.stages[0].work) : nullptr;
  if (graph == nullptr)
    throw InputError("request",
                     "kind=" + std::string(request.kind->name) + " is no single program");
  return segmented(job.stages[0], *graph, target, request.conditions.placement).segments;
}

bool falls_back(const Runtime& runtime) {
  return runtime.costs().coreml_floor && runtime.costs().cpu;
}

}  // namespace ane::sim
