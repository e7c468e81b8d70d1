// binary16 as bits. Nothing here rounds: rounding happens in round.h, in one place.
#pragma once
#include <bit>
#include <cstdint>

namespace ane::kernels::arith {

struct Half {
  std::uint16_t bits = 0;
  friend constexpr bool operator==(Half, Half) = default;
};
static_assert(sizeof(Half) == 2);

}  // namespace ane::kernels::arith
