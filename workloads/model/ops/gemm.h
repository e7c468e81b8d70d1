// y[m, n] += a[m, k] b[k, n], row-major, by Eigen in gemm.cpp alone.
#pragma once
#include <cstdint>

namespace ane::workloads::model::ops {

void gemm(const float* a, const float* b, float* y, std::int64_t m, std::int64_t n, std::int64_t k);

}  // namespace ane::workloads::model::ops
