// Programs as files: sealed with a checksum that holds, as they come, and their words alone.
#include "tests/fuzz/target.h"
#include "tests/isa/fuzz.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  Choices choices(bytes);
  const std::size_t kind = choices.below(3);
  const std::string_view rest = choices.rest();
  if (kind == 2) {
    isa::Words words(rest.size() / 4);
    if (!words.empty()) std::memcpy(words.data(), rest.data(), words.size() * 4);
    isa::try_words(words);
  } else {
    isa::try_container({rest.begin(), rest.end()}, kind == 0);
  }
}

std::vector<std::string> seeds() {
  const isa::Program program = isa::assemble(isa::fuzz_seed(), "seed");
  const std::vector<std::uint8_t> file = isa::to_container(program);
  std::string sealed(1, '\0'), plain = "\1", words = "\2";
  sealed.append(file.begin(), file.end());
  plain.append(file.begin(), file.end());
  words.append(reinterpret_cast<const char*>(program.words.data()), program.words.size() * 4);
  return {sealed, plain, words};
}

}  // namespace ane::fuzz
