// Palettes of weights: the values that stand for all weights of a layer [Q4].
#pragma once
#include "kernels/arith/weights.h"

namespace ane::kernels::arith {

constexpr int palette_bits(KernelFormat f) {  // 0: no palette
  switch (f) {
    case KernelFormat::pal1:
    case KernelFormat::i8p1:
      return 1;
    case KernelFormat::pal2:
    case KernelFormat::i8p2:
      return 2;
    case KernelFormat::pal4:
    case KernelFormat::i8p4:
      return 4;
    case KernelFormat::pal6:
    case KernelFormat::i8p6:
      return 6;
    case KernelFormat::pal8:
      return 8;
    default:
      return 0;
  }
}

// 2^bits values, ascending; the last one is repeated where fewer are needed.
std::vector<Half> fit_palette(std::span<const float> weights, int bits, PaletteFit fit);

// Index of the value nearest to w; the lower one of two that are equally near.
unsigned nearest_in_palette(std::span<const Half> ascending, float w);

}  // namespace ane::kernels::arith
