// Counters of dropped products and overflows against the scalar accumulator, product by product.
#include <gmock/gmock.h>

#include <random>

#include "kernels/arith/oracle.h"
#include "kernels/arith/round.h"
#include "kernels/weight_stream.h"
#include "sim/run/count_dropped.h"

namespace ane::sim {
namespace {

using kernels::Tensor;
using kernels::arith::Half;

constexpr std::int64_t inner = 24, outputs = 19, places = 13;

struct Case {
  workloads::Graph graph;
  workloads::Tensors inputs;
  std::shared_ptr<kernels::Parameters> parameters;
};

// y = relu(W x + b), z = y^T V: a layer and a product of activations.
Case made(double x_scale, double w_scale) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  // Magnitudes over many binades, so that both sides of the window occur, and some zeros.
  const auto value = [&](double scale) {
    const float v = normal(random);
    const int binade = static_cast<int>(random() % 12);
    return random() % 11 == 0
               ? 0.0F
               : static_cast<float>(static_cast<double>(v) * std::ldexp(scale, -binade));
  };
  Case c;
  c.parameters = std::make_shared<kernels::Parameters>();
  c.parameters->cout = outputs, c.parameters->cin = inner;
  for (std::int64_t i = 0; i < outputs * inner; ++i)
    c.parameters->weights.push_back(value(w_scale));
  for (std::int64_t i = 0; i < outputs; ++i) c.parameters->bias.push_back(value(1));
  Tensor x(kernels::Format::fp32, {2, inner, 1, places}),
      v(kernels::Format::fp32, {1, outputs, 1, 5});
  for (float& e : x.as<float>()) e = value(x_scale);
  for (float& e : v.as<float>()) e = value(w_scale);
  c.inputs = {{"x", x}, {"v", v}};
  workloads::GraphBuilder b("counted");
  const auto in = b.input("x", {kernels::Format::fp16, {.w = places, .h = 1, .c = inner, .n = 2}});
  const auto right = b.input("v", {kernels::Format::fp16, {.w = 5, .h = 1, .c = outputs, .n = 1}});
  const auto y = b.linear("layer", in, c.parameters, "relu");
  b.output(b.node("matmul", "product", {y, right}));
  c.graph = b.finish();
  return c;
}

struct Expected {
  std::int64_t products = 0, dropped = 0, infinities = 0;
};

Expected by_oracle(std::span<const Half> w, const Tensor& x, std::int64_t k,
                   const std::vector<Half>& bias) {
  const auto& ane16 = kernels::arith::profile_named("ane16");
  Expected e;
  const std::int64_t columns = x.shape[3], rows = std::ssize(w) / k;
  for (std::int64_t n = 0; n < x.shape[0]; ++n)
    for (std::int64_t p = 0; p < columns; ++p) {
      std::vector<Half> column;
      for (std::int64_t c = 0; c < k; ++c)
        column.push_back(kernels::arith::to_half(kernels::element(x, (n * k + c) * columns + p)));
      for (std::int64_t r = 0; r < rows; ++r) {
        const auto row = w.subspan(static_cast<std::size_t>(r * k), static_cast<std::size_t>(k));
        const auto m = kernels::arith::mac_oracle(
            ane16, column, row,
            bias.empty() ? std::nullopt : std::optional(bias[static_cast<std::size_t>(r)]));
        e.dropped += m.dropped;
        e.infinities += m.overflowed;
        for (std::size_t i = 0; i < row.size(); ++i)
          e.products += !is_zero(row[i]) && !is_zero(column[i]);
      }
    }
  return e;
}

void expect_oracle(const Case& c, bool with_dropped) {
  const auto rows = count_on_machine(c.graph, load_chip("M4", {}),
                                     kernels::arith::profile_named("ane16"), c.inputs);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].layer, "layer");
  EXPECT_EQ(rows[1].op, "matmul");
  const auto& ane16 = kernels::arith::profile_named("ane16");
  std::vector<Half> bias;
  for (const float b : c.parameters->bias)
    bias.push_back(kernels::arith::to_half(static_cast<double>(b)));
  const Expected layer =
      by_oracle(kernels::decoded_weights(*c.parameters, ane16), c.inputs.at("x"), inner, bias);
  const Tensor y =
      workloads::evaluate(c.graph, kernels::bit_arithmetic(ane16), c.inputs, true).at("layer");
  std::vector<Half> right;
  for (std::int64_t o = 0; o < 5; ++o)
    for (std::int64_t k = 0; k < outputs; ++k)
      right.push_back(kernels::arith::to_half(kernels::element(c.inputs.at("v"), k * 5 + o)));
  const Expected product = by_oracle(right, y, outputs, {});
  for (const auto& [row, want] : {std::pair(rows[0], layer), std::pair(rows[1], product)}) {
    EXPECT_EQ(row.products, want.products) << row.layer;
    EXPECT_EQ(row.infinities, want.infinities) << row.layer;
    if (with_dropped) {
      EXPECT_EQ(row.dropped, want.dropped) << row.layer;
      EXPECT_GT(row.dropped, 0) << row.layer;
    }
  }
}

TEST(MacCounters, DroppedProductsAreThoseOfTheScalarAccumulator) {
  expect_oracle(made(1, 0.01), true);
}

TEST(MacCounters, OverflowsAreThoseOfTheScalarAccumulator) {
  const Case c = made(400, 300);
  expect_oracle(c, false);
  EXPECT_GT(count_on_machine(c.graph, load_chip("M4", {}), kernels::arith::profile_named("ane16"),
                             c.inputs)[0]
                .infinities,
            0);
}

TEST(MacCounters, ABiasNextToTheLimitOverflowsWithAnyProducts) {
  const Case c = made(4, 4);
  for (float& b : c.parameters->bias) b = 32752;
  expect_oracle(c, false);
  EXPECT_GT(count_on_machine(c.graph, load_chip("M4", {}), kernels::arith::profile_named("ane16"),
                             c.inputs)[0]
                .infinities,
            0);
}

TEST(MacCounters, AProfileThatDropsNothingIsRefused) {
  const Case c = made(1, 1);
  EXPECT_THROW(count_on_machine(c.graph, load_chip("M4", {}), kernels::arith::profile_named("ieee"),
                                c.inputs),
               InputError);
}

}  // namespace
}  // namespace ane::sim
