// Is a person well served by anesim run readqc and anesim compare readqc, and by the program's
// first words?
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ReadQcCommand : public testing::Test {
 protected:
  ReadQcCommand() {
    std::filesystem::create_directories(folder_);
    std::ofstream file(reads_);
    std::mt19937 rng(3);
    for (int i = 0; i < 400; ++i) {
      std::string bases, qualities;
      const unsigned spread = i % 3 == 0 ? 12 : 40;
      for (int b = 0; b < 100; ++b) {
        bases += "ACGT"[rng() % 4];
        qualities += static_cast<char>('#' + rng() % spread);
      }
      file << "@r" << i << "\n" << bases << "\n+\n" << qualities << "\n";
    }
  }
  ~ReadQcCommand() override { std::filesystem::remove_all(folder_); }

  Answer run(const std::string& options) const {
    return anesim("run readqc --model biometal --reads " + reads_ + " " + options);
  }

  const std::string folder_ = testing::TempDir() + "/readqc_" + std::to_string(getpid()) +
                              testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string reads_ = folder_ + "/r.fastq", db_ = folder_ + "/r.db";
};

std::string without_input_line(std::string text) {
  const std::size_t at = text.find("  input");
  return text.erase(at, text.find('\n', at) - at);
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t n = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

TEST_F(ReadQcCommand, ReadsAFileOnceSoThatAPipeGivesTheSameAnswer) {
  // W8A8 looks at reads to calibrate, a model by name to train, before any is answered.
  for (const std::string model : {"biometal --precision w8a8", "mlp"}) {
    const std::string options = "run readqc --no-db --model " + model + " --reads ";
    const Answer file = anesim(options + reads_), pipe = anesim(options + "- <" + reads_);
    EXPECT_EQ(file.status, 0) << file.text;
    EXPECT_EQ(count(file.text, "Phred+33"), 1U) << file.text;
    EXPECT_EQ(pipe.status, 0) << pipe.text;
    const std::string answers = anesim(options + reads_, "2>/dev/null").text;
    EXPECT_THAT(answers, HasSubstr("digest"));
    EXPECT_EQ(without_input_line(answers),
              without_input_line(anesim(options + "- <" + reads_, "2>/dev/null").text));
  }
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST_F(ReadQcCommand, AnswersGoToFilesByTheirNames) {
  const std::string tsv = folder_ + "/a.tsv", good = folder_ + "/good.fastq",
                    report = folder_ + "/q_mqc.json";
  const Answer a =
      anesim("run readqc --no-db --part all --model mlp --rule meanq20 --batch 64 --threads 2 " +
                 reads_ + " --out " + tsv + " --out " + tsv + ".gz --out " + good + " --out " +
                 good + ".gz --out " + report + " --json",
             "2>/dev/null");
  ASSERT_EQ(a.status, 0) << a.text;
  const auto counts = nlohmann::json::parse(a.text)["records"][0]["counts"];
  const std::vector<std::string> in = lines_of(reads_), table = lines_of(tsv),
                                 passing = lines_of(good);
  ASSERT_EQ(table.size(), 401U);
  EXPECT_EQ(table[0], "name\tscore\tflag\tlength\tlogit");
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 400; ++i) {
    std::istringstream cells(table[i + 1]);
    std::string name, flag;
    double score = 0, logit = 0;
    int length = 0;
    cells >> name >> score >> flag >> length >> logit;
    EXPECT_EQ(name, "r" + std::to_string(i));
    EXPECT_EQ(length, 100);
    EXPECT_EQ(flag, logit >= 0 ? "pass" : "fail");
    EXPECT_NEAR(score, 1 / (1 + std::exp(-logit)), 1e-6);
    if (flag == "pass") expected.insert(expected.end(), &in[4 * i], &in[4 * i] + 4);
  }
  EXPECT_EQ(passing, expected);
  const int pass = counts["pass_as_pass"].get<int>() + counts["fail_as_pass"].get<int>();
  EXPECT_EQ(passing.size(), 4U * static_cast<std::size_t>(pass));
  EXPECT_GT(pass, 0);
  EXPECT_LT(pass, 400);
  for (const std::string& file : {tsv, good})
    EXPECT_EQ(std::system(("gzip -dc " + file + ".gz | cmp - " + file).c_str()), 0) << file;
  const auto sample = nlohmann::json::parse(std::ifstream(report))["data"]["r"];
  EXPECT_EQ(sample["reads"], 400);
  EXPECT_EQ(sample["pass"], pass);
  EXPECT_EQ(sample["mean_length"], 100);
}

TEST_F(ReadQcCommand, AFileIsOfAllReadsUnlessAPartIsAskedFor) {
  const std::string tsv = folder_ + "/a.tsv";
  const std::string ask =
      "run readqc --no-db --model mlp --rule meanq20 " + reads_ + " --out " + tsv;
  const Answer all = anesim(ask);
  EXPECT_EQ(all.status, 0) << all.text;
  EXPECT_EQ(lines_of(tsv).size(), 401U);
  EXPECT_THAT(all.text, HasSubstr("most of which the model was trained on"));
  EXPECT_EQ(anesim(ask + " --part test").status, 0);
  EXPECT_LT(lines_of(tsv).size(), 150U);
}

TEST_F(ReadQcCommand, AnOutputThatNobodyUnderstandsIsRefusedAndNothingStays) {
  const auto refused = [&](const std::string& options, const char* what) {
    const Answer a = anesim("run readqc --no-db --reads " + reads_ + " " + options);
    EXPECT_EQ(a.status, 2) << a.text;
    EXPECT_THAT(a.text, HasSubstr(what));
  };
  const std::string at = " --out " + folder_;
  refused("--model biometal" + at + "/a.txt", "does not say what to write");
  refused("--model biometal" + at + "/a.tsv" + at + "/a.tsv", "is named twice");
  refused("--model biometal --out " + reads_, "would be overwritten");
  refused("--model gc" + at + "/a.fastq", "this model does not say it");
  // A fault in the reads, behind those that were answered.
  std::ofstream(reads_, std::ios::app) << "@bad\nACGT\n+\nIII\n";
  refused("--model biometal" + at + "/a.tsv" + at + "/b.fastq.gz", "3 quality characters");
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    EXPECT_EQ(entry.path(), reads_);
}

TEST_F(ReadQcCommand, AFaultOfAnOutputOptionIsToldBeforeAnythingIsWritten) {
  for (const std::string options : {"--view sumary", "--json --csv", "--limit 0", "--seed -1"}) {
    const Answer a = options == "--seed -1"
                         ? anesim("run readqc --model mlp --seed -1 --reads " + reads_)
                         : run(options + " --db " + db_);
    EXPECT_EQ(a.status, 2) << options;
    EXPECT_THAT(a.text, HasSubstr("error: --")) << options;
    EXPECT_FALSE(std::filesystem::exists(db_)) << options;
  }
  EXPECT_THAT(run("--view sumary").text, HasSubstr("did you mean 'summary'?"));
}

TEST_F(ReadQcCommand, CpuAndGpuAnswerInThePrecisionAskedFor) {  // [H1]
  const auto accuracy = [&](const std::string& options) {
    const Answer a = run("--no-db --json --unit " + options);
    EXPECT_EQ(a.status, 0) << a.text;
    return nlohmann::json::parse(a.text.substr(a.text.find("{\n")))["accuracy"];
  };
  // Float32 is what errors are measured against: it has none, not one of 0.
  for (const char* unit : {"cpu", "gpu"}) {
    EXPECT_TRUE(accuracy(unit)["max_abs_error"].is_null());
    EXPECT_TRUE(accuracy(unit)["flips_vs_fp32"].is_null());
  }
  const auto error = [&](const std::string& options) -> double {
    return accuracy(options)["max_abs_error"];
  };
  const double fp16 = error("gpu --precision fp16");
  EXPECT_GT(fp16, 0);
  EXPECT_EQ(error("cpu --precision fp16"), fp16);
  EXPECT_GT(error("gpu --precision bf16"), fp16);
  EXPECT_GT(error("cpu --precision w8a8 --runtime torch_cpu"), fp16);
  EXPECT_GE(error("gpu --precision int8w"), fp16);
  const Answer refused = run("--no-db --unit gpu --precision w8a8");
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.text, HasSubstr("'mlx' does not compute in int8"));
  EXPECT_THAT(refused.text, HasSubstr("fp32, fp16, bf16"));
}

TEST_F(ReadQcCommand, LimitCountsTheReadsThatAreAnswered) {
  EXPECT_THAT(run("--no-db --limit 7").text, HasSubstr("r.fastq, 7 items"));
  EXPECT_THAT(run("--no-db --limit 7 --part test").text, HasSubstr("r.fastq, 7 items"));
  EXPECT_THAT(run("--no-db").text, HasSubstr("r.fastq, 400 items"));
}

TEST(CompareCommand, TakesNamesWithBlanksAndRefusesEmptyLists) {
  const Answer two =
      anesim("compare readqc --chips 'M1 Max (24c), M4' --units ane --batches 1 --no-db", "2>&1");
  EXPECT_EQ(two.status, 0) << two.text;
  EXPECT_THAT(two.text, HasSubstr("M1Max-24c"));
  for (const std::string workload : {"readqc", "mpnn", "vision_language"})
    for (const std::string list : {"chips", "units"}) {
      const Answer a = anesim("compare " + workload + " --" + list + " , --no-db");
      EXPECT_EQ(a.status, 2);
      EXPECT_THAT(a.text, StartsWith("error: --" + list + ": an empty list"));
    }
}

// The batch that is told passes, the one before does not, and both commands say the same of them.
TEST(CompareCommand, FindsTheBatchFromWhichTheEnginePasses) {
  const auto rates = [](const std::string& batches) {
    const auto o = nlohmann::json::parse(
        anesim("compare readqc --chips M4 --units ane,cpu --no-db --json --batches " + batches, "")
            .text);
    std::map<std::pair<int, std::string>, double> all;
    for (const auto& r : o["runs"])
      if (r["workload"] == "readqc") all[{r["batch"], r["unit"]}] = r["latency_s"];
    return all;
  };
  const std::string text =
      anesim("compare readqc --chips M4 --units ane,cpu --no-db --batches 1", "").text;
  const std::size_t at = text.find("from batch ");
  ASSERT_NE(at, std::string::npos) << text;
  const int batch = std::stoi(text.substr(at + 11));
  const auto near = rates(std::to_string(batch - 1) + "," + std::to_string(batch));
  EXPECT_LT(near.at({batch, "ane"}), near.at({batch, "cpu"}));
  EXPECT_GE(near.at({batch - 1, "ane"}), near.at({batch - 1, "cpu"}));
}

TEST(CompareCommand, KeepsItsFiguresWhereNoLargerBatchFits) {
  const Answer a =
      anesim("compare readqc --chips M4 --units ane,cpu --no-db --batches 1 --memory 1MiB");
  EXPECT_EQ(a.status, 0) << a.text;
  EXPECT_THAT(a.text, HasSubstr("is looked for: needs"));
}

TEST(Program, SaysItsVersionAndWhatItDoesNotKnow) {
  const Answer version = anesim("--version");
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.text, testing::MatchesRegex("anesim [0-9]+\\.[0-9]+\\.[0-9]+.*\n"));
  EXPECT_THAT(anesim("--help").text, HasSubstr("anesim version"));
  EXPECT_THAT(anesim("--verzion").text, StartsWith("error: unknown option '--verzion'\n"));
  EXPECT_THAT(anesim("tablez").text, HasSubstr("did you mean 'tables'?"));
}

TEST(Program, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this host has no /dev/full";
  const Answer a = anesim("chips", "2>&1 >/dev/full");
  EXPECT_EQ(a.status, 2);
  EXPECT_EQ(a.text, "error: the output cannot be written: No space left on device\n");
}

}  // namespace
