// Positions are rows: an activation of C channels at L positions of n reads is a matrix
// [n * L, C], so that a convolution is one product with the rows gathered (im2col).
#include "workloads/readqc/network.h"

#include <Eigen/Core>
#include <algorithm>

#include "isa/error.h"

namespace ane::workloads::readqc {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Matrix<float, 1, Eigen::Dynamic>;
using ConstMatrix = Eigen::Map<const Matrix>;

std::int64_t fan_in(const Layer& l) {
  return l.in * l.kernel;
}
bool has_bias(const Layer& l) {
  return l.kind == LayerKind::dense || l.kind == LayerKind::conv1d;
}
std::int64_t weight_count(const Layer& l) {
  switch (l.kind) {
    case LayerKind::dense:
    case LayerKind::conv1d:
      return fan_in(l) * l.out;
    case LayerKind::embedding:
      return l.in * l.out;
    case LayerKind::mean_pool:
      return 0;
  }
  ANE_CHECK(false, "a layer of the list");
}
std::int64_t parameter_count(const Layer& l) {
  return weight_count(l) + (has_bias(l) ? l.out : 0);
}

// Calls f(flat index, model index) for each weight of a layer.
template <class F>
void for_each_weight(const Layer& l, F f) {
  std::size_t flat = 0;
  if (l.kind != LayerKind::conv1d) {
    for (; flat < static_cast<std::size_t>(weight_count(l)); ++flat) f(flat, flat);
    return;
  }
  for (std::int64_t o = 0; o < l.out; ++o)
    for (std::int64_t k = 0; k < l.kernel; ++k)
      for (std::int64_t i = 0; i < l.in; ++i)
        f(flat++, static_cast<std::size_t>((o * l.in + i) * l.kernel + k));
}

// What a layer keeps from forward for backward.
struct State {
  Matrix input;   // gathered rows of a convolution; the input of a dense layer
  Matrix output;  // after ReLU
  Matrix gradient;
  std::size_t first_parameter = 0;
};

}  // namespace

std::vector<float> flatten(const Model& model) {
  std::vector<float> flat;
  for (const Layer& l : model.layers) {
    const std::size_t start = flat.size();
    flat.resize(start + static_cast<std::size_t>(parameter_count(l)));
    if (l.kind == LayerKind::mean_pool) continue;
    const auto w = model.parameter(l.name + ".weight").as<float>();
    for_each_weight(l, [&](std::size_t to, std::size_t from) { flat[start + to] = w[from]; });
    if (!has_bias(l)) continue;
    const auto b = model.parameter(l.name + ".bias").as<float>();
    std::copy(b.begin(), b.end(), flat.end() - static_cast<std::ptrdiff_t>(b.size()));
  }
  return flat;
}

void unflatten(std::span<const float> flat, Model& model) {
  for (const Layer& l : model.layers) {
    if (l.kind == LayerKind::mean_pool) continue;
    const auto w = model.parameters.at(l.name + ".weight").as<float>();
    for_each_weight(l, [&](std::size_t from, std::size_t to) { w[to] = flat[from]; });
    flat = flat.subspan(static_cast<std::size_t>(weight_count(l)));
    if (!has_bias(l)) continue;
    const auto b = model.parameters.at(l.name + ".bias").as<float>();
    std::copy_n(flat.begin(), b.size(), b.begin());
    flat = flat.subspan(b.size());
  }
  ANE_CHECK(flat.empty(), "as many parameters as the model has");
}

struct Network::Impl {
  std::vector<Layer> layers;
  std::vector<State> states;
  std::int64_t reads = 0;
  std::vector<std::int32_t> tokens;

  ConstMatrix weight(std::size_t i, std::span<const float> p) const {
    const Layer& l = layers[i];
    return {p.data() + states[i].first_parameter, l.out, fan_in(l)};
  }
  std::size_t bias_at(std::size_t i) const {
    return states[i].first_parameter + static_cast<std::size_t>(weight_count(layers[i]));
  }

  Matrix load(const kernels::Tensor& input) {
    reads = input.shape[0];
    const Layer& first = layers[0];
    if (first.kind == LayerKind::embedding) {
      const auto t = input.as<std::int32_t>();
      tokens.assign(t.begin(), t.end());
      return {};
    }
    const float* x = input.as<float>().data();
    if (first.kind == LayerKind::dense) return ConstMatrix(x, reads, first.in);
    Matrix rows(reads * first.positions_in, first.in);  // [n, C, L] -> [n * L, C]
    for (std::int64_t n = 0; n < reads; ++n)
      rows.middleRows(n * first.positions_in, first.positions_in) =
          ConstMatrix(x + n * first.in * first.positions_in, first.in, first.positions_in)
              .transpose();
    return rows;
  }

  void gather(const Layer& l, const Matrix& x, Matrix& rows) const {
    rows.resize(reads * l.positions_out, fan_in(l));
    for (std::int64_t n = 0; n < reads; ++n)
      for (std::int64_t p = 0; p < l.positions_out; ++p)
        std::copy_n(x.data() + (n * l.positions_in + p * l.stride) * l.in, fan_in(l),
                    rows.data() + (n * l.positions_out + p) * fan_in(l));
  }

  void product(std::size_t i, std::span<const float> p) {
    State& s = states[i];
    s.output.noalias() = s.input * weight(i, p).transpose();
    s.output.rowwise() += Eigen::Map<const Row>(p.data() + bias_at(i), layers[i].out);
    if (layers[i].relu) s.output = s.output.cwiseMax(0.0F);
  }

  // Mean of the embedding rows of each read's tokens; the embedding layer itself keeps nothing.
  void embed(std::size_t i, std::span<const float> p) {
    const Layer& l = layers[i];
    Matrix& pooled = states[i + 1].output;
    pooled.setZero(reads, l.out);
    const ConstMatrix table(p.data() + states[i].first_parameter, l.in, l.out);
    for (std::int64_t n = 0; n < reads; ++n)
      for (std::int64_t t = 0; t < l.positions_in; ++t)
        pooled.row(n) += table.row(tokens[static_cast<std::size_t>(n * l.positions_in + t)]);
    pooled *= 1.0F / static_cast<float>(l.positions_in);
  }

  void pool(std::size_t i, const Matrix& x) {
    const std::int64_t positions = layers[i].positions_in;
    Matrix& y = states[i].output;
    y.resize(reads, layers[i].out);
    for (std::int64_t n = 0; n < reads; ++n)
      y.row(n) = x.middleRows(n * positions, positions).colwise().mean();
  }

  // The gradient of layer i's input goes to layer i - 1, where there is one to take it.
  void product_back(std::size_t i, std::span<const float> p, std::span<float> gradient) {
    const Layer& l = layers[i];
    State& s = states[i];
    if (l.relu) s.gradient = (s.output.array() > 0.0F).select(s.gradient, 0.0F);
    Eigen::Map<Matrix>(gradient.data() + s.first_parameter, l.out, fan_in(l)).noalias() +=
        s.gradient.transpose() * s.input;
    Eigen::Map<Row>(gradient.data() + bias_at(i), l.out) += s.gradient.colwise().sum();
    if (i == 0) return;
    Matrix& before = states[i - 1].gradient;
    if (l.kind == LayerKind::dense) {
      before.noalias() = s.gradient * weight(i, p);
      return;
    }
    const Matrix rows = s.gradient * weight(i, p);
    before.setZero(reads * l.positions_in, l.in);
    for (std::int64_t n = 0; n < reads; ++n)
      for (std::int64_t at = 0; at < l.positions_out; ++at)
        Eigen::Map<Row>(before.data() + (n * l.positions_in + at * l.stride) * l.in, fan_in(l)) +=
            rows.row(n * l.positions_out + at);
  }

  void pool_back(std::size_t i) {
    const std::int64_t positions = layers[i].positions_in;
    const float share = 1.0F / static_cast<float>(positions);
    Matrix& before = states[i - 1].gradient;
    before.resize(reads * positions, layers[i].in);
    for (std::int64_t n = 0; n < reads; ++n)
      before.middleRows(n * positions, positions).rowwise() = states[i].gradient.row(n) * share;
  }

  void embed_back(std::size_t i, std::span<float> gradient) {
    const Layer& l = layers[i];
    const Matrix scaled = states[i + 1].gradient * (1.0F / static_cast<float>(l.positions_in));
    Eigen::Map<Matrix> table(gradient.data() + states[i].first_parameter, l.in, l.out);
    for (std::int64_t n = 0; n < reads; ++n)
      for (std::int64_t t = 0; t < l.positions_in; ++t)
        table.row(tokens[static_cast<std::size_t>(n * l.positions_in + t)]) += scaled.row(n);
  }
};

Network::Network(const Model& model) : impl_(std::make_unique<Impl>()) {
  impl_->layers = model.layers;
  impl_->states.resize(model.layers.size());
  std::size_t at = 0;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& l = model.layers[i];
    ANE_CHECK(l.kind != LayerKind::embedding || (i == 0 && model.layers.size() > 1 &&
                                                 model.layers[1].kind == LayerKind::mean_pool),
              "an embedding is first and pooled");
    impl_->states[i].first_parameter = at;
    at += static_cast<std::size_t>(parameter_count(l));
  }
}
Network::~Network() = default;
Network::Network(Network&&) noexcept = default;

std::span<const float> Network::forward(std::span<const float> parameters,
                                        const kernels::Tensor& input) {
  Impl& s = *impl_;
  Matrix x = s.load(input);
  for (std::size_t i = 0; i < s.layers.size(); ++i) {
    const Matrix& from = i == 0 ? x : s.states[i - 1].output;
    switch (s.layers[i].kind) {
      case LayerKind::dense:
        s.states[i].input = from;
        s.product(i, parameters);
        break;
      case LayerKind::conv1d:
        s.gather(s.layers[i], from, s.states[i].input);
        s.product(i, parameters);
        break;
      case LayerKind::embedding:
        s.embed(i, parameters);
        ++i;  // the pooling is done with it
        break;
      case LayerKind::mean_pool:
        s.pool(i, from);
        break;
    }
  }
  const Matrix& y = s.states.back().output;
  return {y.data(), static_cast<std::size_t>(y.size())};
}

void Network::backward(std::span<const float> parameters, std::span<const float> output_gradient,
                       std::span<float> gradient) {
  Impl& s = *impl_;
  s.states.back().gradient = ConstMatrix(output_gradient.data(), s.reads, s.layers.back().out);
  for (std::size_t i = s.layers.size(); i-- > 0;) {
    switch (s.layers[i].kind) {
      case LayerKind::dense:
      case LayerKind::conv1d:
        s.product_back(i, parameters, gradient);
        break;
      case LayerKind::embedding:
        s.embed_back(i, gradient);
        break;
      case LayerKind::mean_pool:
        if (s.layers[i - 1].kind != LayerKind::embedding) s.pool_back(i);
        break;
    }
  }
}

void accumulate(std::span<const float> from, std::span<float> into) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] += from[i];
}

Adam::Adam(std::vector<float> decays)
    : decays_(std::move(decays)), first_moment_(decays_.size()), second_moment_(decays_.size()) {}

void Adam::step(float rate, float decay, std::span<const float> gradient,
                std::span<float> parameters) {
  constexpr float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F;
  power1_ *= beta1;
  power2_ *= beta2;
  const float scale1 = 1.0F / (1.0F - power1_), scale2 = 1.0F / (1.0F - power2_);
  const auto n = static_cast<Eigen::Index>(parameters.size());
  using Array = Eigen::Map<Eigen::ArrayXf>;
  const Eigen::Map<const Eigen::ArrayXf> g(gradient.data(), n), decays(decays_.data(), n);
  Array m(first_moment_.data(), n), v(second_moment_.data(), n), p(parameters.data(), n);
  m = beta1 * m + (1.0F - beta1) * g;
  v = beta2 * v + (1.0F - beta2) * g * g;
  p -= rate * (decay * decays * p + scale1 * m / ((scale2 * v).sqrt() + epsilon));
}

kernels::Tensor forward(const Model& model, const kernels::Tensor& input) {
  kernels::Shape expected = input_shape(model.encoding);
  expected.insert(expected.begin(), input.shape.empty() ? 0 : input.shape[0]);
  ANE_CHECK(input.shape == expected, "inputs as the model's encoding gives them");
  const std::vector<float> parameters = flatten(model);
  Network network(model);
  kernels::Tensor out(isa::Format::fp32,
                      {input.shape[0], static_cast<std::int64_t>(model.heads.size())});
  const auto y = network.forward(parameters, input);
  std::copy(y.begin(), y.end(), out.as<float>().begin());
  return out;
}

kernels::Tensor forward(const Model& model, const ReadBatch& reads, std::int64_t first,
                        std::int64_t count) {
  constexpr std::int64_t slice = 512;  // bounds the memory of the intermediate values
  const std::vector<float> parameters = flatten(model);
  Network network(model);
  const auto heads = static_cast<std::int64_t>(model.heads.size());
  kernels::Tensor out(isa::Format::fp32, {count, heads});
  for (std::int64_t at = 0; at < count; at += slice) {
    const std::int64_t n = std::min(slice, count - at);
    const auto y = network.forward(parameters, encode(reads, model.encoding, first + at, n));
    std::copy(y.begin(), y.end(), out.as<float>().begin() + at * heads);
  }
  return out;
}

kernels::Tensor forward(const Model& model, const ReadBatch& reads) {
  return forward(model, reads, 0, reads.size());
}

}  // namespace ane::workloads::readqc
