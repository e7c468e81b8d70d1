// libFuzzer's side of a target. `fuzz_NAME --seeds=FOLDER` writes the seeds and ends.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  constexpr std::string_view option = "--seeds=";
  if (*count != 2 || !std::string_view((*arguments)[1]).starts_with(option)) return 0;
  const std::filesystem::path folder(std::string_view((*arguments)[1]).substr(option.size()));
  std::filesystem::create_directories(folder);
  int number = 0;
  for (const std::string& seed : ane::fuzz::seeds()) {
    std::ofstream out(folder / ("seed" + std::to_string(number++)), std::ios::binary);
    out.write(seed.data(), static_cast<std::streamsize>(seed.size()));
    if (!out) {
      std::fprintf(stderr, "error: %s: the seeds cannot be written\n", folder.c_str());
      std::exit(2);
    }
  }
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ane::fuzz::take({reinterpret_cast<const char*>(data), size});
  return 0;
}
