// Fourier transforms, windows and the mel scale.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "isa/error.h"
#include "isa/saturated.h"
#include "workloads/model/ops/families.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;

// Sums of products, one a result: exact enough for a reference, slow for long signals.
void transform(const std::vector<double>& re, const std::vector<double>& im, I length, I bins,
               bool back, std::vector<double>& out) {
  out.assign(static_cast<std::size_t>(2 * bins), 0);
  const auto size = static_cast<I>(re.size());
  for (I k = 0; k < bins; ++k) {
    double sr = 0, si = 0;
    for (I t = 0; t < std::min(size, length); ++t) {
      const double angle = (back ? 2 : -2) * std::numbers::pi *
                           static_cast<double>(k * t % length) / static_cast<double>(length);
      const double c = std::cos(angle), s = std::sin(angle), a = re[static_cast<std::size_t>(t)],
                   b = im[static_cast<std::size_t>(t)];
      sr += a * c - b * s, si += a * s + b * c;
    }
    const double scale = back ? 1 / static_cast<double>(length) : 1;
    out[static_cast<std::size_t>(2 * k)] = sr * scale,
                                     out[static_cast<std::size_t>(2 * k + 1)] = si * scale;
  }
}

// x [..., n, ..., 1 or 2]
void dft(Use& u) {
  u.require(u.rank(0) >= 2 && u.shape(0).back() >= 1 && u.shape(0).back() <= 2,
            "takes reals or pairs of them");
  const std::size_t axis = u.node.version >= 20
                               ? axis_of(u.has(2) ? u.integers(2).at(0) : -2, u.rank(0), u.place())
                               : u.axis("axis", 1, u.rank(0));
  u.require(axis + 1 < u.rank(0), "an axis of the signal");
  const bool back = u.integer("inverse", 0) != 0, half = u.integer("onesided", 0) != 0;
  Shape out = u.shape(0);
  const I length = u.has(1) ? u.integers(1).at(0) : out[axis];
  u.require(length >= 1 && length < 1 << 24, "a length below 1");
  const I bins = half ? length / 2 + 1 : length;
  out[axis] = bins, out.back() = 2;
  Array* y = u.out(0, u.dtype(0), out);
  if (y == nullptr) return;
  // As many operations as a minute has, for values.
  u.require((Saturated(y->size()) * length).value() < I{1} << 36, "too long for its reference");
  const Array& x = u.data(0);
  const I parts = u.shape(0).back(), extent = u.shape(0)[axis];
  Around a = around(u.shape(0), axis);
  a.after /= parts;
  std::vector<double> re(static_cast<std::size_t>(extent)), im(re.size()), f;
  for (I b = 0; b < a.before; ++b)
    for (I c = 0; c < a.after; ++c) {
      for (I k = 0; k < extent; ++k) {
        const I at = ((b * extent + k) * a.after + c) * parts;
        re[static_cast<std::size_t>(k)] = x.number(at),
        im[static_cast<std::size_t>(k)] = parts == 2 ? x.number(at + 1) : 0;
      }
      transform(re, im, length, bins, back, f);
      for (I k = 0; k < bins; ++k)
        for (const I p : {0, 1})
          y->set(((b * bins + k) * a.after + c) * 2 + p, f[static_cast<std::size_t>(2 * k + p)]);
    }
}

// signal [n, t, 1 or 2], step, window, length
void stft(Use& u) {
  u.require(u.rank(0) == 3, "takes [n, t, 1 or 2]");
  const I step = u.integers(1).at(0),
          length = u.has(3) ? u.integers(3).at(0) : kernels::elements(u.shape(2)),
          parts = u.shape(0)[2], time = u.shape(0)[1];
  u.require(step >= 1 && length >= 1 && length <= time, "a frame that does not fit the signal");
  const I frames = (time - length) / step + 1,
          bins = u.integer("onesided", 1) != 0 ? length / 2 + 1 : length;
  Array* y = u.out(0, u.dtype(0), {u.shape(0)[0], frames, bins, 2});
  if (y == nullptr) return;
  u.require((Saturated(y->size()) * length).value() < I{1} << 36, "too long for its reference");
  const Array& x = u.data(0);
  std::vector<double> re(static_cast<std::size_t>(length)), im(re.size()), f;
  for (I n = 0; n < u.shape(0)[0]; ++n)
    for (I k = 0; k < frames; ++k) {
      for (I t = 0; t < length; ++t) {
        const I at = (n * time + k * step + t) * parts;
        const double w = u.has(2) ? u.data(2).number(t) : 1;
        re[static_cast<std::size_t>(t)] = x.number(at) * w,
        im[static_cast<std::size_t>(t)] = parts == 2 ? x.number(at + 1) * w : 0;
      }
      transform(re, im, length, bins, false, f);
      for (I i = 0; i < 2 * bins; ++i)
        y->set((n * frames + k) * bins * 2 + i, f[static_cast<std::size_t>(i)]);
    }
}

void window(Use& u) {
  const I size = u.integers(0).at(0);
  u.require(size >= 0 && size < 1 << 24, "a size below 0");
  Array* y = u.out(0, u.dtype_said("output_datatype", Dtype::f32), {size});
  if (y == nullptr) return;
  const double n = static_cast<double>(u.integer("periodic", 1) != 0 ? size : size - 1);
  const bool hann = u.node.op == "HannWindow", hamming = u.node.op == "HammingWindow";
  for (I k = 0; k < size; ++k) {
    const double x = 2 * std::numbers::pi * static_cast<double>(k) / n;
    y->set(k, hann      ? 0.5 - 0.5 * std::cos(x)
              : hamming ? 25.0 / 46 - 21.0 / 46 * std::cos(x)
                        : 0.42 - 0.5 * std::cos(x) + 0.08 * std::cos(2 * x));
  }
}

// bins, length, rate, lowest, highest: triangles on the mel scale [length / 2 + 1, bins].
void mel_weights(Use& u) {
  const I bins = u.integers(0).at(0), length = u.integers(1).at(0);
  u.require(bins >= 1 && bins < 1 << 20 && length >= 1 && length < 1 << 24, "sizes below 1");
  const I rows = length / 2 + 1;
  Array* y = u.out(0, u.dtype_said("output_datatype", Dtype::f32), {rows, bins});
  if (y == nullptr) return;
  const double rate = u.scalar(2);
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(u.scalar(3)),
               step = (mel(u.scalar(4)) - low) / static_cast<double>(bins + 2);
  std::vector<I> at;
  for (I k = 0; k < bins + 2; ++k) {
    const double hertz = 700 * (std::pow(10, (static_cast<double>(k) * step + low) / 2595) - 1);
    at.push_back(static_cast<I>(std::floor(static_cast<double>(length + 1) * hertz / rate)));
  }
  const auto put = [&](I row, I bin, double v) {
    if (row >= 0 && row < rows) y->set(row * bins + bin, v);
  };
  for (I k = 0; k < bins; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const I lower = at[i], centre = at[i + 1], upper = at[i + 2];
    if (centre == lower) put(centre, k, 1);
    for (I r = std::max<I>(0, lower); r < std::min(rows, centre + 1) && centre > lower; ++r)
      put(r, k, static_cast<double>(r - lower) / static_cast<double>(centre - lower));
    for (I r = std::max<I>(0, centre); r < std::min(rows, upper) && upper > centre; ++r)
      put(r, k, static_cast<double>(upper - r) / static_cast<double>(upper - centre));
  }
}

}  // namespace

Family signals() {
  static const std::vector<Operator> all{
      {.name = "DFT",
       .since = 17,
       .run = dft,
       .takes = takes(1, 2).from(20, 1, 3).with(
           {whole("axis").until(19), flag("inverse"), flag("onesided")}),
       .cost = {.flops = 50}},
      {.name = "STFT",
       .since = 17,
       .run = stft,
       .takes = takes(2, 4).with({flag("onesided")}),
       .cost = {.flops = 50}},
      {.name = "HannWindow",
       .since = 17,
       .run = window,
       .takes = takes(1).with({whole("output_datatype"), flag("periodic")}),
       .cost = {.flops = 10}},
      {.name = "HammingWindow",
       .since = 17,
       .run = window,
       .takes = takes(1).with({whole("output_datatype"), flag("periodic")}),
       .cost = {.flops = 10}},
      {.name = "BlackmanWindow",
       .since = 17,
       .run = window,
       .takes = takes(1).with({whole("output_datatype"), flag("periodic")}),
       .cost = {.flops = 20}},
      {.name = "MelWeightMatrix",
       .since = 17,
       .run = mel_weights,
       .takes = takes(5).with({whole("output_datatype")}),
       .cost = {.flops = 1}},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
