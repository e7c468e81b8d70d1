#include <bit>
#include <cmath>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/gemm_blocks.h"

namespace ane::kernels::arith {

struct PackedWeightsF32::Impl {
  const gemm::Path* path = nullptr;
  std::int64_t n = 0, k = 0;
  std::vector<gemm::RowPanel> panels;
  gemm::Words words;  // row panel i at words + row * k
};

PackedWeightsF32::PackedWeightsF32(const float* w, std::int64_t n, std::int64_t k,
                                   std::ptrdiff_t n_stride, std::ptrdiff_t k_stride)
    : impl_(std::make_unique<Impl>()) {
  Impl& a = *impl_;
  a.path = &gemm::chosen_path();
  a.n = n;
  a.k = k;
  a.panels = gemm::row_panels(n, a.path->float_rows);
  std::uint32_t* out = a.words.at_least(static_cast<std::size_t>(n * k));
  for (const gemm::RowPanel& panel : a.panels)
    for (std::int64_t i = 0; i < k; ++i)
      for (int r = 0; r < panel.rows; ++r)
        *out++ = std::bit_cast<std::uint32_t>(w[(panel.row + r) * n_stride + i * k_stride]);
}

PackedWeightsF32::~PackedWeightsF32() = default;
PackedWeightsF32::PackedWeightsF32(PackedWeightsF32&&) noexcept = default;
PackedWeightsF32& PackedWeightsF32::operator=(PackedWeightsF32&&) noexcept = default;
std::int64_t PackedWeightsF32::n() const {
  return impl_->n;
}
std::int64_t PackedWeightsF32::k() const {
  return impl_->k;
}

void fp32_mac(const PackedWeightsF32& weights, const MacProductF32& product) {
  const PackedWeightsF32::Impl& a = weights.impl();
  const gemm::Path& path = *a.path;
  gemm::Scratch& scratch = gemm::thread_scratch();
  std::uint32_t* sum = scratch.sum.at_least(static_cast<std::size_t>(16 * 2 * path.lanes));
  std::uint32_t* x = nullptr;
  std::int64_t panel_words = 0;
  const auto pack = [&](std::int64_t first, std::int64_t count, std::int64_t words) {
    const std::int64_t panels = (count + 2 * path.lanes - 1) / (2 * path.lanes);
    panel_words = words;
    x = scratch.x.at_least(static_cast<std::size_t>(panels * words));
    path.pack_float({.x = product.x + first,
                     .stride = product.x_stride,
                     .k = a.k,
                     .pixels = count,
                     .out = x,
                     .panel_words = words});
  };
  const auto tile = [&](std::size_t row_panel, std::int64_t panel, std::int64_t first, int pixels) {
    const gemm::RowPanel& rows = a.panels[row_panel];
    const int vectors = pixels > path.lanes ? 2 : 1;
    std::uint32_t preload[16];
    for (int r = 0; r < rows.rows; ++r)
      preload[r] = std::bit_cast<std::uint32_t>(product.bias ? product.bias[rows.row + r] : 0.0F);
    path.float_tile({.rows = rows.rows,
                     .vectors = vectors,
                     .k = a.k,
                     .x = x + panel * panel_words,
                     .w = a.words.get() + rows.row * a.k,
                     .preload = preload,
                     .sum = sum});
    for (int r = 0; r < rows.rows; ++r) {
      float* y = product.y + (rows.row + r) * product.y_stride + first;
      const std::uint32_t* from = sum + r * vectors * path.lanes;
      for (int p = 0; p < pixels; ++p) {
        // A NaN's sign and payload depend on the host.
        const bool nan = (from[p] & 0x7fffffff) > 0x7f800000;
        y[p] = std::bit_cast<float>(nan ? 0x7fc00000u : from[p]);
      }
    }
  };
  gemm::walk(path, product.pixels, a.k, a.panels.size(), {}, pack, tile);
}

}  // namespace ane::kernels::arith
