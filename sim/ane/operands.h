// What the executor's files share: operands in L2, checked once as a whole, and the walk over rows.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "sim/ane/memory.h"

namespace ane::sim {

using kernels::arith::Half;

// The fields' numbers are those of the arithmetic's lists; numbers_test holds the names together.
constexpr int argmax_reduction = 6;

inline void apply(const kernels::arith::Profile& profile, int function, std::uint16_t alpha,
                  std::uint16_t beta, std::vector<Half>& values) {
  if (function != 0)
    kernels::arith::activate(profile,
                             {static_cast<kernels::arith::Function>(function), {alpha}, {beta}},
                             values, values);
}

// An operand in L2, checked once as a whole.
struct Source {
  std::uint8_t* base;
  const isa::L2Operand* l;
  const Half* row(std::int64_t n, std::int64_t c, std::int64_t h) const {
    return reinterpret_cast<const Half*>(base + n * l->sn + c * l->sc + h * l->sh);
  }
  const std::int8_t* row8(std::int64_t n, std::int64_t c, std::int64_t h) const {
    return reinterpret_cast<const std::int8_t*>(base + n * l->sn + c * l->sc + h * l->sh);
  }
};

inline Source source_of(AneMemory& memory, const isa::Extents& e, const isa::L2Operand& l,
                        const std::string& who) {
  const ByteRange r = touched(e, l);
  if (isa::byte_size(l.format) == 2 && (l.address | l.sh | l.sc | l.sn) % 2 != 0)
    throw InputError(who, "an fp16 operand in L2 has an odd address or stride");
  return {memory.l2(r.begin, r.end - r.begin, who).data(), &l};
}

// Rows of one element each and other strides: the general walk over two strided operands.
template <class Visit>
void for_each_row(const isa::Extents& e, Visit visit) {
  for (std::int64_t n = 0; n < e.n; ++n)
    for (std::int64_t c = 0; c < e.c; ++c)
      for (std::int64_t h = 0; h < e.h; ++h) visit(n, c, h);
}

}  // namespace ane::sim
