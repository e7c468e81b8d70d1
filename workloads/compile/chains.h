// Rows of operators that work on each position or on rows near it (products, convolutions, pools,
// activations, gathers, sums, softmax and norms over channels, attention seen from its queries) and
// whose intermediates are larger than L2: they run tile by tile, all operators on one tile before
// the next, so that no intermediate goes through memory. Rows that two tiles share are computed
// twice. Apple's compiler does the same ("intermediate tiles stay in L2 along a chain").
#pragma once
#include <vector>

#include "isa/machine.h"
#include "kernels/lowering.h"
#include "workloads/compile/storage.h"
#include "workloads/graph/graph.h"

namespace ane::workloads {

struct Chain {
  // Each result but the last is read by one later node, and by nothing outside: by the next one, or
  // past some, where an operand on the side (gathered neighbours, say) is made tile by tile too.
  // Run where the last one stands.
  std::vector<int> nodes;
  unsigned axes = 0;  // that tiles may cut
  Extents tile;       // of the last node's positions: n, h, w; c is 1
  friend bool operator==(const Chain&, const Chain&) = default;
};

// L2 that a chain may use, of the machine's.
std::int64_t chain_room(const isa::Machine& machine);

// Chains that pay, by an estimate of cycles for the tiles together and for the nodes one by one:
// multiplication, activations through memory and weights overlap inside a node, so a node's time is
// the longest of them. `storage`, `homes`: by value (storage.h).
// On a machine whose compiler does not chain tiles, only batch items are taken apart.
std::vector<Chain> find_chains(const Graph& graph, const std::vector<ValueId>& storage,
                               const std::vector<Home>& homes, const isa::Machine& machine);

// Emits the tasks. views: of the values outside the chain. block: address of chain_room bytes of
// L2. in_use: L2 held by others meanwhile. tasks: by node, added to.
void lower_chain(const Graph& graph, const Chain& chain, const std::vector<kernels::View>& views,
                 std::int64_t block,
                 const std::vector<std::pair<std::int64_t, std::int64_t>>& in_use,
                 kernels::Lowering& lowering, std::vector<int>& tasks);

}  // namespace ane::workloads
