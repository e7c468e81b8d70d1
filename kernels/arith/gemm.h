// The fast path of the MAC array: a product of packed weights [n, k] and activations [k, pixels],
// bit-identical to the oracle (oracle.h) on every host, thread count and SIMD path. Any n, k and
// number of pixels, zero included (k = 0: the bias alone). Inputs and outputs must not overlap.
// Every function may be called from many threads at once; callers split the pixels or the rows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>

#include "kernels/arith/activation.h"
#include "kernels/arith/half.h"
#include "kernels/arith/profile.h"

namespace ane::kernels::arith {

// Host instruction sets; `best` is chosen at run time. Results never depend on it.
enum class Simd { scalar, avx2, avx512, best };
void use_simd(Simd path);  // process-wide choice for benchmarks and --simd; asking for more than
                           // the host has is an InputError. Packed weights keep the path of the
                           // time they were packed.
std::string_view simd_name();

// FP16 weights prepared for one profile. Element (n, k) is read at w[n * n_stride + k * k_stride].
// k runs in the order in which the machine accumulates: kh, kw, cin ascending.
class PackedWeights {
 public:
  PackedWeights(const Profile& profile, const Half* w, std::int64_t n, std::int64_t k,
                std::ptrdiff_t n_stride, std::ptrdiff_t k_stride);
  ~PackedWeights();
  PackedWeights(PackedWeights&&) noexcept;
  PackedWeights& operator=(PackedWeights&&) noexcept;
  std::int64_t n() const;
  std::int64_t k() const;
  std::int64_t panels() const;
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// The rows of packed weights stand in panels of a few, by which threads may share them.
struct PanelRange {
  std::int64_t begin = 0, end = std::numeric_limits<std::int64_t>::max();
};

// y(n, p) = round(scale(n) * (bias(n) + sum over k of w(n, k) * x(k, p))).
struct MacProduct {
  std::int64_t pixels = 0;
  const Half* x = nullptr;  // element (k, p) at x[k * x_stride + p]
  std::ptrdiff_t x_stride = 0;
  const Half* bias = nullptr;   // n values, or null
  const Half* scale = nullptr;  // post-scale [N5]: n values, one (scale_stride 0), or null
  std::ptrdiff_t scale_stride = 0;
  FunctionTable function{};  // what becomes of each result
  Half* y = nullptr;         // element (n, p) at y[n * y_stride + p]
  std::ptrdiff_t y_stride = 0;
  PanelRange panels{};  // these rows alone
};
void mac(const PackedWeights& weights, const MacProduct& product);

// INT8 on both sides [Q1], [Q2]. Weights are packed with their zero point already subtracted where
// it is not zero (then they must fit int8: checked).
class PackedWeights8 {
 public:
  PackedWeights8(const std::int8_t* w, std::int64_t n, std::int64_t k, std::ptrdiff_t n_stride,
                 std::ptrdiff_t k_stride);
  ~PackedWeights8();
  PackedWeights8(PackedWeights8&&) noexcept;
  PackedWeights8& operator=(PackedWeights8&&) noexcept;
  std::int64_t n() const;
  std::int64_t k() const;
  std::int64_t panels() const;
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct MacProduct8 {
  std::int64_t pixels = 0;
  const std::int8_t* x = nullptr;  // element (k, p) at x[k * x_stride + p]
  std::ptrdiff_t x_stride = 0;
  std::int32_t x_zero = 0;             // input zero point, folded into the bias [Q1]
  const std::int32_t* bias = nullptr;  // n values in units of one product, or null
  const Half* scale = nullptr;         // requantisation scale [Q2], as above
  std::ptrdiff_t scale_stride = 0;
  FunctionTable function{};
  Half* y = nullptr;  // element (n, p) at y[n * y_stride + p]
  std::ptrdiff_t y_stride = 0;
  std::int32_t* accumulators = nullptr;  // optional dump, laid out as y; overflow gives INT32_MIN
  PanelRange panels{};
};
void mac8(const PackedWeights8& weights, const MacProduct8& product, const Profile& profile);

// float32 in and out on the same engine: y(n, p) = bias(n) + sum over k, fused, ascending k. The
// FP32 reference of a network where the bits must not depend on the host. Every NaN result is
// 0x7fc00000.
class PackedWeightsF32 {
 public:
  PackedWeightsF32(const float* w, std::int64_t n, std::int64_t k, std::ptrdiff_t n_stride,
                   std::ptrdiff_t k_stride);
  ~PackedWeightsF32();
  PackedWeightsF32(PackedWeightsF32&&) noexcept;
  PackedWeightsF32& operator=(PackedWeightsF32&&) noexcept;
  std::int64_t n() const;
  std::int64_t k() const;
  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct MacProductF32 {
  std::int64_t pixels = 0;
  const float* x = nullptr;  // element (k, p) at x[k * x_stride + p]
  std::ptrdiff_t x_stride = 0;
  const float* bias = nullptr;  // n values, or null
  float* y = nullptr;           // element (n, p) at y[n * y_stride + p]
  std::ptrdiff_t y_stride = 0;
};
void fp32_mac(const PackedWeightsF32& weights, const MacProductF32& product);

}  // namespace ane::kernels::arith
