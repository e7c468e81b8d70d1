#include "workloads/readqc/graph.h"

#include <algorithm>
#include <cmath>

#include "kernels/arith/round.h"
#include "workloads/graph/evaluate.h"
#include "workloads/graph/quantise.h"

namespace ane::workloads::readqc {
using kernels::Shape;

std::shared_ptr<Parameters> layer_parameters(const Model& model, const Layer& layer) {
  auto p = std::make_shared<Parameters>();
  p->cout = layer.out;
  p->cin = layer.in;
  p->kw = static_cast<int>(layer.kernel);
  p->has_bias = true;
  // An untrained model has a shape and no values: its zeros are not weights that could be skipped.
  if (model.training.epochs == 0 && model.spec.kind != ModelKind::biometal) return p;
  const auto w = model.parameter(layer.name + ".weight").as<const float>();
  const auto b = model.parameter(layer.name + ".bias").as<const float>();
  p->weights.assign(w.begin(), w.end());
  p->bias.assign(b.begin(), b.end());
  return p;
}

std::vector<float> activation_ranges(const Model& model, const ReadBatch& reads) {
  const std::int64_t count = std::min(reads.size(), calibration_reads);
  const Graph graph = build_graph(model, count);
  const Tensor input = graph_input(encode(reads, model.encoding, 0, count), count);
  const Tensors results =
      evaluate(graph, kernels::float_arithmetic(), {{"reads", input}}, /*all=*/true);
  // What each layer reads: the graph's input, then the layer before it.
  std::vector<float> ranges;
  const Tensor* x = &input;
  for (const Layer& layer : model.layers) {
    float largest = 0;
    if (x->format == Format::fp32)
      for (const float v : x->as<const float>()) largest = std::max(largest, std::abs(v));
    ranges.push_back(largest);
    x = &results.at(layer.name);
  }
  return ranges;
}

Graph build_graph(const Model& model, std::int64_t batch, Precision precision,
                  const std::vector<float>& ranges, isa::KernelFormat format,
                  const std::function<bool(const std::string& layer)>& in_fp16) {
  GraphBuilder b("readqc-" + std::string(info(model.spec.kind).name));
  const bool rows = model.encoding.kind != EncodingKind::ordinal;  // batch along rows
  const Shape shape = input_shape(model.encoding);
  ValueId x = 0;
  if (model.encoding.kind == EncodingKind::kmers)
    x = b.input("reads", {Format::i32, {.w = shape[0], .h = batch, .c = 1, .n = 1}});
  else if (rows)
    x = b.input("reads", {Format::fp16, {.w = shape[1], .h = batch, .c = shape[0], .n = 1}});
  else
    x = b.input("reads", {Format::fp16, {.w = batch, .h = 1, .c = shape[0], .n = 1}});

  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const Layer& layer = model.layers[i];
    const std::string activation = layer.relu ? "relu" : "none";
    switch (layer.kind) {
      case LayerKind::embedding: {
        // [V, D] as a table of V columns and D channels.
        const auto w = model.parameter(layer.name + ".weight").as<const float>();
        Tensor table(Format::fp32, {1, layer.out, 1, layer.in});
        const auto t = table.as<float>();
        for (std::int64_t v = 0; v < layer.in; ++v)
          for (std::int64_t d = 0; d < layer.out; ++d)
            t[static_cast<std::size_t>(d * layer.in + v)] =
                w[static_cast<std::size_t>(v * layer.out + d)];
        x = b.node("gather", layer.name, {b.constant(layer.name + ".table", std::move(table)), x});
        break;
      }
      case LayerKind::mean_pool:
        x = b.reduce(layer.name, "mean", kernels::axis_w, x);
        break;
      case LayerKind::dense:
      case LayerKind::conv1d: {
        auto p = layer_parameters(model, layer);
        Attributes a;
        a.activation = activation;
        a.stride_w = static_cast<int>(layer.stride);
        if (in_fp16 && in_fp16(layer.name)) {
          // As it is.
        } else if (precision == Precision::w8a8) {
          const auto codes = isa::is_integer(format) ? format : isa::KernelFormat::i8;
          QuantisedLayer q{.parameters = *p};
          q.parameters.format = codes;
          if (!p->weights.empty()) q = quantise_layer(*p, ranges.at(i), codes);
          Attributes scale;
          scale.scale = q.input_scale;
          x = b.node("quantise", layer.name + ".quantise", {x}, scale);
          p = std::make_shared<Parameters>(std::move(q.parameters));
        } else {
          p->format = precision == Precision::int8_weights ? isa::KernelFormat::int8c : format;
        }
        x = b.node(layer.kind == LayerKind::dense ? "linear" : "conv", layer.name, {x}, a, p);
        break;
      }
    }
  }
  b.output(x);
  if (model.heads.size() == 1 && model.heads[0] == Head::quality)
    b.output(b.unary("probability", "sigmoid", x));
  Graph g = b.finish();
  g.values[static_cast<std::size_t>(g.outputs[0])].name = "logits";
  return g;
}

Tensor graph_input(const Tensor& encoded, std::int64_t batch) {
  const Shape& s = encoded.shape;
  const std::int64_t n = s[0];
  ANE_CHECK(n <= batch, "no more reads than the batch holds");
  if (encoded.format == Format::i32) {
    Tensor t(Format::i32, {1, 1, batch, s[1]});
    std::ranges::copy(encoded.as<const std::int32_t>(), t.as<std::int32_t>().begin());
    return t;
  }
  const auto from = encoded.as<const float>();
  if (s.size() == 2) {
    Tensor t(Format::fp32, {1, s[1], 1, batch});
    float* to = t.as<float>().data();
    // Blocks of 16 features: both sides of the transposition stay in the host's cache.
    for (std::int64_t f0 = 0; f0 < s[1]; f0 += 16)
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t f = f0; f < std::min(f0 + 16, s[1]); ++f)
          to[f * batch + i] = from[static_cast<std::size_t>(i * s[1] + f)];
    return t;
  }
  Tensor t(Format::fp32, {1, s[1], batch, s[2]});
  const auto to = t.as<float>();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t c = 0; c < s[1]; ++c)
      std::copy_n(from.data() + (i * s[1] + c) * s[2], s[2], to.data() + (c * batch + i) * s[2]);
  return t;
}

std::vector<float> graph_scores(const Tensor& logits, std::int64_t head, std::int64_t reads) {
  const std::int64_t positions = logits.shape[2] * logits.shape[3];
  std::vector<float> scores(static_cast<std::size_t>(reads));
  for (std::int64_t i = 0; i < reads; ++i)
    scores[static_cast<std::size_t>(i)] =
        static_cast<float>(kernels::element(logits, head * positions + i));
  return scores;
}

}  // namespace ane::workloads::readqc
