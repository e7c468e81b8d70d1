// Zip archives as .npz and checkpoints are: every member that the directory names.
#include "isa/error.h"
#include "tests/fuzz/zip_writer.h"
#include "workloads/files/archive.h"

namespace ane::fuzz {

void read(std::string_view bytes) {
  const workloads::Archive archive(std::string(bytes), "x.zip");
  std::uint64_t sum = 0;
  for (const std::string& name : archive.names()) {
    require(archive.has(name), "a member that is not there");
    sum += archive.size(name);
    try {
      require(archive.read(name).size() == archive.size(name), "another size than said");
    } catch (const InputError&) {
    }
  }
  require(sum <= workloads::most_unpacked(bytes.size()), "members larger than the limit");
}

std::vector<std::string> seeds() {
  const Members members{{"a.npy", std::string(100, 'x')}, {"folder/b", "text"}, {"empty", ""}};
  return {zip_of(members), zip_of(members, true), zip_of({})};
}

}  // namespace ane::fuzz
