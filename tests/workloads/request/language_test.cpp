// Is the decoder the published one (Touvron et al. 2023: RMS norm, rotary positions, grouped
// attention, SwiGLU)? Held against a plain loop in double precision that shares nothing with the
// graph but its weights. And is a call after a call the longer call?
#include "workloads/networks/language.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "isa/error.h"
#include "workloads/request/kinds/llm.h"

namespace ane::workloads {
namespace {

constexpr const char* small =
    "kind=llm name=small layers=2 hidden=48 ffn=112 heads=6 kv_heads=2 head_dim=8 vocab=96 "
    "phase=prefill";

SeededLanguageModel model(const std::string& spec = small) {
  const Request r = parse_request(spec);
  Numbers numbers = numbers_of(r.formats, {});
  numbers.seed = 7;
  return {work_as<LlmWork>(r).shape(), 16384, numbers};
}

Executor in_float() {
  return [](const Graph& g, const Tensors& inputs) {
    return evaluate(g, kernels::float_arithmetic(), inputs);
  };
}
Executor in_bits(const char* profile) {
  const auto& arithmetic = kernels::bit_arithmetic(kernels::arith::profile_named(profile));
  return [&arithmetic](const Graph& g, const Tensors& inputs) {
    return evaluate(g, arithmetic, inputs);
  };
}

using Row = std::vector<double>;
using Matrix = std::vector<Row>;  // [position][feature]

// Takes the graph's weights one after the other, in the order in which the network asks for them:
// norm, query, key, value, output, norm, up, gate, down of each layer, norm, vocabulary.
class Plain {
 public:
  Plain(const Graph& g, const LanguageModel& m) : m_(m) {
    for (const Node& n : g.nodes)
      if (n.parameters) layers_.push_back(n.parameters.get());
    for (const Value& v : g.values)
      if (v.constant && v.type.e.c == m.hidden && v.type.e.w == 1)
        scales_.push_back(v.constant.get());
  }

  Matrix logits(Matrix x) {
    const auto size = static_cast<std::size_t>(m_.head_dim);
    for (std::int64_t layer = 0; layer < m_.layers; ++layer) {
      const Matrix y = norm(x);
      Matrix q = linear(y), k = linear(y);
      const Matrix v = linear(y);
      turn(q), turn(k);
      Matrix mixed(x.size(), Row(static_cast<std::size_t>(m_.heads) * size));
      const auto shared = static_cast<std::size_t>(m_.heads / m_.kv_heads);
      for (std::size_t h = 0; h < static_cast<std::size_t>(m_.heads); ++h)
        for (std::size_t i = 0; i < x.size(); ++i) {
          const std::size_t at = h * size, from = h / shared * size;
          Row p(i + 1);
          double sum = 0;
          for (std::size_t j = 0; j <= i; ++j) {
            for (std::size_t c = 0; c < size; ++c) p[j] += q[i][at + c] * k[j][from + c];
            sum += p[j] = std::exp(p[j]);
          }
          for (std::size_t j = 0; j <= i; ++j)
            for (std::size_t c = 0; c < size; ++c) mixed[i][at + c] += p[j] / sum * v[j][from + c];
        }
      add(x, linear(mixed));
      const Matrix z = norm(x);
      Matrix up = linear(z);
      const Matrix gate = linear(z);
      for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t c = 0; c < up[i].size(); ++c)
          up[i][c] *= gate[i][c] / (1 + std::exp(-gate[i][c]));
      add(x, linear(up));
    }
    return linear(norm(x));
  }

 private:
  static void add(Matrix& x, const Matrix& y) {
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t c = 0; c < x[i].size(); ++c) x[i][c] += y[i][c];
  }
  Matrix norm(const Matrix& x) {
    const Tensor& scale = *scales_.at(next_scale_++);
    Matrix y = x;
    for (Row& row : y) {
      double squares = 0;
      for (const double v : row) squares += v * v;
      const double factor = 1 / std::sqrt(squares / static_cast<double>(row.size()) + 1e-5);
      for (std::size_t c = 0; c < row.size(); ++c)
        row[c] *= factor * static_cast<double>(scale.as<const float>()[c]);
    }
    return y;
  }
  Matrix linear(const Matrix& x) {
    const Parameters& p = *layers_.at(next_layer_++);
    Matrix y;
    for (const Row& row : x) {
      Row out;
      for (std::int64_t o = 0; o < p.cout; ++o) {
        double sum = static_cast<double>(p.bias[static_cast<std::size_t>(o)]);
        for (std::int64_t c = 0; c < p.cin; ++c)
          sum += row[static_cast<std::size_t>(c)] *
                 static_cast<double>(p.weights[static_cast<std::size_t>(o * p.cin + c)]);
        out.push_back(sum);
      }
      y.push_back(std::move(out));
    }
    return y;
  }
  // Pairs (c, c + half) of each head turn by position / 10000^(c / half).
  void turn(Matrix& x) const {
    const auto size = static_cast<std::size_t>(m_.head_dim), half = size / 2;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t h = 0; h < x[i].size(); h += size)
        for (std::size_t c = 0; c < half; ++c) {
          const double angle =
              static_cast<double>(i) *
              std::pow(10000.0, -static_cast<double>(c) / static_cast<double>(half));
          const double a = x[i][h + c], b = x[i][h + half + c];
          x[i][h + c] = a * std::cos(angle) - b * std::sin(angle);
          x[i][h + half + c] = b * std::cos(angle) + a * std::sin(angle);
        }
  }

  const LanguageModel& m_;
  std::vector<const Parameters*> layers_;
  std::vector<const Tensor*> scales_;
  std::size_t next_layer_ = 0, next_scale_ = 0;
};

TEST(Language, TheDecoderIsThePublishedOne) {
  const SeededLanguageModel m = model();
  const std::vector<std::int32_t> text = m.text(7);
  Tensor x;
  const LanguageCall call = m.call(text, {}, [&](const Graph& g, const Tensors& inputs) {
    x = inputs.at("x");
    return in_float()(g, inputs);
  });
  Matrix rows(7, Row(48));
  for (std::size_t c = 0; c < 48; ++c)
    for (std::size_t i = 0; i < 7; ++i)
      rows[i][c] = static_cast<double>(x.as<const float>()[c * 7 + i]);
  const Graph g = m.graph(7, 0);
  const Matrix expected = Plain(g, m.shape()).logits(rows);
  ASSERT_EQ(call.logits.size(), 96u);
  for (std::size_t c = 0; c < 96; ++c)
    EXPECT_NEAR(static_cast<double>(call.logits[c]), expected[6][c], 2e-4) << c;
}

// A masked score is so low that its share is exactly zero, and zeros change no sum: so what a
// prompt leaves behind, and every later token, has the longer prompt's bits.
TEST(Language, APromptAndTokensBehindItHaveTheBitsOfTheLongerPrompt) {
  for (const char* weights : {"fp16", "int8", "lut4"})
    for (const char* profile : {"ane16", "ieee"}) {
      const SeededLanguageModel m = model(std::string(small) + " weights=" + weights);
      const std::vector<std::int32_t> text = m.text(9);
      const std::span<const std::int32_t> all(text);
      LanguageCall call = m.call(all.first(5), {}, in_bits(profile));
      for (std::size_t i = 5; i < 9; ++i) {
        call = m.call(all.subspan(i, 1), call, in_bits(profile));
        const LanguageCall whole = m.call(all.first(i + 1), {}, in_bits(profile));
        EXPECT_EQ(call.logits, whole.logits) << weights << " " << profile << " " << i;
        for (const auto& [name, t] : whole.state)
          EXPECT_EQ(call.state.at(name).bytes, t.bytes) << name;
      }
    }
}

TEST(Language, NoPositionSeesALaterToken) {
  const SeededLanguageModel m = model();
  std::vector<std::int32_t> text = m.text(6);
  const LanguageCall one = m.call(text, {}, in_float());
  text[5] = (text[5] + 1) % 96;
  const LanguageCall other = m.call(text, {}, in_float());
  EXPECT_NE(one.logits, other.logits);
  const Tensor &a = one.state.at("layer1 keys"), &b = other.state.at("layer1 keys");
  for (std::int64_t i = 0; i < a.size(); ++i) {
    if (i % 6 == 5) continue;  // the changed position's own column
    EXPECT_EQ(kernels::element(a, i), kernels::element(b, i)) << i;
  }
}

TEST(Language, AModelWithoutRotaryPositionsReadsThemFromATable) {
  const SeededLanguageModel m = model(
      "kind=llm name=gpt2 layers=1 hidden=32 ffn=64 heads=4 kv_heads=4 head_dim=8 vocab=50 "
      "phase=prefill");
  // The same token twice: only its place tells the two apart.
  const std::vector<std::int32_t> twice{3, 3};
  Tensor x;
  m.call(twice, {}, [&](const Graph& g, const Tensors& inputs) {
    x = inputs.at("x");
    return in_float()(g, inputs);
  });
  EXPECT_NE(kernels::element(x, 0), kernels::element(x, 1));
}

TEST(Language, DivergenceIsZeroForEqualLogitsAndKnownForTwo) {
  const std::vector<float> a{0, 0}, b{0, std::log(3.0F)};
  EXPECT_EQ(divergence(a, a), 0);
  EXPECT_NEAR(divergence(a, b), 0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75), 1e-6);
  EXPECT_EQ(likeliest(b), 1);
}

TEST(Language, AStreamOfValuesIsItsOwn) {
  SeededValues a(1), b(1), c(2);
  const std::vector<float> first = a.uniform(1000, 1, 0.5F);
  EXPECT_EQ(first, b.uniform(1000, 1, 0.5F));
  EXPECT_NE(first, a.uniform(1000, 1, 0.5F));
  EXPECT_NE(first, c.uniform(1000, 1, 0.5F));
  double sum = 0;
  for (const float v : first) {
    EXPECT_GE(v, 0.5F);
    EXPECT_LE(v, 1.5F);
    sum += static_cast<double>(v);
  }
  EXPECT_NEAR(sum / 1000, 1, 0.05);
  const std::vector<float> sparse = a.uniform(10000, 0, 1, 0.25);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(sparse, 0.0F)) / 10000, 0.25, 0.02);
}

}  // namespace
}  // namespace ane::workloads
