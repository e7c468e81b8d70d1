// The rules of docs/numerics.md are in the code and in the tests, under the same labels.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;
const fs::path root = SOURCE_DIR;

// Labels such as N1 between `open` and `close`.
std::set<std::string> labels_in(std::string_view text, std::string_view open,
                                std::string_view close) {
  std::set<std::string> found;
  for (std::size_t at = 0; (at = text.find(open, at)) != text.npos; ++at) {
    const std::string_view label = text.substr(at + open.size(), 2);
    if (label.size() == 2 && std::string_view("BNQPIH").find(label[0]) != label.npos &&
        label[1] >= '0' && label[1] <= '9' && text.substr(at + open.size() + 2).starts_with(close))
      found.emplace(label);
  }
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
      for (const auto& l : labels_in(contents(p), "[", "]")) found.insert(l);
    }
  return found;
}

TEST(Labels, EveryRuleOfThePageIsNamedInTheCodeAndInTheTests) {
  const std::set<std::string> rules = labels_in(contents(root / "docs/numerics.md"), "**[", "]**");
  EXPECT_EQ(rules.size(), 23u);
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
