// Post-training static quantisation: layers of floats become INT8 products, their operands codes of
// one scale each, found by a run over calibration data.
#pragma once
#include <functional>
#include <map>
#include <string>

#include "workloads/graph/evaluate.h"

namespace ane::workloads {

// The largest magnitude of each value that a layer with weights reads, by the value's name.
using ActivationRanges = std::map<std::string, float>;

// Those of one run in float32. InputError as evaluate has it.
ActivationRanges activation_ranges(const Graph& graph, const Tensors& inputs);

// Convolutions and linear layers of floats with operands of fp16 become products of codes in the
// stream format `codes`, but for those that `keep` names. An operand is quantised by the node that
// makes it, where layers of codes alone read it and that node can, else by a node of its own; its
// scale is range / 127, of a value without a range 1 / 32.
Graph statically_quantised(const Graph& graph, isa::KernelFormat codes,
                           const ActivationRanges& ranges,
                           const std::function<bool(const std::string& layer)>& keep);

}  // namespace ane::workloads
