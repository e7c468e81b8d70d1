// Are the nearest rows that the machine's product finds those of the same vectors? Bit for bit
// those of the scalar reference, and nearly always those of float64.
#include "workloads/graph/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "kernels/arithmetic.h"
#include "sim/run/machine_run.h"
#include "workloads/graph/seeded_values.h"

namespace ane::sim {
namespace {

using workloads::Vectors;

Vectors seeded(std::int64_t count, std::int64_t width, std::uint64_t seed) {
  return {.count = count,
          .width = width,
          .values = workloads::SeededValues(seed).uniform(count * width, 0, 1)};
}

TEST(Nearest, ByTheMachineIsThatOfTheScalarReference) {
  const Chip chip = load_chip("M4");
  const auto& profile = kernels::arith::profile_named(chip.machine().default_profile);
  for (const auto& [rows, width, queries] : std::vector<std::array<std::int64_t, 3>>{
           {1, 1, 1}, {7, 3, 2}, {64, 64, 64}, {500, 128, 33}}) {
    const Vectors table = workloads::unit_rows(seeded(rows, width, 3));
    const Vectors asked = workloads::unit_rows(seeded(queries, width, 9));
    const workloads::Graph graph = workloads::nearest_graph(table, queries);
    const kernels::Tensor machine = MachineRun(graph, chip, profile)
                                        .run({{"queries", workloads::nearest_input(asked)}})
                                        .at("scores");
    const kernels::Tensor reference =
        workloads::evaluate(graph, kernels::bit_arithmetic(profile),
                            {{"queries", workloads::nearest_input(asked)}})
            .at("scores");
    EXPECT_EQ(machine.bytes, reference.bytes) << rows;
    const std::int64_t k = std::min<std::int64_t>(5, rows);
    EXPECT_GT(workloads::recall(workloads::ranked(machine, k),
                                workloads::nearest_reference(table, asked, k)),
              0.97);
  }
}

TEST(Nearest, RanksByScoreThenRow) {
  kernels::Tensor scores(isa::Format::fp32, {1, 4, 1, 2});
  const float values[] = {1, 5, 3, 5, 3, 2, 0, 9};  // row 0: 1, 5; row 1: 3, 5; ...
  std::copy(std::begin(values), std::end(values), scores.as<float>().begin());
  const auto ranked = workloads::ranked(scores, 3);
  ASSERT_EQ(ranked.size(), 2U);
  const auto rows = [&](std::size_t q) {
    std::vector<std::int64_t> out;
    for (const auto& n : ranked[q]) out.push_back(n.row);
    return out;
  };
  EXPECT_EQ(rows(0), (std::vector<std::int64_t>{1, 2, 0}));
  EXPECT_EQ(rows(1), (std::vector<std::int64_t>{3, 0, 1}));
}

TEST(Nearest, ARowIsItsOwnNearestByTheCosine) {
  const Vectors table = workloads::unit_rows(seeded(40, 16, 1));
  const auto found = workloads::nearest_reference(table, table, 1);
  for (std::size_t q = 0; q < found.size(); ++q) {
    EXPECT_EQ(found[q][0].row, static_cast<std::int64_t>(q));
    EXPECT_NEAR(found[q][0].score, 1, 1e-6);
  }
  const Vectors zero = workloads::unit_rows({.count = 1, .width = 3, .values = {0, 0, 0}});
  EXPECT_EQ(zero.values, (std::vector<float>{0, 0, 0}));
}

}  // namespace
}  // namespace ane::sim
