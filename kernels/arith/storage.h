// How a framework on a CPU or GPU keeps numbers between operators [H1]: as float32, or rounded half
// to even to binary16 or bfloat16. A float carries the value.
#pragma once
#include <bit>
#include <cstdint>
#include <span>

namespace ane::kernels::arith {

enum class Storage { fp32, fp16, bf16 };

// The nearest value of the format, by exact integers: the reference. A NaN becomes 0x7fc00000.
float stored(Storage storage, float x);

// The same without a branch, for loops. A magnitude below 2^-14 is a multiple of 2^-24 of binary16,
// to which a sum with one half, of that place, rounds it.
inline float to_storage(Storage storage, float x) {
  if (storage == Storage::fp32) return x;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits & 0x80000000u, magnitude = bits & 0x7fffffffu;
  const int shift = storage == Storage::fp16 ? 13 : 16;
  std::uint32_t kept = magnitude + (1u << (shift - 1)) - 1 + (magnitude >> shift & 1);
  kept = kept >> shift << shift;
  if (storage == Storage::fp16) {
    const float small = std::bit_cast<float>(magnitude) + 0.5F - 0.5F;
    kept = magnitude < 0x38800000u ? std::bit_cast<std::uint32_t>(small) : kept;
    kept = kept >= 0x47800000u ? 0x7f800000u : kept;
  }
  return std::bit_cast<float>(magnitude > 0x7f800000u ? 0x7fc00000u : sign | kept);
}
void store(Storage storage, std::span<float> values);

}  // namespace ane::kernels::arith
