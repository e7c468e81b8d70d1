// Whole numbers that stop at the ends of 64 bits instead of wrapping around. What a program's
// numbers multiply to (extents times strides reach 2^66) is compared with a bound afterwards: a
// number that has stopped lies beyond every bound, one that has wrapped may seem to lie inside.
#pragma once
#include <cstdint>
#include <limits>

namespace ane {

class Saturated {
 public:
  static constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

  // Implicit, so that the first operand of an expression makes all of it saturate.
  constexpr Saturated(std::int64_t value) : value_(value) {}
  constexpr std::int64_t value() const { return value_; }
  constexpr bool stopped() const { return value_ == most || value_ == least; }

  friend constexpr Saturated operator+(Saturated a, Saturated b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a.value_, b.value_, &sum) ? end(a.value_ < 0) : sum;
  }
  friend constexpr Saturated operator-(Saturated a, Saturated b) {
    std::int64_t difference = 0;
    return __builtin_sub_overflow(a.value_, b.value_, &difference) ? end(a.value_ < 0) : difference;
  }
  friend constexpr Saturated operator*(Saturated a, Saturated b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a.value_, b.value_, &product)
               ? end((a.value_ < 0) != (b.value_ < 0))
               : product;
  }

 private:
  static constexpr std::int64_t end(bool negative) { return negative ? least : most; }
  std::int64_t value_;
};

}  // namespace ane
