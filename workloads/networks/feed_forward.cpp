// The feed-forward layers of Llama 2 7B (Touvron et al. 2023), four of them one behind another, as
// in a test of weight formats by S. Panaro: down(silu(gate(x)) * up(x)).
#include "workloads/networks/families.h"

namespace ane::workloads::families {

Outputs llama_2_feed_forward(Layers& l, ValueId x) {
  const std::int64_t hidden = l.extents(x).c;
  for (int i = 0; i < 4; ++i) {
    const ValueId up = l.linear(x, 11008, "none", false);
    x = l.linear(l.multiply(l.linear(x, 11008, "silu", false), up), hidden, "none", i < 3);
  }
  return {x};
}

}  // namespace ane::workloads::families
