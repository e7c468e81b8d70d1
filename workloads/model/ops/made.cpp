// Tensors out of nothing: constants, ranges, random numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;

void constant(Use& u) {
  if (const Attribute* a = u.attribute("value"); a != nullptr && a->tensor != nullptr)
    return u.known_result(0, a->tensor);
  if (const Attribute* a = u.attribute("value_float"))
    return u.known_result(0, of_numbers({}, std::vector<float>{a->real}));
  if (const Attribute* a = u.attribute("value_int"))
    return u.known_result(0, of_numbers(Dtype::i64, {}, List{a->integer}));
  if (const Attribute* a = u.attribute("value_floats"))
    return u.known_result(0, of_numbers({static_cast<I>(a->reals.size())}, a->reals));
  if (const Attribute* a = u.attribute("value_ints"))
    return u.known_result(
        0, of_numbers(Dtype::i64, {static_cast<I>(a->integers.size())}, a->integers));
  u.refuse("a constant that is neither dense nor of numbers", "a tensor of numbers");
}

void constant_of_shape(Use& u) {
  const Attribute* a = u.attribute("value");
  const bool given = a != nullptr && a->tensor != nullptr;
  u.require(!given || a->tensor->size() == 1, "one value");
  Array* y = u.out(0, given ? a->tensor->type.dtype : Dtype::f32, u.integers(0));
  if (y == nullptr || !given) return;
  std::ranges::fill(y->f, given && y->real() ? a->tensor->f[0] : 0);
  std::ranges::fill(y->i, given && !y->real() ? a->tensor->i[0] : 0);
}

void range(Use& u) {
  const double start = u.scalar(0), limit = u.scalar(1), step = u.scalar(2);
  u.require(step != 0, "a step of 0");
  const double count = std::max(0.0, std::ceil((limit - start) / step));
  u.require(count < 0x1p30, "too many elements");
  Array* y = u.out(0, u.dtype(0), {static_cast<I>(count)});
  if (y == nullptr) return;
  for (I k = 0; k < y->size(); ++k) y->set(k, start + static_cast<double>(k) * step);
}

void eye_like(Use& u) {
  u.require(u.rank(0) == 2, "takes a matrix");
  Array* y = u.out(0, u.dtype_said("dtype", u.dtype(0)), u.shape(0));
  if (y == nullptr) return;
  const I k = u.integer("k", 0), columns = u.shape(0)[1];
  for (I r = 0; r < u.shape(0)[0]; ++r)
    if (r + k >= 0 && r + k < columns) y->set(r * columns + r + k, 1);
}

// Numbers of a seed: the file's, or one that never changes, so that equal questions get equal
// answers. Not those of another program.
void random(Use& u) {
  const bool like =
      u.node.op.ends_with("Like") || u.node.op == "Bernoulli" || u.node.op == "Multinomial";
  Shape shape = like ? u.shape(0) : Shape(u.list("shape"));
  const bool draws = u.node.op == "Multinomial";
  if (draws) shape = {u.shape(0).at(0), u.integer("sample_size", 1)};
  const Dtype usual = draws ? Dtype::i32 : like ? u.dtype(0) : Dtype::f32;
  Array* y = u.out(0, u.dtype_said("dtype", usual), shape);
  if (y == nullptr) return;
  const float seed = u.real("seed", 0);
  std::mt19937 bits(static_cast<std::uint32_t>(static_cast<I>(std::clamp(seed, -1e9F, 1e9F))));
  const auto uniform = [&] { return (static_cast<double>(bits()) + 0.5) / 4294967296.0; };
  const bool normal = u.node.op.starts_with("RandomNormal");
  const double low = static_cast<double>(u.real("low", 0)),
               high = static_cast<double>(u.real("high", 1)),
               mean = static_cast<double>(u.real("mean", 0)),
               scale = static_cast<double>(u.real("scale", 1));
  for (I k = 0; k < y->size(); ++k) {
    if (normal) {
      const double r = std::sqrt(-2 * std::log(uniform()));
      y->set(k, mean + scale * r * std::cos(6.283185307179586 * uniform()));
    } else if (u.node.op == "Bernoulli") {
      y->set(k, uniform() < u.data(0).number(k) ? 1 : 0);
    } else if (draws) {  // of logits, one row after the other
      const I classes = u.shape(0).at(1), row = k / std::max<I>(1, shape[1]);
      double sum = 0;
      for (I c = 0; c < classes; ++c) sum += std::exp(u.data(0).number(row * classes + c));
      double left = uniform() * sum;
      I c = 0;
      for (; c + 1 < classes; ++c) {
        left -= std::exp(u.data(0).number(row * classes + c));
        if (left < 0) break;
      }
      y->set(k, static_cast<double>(c));
    } else {
      y->set(k, low + (high - low) * uniform());
    }
  }
}

constexpr Cost none{.kind = kernels::WorkKind::copy, .flops = 0};

}  // namespace

Family made() {
  const std::vector<Rule> normal{whole("dtype"), real("mean"), real("scale"), real("seed")},
      uniform{whole("dtype"), real("high"), real("low"), real("seed")};
  static const std::vector<Operator> all{
      {.name = "Constant",
       .run = constant,
       .takes = takes(0).with({tensor("value"), real("value_float").from(12),
                               reals("value_floats").from(12), whole("value_int").from(12),
                               wholes("value_ints").from(12)}),
       .cost = none},
      {.name = "ConstantOfShape",
       .since = 9,
       .run = constant_of_shape,
       .takes = takes(1).with({tensor("value")}),
       .cost = none},
      {.name = "Range", .since = 11, .run = range, .takes = takes(3), .cost = none},
      {.name = "EyeLike",
       .since = 9,
       .run = eye_like,
       .takes = takes(1).with({whole("dtype"), whole("k")}),
       .cost = none},
      {.name = "RandomNormal",
       .run = random,
       .takes = takes(0).with(normal).with({wholes("shape")}),
       .cost = {.flops = 20}},
      {.name = "RandomNormalLike",
       .run = random,
       .takes = takes(1).with(normal),
       .cost = {.flops = 20}},
      {.name = "RandomUniform",
       .run = random,
       .takes = takes(0).with(uniform).with({wholes("shape")}),
       .cost = {.flops = 5}},
      {.name = "RandomUniformLike",
       .run = random,
       .takes = takes(1).with(uniform),
       .cost = {.flops = 5}},
      {.name = "Bernoulli",
       .since = 15,
       .run = random,
       .takes = takes(1).with({whole("dtype"), real("seed")}),
       .cost = {.flops = 5}},
      {.name = "Multinomial",
       .since = 7,
       .run = random,
       .takes = takes(1).with({whole("dtype"), whole("sample_size", 1), real("seed")}),
       .cost = {.flops = 20}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
