// The FP32 reference against stages computed by PyTorch 1.13 (../shared/mpnn/README.md): of every
// protein whose stages are there, in a folder of its own (synthetic_weights/5L33/X.npy) or by the
// beginning of the files' names (6mrr_X.npy). Elsewhere: ANESIM_MPNN_GOLDENS names the folder that
// holds them, structures and weights included.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "isa/error.h"
#include "mpnn_data.h"
#include "workloads/mpnn/goldens.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {
namespace {

namespace fs = std::filesystem;

std::string root() {
  const char* given = std::getenv("ANESIM_MPNN_GOLDENS");
  return given != nullptr ? std::string(given) + "/" : golden_folder;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

struct Case {
  std::string files;      // as compare_goldens takes it
  std::string structure;  // its file; empty where there is none of that name
  std::string weights;    // empty: the seeded ones
};

// One case an E_idx.npy below the folder; its protein and weights are those that its path names.
std::vector<Case> cases() {
  std::vector<Case> found;
  std::error_code none;
  std::vector<std::string> structures;
  for (const auto& e : fs::directory_iterator(root(), none))
    if (e.path().extension() == ".pdb") structures.push_back(e.path().string());
  for (const auto& e : fs::recursive_directory_iterator(root(), none)) {
    const std::string path = e.path().string(), last = "E_idx.npy";
    if (!path.ends_with(last)) continue;
    Case c{path.substr(0, path.size() - last.size()), "", ""};
    const std::string below = lower(c.files.substr(root().size()));
    for (const std::string& s : structures)
      if (below.find(lower(fs::path(s).stem().string())) != std::string::npos) c.structure = s;
    if (below.find("trained") != std::string::npos) c.weights = root() + "trained_v0.pt";
    found.push_back(c);
  }
  std::ranges::sort(found, {}, &Case::files);
  return found;
}

std::vector<StageDifference> stages_of(const Case& c, bool factored) {
  const Input input = to_input(read_structure(c.structure));
  return compare_goldens(c.weights.empty() ? seeded_weights({}) : load_weights(c.weights), input,
                         c.files, factored);
}

TEST(MpnnGolden, EveryStageOfEveryProteinAgrees) {
  const std::vector<Case> all = cases();
  if (all.empty()) GTEST_SKIP() << "no goldens in " << root();
  for (const Case& c : all) {
    SCOPED_TRACE(c.files);
    ASSERT_FALSE(c.structure.empty()) << "no structure of that name in " << root();
    for (const bool factored : {false, true}) {
      std::set<std::string> compared;
      for (const StageDifference& s : stages_of(c, factored)) {
        if (s.values == 0) {
          const bool order = s.stage.starts_with("order_") || s.stage == "greedy_order";
          EXPECT_TRUE(order) << s.stage << " stands for no stage";
          continue;
        }
        EXPECT_TRUE(s.agrees()) << s.stage << ": " << s.farthest << " over " << s.tolerance;
        compared.insert(s.stage);
      }
      // Whatever else there is, the answers are.
      for (const char* stage : {"E_idx", "enc0_hV", "enc1_hV", "enc2_hV", "uncond_logp",
                                "forward_identity_logp", "greedy_S", "score_identity"})
        EXPECT_TRUE(compared.contains(stage)) << stage;
      EXPECT_GE(compared.size(), 16U);
    }
  }
}

TEST(MpnnGolden, AStageThatDiffersIsNamedAndAFolderWithoutStagesIsRefused) {
  const fs::path folder = fs::temp_directory_path() / "anesim_goldens";
  fs::create_directories(folder);
  const Input input = made_up_protein(9);
  const Weights weights = seeded_weights({16, 1, 1, 4});
  std::vector<float> logp = Reference(weights).unconditional(Reference(weights).encode(input));
  const auto write = [&](const std::string& name, const std::vector<float>& values) {
    kernels::Tensor t(isa::Format::fp32, {std::ssize(values)});
    std::ranges::copy(values, t.as<float>().begin());
    std::ofstream(folder / name, std::ios::binary) << npy_bytes(t);
  };
  EXPECT_THROW(compare_goldens(weights, input, folder.string(), false), InputError);
  write("6abc_uncond_logp.npy", logp);
  write("6abc_notes.npy", {1});
  logp[5] += 1e-3F;
  write("other_uncond_logp.npy", logp);
  const auto good = compare_goldens(weights, input, (folder / "6abc_").string(), false);
  ASSERT_EQ(good.size(), 2U);
  EXPECT_EQ(good[0].values, 0);  // notes: no stage
  EXPECT_TRUE(good[1].agrees());
  const auto bad = compare_goldens(weights, input, (folder / "other_").string(), false);
  ASSERT_EQ(bad.size(), 1U);
  EXPECT_FALSE(bad[0].agrees());
  EXPECT_NEAR(bad[0].farthest, 1e-3, 1e-5);
  write("short_uncond_logp.npy", {1, 2});
  EXPECT_FALSE(compare_goldens(weights, input, (folder / "short_").string(), false).at(0).agrees());
  fs::remove_all(folder);
}

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
