// Quantities the machine counts. Each is a type of its own, so bytes never add to multiplications.
// Rates and the times that laws give are doubles in base units (sim/chips/chip.h).
#pragma once
#include <compare>
#include <cstdint>

namespace ane {

template <class Tag, class Rep>
struct Quantity {
  Rep count{};

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.count + b.count}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.count - b.count}; }
  friend constexpr Quantity operator*(Quantity a, Rep k) { return {a.count * k}; }
  friend constexpr Quantity operator*(Rep k, Quantity a) { return {a.count * k}; }
  friend constexpr Rep operator/(Quantity a, Quantity b) { return a.count / b.count; }
  constexpr Quantity& operator+=(Quantity b) {
    count += b.count;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity b) {
    count -= b.count;
    return *this;
  }
};

using Bytes = Quantity<struct BytesTag, std::int64_t>;
using Macs = Quantity<struct MacsTag, std::int64_t>;
using Picoseconds = Quantity<struct PicosecondsTag, std::int64_t>;  // the only common time base

constexpr double seconds(Picoseconds t) {
  return static_cast<double>(t.count) * 1e-12;
}
}  // namespace ane
