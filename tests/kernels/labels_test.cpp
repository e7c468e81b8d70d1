// The rules of docs/numerics.md are in the code and in the tests, under the same labels.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;
const fs::path root = SOURCE_DIR;

std::set<std::string> labels_in(const std::string& text, const std::string& pattern) {
  std::set<std::string> found;
  const std::regex label(pattern);
  for (std::sregex_iterator i(text.begin(), text.end(), label), end; i != end; ++i)
    found.insert((*i)[1]);
  return found;
}

std::string contents(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Named alone, or as the ends of a range ("[N1]-[N5]").
std::set<std::string> named_under(std::initializer_list<const char*> folders) {
  std::set<std::string> found;
  for (const char* folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const fs::path& p = entry.path();
      if (p.extension() != ".h" && p.extension() != ".cpp") continue;
      for (const auto& l : labels_in(contents(p), R"(\[([BNQPI][0-9])\])")) found.insert(l);
    }
  return found;
}

TEST(Labels, EveryRuleOfThePageIsNamedInTheCodeAndInTheTests) {
  const std::set<std::string> rules =
      labels_in(contents(root / "docs/numerics.md"), R"(\*\*\[([BNQPI][0-9])\]\*\*)");
  EXPECT_EQ(rules.size(), 19u);
  const auto code = named_under({"kernels", "sim", "workloads", "results"});
  const auto tests = named_under({"tests"});
  for (const std::string& rule : rules) {
    EXPECT_TRUE(code.contains(rule)) << rule << " is in no source file";
    EXPECT_TRUE(tests.contains(rule)) << rule << " is in no test";
  }
  for (const auto& named : {code, tests})
    for (const std::string& label : named)
      EXPECT_TRUE(rules.contains(label)) << label << " is not in docs/numerics.md";
}

}  // namespace
