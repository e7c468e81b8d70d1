#include "workloads/mpnn/graph/flash.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arithmetic.h"
#include "workloads/mpnn/dense.h"
#include "workloads/mpnn/graph/parts.h"

namespace ane::workloads::mpnn {
namespace {

Attributes reduction(const char* operation, const char* function = "none") {
  Attributes a;
  a.operation = operation;
  a.activation = function;
  a.axes = kernels::axis_c;
  return a;
}

// Attention over [1, hidden, 1, N]; heads lie in n.
class Attention {
 public:
  Attention(GraphBuilder& builder, std::int64_t hidden, const FlashOptions& options)
      : b_(builder), o_(options), hidden_(hidden), width_(hidden / options.heads) {}

  ValueId operator()(const std::string& name, ValueId q, ValueId k, ValueId v) {
    q = split(name + ".q", q);
    k = split(name + ".k", k);
    // Values as [heads, N, 1, width]: the right operand of p v.
    Attributes turn;
    turn.permutation = {0, 3, 2, 1};
    v = b_.node("transpose", name + ".v.transpose", {split(name + ".v", v)}, turn);
    ValueId answer = -1;
    if (o_.block == 0) {
      const ValueId s = scores(name + ".scores", q, k);
      Attributes a;
      a.axes = kernels::axis_c;
      answer =
          b_.node("matmul", name + ".values", {b_.node("softmax", name + ".softmax", {s}, a), v});
    } else {
      std::vector<ValueId> blocks;
      for (std::int64_t at = 0; at < o_.length; at += o_.block)
        blocks.push_back(
            block(fmt::format("{}.{}", name, at / o_.block), columns(name, q, at), k, v));
      answer = blocks[0];
      if (blocks.size() > 1) {
        Attributes a;
        a.axis = kernels::axis_w;
        answer = b_.node("concat", name + ".blocks", blocks, a);
      }
    }
    Attributes joined;
    joined.extents = {.w = o_.length, .h = 1, .c = hidden_, .n = 1};
    return b_.node("reshape", name + ".joined", {answer}, joined);
  }

 private:
  ValueId split(const std::string& name, ValueId x) {
    Attributes a;
    a.extents = {.w = o_.length, .h = 1, .c = width_, .n = o_.heads};
    return b_.node("reshape", name + ".heads", {x}, a);
  }

  std::int64_t size(std::int64_t at) const { return std::min(o_.block, o_.length - at); }
  ValueId columns(const std::string& name, ValueId x, std::int64_t at) {
    Attributes a;
    a.begin.w = at;
    a.extents = {.w = size(at), .h = 1, .c = width_, .n = o_.heads};
    return b_.node("slice", fmt::format("{}.columns{}.{}", name, at, count_++), {x}, a);
  }
  ValueId channels(const std::string& name, ValueId x, std::int64_t at) {
    Attributes a;
    a.begin.c = at;
    a.extents = {.w = width_, .h = 1, .c = size(at), .n = o_.heads};
    return b_.node("slice", fmt::format("{}.channels{}.{}", name, at, count_++), {x}, a);
  }
  // [heads, keys, 1, queries], scaled.
  ValueId scores(const std::string& name, ValueId q, ValueId k) {
    const ValueId s = b_.node("matmul", name, {q, k});
    Attributes a;
    a.operation = "max";
    a.mul = 1 / std::sqrt(static_cast<double>(width_));
    // max(s, s) * factor: the planar engine's scaling rides on an operation of two sources.
    return b_.node("elementwise", name + ".scale", {s, s}, a);
  }
  ValueId difference(const std::string& name, ValueId a, ValueId b) {
    return b_.elementwise(name, "sub", a, b, "exp");
  }

  // One block of queries over all blocks of keys.
  ValueId block(const std::string& name, ValueId q, ValueId k, ValueId v) {
    ValueId most = -1, sum = -1, answer = -1;
    for (std::int64_t at = 0; at < o_.length; at += o_.block) {
      const std::string here = fmt::format("{}.{}", name, at / o_.block);
      const ValueId s = scores(here + ".scores", q, columns(here + ".k", k, at));
      const ValueId own = b_.node("reduce", here + ".max", {s}, reduction("max"));
      const ValueId now = at == 0 ? own : b_.elementwise(here + ".new_max", "max", most, own);
      const ValueId p = difference(here + ".exp", s, now);
      const ValueId part = b_.node("reduce", here + ".sum", {p}, reduction("sum"));
      const ValueId values = b_.node("matmul", here + ".values", {p, channels(here + ".v", v, at)});
      if (at == 0) {
        sum = part, answer = values;
      } else {
        const ValueId a = difference(here + ".rescale", most, now);
        sum = b_.elementwise(here + ".add_sum", "add",
                             b_.elementwise(here + ".old_sum", "mul", a, sum), part);
        answer = b_.elementwise(here + ".add_values", "add",
                                b_.elementwise(here + ".old_values", "mul", answer, a), values);
      }
      most = now;
    }
    return b_.elementwise(name + ".divide", "mul", answer,
                          b_.unary(name + ".reciprocal", "reciprocal", sum));
  }

  GraphBuilder& b_;
  const FlashOptions& o_;
  std::int64_t hidden_, width_;
  int count_ = 0;
};

void check(const FlashOptions& o, std::int64_t hidden) {
  if (o.length < 1) throw InputError("", fmt::format("attention over {} residues", o.length));
  if (o.block < 0) throw InputError("", fmt::format("blocks of {} residues", o.block));
  if (o.heads < 1 || hidden % o.heads != 0)
    throw InputError("", fmt::format("{} heads do not divide a width of {}", o.heads, hidden));
}

}  // namespace

Graph attention_graph(int hidden, const FlashOptions& options) {
  check(options, hidden);
  GraphBuilder b("attention");
  const TensorType type{Format::fp16, {.w = options.length, .h = 1, .c = hidden, .n = 1}};
  const ValueId q = b.input("q", type), k = b.input("k", type), v = b.input("v", type);
  b.output(Attention(b, hidden, options)("attention", q, k, v));
  Graph g = b.finish();
  g.values[static_cast<std::size_t>(g.outputs[0])].name = "attention";
  return g;
}

Graph flash_graph(const Weights& w, const FlashOptions& options) {
  check(options, w.spec.hidden);
  GraphOptions plain;
  plain.pass = Pass::unconditional;
  plain.length = options.length;
  plain.masked = false;
  plain.with_values = options.with_values;
  Parts p(w, plain);
  Attention attention(p.builder(), w.spec.hidden, options);
  ValueId x = p.builder().input("residues", p.nodes(edge_inputs));
  x = p.norm("norm_edges", w.norm_edges,
             p.linear("edge_embedding", w.edge_embedding, x, "none", false));
  for (std::size_t i = 0; i < w.encoder.size(); ++i) {
    const EncoderLayer& l = w.encoder[i];
    const std::string name = fmt::format("layers.{}", i);
    const ValueId y = attention(name + ".attention", p.linear(name + ".q", l.W2, x),
                                p.linear(name + ".k", l.W12, x), p.linear(name + ".v", l.W13, x));
    x = p.builder().elementwise(name + ".residual", "add", x, p.linear(name + ".o", l.W3, y));
    x = p.norm(name + ".norm1", l.norm1, x);
    x = p.norm(name + ".norm2", l.norm2, p.feed_forward(name, l.ff_in, l.ff_out, x));
  }
  p.output("decoded", x);
  return p.finish();
}

Tensors flash_inputs(const Weights& weights, const Input& input) {
  const std::int64_t length = input.length();
  const Neighbours near = nearest(input, weights.spec.neighbours);
  Tensor residues(Format::fp32, {1, edge_inputs, 1, length});
  std::vector<float> rows(static_cast<std::size_t>(near.k * edge_inputs));
  for (std::int64_t i = 0; i < length; ++i) {
    edge_features(input, near, weights, i, 1, rows);
    for (std::int64_t c = 0; c < edge_inputs; ++c) {
      double sum = 0;
      for (std::int64_t s = 0; s < near.k; ++s)
        sum += static_cast<double>(rows[static_cast<std::size_t>(s * edge_inputs + c)]);
      residues.as<float>()[static_cast<std::size_t>(c * length + i)] =
          static_cast<float>(sum / static_cast<double>(near.k));
    }
  }
  Tensors in;
  in.emplace("residues", std::move(residues));
  return in;
}

std::vector<float> flash_answer(const Weights& weights, const Tensors& outputs) {
  GraphOptions o;
  const std::int64_t length = outputs.at("decoded").shape.at(3);
  o.length = length;
  return answer_of(weights, o, outputs, 0, length);
}

Input complete_residues(const Input& input) {
  Input kept;
  for (std::size_t i = 0; i < input.mask.size(); ++i) {
    if (input.mask[i] == 0.0F) continue;
    const auto from = input.atoms.begin() + static_cast<std::ptrdiff_t>(i * backbone_atoms * 3);
    kept.atoms.insert(kept.atoms.end(), from, from + backbone_atoms * 3);
    kept.mask.push_back(1);
    kept.designed.push_back(input.designed[i]);
    kept.residue_index.push_back(input.residue_index[i]);
    kept.chain_code.push_back(input.chain_code[i]);
    kept.sequence.push_back(input.sequence[i]);
  }
  kept.real = std::ssize(kept.mask);
  return kept;
}

AttentionErrors attention_errors(const kernels::arith::Profile& profile) {
  using namespace kernels::arith;
  const bool ane16 = profile.id == ProfileId::ane16;
  AttentionErrors e{.rounding = 0x1p-11, .exp = 0, .exp_floor = 0, .reciprocal = 0, .product = 0};
  // Products of ane16 are dropped below 2^-15, or rounded to 2^-16; those of ieee sum in float32,
  // which errs by less than 2^-24 of a sum of at most 2^15 a step.
  e.product = ane16 ? 0x1p-15 : 0x1p-24;
  const auto exps = activation_table(profile, activation(Function::exp));
  const auto reciprocals = activation_table(profile, activation(Function::reciprocal));
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const Half h{static_cast<std::uint16_t>(i)};
    if (is_nan(h) || is_infinite(h)) continue;
    const auto x = static_cast<double>(to_float(h));
    if (x <= 0) {
      const double wrong = std::abs(static_cast<double>(to_float(exps[i])) - std::exp(x));
      if (std::exp(x) < 0x1p-14)
        e.exp_floor = std::max(e.exp_floor, wrong);
      else
        e.exp = std::max(e.exp, wrong / std::exp(x));
    }
    if (x >= 0.5 && x <= 16384)
      e.reciprocal =
          std::max(e.reciprocal, std::abs(static_cast<double>(to_float(reciprocals[i])) * x - 1));
  }
  return e;
}

double attention_bound(std::span<const double> scores, double value, int tiles,
                       const AttentionErrors& e) {
  const double most = *std::ranges::max_element(scores), u = e.rounding;
  const double chain = std::pow((1 + e.exp) * std::pow(1 + u, 3), tiles + 1);
  const double floor = (tiles + 1) * (e.exp_floor + 0x1p-25);  // and subnormal products
  double exact = 0, wrong = 0;
  for (const double s : scores) {
    const double x = most - s, weight = std::exp(-x);
    exact += weight;
    wrong += weight * (std::exp(u * x) * chain - 1) + floor;
  }
  // Sums of weights in float32 and of products as they are; the exact sum is at least 1.
  const auto n = static_cast<double>(scores.size());
  const double share = (wrong + n * 0x1p-24 * exact) / exact;
  if (share >= 0.5) return HUGE_VAL;
  const double numerator = value * share + n * e.product * (1 + value);
  // Reciprocal and the roundings behind it, of a quotient of at most (1 + 2 share) value; where it
  // multiplies every weight (standard), each product is rounded too, at worst to a subnormal.
  const double quotient = (numerator + value * share) / (1 - share);
  return quotient + (value + quotient) * ((1 + e.reciprocal) * std::pow(1 + u, 3) - 1) +
         n * 0x1p-25 * value + 0x1p-25;
}

}  // namespace ane::workloads::mpnn
