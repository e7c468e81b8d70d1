#include "kernels/arith/gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "kernels/arith/gemm_blocks.h"
#include "kernels/arith/gemm_checked.h"

namespace ane::kernels::arith {
namespace {

using gemm::Path;
using gemm::RowPanel;
using gemm::Tile;

constexpr double unit = 0x1p16;  // [N3]

// What the overflow proof needs of a row panel: the largest over its rows, in accumulator units.
struct Norms {
  double largest = 0, sum = 0, euclidean = 0;
};

// [N2] Smallest |x| whose product with w is kept, as float32 bits; 0 if all are.
std::uint32_t threshold(Half w) {
  const HalfParts p = parts(w);
  const int exponent = -16 - p.exponent;
  if (p.significand == 0 || exponent <= -14) return 0;
  return static_cast<std::uint32_t>(exponent + 127) << 23;
}

// w * 2^16 one float32 ulp larger in magnitude (gemm_tile.h, narrow rounding); zero stays.
std::uint32_t nudged(Half w) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(decode_ordinary(w) * unit));
  return (bits & 0x7fffffff) == 0 ? 0 : bits | 1;
}

// Half away from zero, for |v| < 2^51.
std::int64_t to_integer(double v) {
  return static_cast<std::int64_t>(v + std::copysign(0.5, v));
}

}  // namespace

struct PackedWeights::Impl {
  const Path* path = nullptr;
  ProfileId profile{};
  std::int64_t n = 0, k = 0;
  std::vector<RowPanel> panels;
  gemm::Words words, large;  // row panel i at words + row * k * (1 or 2), large + i * k
  std::vector<Norms> norms;
};

PackedWeights::PackedWeights(const Profile& profile, const Half* w, std::int64_t n, std::int64_t k,
                             std::ptrdiff_t n_stride, std::ptrdiff_t k_stride)
    : impl_(std::make_unique<Impl>()) {
  Impl& a = *impl_;
  a.path = &gemm::chosen_path();
  a.profile = profile.id;
  a.n = n;
  a.k = k;
  const bool fixed = profile.id == ProfileId::ane16;
  a.panels = gemm::row_panels(n, fixed ? a.path->fixed_rows : a.path->float_rows);
  const auto elements = static_cast<std::size_t>(n * k);
  std::uint32_t* out = a.words.at_least(fixed ? 2 * elements : elements);
  std::uint32_t* large =
      a.large.at_least(fixed ? a.panels.size() * static_cast<std::size_t>(k) : 0);
  for (const RowPanel& panel : a.panels) {
    double sums[16] = {}, squares[16] = {};
    Norms norms;
    for (std::int64_t i = 0; i < k; ++i) {
      const Half* from = w + panel.row * n_stride + i * k_stride;
      std::uint32_t largest = 0;
      for (int r = 0; r < panel.rows; ++r, from += n_stride) {
        if (!fixed) {
          *out++ = std::bit_cast<std::uint32_t>(to_float(*from));
          continue;
        }
        const double units = std::abs(decode_ordinary(*from)) * unit;
        norms.largest = std::max(norms.largest, units);
        sums[r] += units;
        squares[r] += units * units;
        out[r] = nudged(*from);
        out[r + panel.rows] = threshold(*from);
        largest = std::max(largest, out[r + panel.rows]);
      }
      if (fixed) {
        out += 2 * panel.rows;
        *large++ = largest;
      }
    }
    norms.sum = *std::max_element(std::begin(sums), std::end(sums));
    norms.euclidean = std::sqrt(*std::max_element(std::begin(squares), std::end(squares)));
    a.norms.push_back(norms);
  }
}

PackedWeights::~PackedWeights() = default;
PackedWeights::PackedWeights(PackedWeights&&) noexcept = default;
PackedWeights& PackedWeights::operator=(PackedWeights&&) noexcept = default;
std::int64_t PackedWeights::n() const {
  return impl_->n;
}
std::int64_t PackedWeights::k() const {
  return impl_->k;
}
std::int64_t PackedWeights::panels() const {
  return std::ssize(impl_->panels);
}

namespace {

// One call of mac(): operands, and the state that its tiles share.
class Run {
 public:
  Run(const PackedWeights::Impl& weights, const MacProduct& product)
      : a_(weights),
        m_(product),
        path_(*weights.path),
        fixed_(weights.profile == ProfileId::ane16),
        scratch_(gemm::thread_scratch()),
        overflow_(fixed_ ? static_cast<std::size_t>(16 * 2 * path_.lanes) : 0) {
    sum_ = scratch_.sum.at_least(static_cast<std::size_t>(16 * 2 * path_.lanes));
    const auto n = static_cast<std::size_t>(a_.n);
    preload_ = scratch_.preload.at_least(n);
    if (fixed_) {
      dropping_ = scratch_.dropping.at_least(static_cast<std::size_t>(a_.k + 8));
      scratch_.bias.resize(n);
    }
    if (m_.scale) scratch_.scale.resize(n);
    const auto end = static_cast<std::size_t>(std::min(std::ssize(a_.panels), m_.panels.end));
    if (fixed_) scratch_.largest_bias.assign(a_.panels.size(), 0);
    for (auto i = static_cast<std::size_t>(m_.panels.begin); i < end; ++i)
      for (int r = 0; r < a_.panels[i].rows; ++r) read_row(i, a_.panels[i].row + r);
  }

  void all() {
    gemm::walk(
        path_, m_.pixels, a_.k, a_.panels.size(), m_.panels,
        [this](std::int64_t first, std::int64_t count, std::int64_t words) {
          pack(first, count, words);
        },
        [this](std::size_t row_panel, std::int64_t panel, std::int64_t first, int pixels) {
          tile(row_panel, panel, first, pixels);
        });
  }

 private:
  // Bias and scale of a row, as its tiles take them.
  void read_row(std::size_t row_panel, std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    if (fixed_) {
      const std::int64_t bias = m_.bias ? to_integer(decode_ordinary(m_.bias[row]) * unit) : 0;
      scratch_.bias[at] = bias;
      preload_[at] = static_cast<std::uint32_t>(bias) + gemm::narrow_offset;
      double& largest = scratch_.largest_bias[row_panel];
      largest = std::max(largest, std::abs(static_cast<double>(bias)));
    } else {
      preload_[at] = std::bit_cast<std::uint32_t>(m_.bias ? to_float(m_.bias[row]) : 0.0F);
    }
    if (!m_.scale) return;
    const Half s = m_.scale[row * m_.scale_stride];
    scratch_.scale[at] = fixed_ ? decode_ordinary(s) : static_cast<double>(to_float(s));
  }

  void pack(std::int64_t first, std::int64_t count, std::int64_t words) {
    const auto panels = static_cast<std::size_t>((count + 2 * path_.lanes - 1) / (2 * path_.lanes));
    panel_words_ = words;
    x_ = scratch_.x.at_least(panels * static_cast<std::size_t>(words));
    gemm::Pack pack{.x = m_.x + first,
                    .stride = m_.x_stride,
                    .k = a_.k,
                    .pixels = count,
                    .out = x_,
                    .panel_words = words};
    if (!fixed_) return path_.pack_half(pack);
    const auto lanes = static_cast<std::size_t>(path_.lanes);
    pack.small = small_ = scratch_.small.at_least(panels * static_cast<std::size_t>(a_.k));
    pack.largest = scratch_.largest.at_least(panels * lanes);
    std::fill_n(pack.largest, panels * lanes, 0u);
    path_.pack_ordinary(pack);
    largest_.resize(panels);
    for (std::size_t i = 0; i < panels; ++i) {
      const std::uint32_t* of = pack.largest + i * lanes;
      largest_[i] = std::bit_cast<float>(*std::max_element(of, of + lanes));
    }
    norm_.assign(panels, -1.0);
  }

  void tile(std::size_t row_panel, std::int64_t panel, std::int64_t first, int pixels) {
    const RowPanel& rows = a_.panels[row_panel];
    const int vectors = pixels > path_.lanes ? 2 : 1, width = vectors * path_.lanes;
    const Tile t{
        .rows = rows.rows,
        .vectors = vectors,
        .k = a_.k,
        .x = x_ + panel * panel_words_,
        .w = a_.words.get() + rows.row * a_.k * (fixed_ ? 2 : 1),
        .x_small = fixed_ ? small_ + panel * a_.k : nullptr,
        .w_large = fixed_ ? a_.large.get() + static_cast<std::int64_t>(row_panel) * a_.k : nullptr,
        .preload = preload_ + rows.row,
        .sum = sum_,
        .dropping = dropping_,
        .overflow = overflow_.data()};
    bool sticky = false;
    if (fixed_)
      sticky = !fixed_tile(t, row_panel, static_cast<std::size_t>(panel));
    else
      path_.float_tile(t);
    Half* y = m_.y + rows.row * m_.y_stride + first;
    const gemm::Finish finish{.rows = rows.rows,
                              .sum = sum_,
                              .vectors = vectors,
                              .count = pixels,
                              .scale = m_.scale ? scratch_.scale.data() + rows.row : nullptr,
                              .y = reinterpret_cast<std::uint16_t*>(y),
                              .y_stride = m_.y_stride};
    fixed_ ? path_.finish_ane16(finish) : path_.finish_ieee(finish);
    if (!sticky && m_.function.results == nullptr) return;
    for (int r = 0; r < rows.rows; ++r, y += m_.y_stride) {
      if (sticky) gemm::put_infinities(overflow_.data() + r * width, pixels, y);
      apply(m_.function, y, pixels);
    }
  }

  // False if the sums had to be checked one by one; overflow_ then says which are infinite.
  bool fixed_tile(Tile t, std::size_t row_panel, std::size_t panel) {
    const Norms& norms = a_.norms[row_panel];
    const double largest_bias = scratch_.largest_bias[row_panel];
    // No running sum exceeds the bias, plus the sum of |w x|, plus half a unit per product. Of the
    // norms' rounding the margin leaves a millionth, and that of the squares is added to them.
    constexpr double margin = 1 - 1e-6;
    const double limit = 0x1p31 * margin, chained = double{path_.narrow_limit} * margin;
    const double x = static_cast<double>(largest_[panel]);
    const double fixed_part = largest_bias + 0.5 * static_cast<double>(a_.k) + 1;
    double most = fixed_part + norms.sum * x;
    if (most >= chained) {
      if (norm_[panel] < 0) {
        const auto square = static_cast<double>(path_.largest_square(t.x, t.k, t.vectors));
        norm_[panel] = std::sqrt(square * (1 + 0x1p-23 * static_cast<double>(a_.k)));
      }
      most = std::min(most, fixed_part + norms.euclidean * norm_[panel]);
    }
    if (most < chained) {
      path_.fixed_chained_tile(t);
      return true;
    }
    const bool safe = most < limit;
    const std::int64_t* bias = scratch_.bias.data() + a_.panels[row_panel].row;
    if (!safe && (norms.largest * x >= limit || largest_bias >= limit)) {
      gemm::checked_fixed_tile(t, t.vectors * path_.lanes, bias);
      return false;
    }
    const bool narrow = safe && norms.largest * x < static_cast<double>(path_.narrow_limit);
    const auto offset = narrow ? static_cast<std::uint32_t>(a_.k) * gemm::narrow_offset : 0u;
    std::uint32_t preload[16];
    for (int r = 0; r < t.rows; ++r) preload[r] = static_cast<std::uint32_t>(bias[r]) - offset;
    t.preload = preload;
    const auto run = narrow ? path_.fixed_narrow_tile
                     : safe ? path_.fixed_wide_tile
                            : path_.sticky_tile;
    run(t);
    return safe;
  }

  const PackedWeights::Impl& a_;
  const MacProduct& m_;
  const Path& path_;
  const bool fixed_;
  gemm::Scratch& scratch_;
  std::uint32_t* x_ = nullptr;
  std::uint32_t* small_ = nullptr;
  std::uint32_t* sum_ = nullptr;
  std::uint32_t* preload_ = nullptr;
  std::uint32_t* dropping_ = nullptr;
  std::int64_t panel_words_ = 0;
  std::vector<float> largest_;  // per panel of the group: the largest |x|
  std::vector<double> norm_;    // the largest norm of a pixel; negative: not yet known
  std::vector<std::uint32_t> overflow_;
};

}  // namespace

void mac(const PackedWeights& weights, const MacProduct& product) {
  Run(weights.impl(), product).all();
}

}  // namespace ane::kernels::arith
