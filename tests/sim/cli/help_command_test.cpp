// Does every help say what its options are, and are they taken as they are written and not else?
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/onnx_writer.h"
#include "tests/program.h"
#include "workloads/files/npy.h"

namespace {

using ane::anesim;
using ane::Answer;
using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The indented lines behind a line that begins so.
std::vector<std::string> section(const std::string& text, const std::string& head) {
  std::vector<std::string> found;
  bool inside = false;
  for (const std::string& line : lines_of(text)) {
    if (inside && !line.starts_with("  ")) break;
    if (inside) found.push_back(line.substr(2));
    if (line.starts_with(head)) inside = true;
  }
  return found;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const std::string& line : section(anesim("help").text, "commands:"))
    names.push_back(line.substr(0, line.find(' ')));
  return names;
}

// Everything that has a help of its own, as it is typed.
std::vector<std::string> helped() {
  std::vector<std::string> all;
  for (const std::string& name : command_names()) {
    if (name == "run" || name == "compare")
      for (const char* what : {"readqc", "mpnn", "vision_language", "resnet50"})
        all.push_back(name + " " + what);
    else if (name == "arith")
      for (const char* what : {"mac", "mac8", "act", "quantize"}) all.push_back(name + " " + what);
    else
      all.push_back(name);
  }
  return all;
}

std::vector<std::string> options_of(const std::string& command) {
  const std::string text = anesim(command + " --help").text;
  std::vector<std::string> names;
  const std::regex option("\n  (?:-. \\[ )?--([a-z0-9-]+)");
  for (std::sregex_iterator at(text.begin(), text.end(), option), end; at != end; ++at)
    names.push_back((*at)[1]);
  return names;
}

TEST(Help, HasExamplesAndTheExitStatus) {
  std::vector<std::string> all = helped();
  for (const char* more : {"run", "compare", "arith"}) all.emplace_back(more);
  EXPECT_GT(all.size(), 20u);
  for (const std::string& command : all) {
    const Answer a = anesim(command + " --help");
    EXPECT_EQ(a.status, 0) << command;
    EXPECT_THAT(a.text, HasSubstr("usage: anesim")) << command;
    EXPECT_GE(section(a.text, "examples:").size(), 2u) << command;
    EXPECT_THAT(a.text, HasSubstr("\nexit status: 0 done, ")) << command;
    EXPECT_EQ(anesim(command + " -h").text, a.text) << command;
    EXPECT_EQ(anesim("help " + command).text, a.text) << command;
  }
}

TEST(Help, OfTheProgramListsWhatAWordMayBe) {
  const Answer a = anesim("help");
  EXPECT_EQ(a.status, 0);
  EXPECT_EQ(a.text, anesim("--help").text);
  EXPECT_EQ(a.text, anesim("-h").text);
  EXPECT_EQ(a.text, anesim("").text);
  for (const char* said : {"readqc", "resnet18", "gpt2", "kind=matmul", "reads.fastq.gz",
                           "1ubq.pdb", "exit status: 0 done, 1 "})
    EXPECT_THAT(a.text, HasSubstr(said));
  EXPECT_EQ(anesim("version").text, anesim("--version").text);
  EXPECT_EQ(anesim("version").text, anesim("-v").text);
  EXPECT_THAT(anesim("version").text, testing::StartsWith("anesim "));
  EXPECT_EQ(anesim("help rnu").status, 2);
  EXPECT_THAT(anesim("help rnu").text, HasSubstr("did you mean 'run'"));
}

// One letter lost, one doubled, one wrong: none is taken, and the right one is named.
TEST(Options, MisspeltByALetterAreNamed) {
  for (const std::string& command : helped()) {
    const std::vector<std::string> names = options_of(command);
    const std::set<std::string> known(names.begin(), names.end());
    EXPECT_TRUE(known.contains("help")) << command;
    for (const std::string& name : names) {
      std::set<std::string> wrong{name.substr(0, name.size() - 1), name + name.back(),
                                  "q" + name.substr(1)};
      for (const std::string& other : wrong) {
        if (other.empty() || other == "-" || known.contains(other)) continue;
        const Answer a = anesim(fmt::format("{} --{}", command, other));
        EXPECT_EQ(a.status, 2) << command << " --" << other;
        EXPECT_THAT(a.text, HasSubstr(fmt::format("unknown option '--{}'", other)));
        EXPECT_THAT(a.text, HasSubstr(fmt::format("'--{}'", name)));
        EXPECT_THAT(a.text, HasSubstr("did you mean ")) << command;
      }
    }
  }
}

// A prefix that is unique today would end a script tomorrow.
TEST(Options, AreNotTakenByAPrefix) {
  for (const std::string& command : helped()) {
    const std::vector<std::string> names = options_of(command);
    const std::set<std::string> known(names.begin(), names.end());
    for (const std::string& name : names)
      for (std::size_t n = 2; n < name.size(); n += 3) {
        const std::string prefix = name.substr(0, n);
        if (known.contains(prefix) || prefix.back() == '-') continue;
        const Answer a = anesim(fmt::format("{} --{}=1", command, prefix));
        EXPECT_EQ(a.status, 2);
        EXPECT_THAT(a.text, HasSubstr(fmt::format("unknown option '--{}'", prefix))) << command;
      }
  }
}

TEST(Options, FaultsAreToldInOwnWords) {
  for (const auto& [arguments, said] : std::vector<std::pair<std::string, std::string>>{
           {"run readqc --k", "--k: a value is missing"},
           {"run readqc --chip", "--chip arg: a chip of"},
           {"run readqc --k=", "--k: a value is missing"},
           {"run readqc --k 1e3", "'1e3' is no whole number"},
           {"run mpnn --temperature warm", "'warm' is no number"},
           {"run readqc --chip M4 --chip M1", "--chip: is given twice"},
           {"runs --json --json", "--json: is given twice"},
           {"runs --json=3", "--json: takes no value"},
           {"runs stray", "'stray' is a word too many"},
           {"runs chip=M4", "did you mean '--chip M4'?"},
           {"run readqc -i reads.fq", "unknown option '-i'"},
           {"run readqc -chip M4", "did you mean '--chip'?"},
           {"run resnet50 --weights int8", "did you mean 'weights=...'?"},
           {"run resnet50 chip=M4", "did you mean '--chip M4'?"},
           {"run --chip M4 resnet50", "stands before what is to be done"},
           {"run", "what is to be done?"},
           {"resnet50", "anesim run resnet50"},
           {"version now", "a word too many"}}) {
    const Answer a = anesim(arguments);
    EXPECT_EQ(a.status, 2) << arguments;
    EXPECT_THAT(a.text, HasSubstr(said)) << arguments;
    EXPECT_THAT(a.text, Not(HasSubstr("unrecogni"))) << arguments;
    EXPECT_EQ(lines_of(a.text).size(), 2u) << a.text;
  }
}

// Examples are run as they stand, in a folder with the files that they name.
class Examples : public testing::Test {
 protected:
  Examples() {
    std::filesystem::create_directories(folder_);
    std::ofstream reads(folder_ + "/reads.fastq");
    for (int i = 0; i < 400; ++i) {
      std::string bases, qualities;
      for (int k = 0; k < 60; ++k) {
        bases += "ACGT"[(i * 7 + k * (1 + i % 3)) % 4];
        qualities += static_cast<char>('#' + (i * 5 + k / 20) % 38);
      }
      reads << fmt::format("@r{}\n{}\n+\n{}\n", i, bases, qualities);
    }
    reads.close();
    std::ofstream pdb(folder_ + "/1ubq.pdb");
    int serial = 0;
    for (int i = 0; i < 12; ++i)
      for (int atom = 0; atom < 4; ++atom)
        pdb << fmt::format("ATOM  {:5d}  {:<3} ALA A{:4d}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00\n",
                           ++serial, std::string_view("N CAC O ").substr(2 * std::size_t(atom), 2),
                           i + 1, 2.3 * std::cos(1.7453 * i + 0.5 * atom),
                           2.3 * std::sin(1.7453 * i + 0.5 * atom), 1.5 * i + 0.4 * atom);
    pdb << "END\n";
    pdb.close();
    std::ofstream(folder_ + "/model.onnx", std::ios::binary) << ane::onnx_writer::classifier(true);
    std::ofstream(folder_ + "/sum.s") << "fence\nend\n";
    ane::kernels::Tensor vectors(ane::isa::Format::fp32, {12, 8});
    for (std::int64_t i = 0; i < vectors.size(); ++i)
      vectors.as<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i % 7) - 3;
    std::ofstream(folder_ + "/vectors.npy", std::ios::binary) << ane::workloads::npy_bytes(vectors);
    std::filesystem::create_directories(folder_ + "/bin");
    std::filesystem::create_symlink(ANESIM_PROGRAM, folder_ + "/bin/anesim");
    EXPECT_EQ(shell("for f in shard-1 shard-2 old new; do anesim run kind=launch --db $f.db; done"),
              0);
    EXPECT_EQ(shell("gzip -k reads.fastq && anesim run mobilenet_v2 && anesim run fastvit_t8"), 0);
  }
  ~Examples() override { std::filesystem::remove_all(folder_); }

  int shell(const std::string& command) const {
    const std::string line = fmt::format("cd '{}' && PATH=\"$PWD/bin:$PATH\" && {} >out 2>&1",
                                         folder_, "{ " + command + "; }");
    const int status = std::system(line.c_str());
    return WEXITSTATUS(status);
  }
  std::string said() const {
    std::ifstream in(folder_ + "/out");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const std::string folder_ = testing::TempDir() + "/examples_" + std::to_string(getpid());
};

TEST_F(Examples, OfEveryHelpEndWell) {
  std::vector<std::string> all = helped();
  for (const char* more : {"", "run", "compare", "arith"}) all.emplace_back(more);
  int ran = 0;
  for (const std::string& command : all)
    for (const std::string& example : section(anesim(command + " --help").text, "examples:")) {
      EXPECT_EQ(shell(example), 0) << example << "\n" << said();
      EXPECT_THAT(example, testing::StartsWith("anesim ")) << example;
      ++ran;
    }
  EXPECT_GE(ran, 40);
}

}  // namespace
