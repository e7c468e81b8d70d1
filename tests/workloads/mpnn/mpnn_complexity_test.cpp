#include <gtest/gtest.h>

#include "isa/error.h"
#include "mpnn_data.h"
#include "workloads/mpnn/seeded.h"
#include "workloads/mpnn/structure/complexity.h"

namespace ane::workloads::mpnn {
namespace {

// CA atoms on a line, `step` angstrom apart.
Input line(std::int64_t length, float step) {
  Input in = made_up_protein(length);
  for (std::size_t i = 0; i < static_cast<std::size_t>(length); ++i) {
    in.atoms[i * 12 + 3] = step * static_cast<float>(i);
    in.atoms[i * 12 + 4] = in.atoms[i * 12 + 5] = 0;
  }
  return in;
}

TEST(Complexity, MeasuresOfThreeAtomsOnALineAreThoseWorkedOutByHand) {
  // At 0, 6, 12: distances 0 (3 times), 6 (4), 12 (2); mean 48/9, sum of squares 432.
  const Complexity c = complexity(line(3, 6));
  EXPECT_NEAR(c.radius_of_gyration, std::sqrt(24), 1e-9);
  EXPECT_NEAR(c.contact_density, 7.0 / 9, 1e-12);
  EXPECT_NEAR(c.distance_variance, (432 - 48.0 * 48 / 9) / 8, 1e-9);
  EXPECT_NEAR(c.length_score, 3.0 / 500, 1e-12);
  const double structure = 0.4 * 7 / 9 + 0.3 * 22 / 100 + 0.3 * std::sqrt(24) / 50;
  EXPECT_NEAR(c.score, 0.5 * (3.0 / 500 + structure), 1e-9);
}

// 2.2 N^0.38 angstrom is the radius of gyration of globular proteins (Skolnick et al. 1997).
TEST(Complexity, ASeededGlobuleIsAsCompactAsAProtein) {
  for (const std::int64_t n : {50, 75, 100, 106, 150, 250, 331, 500, 750, 1000}) {
    const Complexity c = complexity(seeded_globule(n));
    const double expected = 2.2 * std::pow(static_cast<double>(n), 0.38);
    EXPECT_NEAR(c.radius_of_gyration / expected, 1, n <= 500 ? 0.14 : 0.17) << n;
    EXPECT_LT(c.radius_of_gyration, complexity(seeded_helix(n)).radius_of_gyration) << n;
  }
  // The chain is one: neighbours in it are neighbours in space.
  const Input in = seeded_globule(300);
  for (std::size_t i = 1; i < 300; ++i) {
    double square = 0;
    for (std::size_t d = 3; d < 6; ++d)
      square += std::pow(in.atoms[i * 12 + d] - in.atoms[i * 12 - 12 + d], 2);
    EXPECT_LT(std::sqrt(square), 6) << i;
    EXPECT_GT(std::sqrt(square), 3.7) << i;
  }
}

TEST(Complexity, AContactIsNearerThanEightAngstrom) {
  EXPECT_DOUBLE_EQ(complexity(line(2, 8)).contact_density, 0.5);
  EXPECT_DOUBLE_EQ(complexity(line(2, 7.9375f)).contact_density, 1);
}

TEST(Complexity, MaskedResiduesAndPaddingDoNotCount) {
  Input in = line(20, 4);
  const Complexity whole = complexity(in);
  EXPECT_EQ(complexity(padded(in, 64)).score, whole.score);
  in.mask[19] = 0;
  EXPECT_EQ(complexity(in).score, complexity(line(19, 4)).score);
  EXPECT_NE(complexity(in).score, whole.score);
}

TEST(Complexity, EndsOfTheScaleAreBounded) {
  EXPECT_EQ(complexity(line(1, 4)).distance_variance, 0);
  const Complexity c = complexity(line(600, 4));
  EXPECT_EQ(c.length_score, 1);
  EXPECT_EQ(c.structure_score, 1);
  EXPECT_EQ(c.score, 1);
}

TEST(Complexity, ThresholdsDecideThePrecision) {
  const auto at = [](double score) {
    Complexity c;
    c.score = score;
    return choose_precision(c);
  };
  EXPECT_EQ(at(0.2999), AdaptivePrecision::fp16);
  EXPECT_EQ(at(0.3), AdaptivePrecision::mixed);
  EXPECT_EQ(at(0.5999), AdaptivePrecision::mixed);
  EXPECT_EQ(at(0.6), AdaptivePrecision::fp32);
  EXPECT_THROW(choose_precision({}, {0.7, 0.6}), InputError);
  EXPECT_EQ(name(AdaptivePrecision::mixed), "mixed");
}

}  // namespace
}  // namespace ane::workloads::mpnn
