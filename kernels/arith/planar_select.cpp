#include "kernels/arith/planar_select.h"

#include <cmath>
#include <limits>

#include "kernels/arith/gemm_blocks.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith::planar_paths {

const Path* chosen() {
#if defined(__x86_64__)
  const gemm::Path* path = &gemm::chosen_path();
  if (path == &gemm::avx512_path) return &avx512_path();
  if (path == &gemm::avx2_path) return &avx2_path();
#endif
  return nullptr;
}

void widen(const Profile& profile, const Half* x, float* y, std::int64_t count) {
  const bool ane16 = profile.id == ProfileId::ane16;
  const auto* bits = reinterpret_cast<const std::uint16_t*>(x);
  if (const Path* path = chosen())
    return (ane16 ? path->widen_ane16 : path->widen_ieee)(bits, y, count);
  for (std::int64_t i = 0; i < count; ++i)
    y[i] = ane16 && is_nan(x[i]) ? std::numeric_limits<float>::infinity() : to_float(x[i]);
}

void narrow(const Profile& profile, const float* x, Half* y, std::int64_t count) {
  const bool ane16 = profile.id == ProfileId::ane16;
  auto* bits = reinterpret_cast<std::uint16_t*>(y);
  if (const Path* path = chosen())
    return (ane16 ? path->narrow_ane16 : path->narrow_ieee)(x, bits, count);
  for (std::int64_t i = 0; i < count; ++i)
    y[i] = ane16 && std::isnan(x[i]) ? Half{0}
                                     : round_to_half(static_cast<double>(x[i]), profile.rounding);
}

}  // namespace ane::kernels::arith::planar_paths
