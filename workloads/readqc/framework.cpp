#include "workloads/readqc/framework.h"

#include <algorithm>
#include <cmath>

#include "kernels/arithmetic.h"
#include "workloads/graph/quantise.h"

namespace ane::workloads::readqc {
namespace {

using kernels::Tensor;
using kernels::arith::to_storage;

std::size_t at(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

// Codes as floats: their products and sums are whole numbers below 2^24, exact in float32.
constexpr std::int64_t most_integer_terms = (1 << 24) / (128 * 127);

}  // namespace

FrameworkModel::FrameworkModel(const Model& model, const FrameworkNumbers& numbers)
    : layers_(model.layers), storage_(numbers.storage) {
  const kernels::Arithmetic& arithmetic = kernels::framework_arithmetic(storage_);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& l = layers_[i];
    if (l.kind == LayerKind::mean_pool) continue;
    if (l.kind == LayerKind::embedding) {
      const auto table = model.parameter(l.name + ".weight").as<const float>();
      table_.assign(table.begin(), table.end());
      kernels::arith::store(storage_, table_);
      continue;
    }
    const auto p = layer_parameters(model, l);
    std::vector<float> w;
    std::vector<double> bias(at(l.out)), scale;
    double input_scale = 0;
    const std::int64_t k = l.in * l.kernel;
    if (numbers.ranges.empty()) {
      p->format = numbers.weights;
      for (const double v : arithmetic.weights(*p, 1, 1)) w.push_back(static_cast<float>(v));
      for (std::size_t c = 0; c < bias.size(); ++c)
        bias[c] = arithmetic.constant(static_cast<double>(p->bias[c]));
    } else {
      ANE_CHECK(k <= most_integer_terms, "sums that float32 holds exactly");
      const QuantisedLayer q = quantise_layer(*p, numbers.ranges.at(i));
      input_scale = q.input_scale;
      w.resize(q.parameters.codes.size());
      for (std::int64_t c = 0; c < l.out; ++c) {
        for (std::int64_t j = 0; j < l.in; ++j)
          for (std::int64_t x = 0; x < l.kernel; ++x)
            w[at(c * k + x * l.in + j)] = q.parameters.codes[at((c * l.in + j) * l.kernel + x)];
        bias[at(c)] = q.parameters.bias8[at(c)];
        scale.push_back(static_cast<double>(kernels::arith::to_float(q.parameters.scale[at(c)])));
      }
    }
    products_.emplace(l.name,
                      Product{{w.data(), l.out, k, k, 1}, bias, std::move(scale), input_scale});
  }
}

FrameworkModel::Matrix FrameworkModel::load(const Tensor& encoded) const {
  const std::int64_t n = encoded.shape[0];
  const Layer& first = layers_[0];
  const std::int64_t positions = first.kind == LayerKind::dense ? 1 : first.positions_in;
  if (encoded.format == Format::i32) {
    Matrix x(at(first.out * n * positions));
    const auto tokens = encoded.as<const std::int32_t>();
    for (std::int64_t i = 0; i < n * positions; ++i)
      for (std::int64_t d = 0; d < first.out; ++d)
        x[at(d * n * positions + i)] = table_[at(tokens[at(i)] * first.out + d)];
    return x;
  }
  Matrix x(at(first.in * n * positions));
  const auto from = encoded.as<const float>();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t c = 0; c < first.in; ++c)
      for (std::int64_t p = 0; p < positions; ++p)
        x[at((c * n + i) * positions + p)] = from[at((i * first.in + c) * positions + p)];
  kernels::arith::store(storage_, x);
  return x;
}

FrameworkModel::Matrix FrameworkModel::gather(const Layer& l, const Matrix& x,
                                              std::int64_t n) const {
  Matrix rows(at(l.kernel * l.in * n * l.positions_out));
  auto to = rows.begin();
  for (std::int64_t k = 0; k < l.kernel; ++k)
    for (std::int64_t c = 0; c < l.in; ++c)
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t p = 0; p < l.positions_out; ++p)
          *to++ = x[at((c * n + i) * l.positions_in + p * l.stride + k)];
  return rows;
}

FrameworkModel::Matrix FrameworkModel::product(const Layer& l, const Product& p, Matrix x,
                                               std::int64_t pixels) const {
  if (!p.scale.empty())
    for (float& v : x)
      v = static_cast<float>(
          std::clamp(std::nearbyint(static_cast<double>(v) / p.input_scale), -128.0, 127.0));
  Matrix y(at(l.out * pixels));
  fp32_mac(p.weights, {.pixels = pixels,
                       .x = x.data(),
                       .x_stride = pixels,
                       .bias = nullptr,
                       .y = y.data(),
                       .y_stride = pixels});
  for (std::int64_t c = 0; c < l.out; ++c)
    for (std::int64_t i = 0; i < pixels; ++i) {
      float& v = y[at(c * pixels + i)];
      const double bias = p.bias[at(c)];
      v = p.scale.empty() ? to_storage(storage_, v + static_cast<float>(bias))
                          : static_cast<float>((static_cast<double>(v) + bias) * p.scale[at(c)]);
      if (l.relu) v = v <= 0 ? 0.0F : v;
    }
  return y;
}

FrameworkModel::Matrix FrameworkModel::mean(const Layer& l, const Matrix& x, std::int64_t n) const {
  Matrix y(at(l.out * n));
  for (std::size_t i = 0; i < y.size(); ++i) {
    float sum = 0;
    for (std::int64_t p = 0; p < l.positions_in; ++p) sum += x[i * at(l.positions_in) + at(p)];
    y[i] = to_storage(storage_, sum / static_cast<float>(l.positions_in));
  }
  return y;
}

Tensor FrameworkModel::forward(const Tensor& encoded) const {
  const std::int64_t n = encoded.shape[0];
  Matrix x = load(encoded);
  for (const Layer& l : layers_) {
    if (l.kind == LayerKind::embedding) continue;  // done while loading
    if (l.kind == LayerKind::mean_pool) {
      x = mean(l, x, n);
      continue;
    }
    if (l.kind == LayerKind::conv1d) x = gather(l, x, n);
    x = product(l, products_.at(l.name), std::move(x), n * l.positions_out);
  }
  Tensor out(Format::fp32, {n, layers_.back().out});
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t h = 0; h < layers_.back().out; ++h)
      out.as<float>()[at(i * layers_.back().out + h)] = x[at(h * n + i)];
  return out;
}

}  // namespace ane::workloads::readqc
