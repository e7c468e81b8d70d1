// Properties of the FP32 reference that need no goldens.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "isa/error.h"
#include "mpnn_data.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {
namespace {

const ModelSpec small{32, 2, 2, 12};

std::vector<std::int32_t> identity(std::int64_t length) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(length));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

std::vector<float> score(const Reference& r, const Input& in) {
  return r.score(r.encode(in), in.sequence, identity(in.length()));
}

// Log-probabilities of the real places alone and padded to `bucket`.
std::pair<std::vector<float>, std::vector<float>> alone_and_padded(const Reference& r,
                                                                   const Input& in,
                                                                   std::int64_t bucket) {
  auto alone = score(r, in), wide = score(r, padded(in, bucket));
  wide.resize(alone.size());
  return {alone, wide};
}

TEST(MpnnReference, PaddingChangesNoBitAtAnyLength) {
  const Weights w = seeded_weights(small), full = seeded_weights({});
  for (const bool factored : {false, true}) {
    const Reference r(w, {Padding::exact, factored}), whole(full, {Padding::exact, factored});
    for (const std::int64_t length : {1, 2, 5, 11, 12, 13, 40, 63})
      for (const std::int64_t bucket : {64, 128}) {
        const auto [alone, wide] = alone_and_padded(r, made_up_protein(length), bucket);
        EXPECT_TRUE(same_bits(alone, wide)) << length << " in " << bucket;
      }
    for (const std::int64_t length : {1, 20, 48, 49, 60}) {
      const auto [alone, wide] = alone_and_padded(whole, made_up_protein(length), 64);
      EXPECT_TRUE(same_bits(alone, wide)) << length;
    }
  }
}

TEST(MpnnReference, MaskedResiduesInsideTheProteinDoNotBreakExactPadding) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  for (const std::int64_t length : {6, 30}) {
    Input in = made_up_protein(length);
    in.mask[0] = in.mask[3] = 0;
    const auto [alone, wide] = alone_and_padded(r, in, 64);
    EXPECT_TRUE(same_bits(alone, wide)) << length;
  }
}

TEST(MpnnReference, TheLiteralModelLeaksPaddingIntoShortProteins) {
  const Weights w = seeded_weights({});
  const Reference literal(w, {Padding::literal});
  const auto leak = [&](std::int64_t length) {
    const auto [alone, wide] = alone_and_padded(literal, made_up_protein(length), 64);
    return farthest(alone, wide);
  };
  EXPECT_EQ(leak(60), 0.0);
  EXPECT_EQ(leak(49), 0.0);
  // At 48 a padded place ties with the farthest residue: PyTorch may take either, this the residue.
  EXPECT_EQ(leak(48), 0.0);
  EXPECT_GT(leak(47), 1e-3);
  EXPECT_GT(leak(20), 1e-3);
  // Without padding both models are the same one.
  const Input in = made_up_protein(20);
  EXPECT_TRUE(same_bits(score(literal, in), score(Reference(w), in)));
}

TEST(MpnnReference, PaddedSamplingDrawsTheSameSequence) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Input in = made_up_protein(30);
  SampleOptions options;
  options.temperature = 1.0f;
  const Sample alone = r.sample(r.encode(in), options);
  Sample wide = r.sample(r.encode(padded(in, 64)), options);
  wide.sequence.resize(30);
  EXPECT_EQ(alone.sequence, wide.sequence);
}

TEST(MpnnReference, ASampleScoredTeacherForcedHasTheLogProbabilitiesOfItsDrawing) {
  const Weights w = seeded_weights(small);
  for (const bool factored : {false, true}) {
    const Reference r(w, {Padding::exact, factored});
    Input in = made_up_protein(25);
    in.mask[7] = 0;
    const Encoded e = r.encode(in);
    SampleOptions options;
    options.temperature = 0.5f;
    const Sample s = r.sample(e, options);
    EXPECT_TRUE(same_bits(s.log_probs, r.score(e, s.sequence, s.order)));
  }
}

TEST(MpnnReference, FixedAndMaskedPlacesKeepTheirTypes) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  Input in = made_up_protein(25);
  in.designed[3] = in.designed[9] = 0;
  in.mask[5] = 0;
  SampleOptions options;
  options.temperature = 5.0f;
  const Sample s = r.sample(r.encode(in), options);
  for (const std::size_t i : {3u, 5u, 9u}) EXPECT_EQ(s.sequence[i], in.sequence[i]);
  EXPECT_NE(s.sequence, in.sequence);
  // They are decoded before any place that is chosen.
  const auto first = std::vector<std::int32_t>(s.order.begin(), s.order.begin() + 3);
  EXPECT_THAT(first, testing::UnorderedElementsAre(3, 5, 9));
}

TEST(MpnnReference, SeedsDecideTheDrawsAndTemperatureTheirSpread) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Encoded e = r.encode(made_up_protein(40));
  const auto draw = [&](std::uint64_t seed, float temperature) {
    SampleOptions o;
    o.seed = seed, o.temperature = temperature, o.order = identity(40);
    return r.sample(e, o).sequence;
  };
  EXPECT_EQ(draw(1, 1.0f), draw(1, 1.0f));
  EXPECT_NE(draw(1, 1.0f), draw(2, 1.0f));
  SampleOptions greedy;
  greedy.greedy = true, greedy.order = identity(40);
  EXPECT_EQ(draw(1, 1e-4f), r.sample(e, greedy).sequence);
}

TEST(MpnnReference, OmittedTypesAreNeverChosenAndBiasesPull) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Encoded e = r.encode(made_up_protein(60));
  SampleOptions o;
  o.temperature = 10.0f;
  o.omit = "ACDEFGHIKLMNPQRSTX";  // leaves V, W, Y
  const auto sequence = r.sample(e, o).sequence;
  EXPECT_TRUE(
      std::all_of(sequence.begin(), sequence.end(), [](int t) { return t >= 17 && t < 20; }));
  o.bias.assign(vocabulary, 0.0f);
  o.bias[18] = 1000.0f;
  const auto pulled = r.sample(e, o).sequence;
  EXPECT_TRUE(std::all_of(pulled.begin(), pulled.end(), [](int t) { return t == 18; }));
}

TEST(MpnnReference, DrawsFollowTheirProbabilities) {
  // One residue, many seeds: the chosen types' shares against the probabilities, chi-squared with
  // 19 degrees of freedom; 60 is beyond the 1 - 4e-6 quantile.
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Encoded e = r.encode(made_up_protein(1));
  SampleOptions o;
  o.temperature = 1.0f;
  std::vector<int> count(vocabulary, 0);
  std::vector<float> p;
  constexpr int draws = 4000;
  for (int n = 0; n < draws; ++n) {
    o.seed = static_cast<std::uint64_t>(n);
    const Sample s = r.sample(e, o);
    ++count[static_cast<std::size_t>(s.sequence[0])];
    p = s.probabilities;
  }
  double chi = 0;
  for (std::size_t t = 0; t < 20; ++t) {
    const double expected = draws * static_cast<double>(p[t]);
    chi += (count[t] - expected) * (count[t] - expected) / expected;
  }
  EXPECT_EQ(count[20], 0);
  EXPECT_LT(chi, 60);
}

TEST(MpnnReference, ConditionalProbabilitiesAreTheLastStepOfADecodingThatEndsThere) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Input in = made_up_protein(20);
  const Encoded e = r.encode(in);
  auto order = identity(20);
  const auto conditional = r.conditional(e, in.sequence, order);
  const auto backbone = r.conditional(e, in.sequence, order, true);
  std::rotate(order.begin() + 6, order.begin() + 7, order.end());  // place 6 at the end
  const auto last = r.score(e, in.sequence, order);
  const auto row = [](const std::vector<float>& v, std::size_t i) {
    return std::span(v).subspan(i * vocabulary, vocabulary);
  };
  EXPECT_TRUE(same_bits(row(conditional, 6), row(last, 6)));
  EXPECT_FALSE(same_bits(row(conditional, 6), row(backbone, 6)));
}

TEST(MpnnReference, FactoringW1ChangesRoundingOnly) {
  const Weights w = seeded_weights({64, 2, 2, 16});
  const Input in = made_up_protein(50);
  const auto whole = score(Reference(w), in),
             parts = score(Reference(w, {Padding::exact, true}), in);
  EXPECT_LT(farthest(whole, parts), 1e-5);
  EXPECT_FALSE(same_bits(whole, parts));
}

TEST(MpnnReference, ProbabilitiesSumToOneForEveryShapeOfTheNetwork) {
  for (const ModelSpec spec : {ModelSpec{128, 1, 1, 1}, ModelSpec{33, 2, 1, 5},
                               ModelSpec{64, 2, 2, 48}, ModelSpec{8, 4, 3, 100}}) {
    const Weights w = seeded_weights(spec);
    for (const std::int64_t length : {1, 7}) {
      const auto logp = score(Reference(w), made_up_protein(length));
      for (std::int64_t i = 0; i < length; ++i) {
        double sum = 0;
        for (int t = 0; t < vocabulary; ++t)
          sum += std::exp(static_cast<double>(logp[static_cast<std::size_t>(i * vocabulary + t)]));
        EXPECT_NEAR(sum, 1, 1e-5);
      }
    }
  }
}

TEST(MpnnReference, WrongRequestsAreTheUsersErrors) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const Input in = made_up_protein(4);
  const Encoded e = r.encode(in);
  const std::vector<std::int32_t> shorter{0, 1, 2}, twice{0, 1, 1, 3}, beyond{0, 1, 2, 4};
  for (const auto& order : {shorter, twice, beyond})
    EXPECT_THROW(r.score(e, in.sequence, order), InputError);
  SampleOptions o;
  o.temperature = 0;
  EXPECT_THROW(r.sample(e, o), InputError);
  o.temperature = 1, o.omit = "B";
  EXPECT_THROW(r.sample(e, o), InputError);
  o.omit = alphabet;
  EXPECT_THROW(r.sample(e, o), InputError);
  o.omit = "X", o.bias = {1};
  EXPECT_THROW(r.sample(e, o), InputError);
  EXPECT_THROW(check(ModelSpec{0, 3, 3, 48}), InputError);
}

TEST(MpnnReference, BiasesAreAddedToTheLogitsBeforeTheTemperature) {
  const Weights w = seeded_weights(small);
  const Reference r(w);
  const std::int64_t length = 6;
  const Encoded e = r.encode(made_up_protein(length));
  SampleOptions o;
  o.temperature = 0.25f;
  o.order = identity(length);
  const auto expect = [&](const SampleOptions& options) {
    const Sample s = r.sample(e, options);
    for (std::int64_t i = 0; i < length; ++i) {
      std::vector<double> p;
      double sum = 0;
      for (int t = 0; t < vocabulary; ++t) {
        const auto at = static_cast<std::size_t>(i * vocabulary + t),
                   type = static_cast<std::size_t>(t);
        double v = static_cast<double>(s.log_probs[at]);  // logits but for a constant of the place
        if (!options.bias.empty()) v += static_cast<double>(options.bias[type]);
        if (!options.bias_by_residue.empty()) v += static_cast<double>(options.bias_by_residue[at]);
        p.push_back(alphabet[type] == 'X' ? 0 : std::exp(v / 0.25));
        sum += p.back();
      }
      for (int t = 0; t < vocabulary; ++t)
        EXPECT_NEAR(s.probabilities[static_cast<std::size_t>(i * vocabulary + t)],
                    p[static_cast<std::size_t>(t)] / sum, 1e-4);
    }
  };
  expect(o);
  for (int t = 0; t < vocabulary; ++t) o.bias.push_back(0.1f * static_cast<float>(t % 5) - 0.2f);
  expect(o);
  for (std::int64_t i = 0; i < length * vocabulary; ++i)
    o.bias_by_residue.push_back(0.07f * static_cast<float>(i % 7) - 0.2f);
  expect(o);
  o.bias.clear();
  expect(o);
}

TEST(MpnnReference, TheMeanScoreIsOverTheWeights) {
  std::vector<float> log_probs(2 * vocabulary, 0.0f);
  log_probs[3] = -2, log_probs[vocabulary + 4] = -5;
  EXPECT_DOUBLE_EQ(mean_score(log_probs, std::vector<std::int32_t>{3, 4}, std::vector<float>{1, 1}),
                   3.5);
  EXPECT_DOUBLE_EQ(
      mean_score(log_probs, std::vector<std::int32_t>{3, 4}, std::vector<float>{0.5f, 1}),
      (0.5 * 2 + 5) / 1.5);
}

// The features of the one pair of two residues, residue 0 looking at residue 1.
std::vector<float> pair_features(const Input& in, const Weights& w) {
  const Features f = features(in, w);
  const std::size_t at = f.neighbours.index[0] == 1 ? 0 : edge_inputs;
  return {f.edges.begin() + static_cast<std::ptrdiff_t>(at),
          f.edges.begin() + static_cast<std::ptrdiff_t>(at + edge_inputs)};
}

TEST(MpnnFeatures, PositionOffsetsEndAt32EitherWay) {
  const Weights w = seeded_weights(small);
  Input in = made_up_protein(2);
  const auto offset_class = [&](std::int32_t offset, std::int32_t chain) {
    in.residue_index = {offset + 100, 100};
    in.chain_code = {1, chain};
    const std::vector<float> f = pair_features(in, w);
    for (int c = 0; c < positional_classes; ++c) {
      bool same = true;
      for (std::size_t p = 0; p < positional_width; ++p)
        same = same &&
               f[p] == w.positional.weight[p * positional_classes + static_cast<std::size_t>(c)] +
                           w.positional.bias[p];
      if (same) return c;
    }
    return -1;
  };
  EXPECT_EQ(offset_class(0, 1), 32);
  EXPECT_EQ(offset_class(1, 1), 33);
  EXPECT_EQ(offset_class(-1, 1), 31);
  EXPECT_EQ(offset_class(31, 1), 63);
  EXPECT_EQ(offset_class(32, 1), 64);
  EXPECT_EQ(offset_class(33, 1), 64);
  EXPECT_EQ(offset_class(90, 1), 64);
  EXPECT_EQ(offset_class(-31, 1), 1);
  EXPECT_EQ(offset_class(-32, 1), 0);
  EXPECT_EQ(offset_class(-33, 1), 0);
  EXPECT_EQ(offset_class(-90, 1), 0);
  EXPECT_EQ(offset_class(0, 2), 65);  // another chain
}

TEST(MpnnFeatures, DistancesAreOfTheAtomsAndAnIdealBetaCarbon) {
  const Weights w = seeded_weights(small);
  const Input in = made_up_protein(2);
  using Point = std::array<double, 3>;
  const auto atom = [&](std::size_t residue, std::size_t a) {
    Point p;
    for (std::size_t d = 0; d < 3; ++d)
      p[d] = static_cast<double>(in.atoms[residue * 12 + a * 3 + d]);
    return p;
  };
  const auto minus = [](const Point& a, const Point& b) {
    return Point{a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  };
  // ProteinMPNN's ideal CB: N, CA, C are atoms 0, 1, 2.
  const auto beta = [&](std::size_t residue) {
    const Point n = atom(residue, 0), ca = atom(residue, 1), c = atom(residue, 2);
    const Point b = minus(ca, n), d = minus(c, ca);
    const Point a{b[1] * d[2] - b[2] * d[1], b[2] * d[0] - b[0] * d[2], b[0] * d[1] - b[1] * d[0]};
    Point p;
    for (std::size_t i = 0; i < 3; ++i)
      p[i] = -0.58273431 * a[i] + 0.56802827 * b[i] - 0.54067466 * d[i] + ca[i];
    return p;
  };
  const auto distance = [&](const Point& a, const Point& b) {
    const Point d = minus(a, b);
    return std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] + 1e-6);
  };
  const std::vector<float> f = pair_features(in, w);
  // 16 functions from 2 to 22 angstrom, as wide as a sixteenth of that.
  const auto expect = [&](std::size_t pair, double d) {
    for (std::size_t i = 0; i < rbf_count; ++i) {
      const double z = (d - (2 + 20.0 / 15 * static_cast<double>(i))) / 1.25;
      EXPECT_NEAR(f[positional_width + pair * rbf_count + i], std::exp(-z * z), 2e-5) << pair;
    }
  };
  expect(0, distance(atom(0, 1), atom(1, 1)));
  expect(1, distance(atom(0, 0), atom(1, 0)));
  expect(4, distance(beta(0), beta(1)));
  expect(8, distance(atom(0, 1), beta(1)));   // CA to CB
  expect(18, distance(beta(0), atom(1, 1)));  // CB to CA
}

TEST(MpnnFeatures, MaskedResiduesAreAsFarAsTheFarthestAndTiesGoToTheFirst) {
  Input in = made_up_protein(5);
  for (std::size_t i = 0; i < 5; ++i)
    for (std::size_t d = 0; d < 3; ++d) in.atoms[i * 12 + 3 + d] = 0;
  const float x[] = {0, 3, -3, 1, 9};
  for (std::size_t i = 0; i < 5; ++i) in.atoms[i * 12 + 3] = x[i];
  in.mask[3] = 0;  // the nearest of residue 0
  const Neighbours n = nearest(in, 5);
  const std::vector<std::int32_t> order(n.index.begin(), n.index.begin() + 5);
  EXPECT_EQ(order, (std::vector<std::int32_t>{0, 1, 2, 3, 4}));
  EXPECT_NEAR(n.distance[1], 3, 1e-6);
  EXPECT_NEAR(n.distance[2], 3, 1e-6);
  EXPECT_EQ(n.distance[3], n.distance[4]);
  EXPECT_NEAR(n.distance[4], 9, 1e-6);
}

}  // namespace
}  // namespace ane::workloads::mpnn
