#include "workloads/model/ops/gemm.h"

#include <Eigen/Core>

namespace ane::workloads::model::ops {

void gemm(const float* a, const float* b, float* y, std::int64_t m, std::int64_t n,
          std::int64_t k) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  if (m == 0 || n == 0 || k == 0) return;
  Eigen::Map<Matrix>(y, m, n).noalias() +=
      Eigen::Map<const Matrix>(a, m, k) * Eigen::Map<const Matrix>(b, k, n);
}

}  // namespace ane::workloads::model::ops
