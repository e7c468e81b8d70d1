// Softmax is five operations, each with binary16 results [P3]; a constant shift of all inputs is
// gone after the first two.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/planar.h"
#include "kernels/arith/round.h"
#include "kernels/arithmetic.h"
#include "kernels/operator.h"

namespace ane::kernels {
namespace {

using arith::Half;

std::vector<Half> by_operator(const std::vector<Half>& x, const arith::Profile& profile) {
  const Operator& softmax = operator_named("softmax");
  Call call;
  call.name = "softmax";
  call.inputs = {{Format::fp16, {.w = std::ssize(x), .h = 1, .c = 1, .n = 1}}};
  call.attributes.axes = axis_w;
  call.output = softmax.shape(call);
  Tensor in = make_tensor(call.inputs[0]), out = make_tensor(call.output);
  std::ranges::copy(x, in.as<Half>().begin());
  const std::array<const Tensor*, 1> inputs{&in};
  softmax.reference(call, bit_arithmetic(profile), inputs, out);
  const auto y = out.as<Half>();
  return {y.begin(), y.end()};
}

std::vector<Half> by_hand(std::vector<Half> x, const arith::Profile& p) {
  using namespace arith;
  const auto n = std::ssize(x);
  Half one_value;
  reduce(Reduction::max, p, x.data(), {1, n, 1}, &one_value);
  planar(PlanarOp::sub, p, x, one_value, x);
  activate(p, activation(Function::exp), x, x);
  reduce(Reduction::sum, p, x.data(), {1, n, 1}, &one_value);
  activate(p, activation(Function::reciprocal), {&one_value, 1}, {&one_value, 1});
  planar(PlanarOp::mul, p, x, one_value, x);
  return x;
}

TEST(Softmax, TheOperatorIsTheFiveOperationsOfThePlanarEngine) {  // [P3]
  std::mt19937 random(4);
  for (const arith::Profile& p : arith::profiles())
    for (const std::size_t n : {1u, 7u, 64u, 1000u}) {
      std::vector<Half> x(n);
      for (Half& h : x) h = arith::to_half((static_cast<double>(random() % 4096) - 2048) / 256);
      EXPECT_EQ(by_operator(x, p), by_hand(x, p)) << p.name << ' ' << n;
    }
}

TEST(Softmax, LargeInputsDoNotOverflowSinceTheMaximumGoesFirst) {
  const auto& p = arith::profile_named("ane16");
  const std::vector<Half> y = by_operator({arith::to_half(60000), arith::to_half(60000)}, p);
  EXPECT_EQ(arith::to_float(y[0]), 0.5F);
  EXPECT_EQ(arith::to_float(y[1]), 0.5F);
}

TEST(Softmax, WithoutAnAxisIsRefused) {
  for (const char* name : {"softmax", "log_softmax", "layer_norm"}) {
    Call call;
    call.name = name;
    call.inputs = {{Format::fp16, {.w = 8, .h = 1, .c = 4, .n = 1}}};
    EXPECT_THROW(operator_named(name).shape(call), InputError) << name;
    call.attributes.axes = axis_c;
    EXPECT_EQ(operator_named(name).shape(call), call.inputs[0]) << name;
  }
}

}  // namespace
}  // namespace ane::kernels
