// Does every option that is not of output change the question that is stored?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "results/sqlite.h"
#include "tests/program.h"

namespace {

using ane::anesim;
using ane::Answer;

const std::set<std::string> of_output = {
    "db",   "no-db",   "again",   "view",     "trace",        "tasks",
    "json", "csv",     "help",    "table",    "wide",         "out",
    "simd", "threads", "goldens", "counters", "buckets-from", "bucket-count"};

// The long options that the command lists.
std::set<std::string> options_of(const std::string& command) {
  const std::string text = anesim(command + " --help").text;
  std::set<std::string> names;
  const std::regex option("\n  (?:-. \\[ )?--([a-z-]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at)
    names.insert((*at)[1]);
  return names;
}

// The questions that the command stores.
std::set<std::string> questions(const std::string& command) {
  const std::string file = testing::TempDir() + "/questions_" + std::to_string(getpid()) + ".db";
  const auto clear = [&] {
    for (const char* more : {"", "-wal", "-shm"}) std::filesystem::remove(file + more);
  };
  clear();
  const Answer a = anesim(command + " --db " + file, "2>&1 >/dev/null");
  EXPECT_EQ(a.status, 0) << command << "\n" << a.text;
  std::set<std::string> digests;
  if (a.status == 0) {
    ane::results::Database db(file, ane::results::Database::Open::existing);
    ane::results::Statement rows(db, "SELECT question_digest FROM run");
    while (rows.step()) digests.insert(rows.text(0));
  }
  clear();
  return digests;
}

class Question : public testing::Test {
 protected:
  Question() {
    std::filesystem::create_directories(folder_);
    for (const auto& [name, letters] : {std::pair{"a", "ACGT"}, {"b", "TTGA"}}) {
      std::ofstream file(folder_ + "/" + name + ".fastq");
      const auto bases_of = [](const char* four, int i) {
        std::string all;
        for (int k = 0; k < 60; ++k) all += four[(i * 7 + k * (1 + i % 3)) % 4];
        return all;
      };
      for (int i = 0; i < 400; ++i)
        file << fmt::format("@r{}\n{}\n+\n{}\n", i, bases_of(letters, i),
                            std::string(60, static_cast<char>('#' + i % 40)));
    }
  }
  ~Question() override { std::filesystem::remove_all(folder_); }

  // `changes`: the words that set an option another way. An option that the command lists must be
  // here or of output.
  void expect_each_counts(const std::string& command, const std::string& usual,
                          const std::map<std::string, std::string>& changes,
                          const std::set<std::string>& elsewhere = {}) const {
    const std::set<std::string> was = questions(command + " " + usual);
    for (const std::string& option : options_of(command)) {
      if (of_output.contains(option) || elsewhere.contains(option)) continue;
      const auto change = changes.find(option);
      if (change == changes.end()) {
        ADD_FAILURE() << command << " --" << option << ": does it change the question?";
        continue;
      }
      EXPECT_NE(questions(fmt::format("{} {} --{} {}", command, usual, option, change->second)),
                was)
          << command << " --" << option;
    }
  }

  const std::string folder_ = testing::TempDir() + "/question_" + std::to_string(getpid());
};

TEST_F(Question, OfAReadQcRunChangesWithEveryOption) {
  expect_each_counts("run readqc", "--model kmer --reads " + folder_ + "/a.fastq",
                     {{"phred", "33 --reads " + folder_ + "/b.fastq"},
                      {"seed", "2"},
                      {"k", "6"},
                      {"dim", "128"},
                      {"separate", ""},
                      {"chip", "M1"},
                      {"unit", "gpu"},
                      {"precision", "int8w"},
                      {"precision-of", "dense1=fp16"},
                      {"batch", "10"},
                      {"limit", "3"},
                      {"part", "all"},
                      {"set", "ane.l2=4MiB"},
                      {"memory", "16GiB"},
                      {"profile", "ieee"},
                      {"runtime", "direct"},
                      {"form", "framework"}},
                     {"reads", "model", "rule"});
  const std::string judged = "run readqc --model mlp --reads " + folder_ + "/a.fastq";
  EXPECT_NE(questions(judged + " --rule meanq20"), questions(judged));
}

TEST_F(Question, OfAReadQcComparisonChangesWithEveryOption) {
  expect_each_counts("compare readqc", "--model kmer --chips M4 --units ane --batches 10",
                     {{"k", "6"},
                      {"dim", "128"},
                      {"separate", ""},
                      {"precision", "int8w"},
                      {"set", "ane.l2=4MiB"},
                      {"memory", "16GiB"},
                      {"runtime", "direct"},
                      {"form", "framework"}},
                     {"model", "chips", "units", "batches", "against", "profile", "rule"});
  const std::string judged =
      "compare readqc --model mlp --chips M4 --units ane,cpu --against cpu --batches 10";
  EXPECT_NE(questions(judged + " --rule meanq20"), questions(judged));
}

TEST_F(Question, OfAnMpnnRunChangesWithEveryOption) {
  const std::map<std::string, std::string> changes = {{"chip", "M1"},
                                                      {"unit", "gpu"},
                                                      {"variant", "batched"},
                                                      {"hidden", "64"},
                                                      {"layers", "2"},
                                                      {"neighbours", "16"},
                                                      {"precision", "int8w"},
                                                      {"bucket", "64"},
                                                      {"batch", "2"},
                                                      {"gather", "one_hot"},
                                                      {"literal", ""},
                                                      {"mode", "unconditional"},
                                                      {"set", "ane.l2=4MiB"},
                                                      {"memory", "16GiB"},
                                                      {"runtime", "direct"},
                                                      {"form", "framework"},
                                                      {"precision-of", "encoder_layers.*=fp16"}};
  expect_each_counts("run mpnn", "--length 60", changes,
                     {"length", "pdb", "chains", "designed", "n", "temperature", "greedy", "seed",
                      "order", "weights", "profile"});
}

TEST_F(Question, OfSamplingChangesWithWhatDraws) {
  const std::string pdb = folder_ + "/h.pdb";
  std::ofstream file(pdb);
  int serial = 0;
  for (const char chain : {'A', 'B'})
    for (int i = 0; i < 12; ++i)
      for (int atom = 0; atom < 4; ++atom)
        file << fmt::format("ATOM  {:5d}  {:<3} ALA {}{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00\n",
                            ++serial, std::string_view("N CAC O ").substr(2 * atom, 2), chain,
                            i + 1,
                            2.3 * std::cos(1.7453 * i + 0.5 * atom) + (chain == 'B' ? 12 : 0),
                            2.3 * std::sin(1.7453 * i + 0.5 * atom), 1.5 * i + 0.4 * atom);
  file << "END\n";
  file.close();
  const std::string usual = "run mpnn --hidden 16 --layers 1 --mode sample --pdb " + pdb;
  const auto was = questions(usual);
  for (const char* change : {"--temperature 2.0", "--n 2", "--greedy", "--seed 5", "--chains A",
                             "--designed A", "--profile ieee"})
    EXPECT_NE(questions(usual + " " + change), was) << change;
  const std::string score = "run mpnn --hidden 16 --layers 1 --pdb " + pdb;
  EXPECT_NE(questions(score + " --order random"), questions(score));
}

TEST_F(Question, OfAPictureChangesWithEveryOption) {
  expect_each_counts("run vision_language", "",
                     {{"width", "512"},
                      {"height", "512"},
                      {"side", "256"},
                      {"vision", "resnet18"},
                      {"language", "mistral-7b"},
                      {"question", "512"},
                      {"answer", "7"},
                      {"vision-unit", "cpu"},
                      {"weights", "int8"},
                      {"chip", "M2"},
                      {"language-unit", "cpu"},
                      {"set", "gpu.clock=1GHz"},
                      {"memory", "24GiB"},
                      {"runtime", "llamacpp"}},
                     {"form", "profile", "host"});
  const std::string card = "run vision_language --chip RTX4090";
  EXPECT_NE(questions(card + " --host M1"), questions(card));
}

TEST_F(Question, OfARequestChangesWithEveryOption) {
  expect_each_counts("run 'kind=matmul m=64 n=64 k=64'", "",
                     {{"chip", "M1"},
                      {"unit", "gpu"},
                      {"precision", "int8"},
                      {"batch", "2"},
                      {"values", ""},
                      {"precision-of", "*=fp16"},
                      {"set", "ane.l2=4MiB"},
                      {"memory", "16GiB"},
                      {"runtime", "direct"},
                      {"form", "framework"}},
                     {"seed", "answer", "profile"});
  const std::string values = "run 'kind=matmul m=64 n=64 k=64' --values";
  EXPECT_NE(questions(values + " --seed 2"), questions(values));
  EXPECT_NE(questions(values + " --profile ieee"), questions(values));
}

TEST_F(Question, AskedAnotherWayIsStoredAnew) {
  const std::string db = folder_ + "/q.db";
  const auto stored = [&] {
    ane::results::Database file(db, ane::results::Database::Open::existing);
    return file.number("SELECT count(*) FROM run");
  };
  const auto ask = [&](const std::string& command) {
    EXPECT_EQ(anesim(command + " --db " + db).status, 0) << command;
  };
  std::int64_t runs = 0;
  for (const auto& [first, second] :
       {std::pair<std::string, std::string>{
            "compare readqc --model kmer --chips M4 --units ane --batches 10 --k 3",
            "compare readqc --model kmer --chips M4 --units ane --batches 10 --k 6 --dim 128"},
        {"run vision_language", "run vision_language --question 512"},
        {"run mpnn --length 60", "run mpnn --length 60 --form framework --unit gpu"}}) {
    ask(first);
    ask(second);
    ask(first);  // and once more: no new row
    const std::int64_t now = stored();
    EXPECT_GE(now, runs + 2) << second;
    ask(second);
    EXPECT_EQ(stored(), now) << second;
    runs = now;
  }
}

}  // namespace
