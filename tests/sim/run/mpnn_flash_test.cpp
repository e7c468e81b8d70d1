// Attention over all residues: tiled against standard, on the machine and against its reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/arithmetic.h"
#include "sim/ane/machine.h"
#include "workloads/compile/compile.h"
#include "workloads/mpnn/graph/flash.h"

namespace ane::sim {
namespace {

using namespace workloads::mpnn;
using kernels::Tensor;
using workloads::Tensors;

constexpr int hidden = 32, heads = 4;

Tensors random_inputs(std::int64_t length, float scale) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  Tensors in;
  for (const char* name : {"q", "k", "v"}) {
    Tensor t(kernels::Format::fp32, {1, hidden, 1, length});
    for (float& v : t.as<float>()) v = normal(random) * (name[0] == 'v' ? 1 : scale);
    in.emplace(name, t);
  }
  return in;
}

Tensor on_machine(const workloads::Graph& g, const Tensors& in, const char* profile) {
  const Chip chip = load_chip("M4", {});
  AneMachine machine(
      chip, workloads::compile(g, chip.machine(), kernels::arith::profile_named(profile)).program);
  EXPECT_TRUE(machine.races().empty());
  for (const auto& [name, values] : in) machine.write(name, values);
  machine.execute();
  return machine.read("attention");
}

TEST(Flash, TiledEqualsStandardWithinItsBound) {
  for (const char* name : {"ane16", "ieee"})
    for (const float scale : {0.5F, 2.0F}) {
      const std::int64_t length = 75;
      const auto& profile = kernels::arith::profile_named(name);
      const Tensors in = random_inputs(length, scale);
      const workloads::Graph standard = attention_graph(hidden, {.length = length, .block = 0});
      const workloads::Graph tiled = attention_graph(hidden, {.length = length, .block = 16});
      const Tensor a = on_machine(standard, in, name), b = on_machine(tiled, in, name);
      const Tensors all = workloads::evaluate(standard, kernels::bit_arithmetic(profile), in, true);
      EXPECT_TRUE(a.bytes == all.at("attention.joined").bytes);
      EXPECT_TRUE(
          b.bytes ==
          workloads::evaluate(tiled, kernels::bit_arithmetic(profile), in).at("attention").bytes);
      const AttentionErrors errors = attention_errors(profile);
      double most = 0, tightest = HUGE_VAL;
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t width = hidden / heads;
        for (std::int64_t i = 0; i < length; ++i) {
          std::vector<double> scores;
          for (std::int64_t j = 0; j < length; ++j)
            scores.push_back(
                kernels::element(all.at("attention.scores.scale"), (h * length + j) * length + i));
          double value = 0;
          for (std::int64_t c = 0; c < width * length; ++c)
            value = std::max(value, std::abs(kernels::element(all.at("attention.v.heads"),
                                                              h * width * length + c)));
          const double bound =
              attention_bound(scores, value, 1, errors) + attention_bound(scores, value, 5, errors);
          const double top = *std::ranges::max_element(scores);
          for (std::int64_t c = 0; c < width; ++c) {
            const std::int64_t at = (h * width + c) * length + i;
            double sum = 0, exact = 0;
            for (std::int64_t j = 0; j < length; ++j) {
              const double w = std::exp(scores[static_cast<std::size_t>(j)] - top);
              sum += w;
              exact +=
                  w * kernels::element(all.at("attention.v.heads"), (h * width + c) * length + j);
            }
            exact /= sum;
            const double difference = std::abs(kernels::element(a, at) - kernels::element(b, at));
            EXPECT_LE(difference, bound) << name << " " << i;
            EXPECT_LE(std::abs(kernels::element(a, at) - exact),
                      attention_bound(scores, value, 1, errors));
            EXPECT_LE(std::abs(kernels::element(b, at) - exact),
                      attention_bound(scores, value, 5, errors));
            most = std::max(most, difference);
            tightest = std::min(tightest, bound);
          }
        }
      }
      std::printf("%s, scores x %.1f: largest difference %.2e, smallest bound %.2e\n", name,
                  static_cast<double>(scale * scale), most, tightest);
      EXPECT_LT(tightest, 0.2) << "a bound that says something";
      EXPECT_GT(most, 0) << "two ways that round alike prove nothing";
    }
}

// Bytes that the machine allocates of its memory for attention over so many residues.
std::int64_t memory_of(std::int64_t length, std::int64_t block) {
  const workloads::Graph g =
      attention_graph(128, {.length = length, .block = block, .with_values = false});
  const Chip chip = load_chip("M4", {});
  const AneMachine machine(
      chip, workloads::compile(g, chip.machine(), kernels::arith::profile_named("ane16"),
                               {.with_values = false})
                .program);
  EXPECT_GT(machine.allocated_bytes(), 2 * 3 * 128 * length) << "its inputs alone";
  return machine.allocated_bytes();
}

// Below 4096 residues L2 holds what is in memory above.
TEST(Flash, TiledMemoryGrowsWithTheLengthAndStandardWithItsSquare) {
  const auto growth = [](std::int64_t block) {
    return static_cast<double>(memory_of(8192, block)) /
           static_cast<double>(memory_of(4096, block));
  };
  EXPECT_LT(growth(256), 2.2);
  EXPECT_GT(growth(0), 3.5);
  // No more than queries, keys, values and answers, and as much again for what waits.
  for (const std::int64_t length : {2000, 4096, 8192})
    EXPECT_LT(memory_of(length, 256), 8 * 2 * 128 * length) << length;
  EXPECT_LT(10 * memory_of(2000, 256), memory_of(2000, 0));
}

TEST(Flash, HeadsThatDoNotDivideTheWidthAreRefused) {
  EXPECT_THROW(attention_graph(30, {.length = 8}), InputError);
  EXPECT_THROW(attention_graph(32, {.length = 0}), InputError);
  EXPECT_THROW(attention_graph(32, {.length = 8, .block = -1}), InputError);
}

}  // namespace
}  // namespace ane::sim
