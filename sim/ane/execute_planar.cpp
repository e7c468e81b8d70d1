// The planar engine's part of a task: elementwise, reductions, pools, and what follows them.
#include <fmt/format.h>

#include <array>

#include "isa/error.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/round.h"
#include "kernels/types.h"
#include "sim/ane/execute.h"
#include "sim/ane/operands.h"

namespace ane::sim {

using isa::Extents;
using isa::Format;
using isa::NeOp;
using isa::PeMode;
using isa::Task;
using kernels::arith::PlanarOp;
using kernels::arith::Reduction;

void Executor::planar(const Task& t, const std::string& who) {
  // First operand: what the neural engines made, or source 1.
  if (t.ne == NeOp::off) {
    if (t.l2_in1.format != Format::fp16)
      throw InputError(who, "the planar engine computes in fp16");
    pass_through(
        [&] {
          Task copy = t;
          copy.activation = 0;
          return copy;
        }(),
        who);
  }
  const Extents& x = made_extents_;
  const Extents& o = t.out;
  result_.resize(static_cast<std::size_t>(o.count()));
  const auto at = [](const Extents& e, std::int64_t n, std::int64_t c, std::int64_t h) {
    return ((((e.n == 1 ? 0 : n) * e.c + (e.c == 1 ? 0 : c)) * e.h) + (e.h == 1 ? 0 : h)) * e.w;
  };
  if (t.pe == PeMode::ew) {
    const Source second = source_of(memory_, t.in2, t.l2_in2, who);
    if (t.l2_in2.format != Format::fp16)
      throw InputError(who, "the planar engine computes in fp16");
    const auto fits = [&](std::int64_t a, std::int64_t b, std::int64_t out) {
      return (a == out || a == 1) && (b == out || b == 1) && (a == out || b == out);
    };
    if (!fits(x.w, t.in2.w, o.w) || !fits(x.h, t.in2.h, o.h) || !fits(x.c, t.in2.c, o.c) ||
        !fits(x.n, t.in2.n, o.n))
      throw InputError(who, "the sources' extents do not broadcast to the result's");
    const auto op = static_cast<PlanarOp>(t.ew);
    for_each_row(
        *workers_, o, true, [&](std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t row) {
          std::span<const Half> a(made_.data() + at(x, n, c, h), static_cast<std::size_t>(x.w));
          std::span<const Half> b(
              second.row(t.in2.n == 1 ? 0 : n, t.in2.c == 1 ? 0 : c, t.in2.h == 1 ? 0 : h),
              static_cast<std::size_t>(t.in2.w));
          if (t.swap) std::swap(a, b);
          const auto y = std::span(result_).subspan(static_cast<std::size_t>(row * o.w),
                                                    static_cast<std::size_t>(o.w));
          if (a.size() == b.size())
            kernels::arith::planar(op, profile_, a, b, y);
          else if (b.size() == 1)
            kernels::arith::planar(op, profile_, a, b[0], y);
          else
            kernels::arith::planar(op, profile_, a[0], b, y);
        });
  } else if (t.pe == PeMode::red) {
    reduce(t, who);
  } else {
    if (o.n != x.n || o.c != x.c) throw InputError(who, "a pool keeps images and channels");
    const bool maximum = t.pool == 0;
    for_each_row(
        *workers_, o, true, [&](std::int64_t n, std::int64_t c, std::int64_t oy, std::int64_t row) {
          thread_local std::vector<Half> window;
          for (std::int64_t ox = 0; ox < o.w; ++ox) {
            window.clear();
            for (int ky = 0; ky < t.kh; ++ky)
              for (int kx = 0; kx < t.kw; ++kx) {
                const std::int64_t iy = oy * t.sy + ky - t.pad_top,
                                   ix = ox * t.sx + kx - t.pad_left;
                if (iy >= 0 && iy < x.h && ix >= 0 && ix < x.w)
                  window.push_back(
                      made_[static_cast<std::size_t>(((n * x.c + c) * x.h + iy) * x.w + ix)]);
                else if (!maximum && t.count_pad)
                  window.push_back({});
              }
            if (window.empty()) throw InputError(who, "a pool window lies wholly in the padding");
            kernels::arith::reduce(maximum ? Reduction::max : Reduction::mean, profile_,
                                   window.data(),
                                   {.outer = 1, .count = std::ssize(window), .inner = 1},
                                   &result_[static_cast<std::size_t>(row * o.w + ox)]);
          }
        });
  }
  std::swap(made_, result_);
  made_extents_ = o;
  const auto with_constant = [&](PlanarOp op, std::uint16_t constant) {
    if (constant == 0) return;
    workers_->spread(std::ssize(made_), least_elements, [&](std::int64_t begin, std::int64_t end) {
      const auto part = std::span(made_).subspan(static_cast<std::size_t>(begin),
                                                 static_cast<std::size_t>(end - begin));
      kernels::arith::planar(op, profile_, part, Half{constant}, part);
    });
  };
  with_constant(PlanarOp::mul, t.pe_mul);
  with_constant(PlanarOp::add, t.pe_add);
  apply(t.pe_post, t.alpha, t.beta);
}

// Axes that follow each other in n, c, h, w reduce in place; others line by line.
void Executor::reduce(const Task& t, const std::string& who) {
  const Extents& x = made_extents_;
  const Extents& o = t.out;
  const auto axes = static_cast<unsigned>(t.axes);
  const auto whole = [&](kernels::Axis axis) { return (axes & axis) != 0; };
  const Extents expected{.w = whole(kernels::axis_w) ? 1 : x.w,
                         .h = whole(kernels::axis_h) ? 1 : x.h,
                         .c = whole(kernels::axis_c) ? 1 : x.c,
                         .n = whole(kernels::axis_n) ? 1 : x.n};
  if (!(expected == o)) throw InputError(who, "the result's extents do not match the reduced axes");
  const std::array<std::int64_t, 4> extents{x.n, x.c, x.h, x.w};
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
  if (in_place) return reduce_in_place(static_cast<Reduction>(t.red), shape);
  for_each_row(
      *workers_, o, true, [&](std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t row) {
        thread_local std::vector<Half> line;
        for (std::int64_t w = 0, to = row * o.w; w < o.w; ++w, ++to) {
          Half& result = result_[static_cast<std::size_t>(to)];
          line.clear();
          for (std::int64_t rn = n; rn < (reduced[0] ? x.n : n + 1); ++rn)
            for (std::int64_t rc = c; rc < (reduced[1] ? x.c : c + 1); ++rc)
              for (std::int64_t rh = h; rh < (reduced[2] ? x.h : h + 1); ++rh)
                for (std::int64_t rw = w; rw < (reduced[3] ? x.w : w + 1); ++rw)
                  line.push_back(
                      made_[static_cast<std::size_t>(((rn * x.c + rc) * x.h + rh) * x.w + rw)]);
          if (t.red == argmax_reduction)
            result = kernels::arith::to_half(static_cast<double>(
                kernels::arith::argmax(profile_, line.data(), std::ssize(line), 1)));
          else
            kernels::arith::reduce(static_cast<Reduction>(t.red), profile_, line.data(),
                                   {.outer = 1, .count = std::ssize(line), .inner = 1}, &result);
        }
      });
}

// Neighbouring results together: ranges of outer indices, or where there are few, of inner ones.
void Executor::reduce_in_place(Reduction r, const kernels::arith::ReduceShape& shape) {
  if (shape.outer > 1 && shape.outer >= shape.inner / 64) {
    const std::int64_t each = shape.count * shape.inner;
    workers_->spread(shape.outer, least_elements / each + 8,
                     [&](std::int64_t begin, std::int64_t end) {
                       kernels::arith::ReduceShape part = shape;
                       part.outer = end - begin;
                       kernels::arith::reduce(r, profile_, made_.data() + begin * each, part,
                                              result_.data() + begin * shape.inner);
                     });
    return;
  }
  for (std::int64_t o = 0; o < shape.outer; ++o)
    workers_->spread(
        shape.inner, least_elements / shape.count + 64, [&](std::int64_t begin, std::int64_t end) {
          kernels::arith::reduce(
              r, profile_, made_.data() + o * shape.count * shape.inner + begin,
              {.outer = 1, .count = shape.count, .inner = end - begin, .stride = shape.inner},
              result_.data() + o * shape.inner + begin);
        });
}

}  // namespace ane::sim
