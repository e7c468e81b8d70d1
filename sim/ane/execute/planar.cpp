// The planar engine's part of a task: elementwise, reductions, pools, and what follows them.
#include "kernels/arith/planar.h"

#include <fmt/format.h>

#include <array>

#include "isa/error.h"
#include "kernels/arith/round.h"
#include "kernels/types.h"
#include "sim/ane/execute/execute.h"
#include "sim/ane/execute/operands.h"

namespace ane::sim {

using isa::Extents;
using isa::Format;
using isa::NeOp;
using isa::PeMode;
using isa::Task;
using kernels::arith::PlanarOp;
using kernels::arith::Reduction;

namespace {

// What follows the operation: times and plus a constant, then a function.
struct Tail {
  const kernels::arith::Profile& profile;
  Half mul, add;
  kernels::arith::FunctionTable function;

  Tail(const kernels::arith::Profile& p, const Task& t)
      : profile(p),
        mul{t.pe_mul},
        add{t.pe_add},
        function(function_table(p, t.pe_post, t.alpha, t.beta)) {}
  bool empty() const { return mul.bits == 0 && add.bits == 0 && function.results == nullptr; }
  void on(Half* y, std::int64_t count) const {
    const std::span<Half> part(y, static_cast<std::size_t>(count));
    if (mul.bits != 0) kernels::arith::planar(PlanarOp::mul, profile, part, mul, part);
    if (add.bits != 0) kernels::arith::planar(PlanarOp::add, profile, part, add, part);
    kernels::arith::apply(function, y, count);
  }
};

}  // namespace

void Executor::planar(const Task& t, const std::string& who) {
  // First operand: what the neural engines made, or source 1.
  if (t.ne == NeOp::off) {
    if (t.l2_in1.format != Format::fp16)
      throw InputError(who, "the planar engine computes in fp16");
    made_ = values_of(source_of(memory_, t.in1, t.l2_in1, who), t.in1);
  }
  switch (t.pe) {
    case PeMode::off:
      return;
    case PeMode::ew:
      return elementwise(t, who);
    case PeMode::red:
      reduce(t, who);
      break;
    case PeMode::pool:
      pool(t, who);
      break;
  }
  const Tail tail(profile_, t);
  if (tail.empty()) return;
  const Lines<1> lines(t.out, {Lines<1>::of(made_, t.out)});
  lines.for_each(*workers_, true,
                 [&](const auto& at, std::int64_t count) { tail.on(made_.base + at[0], count); });
}

void Executor::elementwise(const Task& t, const std::string& who) {
  const Values x = made_;
  const Extents& o = t.out;
  const Values second = values_of(source_of(memory_, t.in2, t.l2_in2, who), t.in2);
  if (t.l2_in2.format != Format::fp16) throw InputError(who, "the planar engine computes in fp16");
  const auto fits = [&](std::int64_t a, std::int64_t b, std::int64_t out) {
    return (a == out || a == 1) && (b == out || b == 1) && (a == out || b == out);
  };
  if (!fits(x.e.w, t.in2.w, o.w) || !fits(x.e.h, t.in2.h, o.h) || !fits(x.e.c, t.in2.c, o.c) ||
      !fits(x.e.n, t.in2.n, o.n))
    throw InputError(who, "the sources' extents do not broadcast to the result's");
  const auto op = static_cast<PlanarOp>(t.ew);
  const Values y = room_for(
      t, o, true,
      {{.e = t.in1, .l = t.l2_in1, .aligned = true}, {.e = t.in2, .l = t.l2_in2, .aligned = true}},
      who);
  const Values& a = t.swap ? second : x;
  const Values& b = t.swap ? x : second;
  const Lines<3> lines(o, {Lines<3>::of(a, o), Lines<3>::of(b, o), Lines<3>::of(y, o)});
  const Tail tail(profile_, t);
  lines.for_each(*workers_, true, [&](const auto& at, std::int64_t count) {
    const auto n = static_cast<std::size_t>(count);
    const std::span<const Half> left(a.base + at[0], n), right(b.base + at[1], n);
    const std::span<Half> result(y.base + at[2], n);
    if (lines.strides[0][3] == 0)
      kernels::arith::planar(op, profile_, a.base[at[0]], right, result);
    else if (lines.strides[1][3] == 0)
      kernels::arith::planar(op, profile_, left, b.base[at[1]], result);
    else
      kernels::arith::planar(op, profile_, left, right, result);
    tail.on(result.data(), count);
  });
  made_ = y;
}

void Executor::pool(const Task& t, const std::string& who) {
  const Values x = made_;
  const Extents& o = t.out;
  if (o.n != x.e.n || o.c != x.e.c) throw InputError(who, "a pool keeps images and channels");
  const bool maximum = t.pool == 0;
  const Reduction op = maximum ? Reduction::max : Reduction::mean;
  const Values y = room_for(t, o, true, {{.e = t.in1, .l = t.l2_in1}}, who);
  // Of a row the results whose windows lie within the columns, side by side: [first, last).
  const std::int64_t first = std::min<std::int64_t>(o.w, (t.pad_left + t.sx - 1) / t.sx);
  const std::int64_t reach = x.e.w + t.pad_left - t.kw;
  const std::int64_t last = reach < 0 ? first : std::clamp(reach / t.sx + 1, first, o.w);
  for_each_row(*workers_, o, true, [&](std::int64_t n, std::int64_t c, std::int64_t oy) {
    thread_local std::vector<Half> window;
    Half* const result = y.row(n, c, oy);
    const std::int64_t top = oy * t.sy - t.pad_top;
    const auto one = [&](std::int64_t ox) {
      window.clear();
      for (int ky = 0; ky < t.kh; ++ky)
        for (int kx = 0; kx < t.kw; ++kx) {
          const std::int64_t iy = top + ky, ix = ox * t.sx + kx - t.pad_left;
          if (iy >= 0 && iy < x.e.h && ix >= 0 && ix < x.e.w)
            window.push_back(x.row(n, c, iy)[ix]);
          else if (!maximum && t.count_pad)
            window.push_back({});
        }
      if (window.empty()) throw InputError(who, "a pool window lies wholly in the padding");
      kernels::arith::reduce(op, profile_, window.data(),
                             {.outer = 1, .count = std::ssize(window), .inner = 1}, result + ox);
    };
    if (top < 0 || top + t.kh > x.e.h || last == first) {
      for (std::int64_t ox = 0; ox < o.w; ++ox) one(ox);
      return;
    }
    for (std::int64_t ox = 0; ox < first; ++ox) one(ox);
    window.resize(static_cast<std::size_t>(t.kh * t.kw * (last - first)));
    Half* to = window.data();
    for (int ky = 0; ky < t.kh; ++ky)
      for (int kx = 0; kx < t.kw; ++kx) {
        const Half* from = x.row(n, c, top + ky) + first * t.sx + kx - t.pad_left;
        for (std::int64_t ox = first; ox < last; ++ox, from += t.sx) *to++ = *from;
      }
    kernels::arith::reduce(op, profile_, window.data(),
                           {.outer = 1, .count = t.kh * t.kw, .inner = last - first},
                           result + first);
    for (std::int64_t ox = last; ox < o.w; ++ox) one(ox);
  });
  made_ = y;
}

// Axes that follow each other in n, c, h, w reduce in place; others line by line.
void Executor::reduce(const Task& t, const std::string& who) {
  Values x = made_;
  const Extents& o = t.out;
  const auto axes = static_cast<unsigned>(t.axes);
  const auto whole = [&](kernels::Axis axis) { return (axes & axis) != 0; };
  const Extents expected{.w = whole(kernels::axis_w) ? 1 : x.e.w,
                         .h = whole(kernels::axis_h) ? 1 : x.e.h,
                         .c = whole(kernels::axis_c) ? 1 : x.e.c,
                         .n = whole(kernels::axis_n) ? 1 : x.e.n};
  if (!(expected == o)) throw InputError(who, "the result's extents do not match the reduced axes");
  const std::array<std::int64_t, 4> extents{x.e.n, x.e.c, x.e.h, x.e.w};
  const std::array<bool, 4> reduced{whole(kernels::axis_n), whole(kernels::axis_c),
                                    whole(kernels::axis_h), whole(kernels::axis_w)};
  kernels::arith::ReduceShape shape{.outer = 1, .count = 1, .inner = 1};
  int phase = 0;  // 0: outer axes, 1: reduced, 2: inner
  bool in_place = t.red != argmax_reduction;
  for (std::size_t i = 0; i < 4; ++i) {
    if (extents[i] == 1) continue;
    if (reduced[i]) {
      in_place = in_place && phase <= 1;
      phase = 1;
      shape.count *= extents[i];
    } else if (phase == 0) {
      shape.outer *= extents[i];
    } else {
      phase = 2;
      shape.inner *= extents[i];
    }
  }
  Values y = room_for(t, o, true, {{.e = t.in1, .l = t.l2_in1}}, who);
  if (in_place) {
    if (!x.dense()) {
      const Values room = own_room(x.e);
      const Lines<2> lines(x.e, {Lines<2>::of(x, x.e), Lines<2>::of(room, x.e)});
      lines.for_each(*workers_, true, [&](const auto& at, std::int64_t count) {
        std::copy_n(x.base + at[0], count, room.base + at[1]);
      });
      x = room;
    }
    if (!y.dense()) y = own_room(o);
    made_ = y;
    return reduce_in_place(static_cast<Reduction>(t.red), shape, x.base);
  }
  for_each_row(*workers_, o, true, [&](std::int64_t n, std::int64_t c, std::int64_t h) {
    thread_local std::vector<Half> line;
    for (std::int64_t w = 0; w < o.w; ++w) {
      Half& result = y.row(n, c, h)[w];
      line.clear();
      for (std::int64_t rn = n; rn < (reduced[0] ? x.e.n : n + 1); ++rn)
        for (std::int64_t rc = c; rc < (reduced[1] ? x.e.c : c + 1); ++rc)
          for (std::int64_t rh = h; rh < (reduced[2] ? x.e.h : h + 1); ++rh) {
            const Half* row = x.row(rn, rc, rh);
            for (std::int64_t rw = w; rw < (reduced[3] ? x.e.w : w + 1); ++rw)
              line.push_back(row[rw]);
          }
      if (t.red == argmax_reduction)
        result = kernels::arith::to_half(static_cast<double>(
            kernels::arith::argmax(profile_, line.data(), std::ssize(line), 1)));
      else
        kernels::arith::reduce(static_cast<Reduction>(t.red), profile_, line.data(),
                               {.outer = 1, .count = std::ssize(line), .inner = 1}, &result);
    }
  });
  made_ = y;
}

// Neighbouring results together: ranges of outer indices, or where there are few, of inner ones.
void Executor::reduce_in_place(Reduction r, const kernels::arith::ReduceShape& shape,
                               const Half* x) {
  Half* const y = made_.base;
  if (shape.outer > 1 && shape.outer >= shape.inner / 64) {
    const std::int64_t each = shape.count * shape.inner;
    workers_->spread(
        shape.outer, least_elements / each + 8, [&](std::int64_t begin, std::int64_t end) {
          kernels::arith::ReduceShape part = shape;
          part.outer = end - begin;
          kernels::arith::reduce(r, profile_, x + begin * each, part, y + begin * shape.inner);
        });
    return;
  }
  for (std::int64_t o = 0; o < shape.outer; ++o)
    workers_->spread(
        shape.inner, least_elements / shape.count + 64, [&](std::int64_t begin, std::int64_t end) {
          kernels::arith::reduce(
              r, profile_, x + o * shape.count * shape.inner + begin,
              {.outer = 1, .count = shape.count, .inner = end - begin, .stride = shape.inner},
              y + o * shape.inner + begin);
        });
}

}  // namespace ane::sim
