#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/gemm_blocks.h"
#include "kernels/arith/gemm_checked.h"

namespace ane::kernels::arith {

struct PackedWeights8::Impl {
  const gemm::Path* path = nullptr;
  std::int64_t n = 0, k = 0, groups = 0;
  std::vector<gemm::RowPanel> panels;
  gemm::Words words;                       // row panel i at words + row * groups
  std::vector<std::int64_t> sum, sum_abs;  // per row: of the weights, of their magnitudes
};

PackedWeights8::PackedWeights8(const std::int8_t* w, std::int64_t n, std::int64_t k,
                               std::ptrdiff_t n_stride, std::ptrdiff_t k_stride)
    : impl_(std::make_unique<Impl>()) {
  Impl& a = *impl_;
  a.path = &gemm::chosen_path();
  a.n = n;
  a.k = k;
  const int group = a.path->group8, bits = 32 / group;
  a.groups = (k + group - 1) / group;
  a.panels = gemm::row_panels(n, a.path->float_rows);
  a.sum.resize(static_cast<std::size_t>(n));
  a.sum_abs.resize(static_cast<std::size_t>(n));
  std::uint32_t* out = a.words.at_least(static_cast<std::size_t>(n * a.groups));
  for (const gemm::RowPanel& panel : a.panels)
    for (std::int64_t first = 0; first < k; first += group)
      for (std::int64_t row = panel.row; row < panel.row + panel.rows; ++row) {
        std::uint32_t word = 0;
        for (int i = 0; i < group && first + i < k; ++i) {
          const int v = w[row * n_stride + (first + i) * k_stride];
          const auto field = static_cast<std::uint32_t>(v) & (0xffffffffu >> (32 - bits));
          word |= field << (i * bits);
          a.sum[static_cast<std::size_t>(row)] += v;
          a.sum_abs[static_cast<std::size_t>(row)] += std::abs(v);
        }
        *out++ = word;
      }
}

PackedWeights8::~PackedWeights8() = default;
PackedWeights8::PackedWeights8(PackedWeights8&&) noexcept = default;
PackedWeights8& PackedWeights8::operator=(PackedWeights8&&) noexcept = default;
std::int64_t PackedWeights8::n() const {
  return impl_->n;
}
std::int64_t PackedWeights8::k() const {
  return impl_->k;
}
std::int64_t PackedWeights8::panels() const {
  return std::ssize(impl_->panels);
}

namespace {

class Run8 {
 public:
  Run8(const PackedWeights8::Impl& weights, const MacProduct8& product, const Profile& profile)
      : a_(weights),
        m_(product),
        path_(*weights.path),
        ieee_(profile.id == ProfileId::ieee),
        scratch_(gemm::thread_scratch()) {
    sum_ = scratch_.sum.at_least(static_cast<std::size_t>(16 * 2 * path_.lanes));
  }

  void all() {
    gemm::walk(
        path_, m_.pixels, a_.groups, a_.panels.size(), m_.panels,
        [this](std::int64_t first, std::int64_t count, std::int64_t words) {
          const std::int64_t panels = (count + 2 * path_.lanes - 1) / (2 * path_.lanes);
          panel_words_ = words;
          x_ = scratch_.x.at_least(static_cast<std::size_t>(panels * words));
          path_.pack_int8({.x = m_.x + first,
                           .stride = m_.x_stride,
                           .k = a_.k,
                           .pixels = count,
                           .out = x_,
                           .panel_words = words});
        },
        [this](std::size_t row_panel, std::int64_t panel, std::int64_t first, int pixels) {
          tile(a_.panels[row_panel], panel, first, pixels);
        });
  }

 private:
  void tile(const gemm::RowPanel& rows, std::int64_t panel, std::int64_t first, int pixels) {
    const int vectors = pixels > path_.lanes ? 2 : 1, width = vectors * path_.lanes;
    std::uint32_t preload[16];
    std::int64_t bias[16];
    overflow_.resize(static_cast<std::size_t>(rows.rows * width));
    const gemm::Tile t{.rows = rows.rows,
                       .vectors = vectors,
                       .k = a_.groups,
                       .x = x_ + panel * panel_words_,
                       .w = a_.words.get() + rows.row * a_.groups,
                       .preload = preload,
                       .sum = sum_,
                       .overflow = overflow_.data()};
    bool safe = true;
    for (int r = 0; r < rows.rows; ++r) {
      const auto row = static_cast<std::size_t>(rows.row + r);
      bias[r] = (m_.bias ? m_.bias[row] : 0) - m_.x_zero * a_.sum[row];  // [Q1]
      // No running sum exceeds the preload plus 128 times the weights.
      safe &= std::abs(bias[r]) + 128 * a_.sum_abs[row] < std::int64_t{1} << 31;
      // Unsigned activations are 128 too large. Modulo 2^32; the final sum is in range.
      preload[r] = static_cast<std::uint32_t>(bias[r] - (path_.flip8 ? 128 * a_.sum[row] : 0));
    }
    if (safe)
      path_.int8_tile(t);
    else
      gemm::checked_int8_tile(path_, t, width, bias);
    for (int r = 0; r < rows.rows; ++r)
      finish(rows.row + r, first, pixels, vectors, sum_ + r * width,
             safe ? nullptr : overflow_.data() + r * width);
  }

  void finish(std::int64_t row, std::int64_t first, int pixels, int vectors,
              const std::uint32_t* sum, const std::uint32_t* overflow) {
    double scale = 1;
    if (m_.scale) {
      const Half s = m_.scale[row * m_.scale_stride];
      scale = ieee_ ? static_cast<double>(to_float(s)) : decode_ordinary(s);
    }
    Half* y = m_.y + row * m_.y_stride + first;
    const gemm::Finish f{.rows = 1,
                         .sum = sum,
                         .vectors = vectors,
                         .count = pixels,
                         .scale = m_.scale ? &scale : nullptr,
                         .y = reinterpret_cast<std::uint16_t*>(y)};
    ieee_ ? path_.finish_ieee_int8(f) : path_.finish_ane16_int8(f);
    if (overflow) gemm::put_infinities(overflow, pixels, y);
    apply(m_.function, y, pixels);
    if (m_.accumulators == nullptr) return;
    std::int32_t* dump = m_.accumulators + row * m_.y_stride + first;
    for (int p = 0; p < pixels; ++p)
      dump[p] = overflow && overflow[p] != 0 ? std::numeric_limits<std::int32_t>::min()
                                             : static_cast<std::int32_t>(sum[p]);
  }

  const PackedWeights8::Impl& a_;
  const MacProduct8& m_;
  const gemm::Path& path_;
  const bool ieee_;
  gemm::Scratch& scratch_;
  std::uint32_t* x_ = nullptr;
  std::uint32_t* sum_ = nullptr;
  std::int64_t panel_words_ = 0;
  std::vector<std::uint32_t> overflow_;
};

}  // namespace

void mac8(const PackedWeights8& weights, const MacProduct8& product, const Profile& profile) {
  Run8(weights.impl(), product, profile).all();
}

}  // namespace ane::kernels::arith
