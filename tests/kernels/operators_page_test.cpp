// docs/operators.md against the table of operators and the labels in their files. The made block:
// ANESIM_UPDATE_GOLDEN=1 kernels_tests --gtest_filter='OperatorsPage*' rewrites it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "kernels/operator.h"

namespace ane::kernels {
namespace {

namespace fs = std::filesystem;
const fs::path root = SOURCE_DIR;
const fs::path path = root / "docs/operators.md";
const std::string open = "<!-- made: operators -->\n", close = "<!-- end -->";

std::string read(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string table() {
  std::string out = "\n| operator | inputs | |\n|---|---|---|\n";
  for (const Operator* o : operators()) {
    const std::string inputs = o->min_inputs == o->max_inputs ? fmt::format("{}", o->min_inputs)
                               : o->max_inputs >= 64
                                   ? fmt::format("{} or more", o->min_inputs)
                                   : fmt::format("{} to {}", o->min_inputs, o->max_inputs);
    out += fmt::format("| `{}` | {} | {} |\n", o->name, inputs, o->summary);
  }
  out += '\n';
  return out;
}

TEST(OperatorsPage, HasARowForEachOperator) {
  std::string page = read(path);
  const std::size_t begin = page.find(open) + open.size(), end = page.find(close);
  ASSERT_NE(page.find(open), std::string::npos);
  ASSERT_NE(end, std::string::npos);
  if (std::getenv("ANESIM_UPDATE_GOLDEN") != nullptr) {
    page.replace(begin, end - begin, table());
    std::ofstream(path, std::ios::binary) << page;
  } else {
    EXPECT_EQ(page.substr(begin, end - begin), table()) << "ANESIM_UPDATE_GOLDEN=1 rewrites it";
  }
}

// Labels between `before` and `after`: Refusal{"C1", and | C1 |.
std::set<std::string> labels(const std::string& text, const std::string& before,
                             const std::string& after) {
  std::set<std::string> found;
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    const std::size_t end = text.find(after, at);
    if (end != std::string::npos && end - at <= 3) found.insert(text.substr(at, end - at));
  }
  return found;
}

TEST(OperatorsPage, ExplainsEveryLabelOfARefusalAndNoOther) {
  std::set<std::string> given;
  for (const auto& entry : fs::recursive_directory_iterator(root / "kernels"))
    if (entry.path().extension() == ".cpp")
      given.merge(labels(read(entry.path()), "Refusal{\"", "\""));
  EXPECT_GT(given.size(), 5u);
  EXPECT_EQ(given, labels(read(path), "\n| ", " |"));
}

}  // namespace
}  // namespace ane::kernels
