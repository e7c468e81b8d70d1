// The FP32 reference against stages computed by PyTorch 1.13 (../shared/mpnn/README.md).
#include <gmock/gmock.h>

#include <map>

#include "mpnn_data.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {
namespace {

struct Case {
  std::string folder, weights;  // "synthetic_weights/5L33/", "" for the seeded ones
  bool factored;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.folder << c.factored;
}

class Golden : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(golden_folder + GetParam().folder + "X.npy"))
      GTEST_SKIP() << "no data in " << golden_folder;
    weights_ = GetParam().weights.empty() ? seeded_weights({})
                                          : load_weights(golden_folder + GetParam().weights);
    input_ = to_input(read_structure(golden_folder + "5L33.pdb"));
    ReferenceOptions options;
    options.factored = GetParam().factored;
    options.observe = [&](std::string_view stage, std::span<const float> values) {
      stages_[std::string(stage)].assign(values.begin(), values.end());
    };
    reference_ = std::make_unique<Reference>(weights_, options);
    encoded_ = reference_->encode(input_);
  }

  NpyArray golden(const std::string& name) const {
    return read_npy(golden_folder + GetParam().folder + name + ".npy");
  }
  bool exists(const std::string& name) const {
    return std::filesystem::exists(golden_folder + GetParam().folder + name + ".npy");
  }
  void expect_near(const std::string& name, std::span<const float> ours, double tolerance) const {
    EXPECT_LE(farthest(ours, golden(name).floats()), tolerance) << name;
  }

  Weights weights_;
  Input input_;
  std::unique_ptr<Reference> reference_;
  Encoded encoded_;
  std::map<std::string, std::vector<float>> stages_;
};

TEST_P(Golden, NeighboursAreTheSameIndexByIndex) {
  EXPECT_EQ(encoded_.neighbours.index, golden("E_idx").integers());
}

TEST_P(Golden, EveryEncoderStageIsNear) {
  // The goldens of the trained weights keep the first eight residues of the large edge tensors.
  for (const std::string stage : {"E_norm", "hE_0", "enc2_hE"}) {
    if (exists(stage)) {
      expect_near(stage, stages_.at(stage), 2e-5);
    } else {
      const auto first = std::span(stages_.at(stage)).first(8 * 48 * 128);
      expect_near(stage + "_first8rows", first, 2e-5);
    }
  }
  for (const std::string stage : {"enc0_hV", "enc1_hV", "enc2_hV"})
    expect_near(stage, stages_.at(stage), 2e-5);
}

TEST_P(Golden, LogProbabilitiesAgreeWithinOneHundredThousandthInEveryMode) {
  const auto identity = golden("order_identity").integers();
  const auto shuffled = golden("order_splitmix12345").integers();
  expect_near("forward_identity_logp", reference_->score(encoded_, input_.sequence, identity),
              1e-5);
  expect_near("forward_splitmix12345_logp", reference_->score(encoded_, input_.sequence, shuffled),
              1e-5);
  expect_near("uncond_logp", reference_->unconditional(encoded_), 1e-5);
  expect_near("conditional_logp", reference_->conditional(encoded_, input_.sequence, identity),
              1e-5);
}

TEST_P(Golden, ScoreAgrees) {
  const auto identity = golden("order_identity").integers();
  const auto logp = reference_->score(encoded_, input_.sequence, identity);
  EXPECT_NEAR(mean_score(logp, input_.sequence, input_.mask), golden("score_identity").doubles()[0],
              1e-5);
}

TEST_P(Golden, GreedyDecodingGivesTheSameSequence) {
  SampleOptions options;
  options.greedy = true;
  options.order = golden("greedy_order").integers();
  const Sample s = reference_->sample(encoded_, options);
  EXPECT_EQ(s.sequence, golden("greedy_S").integers());
  expect_near("greedy_probs_T0.1", s.probabilities, 5e-5);
}

INSTANTIATE_TEST_SUITE_P(Mpnn, Golden,
                         testing::Values(Case{"synthetic_weights/5L33/", "", false},
                                         Case{"synthetic_weights/5L33/", "", true},
                                         Case{"trained_v0/5L33/", "trained_v0.pt", false},
                                         Case{"trained_v0/5L33/", "trained_v0.pt", true}));

TEST(MpnnOracle, NeighboursOfTheRealWeightOraclesAreTheSame) {
  for (const std::string name : {"5L33", "6MRR"}) {
    const std::string path = golden_folder + "oracles_real_weights/oracle_" + name + ".npz";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << path;
    const Npz oracle(path);
    const Input input = to_input(read_structure(golden_folder + name + ".pdb"));
    for (const Padding padding : {Padding::exact, Padding::literal})
      EXPECT_EQ(nearest(input, 48, padding).index, oracle["E_idx"].integers());
  }
}

}  // namespace
}  // namespace ane::workloads::mpnn
