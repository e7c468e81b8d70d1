// A target as a test: `fuzz_NAME [FOLDER]` runs it over its seeds, the files of the folder and a
// number of changes of each, the same at every run; `--changes=N` makes N of each. `fuzz_NAME
// FILE...` runs it over these files alone.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/mutate.h"
#include "tests/fuzz/target.h"

namespace {

constexpr std::size_t longest = 1u << 15;

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

// What was read last, kept for whoever looks into the failure.
void keep(const std::string& bytes) {
  const auto path = std::filesystem::temp_directory_path() / "anesim_fuzz_finding";
  std::ofstream(path, std::ios::binary) << bytes;
  fmt::print("the input is kept in {}\n", path.string());
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> inputs;
  constexpr std::string_view option = "--changes=";
  int changes = 60;  // of each input
  for (int i = 1; i < count; ++i) {
    if (std::string_view(arguments[i]).starts_with(option)) {
      changes = std::atoi(arguments[i] + option.size());
    } else if (std::filesystem::is_directory(arguments[i])) {
      std::vector<std::filesystem::path> files;
      for (const auto& file : std::filesystem::directory_iterator(arguments[i]))
        files.push_back(file.path());
      std::ranges::sort(files);
      for (const auto& file : files) inputs.push_back(content(file));
    } else {
      inputs.push_back(content(arguments[i]));
      changes = 0;
    }
  }
  if (changes > 0) std::ranges::copy(ane::fuzz::seeds(), std::back_inserter(inputs));
  ane::fuzz::Random random(1);
  std::size_t runs = 0;
  std::string bytes;
  try {
    for (const std::string& input : inputs) {
      ane::fuzz::take(bytes = input);
      ++runs;
      for (int n = 0; n < changes; ++n, ++runs) {
        bytes = input;
        ane::fuzz::mutate(random, bytes);
        bytes.resize(std::min(bytes.size(), longest));
        ane::fuzz::take(bytes);
      }
    }
  } catch (const std::exception& e) {
    fmt::print("{}\n", e.what());
    keep(bytes);
    return 1;
  }
  fmt::print("{} inputs, {} runs\n", inputs.size(), runs);
  return inputs.empty() ? 1 : 0;
}
