#include "workloads/request/spec_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "isa/error.h"
#include "isa/functions.h"
#include "workloads/networks/op_names.h"

namespace ane::workloads {
namespace {

using kernels::Work;
using kernels::WorkKind;

Bytes bytes(double count) {
  return Bytes{static_cast<std::int64_t>(std::llround(count))};
}
double real(std::int64_t v) {
  return static_cast<double>(v);
}

bool known(const auto& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}
constexpr std::string_view moves[] = {"transpose", "gather", "scatter", "upsample"};

WorkList conv_work(const Spec& s) {
  const double a = bytes_of(s.activations), wb = bytes_of(s.weights);
  WorkList out;
  for (std::int64_t layer = 0; layer < s.depth; ++layer) {
    const std::int64_t cin = layer == 0 && s.cin_first > 0 ? s.cin_first : s.cin;
    Work w = product(s.batch * s.h * s.w, s.cout, cin * s.kh * s.kw / s.groups, a, wb);
    w.kind = WorkKind::conv;
    w.read = bytes(real(s.batch * s.h * s.stride * s.w * s.stride * cin) * a);
    w.compressed = wb < 2;
    w.name = "conv";
    out.push_back(w);
  }
  return out;
}

WorkList op_work(const Spec& given) {
  Spec s = given;
  s.op = plain_op(s.op);
  const std::vector<std::int64_t> e = extents(s.shape);
  const double a = bytes_of(s.activations);
  std::int64_t elements = s.batch;
  for (const std::int64_t x : e) elements *= x;
  const double total = real(elements) * a;
  if (s.op.starts_with("reduce_") &&
      known(isa::reduction_operations, std::string_view(s.op).substr(7))) {
    Work w{.kind = WorkKind::reduction, .other_flops = elements, .read = bytes(total)};
    w.written = bytes(s.axes == "all" || s.axes.empty() ? a : total / real(e.back()));
    w.name = "reduce";
    return {w};
  }
  if (s.op == "softmax")
    return {Work{.kind = WorkKind::softmax,
                 .other_flops = 5 * elements,
                 .read = bytes(total),
                 .written = bytes(total),
                 .name = "softmax"}};
  if (s.op == "layer_norm" || s.op == "rms_norm")
    return {Work{.kind = WorkKind::normalisation,
                 .other_flops = 8 * elements,
                 .read = bytes(total),
                 .written = bytes(total),
                 .name = "norm"}};
  if (known(isa::unary_functions, s.op)) return {pointwise(elements, a)};
  if (known(isa::elementwise_operations, s.op)) return {pointwise(elements, a, 2)};
  if (const int operands = operands_elsewhere(s.op)) return {pointwise(elements, a, operands)};
  if (const double steps = steps_elsewhere(s.op, real(e.back())); steps > 0)
    return {Work{.kind = WorkKind::reduction,
                 .other_flops = std::llround(real(elements) * steps),
                 .read = bytes(total),
                 .written = bytes(total * written_elsewhere(s.op, real(e.back()))),
                 .name = "scan"}};
  if (s.op == "max_pool" || s.op == "avg_pool") {
    const double window = real(s.kh * s.kw), outputs = real(elements) / real(s.stride * s.stride);
    return {Work{.kind = WorkKind::pool,
                 .other_flops = std::llround(outputs * window),
                 .read = bytes(total),
                 .written = bytes(outputs * a),
                 .name = "pool"}};
  }
  // Moves: everything is read and written once.
  if (known(moves, s.op) || is_move(s.op)) {
    Work w = pointwise(elements, a, 1, 0);
    if (s.op == "upsample") w.written = w.written * 4;
    w.kind = s.op == "gather" || s.op == "scatter" ? WorkKind::gather : WorkKind::copy;
    w.name = "move";
    return {w};
  }
  // The k largest of each row, k values and k indices of 4 bytes out.
  if (s.op == "top_k" || s.op == "argmax") {
    const std::int64_t k = s.op == "argmax" ? 1 : std::max<std::int64_t>(1, s.k);
    Work w{.kind = WorkKind::reduction, .other_flops = elements, .read = bytes(total)};
    w.written = bytes(real(elements) / real(e.back()) * real(k) * (a + 4));
    w.name = "top k";
    return {w};
  }
  if (s.op == "sdpa" && e.size() == 3) {  // heads x length x head size
    Work w{.kind = WorkKind::attention,
           .macs = Macs{2 * s.batch * e[0] * e[1] * e[1] * e[2]},
           .read = bytes(3 * total),
           .written = bytes(total)};
    w.m = e[1], w.n = e[1], w.k = e[2], w.batch = s.batch * e[0];
    w.name = "sdpa";
    return {w};
  }
  if (s.op == "mha" && e.size() == 2) {  // length x width, `heads` heads, with the projections
    const std::int64_t length = e[0], width = e[1], heads = std::max<std::int64_t>(1, s.heads);
    const double wb = bytes_of(s.weights);
    Work in = product(s.batch * length, width, width, a, wb);
    in.count = 3;
    Work attention{.kind = WorkKind::attention,
                   .macs = Macs{2 * s.batch * length * length * width},
                   .read = bytes(3 * total),
                   .written = bytes(total)};
    attention.m = length, attention.n = length, attention.k = width / heads;
    attention.batch = s.batch * heads;
    attention.name = "attention";
    return {in, attention, product(s.batch * length, width, width, a, wb)};
  }
  throw InputError("spec", fmt::format("op={} shape={} has no operator list", s.op, s.shape),
                   "reduce_sum (mean, max, min), softmax, layer_norm, rms_norm, relu and the other "
                   "functions, add and the other operations of two tensors, transpose, copy, cast, "
                   "concat and the other moves, gather, scatter, upsample, max_pool, avg_pool, "
                   "top_k, argmax, sort, cumsum, tan, pow, sdpa (heads x length x size), mha "
                   "(length x width)");
}

}  // namespace

Work product(std::int64_t m, std::int64_t n, std::int64_t k, double activation, double weight,
             std::int64_t batch, bool own_right_hand) {
  Work w{.kind = WorkKind::gemm, .macs = Macs{m * n * k * batch}};
  // One right-hand side for the whole batch is one taller product.
  if (!own_right_hand) {
    m *= batch;
    batch = 1;
  }
  w.m = m, w.n = n, w.k = k, w.batch = batch;
  w.read = bytes(real(m * k * batch) * activation);
  w.written = bytes(real(m * n * batch) * activation);
  w.weights = bytes(real(n * k * batch) * weight);
  w.name = "product";
  return w;
}

Work pointwise(std::int64_t elements, double size, int operands, double flops) {
  return Work{.kind = WorkKind::elementwise,
              .other_flops = static_cast<std::int64_t>(real(elements) * flops),
              .read = bytes(real(elements) * size * operands),
              .written = bytes(real(elements) * size),
              .name = "elementwise"};
}

WorkList work_of(const Spec& s) {
  const double a = bytes_of(s.activations), wb = bytes_of(s.weights);
  if (s.kind == "conv") return conv_work(s);
  if (s.kind == "matmul") {
    Work w = product(s.m, s.n, s.k, a, wb, s.batch, s.bmm);
    w.count = s.depth;
    w.bias = s.bias;
    w.compressed = wb < 2;
    return {w};
  }
  if (s.kind == "elementwise") {
    const std::string op = plain_op(s.op);
    if (!known(isa::unary_functions, op) && !known(isa::elementwise_operations, op) &&
        operands_elsewhere(op) == 0) {
      std::vector<std::string> names;
      for (const auto name : isa::unary_functions) names.emplace_back(name);
      for (const auto name : isa::elementwise_operations) names.emplace_back(name);
      throw InputError("spec", fmt::format("unknown op '{}'", s.op), choice_note(s.op, names));
    }
    const bool two = known(isa::elementwise_operations, op) || operands_elsewhere(op) == 2;
    Work w = pointwise(s.elements * s.batch, a, two ? 2 : 1);
    w.count = s.depth;
    return {w};
  }
  if (s.kind == "op") return op_work(s);
  if (s.kind == "llm") return llm_work(s);
  if (s.kind == "mpnn") return mpnn_work(s);
  if (s.kind == "network") return network_work(s);
  if (s.kind == "encoder") return encoder_work(s);
  if (s.kind == "copy") {
    // `bytes` is what a bandwidth of counted=1 counts; a copy reads and writes it.
    const bool writes = s.direction != "read";
    const std::int64_t operands = s.direction == "triad" ? 2 : 1;
    return {Work{.kind = WorkKind::copy,
                 .read = Bytes{s.bytes * operands},
                 .written = Bytes{writes ? s.bytes : 0},
                 .name = "copy"}};
  }
  if (s.kind == "launch" || s.kind == "idle") return {};
  throw InputError("spec", fmt::format("kind={} has no operator list for a CPU or GPU", s.kind));
}

}  // namespace ane::workloads
