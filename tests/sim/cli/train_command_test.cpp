#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
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

// 1,500 reads of 60 bases; those of an odd number have a low-quality tail, of a length that makes
// fastp's rule fail about two thirds of them.
class TrainCommand : public testing::Test {
 protected:
  TrainCommand()
      : folder_(std::filesystem::temp_directory_path() /
                ("anesim_train_" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(folder_);
    std::ofstream file(reads());
    for (int i = 0; i < 1500; ++i) {
      const int good = i % 2 == 0 ? 60 : i * 7 % 55;
      std::string bases, qualities;
      for (int b = 0; b < 60; ++b) {
        bases += "ACGT"[(i * 31 + b * b) % 4];
        qualities += b < good ? 'I' : '#';
      }
      file << "@r" << i << "\n" << bases << "\n+\n" << qualities << "\n";
    }
  }
  ~TrainCommand() override { std::filesystem::remove_all(folder_); }
  std::string reads() const { return (folder_ / "reads.fq").string(); }
  std::string out(const char* name) const { return (folder_ / name).string(); }
  std::string bytes(const char* name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::filesystem::path folder_;
};

TEST_F(TrainCommand, PrintsHeldOutFiguresAsTextAndTheSameAsJson) {
  const std::string ask = "train readqc --reads " + reads() + " --epochs 3";
  const Answer text = anesim(ask, "2>/dev/null");
  EXPECT_EQ(text.status, 0);
  const auto json = nlohmann::json::parse(anesim(ask + " --json", "2>/dev/null").text);
  EXPECT_EQ(json["model"], "mlp");
  EXPECT_EQ(json["reads"], 1500);
  const auto& quality = json["held_out"]["quality"];
  EXPECT_GT(quality["accuracy"].get<double>(), 0.95);
  const std::int64_t all =
      quality["pass_as_pass"].get<std::int64_t>() + quality["pass_as_fail"].get<std::int64_t>() +
      quality["fail_as_pass"].get<std::int64_t>() + quality["fail_as_fail"].get<std::int64_t>();
  EXPECT_EQ(all, json["held_out"]["reads"]);
  std::array<char, 64> line{};
  std::snprintf(line.data(), line.size(), "accuracy %.4f   ROC AUC %.4f",
                quality["accuracy"].get<double>(), quality["auc"].get<double>());
  EXPECT_THAT(text.text, HasSubstr(line.data()));
}

TEST_F(TrainCommand, OfShorterReadsTellsBothKindsApart) {
  const std::string ask = "train readqc --reads " + reads() + " --epochs 2 ";
  const auto plain = nlohmann::json::parse(anesim(ask + "--json", "2>/dev/null").text);
  const Answer said = anesim(ask + "--lengths 30-50", "2>&1 >/dev/null");
  EXPECT_THAT(said.text, HasSubstr("1500 of 1500 reads are trained on cut to 30 to 50 bases"));
  const auto json =
      nlohmann::json::parse(anesim(ask + "--lengths 30-50 --json", "2>/dev/null").text);
  EXPECT_EQ(json["reads"], 1500);
  EXPECT_EQ(json["held_out"]["reads"], plain["held_out"]["reads"]);
  EXPECT_EQ(json["held_out_cut"]["reads"], json["held_out"]["reads"]);
  const Answer none = anesim(ask + "--lengths 61-150");
  EXPECT_EQ(none.status, 2);
  EXPECT_THAT(none.text, HasSubstr("no read has as many as 61 bases"));
}

TEST_F(TrainCommand, OptionsThatTheModelHasNoUseForAreRefused) {
  for (const char* options :
       {"--model mlp --k 5", "--model cnn --separate", "--model kmer --rule maxee1",
        "--model gc --rule meanq20", "--model biometal --rate 0.1", "--model biometal --batch 7",
        "--model biometal --lengths 30-50"}) {
    const Answer a = anesim("train readqc --reads " + reads() + " " + options);
    EXPECT_EQ(a.status, 2) << options;
    EXPECT_THAT(a.text, HasSubstr("says nothing beside")) << options;
  }
}

TEST_F(TrainCommand, WritesTheSameModelForTheSameSeed) {
  const std::string ask = "train readqc --reads " + reads() + " --epochs 1 --out ";
  EXPECT_EQ(anesim(ask + out("a")).status, 0);
  EXPECT_EQ(anesim(ask + out("b")).status, 0);
  EXPECT_EQ(anesim(ask + out("c") + " --seed 2").status, 0);
  EXPECT_GT(bytes("a").size(), 187'000U);
  EXPECT_EQ(bytes("a"), bytes("b"));
  EXPECT_NE(bytes("a"), bytes("c"));
}

TEST_F(TrainCommand, SaysTheUsersErrorsInOneLineAndExitsWithTwo) {
  const auto expect = [](const std::string& arguments, const std::string& error) {
    const Answer a = anesim("train " + arguments);
    EXPECT_EQ(a.status, 2) << arguments;
    EXPECT_THAT(a.text, HasSubstr("error: " + error)) << arguments;
  };
  const std::string ask = "readqc --reads " + reads();
  expect("", "train: what is to be trained?");
  expect("readq --reads x", "train: 'readq' cannot be trained");
  expect("readqc", "--reads: no FASTQ file given");
  expect("readqc --reads " + out("absent"), out("absent") + ": cannot be opened");
  expect(ask + " --model mpl", "--model: unknown model 'mpl'\nnote: did you mean 'mlp'?");
  expect(ask + " --rule q20", "--rule: unknown rule 'q20'");
  expect(ask + " --model kmer --k 7", "--k: k-mers of 7 bases are not offered");
  expect(ask + " --epochs -1", "--epochs: -1 is out of range");
  expect(ask + " --rate nan", "--rate: nan is out of range");
  expect(ask + " --phred 50", "--phred: 50 is not an offset of FASTQ");
  expect(ask + " --bogus", "anesim train: unknown option '--bogus'");
  expect(ask + " --epochs 1 --out " + out("no/such/folder/m"),
         out("no/such/folder/m") + ": cannot be written");
}

}  // namespace
