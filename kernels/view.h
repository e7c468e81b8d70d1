// A tensor where the machine keeps it: in memory behind a base register, or in L2. Slicing,
// permuting, repeating and reshaping a view move no data.
#pragma once
#include <cstdint>

#include "kernels/types.h"

namespace ane::kernels {

enum class Where { memory, l2 };

struct View {
  Where where = Where::memory;
  int bar = 0;               // memory only
  std::int64_t address = 0;  // byte offset in the section, or byte address in L2
  Format format = Format::fp16;
  Extents e;
  std::int64_t sw = 2, sh = 0, sc = 0, sn = 0;  // byte strides
  // Memory only: the byte address in L2 through which it passes and where it stays for later tasks;
  // -1: wherever there is room. A view with such an address is not cut.
  std::int64_t passes_at = -1;

  // `count` positions from `begin` along one axis.
  View slice(Axis axis, std::int64_t begin, std::int64_t count) const;
  // Output axis i (n, c, h, w) is input axis order[i].
  View permuted(const std::array<int, 4>& order) const;
  // Axes of extent 1 repeated to `to` (stride 0). In memory only: L2 maps do not repeat.
  View repeated(const Extents& to) const;
  bool dense() const;  // rows, channels and batch items follow each other without gaps
  std::int64_t bytes() const { return e.count() * isa::byte_size(format); }
  friend bool operator==(const View&, const View&) = default;
};

std::int64_t extent(const Extents& e, Axis axis);

}  // namespace ane::kernels
