// NumPy arrays, converted in every way; what becomes a tensor is written and read again.
#include "workloads/files/npy.h"

#include "isa/error.h"
#include "tests/fuzz/zip_writer.h"

namespace ane::fuzz {
namespace {

std::string npy(int version, const std::string& header, std::size_t data) {
  return "\x93NUMPY" + little(static_cast<std::uint64_t>(version), 1) + little(0, 1) +
         little(header.size(), version == 1 ? 2 : 4) + header + std::string(data, '\x3c');
}

}  // namespace

void read(std::string_view bytes) {
  using workloads::NpyArray;
  const NpyArray a = workloads::parse_npy(std::string(bytes), "x.npy");
  require(a.size() >= 0 && static_cast<std::uint64_t>(a.size()) <= bytes.size(), "its elements");
  try {
    a.integers();
  } catch (const InputError&) {
  }
  require(a.doubles().size() == static_cast<std::size_t>(a.size()), "all elements");
  require(a.floats().size() == static_cast<std::size_t>(a.size()), "all elements");
  const kernels::Tensor t = a.tensor();
  const kernels::Tensor again = workloads::parse_npy(workloads::npy_bytes(t), "again.npy").tensor();
  require(again.format == t.format && again.shape == t.shape && again.bytes == t.bytes,
          "another array when written again");
}

std::vector<std::string> seeds() {
  return {npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24),
          npy(2, "{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }\n", 8),
          npy(3, "{'descr': '<i8', 'fortran_order': False, 'shape': (), }\n", 8),
          npy(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 5), }\n", 5),
          npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 7), }\n", 0)};
}

}  // namespace ane::fuzz
