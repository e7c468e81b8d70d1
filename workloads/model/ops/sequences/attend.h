// softmax(q k' scale + masks) v over heads: the reference of the fused operators, and the nodes of
// the accelerator.
#pragma once
#include <cmath>
#include <functional>
#include <optional>
#include <vector>

#include "workloads/model/mapping.h"

namespace ane::workloads::model::ops {

// Heads of [batch, length, heads * size] tensors; heads / kv_heads neighbours share a key's head.
struct Heads {
  std::int64_t batch = 1, queries = 1, keys = 1, heads = 1, kv_heads = 1, size = 1, value_size = 1;
  double scale = 1;
};
// What a fused operator's `scale` means: 0 and none are 1 / sqrt(size).
inline double scale_of(const Use& u, std::int64_t size) {
  const float said = u.real("scale", 0);
  return said != 0 ? static_cast<double>(said) : 1 / std::sqrt(static_cast<double>(size));
}

// allowed(batch, head, query, key) is added to the scores; -infinity where nothing is seen.
using Allowed = std::function<double(std::int64_t, std::int64_t, std::int64_t, std::int64_t)>;
void attend(const Heads& h, const Reals& q, const Reals& k, const Reals& v, Array& y,
            const Allowed& allowed);

// An optional int32 mask in one of the forms that com.microsoft's operators take: lengths, [batch,
// keys] or [batch, queries, keys].
Allowed mask_of(Use& use, std::size_t operand, const Heads& heads);

// ---- on the accelerator

// q [batch, heads * size, 1, queries], k and v alike (n, c, h, w): [batch, heads * value_size, 1,
// queries]. `added` broadcast to scores [batch, heads, keys, queries].
ValueId map_attend(Mapper& mapper, const Heads& heads, ValueId q, ValueId k, ValueId v,
                   const std::vector<ValueId>& added);
// What the mask and the attribute `unidirectional` add, ready for map_attend.
std::vector<ValueId> map_masks(const Use& use, Mapper& mapper, std::size_t mask, std::size_t scores,
                               const Heads& heads);

}  // namespace ane::workloads::model::ops
