// PyTorch checkpoints: as they come, or with the pickle and one storage cut from the bytes and put
// into an archive whose checksums hold, or the pickles in a row of the older format.
#include "workloads/files/checkpoint.h"

#include "tests/fuzz/pickles.h"

namespace ane::fuzz {
namespace {

constexpr std::string_view magic(
    "\x80\x02\x8a\x0al\xfc\x9c"
    "F\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    21);

std::string legacy(const std::string& rest) {
  return std::string(magic) + pickled("}") + rest;
}

}  // namespace

void read(std::string_view bytes) {
  Choices choices(bytes);
  const std::size_t kind = choices.below(3);
  std::string file(choices.rest());
  if (kind == 1) {
    const std::string storage(choices.piece(choices.below(64)));
    file = zip_of({{"a/data.pkl", std::string(choices.rest())}, {"a/data/0", storage}});
  } else if (kind == 2) {
    file = legacy(file);
  }
  const workloads::Checkpoint c = workloads::parse_checkpoint(file, "x.pt");
  std::size_t bytes_of_tensors = 0;
  for (const auto& [name, tensor] : c.tensors) {
    require(c.find(name) != nullptr, "a tensor by its name");
    bytes_of_tensors += tensor.bytes.size();
  }
  // Eight views of a storage, each element at most four times as wide as stored.
  require(bytes_of_tensors <= 32 * file.size(), "tensors out of proportion to the file");
}

std::vector<std::string> seeds() {
  std::string raw;
  raw += '\0';
  const std::string floats(24, '\x3f');
  return {raw + zip_of({{"a/data.pkl", pickled_weights("FloatStorage", 6)}, {"a/data/0", floats}}),
          "\1\x18" + floats + pickled_weights("FloatStorage", 6),
          "\1\x08" + floats.substr(0, 8) + pickled_weights("HalfStorage", 4),
          "\1\x08" + floats.substr(0, 8) + pickled_weights("CharStorage", 8),
          "\2" + pickled_weights("FloatStorage", 6, true) +
              pickled("](" + pickled_text("0") + "e") + little(6, 8) + floats};
}

}  // namespace ane::fuzz
