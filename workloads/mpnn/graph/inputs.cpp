// From proteins to the inputs of their graphs.
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "workloads/mpnn/dense.h"
#include "workloads/mpnn/graph/graph.h"
#include "workloads/mpnn/graph/slot_tensor.h"

namespace ane::workloads::mpnn {
namespace {

struct Prepared {
  Input input;
  Features features;
  std::vector<std::int32_t> sequence, rank;
};

Prepared prepare(const Weights& weights, const GraphOptions& o, const Example& example) {
  if (example.input.length() > o.length)
    throw InputError("", fmt::format("a protein of {} residues for a graph of {}",
                                     example.input.length(), o.length));
  Prepared p{padded(example.input, o.length), {}, example.sequence, example.rank};
  if (o.pass == Pass::decode)
    p.features.neighbours = nearest(p.input, weights.spec.neighbours);
  else
    p.features = features(p.input, weights);
  const auto length = static_cast<std::size_t>(o.length);
  if (o.pass == Pass::score || o.pass == Pass::decode) {
    ANE_CHECK(p.sequence.size() <= length && p.rank.size() == p.sequence.size() &&
                  std::ssize(p.sequence) >= example.input.real,
              "a type and a rank for every residue");
    p.sequence.resize(length, unknown_residue);
    p.rank.resize(length, static_cast<std::int32_t>(o.length));
  }
  return p;
}

}  // namespace

Tensors graph_inputs(const Weights& weights, const GraphOptions& o,
                     const std::vector<Example>& examples) {
  ANE_CHECK(o.pass != Pass::step, "steps take their inputs from earlier ones");
  if (std::ssize(examples) != o.batch)
    throw InputError("", fmt::format("{} proteins for a batch of {}", examples.size(), o.batch));
  const std::int64_t length = o.length, places = o.length * o.batch;
  const std::int64_t k = std::min<std::int64_t>(weights.spec.neighbours, length);
  const bool one_hot = o.gather == Gather::one_hot, embedded = o.pass == Pass::decode;
  const bool score = o.pass == Pass::score || embedded;
  SlotTensor edges(o, Format::fp32, o.pass == Pass::decode ? 1 : edge_inputs, k, places);
  SlotTensor index(o, Format::i32, 1, k, places), select(o, Format::i32, 1, k, places);
  SlotTensor type_index(o, Format::i32, 1, k, places);
  SlotTensor type_matrix(o, Format::fp32, one_hot ? vocabulary : 1, k, places);
  SlotTensor pair_mask(o, Format::fp32, 1, k, places), valid(o, Format::fp32, 1, k, places);
  Tensor mask(Format::fp32, {1, 1, 1, places});
  Tensors out, selections;
  for (std::int64_t b = 0; b < o.batch; ++b) {
    const Prepared p = prepare(weights, o, examples[static_cast<std::size_t>(b)]);
    SlotTensor matrix(o, Format::fp32, one_hot ? length : 1, k, length);
    SlotTensor selection(o, Format::fp32, one_hot ? 2 * length : 1, k, length);
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t at = b * length + i;
      mask.as<float>()[static_cast<std::size_t>(at)] = p.input.mask[static_cast<std::size_t>(i)];
      for (std::int64_t s = 0; s < k; ++s) {
        const auto slot = static_cast<std::size_t>(i * k + s);
        const std::int32_t j = p.features.neighbours.index[slot];
        const auto neighbour = static_cast<std::size_t>(j);
        for (std::int64_t c = 0; !embedded && c < edge_inputs; ++c)
          edges.set(s, c, at, p.features.edges[slot * edge_inputs + static_cast<std::size_t>(c)]);
        const float real = p.features.neighbours.valid[slot];
        valid.set(s, 0, at, real);
        pair_mask.set(s, 0, at, real * p.input.mask[neighbour]);
        const bool seen = score && p.rank[neighbour] < p.rank[static_cast<std::size_t>(i)];
        if (one_hot) {
          matrix.set(s, j, i, 1.0f);
          selection.set(s, seen ? j : length + j, i, 1.0f);
          if (seen) type_matrix.set(s, p.sequence[neighbour], at, 1.0f);
        } else {
          const auto column = static_cast<std::int32_t>(b * length + j);
          index.set(s, 0, at, column);
          select.set(s, 0, at, seen ? column : static_cast<std::int32_t>(places) + column);
          type_index.set(s, 0, at, seen ? p.sequence[neighbour] : vocabulary);
        }
      }
    }
    if (!one_hot) continue;
    out.emplace(fmt::format("index.{}", b), matrix.take());
    selections.emplace(fmt::format("select.{}", b), selection.take());
  }
  if (!embedded) out.emplace("edges", edges.take());
  if (o.masked) {
    out.emplace("mask", std::move(mask));
    if (!embedded) out.emplace("pair_mask", pair_mask.take());
    if (o.pass != Pass::encode) out.emplace("valid", valid.take());
  }
  if (one_hot) {
    if (score && weights.spec.decoder_layers > 1) out.merge(selections);
    if (score) out.emplace("type", type_matrix.take());
  } else {
    out.emplace("index", index.take());
    if (score && weights.spec.decoder_layers > 1) out.emplace("select", select.take());
    if (score) out.emplace("type", type_index.take());
  }
  return out;
}

std::vector<float> answer_of(const Weights& weights, const GraphOptions& o, const Tensors& outputs,
                             std::int64_t protein, std::int64_t real) {
  const char* output = o.head == Head::log_probs ? "log_probs"
                       : o.head == Head::logits  ? "logits"
                                                 : "decoded";
  const Tensor& t = outputs.at(output);
  const std::int64_t channels = t.shape.at(1), places = t.shape.at(3);
  std::vector<float> rows(static_cast<std::size_t>(real * channels));
  for (std::int64_t i = 0; i < real; ++i)
    for (std::int64_t c = 0; c < channels; ++c)
      rows[static_cast<std::size_t>(i * channels + c)] =
          static_cast<float>(kernels::element(t, c * places + protein * o.length + i));
  if (o.head == Head::host) {
    std::vector<float> logits(static_cast<std::size_t>(real * vocabulary));
    Product(weights.W_out)(rows.data(), real, logits.data());
    rows = std::move(logits);
  }
  if (o.head != Head::log_probs) log_softmax(rows, vocabulary);
  return rows;
}

}  // namespace ane::workloads::mpnn
