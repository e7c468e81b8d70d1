// What the executor's files share: operands in L2, checked once as a whole, and the walk over rows.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "isa/error.h"
#include "kernels/arith/half.h"
#include "sim/ane/memory.h"
#include "sim/ane/workers.h"

namespace ane::sim {

using kernels::arith::Half;

// The fields' numbers are those of the arithmetic's lists; numbers_test holds the names together.
constexpr int argmax_reduction = 6;

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

// What one range of a task's results has at least, in elements: some ten microseconds, far more
// than it costs to hand it to another thread.
constexpr std::int64_t least_elements = 8192;

// Rows of one element each and other strides: the general walk over strided operands. Where rows
// are `independent` of each other, threads share them.
template <class Visit>
void for_each_row(Workers& workers, const isa::Extents& e, bool independent, const Visit& visit) {
  const std::int64_t rows = (Saturated(e.n) * e.c * e.h).value();
  const std::int64_t least =
      independent ? least_elements / std::max<std::int64_t>(1, e.w) + 1 : rows;
  workers.spread(rows, least, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t h = begin % e.h, c = begin / e.h % e.c, n = begin / e.h / e.c;
    for (std::int64_t row = begin; row < end; ++row) {
      visit(n, c, h, row);
      if (++h < e.h) continue;
      h = 0;
      if (++c < e.c) continue;
      c = 0;
      ++n;
    }
  });
}

// Whether no two of these rows share a byte: the strides n, c, h of rows of `bytes`.
inline bool rows_apart(const isa::Extents& e, std::int64_t bytes,
                       std::array<std::int64_t, 3> strides) {
  std::array<std::pair<std::int64_t, std::int64_t>, 3> by{
      {{strides[0], e.n}, {strides[1], e.c}, {strides[2], e.h}}};
  std::ranges::sort(by);
  Saturated taken = bytes;
  for (const auto& [stride, count] : by) {
    if (count == 1) continue;
    if (stride < taken.value()) return false;
    taken = taken + Saturated(stride) * (count - 1);
  }
  return true;
}
inline bool rows_apart(const isa::Extents& e, const isa::L2Operand& l) {
  return rows_apart(e, (Saturated(e.w) * isa::byte_size(l.format)).value(), {l.sn, l.sc, l.sh});
}

}  // namespace ane::sim
