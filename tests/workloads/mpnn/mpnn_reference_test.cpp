// Properties of the FP32 reference that need no goldens.
#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
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

}  // namespace
}  // namespace ane::workloads::mpnn
