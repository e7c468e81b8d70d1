// From a spec to the operators that a framework on a CPU or GPU runs for it, one after the other.
// The ANE executes programs instead (kernels' lowering); these lists are for the devices that sim
// prices operator by operator.
#pragma once
#include <vector>

#include "kernels/work.h"
#include "workloads/networks/spec.h"

namespace ane::workloads {

using WorkList = std::vector<kernels::Work>;

// The operators of one call. Empty for launch and idle. InputError for a kind, operator or network
// that has no such list, naming what there is.
WorkList work_of(const Spec& spec);

// The parts, for callers that build their own lists. Bytes are those of `activation` per element.
kernels::Work product(std::int64_t m, std::int64_t n, std::int64_t k, double activation,
                      double weight, std::int64_t batch = 1, bool own_right_hand = false);
// `elements` written, `operands` tensors of that size read, `flops` for each element.
kernels::Work pointwise(std::int64_t elements, double bytes, int operands = 1, double flops = 1);

WorkList llm_work(const Spec& spec);
WorkList mpnn_work(const Spec& spec);
// Every network and encoder of networks.h, from their graphs (graph_work.h). InputError for other
// names.
WorkList network_work(const Spec& spec);
WorkList encoder_work(const Spec& spec);

}  // namespace ane::workloads
