// All 2^32 pairs of binary16 through each planar operation of two operands, on every SIMD path of
// the host, against the oracle. Not part of the test suite: some minutes of one core an operation
// and profile.
//
//   $ cmake --build build/release --target exhaustive_planar
//   $ build/release/tests/exhaustive_planar [operation...]     progress on stderr, exit 1 on a
//                                                              difference
#include <fmt/format.h>

#include <atomic>
#include <thread>
#include <vector>

#include "kernels/arith/planar.h"
#include "kernels/arith/planar_path.h"

namespace ane::kernels::arith {
namespace {

using planar_paths::Kernel;
using planar_paths::Path;
constexpr std::size_t all = 65536;

// The operation on each path of this host. (Division of ane16 is a table and a product: no kernel.)
std::vector<std::pair<const char*, Kernel>> kernels_of(PlanarOp op, const Profile& profile) {
  std::vector<std::pair<const char*, Kernel>> found;
#if defined(__x86_64__)
  const bool ane16 = profile.id == ProfileId::ane16;
  const auto add = [&](const char* path_name, const Path& path) {
    const Kernel k = op == PlanarOp::div ? (ane16 ? nullptr : path.divide_ieee)
                                         : (ane16 ? path.ane16 : path.ieee)[static_cast<int>(op)];
    if (k != nullptr) found.emplace_back(path_name, k);
  };
  if (__builtin_cpu_supports("avx2")) add("avx2", planar_paths::avx2_path());
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    add("avx512", planar_paths::avx512_path());
#endif
  return found;
}

bool agree(PlanarOp op, const Profile& profile) {
  const auto kernels = kernels_of(op, profile);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> equal{true};
  const auto work = [&] {
    std::vector<std::uint16_t> a(all), b(all), expected(all), y(all);
    for (std::size_t i = 0; i < all; ++i) b[i] = static_cast<std::uint16_t>(i);
    for (std::size_t row; equal && (row = next++) < all;) {
      const auto left = static_cast<std::uint16_t>(row);
      std::fill(a.begin(), a.end(), left);
      for (std::size_t i = 0; i < all; ++i)
        expected[i] = planar_oracle(op, profile, Half{left}, Half{b[i]}).bits;
      for (const auto& [path_name, kernel] : kernels) {
        kernel({a.data(), b.data(), nullptr, y.data(), all});
        if (y == expected) continue;
        for (std::size_t i = 0; i < all; ++i)
          if (y[i] != expected[i] && equal.exchange(false))
            fmt::print("{} {} {}: {:#06x} and {:#06x} give {:#06x}, not {:#06x}\n", profile.name,
                       name(op), path_name, row, i, y[i], expected[i]);
      }
    }
  };
  if (!kernels.empty()) {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < std::max(1u, std::thread::hardware_concurrency()); ++t)
      threads.emplace_back(work);
  }
  fmt::print(stderr, "{} {}: {}\n", profile.name, name(op),
             !equal            ? "DIFFERENT"
             : kernels.empty() ? "no kernel of its own on this host"
                               : "all 4294967296 pairs equal");
  return equal;
}

}  // namespace
}  // namespace ane::kernels::arith

int main(int argc, char** argv) {
  using namespace ane::kernels::arith;
  bool equal = true;
  for (const Profile& profile : profiles())
    for (int i = 0; i < planar_ops; ++i) {
      const auto op = static_cast<PlanarOp>(i);
      bool wanted = argc == 1;
      for (int k = 1; k < argc; ++k) wanted = wanted || name(op) == argv[k];
      if (wanted && !is_ternary(op)) equal = agree(op, profile) && equal;
    }
  return equal ? 0 : 1;
}
