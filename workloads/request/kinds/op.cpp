// kind=op: one operator on one tensor, by the name that frameworks use.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "isa/functions.h"
#include "workloads/networks/op_names.h"
#include "workloads/request/kind.h"
#include "workloads/request/plain.h"

namespace ane::workloads {

enum class OpAxes { last, all };
static std::span<const std::string_view> names_of(OpAxes) {
  static constexpr std::string_view names[] = {"last", "all"};
  return names;
}

namespace {

using kernels::WorkKind;

bool known(const auto& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}
double real(std::int64_t v) {
  return static_cast<double>(v);
}
constexpr std::string_view moves[] = {"transpose", "gather", "scatter", "upsample"};

std::int64_t extent(const Extents& e, unsigned axis) {
  return axis == kernels::axis_c   ? e.c
         : axis == kernels::axis_w ? e.w
         : axis == kernels::axis_h ? e.h
                                   : e.n;
}

struct Op : Work {
  std::string op, shape;
  std::optional<OpAxes> axes;  // none: the last; of a reduction, all
  std::int64_t k = 0, heads = 0, kh = 1, kw = 1, stride = 1, bytes = 0;

  static constexpr Key keys[] = {
      needed<&Op::op>("op", "softmax, layer_norm, reduce_sum, transpose, sdpa, ..."),
      needed<&Op::shape>("shape", "of its tensor, as 64x128x128"),
      key<&Op::axes>("axes", "of reductions and softmax: last or all"),
      key<&Op::k>("k", "of top_k"),
      key<&Op::heads>("heads", "of mha", 0, 1e6),
      key<&Op::kh>("kh", "rows of a pool's window", 1, 1e4),
      key<&Op::kw>("kw", "columns of a pool's window", 1, 1e4),
      key<&Op::stride>("stride", "of a pool", 1, 1e4),
      key<&Op::bytes>("bytes", "that a bandwidth figure counts"),
  };

  // What is counted of it, elements, windows and bytes, stays within 64 bits.
  void check(const Request& r, const std::string& place) const override {
    constexpr double most = 1e15;
    const std::vector<std::int64_t> e = extents(shape);
    double elements = real(r.batch) * real(kh) * real(kw);
    for (const std::int64_t x : e) elements *= real(x);
    elements *= std::max(1.0, real(k) / real(e.back()));
    if (elements > most)
      throw InputError(place,
                       fmt::format("{:.3g} elements are too many: shape={}", elements, shape),
                       fmt::format("at most {:g}, with batch, window and k", most));
  }
  double nominal_flop(const Request& r) const override {
    const std::vector<std::int64_t> e = extents(shape);
    if (op == "sdpa" && e.size() == 3)  // heads x length x head size: Q K^T and P V
      return 4 * real(e[0]) * real(e[1]) * real(e[1]) * real(e[2]) * real(r.batch);
    if (op == "mha" && e.size() == 2)  // length x width: four projections and the attention
      return real(r.batch) *
             (8 * real(e[0]) * real(e[1]) * real(e[1]) + 4 * real(e[0]) * real(e[0]) * real(e[1]));
    return 0;
  }
  double counted_bytes(const Request&) const override { return real(bytes); }
  std::string label() const override { return op; }
  bool is_one_operator() const override { return true; }

  Job job(const Request& r, const JobFor& target) const override {
    if (target.form == Form::framework && !target.programs)
      return {.stages = {{.work = operators(r, plain_op(op))}}};
    if (target.seed) refuse_values_of_stand_in(op);
    Plain plain(r, target);
    return {.stages = {{.work = graph(plain, r, plain_op(op))}}};
  }

 private:
  WorkList operators(const Request& r, const std::string& plain) const;
  Graph graph(Plain& plain, const Request& r, const std::string& name) const;
};

WorkList Op::operators(const Request& r, const std::string& plain) const {
  const std::vector<std::int64_t> e = extents(shape);
  const double a = bytes_of(r.formats.activations);
  std::int64_t elements = r.batch;
  for (const std::int64_t x : e) elements *= x;
  const double total = real(elements) * a;
  const auto one = [&](WorkKind kind, double flops, double written, std::string_view name) {
    return WorkList{kernels::Work{.kind = kind,
                                  .other_flops = std::llround(flops),
                                  .read = whole_bytes(total),
                                  .written = whole_bytes(written),
                                  .name = name}};
  };
  if (plain.starts_with("reduce_") &&
      known(isa::reduction_operations, std::string_view(plain).substr(7)))
    return one(WorkKind::reduction, real(elements),
               axes.value_or(OpAxes::all) == OpAxes::all ? a : total / real(e.back()), "reduce");
  if (plain == "softmax") return one(WorkKind::softmax, 5 * real(elements), total, "softmax");
  if (plain == "layer_norm" || plain == "rms_norm")
    return one(WorkKind::normalisation, 8 * real(elements), total, "norm");
  if (known(isa::unary_functions, plain)) return {pointwise(elements, a)};
  if (known(isa::elementwise_operations, plain)) return {pointwise(elements, a, 2)};
  if (const int operands = operands_elsewhere(plain)) return {pointwise(elements, a, operands)};
  if (const double steps = steps_elsewhere(plain, real(e.back())); steps > 0)
    return one(WorkKind::reduction, real(elements) * steps,
               total * written_elsewhere(plain, real(e.back())), "scan");
  if (plain == "max_pool" || plain == "avg_pool") {
    const double outputs = real(elements) / real(stride * stride);
    return one(WorkKind::pool, outputs * real(kh * kw), outputs * a, "pool");
  }
  // Moves: everything is read and written once.
  if (known(moves, plain) || is_move(plain)) {
    kernels::Work w = pointwise(elements, a, 1, 0);
    if (plain == "upsample") w.written = w.written * 4;
    w.kind = plain == "gather" || plain == "scatter" ? WorkKind::gather : WorkKind::copy;
    w.name = "move";
    return {w};
  }
  // The k largest of each row, k values and k indices of 4 bytes out.
  if (plain == "top_k" || plain == "argmax") {
    const std::int64_t most = plain == "argmax" ? 1 : std::max<std::int64_t>(1, k);
    return one(WorkKind::reduction, real(elements),
               real(elements) / real(e.back()) * real(most) * (a + 4), "top k");
  }
  if (plain == "sdpa" && e.size() == 3) {  // heads x length x head size
    kernels::Work w{.kind = WorkKind::attention,
                    .macs = Macs{2 * r.batch * e[0] * e[1] * e[1] * e[2]},
                    .read = whole_bytes(3 * total),
                    .written = whole_bytes(total)};
    w.m = e[1], w.n = e[1], w.k = e[2], w.batch = r.batch * e[0];
    w.name = "sdpa";
    return {w};
  }
  if (plain == "mha" && e.size() == 2) {  // length x width, `heads` heads, with the projections
    const std::int64_t length = e[0], width = e[1], apart = std::max<std::int64_t>(1, heads);
    const double wb = bytes_of(r.formats.weights);
    kernels::Work in = product(r.batch * length, width, width, a, wb);
    in.count = 3;
    kernels::Work attention{.kind = WorkKind::attention,
                            .macs = Macs{2 * r.batch * length * length * width},
                            .read = whole_bytes(3 * total),
                            .written = whole_bytes(total)};
    attention.m = length, attention.n = length, attention.k = width / apart;
    attention.batch = r.batch * apart;
    attention.name = "attention";
    return {in, attention, product(r.batch * length, width, width, a, wb)};
  }
  throw InputError("request", fmt::format("op={} shape={} has no operator list", plain, shape),
                   "reduce_sum (mean, max, min), softmax, layer_norm, rms_norm, relu and the other "
                   "functions, add and the other operations of two tensors, transpose, copy, cast, "
                   "concat and the other moves, gather, scatter, upsample, max_pool, avg_pool, "
                   "top_k, argmax, sort, cumsum, tan, pow, sdpa (heads x length x size), mha "
                   "(length x width)");
}

Graph Op::graph(Plain& plain, const Request& r, const std::string& name) const {
  Layers& l = plain.layers;
  const std::vector<std::int64_t> e = extents(shape);
  if (name == "sdpa") {
    if (e.size() != 3)
      throw InputError("request", "op=sdpa takes shape=heads x length x size", "shape=12x128x64");
    const Extents one{.w = e[1], .h = 1, .c = e[0] * e[2], .n = r.batch};
    const ValueId q = plain.input("q", one), key = plain.input("k", one), v = plain.input("v", one);
    return plain.finish(l.attention(q, key, v, e[0], e[0]));
  }
  if (name == "mha") {
    if (e.size() != 2 || heads < 1)
      throw InputError("request", "op=mha takes shape=length x width and heads",
                       "shape=128x768 heads=12");
    const ValueId x = plain.input("x", {.w = e[0], .h = 1, .c = e[1], .n = r.batch});
    const ValueId q = l.linear(x, e[1], "none", false), key = l.linear(x, e[1], "none", false),
                  v = l.linear(x, e[1], "none", false);
    return plain.finish(l.linear(l.attention(q, key, v, heads, heads), e[1], "none", false));
  }
  if (e.size() == 3 && (name.ends_with("_pool") || name == "upsample")) {
    const ValueId image = plain.input("image", {.w = e[2], .h = e[1], .c = e[0], .n = r.batch});
    if (name == "upsample") return plain.finish(l.upsample(image));
    if (kh != kw) throw InputError("request", name + " takes a square window", "kh = kw");
    const int kernel = static_cast<int>(kh), step = static_cast<int>(stride);
    return plain.finish(name == "max_pool" ? l.max_pool(image, kernel, step, 0)
                                           : l.average_pool(image, kernel, step, 0));
  }
  // Norms, softmax and reductions act along the last axis: channels, as the accelerator has them.
  Extents plane{.w = 1, .h = 1, .c = e.back(), .n = r.batch};
  for (std::size_t i = 0; i + 1 < e.size(); ++i) plane.w *= e[i];
  plain.split_columns(plane);
  const ValueId x = plain.input("x", plane);
  unsigned over = kernels::axis_c;
  if (axes.value_or(name.starts_with("reduce") ? OpAxes::all : OpAxes::last) == OpAxes::all)
    over |= kernels::axis_w | kernels::axis_h | kernels::axis_n;
  if (name == "softmax") return plain.finish(l.softmax(x, over));
  if (name == "layer_norm") return plain.finish(l.layer_norm(x));
  if (name == "rms_norm") return plain.finish(l.rms_norm(x));
  if (name.starts_with("reduce_")) {
    // One extent after the other: what stays in flight is small.
    ValueId y = x;
    for (const unsigned axis : {kernels::axis_c, kernels::axis_w, kernels::axis_h, kernels::axis_n})
      if ((over & axis) != 0 && extent(l.extents(y), axis) > 1)
        y = l.graph().reduce(fmt::format("reduce{}", axis), name.substr(7), axis, y);
    if (y == x) y = l.graph().reduce("reduce", name.substr(7), over, x);
    return plain.finish(y);
  }
  if (name == "transpose") return plain.finish(l.permute(x, {0, 3, 2, 1}));
  return plain.finish(plain.apply(name, x));
}

}  // namespace

namespace kind {
extern const Kind op;
constinit const Kind op =
    kind_of<Op>("op", "one operator on one tensor", "item", takes_numbers | takes_io);
}  // namespace kind

}  // namespace ane::workloads
