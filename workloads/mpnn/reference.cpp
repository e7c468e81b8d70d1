#include "workloads/mpnn/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isa/error.h"
#include "workloads/mpnn/dense.h"
#include "workloads/mpnn/graph/decoder.h"

namespace ane::workloads::mpnn {
namespace {

// Residues are taken in groups of about this many pairs, so that a group's values stay in cache.
constexpr std::int64_t rows_per_group = 288;

struct EncoderProducts {
  Message message, edge;
  FeedForward feed_forward;
  EncoderProducts(const EncoderLayer& l, std::int64_t h, const FrameworkNumbers& numbers,
                  const std::string& name)
      : message(l.W1, l.W2, l.W3, h, numbers, name + "W"),
        edge(l.W11, l.W12, l.W13, h, numbers, name + "W", 11),
        feed_forward(l.ff_in, l.ff_out, numbers, name + "dense.") {}
};

}  // namespace

struct Reference::Impl {
  const Weights& weights;
  ReferenceOptions options;
  Product edge_embedding, W_e;
  std::vector<EncoderProducts> encoder;
  Decoder decoder;

  Impl(const Weights& w, ReferenceOptions o)
      : weights(w),
        options(std::move(o)),
        edge_embedding(w.edge_embedding, options.numbers, "features.edge_embedding"),
        W_e(w.W_e, options.numbers, "W_e"),
        decoder(w, options) {
    for (const EncoderLayer& l : w.encoder)
      encoder.emplace_back(l, w.spec.hidden, options.numbers,
                           fmt::format("encoder_layers.{}.", encoder.size()));
  }

  Storage storage() const { return options.numbers.storage; }
  float kept(float v) const { return kernels::arith::to_storage(storage(), v); }

  void observe(const std::string& stage, std::span<const float> values) const {
    if (options.observe) options.observe(stage, values);
  }

  void observe_input(const std::string& layer, std::span<const float> values) const {
    if (options.observe_inputs) options.observe_inputs(layer, values);
  }

  std::int64_t group(std::int64_t k) const { return std::max<std::int64_t>(1, rows_per_group / k); }

  void embed(Encoded& e) const {
    const std::int64_t length = e.neighbours.length, k = e.neighbours.k, h = weights.spec.hidden;
    e.hE.resize(static_cast<std::size_t>(length * k * h));
    std::vector<float> inputs, normed, all_normed;
    for (std::int64_t i = 0; i < length; i += group(k)) {
      const std::int64_t count = std::min(group(k), length - i), rows = count * k;
      inputs.resize(static_cast<std::size_t>(rows * edge_inputs));
      normed.resize(static_cast<std::size_t>(rows * h));
      edge_features(e.input, e.neighbours, weights, i, count, inputs);
      observe_input("features.edge_embedding", inputs);
      kernels::arith::store(storage(), inputs);
      edge_embedding(inputs.data(), rows, normed.data());
      layer_norm(normed, weights.norm_edges, storage());
      if (options.observe) all_normed.insert(all_normed.end(), normed.begin(), normed.end());
      observe_input("W_e", normed);
      W_e(normed.data(), rows, e.hE.data() + i * k * h);
    }
    observe("E_norm", all_normed);
    observe("hE_0", e.hE);
  }

  // Runs one message network over all pairs; take(residue, [k, hidden]) receives its answers.
  // first: the number of its first layer, 1 or 11.
  template <class Take>
  void messages(std::size_t layer, int first, const Message& net, const Encoded& e,
                Take take) const {
    const auto named = [&](int w) { return fmt::format("encoder_layers.{}.W{}", layer, w); };
    observe_input(named(first) + ".own", e.hV);
    observe_input(named(first) + ".other", e.hV);
    observe_input(named(first) + ".edge", e.hE);
    // Whole, it takes all three at once.
    observe_input(named(first), e.hV);
    observe_input(named(first), e.hE);
    const std::int64_t length = e.neighbours.length, k = e.neighbours.k, h = weights.spec.hidden;
    std::vector<float> own, other, x, y;
    if (options.factored) {
      own.resize(e.hV.size()), other.resize(e.hV.size());
      net.own(e.hV.data(), length, own.data());
      net.other(e.hV.data(), length, other.data());
    }
    for (std::int64_t i = 0; i < length; i += group(k)) {
      const std::int64_t count = std::min(group(k), length - i), rows = count * k;
      y.resize(static_cast<std::size_t>(rows * h));
      if (options.factored) {
        net.edge(e.hE.data() + i * k * h, rows, y.data());
      } else {
        x.resize(static_cast<std::size_t>(rows * 3 * h));
      }
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t self = i + r / k;
        const std::int64_t j = e.neighbours.index[static_cast<std::size_t>(i * k + r)];
        if (options.factored) {
          for (std::int64_t c = 0; c < h; ++c) {
            float& v = y[static_cast<std::size_t>(r * h + c)];
            v = kept(kept(own[static_cast<std::size_t>(self * h + c)] + v) +
                     other[static_cast<std::size_t>(j * h + c)]);
          }
          continue;
        }
        float* to = x.data() + r * 3 * h;
        std::copy_n(e.hV.data() + self * h, h, to);
        std::copy_n(e.hE.data() + (i * k + r) * h, h, to + h);
        std::copy_n(e.hV.data() + j * h, h, to + 2 * h);
      }
      if (!options.factored) net.whole(x.data(), rows, y.data());
      net.rest(y, rows, [&](int w, std::span<const float> values) {
        observe_input(named(first - 1 + w), values);
      });
      for (std::int64_t s = 0; s < count; ++s) take(i + s, y.data() + s * k * h);
    }
  }

  void encoder_layer(std::size_t n, Encoded& e) const {
    const EncoderProducts& p = encoder[n];
    const EncoderLayer& l = weights.encoder[n];
    const std::int64_t length = e.neighbours.length, k = e.neighbours.k, h = weights.spec.hidden;
    std::vector<float> next = e.hV;
    messages(n, 1, p.message, e, [&](std::int64_t i, const float* m) {
      std::vector<float> sum(static_cast<std::size_t>(h), 0.0f);
      for (std::int64_t s = 0; s < k; ++s) {
        const auto slot = static_cast<std::size_t>(i * k + s);
        const auto j = static_cast<std::size_t>(e.neighbours.index[slot]);
        const float mask =
            e.input.mask[static_cast<std::size_t>(i)] * e.input.mask[j] * e.neighbours.valid[slot];
        for (std::int64_t c = 0; c < h; ++c)
          sum[static_cast<std::size_t>(c)] += mask * m[s * h + c];
      }
      for (std::int64_t c = 0; c < h; ++c) {
        float& v = next[static_cast<std::size_t>(i * h + c)];
        v = kept(v + kept(kept(sum[static_cast<std::size_t>(c)]) / message_scale));
      }
    });
    layer_norm(next, l.norm1, storage());
    const std::string name = fmt::format("encoder_layers.{}.dense.", n);
    observe_input(name + "W_in", next);
    p.feed_forward.add(next, length, [&](std::span<const float> values) {
      observe_input(name + "W_out", values);
    });
    layer_norm(next, l.norm2, storage());
    for (std::int64_t i = 0; i < length; ++i)
      for (std::int64_t c = 0; c < h; ++c)
        next[static_cast<std::size_t>(i * h + c)] *= e.input.mask[static_cast<std::size_t>(i)];
    e.hV = std::move(next);
    observe(fmt::format("enc{}_hV", n), e.hV);
    messages(n, 11, p.edge, e, [&](std::int64_t i, const float* m) {
      const std::span<float> row(e.hE.data() + i * k * h, static_cast<std::size_t>(k * h));
      for (std::size_t c = 0; c < row.size(); ++c) row[c] = kept(row[c] + m[c]);
      layer_norm(row, l.norm3, storage());
    });
    observe(fmt::format("enc{}_hE", n), e.hE);
  }
};

Reference::Reference(const Weights& weights, ReferenceOptions options)
    : impl_(std::make_unique<Impl>(weights, std::move(options))) {}
Reference::~Reference() = default;

Encoded Reference::encode(const Input& input) const {
  if (input.real < 1) throw InputError("", "a protein without residues");
  const Weights& w = impl_->weights;
  Encoded e;
  e.input = input;
  e.neighbours = nearest(input, w.spec.neighbours, impl_->options.padding);
  impl_->embed(e);
  e.hV.assign(static_cast<std::size_t>(input.length() * w.spec.hidden), 0.0f);
  for (std::size_t n = 0; n < w.encoder.size(); ++n) impl_->encoder_layer(n, e);
  return e;
}

std::vector<float> Reference::score(const Encoded& e, std::span<const std::int32_t> sequence,
                                    std::span<const std::int32_t> order) const {
  return impl_->decoder.all(e, sequence, ranks_of(order, e.input.length()));
}

std::vector<float> Reference::unconditional(const Encoded& e) const {
  // Nobody is decoded before anybody: all ranks are equal.
  const std::vector<std::int32_t> ranks(static_cast<std::size_t>(e.input.length()), 0);
  return impl_->decoder.all(e, e.input.sequence, ranks);
}

std::vector<float> Reference::conditional(const Encoded& e, std::span<const std::int32_t> sequence,
                                          std::span<const std::int32_t> order,
                                          bool backbone_only) const {
  const std::vector<std::int32_t> base = ranks_of(order, e.input.length());
  std::vector<float> out(static_cast<std::size_t>(e.input.length() * vocabulary), 0.0f);
  for (std::int64_t i = 0; i < e.input.length(); ++i) {
    std::vector<std::int32_t> ranks = base;
    ranks[static_cast<std::size_t>(i)] =
        backbone_only ? -1 : static_cast<std::int32_t>(e.input.length());
    const std::vector<float> row = impl_->decoder.one(e, sequence, ranks, i);
    std::copy(row.begin(), row.end(), out.begin() + i * vocabulary);
  }
  return out;
}

std::map<std::string, float> calibrate(const Weights& weights, const std::vector<Input>& proteins) {
  std::map<std::string, float> ranges;
  ReferenceOptions options;
  options.observe_inputs = [&](const std::string& layer, std::span<const float> values) {
    float& most = ranges[layer];
    for (const float v : values) most = std::max(most, std::abs(v));
  };
  const Reference reference(weights, options);
  for (const Input& in : proteins) {
    std::vector<std::int32_t> order(in.mask.size());
    std::iota(order.begin(), order.end(), 0);
    reference.score(reference.encode(in), in.sequence, order);
  }
  return ranges;
}

Sample Reference::sample(const Encoded& e, const SampleOptions& options) const {
  return impl_->decoder.sample(e, options);
}

}  // namespace ane::workloads::mpnn
