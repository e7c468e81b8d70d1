// anesim run mpnn and compare mpnn on a structure that the test writes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::HasSubstr;

class MpnnCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("anesim_mpnn_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    pdb_ = (folder_ / "helix.pdb").string();
    write(pdb_, helix(20));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  // A helix of alanine, glycine and leucine in the columns of the PDB format.
  static std::string helix(int residues) {
    static constexpr std::array names{"ALA", "GLY", "LEU"};
    std::string text;
    int serial = 0;
    for (int i = 0; i < residues; ++i) {
      const std::array<std::pair<const char*, double>, 4> atoms{
          {{"N", -0.5}, {"CA", 0.0}, {"C", 0.45}, {"O", 0.5}}};
      for (const auto& [atom, phase] : atoms) {
        const double t = 1.7453 * i + phase;
        std::array<char, 96> line{};
        std::snprintf(line.data(), line.size(),
                      "ATOM  %5d  %-3s %3s A%4d    %8.3f%8.3f%8.3f  1.00  0.00          %2c\n",
                      ++serial, atom, names[static_cast<std::size_t>(i % 3)], i + 1,
                      2.3 * std::cos(t), 2.3 * std::sin(t), 1.5 * i + phase, atom[0]);
        text += line.data();
      }
    }
    return text + "END\n";
  }
  Answer run(const std::string& options) const {
    return anesim("run mpnn --pdb " + pdb_ + " --no-db --hidden 16 --layers 1 " + options);
  }
  nlohmann::json json(const std::string& options) const {
    const Answer a =
        anesim("run mpnn --pdb " + pdb_ + " --no-db --hidden 16 --layers 1 --json " + options,
               "2>/dev/null");
    EXPECT_EQ(a.status, 0) << a.text;
    return nlohmann::json::parse(a.text);
  }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  std::string pdb_;
};

TEST_F(MpnnCommand, TheAnswerIsOneWhateverTheHostComputesItWith) {
  const auto plain = json("");
  const std::string digest = plain["digest"];
  EXPECT_EQ(digest.size(), 32U);
  for (const char* way : {"--simd scalar", "--threads 2", "--batch 3", "--bucket 32",
                          "--gather one_hot", "--gather host", "--chip M1 --profile ane16"})
    EXPECT_EQ(json(way)["digest"], digest) << way;
  EXPECT_NE(json("--profile ieee")["digest"], digest);
  EXPECT_NE(json("--order random")["digest"], digest);
  EXPECT_NE(json("--mode conditional")["digest"], digest);
}

// The fields that parsers of the original's output look for.
TEST_F(MpnnCommand, SamplesAreWrittenAsTheOriginalDoesAndLogProbabilitiesAsNpy) {
  const auto designs = json("--mode sample --n 2 --seed 5 --temperature 0.5 --out " +
                            file("s.fasta"))["records"][0]["designs"];
  ASSERT_EQ(designs.size(), 3U);
  EXPECT_TRUE(designs[0]["temperature"].is_null());
  EXPECT_TRUE(designs[0]["recovery"].is_null());
  std::ifstream fasta(file("s.fasta"));
  std::string line;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& d = designs[i];
    std::getline(fasta, line);
    EXPECT_THAT(line,
                testing::ContainsRegex(i == 0 ? "^>helix, score=[0-9.]+, global_score=[0-9.]+, "
                                                "fixed_chains=\\[\\], "
                                                "designed_chains=\\['A'\\], "
                                                "model_name=seeded, anesim=.*, seed=5$"
                                              : "^>T=0.5, sample=[12], score=[0-9.]+, "
                                                "global_score=[0-9.]+, "
                                                "seq_recovery=[0-9.]+$"));
    EXPECT_THAT(line, HasSubstr(fmt::format("score={:.4f}, ", d["score"].get<double>())));
    std::getline(fasta, line);
    EXPECT_EQ(line, d["sequence"]);
    EXPECT_EQ(line.size(), 20U);
    EXPECT_EQ(d["sample"], i);
    EXPECT_EQ(d["seed"], i < 2 ? 5 : 6);
  }
  // One chain is all there is: both means are of the same residues.
  EXPECT_EQ(designs[1]["score"], designs[1]["global_score"]);
  EXPECT_EQ(run("--out " + file("p.npy")).status, 0);
  EXPECT_EQ(std::filesystem::file_size(file("p.npy")) % 64, 20U * 21 * 4 % 64);
  const Answer a = run("--out " + file("p.txt"));
  EXPECT_EQ(a.status, 2);
  EXPECT_THAT(a.text, HasSubstr(".npy"));
}

TEST_F(MpnnCommand, FaultsAreOneLineAndExitTwo) {
  const auto fault = [](const Answer& a, const char* what) {
    EXPECT_EQ(a.status, 2) << a.text;
    EXPECT_THAT(a.text, HasSubstr("error: "));
    EXPECT_THAT(a.text, HasSubstr(what));
  };
  fault(anesim("run mpnn --no-db"), "no structure given");
  fault(anesim("run mpnn --no-db --pdb " + file("absent.pdb")), "absent.pdb");
  fault(run("--variant bucketd"), "'bucketed'");
  fault(run("--bucket 8,16"), "20 residues are more than the largest bucket, 16");
  fault(run("--mode scor"), "'score'");
  fault(run("--temperature 2"), "nothing is drawn");
  fault(run("--seed 5"), "nothing is drawn");
  EXPECT_EQ(run("--seed 5 --order random").status, 0);
  fault(run("--mode sample --greedy --temperature 2"), "has none");
  fault(run("--order backwards"), "identity, random or an .npy file");
  fault(run("--precision fp32"), "the ANE has no fp32");
  fault(run("--length 5"), "--length");
  fault(run("--variant flash --mode sample"), "--mode");
  fault(run("--variant flash --batch 2"), "--batch");
  fault(run("--counters --profile ieee"), "drops nothing");
  std::string broken = helix(4);
  broken.replace(2 * 81 + 32, 5, "x.yzq");
  write(file("broken.pdb"), broken);
  fault(anesim("run mpnn --no-db --pdb " + file("broken.pdb")), "broken.pdb:3");
}

TEST_F(MpnnCommand, CpuAndGpuAnswerInThePrecisionAskedFor) {  // [H1]
  const auto kl = [&](const std::string& options) {
    return json("--unit " + options)["accuracy"]["mean_kl_to_fp32"];
  };
  // Float32 is what errors are measured against: it has none, not one of 0.
  for (const char* options : {"cpu", "gpu", "gpu --mode conditional"})
    EXPECT_TRUE(kl(options).is_null()) << options;
  const double fp16 = kl("gpu --precision fp16"), bf16 = kl("gpu --precision bf16");
  EXPECT_GT(fp16, 0);
  EXPECT_GT(bf16, 10 * fp16);
  EXPECT_EQ(kl("cpu --precision fp16").get<double>(), fp16);
  EXPECT_GT(kl("gpu --precision int8w").get<double>(), fp16);
  EXPECT_GT(kl("cpu --precision w8a8 --runtime torch_cpu").get<double>(), fp16);
  EXPECT_GT(kl("gpu --precision fp16 --variant flash").get<double>(), 0);
  const auto sampled = json("--unit gpu --precision bf16 --mode sample --n 2")["accuracy"];
  EXPECT_LE(sampled["agreement_with_fp32"].get<double>(), 1);
  const Answer refused = run("--unit cpu --precision w8a8");
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.text, HasSubstr("'accelerate' does not compute in int8"));
}

TEST_F(MpnnCommand, CountersNameEveryLayerOnce) {
  const auto layers = json("--counters")["layers"];
  ASSERT_GT(layers.size(), 10U);
  EXPECT_EQ(layers[0]["layer"], "features.edge_embedding");
  std::int64_t dropped = 0;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i)
    dropped += layers[i]["dropped"].get<std::int64_t>();
  EXPECT_EQ(layers.back()["layer"], "all");
  EXPECT_EQ(layers.back()["dropped"], dropped);
  EXPECT_GT(dropped, 0);
}

TEST_F(MpnnCommand, BucketsFromLengthsSayWhereEachProteinGoesAndWhatItWastes) {
  write(file("lengths.txt"), "# lengths\n30\n\n32\n100\n700\n");
  const Answer a =
      anesim("compare mpnn --json --bucket-count 3 --buckets-from " + file("lengths.txt"));
  ASSERT_EQ(a.status, 0) << a.text;
  const auto plan = nlohmann::json::parse(a.text);
  // 34 + 32 places in 64, 28 in 128; 700 fits nowhere.
  EXPECT_EQ(plan["given"].back()["padded_places"], 94);
  EXPECT_EQ(plan["given"].back()["proteins"], 3);
  EXPECT_THAT(a.text, HasSubstr("too long"));
  // 32, 112 and 704: 2 + 12 + 4 places.
  EXPECT_EQ(plan["best"].size(), 4U);
  EXPECT_EQ(plan["best"][0]["bucket"], "32");
  EXPECT_EQ(plan["best"].back()["padded_places"], 18);
  write(file("lengths.txt"), "30\nlong\n");
  const Answer wrong = anesim("compare mpnn --buckets-from " + file("lengths.txt"));
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.text, HasSubstr("lengths.txt:2: 'long'"));
}

TEST_F(MpnnCommand, ProteinsOfOneRunHaveTheBitsTheyHaveAlone) {
  for (const int length : {4, 13, 31})
    write(file("p" + std::to_string(length) + ".pdb"), helix(length));
  const std::string all = file("p4.pdb") + "," + file("p13.pdb") + "," + file("p31.pdb");
  const auto of = [&](const std::string& pdb, const std::string& options) {
    const Answer a =
        anesim("run mpnn --no-db --json --hidden 16 --layers 1 --pdb " + pdb + " " + options,
               "2>/dev/null");
    EXPECT_EQ(a.status, 0) << a.text;
    return nlohmann::json::parse(a.text);
  };
  for (const char* precision : {"fp16", "int8w", "w8a8"}) {
    const std::string p = std::string(" --precision ") + precision;
    const auto alone = of(all, p);
    EXPECT_EQ(alone["items"], 4 + 13 + 31);
    EXPECT_EQ(alone["accuracy"]["padding_waste"], 0.0);
    for (const char* way : {" --batch 2", " --batch 3", " --batch 5", " --batch 2 --bucket 16,32",
                            " --variant bucketed+batched"}) {
      const auto together = of(all, p + way);
      EXPECT_EQ(together["digest"], alone["digest"]) << way;
      EXPECT_GT(together["accuracy"]["padding_waste"], 0.0) << way;
    }
  }
  // And one more protein is another answer.
  EXPECT_NE(of(file("p4.pdb") + "," + file("p13.pdb"), "")["digest"], of(all, "")["digest"]);
  const auto sampled = of(all, "--mode sample --n 2");
  EXPECT_EQ(sampled["items"], 2 * (4 + 13 + 31));
}

TEST_F(MpnnCommand, VariantsCombineWhereTheyDoNotContradict) {
  const auto cost = [&](const std::string& variant) {
    const Answer a =
        anesim("run mpnn --no-db --json --length 40 --variant " + variant, "2>/dev/null");
    EXPECT_EQ(a.status, 0) << variant;
    return nlohmann::json::parse(a.text);
  };
  const auto both = cost("minimal+batched");
  EXPECT_EQ(both["batch"], 8);
  EXPECT_EQ(both["macs"], 8 * cost("minimal")["macs"].get<std::int64_t>());
  EXPECT_EQ(cost("minimal+fast")["latency_s"], cost("minimal_fast")["latency_s"]);
  EXPECT_EQ(cost("flash+mlx")["unit"], "gpu");
  for (const auto& [variant, what] : {std::pair{"mlx+mps", "in two ways"},
                                      {"int8+adaptive", "in two ways"},
                                      {"flash+batched", "one protein"},
                                      {"minimal+", "unknown variant ''"}}) {
    const Answer a = anesim(std::string("run mpnn --no-db --length 40 --variant ") + variant);
    EXPECT_EQ(a.status, 2) << variant;
    EXPECT_THAT(a.text, HasSubstr(what));
  }
}

TEST_F(MpnnCommand, AdaptiveSaysWhichPrecisionEachStructureGotAndTheShares) {
  const Answer a = anesim("run mpnn --no-db --hidden 16 --layers 1 --variant adaptive --pdb " +
                          pdb_ + "," + pdb_);
  EXPECT_EQ(a.status, 0) << a.text;
  EXPECT_THAT(a.text, HasSubstr("complexity"));
  EXPECT_THAT(a.text, HasSubstr("shares: fp16 100 % (2 of 2)"));
}

TEST_F(MpnnCommand, TheReferencesStagesAreComparedWithAFolderOfThem) {
  // uncond_logp: what the CPU, which computes the reference, wrote.
  std::filesystem::create_directories(file("stages"));
  const std::string plain = "--mode unconditional --unit cpu ";
  EXPECT_EQ(run(plain + "--out " + file("stages/uncond_logp.npy")).status, 0);
  const Answer good = run("--goldens " + file("stages"));
  EXPECT_EQ(good.status, 0) << good.text;
  EXPECT_THAT(good.text, HasSubstr("uncond_logp"));
  EXPECT_EQ(run("--mode score --unit cpu --out " + file("stages/uncond_logp.npy")).status, 0);
  const Answer bad = run("--goldens " + file("stages"));
  EXPECT_EQ(bad.status, 1) << bad.text;
  EXPECT_THAT(bad.text, HasSubstr("no"));
  EXPECT_EQ(run("--goldens " + file("nothing")).status, 2);
}

TEST_F(MpnnCommand, TiledAttentionNeedsLessMemoryThanStandard) {
  const auto memory = [](const std::string& variant) {
    const Answer a =
        anesim("run mpnn --no-db --json --length 2000 --variant " + variant, "2>/dev/null");
    return nlohmann::json::parse(a.text)["peak_memory_bytes"].get<double>();
  };
  EXPECT_LT(3 * memory("flash"), memory("flash_standard"));
  EXPECT_EQ(run("--variant flash").status, 0);
}

}  // namespace
