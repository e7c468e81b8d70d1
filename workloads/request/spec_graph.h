// From a spec to the graph that an accelerator's compiler would be given: convolutions and products
// in chains, elementwise work, single operators, the built-in networks, encoders and language
// models. Shapes alone, for timing; with a seed every weight and constant has values, and the graph
// can be executed (sim/run/values_run.h).
#pragma once
#include "isa/machine.h"
#include "workloads/graph/graph.h"
#include "workloads/graph/layers.h"
#include "workloads/networks/spec.h"

namespace ane::workloads {

// Format, zeros and activations as this chip runs them: weights that it cannot stream compressed
// are folded to fp16, INT8 activations without INT8 arithmetic are fp16. InputError if unknown.
Numbers numbers_of(const Spec& spec, const isa::Machine& machine);

// InputError for a kind, operator or name that has no graph, naming what there is.
Graph graph_of(const Spec& spec, const isa::Machine& machine,
               std::optional<std::uint64_t> seed = {});

}  // namespace ane::workloads
