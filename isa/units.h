// Quantities the machine counts. Each is a type of its own, so bytes never add to cycles, and a
// Clock is the only crossing from cycles to time.
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
using Cycles = Quantity<struct CyclesTag, std::int64_t>;  // of the clock of the device that counts
using Picoseconds = Quantity<struct PicosecondsTag, std::int64_t>;  // the only common time base
using Picojoules = Quantity<struct PicojoulesTag, double>;

constexpr double seconds(Picoseconds t) {
  return static_cast<double>(t.count) * 1e-12;
}
constexpr double joules(Picojoules e) {
  return e.count * 1e-12;
}

// The one place where cycles become time. Held in hertz, not as a period: a period in whole
// picoseconds would be wrong by up to 0.1 % at 2.4 GHz.
struct Clock {
  double hertz = 0;
  // Rounded up to a whole picosecond, so that work never takes less than its cycles.
  constexpr Picoseconds time(Cycles n) const {
    const double ps = static_cast<double>(n.count) * (1e12 / hertz);
    const auto whole = static_cast<std::int64_t>(ps);
    return {whole + (static_cast<double>(whole) < ps ? 1 : 0)};
  }
};

}  // namespace ane
