#include "workloads/graph/mac_counters.h"

#include <array>
#include <cmath>

#include "isa/error.h"
#include "kernels/arith/oracle.h"
#include "kernels/arith/round.h"
#include "kernels/ops/ops.h"
#include "kernels/weight_stream.h"

namespace ane::workloads {
namespace {

using kernels::arith::Half;

constexpr int lowest_exponent = -14, exponents = 31, lowest_product = -16;
constexpr double overflow = 32768, unit = 1.0 / 65536;

// A product's operands: `columns` vectors and `channels` vectors of `inner` values each.
struct Operands {
  std::int64_t inner = 0;
  std::vector<Half> x, w;  // [columns][inner], [channels][inner]
  std::vector<Half> bias;  // a channel, or empty
};

using Histogram = std::array<std::int64_t, exponents>;

// Of the nonzero values at one inner index.
Histogram histogram(const std::vector<Half>& values, std::int64_t inner, std::int64_t k) {
  Histogram h{};
  for (auto i = static_cast<std::size_t>(k); i < values.size();
       i += static_cast<std::size_t>(inner)) {
    const kernels::arith::HalfParts p = kernels::arith::parts(values[i]);
    if (p.significand != 0) ++h[static_cast<std::size_t>(p.exponent - lowest_exponent)];
  }
  return h;
}

void count_dropped(const Operands& o, MacCounters& c) {
  for (std::int64_t k = 0; k < o.inner; ++k) {
    const Histogram x = histogram(o.x, o.inner, k), w = histogram(o.w, o.inner, k);
    for (int a = 0; a < exponents; ++a)
      for (int b = 0; b < exponents; ++b) {
        const std::int64_t pairs = x[static_cast<std::size_t>(a)] * w[static_cast<std::size_t>(b)];
        c.products += pairs;
        if (a + b + 2 * lowest_exponent < lowest_product) c.dropped += pairs;
      }
  }
}

// A sum can only overflow where the magnitudes alone reach the limit; there the oracle decides.
void count_infinities(const Operands& o, MacCounters& c) {
  const auto inner = static_cast<std::size_t>(o.inner);
  std::vector<double> most(inner, 0);
  for (std::size_t i = 0; i < o.w.size(); ++i)
    most[i % inner] = std::max(most[i % inner], std::abs(kernels::arith::decode_ordinary(o.w[i])));
  double preload = 0;
  for (const Half b : o.bias)
    preload = std::max(preload, std::abs(kernels::arith::decode_ordinary(b)));
  const auto& ane16 = kernels::arith::profile_named("ane16");
  for (std::size_t p = 0; p < o.x.size(); p += inner) {
    double bound = preload + static_cast<double>(inner + 1) * unit;  // and what rounding adds
    for (std::size_t k = 0; k < inner; ++k)
      bound += std::abs(kernels::arith::decode_ordinary(o.x[p + k])) * most[k];
    if (bound < overflow) continue;
    for (std::size_t r = 0; r * inner < o.w.size(); ++r) {
      const auto bias = o.bias.empty() ? std::nullopt : std::optional(o.bias[r]);
      c.infinities += kernels::arith::mac_oracle(ane16, std::span(o.x).subspan(p, inner),
                                                 std::span(o.w).subspan(r * inner, inner), bias)
                          .overflowed;
    }
  }
}

// One batch item of [n, c, h, w], every column's channels together; binary16 as the machine holds
// it.
std::vector<Half> columns_of(const Tensor& t, const kernels::Extents& e, std::int64_t item) {
  std::vector<Half> v;
  v.reserve(static_cast<std::size_t>(e.c * e.h * e.w));
  for (std::int64_t i = 0; i < e.h * e.w; ++i)
    for (std::int64_t c = 0; c < e.c; ++c) {
      const std::int64_t at = (item * e.c + c) * e.h * e.w + i;
      v.push_back(t.format == Format::fp16 ? t.as<Half>()[static_cast<std::size_t>(at)]
                                           : kernels::arith::to_half(kernels::element(t, at)));
    }
  return v;
}

}  // namespace

std::vector<MacCounters> count_products(const Graph& graph, const Tensors& values) {
  const auto& ane16 = kernels::arith::profile_named("ane16");
  const auto tensor = [&](ValueId v) -> const Tensor& {
    const Value& value = graph.values[static_cast<std::size_t>(v)];
    if (value.constant) return *value.constant;
    const std::string& name = value.producer < 0
                                  ? value.name
                                  : graph.nodes[static_cast<std::size_t>(value.producer)].name;
    const auto found = values.find(name);
    if (found == values.end()) throw InputError(graph.name, "no values for '" + name + "'");
    return found->second;
  };
  std::vector<MacCounters> rows;
  for (const Node& n : graph.nodes) {
    const bool linear = n.op == &kernels::linear_operator;
    if (!linear && n.op != &kernels::matmul_operator) continue;
    if (graph.type(n.inputs[0]).format != Format::fp16) continue;
    MacCounters c{.layer = n.name, .op = std::string(n.op->name)};
    const kernels::Extents e = graph.type(n.inputs[0]).e;
    Operands o{.inner = e.c, .x = {}, .w = {}, .bias = {}};
    if (linear) {
      o.w = kernels::decoded_weights(*n.parameters, ane16);
      for (const float b : n.parameters->bias)
        o.bias.push_back(kernels::arith::to_half(static_cast<double>(b)));
    }
    for (std::int64_t item = 0; item < e.n; ++item) {
      o.x = columns_of(tensor(n.inputs[0]), e, item);
      if (!linear) {
        const kernels::Extents right = graph.type(n.inputs[1]).e;
        o.w = columns_of(tensor(n.inputs[1]), right, item / (e.n / right.n));
      }
      count_dropped(o, c);
      count_infinities(o, c);
    }
    rows.push_back(std::move(c));
  }
  return rows;
}

}  // namespace ane::workloads
