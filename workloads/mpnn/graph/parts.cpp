#include "workloads/mpnn/graph/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "isa/error.h"
#include "kernels/arith/round.h"
#include "workloads/graph/quantise.h"

namespace ane::workloads::mpnn {
namespace {

using kernels::Parameters;

// 1 / message_scale as 1/32, exact in binary16, and the rest in the weights.
constexpr double exact_scale = 1.0 / 32;
constexpr double weight_scale = 1.0 / (static_cast<double>(message_scale) * exact_scale);

std::vector<std::int64_t> range(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> r(static_cast<std::size_t>(count));
  std::iota(r.begin(), r.end(), first);
  return r;
}

}  // namespace

Parts::Parts(const Weights& weights, const GraphOptions& options)
    : weights_(weights),
      options_(options),
      slots_(std::min<std::int64_t>(weights.spec.neighbours, options.length)),
      builder_("mpnn") {}

Graph Parts::finish() {
  Graph g = builder_.finish();
  for (const auto& [value, name] : outputs_) g.values[static_cast<std::size_t>(value)].name = name;
  return g;
}

void Parts::output(const std::string& name, ValueId value) {
  builder_.output(value);
  outputs_.emplace_back(value, name);
}

std::int64_t Parts::places() const {
  return options_.batch * (options_.pass == Pass::step ? 1 : options_.length);
}

TensorType Parts::nodes(std::int64_t channels) const {
  return column_type(channels, places());
}

TensorType Parts::slots(std::int64_t channels) const {
  TensorType t = nodes(channels);
  (options_.gather == Gather::one_hot ? t.e.n : t.e.h) = slots_;
  return t;
}

TensorType Parts::column_type(std::int64_t channels, std::int64_t columns) {
  return {Format::fp16, {.w = columns, .h = 1, .c = channels, .n = 1}};
}

ValueId Parts::input(const std::string& name, const TensorType& type) {
  const auto [entry, fresh] = inputs_.try_emplace(name, -1);
  if (fresh) entry->second = builder_.input(name, type);
  return entry->second;
}

Parameters Parts::parameters(const Linear& l, const std::vector<std::int64_t>& columns, bool bias,
                             double scale) const {
  Parameters p;
  p.cout = l.out;
  p.cin = std::ssize(columns);
  p.format = options_.weights;
  p.has_bias = bias;
  if (!options_.with_values) return p;
  for (std::int64_t o = 0; o < l.out; ++o)
    for (const std::int64_t c : columns)
      p.weights.push_back(static_cast<float>(
          scale * static_cast<double>(l.weight[static_cast<std::size_t>(o * l.in + c)])));
  if (bias)
    for (const float b : l.bias)
      p.bias.push_back(static_cast<float>(scale * static_cast<double>(b)));
  return p;
}

ValueId Parts::layer(const std::string& name, ValueId x, Parameters p,
                     const std::string& activation) {
  const auto found = options_.ranges.find(name);
  if (found == options_.ranges.end())
    return builder_.linear(name, x, std::make_shared<const Parameters>(std::move(p)), activation);
  QuantisedLayer q;
  if (options_.with_values) {
    q = quantise_layer(p, found->second, options_.codes);
  } else {
    q.parameters = std::move(p);
    q.parameters.format = options_.codes;
    q.parameters.scale.assign(static_cast<std::size_t>(q.parameters.cout),
                              kernels::arith::to_half(1.0));
  }
  Attributes a;
  a.scale = q.input_scale;
  const ValueId codes = builder_.node("quantise", name + ".quantise", {x}, a);
  return builder_.linear(name, codes, std::make_shared<const Parameters>(std::move(q.parameters)),
                         activation);
}

ValueId Parts::linear(const std::string& name, const Linear& l, ValueId x,
                      const std::string& activation, bool bias) {
  return layer(name, x, parameters(l, range(0, l.in), bias), activation);
}

ValueId Parts::linear_part(const std::string& name, const Linear& l, std::int64_t first,
                           std::int64_t count, ValueId x, bool bias,
                           const std::string& activation) {
  return layer(name, x, parameters(l, range(first, count), bias), activation);
}

ValueId Parts::linear_without(const std::string& name, const Linear& l, std::int64_t first,
                              std::int64_t count, ValueId x, const std::string& activation) {
  std::vector<std::int64_t> columns = range(0, first);
  const auto rest = range(first + count, l.in - first - count);
  columns.insert(columns.end(), rest.begin(), rest.end());
  return layer(name, x, parameters(l, columns, true), activation);
}

ValueId Parts::message(const std::string& name, const Linear& W3, ValueId x) {
  return layer(name, x, parameters(W3, range(0, W3.in), true, weight_scale), "none");
}

// A constant of one value a channel.
ValueId Parts::vector(const std::string& name, const std::vector<float>& values) {
  const std::int64_t c = weights_.spec.hidden;
  if (!options_.with_values) return builder_.shape_only(name, column_type(c, 1));
  Tensor t(Format::fp32, {1, c, 1, 1});
  std::copy(values.begin(), values.end(), t.as<float>().begin());
  return builder_.constant(name, std::move(t));
}

ValueId Parts::norm(const std::string& name, const Norm& n, ValueId x) {
  Attributes a;
  a.axes = kernels::axis_c;
  a.epsilon = static_cast<double>(norm_epsilon);
  const ValueId weight = vector(name + ".weight", n.weight), bias = vector(name + ".bias", n.bias);
  return builder_.node("layer_norm", name, {x, weight, bias}, a);
}

ValueId Parts::feed_forward(const std::string& name, const Linear& in, const Linear& out,
                            ValueId x) {
  ValueId y = linear(name + ".dense.W_in", in, x, "gelu");
  y = linear(name + ".dense.W_out", out, y);
  return builder_.elementwise(name + ".dense.residual", "add", x, y);
}

ValueId Parts::edge_only(const std::string& name, const Linear& W1, ValueId hE) {
  const std::int64_t h = weights_.spec.hidden;
  return linear_part(name + ".edge", W1, h, h, hE, true, "gelu");
}

ValueId Parts::pair(const std::string& name, const Linear& W1, ValueId hV, ValueId hE,
                    const Columns& columns) {
  const std::int64_t h = weights_.spec.hidden;
  if (!options_.factored) {
    const ValueId x = concat(name + ".concat",
                             {expand(name + ".own", hV), hE, gather(name + ".gather", hV, columns)},
                             kernels::axis_c);
    return linear(name, W1, x, "gelu");
  }
  const ValueId own = linear_part(name + ".own", W1, 0, h, hV, true);
  const ValueId other = linear_part(name + ".other", W1, 2 * h, h, hV, false);
  ValueId x = linear_part(name + ".edge", W1, h, h, hE, false);
  x = builder_.elementwise(name + ".add_own", "add", x, own);
  return builder_.elementwise(name + ".add_other", "add", x,
                              gather(name + ".gather", other, columns), "gelu");
}

ValueId Parts::expand(const std::string& name, ValueId x) {
  TensorType one = slots(1);
  one.e.w = 1;
  ValueId ones = -1;
  if (options_.with_values) {
    Tensor t(Format::fp32, {one.e.n, one.e.c, one.e.h, one.e.w});
    std::ranges::fill(t.as<float>(), 1.0f);
    ones = builder_.constant(name + ".ones", std::move(t));
  } else {
    ones = builder_.shape_only(name + ".ones", one);
  }
  return builder_.elementwise(name, "mul", x, ones);
}

ValueId Parts::concat(const std::string& name, const std::vector<ValueId>& parts, int axis) {
  if (parts.size() == 1) return parts[0];
  Attributes a;
  a.axis = axis;
  return builder_.node("concat", name, parts, a);
}

ValueId Parts::beside(const std::string& name, ValueId a, ValueId b) {
  return concat(name, {a, b}, kernels::axis_w);
}

Columns Parts::columns(const std::string& name) {
  Columns c;
  c.halves = name == "select" ? 2 : 1;
  if (options_.gather != Gather::one_hot) {
    TensorType t = slots(1);
    t.format = Format::i32;
    c.inputs.push_back(input(name, t));
    return c;
  }
  for (std::int64_t b = 0; b < options_.batch; ++b) {
    TensorType t = slots(options_.length * c.halves);
    t.e.w = places() / options_.batch;
    c.inputs.push_back(input(fmt::format("{}.{}", name, b), t));
  }
  return c;
}

ValueId Parts::gather(const std::string& name, ValueId table, const Columns& columns) {
  const auto [entry, fresh] = gathered_.try_emplace({table, columns.inputs.at(0)}, -1);
  if (fresh) entry->second = gather_once(name, table, columns);
  return entry->second;
}

ValueId Parts::gather_once(const std::string& name, ValueId table, const Columns& columns) {
  if (options_.gather != Gather::one_hot) {
    Attributes a;
    if (options_.gather == Gather::host) a.operation = "host";
    return builder_.node("gather", name, {table, columns.inputs.at(0)}, a);
  }
  // A protein's own columns, transposed, times its matrix.
  const Extents e = builder_.type(table).e;
  const std::int64_t half = e.w / columns.halves;
  std::vector<ValueId> answers;
  for (std::int64_t b = 0; b < options_.batch; ++b) {
    const std::string place = options_.batch == 1 ? name : fmt::format("{}.{}", name, b);
    ValueId own = table;
    if (options_.batch > 1) {
      std::vector<ValueId> parts;
      for (int i = 0; i < columns.halves; ++i) {
        Attributes a;
        a.begin.w = i * half + b * options_.length;
        a.extents = {.w = options_.length, .h = 1, .c = e.c, .n = 1};
        parts.push_back(builder_.node("slice", fmt::format("{}.slice{}", place, i), {table}, a));
      }
      own = concat(place + ".columns", parts, kernels::axis_w);
    }
    Attributes a;
    a.permutation = {0, 3, 2, 1};
    const ValueId turned = builder_.node("transpose", place + ".transpose", {own}, a);
    answers.push_back(
        builder_.node("matmul", place, {columns.inputs[static_cast<std::size_t>(b)], turned}));
  }
  return concat(name + ".proteins", answers, kernels::axis_w);
}

// by_type: [hidden, 21]. As a table it has one column more, of zeros, for what is not seen.
ValueId Parts::type_table(const std::string& name, const std::vector<float>& by_type) {
  const std::int64_t h = weights_.spec.hidden;
  if (options_.gather == Gather::one_hot) {
    Parameters p;
    p.cout = h;
    p.cin = vocabulary;
    p.weights = by_type;
    return layer(name, input("type", slots(vocabulary)), std::move(p), "none");
  }
  constexpr std::int64_t columns_of_table = vocabulary + 1;
  ValueId table = -1;
  if (options_.with_values) {
    Tensor t(Format::fp32, {1, h, 1, columns_of_table});
    for (std::int64_t c = 0; c < h; ++c)
      for (std::int64_t v = 0; v < vocabulary; ++v)
        t.as<float>()[static_cast<std::size_t>(c * columns_of_table + v)] =
            by_type[static_cast<std::size_t>(c * vocabulary + v)];
    table = builder_.constant(name + ".table", std::move(t));
  } else {
    table = builder_.shape_only(name + ".table", column_type(h, columns_of_table));
  }
  return gather(name, table, columns("type"));
}

ValueId Parts::types() {
  if (types_ >= 0) return types_;
  const auto h = static_cast<std::size_t>(weights_.spec.hidden);
  std::vector<float> by_type;
  if (options_.with_values) {
    by_type.resize(h * vocabulary);
    for (std::size_t v = 0; v < vocabulary; ++v)
      for (std::size_t c = 0; c < h; ++c) by_type[c * vocabulary + v] = weights_.W_s[v * h + c];
  }
  return types_ = type_table("W_s", by_type);
}

ValueId Parts::type_part(const std::string& name, const Linear& W1) {
  const auto h = static_cast<std::size_t>(weights_.spec.hidden);
  std::vector<float> by_type;
  if (options_.with_values) {
    by_type.resize(h * vocabulary);
    for (std::size_t v = 0; v < vocabulary; ++v)
      for (std::size_t c = 0; c < h; ++c) {
        double sum = 0;
        for (std::size_t i = 0; i < h; ++i)
          sum += static_cast<double>(W1.weight[c * 4 * h + 2 * h + i]) *
                 static_cast<double>(weights_.W_s[v * h + i]);
        by_type[c * vocabulary + v] = static_cast<float>(sum);
      }
  }
  return type_table(name, by_type);
}

ValueId Parts::sum_slots(const std::string& name, ValueId x, ValueId mask) {
  if (mask >= 0) x = builder_.elementwise(name + ".mask_messages", "mul", x, mask);
  Attributes a;
  a.operation = "sum";
  a.axes = options_.gather == Gather::one_hot ? kernels::axis_n : kernels::axis_h;
  a.mul = exact_scale;
  return builder_.node("reduce", name + ".sum", {x}, a);
}

ValueId Parts::masked(const std::string& name, ValueId x) {
  if (!options_.masked) return x;
  return builder_.elementwise(name, "mul", x, input("mask", nodes(1)));
}

ValueId Parts::pair_mask() {
  return options_.masked ? input("pair_mask", slots(1)) : -1;
}
ValueId Parts::valid() {
  return options_.masked ? input("valid", slots(1)) : -1;
}

}  // namespace ane::workloads::mpnn
