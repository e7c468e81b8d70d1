// docs/onnx.md against the table of operators and the labels in their files. The made block:
// ANESIM_UPDATE_GOLDEN=1 workloads_onnx_tests --gtest_filter='OnnxPage*' rewrites it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "workloads/model/operator.h"

namespace ane::workloads::model {
namespace {

namespace fs = std::filesystem;
const fs::path root = SOURCE_DIR;
const fs::path path = root / "docs/onnx.md";
const std::string open = "<!-- made: onnx operators -->\n", close = "<!-- end -->";

std::string read(const fs::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string table() {
  std::map<std::string, const Operator*> all;
  int mapped = 0;
  for (const Family& f : families())
    for (const Operator& o : f)
      if (o.name != "ConcatFromParts") {  // what a loop's iterations become
        all.emplace(o.name, &o);
        mapped += o.map != nullptr ? 1 : 0;
      }
  std::string out = fmt::format(
      "\n{} operators, {} of them mapped to the accelerator.\n\n| operator | from version | "
      "|\n|---|---:|---|\n",
      all.size(), mapped);
  for (const auto& [name, o] : all)
    out +=
        fmt::format("| `{}` | {} | {} |\n", name, o->since, o->map != nullptr ? "mapped" : "host");
  return out + "\n";
}

TEST(OnnxPage, HasARowForEachOperator) {
  std::string page = read(path);
  ASSERT_NE(page.find(open), std::string::npos);
  const std::size_t begin = page.find(open) + open.size(), end = page.find(close, begin);
  ASSERT_NE(end, std::string::npos);
  if (std::getenv("ANESIM_UPDATE_GOLDEN") != nullptr) {
    page.replace(begin, end - begin, table());
    std::ofstream(path, std::ios::binary) << page;
  } else {
    EXPECT_EQ(page.substr(begin, end - begin), table()) << "ANESIM_UPDATE_GOLDEN=1 rewrites it";
  }
}

// Texts of two or three characters between `before` and `after`.
void labels(const std::string& text, const std::string& before, const std::string& after,
            std::set<std::string>& found) {
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at)) {
    at += before.size();
    const std::size_t end = text.find(after, at);
    if (end != std::string::npos && end - at <= 3 && end - at >= 2)
      found.insert(text.substr(at, end - at));
  }
}

TEST(OnnxPage, ExplainsEveryLabelAndNoOther) {
  std::set<std::string> given, explained;
  for (const auto& entry : fs::recursive_directory_iterator(root / "workloads/model"))
    if (entry.path().extension() == ".cpp" || entry.path().extension() == ".h") {
      std::string text = read(entry.path());
      std::erase_if(text, [](char c) { return c == '\n' || c == ' '; });
      for (const char* before :
           {"Why{\"", "HostReason{\"", "unmapped(\"", "no_axes=\"", "three_axes{\"",
            "no_function{\"", "places{\"", "vector_product{\"", "computed_kernel{\"",
            "computed_weights{\"", "computed_matrix{\"", "sums_of_codes{\"", ".why={\""})
        labels(text, before, "\"", given);
    }
  EXPECT_GT(given.size(), 15U);
  labels(read(path), "\n| ", " |", explained);
  EXPECT_EQ(given, explained);
}

}  // namespace
}  // namespace ane::workloads::model
