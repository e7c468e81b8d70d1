// Which SIMD path the planar engine runs on, and binary16 to float32 and back on it.
#pragma once
#include <cstdint>

#include "kernels/arith/half.h"
#include "kernels/arith/planar_path.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith::planar_paths {

const Path* chosen();  // by use_simd(); null for the scalar path

// As the planar engine reads and writes binary16 (planar_path.h).
void widen(const Profile& profile, const Half* x, float* y, std::int64_t count);
void narrow(const Profile& profile, const float* x, Half* y, std::int64_t count);

}  // namespace ane::kernels::arith::planar_paths
