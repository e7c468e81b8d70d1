#include "kernels/arith/gemm_blocks.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <fmt/format.h>

#include <atomic>
#include <string>

#include "isa/error.h"

namespace ane::kernels::arith {
namespace gemm {
namespace {

#if defined(__x86_64__)
// Not every compiler's __builtin_cpu_supports knows this one by name.
bool has_f16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

// Null where this host, or this build, has no such path.
const Path* path_of(Simd simd) {
#if defined(__x86_64__)
  static const bool has_avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
  static const bool has_avx512 =
      has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni");
  if (simd == Simd::avx2) return has_avx2 ? &avx2_path : nullptr;
  if (simd == Simd::avx512) return has_avx512 ? &avx512_path : nullptr;
  if (simd == Simd::best) return has_avx512 ? &avx512_path : has_avx2 ? &avx2_path : &scalar_path;
#else
  if (simd == Simd::best) return &scalar_path;
#endif
  return simd == Simd::scalar ? &scalar_path : nullptr;
}

std::atomic<const Path*>& choice() {
  static std::atomic<const Path*> path{path_of(Simd::best)};
  return path;
}

}  // namespace

const Path& chosen_path() {
  return *choice().load(std::memory_order_relaxed);
}

std::vector<RowPanel> row_panels(std::int64_t n, int tallest) {
  std::vector<RowPanel> panels;
  int rows = tallest;
  for (std::int64_t row = 0; row < n; row += rows) {
    while (rows > n - row) {
      int below = 1;
      while (below * 2 < rows) below *= 2;
      rows = below;
    }
    panels.push_back({row, rows});
  }
  return panels;
}

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

}  // namespace gemm

void use_simd(Simd simd) {
  const gemm::Path* path = gemm::path_of(simd);
  if (path == nullptr) {
    throw InputError("--simd",
                     fmt::format("this host has no {}", simd == Simd::avx2 ? "AVX2" : "AVX-512"),
                     fmt::format("the best it has is {}", gemm::path_of(Simd::best)->name));
  }
  gemm::choice().store(path, std::memory_order_relaxed);
}

std::string_view simd_name() {
  return gemm::chosen_path().name;
}

}  // namespace ane::kernels::arith
