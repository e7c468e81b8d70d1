// How the drivers walk over a product: pixels in groups whose packed activations stay in the
// second-level cache, weights in row panels packed once.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "kernels/arith/gemm.h"
#include "kernels/arith/gemm_path.h"

namespace ane::kernels::arith::gemm {

const Path& chosen_path();  // by use_simd

// Words at a cache line's boundary; contents are lost when it grows.
class Words {
 public:
  std::uint32_t* at_least(std::size_t count) {
    if (count > size_) {
      data_.reset();
      data_.reset(static_cast<std::uint32_t*>(::operator new (count * 4, std::align_val_t{64})));
      size_ = count;
    }
    return data_.get();
  }
  const std::uint32_t* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::uint32_t* p) const { ::operator delete (p, std::align_val_t{64}); }
  };
  std::unique_ptr<std::uint32_t[], Free> data_;
  std::size_t size_ = 0;
};

struct RowPanel {
  std::int64_t row = 0;
  int rows = 0;
};
// n rows as tiles of `tallest` rows, the rest as powers of two.
std::vector<RowPanel> row_panels(std::int64_t n, int tallest);

// Grows with the largest product of a thread and is kept for the next one.
struct Scratch {
  Words x, sum, small, largest, preload, dropping;
  std::vector<std::int64_t> bias;
  std::vector<double> scale, largest_bias;
};
Scratch& thread_scratch();

inline constexpr std::int64_t group_words = 128 * 1024;  // 512 KiB: half of a usual second level
inline constexpr std::int64_t most_panels = 32;          // 2 KiB of an activation row at a time

// For each group of pixels: pack(first, count, panel_words), then tile(row panel, panel in the
// group, first pixel, pixels) for all of `range`. `words` is the packed length of one pixel.
template <class PackGroup, class RunTile>
void walk(const Path& path, std::int64_t pixels, std::int64_t words, std::size_t row_panel_count,
          PanelRange range, PackGroup pack, RunTile tile) {
  const std::int64_t width = 2 * path.lanes;
  const std::int64_t panel_words = words * width;
  const std::int64_t panels = std::clamp<std::int64_t>(
      group_words / std::max<std::int64_t>(panel_words, 1), 1, most_panels);
  const auto row_end = std::min(row_panel_count, static_cast<std::size_t>(range.end));
  for (std::int64_t first = 0; first < pixels; first += panels * width) {
    const std::int64_t count = std::min(panels * width, pixels - first);
    pack(first, count, panel_words);
    for (auto r = static_cast<std::size_t>(range.begin); r < row_end; ++r)
      for (std::int64_t at = 0; at < count; at += width)
        tile(r, at / width, first + at, static_cast<int>(std::min(width, count - at)));
  }
}

}  // namespace ane::kernels::arith::gemm
