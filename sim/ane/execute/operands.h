// What the executor's files share: operands in L2, checked once as a whole, and the walk over rows.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "sim/ane/execute/workers.h"
#include "sim/ane/memory.h"

namespace ane::sim {

using isa::Extents;
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

// The rows of an operand, which threads share where they are `independent` of each other.
template <class Visit>
void for_each_row(Workers& workers, const Extents& e, bool independent, const Visit& visit) {
  const std::int64_t rows = (Saturated(e.n) * e.c * e.h).value();
  const std::int64_t least =
      independent ? least_elements / std::max<std::int64_t>(1, e.w) + 1 : rows;
  workers.spread(rows, least, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t h = begin % e.h, c = begin / e.h % e.c, n = begin / e.h / e.c;
    for (std::int64_t row = begin; row < end; ++row) {
      visit(n, c, h);
      if (++h < e.h) continue;
      h = 0;
      if (++c < e.c) continue;
      c = 0;
      ++n;
    }
  });
}

// A function that a task applies, if any.
inline kernels::arith::FunctionTable function_table(const kernels::arith::Profile& profile,
                                                    int function, std::uint16_t alpha,
                                                    std::uint16_t beta) {
  if (function == 0) return {};
  return kernels::arith::function_table(
      profile, {static_cast<kernels::arith::Function>(function), {alpha}, {beta}});
}
inline void look_up(const Half* function, const Half* from, Half* to, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = function[from[i].bits];
}

// Binary16 values where they stand, in L2 or in a room of the executor's: rows of `e.w` neighbours.
struct Values {
  Half* base = nullptr;
  std::array<std::int64_t, 3> strides{};  // n, c, h, in elements
  Extents e{};
  bool placed = false;  // they are the task's result, where it belongs

  Half* row(std::int64_t n, std::int64_t c, std::int64_t h) const {
    return base + n * strides[0] + c * strides[1] + h * strides[2];
  }
  // All of it without a gap, in the order n, c, h, w.
  bool dense() const {
    return (e.h == 1 || strides[2] == e.w) && (e.c == 1 || strides[1] == e.w * e.h) &&
           (e.n == 1 || strides[0] == e.w * e.h * e.c);
  }
  static Values dense_at(Half* base, const Extents& e) {
    return {.base = base, .strides = {e.c * e.h * e.w, e.h * e.w, e.w}, .e = e};
  }
};
inline Values values_of(const Source& s, const Extents& e) {
  return {.base = reinterpret_cast<Half*>(s.base),
          .strides = {s.l->sn / 2, s.l->sc / 2, s.l->sh / 2},
          .e = e};
}
inline bool apart(const ByteRange& a, const ByteRange& b) {
  return a.end <= b.begin || b.end <= a.begin;
}

// The lines of N operands over common extents n, c, h, w, as long as their strides allow: where two
// axes follow each other without a gap in every operand, they are one. An operand that is the same
// along an axis has the stride 0 there.
template <std::size_t N>
struct Lines {
  using Strides = std::array<std::int64_t, 4>;  // in elements; along w 0 or 1
  std::array<std::int64_t, 4> extents;
  std::array<Strides, N> strides;

  Lines(const Extents& e, const std::array<Strides, N>& of)
      : extents{e.n, e.c, e.h, e.w}, strides(of) {
    for (std::size_t axis = 3; axis-- > 0;)
      if (extents[axis] != 1 && !join(axis)) break;
  }
  static Strides of(const Values& v, const Extents& all) {
    return {v.e.n == all.n ? v.strides[0] : 0, v.e.c == all.c ? v.strides[1] : 0,
            v.e.h == all.h ? v.strides[2] : 0, v.e.w == all.w ? 1 : 0};
  }

  // visit(offsets of the operands, elements), for pieces that stay in a first-level cache, shared
  // by threads where the pieces are `independent`.
  template <class Visit>
  void for_each(Workers& workers, bool independent, const Visit& visit) const {
    constexpr std::int64_t longest = 2048;
    const std::int64_t pieces = (extents[3] + longest - 1) / longest;
    const std::int64_t all = (Saturated(extents[0]) * extents[1] * extents[2] * pieces).value();
    const std::int64_t length = std::clamp<std::int64_t>(extents[3], 1, longest);
    workers.spread(
        all, independent ? least_elements / length + 1 : all,
        [&](std::int64_t begin, std::int64_t end) {
          std::array<std::int64_t, 4> at{};  // n, c, h, piece
          std::int64_t rest = begin;
          const std::array<std::int64_t, 4> counts{extents[0], extents[1], extents[2], pieces};
          for (std::size_t i = 4; i-- > 0; rest /= counts[i]) at[i] = rest % counts[i];
          for (std::int64_t item = begin; item < end; ++item) {
            std::array<std::int64_t, N> offsets;
            for (std::size_t k = 0; k < N; ++k)
              offsets[k] = at[0] * strides[k][0] + at[1] * strides[k][1] + at[2] * strides[k][2] +
                           at[3] * longest * strides[k][3];
            visit(offsets, std::min(longest, extents[3] - at[3] * longest));
            for (std::size_t i = 4; i-- > 0;) {
              if (++at[i] < counts[i]) break;
              at[i] = 0;
            }
          }
        });
  }

 private:
  bool join(std::size_t axis) {
    if (extents[3] == 1) {  // the axis takes the place of one of no length
      for (const Strides& s : strides)
        if (s[axis] != 0 && s[axis] != 1) return false;
      for (Strides& s : strides) s[3] = s[axis];
    } else {
      for (const Strides& s : strides)
        if (s[axis] != s[3] * extents[3]) return false;
    }
    extents[3] *= extents[axis];
    extents[axis] = 1;
    return true;
  }
};

}  // namespace ane::sim
