// Unary functions on binary16: what follows a multiply-accumulate [N5], and what the planar engine
// applies before or after its operation [P1].
//
// ane16 [N9]: abs, sign, square, ReLU and its clamped relatives are exact; all else is a table of
// 33 binary16 knots, 32 linear segments, as the machine holds it. ieee [I2]: the correctly rounded
// value of the real function. activate_oracle evaluates one value from that definition; activate,
// the fast path, looks it up among the function's 65,536 results, made at its first use.
//
// Inputs of ane16: NaN is +infinity, -0 is +0 [P1]; infinities are infinities here (the ordinary
// binade of [N1] belongs to the MAC array alone). Its results are never NaN and never -0.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

enum class Function : std::uint8_t {
  none,          // the same bits, in every profile
  relu,          // max(x, 0)
  relu6,         // min(max(x, 0), 6)
  leaky_relu,    // x for x >= 0, else alpha * x
  clip,          // min(max(x, alpha), beta)
  hard_sigmoid,  // min(max(alpha * x + beta, 0), 1)
  hard_swish,    // x * hard_sigmoid(x) with alpha = 1/6, beta = 1/2
  abs,
  negate,
  sign,  // -1, 0, 1
  square,
  floor,
  ceil,
  round,  // to an integer, by the profile's rounding
  sigmoid,
  tanh,
  gelu,  // x * Phi(x)
  silu,  // x * sigmoid(x)
  softplus,
  elu,  // x for x >= 0, else alpha * (exp(x) - 1)
  erf,
  sin,
  cos,
  exp,
  log,
  sqrt,
  rsqrt,
  reciprocal,
};

struct FunctionInfo {
  Function function;
  std::string_view name, formula;
  int parameters = 0;    // how many of alpha, beta mean something
  Half alpha{}, beta{};  // their defaults (those of ONNX)
  bool table_in_ane16 = false;
};
std::span<const FunctionInfo> functions();  // in the order of Function
const FunctionInfo& info(Function f);
Function function_named(std::string_view name);  // throws InputError with the nearest name

// A function with its parameters.
struct Activation {
  Function function = Function::none;
  Half alpha{}, beta{};
  friend bool operator==(const Activation&, const Activation&) = default;
};
inline Activation activation(Function f) {
  return {f, info(f).alpha, info(f).beta};
}

// The machine's table record [N9]: what a program loads for an activation.
struct KnotTable {
  enum class Outside : std::uint8_t { end_knot, identity, zero };
  enum class Reduction : std::uint8_t {
    none,
    odd,             // f(-x) = -f(x)
    quarter_period,  // sin and cos: r = |x| mod pi/2, by quadrant
    exp2_fraction,   // x * log2(e) = n + f: table(f) * 2^n
    log2_mantissa,   // x = m * 2^n, m in [1/2, 1): (table(m) + n) * ln(2)
    one_octave,      // x = m * 2^n, m in [1, 2)
    two_octaves,     // x = m * 4^n, m in [1, 4)
  };
  Function function = Function::none;
  float origin = 0, step = 0;  // knot i stands at origin + i * step
  std::array<Half, 33> knots{};
  Outside below = Outside::end_knot, above = Outside::end_knot;
  Reduction reduction = Reduction::none;
};
// The table of ane16 for a function that has one (parameters included, elu), else null.
// Lives as long as the program; safe from several threads.
const KnotTable* knot_table(const Activation& a);

// The real function to double precision, for the float32 reference of networks; x finite. Outside
// the function's domain the result is NaN or an infinity, as in IEEE 754.
double real_function(const Activation& a, double x);

// One value, evaluated from the definition.
Half activate_oracle(const Profile& profile, const Activation& a, Half x);

// y[i] = f(x[i]); x and y may be the same span. Safe from several threads.
void activate(const Profile& profile, const Activation& a, std::span<const Half> x,
              std::span<Half> y);
// The 65,536 results behind `activate`, indexed by the input's bits.
std::span<const Half, 65536> activation_table(const Profile& profile, const Activation& a);

// The same, for who applies it to many short spans.
struct FunctionTable {
  const Half* results = nullptr;  // null: no function
  bool clamps = false;            // of results of the machine it is max(x, 0), +0 for -0
};
FunctionTable function_table(const Profile& profile, const Activation& a);

// y[i] = f(y[i]), where y are results of one of the machine's operations: of NaN they have
// half_nan alone, and that in `ieee` alone.
inline void apply(const FunctionTable& f, Half* y, std::int64_t count) {
  if (f.results == nullptr) return;
  if (f.clamps)
    for (std::int64_t i = 0; i < count; ++i)
      y[i].bits = (y[i].bits & 0x8000) != 0 ? std::uint16_t{0} : y[i].bits;
  else
    for (std::int64_t i = 0; i < count; ++i) y[i] = f.results[y[i].bits];
}

}  // namespace ane::kernels::arith
