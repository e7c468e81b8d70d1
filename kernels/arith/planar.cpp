// The planar engine's fast path: the host's SIMD where use_simd() allows it, else the oracle, one
// element after the other.
#include "kernels/arith/planar.h"

#include <algorithm>
#include <array>

#include "isa/error.h"
#include "kernels/arith/activation.h"
#include "kernels/arith/gemm.h"
#include "kernels/arith/planar_path.h"
#include "kernels/arith/planar_select.h"
#include "kernels/arith/round.h"

namespace ane::kernels::arith {
namespace {

using planar_paths::Elements;
using planar_paths::Path;

constexpr std::size_t chunk = 1024;  // elements held on the stack for a broadcast or a division
using Chunk = std::array<Half, chunk>;

const std::uint16_t* raw(const Half* h) {
  return reinterpret_cast<const std::uint16_t*>(h);
}
std::uint16_t* raw(Half* h) {
  return reinterpret_cast<std::uint16_t*>(h);
}

void run(PlanarOp op, const Profile& profile, const Half* a, const Half* b, const Half* c, Half* y,
         std::size_t n) {
  const bool ane16 = profile.id == ProfileId::ane16;
  const Path* path = planar_paths::chosen();
  if (path == nullptr) {
    for (std::size_t i = 0; i < n; ++i)
      y[i] = planar_oracle(op, profile, a[i], b[i], c != nullptr ? c[i] : Half{});
    return;
  }
  const Elements e{raw(a), raw(b), c != nullptr ? raw(c) : nullptr, raw(y),
                   static_cast<std::int64_t>(n)};
  if (op != PlanarOp::div) return (ane16 ? path->ane16 : path->ieee)[static_cast<int>(op)](e);
  if (!ane16) return path->divide_ieee(e);
  Chunk inverse;
  for (std::size_t i = 0; i < n; i += chunk) {
    const std::size_t m = std::min(chunk, n - i);
    activate(profile, activation(Function::reciprocal), {b + i, m}, {inverse.data(), m});
    path->ane16[static_cast<int>(PlanarOp::mul)](
        {raw(a + i), raw(inverse.data()), nullptr, raw(y + i), static_cast<std::int64_t>(m)});
  }
}

}  // namespace

void planar(PlanarOp op, const Profile& profile, std::span<const Half> a, std::span<const Half> b,
            std::span<Half> y) {
  ANE_CHECK(!is_ternary(op) && a.size() == y.size() && b.size() == y.size(), "operands");
  run(op, profile, a.data(), b.data(), nullptr, y.data(), y.size());
}

void planar(PlanarOp op, const Profile& profile, std::span<const Half> a, Half b,
            std::span<Half> y) {
  ANE_CHECK(!is_ternary(op) && a.size() == y.size(), "operands");
  Chunk same;
  std::fill_n(same.begin(), std::min(chunk, y.size()), b);
  for (std::size_t i = 0; i < y.size(); i += chunk)
    run(op, profile, &a[i], same.data(), nullptr, &y[i], std::min(chunk, y.size() - i));
}

void planar(PlanarOp op, const Profile& profile, Half a, std::span<const Half> b,
            std::span<Half> y) {
  ANE_CHECK(!is_ternary(op) && b.size() == y.size(), "operands");
  Chunk same;
  std::fill_n(same.begin(), std::min(chunk, y.size()), a);
  for (std::size_t i = 0; i < y.size(); i += chunk)
    run(op, profile, same.data(), &b[i], nullptr, &y[i], std::min(chunk, y.size() - i));
}

void planar(PlanarOp op, const Profile& profile, std::span<const Half> a, std::span<const Half> b,
            std::span<const Half> c, std::span<Half> y) {
  ANE_CHECK(is_ternary(op) && a.size() == y.size() && b.size() == y.size() && c.size() == y.size(),
            "operands");
  run(op, profile, a.data(), b.data(), c.data(), y.data(), y.size());
}

void to_halves(std::span<const float> x, std::span<Half> y) {
  ANE_CHECK(x.size() == y.size(), "operands");
  planar_paths::narrow(profile_named("ieee"), x.data(), y.data(), std::ssize(x));
}

void to_floats(std::span<const Half> x, std::span<float> y) {
  ANE_CHECK(x.size() == y.size(), "operands");
  planar_paths::widen(profile_named("ieee"), x.data(), y.data(), std::ssize(x));
}

}  // namespace ane::kernels::arith
