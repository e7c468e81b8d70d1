// LSTM, GRU and RNN, step by step [ONNX operators, "LSTM", "GRU", "RNN"].
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isa/error.h"
#include "workloads/model/ops/families.h"
#include "workloads/model/ops/gemm.h"
#include "workloads/model/ops/sequences/unrolled.h"

namespace ane::workloads::model::ops {
namespace {

using I = std::int64_t;
using List = Wholes;
using Floats = Reals;

struct Activation {
  std::string name;
  float alpha = 0, beta = 0;
  float operator()(float x) const {
    if (name == "Sigmoid") return 1 / (1 + std::exp(-x));
    if (name == "Tanh") return std::tanh(x);
    if (name == "Relu") return std::max(x, 0.0F);
    if (name == "Affine") return alpha * x + beta;
    if (name == "LeakyRelu") return x < 0 ? alpha * x : x;
    if (name == "ThresholdedRelu") return x > alpha ? x : 0;
    if (name == "ScaledTanh") return alpha * std::tanh(beta * x);
    if (name == "HardSigmoid") return std::max(0.0F, std::min(1.0F, alpha * x + beta));
    if (name == "Elu") return x < 0 ? alpha * (std::exp(x) - 1) : x;
    if (name == "Softsign") return x / (1 + std::fabs(x));
    return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));  // Softplus
  }
};

struct Layer {
  I steps, batch, inputs, hidden, gates, directions;
  bool batch_first;
};

Layer layer_of(const Use& u, I gates) {
  u.require(u.rank(0) == 3 && u.rank(1) == 3 && u.rank(2) == 3,
            "takes sequences and weights of three axes");
  const bool first = u.integer("layout", 0) != 0;
  const Shape& x = u.shape(0);
  Layer l{.steps = x[first ? 1 : 0],
          .batch = x[first ? 0 : 1],
          .inputs = x[2],
          .hidden = u.shape(2)[2],
          .gates = gates,
          .directions = u.shape(1)[0],
          .batch_first = first};
  const I said = u.integer("hidden_size", l.hidden);
  const std::string direction = u.text("direction", "forward");
  u.require(said == l.hidden && u.shape(1)[1] == gates * l.hidden && u.shape(1)[2] == l.inputs &&
                u.shape(2)[0] == l.directions && u.shape(2)[1] == gates * l.hidden &&
                l.directions == (direction == "bidirectional" ? 2 : 1),
            "weights that do not fit the sequence");
  return l;
}

std::vector<Activation> activations_of(const Use& u, const Layer& l,
                                       const std::vector<std::string>& usual) {
  std::vector<Activation> all;
  const Attribute *names = u.attribute("activations"), *alphas = u.attribute("activation_alpha"),
                  *betas = u.attribute("activation_beta");
  static const std::vector<std::string> known{
      "Sigmoid",    "Tanh",        "Relu", "Affine",   "LeakyRelu", "ThresholdedRelu",
      "ScaledTanh", "HardSigmoid", "Elu",  "Softsign", "Softplus"};
  std::size_t with_alpha = 0, with_beta = 0;
  const std::size_t count = usual.size() * static_cast<std::size_t>(l.directions);
  for (std::size_t k = 0; k < count; ++k) {
    Activation a{names != nullptr && k < names->texts.size() ? names->texts[k]
                                                             : usual[k % usual.size()]};
    u.require(std::ranges::find(known, a.name) != known.end(),
              fmt::format("activation '{}' is not known", a.name));
    const bool takes_alpha =
        a.name != "Sigmoid" && a.name != "Tanh" && a.name != "Relu" && !a.name.starts_with("Soft");
    const bool takes_beta = a.name == "Affine" || a.name == "ScaledTanh" || a.name == "HardSigmoid";
    a.alpha = a.name == "HardSigmoid" ? 0.2F : a.name == "LeakyRelu" ? 0.01F : 1;
    a.beta = a.name == "HardSigmoid" ? 0.5F : a.name == "ScaledTanh" ? 1 : 0;
    if (takes_alpha && alphas != nullptr && with_alpha < alphas->reals.size())
      a.alpha = alphas->reals[with_alpha++];
    if (takes_beta && betas != nullptr && with_beta < betas->reals.size())
      a.beta = betas->reals[with_beta++];
    all.push_back(a);
  }
  return all;
}

// One direction of a layer: states of every step through `cell`, which gets the gates' sums.
template <class Cell>
void run(Use& u, const Layer& l, I direction, Floats& state, Array& all, Cell cell) {
  const bool backwards = direction == 1 || u.text("direction", "forward") == "reverse";
  List lengths(static_cast<std::size_t>(l.batch), l.steps);
  if (u.has(4)) lengths = u.integers(4);
  u.require(static_cast<I>(lengths.size()) == l.batch, "a length for each sequence");
  const Floats& x = u.reals(0);
  for (I b = 0; b < l.batch; ++b) {
    const I length = std::clamp<I>(lengths[static_cast<std::size_t>(b)], 0, l.steps);
    for (I s = 0; s < length; ++s) {
      const I t = backwards ? length - 1 - s : s;
      const float* in = x.data() + (l.batch_first ? b * l.steps + t : t * l.batch + b) * l.inputs;
      float* h = state.data() + b * l.hidden;
      cell(b, in, h);
      const I at = l.batch_first ? ((b * l.steps + t) * l.directions + direction) * l.hidden
                                 : ((t * l.directions + direction) * l.batch + b) * l.hidden;
      std::copy(h, h + l.hidden, all.f.begin() + at);
    }
  }
}

Floats initial(Use& u, std::size_t operand, const Layer& l, I direction) {
  Floats s(static_cast<std::size_t>(l.batch * l.hidden), 0);
  if (!u.has(operand)) return s;
  const Floats& given = u.reals(operand);
  u.require(static_cast<I>(given.size()) == l.directions * l.batch * l.hidden,
            "a first state of another size");
  for (I b = 0; b < l.batch; ++b)
    for (I k = 0; k < l.hidden; ++k)
      s[static_cast<std::size_t>(b * l.hidden + k)] = given[static_cast<std::size_t>(
          (l.batch_first ? b * l.directions + direction : direction * l.batch + b) * l.hidden + k)];
  return s;
}

void give(Array* to, const Layer& l, I direction, const Floats& state) {
  if (to == nullptr) return;
  for (I b = 0; b < l.batch; ++b)
    std::copy_n(
        state.begin() + b * l.hidden, l.hidden,
        to->f.begin() +
            (l.batch_first ? b * l.directions + direction : direction * l.batch + b) * l.hidden);
}

Shape all_states(const Layer& l) {
  return l.batch_first ? Shape{l.batch, l.steps, l.directions, l.hidden}
                       : Shape{l.steps, l.directions, l.batch, l.hidden};
}
Shape last_states(const Layer& l) {
  return l.batch_first ? Shape{l.batch, l.directions, l.hidden}
                       : Shape{l.directions, l.batch, l.hidden};
}

// W x + R h + both biases, gate after gate.
struct Weights {
  const float *w, *r;
  Floats wb, rb;
};
Weights weights_of(Use& u, const Layer& l, I direction) {
  const I rows = l.gates * l.hidden;
  Weights p{u.reals(1).data() + direction * rows * l.inputs,
            u.reals(2).data() + direction * rows * l.hidden,
            Floats(static_cast<std::size_t>(rows), 0), Floats(static_cast<std::size_t>(rows), 0)};
  if (u.has(3)) {
    const Floats& b = u.reals(3);
    u.require(static_cast<I>(b.size()) == 2 * rows * l.directions, "biases of another size");
    p.wb.assign(b.begin() + direction * 2 * rows, b.begin() + direction * 2 * rows + rows);
    p.rb.assign(b.begin() + direction * 2 * rows + rows, b.begin() + (direction + 1) * 2 * rows);
  }
  return p;
}
void add_products(const float* m, const float* x, I rows, I columns, float* y) {
  gemm(m, x, y, rows, 1, columns);
}

float clipped(float x, float bound) {
  return bound > 0 ? std::clamp(x, -bound, bound) : x;
}

void lstm(Use& u) {
  const Layer l = layer_of(u, 4);
  Array *y = u.out(0, u.dtype(0), all_states(l)), *last = u.out(1, u.dtype(0), last_states(l)),
        *cells = u.out(2, u.dtype(0), last_states(l));
  const std::vector<Activation> f = activations_of(u, l, {"Sigmoid", "Tanh", "Tanh"});
  if (y == nullptr) return;
  const float bound = u.real("clip", 0);
  const I n = l.hidden;
  for (I d = 0; d < l.directions; ++d) {
    const Weights p = weights_of(u, l, d);
    Floats peep(static_cast<std::size_t>(3 * n), 0);
    if (u.has(7)) {
      u.require(static_cast<I>(u.reals(7).size()) == 3 * n * l.directions,
                "peepholes of another size");
      peep.assign(u.reals(7).begin() + d * 3 * n, u.reals(7).begin() + (d + 1) * 3 * n);
    }
    Floats h = initial(u, 5, l, d), c = initial(u, 6, l, d), sum(static_cast<std::size_t>(4 * n));
    const Activation* a = f.data() + d * 3;
    run(u, l, d, h, *y, [&](I b, const float* in, float* state) {
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = p.wb[k] + p.rb[k];
      add_products(p.w, in, 4 * n, l.inputs, sum.data());
      add_products(p.r, state, 4 * n, n, sum.data());
      for (I k = 0; k < n; ++k) {  // gates i, o, f, c
        const auto i = static_cast<std::size_t>(k), w = static_cast<std::size_t>(n);
        float& cell = c[static_cast<std::size_t>(b * n + k)];
        const float in_gate = a[0](clipped(sum[i] + peep[i] * cell, bound));
        const float forget = a[0](clipped(sum[2 * w + i] + peep[2 * w + i] * cell, bound));
        cell = forget * cell + in_gate * a[1](clipped(sum[3 * w + i], bound));
        const float out = a[0](clipped(sum[w + i] + peep[w + i] * cell, bound));
        state[k] = out * a[2](cell);
      }
    });
    give(last, l, d, h);
    give(cells, l, d, c);
  }
}

void gru(Use& u) {
  const Layer l = layer_of(u, 3);
  Array *y = u.out(0, u.dtype(0), all_states(l)), *last = u.out(1, u.dtype(0), last_states(l));
  const std::vector<Activation> f = activations_of(u, l, {"Sigmoid", "Tanh"});
  if (y == nullptr) return;
  const float bound = u.real("clip", 0);
  const bool after = u.integer("linear_before_reset", 0) != 0;
  const I n = l.hidden;
  for (I d = 0; d < l.directions; ++d) {
    const Weights p = weights_of(u, l, d);
    Floats h = initial(u, 5, l, d), x(static_cast<std::size_t>(3 * n)),
           r(static_cast<std::size_t>(3 * n)), reset(static_cast<std::size_t>(n));
    const Activation* a = f.data() + d * 2;
    run(u, l, d, h, *y, [&](I, const float* in, float* state) {
      x = p.wb, r = p.rb;
      add_products(p.w, in, 3 * n, l.inputs, x.data());
      add_products(p.r, state, (after ? 3 : 2) * n, n, r.data());
      const auto w = static_cast<std::size_t>(n);
      for (std::size_t k = 0; k < w; ++k) reset[k] = a[0](clipped(x[w + k] + r[w + k], bound));
      if (!after) {
        Floats gated(w);
        for (std::size_t k = 0; k < w; ++k) gated[k] = reset[k] * state[k];
        add_products(p.r + 2 * n * n, gated.data(), n, n, r.data() + 2 * n);
      }
      for (std::size_t k = 0; k < w; ++k) {
        const float z = a[0](clipped(x[k] + r[k], bound));
        const float fresh =
            a[1](clipped(x[2 * w + k] + (after ? reset[k] : 1) * r[2 * w + k], bound));
        state[k] = (1 - z) * fresh + z * state[k];
      }
    });
    give(last, l, d, h);
  }
}

void rnn(Use& u) {
  const Layer l = layer_of(u, 1);
  Array *y = u.out(0, u.dtype(0), all_states(l)), *last = u.out(1, u.dtype(0), last_states(l));
  const std::vector<Activation> f = activations_of(u, l, {"Tanh"});
  if (y == nullptr) return;
  const float bound = u.real("clip", 0);
  const I n = l.hidden;
  for (I d = 0; d < l.directions; ++d) {
    const Weights p = weights_of(u, l, d);
    Floats h = initial(u, 5, l, d), sum(static_cast<std::size_t>(n));
    run(u, l, d, h, *y, [&](I, const float* in, float* state) {
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] = p.wb[k] + p.rb[k];
      add_products(p.w, in, n, l.inputs, sum.data());
      add_products(p.r, state, n, n, sum.data());
      for (I k = 0; k < n; ++k)
        state[k] = f[static_cast<std::size_t>(d)](clipped(sum[static_cast<std::size_t>(k)], bound));
    });
    give(last, l, d, h);
  }
}

// A product for all inputs and one a step for the states, one behind the other.
kernels::Work work(const Use& u) {
  const Shape &x = u.shape(0), &w = u.shape(1), &r = u.shape(2);
  const bool first = u.integer("layout", 0) != 0;
  const I batch = x[first ? 0 : 1], steps = x[first ? 1 : 0];
  const I macs = w[0] * w[1] * (w[2] + r[2]);
  kernels::Work k{.kind = kernels::WorkKind::gemm, .macs = Macs{batch * macs}};
  k.other_flops = batch * w[0] * w[1] * 10;
  k.read = Bytes{batch * (x[2] + r[2] * w[0])};
  k.written = Bytes{batch * r[2] * w[0]};
  k.weights = Bytes{macs};
  k.m = batch, k.n = w[1] * w[0], k.k = w[2] + r[2];
  k.count = std::max<I>(1, steps);
  k.bias = u.has(3);
  return k;
}

}  // namespace

Family recurrent() {
  const std::vector<Rule> steps{reals("activation_alpha"),
                                reals("activation_beta"),
                                texts("activations"),
                                real("clip"),
                                text("direction", "forward reverse bidirectional"),
                                whole("hidden_size", 1),
                                flag("layout").from(14)};
  static const std::vector<Operator> all{
      {.name = "LSTM",
       .since = 7,
       .run = lstm,
       .takes = takes(3, 8).with(steps).with({only("input_forget", 0)}),
       .work = work,
       .map = map_recurrent,
       .mapped_wholes = WholeNumbers::all},
      {.name = "GRU",
       .since = 7,
       .run = gru,
       .takes = takes(3, 6).with(steps).with({flag("linear_before_reset")}),
       .work = work,
       .map = map_recurrent,
       .mapped_wholes = WholeNumbers::all},
      {.name = "RNN",
       .since = 7,
       .run = rnn,
       .takes = takes(3, 6).with(steps),
       .work = work,
       .map = map_recurrent,
       .mapped_wholes = WholeNumbers::all},
  };
  return all;
}

}  // namespace ane::workloads::model::ops
