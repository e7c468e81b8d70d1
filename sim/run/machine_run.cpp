#include "sim/run/machine_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "sim/ane/execute/workers.h"
#include "sim/ane/machine.h"
#include "sim/price/placement.h"
#include "sim/price/plan.h"

namespace ane::sim {
namespace {

using workloads::Tensors;
using workloads::ValueId;

const std::string& name_of(const workloads::Graph& g, ValueId v) {
  return g.values[static_cast<std::size_t>(v)].name;
}

}  // namespace

struct MachineRun::Impl {
  struct Part {
    bool on_ane = true;
    workloads::Graph graph;
    std::unique_ptr<AneMachine> machine;
  };
  explicit Impl(int threads) : workers(threads) {}
  Workers workers;
  std::vector<Part> parts;
  std::vector<std::string> outputs;
};

MachineRun::MachineRun(const workloads::Graph& graph, const Chip& chip,
                       const kernels::arith::Profile& profile, const MachineOptions& options)
    : impl_(std::make_unique<Impl>(options.threads)) {
  const isa::Machine machine = chip.machine();
  for (Segment& s : segments_of(graph, machine)) {
    Impl::Part part{.on_ane = s.on_ane, .graph = std::move(s.graph), .machine = nullptr};
    if (s.on_ane) {
      workloads::Compiled compiled =
          compile_with_values(part.graph, chip, profile, options.keep_in_l2);
      part.machine = std::make_unique<AneMachine>(chip, std::move(compiled.program));
      for (const std::string& race : part.machine->races()) throw InputError(graph.name, race);
    } else if (!chip.has_cpu()) {
      throw InputError(part.graph.nodes[0].name,
                       fmt::format("the accelerator does not take it ({}), and no CPU of {} is "
                                   "known",
                                   s.placements[0].reason, chip.name()));
    }
    impl_->parts.push_back(std::move(part));
  }
  for (const ValueId v : graph.outputs) impl_->outputs.push_back(name_of(graph, v));
}

MachineRun::~MachineRun() = default;
MachineRun::MachineRun(MachineRun&&) noexcept = default;

int MachineRun::segments() const {
  return static_cast<int>(impl_->parts.size());
}

bool MachineRun::uses_cpu() const {
  return !std::ranges::all_of(impl_->parts, &Impl::Part::on_ane);
}

Tensors MachineRun::run(Tensors values) {
  for (std::size_t i = 0; i < impl_->parts.size(); ++i) {
    Impl::Part& s = impl_->parts[i];
    const auto read_later = [&](const std::string& name) {
      for (std::size_t later = i + 1; later < impl_->parts.size(); ++later)
        for (const ValueId v : impl_->parts[later].graph.inputs)
          if (name_of(impl_->parts[later].graph, v) == name) return true;
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
      s.machine->execute(impl_->workers);
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

}  // namespace ane::sim
