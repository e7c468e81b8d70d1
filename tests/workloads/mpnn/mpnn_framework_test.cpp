// ProteinMPNN as a framework computes it in short formats [H1]-[H4]: the reference's fast path
// against the network written down once more, one number at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "mpnn_data.h"
#include "workloads/graph/quantise.h"
#include "workloads/mpnn/reference.h"

namespace ane::workloads::mpnn {
namespace {

using Row = std::vector<float>;

class Scalar {
 public:
  Scalar(const Weights& w, const FrameworkNumbers& n) : w_(w), n_(n) {}

  float kept(float x) const { return kernels::arith::stored(n_.storage, x); }

  Row linear(const Linear& l, const std::string& name, const Row& x) const {
    kernels::Parameters p;
    p.cout = l.out, p.cin = l.in, p.format = n_.weights, p.weights = l.weight, p.bias = l.bias;
    Row y(static_cast<std::size_t>(l.out));
    const auto k = static_cast<std::size_t>(l.in);
    if (const auto range = n_.ranges.find(name); range != n_.ranges.end()) {
      const QuantisedLayer q = quantise_layer(p, range->second);
      for (std::size_t o = 0; o < y.size(); ++o) {
        std::int64_t sum = q.parameters.bias8.empty() ? 0 : q.parameters.bias8[o];
        for (std::size_t i = 0; i < k; ++i)
          sum += static_cast<std::int64_t>(std::clamp(
                     std::nearbyint(static_cast<double>(x[i]) / q.input_scale), -128.0, 127.0)) *
                 q.parameters.codes[o * k + i];
        y[o] = static_cast<float>(
            static_cast<double>(sum) *
            static_cast<double>(kernels::arith::to_float(q.parameters.scale[o])));
      }
      return y;
    }
    std::vector<double>& decoded = decoded_[name];
    if (decoded.empty()) decoded = kernels::framework_arithmetic(n_.storage).weights(p, 1, 1);
    for (std::size_t o = 0; o < y.size(); ++o) {
      float sum = 0;
      for (std::size_t i = 0; i < k; ++i)
        sum = std::fma(x[i], static_cast<float>(decoded[o * k + i]), sum);
      y[o] = kept(sum + (l.bias.empty() ? 0 : kept(l.bias[o])));
    }
    return y;
  }
  Row gelu(Row x) const {
    for (float& v : x) {
      const long double r = v;
      v = v < -40
              ? -0.0F
              : kept(static_cast<float>(0.5L * r * erfcl(-r / std::numbers::sqrt2_v<long double>)));
    }
    return x;
  }
  Row norm(const Row& x, const Norm& n) const {
    double mean = 0, variance = 0;
    for (const float v : x) mean += static_cast<double>(v);
    mean /= static_cast<double>(x.size());
    for (const float v : x)
      variance += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
    variance /= static_cast<double>(x.size());
    Row y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto unit = static_cast<float>((static_cast<double>(x[i]) - mean) *
                                           (1 / std::sqrt(variance + static_cast<double>(1e-5F))));
      y.push_back(kept(unit * kept(n.weight[i]) + kept(n.bias[i])));
    }
    return y;
  }
  Row add(const Row& a, const Row& b) const {
    Row y;
    for (std::size_t i = 0; i < a.size(); ++i) y.push_back(kept(a[i] + b[i]));
    return y;
  }
  Row message(const Linear& w1, const Linear& w2, const Linear& w3, const std::string& name,
              int first, std::initializer_list<Row> parts) const {
    Row x;
    for (const Row& p : parts) x.insert(x.end(), p.begin(), p.end());
    const auto layer = [&](int n) { return name + std::to_string(first + n); };
    return linear(w3, layer(2), gelu(linear(w2, layer(1), gelu(linear(w1, layer(0), x)))));
  }
  Row feed_forward(const Linear& in, const Linear& out, const std::string& name,
                   const Row& x) const {
    return linear(out, name + "W_out", gelu(linear(in, name + "W_in", x)));
  }
  // hV + (sum of messages) / 30.
  Row gathered(const Row& own, const std::vector<Row>& messages) const {
    Row sum(own.size(), 0.0F);
    for (const Row& m : messages)
      for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += m[c];
    for (float& v : sum) v = kept(kept(v) / 30);
    return add(own, sum);
  }

  // Log-probabilities, teacher forced in the order of the places, of a protein without gaps.
  Row score(const Input& in) const {
    const Neighbours near = nearest(in, w_.spec.neighbours);
    const auto length = static_cast<std::size_t>(near.length), k = static_cast<std::size_t>(near.k);
    const auto at = [&](std::size_t i, std::size_t s) {
      return static_cast<std::size_t>(near.index[i * k + s]);
    };
    std::vector<Row> hV(length, Row(static_cast<std::size_t>(w_.spec.hidden), 0.0F));
    std::vector<std::vector<Row>> hE(length);
    for (std::size_t i = 0; i < length; ++i) {
      Row features(k * edge_inputs);
      edge_features(in, near, w_, static_cast<std::int64_t>(i), 1, features);
      for (std::size_t s = 0; s < k; ++s) {
        Row x(features.begin() + static_cast<std::ptrdiff_t>(s * edge_inputs),
              features.begin() + static_cast<std::ptrdiff_t>((s + 1) * edge_inputs));
        for (float& v : x) v = kept(v);
        const Row embedded = linear(w_.edge_embedding, "features.edge_embedding", x);
        hE[i].push_back(linear(w_.W_e, "W_e", norm(embedded, w_.norm_edges)));
      }
    }
    for (std::size_t n = 0; n < w_.encoder.size(); ++n) {
      const EncoderLayer& l = w_.encoder[n];
      const std::string name = "encoder_layers." + std::to_string(n) + ".";
      std::vector<Row> next;
      for (std::size_t i = 0; i < length; ++i) {
        std::vector<Row> messages;
        for (std::size_t s = 0; s < k; ++s)
          messages.push_back(
              message(l.W1, l.W2, l.W3, name + "W", 1, {hV[i], hE[i][s], hV[at(i, s)]}));
        const Row x = norm(gathered(hV[i], messages), l.norm1);
        next.push_back(norm(add(x, feed_forward(l.ff_in, l.ff_out, name + "dense.", x)), l.norm2));
      }
      hV = next;
      for (std::size_t i = 0; i < length; ++i)
        for (std::size_t s = 0; s < k; ++s)
          hE[i][s] = norm(add(hE[i][s], message(l.W11, l.W12, l.W13, name + "W", 11,
                                                {hV[i], hE[i][s], hV[at(i, s)]})),
                          l.norm3);
    }
    const std::vector<Row> encoded = hV;
    for (std::size_t n = 0; n < w_.decoder.size(); ++n) {
      const DecoderLayer& l = w_.decoder[n];
      const std::string name = "decoder_layers." + std::to_string(n) + ".";
      std::vector<Row> next;
      for (std::size_t i = 0; i < length; ++i) {
        std::vector<Row> messages;
        for (std::size_t s = 0; s < k; ++s) {
          const std::size_t j = at(i, s), h = static_cast<std::size_t>(w_.spec.hidden);
          const bool seen = j < i;
          Row type(h, 0.0F);
          for (std::size_t c = 0; seen && c < h; ++c)
            type[c] = kept(w_.W_s[static_cast<std::size_t>(in.sequence[j]) * h + c]);
          messages.push_back(message(l.W1, l.W2, l.W3, name + "W", 1,
                                     {hV[i], hE[i][s], type, (seen ? hV : encoded)[j]}));
        }
        const Row x = norm(gathered(hV[i], messages), l.norm1);
        next.push_back(norm(add(x, feed_forward(l.ff_in, l.ff_out, name + "dense.", x)), l.norm2));
      }
      hV = next;
    }
    Row all;
    for (const Row& v : hV) {
      const Row logits = linear(w_.W_out, "W_out", v);
      const float most = *std::ranges::max_element(logits);
      double sum = 0;
      for (const float x : logits) sum += std::exp(static_cast<double>(x - most));
      for (const float x : logits)
        all.push_back(static_cast<float>(static_cast<double>(x) -
                                         (std::log(sum) + static_cast<double>(most))));
    }
    return all;
  }

 private:
  const Weights& w_;
  const FrameworkNumbers& n_;
  mutable std::map<std::string, std::vector<double>> decoded_;
};

const ModelSpec small{16, 2, 2, 6};

Row fast_score(const Weights& w, const FrameworkNumbers& numbers, const Input& in) {
  const Reference r(w, {.numbers = numbers});
  std::vector<std::int32_t> order(in.mask.size());
  std::iota(order.begin(), order.end(), 0);
  return r.score(r.encode(in), in.sequence, order);
}

void expect_same(const Weights& w, const FrameworkNumbers& numbers) {
  const Input in = made_up_protein(9);
  const Row want = Scalar(w, numbers).score(in), got = fast_score(w, numbers, in);
  ASSERT_EQ(want.size(), got.size());
  for (std::size_t i = 0; i < want.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(want[i]), std::bit_cast<std::uint32_t>(got[i]))
        << i << ": " << want[i] << ", " << got[i];
}

// Every weight times `gain`.
Weights scaled(float gain) {
  Weights w = seeded_weights(small);
  for_each_tensor(w, [&](const auto&, const auto&, std::vector<float>& values) {
    for (float& v : values) v *= gain;
  });
  return w;
}

TEST(MpnnFramework, GivesTheBitsOfTheNetworkWrittenOnceMore) {
  // The gains bring subnormals of binary16 and infinities.
  for (const float gain : {1.0F, 0.01F, 100.0F}) {
    const Weights w = scaled(gain);
    for (const Storage storage : {Storage::fp16, Storage::bf16})
      expect_same(w, {.storage = storage});
  }
  for (const auto format : {isa::KernelFormat::int8c, isa::KernelFormat::pal4})
    expect_same(seeded_weights(small), {.storage = Storage::fp16, .weights = format});
}

TEST(MpnnFramework, Int8ProductsGiveTheBitsOfIntegerSums) {
  const Weights w = seeded_weights(small);
  expect_same(w, {.ranges = calibrate(w, {made_up_protein(9)})});
}

TEST(MpnnFramework, ShorterFormatsAreFartherFromFloat32) {
  const Weights w = seeded_weights(small);
  const Input in = made_up_protein(9);
  const Row exact = fast_score(w, {}, in);
  const auto error = [&](const FrameworkNumbers& numbers) {
    const Row y = fast_score(w, numbers, in);
    float most = 0;
    for (std::size_t i = 0; i < y.size(); ++i) most = std::max(most, std::abs(y[i] - exact[i]));
    return most;
  };
  const float fp16 = error({.storage = Storage::fp16}), bf16 = error({.storage = Storage::bf16});
  EXPECT_GT(fp16, 0);
  EXPECT_LT(fp16, 0.05F);
  EXPECT_GT(bf16, 3 * fp16);
}

TEST(MpnnFramework, Int8ProductsThatFloat32CannotSumAreRefused) {
  const Weights w = seeded_weights({.hidden = 512, .encoder_layers = 1, .decoder_layers = 1});
  const FrameworkNumbers numbers{.ranges = {{"encoder_layers.0.dense.W_out", 1.0F}}};
  EXPECT_THROW(Reference(w, {.numbers = numbers}), InputError);
}

}  // namespace
}  // namespace ane::workloads::mpnn
