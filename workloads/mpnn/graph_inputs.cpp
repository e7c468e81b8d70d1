// From proteins to the inputs of their graphs.
#include <fmt/format.h>

#include <algorithm>

#include "isa/error.h"
#include "kernels/arithmetic.h"
#include "workloads/mpnn/graph.h"

namespace ane::workloads::mpnn {
namespace {

// Writes per-slot values into [1, C, k, P] or [k, C, 1, P].
class SlotTensor {
 public:
  SlotTensor(const GraphOptions& o, Format format, std::int64_t channels, std::int64_t slots,
             std::int64_t places)
      : one_hot_(o.gather == Gather::one_hot),
        channels_(channels),
        slots_(slots),
        places_(places),
        tensor_(format, one_hot_ ? kernels::Shape{slots, channels, 1, places}
                                 : kernels::Shape{1, channels, slots, places}) {}

  std::size_t at(std::int64_t slot, std::int64_t channel, std::int64_t place) const {
    return static_cast<std::size_t>(
        (one_hot_ ? slot * channels_ + channel : channel * slots_ + slot) * places_ + place);
  }
  template <class T>
  void set(std::int64_t slot, std::int64_t channel, std::int64_t place, T value) {
    tensor_.as<T>()[at(slot, channel, place)] = value;
  }
  Tensor take() { return std::move(tensor_); }

 private:
  bool one_hot_;
  std::int64_t channels_, slots_, places_;
  Tensor tensor_;
};

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
  p.features = features(p.input, weights);
  const auto length = static_cast<std::size_t>(o.length);
  if (o.pass == Pass::score) {
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
  const bool one_hot = o.gather == Gather::one_hot, score = o.pass == Pass::score;
  SlotTensor edges(o, Format::fp32, edge_inputs, k, places);
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
        for (std::int64_t c = 0; c < edge_inputs; ++c)
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
  out.emplace("edges", edges.take());
  if (o.masked) {
    out.emplace("mask", std::move(mask));
    out.emplace("pair_mask", pair_mask.take());
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

std::vector<float> answer_of(const GraphOptions& o, const Tensor& output, std::int64_t protein,
                             std::int64_t real) {
  ANE_CHECK(output.shape.size() == 4 && output.shape[1] == vocabulary, "an answer [1, 21, 1, P]");
  const std::int64_t places = output.shape[3];
  std::vector<float> rows(static_cast<std::size_t>(real * vocabulary));
  for (std::int64_t i = 0; i < real; ++i)
    for (std::int64_t t = 0; t < vocabulary; ++t)
      rows[static_cast<std::size_t>(i * vocabulary + t)] =
          static_cast<float>(kernels::element(output, t * places + protein * o.length + i));
  return rows;
}

}  // namespace ane::workloads::mpnn
