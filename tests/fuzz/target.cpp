#include "tests/fuzz/target.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "isa/error.h"

namespace ane::fuzz {

void take(std::string_view bytes) {
  try {
    read(bytes);
  } catch (const InputError&) {
  }
}

File::File(std::string_view bytes, std::string_view ending)
    : path_((std::filesystem::temp_directory_path() / "anesim_fuzz_").string() +
            std::to_string(::getpid()) + std::string(ending)) {
  std::ofstream out(path_, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  require(out.good(), "the temporary file cannot be written");
}

File::~File() {
  std::error_code none;
  std::filesystem::remove(path_, none);
}

}  // namespace ane::fuzz
