#include "kernels/arith/storage.h"

#include <cmath>

#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

// 8 significant bits, the exponents of float32.
float nearest_bf16(float x) {
  if (std::isnan(x)) return std::bit_cast<float>(0x7fc00000u);
  if (std::isinf(x) || x == 0) return x;
  int exponent = 0;
  std::frexp(x, &exponent);
  const int place = std::max(exponent, -125) - 8;  // subnormals have the last place of 2^-126
  const double scaled = std::ldexp(static_cast<double>(x), -place);
  double whole = std::floor(scaled);
  const double rest = scaled - whole;
  if (rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2) != 0)) ++whole;
  return std::copysign(static_cast<float>(std::ldexp(whole, place)), x);
}

}  // namespace

float stored(Storage storage, float x) {
  switch (storage) {
    case Storage::fp32:
      return x;
    case Storage::fp16:
      return to_float(to_half(static_cast<double>(x)));
    case Storage::bf16:
      return nearest_bf16(x);
  }
  return x;
}

void store(Storage storage, std::span<float> values) {
  if (storage == Storage::fp16)
    for (float& v : values) v = to_storage(Storage::fp16, v);
  if (storage == Storage::bf16)
    for (float& v : values) v = to_storage(Storage::bf16, v);
}

}  // namespace ane::kernels::arith
