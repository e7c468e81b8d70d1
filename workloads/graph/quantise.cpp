#include "workloads/graph/quantise.h"

#include <algorithm>
#include <cmath>

#include "kernels/arith/palette.h"
#include "kernels/arith/round.h"

namespace ane::workloads {
namespace {

double as_half(double x) {
  return static_cast<double>(kernels::arith::to_float(kernels::arith::to_half(x)));
}

// The codes of a palette as Core ML's 8-bit tables have them: k-means of the layer's codes,
// rounded.
void take_from_palette(kernels::Parameters& p) {
  const std::vector<float> codes(p.codes.begin(), p.codes.end());
  std::vector<kernels::arith::Half> table = kernels::arith::fit_palette(
      codes, kernels::arith::palette_bits(p.format), kernels::arith::PaletteFit::k_means);
  for (kernels::arith::Half& h : table)
    h = kernels::arith::to_half(std::round(static_cast<double>(kernels::arith::to_float(h))));
  for (std::size_t i = 0; i < codes.size(); ++i)
    p.codes[i] = static_cast<std::int8_t>(
        kernels::arith::to_float(table[kernels::arith::nearest_in_palette(table, codes[i])]));
}

}  // namespace

QuantisedLayer quantise_layer(const kernels::Parameters& layer, float range,
                              isa::KernelFormat format) {
  QuantisedLayer q;
  q.parameters = layer;
  kernels::Parameters& p = q.parameters;
  p.format = format;
  q.input_scale = as_half(std::max(static_cast<double>(range), 1.0 / 127) / 127);
  const auto k = static_cast<std::size_t>(p.cin * p.kh * p.kw);
  p.codes.resize(p.weights.size());
  p.scale.clear();
  p.bias8.clear();
  for (std::size_t c = 0; c < static_cast<std::size_t>(p.cout); ++c) {
    float largest = 0;
    for (std::size_t i = 0; i < k; ++i) largest = std::max(largest, std::abs(p.weights[c * k + i]));
    // The machine holds one factor: input scale x weight scale. It is rounded to binary16 first,
    // and the weights are then quantised with exactly the scale that it implies.
    const double product =
        std::max(as_half(q.input_scale * std::max(static_cast<double>(largest), 1e-6) / 127),
                 as_half(std::ldexp(1.0, -24)));
    const double scale = product / q.input_scale;
    for (std::size_t i = 0; i < k; ++i)
      p.codes[c * k + i] = static_cast<std::int8_t>(
          std::clamp(std::round(static_cast<double>(p.weights[c * k + i]) / scale), -127.0, 127.0));
    p.scale.push_back(kernels::arith::to_half(product));
    if (!p.bias.empty())
      p.bias8.push_back(static_cast<std::int32_t>(std::clamp(
          std::round(static_cast<double>(p.bias[c]) / product), -2147483647.0, 2147483647.0)));
  }
  p.weights.clear();
  p.bias.clear();
  if (kernels::arith::palette_bits(format) > 0) take_from_palette(p);
  return q;
}

}  // namespace ane::workloads
