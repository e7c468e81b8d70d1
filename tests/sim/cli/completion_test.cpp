#include "sim/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "results/view.h"
#include "sim/chips/chip.h"
#include "sim/cli/options.h"
#include "tests/program.h"
#include "workloads/request/kinds.h"

namespace ane::sim {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> completed(std::vector<std::string> words) {
  std::vector<std::string> texts;
  for (const Word& w : complete(std::move(words))) texts.push_back(w.text);
  return texts;
}

// Every command, with each first word that it has.
std::vector<std::vector<std::string>> command_lines() {
  std::vector<std::vector<std::string>> lines;
  for (const Command& c : commands()) {
    if (c.words == nullptr)
      lines.push_back({std::string(c.name)});
    else
      for (const Word& w : c.words()) lines.push_back({std::string(c.name), w.text});
  }
  return lines;
}

TEST(Completion, NamesEveryCommandAndWhatItIsFor) {
  for (const Command& c : commands()) EXPECT_THAT(completed({""}), Contains(std::string(c.name)));
  EXPECT_THAT(completed({"ch"}), ElementsAre("check", "chips"));
  EXPECT_FALSE(complete({"chips"})[0].summary.empty());
  EXPECT_THAT(completed({"--v"}), ElementsAre("--version"));
  EXPECT_THAT(completed({"no_such_command", ""}), IsEmpty());
}

TEST(Completion, OffersTheOptionsThatACommandParses) {
  for (const auto& line : command_lines()) {
    if (line[0] == "completion") continue;
    std::vector<std::string> words = line;
    words.emplace_back("--");
    EXPECT_THAT(completed(words), AllOf(Contains("--help"), Each(StartsWith("--"))))
        << testing::PrintToString(line);
  }
  EXPECT_THAT(completed({"run", "mpnn", "--"}), IsSupersetOf({"--pdb", "--chip", "--view"}));
  EXPECT_THAT(completed({"run", "readqc", "--"}), Not(Contains("--pdb")));
  EXPECT_THAT(completed({"arith", "act", "--f"}), ElementsAre("--fn"));
}

// What --help shows is what is completed: neither list has a word that the other lacks.
TEST(Completion, IsWhatHelpShows) {
  for (const auto& line : command_lines()) {
    if (line[0] == "completion") continue;
    std::vector<std::string> words = line;
    words.emplace_back("--");
    const std::string command =
        line[0] + (line.size() > 1 ? " \"" + line[1] + "\" --help" : " --help");
    const std::string help = anesim(command).text;
    for (const std::string& option : completed(words)) {
      const bool shown = option == "--help" || help.find(" " + option) != std::string::npos;
      EXPECT_TRUE(shown) << command << ": " << option;
    }
  }
}

TEST(Completion, CompletesChipsViewsAndKinds) {
  for (const std::string& chip : chip_names()) {
    EXPECT_THAT(completed({"chips", "M4", ""}), Contains(chip));
    EXPECT_THAT(completed({"exec", "x.s", "--chip", ""}), Contains(chip));
  }
  for (const results::View& v : results::views())
    EXPECT_THAT(completed({"show", "--view", ""}), Contains(std::string(v.name)));
  for (const workloads::Kind* k : workloads::kinds())
    EXPECT_THAT(completed({"run", "kind="}), Contains("kind=" + std::string(k->name)));
  EXPECT_THAT(completed({"compare", "readq"}), ElementsAre("readqc"));
  EXPECT_THAT(completed({"run", "resnet"}), Contains("resnet50"));
  EXPECT_THAT(completed({"compare", "readqc", "--units", "ane,g"}), ElementsAre("ane,gpu"));
  EXPECT_THAT(completed({"compare", "readqc", "--chips", "A17"}), ElementsAre("A17Pro"));
  EXPECT_THAT(completed({"run", "readqc", "--chip=M4P"}),
              ElementsAre("--chip=M4Pro", "--chip=M4Pro-16c"));
}

// As bash cuts a line, and with a quotation mark that is still open.
TEST(Completion, WordsThatAShellHasCutAreOne) {
  EXPECT_THAT(completed({"run", "kind", "=", "mat"}), ElementsAre("kind=matmul"));
  EXPECT_THAT(completed({"run", "\"kind", "=", "mat"}), ElementsAre("kind=matmul"));
  EXPECT_THAT(completed({"run", "'kind=mat"}), ElementsAre("kind=matmul"));
  EXPECT_THAT(completed({"run", "kind", "=", "matmul", "--vie"}), ElementsAre("--view"));
}

TEST(Completion, LeavesFilesToTheShell) {
  EXPECT_THAT(completed({"asm", ""}), IsEmpty());
  EXPECT_THAT(completed({"run", "mpnn", "--pdb", ""}), IsEmpty());
  EXPECT_THAT(completed({"run", "", "--pdb", ""}), IsEmpty());
}

TEST(Completion, NoOptionOfItsTableIsGone) {
  std::set<std::string> known;
  for (const auto& line : command_lines()) {
    const auto at = std::ranges::find(commands(), line[0], &Command::name);
    const auto options = command_line_of(at->run, {line.begin() + 1, line.end()});
    if (!options) continue;
    for (const auto& option : options->options.options()) known.insert(option->long_name());
  }
  for (const std::string& option : completed_options())
    EXPECT_TRUE(known.contains(option)) << option;
}

TEST(Completion, AsksNothingOfACommandThatRuns) {
  testing::internal::CaptureStdout();
  completed({"check", "--"});
  completed({"tables", "--"});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  // And leaves parsing as it was.
  EXPECT_EQ(anesim("arith mac --x 2 --w 3").status, 0);
}

TEST(CompletionCommand, PrintsAScriptForEachShell) {
  for (const Word& shell : completion_words()) {
    const Answer a = anesim("completion " + shell.text);
    EXPECT_EQ(a.status, 0);
    EXPECT_NE(a.text.find("completion --words"), std::string::npos) << shell.text;
  }
  EXPECT_EQ(anesim("completion tcsh").status, 2);
  EXPECT_EQ(anesim("completion").status, 2);
}

TEST(CompletionCommand, BashCompletesByTheScript) {
  // What readline sets when TAB is pressed behind `anesim run kind=mat`.
  const std::string script = std::string("bash -c 'eval \"$(") + ANESIM_PROGRAM +
                             " completion bash)\"; COMP_WORDS=(anesim run kind = mat); "
                             "COMP_CWORD=4; _anesim " ANESIM_PROGRAM
                             "; echo \"${COMPREPLY[@]}\"; COMP_WORDS=(anesim show --view e); "
                             "COMP_CWORD=3; _anesim " ANESIM_PROGRAM "; echo \"${COMPREPLY[@]}\"'";
  FILE* pipe = popen(script.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string text;
  for (int c = 0; (c = fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0);
  EXPECT_EQ(text, "matmul\nenergy\n");
}

}  // namespace
}  // namespace ane::sim
